/* Exponential backoff with full jitter: each delay is drawn evenly from 0 to a bound that doubles
 * up to a maximum. */
#ifndef DISCO_BASE_BACKOFF_H
#define DISCO_BASE_BACKOFF_H

#include <stdint.h>

#include "base/random.h"

typedef struct disco__backoff_s {
    uint32_t first_ms;
    uint32_t most_ms;
    uint32_t failures;
} disco__backoff_t;

void disco__backoff_init(disco__backoff_t *backoff, uint32_t first_ms, uint32_t most_ms);

/* Counts one more failure and gives the delay after it, in milliseconds. */
uint32_t disco__backoff_next(disco__backoff_t *backoff, disco__random_t *random);

void disco__backoff_reset(disco__backoff_t *backoff);

#endif
