#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "program.h"

void bench_report(uint64_t operations, const bench_measure_t *measure)
{
    printf("{\"operations\": %" PRIu64 ", \"cpu_us\": %" PRIu64 ", \"user_us\": %" PRIu64
           ", \"wall_us\": %" PRIu64 ", \"peak_kb\": %" PRIu64,
           operations, measure->cpu_us, measure->user_us, measure->wall_us, bench_peak_kb());
}

void bench_report_number(const char *name, uint64_t number)
{
    printf(", \"%s\": %" PRIu64, name, number);
}

void bench_report_fraction(const char *name, double number)
{
    printf(", \"%s\": %.3f", name, number);
}

void bench_report_text(const char *name, const char *text)
{
    printf(", \"%s\": \"%s\"", name, text);
}

void bench_report_end(void)
{
    puts("}");
    if (fflush(stdout) != 0)
        bench_fail("stdout cannot be written");
}

void bench_report_about(const char *text)
{
    printf("{\"about\": \"%s\"", text);
    bench_report_end();
}
