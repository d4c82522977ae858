#include "support/test.h"

#include "base/alloc.h"
#include "base/loop.h"
#include "base/tick.h"
#include "base/timer.h"
#include "support/secrets.h"

static const disco__log_t silent = {NULL, NULL, DISCO_LOG_ERROR};
static bool closed;

static void on_closed(disco__loop_t *loop)
{
    (void)loop;
    assert_false(closed);
    closed = true;
}

DISCO_TEST(closes_from_the_loop_and_never_from_inside_the_call)
{
    test_loop_t test;
    disco__loop_t loop;

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    disco__loop_close(&loop, on_closed);
    assert_false(closed);
    loop_run_until(&test, &closed);
    loop_close(&test);
}

DISCO_TEST(closing_waits_for_what_is_pending)
{
    test_loop_t test;
    disco__loop_t loop;

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    disco__loop_pend(&loop);
    disco__loop_pend(&loop);
    disco__loop_close(&loop, on_closed);
    loop_turn(&test);
    disco__loop_settle(&loop);
    loop_turn(&test);
    loop_turn(&test);
    assert_false(closed);
    disco__loop_settle(&loop);
    assert_false(closed);
    loop_run_until(&test, &closed);
    loop_close(&test);
}

DISCO_TEST(what_was_read_is_wiped)
{
    test_loop_t test;
    disco__loop_t loop;

    secrets_watch_begin("secret");
    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    loop.read_buffer = disco__malloc(DISCO__READ_BUFFER_SIZE);
    assert_non_null(loop.read_buffer);
    memset(loop.read_buffer, 'x', DISCO__READ_BUFFER_SIZE);
    memcpy(loop.read_buffer + DISCO__READ_BUFFER_SIZE - 6, "secret", 6);
    disco__loop_close(&loop, on_closed);
    loop_run_until(&test, &closed);
    loop_close(&test);
    assert_int(secrets_watch_end(), 0);
}

DISCO_TEST(a_loop_with_nothing_under_way_runs_dry)
{
    test_loop_t test;
    disco__loop_t loop;

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    loop_run(&test);
    disco__loop_close(&loop, on_closed);
    loop_run(&test);
    assert_true(closed);
    loop_close(&test);
}

typedef struct tracked_s {
    uv_tcp_t tcp;
    disco__handle_t entry;
    disco__loop_t *loop;
} tracked_t;

static void track(tracked_t *tracked, disco__loop_t *loop)
{
    tracked->loop = loop;
    assert_int(uv_tcp_init(loop->uv, &tracked->tcp), 0);
    tracked->tcp.data = tracked;
    disco__handle_track(loop, &tracked->entry, (uv_handle_t *)&tracked->tcp);
}

static void on_tracked_closed(uv_handle_t *handle)
{
    tracked_t *tracked = handle->data;

    disco__handle_forget(tracked->loop, &tracked->entry);
}

static bool has_reference(const tracked_t *tracked)
{
    return uv_has_ref((const uv_handle_t *)&tracked->tcp) != 0;
}

DISCO_TEST(handles_follow_the_wish_of_the_user)
{
    test_loop_t test;
    disco__loop_t loop;
    tracked_t before;
    tracked_t idle;
    tracked_t after;

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    track(&before, &loop);
    track(&idle, &loop);
    disco__handle_set_background(&loop, &idle.entry, true);
    assert_true(has_reference(&before));
    assert_false(has_reference(&idle));

    disco__loop_set_referenced(&loop, false);
    track(&after, &loop);
    assert_false(has_reference(&before));
    assert_false(has_reference(&after));

    disco__loop_hold(&loop);
    disco__loop_hold(&loop);
    disco__loop_release(&loop);
    assert_true(has_reference(&before));
    assert_true(has_reference(&after));
    assert_false(has_reference(&idle));
    disco__loop_release(&loop);
    assert_false(has_reference(&before));

    disco__loop_set_referenced(&loop, true);
    disco__handle_set_background(&loop, &idle.entry, false);
    assert_true(has_reference(&before));
    assert_true(has_reference(&idle));
    assert_true(has_reference(&after));

    uv_close((uv_handle_t *)&before.tcp, on_tracked_closed);
    uv_close((uv_handle_t *)&idle.tcp, on_tracked_closed);
    uv_close((uv_handle_t *)&after.tcp, on_tracked_closed);
    disco__loop_close(&loop, on_closed);
    loop_run_until(&test, &closed);
    loop_close(&test);
}

DISCO_TEST(closing_keeps_the_loop_alive_even_after_unref)
{
    test_loop_t test;
    disco__loop_t loop;
    tracked_t tracked;

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    disco__loop_set_referenced(&loop, false);
    track(&tracked, &loop);
    disco__loop_close(&loop, on_closed);
    assert_true(has_reference(&tracked));
    uv_close((uv_handle_t *)&tracked.tcp, on_tracked_closed);
    loop_run(&test);
    assert_true(closed);
    loop_close(&test);
}

typedef struct closer_s {
    disco__tick_t tick;
    disco__timer_t timer;
    disco__loop_t *loop;
} closer_t;

static void close_from_tick(disco__tick_t *tick)
{
    disco__loop_close(disco__container_of(tick, closer_t, tick)->loop, on_closed);
}

static void close_from_timer(disco__timer_t *timer)
{
    disco__loop_close(disco__container_of(timer, closer_t, timer)->loop, on_closed);
}

DISCO_TEST(closes_from_inside_a_tick)
{
    test_loop_t test;
    disco__loop_t loop;
    closer_t closer = {.loop = &loop};

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    disco__tick_init(&closer.tick, close_from_tick);
    disco__tick_schedule(&loop, &closer.tick);
    loop_run_until(&test, &closed);
    loop_close(&test);
}

DISCO_TEST(closes_from_inside_a_timer)
{
    test_loop_t test;
    disco__loop_t loop;
    closer_t closer = {.loop = &loop};

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    disco__timer_init(&closer.timer, close_from_timer);
    disco__timer_start(&loop, &closer.timer, 0);
    loop_run_until(&test, &closed);
    loop_close(&test);
}

DISCO_TEST(closes_from_inside_a_timer_of_the_manual_clock)
{
    test_loop_t test;
    disco__loop_t loop;
    closer_t closer = {.loop = &loop};

    loop_open(&test);
    assert_status(disco__loop_init(&loop, &test.uv, &silent), 0);
    disco__clock_set_manual(&loop);
    disco__timer_init(&closer.timer, close_from_timer);
    disco__timer_start(&loop, &closer.timer, 10);
    disco__clock_advance(&loop, 10);
    loop_run_until(&test, &closed);
    loop_close(&test);
}

DISCO_TEST(two_places_on_one_loop_do_not_mix)
{
    test_loop_t test;
    disco__loop_t first;
    disco__loop_t second;

    loop_open(&test);
    assert_status(disco__loop_init(&first, &test.uv, &silent), 0);
    assert_status(disco__loop_init(&second, &test.uv, &silent), 0);
    disco__loop_pend(&second);
    disco__loop_close(&first, on_closed);
    loop_run_until(&test, &closed);
    closed = false;
    disco__loop_close(&second, on_closed);
    loop_turn(&test);
    assert_false(closed);
    disco__loop_settle(&second);
    loop_run_until(&test, &closed);
    loop_close(&test);
}
