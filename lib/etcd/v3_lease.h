/* What the files of leased keys share: the lease, the keys on it, and what is under way of them.
 *
 * v3_leased.c has the keys, v3_lease.c the lease that etcd grants, v3_beat.c its heartbeats,
 * v3_batch.c the transactions by which keys are written and deleted, v3_audit.c the question which
 * keys etcd still has, v3_leftover.c the keys that are to go though the lease lives on. */
#ifndef DISCO_ETCD_V3_LEASE_H
#define DISCO_ETCD_V3_LEASE_H

#include "base/tick.h"
#include "etcd/heartbeat.h"
#include "etcd/v3_internal.h"

/* etcd's own limit. */
#define DISCO__V3_TTL_MOST_S 9000000000u

typedef struct disco__v3_lease_s disco__v3_lease_t;
typedef struct disco__v3_leased_s disco__v3_leased_t;
typedef struct disco__v3_batch_s disco__v3_batch_t;

/* A write or a removal of a leased key, from the call of its owner until done. */
typedef struct disco__v3_task_s {
    disco__v3_op_t base;
    disco__v3_leased_t *leased;
    disco__queue_t node;      /* in a list of the lease or of the batch */
    disco__v3_batch_t *batch; /* that it is in, or that it waits for; NULL: none */
    disco__v3_lease_t *last;  /* whose revocation it waits for; NULL: none */
    disco__tick_t tick;       /* the answer that needs no asking */
    disco__pursuit_t pursuit;
    bool removes; /* else it writes: */
    bool must_exist;
    bool beside_once; /* beside only if it is not there */
    char *value;
    char *beside_key; /* NULL: nothing beside */
    char *beside_value;

    /* Of the transaction. */
    bool writes_beside; /* no other task does it for the same key */
    bool found;         /* the key was there, or needed not be */
    size_t place;       /* among the answers */
    unsigned grants;    /* leases that were gone when it came to etcd */
    uint64_t revision;
    uint64_t sent_ms;
} disco__v3_task_t;

struct disco__v3_leased_s {
    disco__leased_t base;
    disco__queue_t node;      /* in lease->keys; closed: in lease->leftovers */
    disco__v3_lease_t *lease; /* from the first write until it is removed; else NULL */
    char *key;
    uint64_t ttl_s;
    disco__leased_events_t events;
    void *data;
    disco__v3_task_t *write; /* under way */
    disco__v3_task_t *removal;
    bool sent;       /* it may be in etcd */
    bool written;    /* etcd has acknowledged it, on the lease of now */
    bool troubled;   /* failing or overdue was told, and not yet alive */
    uint64_t asked;  /* questions sent when it was acknowledged */
    uint64_t missed; /* the question whose answer did not have it; 0: none */
    uint64_t due_ms; /* a leftover's time to go */
};

struct disco__v3_lease_s {
    disco__v3_store_t *store;
    disco__loop_t *loop;
    disco__queue_t node; /* in store->leases */
    uint64_t ttl_s;      /* as asked for */
    uint64_t id;         /* 0: not granted, or gone */
    bool granting;
    bool troubled;         /* a heartbeat failed or is overdue */
    disco__queue_t keys;   /* leased keys; */
    size_t count;          /* so many, wherever they are listed now */
    disco__queue_t writes; /* tasks that wait for the turn's end, or for the grant */
    disco__queue_t removals;
    disco__tick_t tick;  /* sends them */
    disco__call_t grant; /* and its revocation */
    bool retired;        /* being revoked: takes no key */
    disco__v3_task_t *last;

    disco__heartbeat_t heartbeat;
    disco__call_t beat;
    uint64_t beat_ttl_s; /* what the answer says */
    disco__v3_header_t beat_header;
    disco__v3_header_t seen; /* of the last answer */
    disco__backoff_t backoff;

    disco__call_t question;
    disco__timer_t question_timer;
    uint64_t questions; /* so many were sent, */
    uint64_t asked_ms;  /* the last one then */
    bool asks_no_more;

    disco__queue_t leftovers; /* closed keys, the first due first, */
    disco__queue_t leaving;   /* and those that are being deleted */
    disco__call_t deletion;
    disco__timer_t leftover_timer;
};

/* v3_lease.c */

/* The one for this time to live, made if there is none. NULL: no memory. */
disco__v3_lease_t *disco__v3_lease_for(disco__v3_store_t *store, uint64_t ttl_s);
void disco__v3_lease_join(disco__v3_lease_t *lease, disco__v3_leased_t *leased);
/* The last one leaves an empty lease: it is to be freed, or retired. */
void disco__v3_lease_leave(disco__v3_leased_t *leased);
void disco__v3_lease_free(disco__v3_lease_t *lease);
/* Revokes an empty lease; then it is freed, and last is finished. False: nothing is to be revoked
 * or can be: freed at once, and last is the caller's to finish. */
bool disco__v3_lease_retire(disco__v3_lease_t *lease, disco__v3_task_t *last);
/* What waits is sent at the end of this turn. */
void disco__v3_lease_flush(disco__v3_lease_t *lease);
/* etcd does not have the lease any more. Tells the keys, so that the lease may be gone after it. */
void disco__v3_lease_lost(disco__v3_lease_t *lease, const disco__failure_t *failure);

/* The call anew, with {"ID":...} or {"TTL":...} as its body. */
void disco__v3_lease_ask(disco__v3_lease_t *lease, disco__call_t *call, const char *target,
                         const char *name, uint64_t number);

/* v3_beat.c */

void disco__v3_beat_init(disco__v3_lease_t *lease);

/* v3_leased.c */

void disco__v3_leased_free(disco__v3_leased_t *leased);

/* Over: the task is freed, then its owner told. */
void disco__v3_task_finish(disco__v3_task_t *task, const disco__failure_t *failure);
/* The same, wherever the task is. */
void disco__v3_task_cut(disco__v3_task_t *task, const disco__failure_t *failure);
/* All tasks of a list, which are in no batch; any of them may be cancelled by the owner of another.
 */
void disco__v3_tasks_finish(disco__queue_t *tasks, const disco__failure_t *failure);

/* v3_audit.c */

void disco__v3_audit_init(disco__v3_lease_t *lease);
/* The next question when it is due, or at once. */
void disco__v3_audit_plan(disco__v3_lease_t *lease);
void disco__v3_audit_now(disco__v3_lease_t *lease);
void disco__v3_audit_stop(disco__v3_lease_t *lease);

/* v3_leftover.c */

void disco__v3_leftover_init(disco__v3_lease_t *lease);
/* A closed key, which belongs to the lease from here on. due_ms: when it is to be gone. */
void disco__v3_leftover_add(disco__v3_lease_t *lease, disco__v3_leased_t *leased, uint64_t due_ms);
/* Frees them all: the lease is gone, or left to expire. */
void disco__v3_leftover_clear(disco__v3_lease_t *lease);
/* Compares all keys that etcd has on the lease, sorted, with those that are known: what is too much
 * is a leftover. */
void disco__v3_leftover_look(disco__v3_lease_t *lease, const char *const *keys, size_t count);

#endif
