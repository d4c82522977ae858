/* The line of JSON that a program prints. Names and texts are written as they are: they have
 * nothing in them that JSON would want escaped. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

#include "measure.h"

/* Begins the line with what is always in it; then more; then the end. */
void bench_report(uint64_t operations, const bench_measure_t *measure);
void bench_report_number(const char *name, uint64_t number);
void bench_report_fraction(const char *name, double number);
void bench_report_text(const char *name, const char *text);
void bench_report_end(void);

/* The line of the case "about", which says what the program is made of. */
void bench_report_about(const char *text);

#endif
