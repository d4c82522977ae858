/* Happy path: a key is written with others of the same turn (v3_batch.c), on the lease of its time
 * to live (v3_lease.c), which is granted when the first key needs it; from then on the lease's
 * heartbeats keep it; its removal is one of a transaction too, and the last key's ends the lease.
 * Failure modes: those of the transaction come as the task's result, those of the lease as events.
 * A removal meets a write under way: the write is forgotten, and the removal waits for the end of
 * its attempt. A key that is closed while the lease lives on for others is deleted when its time to
 * live has passed (v3_leftover.c). */
#include <string.h>

#include "base/alloc.h"
#include "base/timer.h"
#include "etcd/v3_batch.h"

static disco__v3_leased_t *leased_of(disco__leased_t *leased)
{
    return disco__container_of(leased, disco__v3_leased_t, base);
}

static disco__v3_task_t *task_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_task_t, node);
}

static void task_free(disco__v3_task_t *task)
{
    if (task == NULL)
        return;
    if (task->leased->write == task)
        task->leased->write = NULL;
    if (task->leased->removal == task)
        task->leased->removal = NULL;
    disco__free_secret(task->value);
    disco__free(task->beside_key);
    disco__free_secret(task->beside_value);
    disco__free(task);
}

/* Wherever it is. */
static void task_drop(disco__v3_task_t *task)
{
    if (task == NULL)
        return;
    if (task->batch != NULL)
        disco__v3_batch_leave(task);
    if (task->last != NULL)
        task->last->last = NULL;
    disco__queue_remove(&task->node);
    disco__tick_cancel(task->leased->base.store->loop, &task->tick);
    task_free(task);
}

static void task_cancel(disco__v3_op_t *op)
{
    task_drop(disco__container_of(op, disco__v3_task_t, base));
}

void disco__v3_task_finish(disco__v3_task_t *task, const disco__failure_t *failure)
{
    disco__pursuit_t pursuit = task->pursuit;
    disco__failure_t kept = *failure;
    disco__result_t result = {.failure = &kept,
                              .revision = task->revision,
                              .beside_written = task->beside_key != NULL && task->revision > 0,
                              .sent_ms = task->sent_ms};

    disco__queue_remove(&task->node);
    task_free(task);
    pursuit.done(pursuit.data, &result);
}

void disco__v3_task_cut(disco__v3_task_t *task, const disco__failure_t *failure)
{
    if (task->batch != NULL)
        disco__v3_batch_leave(task);
    disco__v3_task_finish(task, failure);
}

void disco__v3_tasks_finish(disco__queue_t *tasks, const disco__failure_t *failure)
{
    disco__queue_t *node;

    while ((node = disco__queue_first(tasks)) != NULL)
        disco__v3_task_finish(task_at(node), failure);
}

static void on_task_tick(disco__tick_t *tick)
{
    disco__v3_task_t *task = disco__container_of(tick, disco__v3_task_t, tick);
    disco__failure_t failure;

    disco__failure_clear(&failure);
    task->sent_ms = disco__now(task->leased->base.store->loop);
    disco__v3_task_finish(task, &failure);
}

static disco__v3_task_t *task_new(disco__v3_leased_t *leased, const disco__pursuit_t *pursuit)
{
    disco__v3_task_t *task = disco__calloc(1, sizeof *task);

    if (task == NULL)
        return NULL;
    task->base.base.store = leased->base.store;
    task->base.cancel = task_cancel;
    task->leased = leased;
    task->pursuit = *pursuit;
    disco__queue_init(&task->node);
    disco__tick_init(&task->tick, on_task_tick);
    return task;
}

static int take_write(disco__v3_task_t *task, const disco__leased_write_t *write)
{
    const disco__put_t *beside = write->beside;

    task->must_exist = write->must_exist;
    task->value = disco__strdup(write->value);
    if (task->value == NULL)
        return UV_ENOMEM;
    if (beside == NULL)
        return 0;
    task->beside_once = beside->condition == DISCO_KV_MUST_NOT_EXIST;
    task->beside_key = disco__strdup(beside->key);
    task->beside_value = disco__strdup(beside->value);
    return task->beside_key != NULL && task->beside_value != NULL ? 0 : UV_ENOMEM;
}

