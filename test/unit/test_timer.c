#include "support/test.h"

#include <stdlib.h>

#include "base/timer.h"

static const disco__log_t silent = {NULL, NULL, DISCO_LOG_ERROR};

typedef struct bench_s {
    test_loop_t test;
    disco__loop_t loop;
    bool closed;
} bench_t;

static void on_closed(disco__loop_t *loop)
{
    disco__container_of(loop, bench_t, loop)->closed = true;
}

static void open_bench(bench_t *bench)
{
    bench->closed = false;
    loop_open(&bench->test);
    assert_status(disco__loop_init(&bench->loop, &bench->test.uv, &silent), 0);
}

static void close_bench(bench_t *bench)
{
    assert_null(bench->loop.timers);
    assert_int(bench->loop.foreground_timers, 0);
    disco__loop_close(&bench->loop, on_closed);
    loop_run_until(&bench->test, &bench->closed);
    loop_close(&bench->test);
}

typedef struct alarm_s {
    disco__timer_t timer;
    bench_t *bench;
    uint64_t expected; /* due time on the manual clock */
    size_t runs;
    bool rang;
    struct alarm_s *other;
} alarm_t;

static void on_alarm(disco__timer_t *timer)
{
    alarm_t *alarm = disco__container_of(timer, alarm_t, timer);

    assert_false(timer->active);
    alarm->rang = true;
    alarm->runs++;
}

static void init_alarm(alarm_t *alarm, bench_t *bench)
{
    memset(alarm, 0, sizeof *alarm);
    alarm->bench = bench;
    disco__timer_init(&alarm->timer, on_alarm);
}

DISCO_TEST(runs_once_and_not_before_it_is_due)
{
    bench_t bench;
    alarm_t alarm;
    uint64_t due;

    open_bench(&bench);
    init_alarm(&alarm, &bench);
    due = disco__now(&bench.loop) + 30;
    disco__timer_start_at(&bench.loop, &alarm.timer, due);
    assert_true(alarm.timer.active);
    loop_run_until(&bench.test, &alarm.rang);
    assert_true(disco__now(&bench.loop) >= due);
    loop_run(&bench.test);
    assert_int(alarm.runs, 1);
    close_bench(&bench);
}

DISCO_TEST(a_stopped_one_does_not_run)
{
    bench_t bench;
    alarm_t stopped;
    alarm_t other;

    open_bench(&bench);
    init_alarm(&stopped, &bench);
    init_alarm(&other, &bench);
    disco__timer_stop(&bench.loop, &stopped.timer);
    disco__timer_start(&bench.loop, &stopped.timer, 1);
    disco__timer_start(&bench.loop, &other.timer, 5);
    disco__timer_stop(&bench.loop, &stopped.timer);
    loop_run(&bench.test);
    assert_int(stopped.runs, 0);
    assert_int(other.runs, 1);
    disco__timer_start(&bench.loop, &stopped.timer, 1000000);
    disco__timer_stop(&bench.loop, &stopped.timer);
    loop_run(&bench.test);
    close_bench(&bench);
}

DISCO_TEST(starting_again_moves_the_due_time)
{
    bench_t bench;
    alarm_t alarm;

    open_bench(&bench);
    disco__clock_set_manual(&bench.loop);
    init_alarm(&alarm, &bench);
    disco__timer_start(&bench.loop, &alarm.timer, 100);
    disco__timer_start(&bench.loop, &alarm.timer, 200);
    disco__clock_advance(&bench.loop, 199);
    assert_int(alarm.runs, 0);
    disco__clock_advance(&bench.loop, 1);
    assert_int(alarm.runs, 1);
    disco__timer_start(&bench.loop, &alarm.timer, 100);
    disco__timer_start(&bench.loop, &alarm.timer, 10);
    disco__clock_advance(&bench.loop, 10);
    assert_int(alarm.runs, 2);
    disco__clock_advance(&bench.loop, 1000);
    assert_int(alarm.runs, 2);
    close_bench(&bench);
}

static uint64_t last_due;

static void on_ordered_alarm(disco__timer_t *timer)
{
    alarm_t *alarm = disco__container_of(timer, alarm_t, timer);

    assert_true(alarm->expected == disco__now(&alarm->bench->loop));
    assert_true(alarm->expected >= last_due);
    last_due = alarm->expected;
    alarm->runs++;
}

static void start_ordered(alarm_t *alarm, uint64_t delay)
{
    alarm->expected = disco__now(&alarm->bench->loop) + delay;
    disco__timer_start(&alarm->bench->loop, &alarm->timer, delay);
}

/* The heap against what a list would say, with starting, starting anew, stopping and advancing at
 * random. */
