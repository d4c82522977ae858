#include "support/test.h"

#include "etcd/heartbeat.h"

#define TTL_MS 6000
#define COUNT 200

static const disco__log_t silent = {NULL, NULL, DISCO_LOG_ERROR};

typedef struct bench_s {
    test_loop_t test;
    disco__loop_t loop;
    bool closed;
} bench_t;

typedef struct one_s {
    disco__heartbeat_t heartbeat;
    uint64_t beat_ms; /* 0: not yet */
    uint64_t overdue_ms;
} one_t;

static void on_closed(disco__loop_t *loop)
{
    disco__container_of(loop, bench_t, loop)->closed = true;
}

static void open_bench(bench_t *bench)
{
    bench->closed = false;
    loop_open(&bench->test);
    assert_status(disco__loop_init(&bench->loop, &bench->test.uv, &silent), 0);
    disco__clock_set_manual(&bench->loop);
}

static void close_bench(bench_t *bench)
{
    disco__loop_close(&bench->loop, on_closed);
    loop_run_until(&bench->test, &bench->closed);
    loop_close(&bench->test);
}

static void on_beat(disco__heartbeat_t *heartbeat)
{
    disco__container_of(heartbeat, one_t, heartbeat)->beat_ms = disco__now(heartbeat->loop);
}

static void on_overdue(disco__heartbeat_t *heartbeat)
{
    disco__container_of(heartbeat, one_t, heartbeat)->overdue_ms = disco__now(heartbeat->loop);
}

static void begin(one_t *one, bench_t *bench)
{
    memset(one, 0, sizeof *one);
    disco__heartbeat_init(&one->heartbeat, &bench->loop, TTL_MS, on_beat, on_overdue);
    disco__heartbeat_acknowledged(&one->heartbeat, disco__now(&bench->loop));
}

/* A third of the time to live, less a tenth, less a fortieth where others come then. */
DISCO_TEST(those_of_many_come_spread_and_yet_several_in_one_turn)
{
    static one_t ones[COUNT];
    bench_t bench;
    uint64_t start;
    size_t turns = 0;
    size_t i;
    size_t other;

    open_bench(&bench);
    start = disco__now(&bench.loop);
    for (i = 0; i < COUNT; i++)
        begin(&ones[i], &bench);
    disco__clock_advance(&bench.loop, TTL_MS / 3);
    for (i = 0; i < COUNT; i++) {
        uint64_t after = ones[i].beat_ms - start;

        assert_true(after <= TTL_MS / 3);
        assert_true(after >= TTL_MS / 3 * 9 / 10 - TTL_MS / 3 / 40);
        for (other = 0; other < i && ones[other].beat_ms != ones[i].beat_ms; other++)
            continue;
        turns += other == i;
        disco__heartbeat_stop(&ones[i].heartbeat);
    }
    /* The spread is 200 ms, and those within 45 to 50 ms come together. */
    assert_true(turns >= 4 && turns <= 5);
    close_bench(&bench);
}

/* Wakes the loop at each millisecond. */
typedef struct waking_s {
    disco__timer_t timer;
    disco__loop_t *loop;
} waking_t;

static void on_waking(disco__timer_t *timer)
{
    disco__timer_start(disco__container_of(timer, waking_t, timer)->loop, timer, 1);
}

DISCO_TEST(the_end_is_never_early)
{
    bench_t bench;
    one_t one;
    waking_t waking;
    uint64_t start;

    open_bench(&bench);
    start = disco__now(&bench.loop);
    begin(&one, &bench);
    disco__clock_advance(&bench.loop, TTL_MS / 3);
    assert_true(one.beat_ms > 0);
    disco__timer_init(&waking.timer, on_waking);
    waking.loop = &bench.loop;
    on_waking(&waking.timer);
    disco__clock_advance(&bench.loop, start + TTL_MS - 1 - disco__now(&bench.loop));
    assert_int(one.overdue_ms, 0);
    disco__clock_advance(&bench.loop, 1);
    assert_true(one.overdue_ms == start + TTL_MS);
    disco__timer_stop(&bench.loop, &waking.timer);
    close_bench(&bench);
}
