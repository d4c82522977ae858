/* What the files of the v3 store share. */
#ifndef DISCO_ETCD_V3_INTERNAL_H
#define DISCO_ETCD_V3_INTERNAL_H

#include "etcd/call.h"
#include "etcd/v3_codec.h"
#include "etcd/v3_store.h"

/* A member without a leader then says so at once, where it would wait, or answer from the past
 * (3.4.23: 503 "no leader"). */
#define DISCO__V3_NEEDS_LEADER "Grpc-Metadata-Hasleader: true\r\n"

/* The content of a request that repeats, as it was written last. */
typedef struct disco__v3_prepared_s {
    char *key; /* NULL: there is none */
    char *directory;
    bool serializable;
    disco__buffer_t content;
} disco__v3_prepared_t;

/* As many as there are services that a program looks up all the time. */
#define DISCO__V3_PREPARED 4

typedef struct disco__v3_store_s {
    disco__store_t base;
    disco__endpoints_t *endpoints;
    disco__auth_t *auth;               /* NULL: no authentication */
    disco__v3_store_options_t options; /* user and password are not kept here */
    disco__queue_t leases;             /* v3_lease.c */
    struct disco__v3_stream_s *stream; /* v3_stream.c: NULL while nothing is watched */
    disco__v3_prepared_t prepared[DISCO__V3_PREPARED]; /* v3_prepared.c */
    size_t next_prepared;                              /* the one that is given up next */
} disco__v3_store_t;

static inline disco__v3_store_t *disco__v3_store_of(disco__store_t *store)
{
    return disco__container_of(store, disco__v3_store_t, base);
}

/* A call of the gateway: POST, JSON, repeatable, authenticated as the store is, each attempt as
 * long as the store's. target such as "/v3/kv/range". The body is to be written into call->content,
 * and done is to be set. */
void disco__v3_call_init(disco__call_t *call, disco__v3_store_t *store, const char *target);

/* The same for an operation: with its time-outs. */
void disco__v3_call_pursue(disco__call_t *call, const disco__pursuit_t *pursuit);
/* The same for one more operation that the call is to do: an attempt takes no longer than any of
 * them would have it. The end of all attempts is left as it is. */
void disco__v3_call_hurry(disco__call_t *call, const disco__pursuit_t *pursuit);

/* For every call of the gateway: fills call->failure from status and body of the response. An
 * answer that says an error by its body alone, with status 200, is the reader's to find. */
disco__verdict_t disco__v3_examine(disco__call_t *call);

/* Operations that a store's cancel() is given begin with this. */
typedef struct disco__v3_op_s {
    disco__op_t base;
    void (*cancel)(struct disco__v3_op_s *op);
} disco__v3_op_t;

/* v3_prepared.c: requests that repeat */

/* The content of the same request as it was written before; NULL: never, or long ago. */
const disco__buffer_t *disco__v3_prepared(const disco__v3_store_t *store, const char *key,
                                          const char *directory, bool serializable);
/* Keeps a copy in place of the oldest. Without memory nothing is kept. */
void disco__v3_prepare(disco__v3_store_t *store, const char *key, const char *directory,
                       bool serializable, const disco__buffer_t *content);
void disco__v3_prepared_free(disco__v3_store_t *store);

/* v3_watch.c */
int disco__v3_watch(disco__store_t *store, const disco__watch_request_t *request,
                    disco__store_watch_cb cb, void *data, disco__store_watch_t **watch);
void disco__v3_watch_close(disco__store_watch_t *watch);
/* Nothing is watched any more: frees what the watches shared. */
void disco__v3_stream_free(disco__v3_store_t *store);

/* v3_leased.c */
int disco__v3_lease(disco__store_t *store, const char *key, uint64_t ttl_s,
                    const disco__leased_events_t *events, void *data, disco__leased_t **leased);
int disco__v3_lease_write(disco__leased_t *leased, const disco__leased_write_t *write,
                          const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__v3_lease_remove(disco__leased_t *leased, const disco__pursuit_t *pursuit,
                           disco__op_t **op);
void disco__v3_lease_close(disco__leased_t *leased);
/* No key is leased any more: frees what is left of the leases. */
void disco__v3_leases_free(disco__v3_store_t *store);

#endif