DISCO_TEST(a_thousand_timers_run_in_order)
{
    static alarm_t alarms[1000];
    bench_t bench;
    disco__random_t random = {{1, 2}}; /* the same in every run */
    bool was_active[1000];
    size_t i;

    open_bench(&bench);
    disco__clock_set_manual(&bench.loop);
    for (i = 0; i < 1000; i++) {
        alarms[i].bench = &bench;
        if (i % 3 == 0)
            disco__timer_init_background(&alarms[i].timer, on_ordered_alarm);
        else
            disco__timer_init(&alarms[i].timer, on_ordered_alarm);
    }
    for (i = 0; i < 20000; i++) {
        alarm_t *alarm = &alarms[disco__random_below(&random, 1000)];
        uint64_t action = disco__random_below(&random, 100);

        if (action < 60)
            start_ordered(alarm, disco__random_below(&random, 500));
        else if (action < 90)
            disco__timer_stop(&bench.loop, &alarm->timer);
        else
            disco__clock_advance(&bench.loop, disco__random_below(&random, 20));
    }
    for (i = 0; i < 1000; i++) {
        was_active[i] = alarms[i].timer.active;
        alarms[i].runs = 0;
        assert_true(!was_active[i] || alarms[i].expected > disco__now(&bench.loop));
    }
    disco__clock_advance(&bench.loop, 1000);
    for (i = 0; i < 1000; i++) {
        assert_false(alarms[i].timer.active);
        assert_int(alarms[i].runs, was_active[i]);
    }
    close_bench(&bench);
}

static void stop_other_and_start_again(disco__timer_t *timer)
{
    alarm_t *alarm = disco__container_of(timer, alarm_t, timer);

    alarm->runs++;
    disco__timer_stop(&alarm->bench->loop, &alarm->other->timer);
    if (alarm->runs < 3)
        disco__timer_start(&alarm->bench->loop, timer, 10);
}

DISCO_TEST(a_callback_may_stop_others_and_start_its_own)
{
    bench_t bench;
    alarm_t first;
    alarm_t second;

    open_bench(&bench);
    disco__clock_set_manual(&bench.loop);
    init_alarm(&first, &bench);
    init_alarm(&second, &bench);
    first.other = &second;
    disco__timer_init(&first.timer, stop_other_and_start_again);
    disco__timer_start(&bench.loop, &first.timer, 10);
    disco__timer_start(&bench.loop, &second.timer, 10);
    disco__clock_advance(&bench.loop, 100);
    assert_int(first.runs, 3);
    assert_int(second.runs, 0);
    close_bench(&bench);
}

static void free_alarm(disco__timer_t *timer)
{
    alarm_t *alarm = disco__container_of(timer, alarm_t, timer);

    *(bool *)alarm->other = true;
    free(alarm);
}

DISCO_TEST(a_callback_may_free_its_timer)
{
    bench_t bench;
    alarm_t *alarm = malloc(sizeof *alarm);
    bool freed = false;

    open_bench(&bench);
    init_alarm(alarm, &bench);
    alarm->other = (alarm_t *)(void *)&freed;
    disco__timer_init(&alarm->timer, free_alarm);
    disco__timer_start(&bench.loop, &alarm->timer, 1);
    loop_run_until(&bench.test, &freed);
    close_bench(&bench);
}

DISCO_TEST(background_timers_do_not_keep_the_loop_alive)
{
    bench_t bench;
    alarm_t background;
    alarm_t foreground;

    open_bench(&bench);
    init_alarm(&background, &bench);
    init_alarm(&foreground, &bench);
    disco__timer_init_background(&background.timer, on_alarm);
    disco__timer_start(&bench.loop, &background.timer, 1000000);
    loop_run(&bench.test);
    assert_int(background.runs, 0);
    disco__timer_start(&bench.loop, &foreground.timer, 5);
    loop_run(&bench.test);
    assert_int(foreground.runs, 1);
    disco__timer_stop(&bench.loop, &background.timer);
    close_bench(&bench);
}

DISCO_TEST(after_unref_timers_keep_the_loop_alive_only_while_held)
{
    bench_t bench;
    alarm_t alarm;

    open_bench(&bench);
    init_alarm(&alarm, &bench);
    disco__loop_set_referenced(&bench.loop, false);
    disco__timer_start(&bench.loop, &alarm.timer, 20);
    loop_run(&bench.test);
    assert_int(alarm.runs, 0);
    disco__loop_hold(&bench.loop);
    loop_run_until(&bench.test, &alarm.rang);
    disco__loop_release(&bench.loop);
    close_bench(&bench);
}

