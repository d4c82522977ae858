/* The answers that have been recorded, each found by its request: "METHOD target\nbody". */
#ifndef REPLAY_ANSWERS_H
#define REPLAY_ANSWERS_H

#include "bytes.h"

struct peer_s;

typedef struct answer_s {
    struct answer_s *next; /* with the same hash */
    bytes_t request;
    bytes_t bytes;
    int is_ready;
    struct peer_s *waiting; /* those that asked before it was ready */
} answer_t;

/* The answer to a request, made when there is none yet; *is_new says so. */
answer_t *answers_find(const bytes_t *request, int *is_new);

/* Forgets what could not be recorded, or must not be kept. */
void answers_drop(answer_t *answer);

#endif
