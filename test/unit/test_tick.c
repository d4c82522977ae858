#include "support/test.h"

#include "base/tick.h"

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
    disco__loop_close(&bench->loop, on_closed);
    loop_run_until(&bench->test, &bench->closed);
    loop_close(&bench->test);
}

typedef struct note_s {
    disco__tick_t tick;
    int number;
    disco__loop_t *loop;
    struct note_s *other;
} note_t;

static int order[8];
static size_t ran;

static void take_note(disco__tick_t *tick)
{
    order[ran++] = disco__container_of(tick, note_t, tick)->number;
}

DISCO_TEST(run_once_each_in_order_on_a_later_turn)
{
    bench_t bench;
    note_t notes[3];
    int i;

    open_bench(&bench);
    for (i = 0; i < 3; i++) {
        notes[i].number = i;
        disco__tick_init(&notes[i].tick, take_note);
        assert_false(disco__tick_scheduled(&notes[i].tick));
        disco__tick_schedule(&bench.loop, &notes[i].tick);
        disco__tick_schedule(&bench.loop, &notes[i].tick);
        assert_true(disco__tick_scheduled(&notes[i].tick));
    }
    assert_int(ran, 0);
    loop_run(&bench.test);
    assert_int(ran, 3);
    assert_memory_equal(order, ((int[]){0, 1, 2}), 3 * sizeof order[0]);
    assert_false(disco__tick_scheduled(&notes[0].tick));
    close_bench(&bench);
}

DISCO_TEST(a_cancelled_one_does_not_run)
{
    bench_t bench;
    note_t note = {.number = 1};

    open_bench(&bench);
    disco__tick_init(&note.tick, take_note);
    disco__tick_cancel(&bench.loop, &note.tick);
    disco__tick_schedule(&bench.loop, &note.tick);
    disco__tick_cancel(&bench.loop, &note.tick);
    loop_run(&bench.test);
    assert_int(ran, 0);
    disco__tick_schedule(&bench.loop, &note.tick);
    loop_run(&bench.test);
    assert_int(ran, 1);
    close_bench(&bench);
}

static void cancel_other(disco__tick_t *tick)
{
    note_t *note = disco__container_of(tick, note_t, tick);

    take_note(tick);
    disco__tick_cancel(note->loop, &note->other->tick);
}

DISCO_TEST(one_may_cancel_another_of_the_same_turn)
{
    bench_t bench;
    note_t second = {.number = 2};
    note_t first = {.number = 1, .loop = &bench.loop, .other = &second};

    open_bench(&bench);
    disco__tick_init(&first.tick, cancel_other);
    disco__tick_init(&second.tick, take_note);
    disco__tick_schedule(&bench.loop, &first.tick);
    disco__tick_schedule(&bench.loop, &second.tick);
    loop_run(&bench.test);
    assert_int(ran, 1);
    close_bench(&bench);
}

static void again_until_three(disco__tick_t *tick)
{
    note_t *note = disco__container_of(tick, note_t, tick);

    take_note(tick);
    if (ran < 3)
        disco__tick_schedule(note->loop, tick);
}

DISCO_TEST(what_a_tick_schedules_waits_for_the_next_turn)
{
    bench_t bench;
    note_t note = {.number = 1, .loop = &bench.loop};

    open_bench(&bench);
    disco__tick_init(&note.tick, again_until_three);
    disco__tick_schedule(&bench.loop, &note.tick);
    loop_turn(&bench.test);
    assert_int(ran, 1);
    loop_turn(&bench.test);
    assert_int(ran, 2);
    loop_run(&bench.test);
    assert_int(ran, 3);
    close_bench(&bench);
}

DISCO_TEST(keep_the_loop_alive_even_after_unref)
{
    bench_t bench;
    note_t note = {.number = 1};

    open_bench(&bench);
    disco__loop_set_referenced(&bench.loop, false);
    disco__tick_init(&note.tick, take_note);
    disco__tick_schedule(&bench.loop, &note.tick);
    loop_run(&bench.test);
    assert_int(ran, 1);
    close_bench(&bench);
}

DISCO_TEST(closing_waits_for_those_scheduled)
{
    bench_t bench;
    note_t note = {.number = 1};

    open_bench(&bench);
    disco__tick_init(&note.tick, take_note);
    disco__tick_schedule(&bench.loop, &note.tick);
    close_bench(&bench);
    assert_int(ran, 1);
}
