#include "support/test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCHDOG_MS (60000u * DISCO_TEST_PATIENCE)

/* UV_RUN_ONCE runs what is due, timers for one, and then blocks all the same. */
static void on_prepare(uv_prepare_t *guard)
{
    test_loop_t *loop = guard->data;

    if (*loop->flag)
        uv_stop(&loop->uv);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

/* libuv aborts when its table of file descriptors cannot grow; so it is made large enough for any
 * test. */
static void grow_table(uv_loop_t *loop)
{
    uv_poll_t poll;
    int low = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int high = fcntl(low, F_DUPFD_CLOEXEC, 500);

    assert_true(low >= 0 && high >= 0);
    assert_int(uv_poll_init(loop, &poll, high), 0);
    assert_int(uv_poll_start(&poll, UV_READABLE, on_poll), 0);
    uv_close((uv_handle_t *)&poll, NULL);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    (void)close(low);
    (void)close(high);
}

void loop_open(test_loop_t *loop)
{
    heap_spare_begin();
    assert_int(uv_loop_init(&loop->uv), 0);
    grow_table(&loop->uv);
    assert_int(uv_timer_init(&loop->uv, &loop->watchdog), 0);
    uv_unref((uv_handle_t *)&loop->watchdog);
    loop->watchdog.data = loop;
    assert_int(uv_prepare_init(&loop->uv, &loop->guard), 0);
    uv_unref((uv_handle_t *)&loop->guard);
    loop->guard.data = loop;
    heap_spare_end();
}

static void on_watchdog(uv_timer_t *watchdog)
{
    test_loop_t *loop = watchdog->data;

    print_error("waited too long for %s; active handles:\n", loop->waiting_for);
    uv_print_active_handles(&loop->uv, stderr);
    fail();
}

static void start_watchdog(test_loop_t *loop, const char *what)
{
    loop->waiting_for = what;
    uv_update_time(&loop->uv);
    assert_int(uv_timer_start(&loop->watchdog, on_watchdog, WATCHDOG_MS, 0), 0);
    uv_unref((uv_handle_t *)&loop->watchdog);
}

void test_loop_run_until(test_loop_t *loop, const bool *flag, const char *what, const char *file,
                         int line)
{
    start_watchdog(loop, what);
    loop->flag = flag;
    assert_int(uv_prepare_start(&loop->guard, on_prepare), 0);
    while (!*flag) {
        if (uv_run(&loop->uv, UV_RUN_ONCE) == 0 && !*flag) {
            print_error("the loop ran dry before %s was set\n", what);
            _fail(file, line);
        }
    }
    assert_int(uv_prepare_stop(&loop->guard), 0);
    assert_int(uv_timer_stop(&loop->watchdog), 0);
}

void test_loop_run(test_loop_t *loop, const char *file, int line)
{
    start_watchdog(loop, "the loop to run dry");
    if (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
        print_error("the loop was stopped\n");
        _fail(file, line);
    }
    assert_int(uv_timer_stop(&loop->watchdog), 0);
}

void loop_turn(test_loop_t *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

typedef struct pause_s {
    uv_timer_t timer;
    bool over;
} pause_t;

static void on_pause_closed(uv_handle_t *handle)
{
    ((pause_t *)handle->data)->over = true;
}

static void on_pause_over(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, on_pause_closed);
}

void loop_pause(test_loop_t *loop)
{
    pause_t pause = {.over = false};

    heap_spare_begin();
    assert_int(uv_timer_init(&loop->uv, &pause.timer), 0);
    pause.timer.data = &pause;
    assert_int(uv_timer_start(&pause.timer, on_pause_over, 20, 0), 0);
    loop_run_until(loop, &pause.over);
    heap_spare_end();
}

void loop_close(test_loop_t *loop)
{
    int rv;

    heap_spare_begin();
    loop_run(loop);
    uv_close((uv_handle_t *)&loop->watchdog, NULL);
    uv_close((uv_handle_t *)&loop->guard, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    rv = uv_loop_close(&loop->uv);
    if (rv != 0)
        uv_print_all_handles(&loop->uv, stderr);
    assert_status(rv, 0);
    heap_spare_end();
}
