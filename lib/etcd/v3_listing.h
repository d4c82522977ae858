/* The keys in the answer of etcd's v3 API to a transaction of ranges, while it arrives. */
#ifndef DISCO_ETCD_V3_LISTING_H
#define DISCO_ETCD_V3_LISTING_H

#include "etcd/store.h"
#include "json/walk.h"

/* More ranges than a transaction of ours has. */
#define DISCO__V3_RANGES 2

typedef struct disco__v3_listing_s {
    disco__walk_t walk;
    const disco__taker_t *taker; /* borrowed */
    bool first_is_beside;        /* the first range is the key beside the directory */
    uint64_t revision;           /* of the header; 0: there was none */
    bool has_responses;
    size_t responses;                /* so far */
    size_t ranges;                   /* of these, that are answers to a range */
    size_t unreadable;               /* keys that were passed over */
    size_t counts[DISCO__V3_RANGES]; /* keys that each range gave */
    bool more;                       /* the last range has further pages */
    disco__buffer_t key;             /* decoded; of the last one, with its NUL, at the end */
    disco__buffer_t next_key;
    disco__buffer_t value;
} disco__v3_listing_t;

void disco__v3_listing_init(disco__v3_listing_t *listing, const disco__taker_t *taker,
                            bool first_is_beside);
void disco__v3_listing_free(disco__v3_listing_t *listing);

/* An answer begins. The taker is not told: it may be a further page. */
void disco__v3_listing_begin(disco__v3_listing_t *listing, bool first_is_beside);
/* Errors are told at the end. */
void disco__v3_listing_feed(disco__v3_listing_t *listing, const char *bytes, size_t size);
/* The answer is complete. 0; DISCO_EPROTOCOL: no JSON, or not what an answer has; UV_ENOMEM; what
 * the taker gave. A key that cannot be read is passed over, and counted. */
int disco__v3_listing_end(disco__v3_listing_t *listing);

/* Something was handed over since the answer began. */
bool disco__v3_listing_has_given(const disco__v3_listing_t *listing);

#endif
