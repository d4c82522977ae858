/* The keys in an answer of etcd's v2 API to a GET, while it arrives. */
#ifndef DISCO_ETCD_V2_LISTING_H
#define DISCO_ETCD_V2_LISTING_H

#include "etcd/store.h"
#include "json/walk.h"

/* A node as it stands in the answer. */
typedef struct disco__v2_node_s {
    disco__span_t key;
    bool has_key;
    bool has_bad_key; /* one that is no string */
    disco__span_t value;
    bool is_read; /* by the taker */
    bool is_directory;
    int64_t ttl_s;
    uint64_t created_revision;
    uint64_t modified_revision;
    const char *nodes; /* the array of what is in it; NULL: none */
    size_t nodes_size;
} disco__v2_node_t;

typedef struct disco__v2_listing_s {
    disco__walk_t walk;
    const disco__taker_t *taker; /* borrowed */
    bool beside;
    bool has_root;
    disco__v2_node_t root; /* what was asked for: its spans are in the two buffers */
    disco__buffer_t root_key;
    disco__buffer_t root_value;
    disco__buffer_t key; /* of a node whose key is escaped */
} disco__v2_listing_t;

void disco__v2_listing_init(disco__v2_listing_t *listing, const disco__taker_t *taker, bool beside);
void disco__v2_listing_free(disco__v2_listing_t *listing);

/* An answer begins, and what came of an earlier one is void: the taker is told. */
void disco__v2_listing_begin(disco__v2_listing_t *listing);
/* Errors are told at the end. */
void disco__v2_listing_feed(disco__v2_listing_t *listing, const char *bytes, size_t size);
/* The answer is complete. What was asked for comes last. 0; DISCO_EPROTOCOL: no JSON, or no node in
 * it; UV_ENOMEM; what the taker gave. One node with a wrong type in it does not spoil the others:
 * without a key it is passed over, without a value it is empty. */
int disco__v2_listing_end(disco__v2_listing_t *listing);

#endif
