/* The seam between discovery and etcd: what a store can do, whatever API it speaks.
 *
 * Happy path: an operation is started, tried on one endpoint after another until it has an answer
 * or its time is up, and done is called, once, from the loop. A watch delivers events in order,
 * each once, until it is closed; it reconnects by itself. Failure modes: in the result's failure; a
 * start fails only for lack of memory or for parameters that cannot be sent. */
#ifndef DISCO_ETCD_STORE_H
#define DISCO_ETCD_STORE_H

#include <uvdisco/kv.h>

#include "base/failure.h"
#include "base/loop.h"

typedef struct disco__store_s disco__store_t;

/* Under way; a store's own structs begin with these. */
typedef struct disco__op_s {
    disco__store_t *store;
} disco__op_t;
typedef struct disco__store_watch_s {
    disco__store_t *store;
} disco__store_watch_t;

/* Borrowed while done runs. */
typedef struct disco__result_s {
    const disco__failure_t *failure; /* never NULL; status 0: the rest is set */
    uint64_t
        revision; /* set with DISCO_EKEYNOTFOUND too: then the key was not there at this revision */
    const disco_kv_t *entries;
    size_t entry_count;
    const disco_kv_t *previous;
    uint64_t sent_ms;   /* disco__now() just before the request that was answered was sent */
    const char *server; /* version only */
    const char *cluster;
} disco__result_t;

/* How an operation is pursued, and whom it tells. */
typedef struct disco__pursuit_s {
    uint32_t attempt_ms;      /* one attempt at one endpoint */
    uint32_t total_ms;        /* all attempts; 0: until it is cancelled */
    uint32_t backoff_most_ms; /* 0: the client's */
    void *data;
    /* The operation is over when it is called. */
    void (*done)(void *data, const disco__result_t *result);
    /* An attempt failed and another follows; the operation may be cancelled inside. NULL: nobody
     * asks. */
    void (*retrying)(void *data, const disco__failure_t *failure);
} disco__pursuit_t;

typedef struct disco__put_s {
    const char *key;
    const char *value;
    uint64_t ttl_s; /* 0: none */
    disco_kv_condition_t condition;
    uint64_t previous_revision;
    const char *previous_value;
} disco__put_t;

typedef struct disco__delete_s {
    const char *key;
    bool recursive;
    disco_kv_condition_t condition;
    uint64_t previous_revision;
    const char *previous_value;
} disco__delete_t;

/* What a watch tells: the public event, and for STALE and GAP why. The watch may be closed inside.
 */
typedef void (*disco__store_watch_cb)(void *data, const disco_watch_event_t *event,
                                      const disco__failure_t *failure);

typedef struct disco__store_ops_s {
    int (*get)(disco__store_t *store, const char *key, bool recursive, bool quorum,
               const disco__pursuit_t *pursuit, disco__op_t **op);
    int (*put)(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
               disco__op_t **op);
    /* Gives a key its time to live anew without waking its watchers; DISCO_EKEYNOTFOUND when it is
     * gone. */
    int (*refresh)(disco__store_t *store, const char *key, uint64_t ttl_s,
                   const disco__pursuit_t *pursuit, disco__op_t **op);
    int (*remove)(disco__store_t *store, const disco__delete_t *remove,
                  const disco__pursuit_t *pursuit, disco__op_t **op);
    int (*version)(disco__store_t *store, const disco__pursuit_t *pursuit, disco__op_t **op);
    /* No call back comes; what was sent may still take effect. */
    void (*cancel)(disco__op_t *op);
    /* from_revision 0: from now on. 0 or UV_ENOMEM. */
    int (*watch)(disco__store_t *store, const char *key, bool recursive, uint64_t from_revision,
                 disco__store_watch_cb cb, void *data, disco__store_watch_t **watch);
    void (*watch_close)(disco__store_watch_t *watch);
    /* Every operation and watch must be ended. Frees the store. */
    void (*close)(disco__store_t *store);
} disco__store_ops_t;

struct disco__store_s {
    const disco__store_ops_t *ops;
    disco__loop_t *loop;
};

#endif
