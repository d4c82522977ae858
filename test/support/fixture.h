/* A loop for a test, with a watchdog: whatever is waited for must come within a minute, or the test
 * fails. */
#ifndef TEST_SUPPORT_FIXTURE_H
#define TEST_SUPPORT_FIXTURE_H

#include <stdbool.h>

#include <uv.h>

typedef struct test_loop_s {
    uv_loop_t uv;
    uv_timer_t watchdog; /* unreferenced: never keeps the loop running */
    uv_prepare_t
        guard; /* unreferenced: keeps a turn from blocking when what is waited for has come */
    const char *waiting_for;
    const bool *flag;
} test_loop_t;

/* Both spare the failing heap (support/heap.h). */
void loop_open(test_loop_t *loop);

/* Runs the loop until nothing is left on it, and asserts that uv_loop_close() gives 0. */
void loop_close(test_loop_t *loop);

/* Runs the loop until the flag is set; fails when the loop runs dry before. */
#define loop_run_until(loop, flag) test_loop_run_until((loop), (flag), #flag, __FILE__, __LINE__)
void test_loop_run_until(test_loop_t *loop, const bool *flag, const char *what, const char *file,
                         int line);

/* Runs the loop until nothing that keeps it alive is left. */
#define loop_run(loop) test_loop_run((loop), __FILE__, __LINE__)
void test_loop_run(test_loop_t *loop, const char *file, int line);

/* One turn without waiting. */
void loop_turn(test_loop_t *loop);

/* Between two looks at a server that says nothing by itself; the loop runs on. Without it each look
 * would follow the other at once, and its connections would use up the machine's ports. */
void loop_pause(test_loop_t *loop);

#endif
