/* The cases of curl-bench. */
#ifndef CURL_CASES_H
#define CURL_CASES_H

#include "arguments.h"

void case_lookup(const bench_arguments_t *arguments);
void case_shared(const bench_arguments_t *arguments);
void case_watch(const bench_arguments_t *arguments);
void case_heartbeat(const bench_arguments_t *arguments);
void case_handshake(const bench_arguments_t *arguments);
void case_memory(const bench_arguments_t *arguments);

#endif
