/* Listings read by way of cJSON's tree, slowly and plainly. */
#ifndef TEST_FUZZ_TREE_LISTING_H
#define TEST_FUZZ_TREE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "etcd/store.h"

typedef struct tree_listing_s {
    int rv;
    uint64_t revision; /* v3 only */
    bool more;
} tree_listing_t;

/* Hands the keys to the taker's take, in the order in which a listing does. False: the answer is
 * such that no two readers need agree on it (a name twice, a \u0000 in a text, and the like), or no
 * JSON. The TTL is left out. */
bool tree_v2_listing(tree_listing_t *listing, const disco__taker_t *taker, const char *text,
                     size_t size);
bool tree_v3_listing(tree_listing_t *listing, const disco__taker_t *taker, const char *text,
                     size_t size);

#endif
