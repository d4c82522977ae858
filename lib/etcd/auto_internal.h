/* What the files of the auto store share. */
#ifndef DISCO_ETCD_AUTO_INTERNAL_H
#define DISCO_ETCD_AUTO_INTERNAL_H

#include "base/alloc.h"
#include "etcd/auto_store.h"
#include "etcd/call.h"

typedef struct disco__auto_store_s {
    disco__store_t base;
    disco__endpoints_t *endpoints;
    disco__store_t *v2;
    disco__store_t *v3;
    disco__store_t *chosen; /* NULL: not known yet */
    disco__call_t probe;
    disco__queue_t held; /* less what is just being told something */
    size_t held_count;
    bool asking;
} disco__auto_store_t;

/* Something that was begun before the choice. */
typedef struct disco__held_s {
    disco__auto_store_t *store;
    disco__queue_t node;
    /* From the loop; in both the user may be called back, and anything be closed. */
    void (*begin)(struct disco__held_s *held); /* the store is chosen; it is not held any more */
    void (*trouble)(struct disco__held_s *held, const disco__failure_t *failure, bool alone);
} disco__held_t;

static inline disco__auto_store_t *disco__auto_store_of(disco__store_t *store)
{
    return disco__container_of(store, disco__auto_store_t, base);
}

/* Takes it in, and asks the server if nobody does. 0 or UV_ENOMEM. */
int disco__auto_hold(disco__auto_store_t *store, disco__held_t *held);
/* Harmless for what is not held. When nothing is, the server is not asked any more. */
void disco__auto_let_go(disco__held_t *held);

/* auto_op.c: operations. Each copies its parameters. */
int disco__auto_hold_get(disco__auto_store_t *store, const char *key, bool recursive, bool quorum,
                         const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__auto_hold_get_pair(disco__auto_store_t *store, const char *key, const char *directory,
                              bool quorum, const disco__taker_t *taker,
                              const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__auto_hold_put(disco__auto_store_t *store, const disco__put_t *put,
                         const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__auto_hold_remove(disco__auto_store_t *store, const disco__delete_t *remove,
                            const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__auto_hold_version(disco__auto_store_t *store, const disco__pursuit_t *pursuit,
                             disco__op_t **op);

typedef struct disco__auto_leased_s disco__auto_leased_t;
int disco__auto_hold_lease_write(disco__auto_leased_t *leased, const disco__leased_write_t *write,
                                 const disco__pursuit_t *pursuit, disco__op_t **op);
void disco__auto_op_cancel(disco__op_t *op);
/* Frees what was held of it; what the chosen store has of it is ended already. */
void disco__auto_op_forget(disco__op_t *op);

/* auto_watch.c */
int disco__auto_hold_watch(disco__auto_store_t *store, const disco__watch_request_t *request,
                           disco__store_watch_cb cb, void *data, disco__store_watch_t **watch);
void disco__auto_watch_close(disco__store_watch_t *watch);

/* auto_leased.c: a leased key that was made before the choice; it stays in front of the chosen
 * store's one. */
struct disco__auto_leased_s {
    disco__leased_t base;
    disco__auto_store_t *store;
    char *key;
    uint64_t ttl_s;
    disco__leased_events_t events;
    void *data;
    disco__leased_t *inner; /* NULL: none yet */
    disco__op_t *held;      /* a write that was held, until it is over */
};

int disco__auto_lease(disco__auto_store_t *store, const char *key, uint64_t ttl_s,
                      const disco__leased_events_t *events, void *data, disco__leased_t **leased);
int disco__auto_lease_write(disco__auto_leased_t *leased, const disco__leased_write_t *write,
                            const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__auto_lease_remove(disco__auto_leased_t *leased, const disco__pursuit_t *pursuit,
                             disco__op_t **op);
void disco__auto_lease_close(disco__auto_leased_t *leased);

/* The key of that store, made at need. */
int disco__auto_leased_inner(disco__auto_leased_t *leased, disco__store_t *store);

#endif
