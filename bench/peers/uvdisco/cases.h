/* The cases of uvdisco-bench, and what they have in common. */
#ifndef CASES_H
#define CASES_H

#include <uvdisco.h>

#include "program.h"

void case_lookup(const bench_arguments_t *arguments);
void case_shared(const bench_arguments_t *arguments);
void case_watch(const bench_arguments_t *arguments);
void case_heartbeat(const bench_arguments_t *arguments);
void case_pick(const bench_arguments_t *arguments);
void case_latency(const bench_arguments_t *arguments);
void case_handshake(const bench_arguments_t *arguments);
void case_memory(const bench_arguments_t *arguments);
void case_fleet(const bench_arguments_t *arguments);

/* A client by url= api= ca= cert= key= on this loop. */
disco_client_t *case_client(uv_loop_t *loop, const bench_arguments_t *arguments);

/* Ends the program when status is an error; what: what was tried. */
void case_check(const disco_client_t *client, int status, const char *what);

#endif
