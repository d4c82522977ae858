/* Happy path: when keys wait to be written, a lease is granted, once for all of them; then what
 * waits is sent at the end of each turn, and one keep-alive for each interval holds the lease,
 * however many keys are on it. When the last key is removed the lease is revoked.
 *
 * Failure modes:
 * - The grant fails: each attempt is told to those that wait; a refusal is their result. A grant
 * whose answer is lost leaves a lease without keys, which expires by itself.
 * - A keep-alive fails: every key is told that it is failing, attempt by attempt, and tried on.
 * - The time to live passes without one: every key is told that it is overdue.
 * - etcd does not know the lease any more, as a keep-alive or a transaction finds: every key on it
 * is told that it is gone, or that there is nothing to be replaced, if that is under way. They are
 * written again by their owners, on a lease granted anew.
 * - The last key is closed without being removed: the lease is left to expire. */
#include "etcd/v3_lease.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/timer.h"
#include "etcd/v3_batch.h"
#include "json/read.h"

static disco__v3_leased_t *leased_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_leased_t, node);
}

static disco__v3_task_t *task_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_task_t, node);
}

void disco__v3_lease_join(disco__v3_lease_t *lease, disco__v3_leased_t *leased)
{
    leased->lease = lease;
    lease->count++;
    disco__queue_push(&lease->keys, &leased->node);
}

void disco__v3_lease_leave(disco__v3_leased_t *leased)
{
    leased->lease->count--;
    leased->lease = NULL;
    leased->written = false;
    leased->troubled = false;
    leased->missed = 0;
    disco__queue_remove(&leased->node);
}

void disco__v3_lease_flush(disco__v3_lease_t *lease)
{
    disco__tick_schedule(lease->loop, &lease->tick);
}

void disco__v3_lease_free(disco__v3_lease_t *lease)
{
    if (lease->last != NULL)
        lease->last->last = NULL;
    disco__queue_remove(&lease->node);
    disco__tick_cancel(lease->loop, &lease->tick);
    disco__heartbeat_stop(&lease->heartbeat);
    disco__v3_audit_stop(lease);
    disco__v3_leftover_clear(lease);
    disco__call_end(&lease->grant);
    disco__call_end(&lease->beat);
    disco__free(lease);
}

void disco__v3_leases_free(disco__v3_store_t *store)
{
    disco__queue_t *node;

    while ((node = disco__queue_first(&store->leases)) != NULL)
        disco__v3_lease_free(disco__queue_data(node, disco__v3_lease_t, node));
}

void disco__v3_lease_ask(disco__v3_lease_t *lease, disco__call_t *call, const char *target,
                         const char *name, uint64_t number)
{
    disco__call_end(call);
    disco__v3_call_init(call, lease->store, target);
    disco__buffer_append_char(&call->content, '{');
    disco__v3_write_number(&call->content, name, number);
    disco__buffer_append_char(&call->content, '}');
}

/* What was written on it is gone. A write under way that was only to replace it has its end by
 * that; another finds out by itself, and is repeated on the next lease. */
static void tell_gone(disco__v3_leased_t *leased, const disco__failure_t *failure)
{
    disco__v3_task_t *write = leased->write;

    if (write == NULL)
        leased->events.gone(leased->data, failure);
    else if (write->must_exist)
        disco__v3_task_cut(write, failure);
}

void disco__v3_lease_lost(disco__v3_lease_t *lease, const disco__failure_t *why)
{
    disco__failure_t failure = *why;
    disco__queue_t untold;
    disco__queue_t *node;

    lease->id = 0;
    lease->troubled = false;
    disco__heartbeat_stop(&lease->heartbeat);
    disco__call_end(&lease->beat);
    disco__v3_audit_stop(lease);
    disco__v3_leftover_clear(lease);
    if (!disco__queue_empty(&lease->writes))
        disco__v3_lease_flush(lease);
    disco__queue_init(&untold);
    disco__queue_move(&lease->keys, &untold);
    while ((node = disco__queue_first(&untold)) != NULL) {
        disco__v3_leased_t *leased = leased_at(node);
        bool was_written = leased->written;

        disco__queue_remove(node);
        disco__queue_push(&leased->lease->keys, node);
        leased->written = false;
        leased->troubled = false;
        if (was_written)
            tell_gone(leased, &failure);
    }
}

