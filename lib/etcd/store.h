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
    bool beside_written; /* lease_write only: the key beside was, even if the key itself was not */
    const disco_kv_t *previous;
    uint64_t sent_ms;   /* disco__now() just before the request that was answered was sent */
    const char *server; /* version only */
    const char *cluster;
} disco__result_t;

/* A key of an answer, borrowed while it is handed over. */
typedef struct disco__item_s {
    const char *key; /* no NUL behind it */
    size_t key_size;
    const char *value; /* no NUL behind it */
    size_t value_size;
    bool escaped; /* the value is as it stands in a string of JSON: see disco__json_unescape() */
    bool read;    /* the taker has read it already where it stood, and nothing since */
    bool is_directory;
    bool beside; /* the single key of get_pair */
    int64_t ttl_s;
    uint64_t created_revision;
    uint64_t modified_revision;
} disco__item_t;

/* Takes the keys of an answer while it arrives, so that they need not be kept until it is all
 * there. What was taken counts only once the operation is done, and was successful. */
typedef struct disco__taker_s {
    void *data;
    /* What was taken of the keys below the directory, or of the key beside, is void: they come
     * (again) from the first one on. */
    void (*begin)(void *data, bool beside);
    /* The next value stands here, inside a string of JSON: it may be read at once, and gives how
     * many bytes it has, which the closing quote follows; 0: it cannot, and take() is given the
     * value. Whether the value comes to count is not known yet. NULL allowed. */
    size_t (*read)(void *data, bool beside, const char *text, size_t size);
    /* 0, or an error that ends the operation. */
    int (*take)(void *data, const disco__item_t *item);
} disco__taker_t;

/* How an operation is pursued, and whom it tells. */
typedef struct disco__pursuit_s {
    uint32_t attempt_ms; /* one attempt at one endpoint */
    /* What that may grow to while endpoints take requests and do not answer them: they may have too
     * many to do, and more of them would not help. 0: it does not grow. */
    uint32_t attempt_most_ms;
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

/* A key that lives only as long as heartbeats keep it. What has to be done at etcd for that is the
 * store's: on v2 a refresh of each key, on v3 one keep-alive for a lease that many keys share. */
typedef struct disco__leased_s {
    disco__store_t *store;
} disco__leased_t;

/* All from the loop; in each the leased key may be closed. */
typedef struct disco__leased_events_s {
    /* A heartbeat failed; it is tried on. */
    void (*failing)(void *data, const disco__failure_t *failure);
    /* The time to live has passed since the last write or heartbeat that was acknowledged had been
     * sent (DISCO_ELOST): the key may be gone. It is tried on. */
    void (*overdue)(void *data, const disco__failure_t *failure);
    /* A heartbeat was acknowledged, the first after failing or overdue. */
    void (*alive)(void *data);
    /* etcd says that the key is gone. Heartbeats end until it is written again. */
    void (*gone)(void *data, const disco__failure_t *failure);
} disco__leased_events_t;

typedef struct disco__leased_write_s {
    const char *value;
    bool must_exist; /* DISCO_EKEYNOTFOUND otherwise, and nothing is written */
    /* A key without a time to live that is written before, or in the same transaction; NULL: none.
     * Conditions: DISCO_KV_ALWAYS, or DISCO_KV_MUST_NOT_EXIST, by which one that exists is left as
     * it is, and that is no failure. */
    const disco__put_t *beside;
} disco__leased_write_t;

/* Which keys an operation is about: the key itself, those below it ("/a" has "/a/b" below it, and
 * not "/ab"), or both. */
typedef enum disco__scope_e {
    DISCO__SCOPE_KEY,
    DISCO__SCOPE_BELOW,
    DISCO__SCOPE_KEY_AND_BELOW
} disco__scope_t;

typedef struct disco__watch_request_s {
    const char *key; /* copied */
    disco__scope_t scope;
    uint64_t from_revision; /* 0: from now on */
    bool previous;          /* what an event's key held before is wanted */
} disco__watch_request_t;

/* What a watch tells: the public event, and for STALE and GAP why. The watch may be closed inside.
 */
typedef void (*disco__store_watch_cb)(void *data, const disco_watch_event_t *event,
                                      const disco__failure_t *failure);

typedef struct disco__store_ops_s {
    int (*get)(disco__store_t *store, const char *key, bool recursive, bool quorum,
               const disco__pursuit_t *pursuit, disco__op_t **op);
    /* A key and all below a directory (which may come with them, and what is below directories in
     * it) by one operation, and if the store can, at one revision. That the key is not there is no
     * failure; without the directory, DISCO_EKEYNOTFOUND, and the key counts all the same. taker:
     * copied. */
    int (*get_pair)(disco__store_t *store, const char *key, const char *directory, bool quorum,
                    const disco__taker_t *taker, const disco__pursuit_t *pursuit, disco__op_t **op);
    int (*put)(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
               disco__op_t **op);
    int (*remove)(disco__store_t *store, const disco__delete_t *remove,
                  const disco__pursuit_t *pursuit, disco__op_t **op);
    int (*version)(disco__store_t *store, const disco__pursuit_t *pursuit, disco__op_t **op);
    /* No call back comes; what was sent may still take effect. */
    void (*cancel)(disco__op_t *op);
    /* 0 or UV_ENOMEM. */
    int (*watch)(disco__store_t *store, const disco__watch_request_t *request,
                 disco__store_watch_cb cb, void *data, disco__store_watch_t **watch);
    void (*watch_close)(disco__store_watch_t *watch);
    /* Nothing is sent before the first write. key is copied. 0 or UV_ENOMEM. */
    int (*lease)(disco__store_t *store, const char *key, uint64_t ttl_s,
                 const disco__leased_events_t *events, void *data, disco__leased_t **leased);
    /* Writes the key; heartbeats follow by themselves once it is acknowledged. Not while another
     * write or a removal of it is under way. result->revision is that of `beside`, if there is one:
     * what is older was written before it. A write that fails leaves the heartbeats of an earlier
     * one as they are, but for DISCO_EKEYNOTFOUND, which ends them. */
    int (*lease_write)(disco__leased_t *leased, const disco__leased_write_t *write,
                       const disco__pursuit_t *pursuit, disco__op_t **op);
    /* Takes the key out of etcd; heartbeats end at once. A write under way, which then calls
     * nobody back, is waited for as long as its attempt lasts: should it overtake the removal, the
     * key would be there again. A key that is not there (any more) is no failure; one that was
     * never sent is answered without asking etcd. */
    int (*lease_remove)(disco__leased_t *leased, const disco__pursuit_t *pursuit, disco__op_t **op);
    /* Ends heartbeats and what is under way of it, and frees it, without a word to etcd. */
    void (*lease_close)(disco__leased_t *leased);
    /* Every operation, watch and leased key must be ended. Frees the store. */
    void (*close)(disco__store_t *store);
} disco__store_ops_t;

struct disco__store_s {
    const disco__store_ops_t *ops;
    disco__loop_t *loop;
    const char *api; /* "v2" or "v3" */
    /* A directory is there by itself, also when nothing is in it (v2); else it is there when
     * something is. */
    bool has_directories;
};

#endif
