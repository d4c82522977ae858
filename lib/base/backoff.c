#include "base/backoff.h"

void disco__backoff_init(disco__backoff_t *backoff, uint32_t first_ms, uint32_t most_ms)
{
    backoff->first_ms = first_ms;
    backoff->most_ms = most_ms;
    backoff->failures = 0;
}

uint32_t disco__backoff_next(disco__backoff_t *backoff, disco__random_t *random)
{
    uint64_t bound = backoff->first_ms;
    uint32_t doublings = backoff->failures < 32 ? backoff->failures : 31;

    if (backoff->failures < UINT32_MAX)
        backoff->failures++;
    bound <<= doublings;
    if (bound > backoff->most_ms)
        bound = backoff->most_ms;
    return (uint32_t)disco__random_below(random, bound + 1);
}

void disco__backoff_reset(disco__backoff_t *backoff)
{
    backoff->failures = 0;
}
