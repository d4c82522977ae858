/* A key, or a directory, followed without a gap: listed, then watched from the listing's revision
 * on, and listed again where the watch has lost events. What the owner has seen is thus always the
 * state of etcd at one revision or another, in order. */
#ifndef DISCO_DISCO_MIRROR_H
#define DISCO_DISCO_MIRROR_H

#include "base/backoff.h"
#include "disco/context.h"

typedef struct disco__mirror_s disco__mirror_t;

/* In each, the mirror may be stopped; a callback that returns an int then returns 0. */
typedef struct disco__mirror_events_s {
    /* The whole state: listing->entry_count 0 when the key is not there. An error (UV_ENOMEM) has
     * it listed again later; UV_EAGAIN, that it is older than what is known, by quorum. */
    int (*listed)(disco__mirror_t *mirror, const disco__result_t *listing);
    /* The key, or one directly in the directory, or the directory itself, was written. Errors as
     * above. */
    int (*put)(disco__mirror_t *mirror, const disco_kv_t *entry);
    /* It is gone. key: as above; the directory itself takes all in it along. */
    int (*gone)(disco__mirror_t *mirror, const char *key);
    void (*synced)(disco__mirror_t *mirror);
    void (*stale)(disco__mirror_t *mirror, const disco__failure_t *failure);
} disco__mirror_events_t;

struct disco__mirror_s {
    disco_client_t *client;
    disco__store_t *store;
    const char *key; /* the owner's */
    const disco__mirror_events_t *events;
    disco__op_t *listing; /* NULL: not under way */
    disco__store_watch_t *watch;
    disco__timer_t timer; /* until it is listed again */
    disco__backoff_t backoff;
    unsigned older_listings;
    uint64_t revision; /* what the owner has seen */
    uint64_t listed;   /* of the listing that is watched on from */
    bool is_directory;
    bool running;
};

/* store: one of the client's. key: borrowed until stop. */
void disco__mirror_init(disco__mirror_t *mirror, disco_client_t *client, disco__store_t *store,
                        const char *key, bool is_directory, const disco__mirror_events_t *events);

/* Events come later. */
void disco__mirror_start(disco__mirror_t *mirror);

/* No event comes any more; the mirror may be freed. Harmless when it does not run. */
void disco__mirror_stop(disco__mirror_t *mirror);

#endif
