/* What the files of the v2 store share. */
#ifndef DISCO_ETCD_V2_INTERNAL_H
#define DISCO_ETCD_V2_INTERNAL_H

#include "etcd/call.h"
#include "etcd/turns.h"
#include "etcd/v2_codec.h"
#include "etcd/v2_store.h"

typedef struct disco__v2_store_s {
    disco__store_t base;
    disco__endpoints_t *endpoints;
    disco__v2_store_options_t options;
    struct disco__v2_single_s *spares; /* operations that are over, to be used again */
    size_t spare_count;
    disco__turns_t beats; /* heartbeats: v2_leased.c */
} disco__v2_store_t;

static inline disco__v2_store_t *disco__v2_store_of(disco__store_t *store)
{
    return disco__container_of(store, disco__v2_store_t, base);
}

/* What every operation of the store begins with. */
typedef struct disco__v2_op_s disco__v2_op_t;
struct disco__v2_op_s {
    disco__op_t base;
    void (*cancel)(disco__v2_op_t *op); /* ends and frees it */
};

/* A call as the pursuit wants it; target, content, retrying and done are left to set. */
void disco__v2_call_init(disco__call_t *call, disco__store_t *store, const char *method,
                         const disco__pursuit_t *pursuit);
/* The same for one that is initialised already. */
void disco__v2_call_pursue(disco__call_t *call, disco__store_t *store, const char *method,
                           const disco__pursuit_t *pursuit);

/* The target of a GET. */
void disco__v2_write_get(disco__buffer_t *target, const char *key, bool recursive, bool quorum);

/* For every call of the keys API: fills call->failure from status and body of the response. */
disco__verdict_t disco__v2_examine(disco__call_t *call);

/* What cannot be read of a successful answer; status 0: it could. */
void disco__v2_explain_unreadable(disco__failure_t *failure, int status);

int disco__v2_get(disco__store_t *store, const char *key, bool recursive, bool quorum,
                  const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__v2_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                       const disco__taker_t *taker, const disco__pursuit_t *pursuit,
                       disco__op_t **op);
/* Gives a key its time to live anew without waking its watchers; DISCO_EKEYNOTFOUND when it is
 * gone. */
int disco__v2_refresh(disco__store_t *store, const char *key, uint64_t ttl_s,
                      const disco__pursuit_t *pursuit, disco__op_t **op);

/* v2_leased.c */
void disco__v2_beats_init(disco__turns_t *beats, size_t most);
int disco__v2_lease(disco__store_t *store, const char *key, uint64_t ttl_s,
                    const disco__leased_events_t *events, void *data, disco__leased_t **leased);
int disco__v2_lease_write(disco__leased_t *leased, const disco__leased_write_t *write,
                          const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__v2_lease_remove(disco__leased_t *leased, const disco__pursuit_t *pursuit,
                           disco__op_t **op);
void disco__v2_lease_close(disco__leased_t *leased);

int disco__v2_watch(disco__store_t *store, const disco__watch_request_t *request,
                    disco__store_watch_cb cb, void *data, disco__store_watch_t **watch);
void disco__v2_watch_close(disco__store_watch_t *watch);

#endif