static disco__v3_lease_t *lease_of_grant(disco__call_t *call)
{
    return disco__container_of(call, disco__v3_lease_t, grant);
}

/* Those that wait for the grant; each is in the lease's list again when it is told. */
static void on_grant_retrying(disco__call_t *call)
{
    disco__v3_lease_t *lease = lease_of_grant(call);
    disco__failure_t failure = call->failure;
    disco__queue_t untold;
    disco__queue_t *node;

    if (disco__queue_empty(&lease->writes)) {
        lease->granting = false;
        disco__call_end(call); /* nobody waits for it any more */
        return;
    }
    disco__queue_init(&untold);
    disco__queue_move(&lease->writes, &untold);
    while ((node = disco__queue_first(&untold)) != NULL) {
        disco__v3_task_t *task = task_at(node);

        disco__queue_remove(node);
        disco__queue_push(&task->leased->lease->writes, node);
        if (task->pursuit.retrying != NULL)
            task->pursuit.retrying(task->pursuit.data, &failure);
    }
}

static void fail_writes(disco__v3_lease_t *lease, const disco__failure_t *why)
{
    disco__failure_t failure = *why;
    disco__queue_t failed;

    disco__queue_init(&failed);
    disco__queue_move(&lease->writes, &failed);
    disco__v3_tasks_finish(&failed, &failure);
}

/* What waits of one kind; what cannot be sent for lack of memory fails. */
static void send_writes(disco__v3_lease_t *lease)
{
    disco__failure_t failure;
    int rv = disco__v3_batch_send(lease, &lease->writes, DISCO__V3_BATCH_MOST);

    if (rv == 0)
        return;
    disco__failure_clear(&failure);
    failure.status = rv;
    fail_writes(lease, &failure);
}

static int read_grant(disco__v3_lease_t *lease, const disco__call_t *call)
{
    uint64_t id = 0;
    uint64_t ttl_s = 0;
    disco__v3_header_t header;
    cJSON *tree = NULL;
    int rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);

    if (rv != 0)
        return rv;
    disco__v3_read_header(&header, tree);
    if (!disco__json_u64(tree, "ID", &id) || !disco__json_u64(tree, "TTL", &ttl_s) || id == 0 ||
        ttl_s == 0 || ttl_s > DISCO__V3_TTL_MOST_S)
        rv = DISCO_EPROTOCOL;
    disco__json_free(tree);
    if (rv != 0)
        return rv;
    lease->id = id;
    lease->heartbeat.ttl_ms = ttl_s * 1000;
    lease->seen = header;
    return 0;
}

