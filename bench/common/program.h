/* The frame of a program of the benchmarks: PROGRAM CASE key=value ... runs one case, which prints
 * its line of JSON (report.h). Exit status 0; 77: this program does not do this case; else: failed.
 * What is wrong is said on stderr. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <uv.h>

#include "arguments.h"

#if defined(__GNUC__)
#define BENCH_FORMAT __attribute__((noreturn, format(printf, 1, 2)))
#else
#define BENCH_FORMAT
#endif

/* Ends the program, with what is wrong on stderr. */
void bench_fail(const char *format, ...) BENCH_FORMAT;

/* Ends the program: it does not do this. */
void bench_decline(const char *format, ...) BENCH_FORMAT;

/* Ends the program when rv is an error of libuv's. */
void bench_check(int rv, const char *what);

/* Memory, or the program ends. */
void *bench_allocate(size_t count, size_t size);

/* A case returns when it has printed its line, or ends the program. */
typedef struct bench_case_s {
    const char *name;
    void (*run)(const bench_arguments_t *arguments);
} bench_case_t;

/* What main() does; cases: up to one without a name. */
int bench_main(int argc, char **argv, const bench_case_t *cases);

/* Ends the program when nothing was alive for timeout= seconds (20). Does not keep the loop
 * running. bench_guard_stop() begins the closing of its timer. */
typedef struct bench_guard_s {
    uv_timer_t timer;
    uint64_t alive; /* to be counted up whenever something has come */
    uint64_t seen;
    uint64_t seconds;
    uint64_t silent;
} bench_guard_t;

void bench_guard_start(bench_guard_t *guard, uv_loop_t *loop, const bench_arguments_t *arguments);
void bench_guard_stop(bench_guard_t *guard);

#endif
