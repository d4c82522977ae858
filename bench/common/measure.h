/* What this process has used: processor time, time, memory. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>

typedef struct bench_measure_s {
    uint64_t cpu_us; /* user and system */
    uint64_t user_us;
    uint64_t wall_us;
} bench_measure_t;

/* Starts with the first operation after the warm-up. */
void bench_measure_start(bench_measure_t *measure);

/* Ends with the last operation: what was used since then. */
void bench_measure_stop(bench_measure_t *measure);

/* The most that has been resident so far, in KiB; and what is resident now, in bytes. */
uint64_t bench_peak_kb(void);
uint64_t bench_resident(void);

#endif