static void on_granted(disco__call_t *call)
{
    disco__v3_lease_t *lease = lease_of_grant(call);
    int rv;

    lease->granting = false;
    if (call->failure.status == 0) {
        rv = read_grant(lease, call);
        if (rv != 0)
            disco__failure_set(&call->failure, rv,
                               rv == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
    }
    if (call->failure.status != 0) {
        fail_writes(lease, &call->failure);
        return;
    }
    disco__heartbeat_acknowledged(&lease->heartbeat, call->sent_ms);
    lease->asked_ms = disco__now(lease->loop);
    disco__v3_audit_plan(lease);
    send_writes(lease);
}

/* As its most hurried waiter would have it. */
static void hurry(disco__call_t *call, const disco__queue_t *tasks)
{
    disco__queue_t *node;
    disco__queue_t *after;

    call->attempt_most_ms = UINT32_MAX;
    disco__queue_foreach(tasks, node, after) disco__v3_call_hurry(call, &task_at(node)->pursuit);
}

static void grant(disco__v3_lease_t *lease)
{
    disco__failure_t failure;
    int rv;

    disco__v3_lease_ask(lease, &lease->grant, "/v3/lease/grant", "TTL", lease->ttl_s);
    hurry(&lease->grant, &lease->writes);
    lease->grant.retrying = on_grant_retrying;
    lease->grant.done = on_granted;
    rv = disco__call_start(&lease->grant);
    if (rv == 0) {
        lease->granting = true;
        return;
    }
    disco__failure_clear(&failure);
    failure.status = rv;
    fail_writes(lease, &failure);
}

static void on_tick(disco__tick_t *tick)
{
    disco__v3_lease_t *lease = disco__container_of(tick, disco__v3_lease_t, tick);
    disco__failure_t failure;
    disco__queue_t failed;

    disco__failure_clear(&failure);
    failure.status = disco__v3_batch_send(lease, &lease->removals, DISCO__V3_BATCH_MOST);
    disco__queue_init(&failed);
    disco__queue_move(&lease->removals, &failed);
    if (!disco__queue_empty(&failed)) {
        disco__v3_lease_flush(lease); /* the writes, on another turn */
        disco__v3_tasks_finish(&failed, &failure);
    } else if (!disco__queue_empty(&lease->writes) && !lease->granting) {
        if (lease->id != 0)
            send_writes(lease);
        else
            grant(lease);
    }
}

disco__v3_lease_t *disco__v3_lease_for(disco__v3_store_t *store, uint64_t ttl_s)
{
    disco__v3_lease_t *lease;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&store->leases, node, after)
    {
        lease = disco__queue_data(node, disco__v3_lease_t, node);
        if (lease->ttl_s == ttl_s && !lease->retired)
            return lease;
    }
    lease = disco__calloc(1, sizeof *lease);
    if (lease == NULL)
        return NULL;
    lease->store = store;
    lease->loop = store->base.loop;
    lease->ttl_s = ttl_s;
    disco__queue_init(&lease->keys);
    disco__queue_init(&lease->writes);
    disco__queue_init(&lease->removals);
    disco__tick_init(&lease->tick, on_tick);
    disco__call_init(&lease->grant, store->endpoints);
    disco__v3_beat_init(lease);
    disco__v3_audit_init(lease);
    disco__v3_leftover_init(lease);
    disco__queue_push(&store->leases, &lease->node);
    return lease;
}

/* Revoked, or not: its keys are deleted, and what is left of it expires. */
static void on_revoked(disco__call_t *call)
{
    disco__v3_lease_t *lease = lease_of_grant(call);
    disco__v3_task_t *last = lease->last;
    disco__failure_t failure;

    if (last != NULL)
        last->last = NULL;
    lease->last = NULL;
    disco__v3_lease_free(lease);
    disco__failure_clear(&failure);
    if (last != NULL)
        disco__v3_task_finish(last, &failure);
}

bool disco__v3_lease_retire(disco__v3_lease_t *lease, disco__v3_task_t *last)
{
    bool has_id = lease->id != 0;

    if (has_id) {
        disco__v3_lease_ask(lease, &lease->grant, "/v3/lease/revoke", "ID", lease->id);
        lease->grant.attempt_ms = last->pursuit.attempt_ms;
        lease->grant.retrying = on_revoked;
        lease->grant.done = on_revoked;
    }
    if (!has_id || disco__call_start(&lease->grant) != 0) {
        disco__v3_lease_free(lease);
        return false;
    }
    disco__heartbeat_stop(&lease->heartbeat);
    disco__v3_audit_stop(lease);
    disco__v3_leftover_clear(lease);
    disco__call_end(&lease->beat);
    lease->retired = true;
    lease->last = last;
    last->last = lease;
    return true;
}
