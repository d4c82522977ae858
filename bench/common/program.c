#include "program.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program_name = "bench";

static void say(const char *format, va_list list)
{
    (void)fprintf(stderr, "%s: ", program_name);
    (void)vfprintf(stderr, format, list);
    (void)fputc('\n', stderr);
}

void bench_fail(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    exit(1);
}

void bench_decline(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    exit(77);
}

void bench_check(int rv, const char *what)
{
    if (rv < 0)
        bench_fail("%s: %s", what, uv_strerror(rv));
}

void *bench_allocate(size_t count, size_t size)
{
    void *block = calloc(count, size);

    if (block == NULL)
        bench_fail("out of memory");
    return block;
}

int bench_main(int argc, char **argv, const bench_case_t *cases)
{
    bench_arguments_t arguments;
    const char *slash = strrchr(argv[0], '/');

    program_name = slash != NULL ? slash + 1 : argv[0];
    if (argc < 2)
        bench_fail("usage: %s CASE [key=value ...]", argv[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    arguments.name = argv[1];
    arguments.pairs = argv + 2;
    for (; cases->name != NULL; cases++) {
        if (strcmp(cases->name, arguments.name) == 0) {
            cases->run(&arguments);
            return 0;
        }
    }
    bench_decline("the case %s is not done by this program", arguments.name);
}

static void on_second(uv_timer_t *timer)
{
    bench_guard_t *guard = timer->data;

    guard->silent = guard->alive == guard->seen ? guard->silent + 1 : 0;
    guard->seen = guard->alive;
    if (guard->silent >= guard->seconds)
        bench_fail("nothing has come for %llu seconds", (unsigned long long)guard->seconds);
}

void bench_guard_start(bench_guard_t *guard, uv_loop_t *loop, const bench_arguments_t *arguments)
{
    memset(guard, 0, sizeof *guard);
    guard->seconds = bench_number(arguments, "timeout", 20);
    guard->timer.data = guard;
    bench_check(uv_timer_init(loop, &guard->timer), "timer");
    bench_check(uv_timer_start(&guard->timer, on_second, 1000, 1000), "timer");
    uv_unref((uv_handle_t *)&guard->timer);
}

void bench_guard_stop(bench_guard_t *guard)
{
    uv_close((uv_handle_t *)&guard->timer, NULL);
}