DISCO_TEST(a_delay_beyond_the_end_of_time_is_cut)
{
    bench_t bench;
    alarm_t alarm;
    alarm_t soon;

    open_bench(&bench);
    init_alarm(&alarm, &bench);
    init_alarm(&soon, &bench);
    disco__timer_start(&bench.loop, &alarm.timer, UINT64_MAX);
    assert_true(alarm.timer.due_ms == UINT64_MAX);
    disco__timer_start(&bench.loop, &soon.timer, 1);
    loop_run_until(&bench.test, &soon.rang);
    assert_int(alarm.runs, 0);
    disco__timer_stop(&bench.loop, &alarm.timer);
    close_bench(&bench);
}

DISCO_TEST(one_that_may_be_early_runs_when_another_wakes_the_loop)
{
    static const struct {
        uint32_t early_ms;
        bool runs;
    } cases[] = {{0, false}, {9, false}, {10, true}, {UINT32_MAX, true}};
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_t bench;
        alarm_t first;
        alarm_t second;

        open_bench(&bench);
        disco__clock_set_manual(&bench.loop);
        init_alarm(&first, &bench);
        init_alarm(&second, &bench);
        second.timer.early_ms = cases[i].early_ms;
        disco__timer_start(&bench.loop, &first.timer, 20);
        disco__timer_start(&bench.loop, &second.timer, 30);
        disco__clock_advance(&bench.loop, 19);
        assert_int(first.runs + second.runs, 0);
        disco__clock_advance(&bench.loop, 1);
        assert_int(first.runs, 1);
        assert_int(second.runs, cases[i].runs);
        disco__clock_advance(&bench.loop, 10);
        assert_int(second.runs, 1);
        close_bench(&bench);
    }
}

DISCO_TEST(nobody_wakes_early_for_one_that_may_be_early)
{
    bench_t bench;
    alarm_t alarm;

    open_bench(&bench);
    disco__clock_set_manual(&bench.loop);
    init_alarm(&alarm, &bench);
    alarm.timer.early_ms = 10;
    disco__timer_start(&bench.loop, &alarm.timer, 20);
    disco__clock_advance(&bench.loop, 19);
    assert_int(alarm.runs, 0);
    disco__clock_advance(&bench.loop, 1);
    assert_int(alarm.runs, 1);
    close_bench(&bench);
}

DISCO_TEST(time_slept_counts)
{
    bench_t bench;
    alarm_t alarm;
    uint64_t before;

    open_bench(&bench);
    init_alarm(&alarm, &bench);
    before = disco__now(&bench.loop);
    disco__timer_start(&bench.loop, &alarm.timer, 3600000);
    disco__clock_pretend_slept(&bench.loop, 3600000);
    loop_run_until(&bench.test, &alarm.rang);
    assert_true(disco__now(&bench.loop) - before >= 3600000);
    close_bench(&bench);
}

DISCO_TEST(a_small_step_of_the_wall_clock_is_no_sleep)
{
    bench_t bench;
    alarm_t soon;
    alarm_t late;

    open_bench(&bench);
    init_alarm(&soon, &bench);
    init_alarm(&late, &bench);
    disco__timer_start(&bench.loop, &late.timer, 1000000);
    disco__clock_pretend_slept(&bench.loop, 1000);
    disco__timer_start(&bench.loop, &soon.timer, 1);
    loop_run_until(&bench.test, &soon.rang);
    assert_true(bench.loop.clock.slept_ms == 0);
    assert_int(late.runs, 0);
    disco__timer_stop(&bench.loop, &late.timer);
    close_bench(&bench);
}

static void block_and_note(disco__timer_t *timer)
{
    alarm_t *alarm = disco__container_of(timer, alarm_t, timer);

    alarm->runs++;
    alarm->other->expected = disco__now(&alarm->bench->loop) + 2;
    while (disco__now(&alarm->bench->loop) <= alarm->other->expected)
        continue;
}

static void expect_it_is_past(disco__timer_t *timer)
{
    alarm_t *alarm = disco__container_of(timer, alarm_t, timer);

    assert_true(disco__now(&alarm->bench->loop) > alarm->expected);
    on_alarm(timer);
}

DISCO_TEST(after_a_blocked_loop_each_sees_the_true_time)
{
    bench_t bench;
    alarm_t blocks;
    alarm_t looks;

    open_bench(&bench);
    init_alarm(&blocks, &bench);
    init_alarm(&looks, &bench);
    blocks.other = &looks;
    disco__timer_init(&blocks.timer, block_and_note);
    disco__timer_init(&looks.timer, expect_it_is_past);
    disco__timer_start(&bench.loop, &blocks.timer, 1);
    disco__timer_start(&bench.loop, &looks.timer, 2);
    loop_run_until(&bench.test, &looks.rang);
    assert_int(blocks.runs, 1);
    close_bench(&bench);
}