void disco__v3_leased_free(disco__v3_leased_t *leased)
{
    disco__free(leased->key);
    disco__free(leased);
}

static int leased_join(disco__v3_leased_t *leased)
{
    disco__v3_lease_t *lease;

    if (leased->lease != NULL)
        return 0;
    lease = disco__v3_lease_for(disco__v3_store_of(leased->base.store), leased->ttl_s);
    if (lease == NULL)
        return UV_ENOMEM;
    disco__v3_lease_join(lease, leased);
    return 0;
}

int disco__v3_lease(disco__store_t *store, const char *key, uint64_t ttl_s,
                    const disco__leased_events_t *events, void *data, disco__leased_t **out)
{
    disco__v3_leased_t *leased = disco__calloc(1, sizeof *leased);

    if (leased == NULL)
        return UV_ENOMEM;
    leased->key = disco__strdup(key);
    if (leased->key == NULL) {
        disco__free(leased);
        return UV_ENOMEM;
    }
    leased->base.store = store;
    leased->ttl_s = ttl_s;
    leased->events = *events;
    leased->data = data;
    disco__queue_init(&leased->node);
    *out = &leased->base;
    return 0;
}

int disco__v3_lease_write(disco__leased_t *base, const disco__leased_write_t *write,
                          const disco__pursuit_t *pursuit, disco__op_t **op)
{
    disco__v3_leased_t *leased = leased_of(base);
    disco__v3_task_t *task = task_new(leased, pursuit);
    int rv = UV_ENOMEM;

    if (task != NULL)
        rv = take_write(task, write);
    if (rv == 0)
        rv = leased_join(leased);
    if (rv != 0) {
        task_free(task);
        return rv;
    }
    leased->write = task;
    disco__queue_push(&leased->lease->writes, &task->node);
    disco__v3_lease_flush(leased->lease);
    *op = &task->base.base;
    return 0;
}

/* Nothing of it can be at etcd. */
static void remove_unsent(disco__v3_leased_t *leased)
{
    disco__v3_lease_t *lease = leased->lease;

    task_drop(leased->write);
    if (lease != NULL) {
        disco__v3_lease_leave(leased);
        if (lease->count == 0 && disco__v3_lease_retire(lease, leased->removal))
            return;
    }
    disco__tick_schedule(leased->base.store->loop, &leased->removal->tick);
}

int disco__v3_lease_remove(disco__leased_t *base, const disco__pursuit_t *pursuit, disco__op_t **op)
{
    disco__v3_leased_t *leased = leased_of(base);
    disco__v3_task_t *task = task_new(leased, pursuit);

    if (task == NULL)
        return UV_ENOMEM;
    task->removes = true;
    leased->removal = task;
    leased->written = false;
    *op = &task->base.base;
    if (!leased->sent) {
        remove_unsent(leased);
        return 0;
    }
    if (leased->write != NULL && leased->write->batch != NULL)
        disco__v3_batch_await(leased->write->batch, task);
    else
        disco__queue_push(&leased->lease->removals, &task->node);
    task_drop(leased->write);
    disco__v3_lease_flush(leased->lease);
    return 0;
}

void disco__v3_lease_close(disco__leased_t *base)
{
    disco__v3_leased_t *leased = leased_of(base);
    disco__v3_lease_t *lease = leased->lease;

    task_drop(leased->write);
    task_drop(leased->removal);
    if (lease != NULL) {
        disco__v3_lease_leave(leased);
        if (lease->count == 0)
            disco__v3_lease_free(lease);
        else if (leased->sent && lease->id != 0) {
            disco__v3_leftover_add(lease, leased,
                                   disco__now(lease->loop) + lease->heartbeat.ttl_ms);
            return;
        }
    }
    disco__v3_leased_free(leased);
}
