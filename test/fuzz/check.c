#include "fuzz/check.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_ENTRY(name) {#name, check_##name},
const fuzz_check_t fuzz_checks[] = {FUZZ_CHECKS(FUZZ_ENTRY)};
const size_t fuzz_check_count = sizeof fuzz_checks / sizeof fuzz_checks[0];

/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo). */
uint64_t fuzz_hash(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    size_t i;

    for (i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 1099511628211u;
    return hash;
}

/* Mostly short ones, now and then one that is long. */
size_t fuzz_piece(uint64_t *state, size_t left)
{
    size_t most;

    *state = *state * 6364136223846793005u + 1442695040888963407u;
    most = (*state >> 60) == 0 ? 4096 : (size_t)1 << (*state >> 61);
    most = 1 + (size_t)(*state >> 33) % most;
    return most < left ? most : left;
}

char *fuzz_block(const char *bytes, size_t size)
{
    char *block = malloc(size > 0 ? size : 1);

    if (block == NULL)
        abort();
    if (size > 0)
        memcpy(block, bytes, size);
    return block;
}
