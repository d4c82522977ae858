#include "measure.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

void bench_measure_start(bench_measure_t *measure)
{
    struct rusage usage;
    struct timespec now;

    (void)getrusage(RUSAGE_SELF, &usage);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    measure->user_us = microseconds(usage.ru_utime);
    measure->cpu_us = measure->user_us + microseconds(usage.ru_stime);
    measure->wall_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void bench_measure_stop(bench_measure_t *measure)
{
    bench_measure_t end;

    bench_measure_start(&end);
    measure->user_us = end.user_us - measure->user_us;
    measure->cpu_us = end.cpu_us - measure->cpu_us;
    measure->wall_us = end.wall_us - measure->wall_us;
}

/* ru_maxrss has in it what the process was before it became this program. */
uint64_t bench_peak_kb(void)
{
    unsigned long long peak = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "r");

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL && sscanf(line, "VmHWM: %llu", &peak) != 1)
        continue;
    (void)fclose(file);
    return peak;
}

uint64_t bench_resident(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1)
        pages = 0;
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
