#ifndef CASES_H
#define CASES_H

#include "program.h"

void case_lookup(const bench_arguments_t *arguments);
void case_watch(const bench_arguments_t *arguments);

#endif
