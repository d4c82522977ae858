/* Happy path: as many tasks as etcd takes in one transaction are written into one request; its
 * answer has a result for each of them, and they are told, one by one.
 *
 * Failure modes:
 * - An attempt fails: each task is told, and the request is repeated. A task that has left
 * meanwhile is taken out of the request before; a removal that waited for its key's write goes its
 * way.
 * - etcd refuses the transaction for what one of the tasks asks: it is halved, down to single
 * tasks, so that the others are not concerned.
 * - The lease is gone: the tasks wait for another to be granted.
 * - The batch's tasks have all left: the request is ended. */
#include "etcd/v3_batch.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"

/* etcd takes 128 operations, of which those nested in an operation have to be left over by the
 * level above (3.4.23, 3.5.35, 3.6.16: 127 operations with one nested in each), and 1.5 MiB. */
#define OPERATIONS_MOST 126
#define BYTES_MOST ((size_t)512 * 1024)
#define TASK_BYTES 400 /* around keys and values */
#define GRANTS_MOST 4

static disco__v3_batch_t *batch_of(disco__call_t *call)
{
    return disco__container_of(call, disco__v3_batch_t, call);
}

static disco__v3_task_t *task_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_task_t, node);
}

static void on_tick(disco__tick_t *tick)
{
    disco__free(disco__container_of(tick, disco__v3_batch_t, tick));
}

/* Not freed at once: it may be telling its tasks. */
static void batch_end(disco__v3_batch_t *batch)
{
    disco__call_end(&batch->call);
    batch->over = true;
    disco__tick_schedule(batch->loop, &batch->tick);
}

/* They wait for the lease, or the end of the turn, again. */
static void requeue(disco__v3_lease_t *lease, disco__queue_t *tasks)
{
    disco__queue_t *node;

    while ((node = disco__queue_first(tasks)) != NULL) {
        disco__v3_task_t *task = task_at(node);

        disco__queue_remove(node);
        task->batch = NULL;
        disco__queue_push(task->removes ? &lease->removals : &lease->writes, node);
    }
    disco__v3_lease_flush(lease);
}

/* No attempt is under way, so nothing can overtake what has waited. */
static void release_waiting(disco__v3_batch_t *batch)
{
    if (!disco__queue_empty(&batch->waiting))
        requeue(batch->lease, &batch->waiting);
}

/* Between two attempts: takes out what has left. */
static void refresh_request(disco__v3_batch_t *batch)
{
    if (!batch->stale)
        return;
    disco__v3_batch_write(batch);
    if (batch->call.content.error == 0)
        return;
    batch->count = 0;
    requeue(batch->lease, &batch->tasks);
    batch_end(batch);
}

void disco__v3_batch_leave(disco__v3_task_t *task)
{
    disco__v3_batch_t *batch = task->batch;
    bool sending = batch->call.sending;

    disco__queue_remove(&task->node);
    task->batch = NULL;
    if (task->removes == batch->removes) {
        batch->count--;
        batch->stale = true;
    }
    if (!sending)
        release_waiting(batch);
    if (batch->count == 0 && disco__queue_empty(&batch->waiting))
        batch_end(batch);
    else if (!sending && !batch->telling)
        refresh_request(batch);
}

void disco__v3_batch_await(disco__v3_batch_t *batch, disco__v3_task_t *removal)
{
    removal->batch = batch;
    disco__queue_push(&batch->waiting, &removal->node);
}

static void on_retrying(disco__call_t *call)
{
    disco__v3_batch_t *batch = batch_of(call);
    disco__failure_t failure = call->failure;
    disco__queue_t untold;
    disco__queue_t *node;

    release_waiting(batch);
    if (batch->count == 0) {
        batch_end(batch);
        return;
    }
    batch->telling = true;
    disco__queue_init(&untold);
    disco__queue_move(&batch->tasks, &untold);
    while ((node = disco__queue_first(&untold)) != NULL) {
        disco__v3_task_t *task = task_at(node);

        disco__queue_remove(node);
        disco__queue_push(&batch->tasks, node);
        if (task->pursuit.retrying != NULL)
            task->pursuit.retrying(task->pursuit.data, &failure);
    }
    batch->telling = false;
    if (!batch->over)
        refresh_request(batch);
}

/* id: of the lease that the keys were written on. */
static void written(disco__queue_t *tasks, disco__v3_lease_t *lease, uint64_t id)
{
    disco__failure_t failure;
    disco__queue_t again;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_init(&again);
    disco__queue_foreach(tasks, node, after)
    {
        /* The lease was found gone meanwhile, and the key with it. */
        if (lease->id != id && task_at(node)->found) {
            disco__queue_remove(node);
            disco__queue_push(&again, node);
        }
    }
    if (!disco__queue_empty(&again))
        requeue(lease, &again);
    while ((node = disco__queue_first(tasks)) != NULL) {
        disco__v3_task_t *task = task_at(node);
        disco__v3_leased_t *leased = task->leased;

        disco__failure_clear(&failure);
        if (!task->found)
            disco__failure_set(&failure, DISCO_EKEYNOTFOUND, NULL);
        if (task->revision > leased->lease->seen.revision)
            leased->lease->seen.revision = task->revision;
        leased->written = task->found;
        leased->troubled = false;
        leased->asked = leased->lease->questions;
        leased->missed = 0;
        disco__v3_task_finish(task, &failure);
    }
}

/* The last of the lease's keys is told when the lease is revoked too. */
static void removed(disco__queue_t *tasks, disco__v3_lease_t *lease)
{
    disco__failure_t failure;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__failure_clear(&failure);
    disco__queue_foreach(tasks, node, after)
    {
        task_at(node)->leased->sent = false;
        disco__v3_lease_leave(task_at(node)->leased);
    }
    if (lease->count == 0) {
        node = tasks->previous;
        disco__queue_remove(node);
        if (!disco__v3_lease_retire(lease, task_at(node)))
            disco__queue_push(tasks, node);
    }
    disco__v3_tasks_finish(tasks, &failure);
}

/* Written again on another lease, unless that has been tried too often. */
static void repeat(disco__queue_t *tasks, disco__v3_lease_t *lease, uint64_t id,
                   const disco__failure_t *why)
{
    disco__failure_t failure = *why;
    disco__queue_t again;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_init(&again);
    disco__queue_foreach(tasks, node, after)
    {
        if (++task_at(node)->grants >= GRANTS_MOST)
            continue;
        disco__queue_remove(node);
        disco__queue_push(&again, node);
    }
    requeue(lease, &again);
    if (lease->id == id)
        disco__v3_lease_lost(lease, &failure);
    failure.status = DISCO_EREFUSED; /* not that the key is missing */
    disco__v3_tasks_finish(tasks, &failure);
}

/* Refused for what one task asks: too large, a permission, a key that is there twice. */
static bool concerns_one(const disco__failure_t *failure)
{
    return failure->etcd_code == DISCO__V3_DENIED ||
           (failure->etcd_code == DISCO__V3_INVALID && failure->status == DISCO_EREFUSED);
}

static void split(disco__queue_t *tasks, disco__v3_lease_t *lease, size_t count, bool removes)
{
    disco__failure_t failure;
    int rv;

    if (lease->id == 0 && !removes) {
        requeue(lease, tasks); /* the lease was found gone meanwhile */
        return;
    }
    rv = disco__v3_batch_send(lease, tasks, (count + 1) / 2);
    disco__failure_clear(&failure);
    failure.status = rv;
    if (rv != 0)
        disco__v3_tasks_finish(tasks, &failure);
}

static void on_done(disco__call_t *call)
{
    disco__v3_batch_t *batch = batch_of(call);
    disco__v3_lease_t *lease = batch->lease;
    uint64_t id = batch->id;
    size_t count = batch->count;
    bool removes = batch->removes;
    disco__failure_t failure;
    disco__queue_t tasks;
    disco__queue_t *node;
    disco__queue_t *after;

    release_waiting(batch);
    disco__queue_init(&tasks);
    disco__queue_move(&batch->tasks, &tasks);
    disco__queue_foreach(&tasks, node, after)
    {
        task_at(node)->batch = NULL;
        task_at(node)->sent_ms = call->sent_ms;
    }
    if (call->failure.status == 0)
        disco__v3_batch_read(call, &tasks);
    failure = call->failure;
    batch_end(batch);
    if (count == 0)
        return;
    if (failure.status == 0 && removes)
        removed(&tasks, lease);
    else if (failure.status == 0)
        written(&tasks, lease, id);
    else if (failure.status == DISCO_EKEYNOTFOUND && !removes)
        repeat(&tasks, lease, id, &failure);
    else if (count > 1 && concerns_one(&failure))
        split(&tasks, lease, count, removes);
    else
        disco__v3_tasks_finish(&tasks, &failure);
}

static size_t size_of(const disco__v3_task_t *task)
{
    size_t size = strlen(task->leased->key) * 2;

    if (!task->removes)
        size += strlen(task->value);
    if (task->beside_key != NULL)
        size += strlen(task->beside_key) * 2 + strlen(task->beside_value);
    return TASK_BYTES + size / 3 * 4;
}

/* Two writes of one key are for two transactions. */
static bool fits_beside(const disco__v3_batch_t *batch, const disco__v3_task_t *task)
{
    const char *key = task->leased->key;
    disco__queue_t *node;
    disco__queue_t *after;

    if (task->removes)
        return true;
    disco__queue_foreach(&batch->tasks, node, after)
    {
        const disco__v3_task_t *other = task_at(node);

        if (strcmp(other->leased->key, key) == 0 ||
            (other->beside_key != NULL && strcmp(other->beside_key, key) == 0) ||
            (task->beside_key != NULL && strcmp(other->leased->key, task->beside_key) == 0))
            return false;
    }
    return true;
}

static bool has_beside(const disco__v3_batch_t *batch, const char *key)
{
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&batch->tasks, node, after)
    {
        const disco__v3_task_t *other = task_at(node);

        if (other->beside_key != NULL && strcmp(other->beside_key, key) == 0)
            return true;
    }
    return false;
}

/* As the most hurried of the tasks would have it, for as long as the most patient. */
static void pursue(disco__call_t *call, const disco__pursuit_t *pursuit, bool first)
{
    if (first) {
        disco__v3_call_pursue(call, pursuit);
        return;
    }
    disco__v3_call_hurry(call, pursuit);
    if (pursuit->total_ms == 0 || (call->total_ms > 0 && pursuit->total_ms > call->total_ms))
        call->total_ms = pursuit->total_ms;
}

static void gather(disco__v3_batch_t *batch, disco__queue_t *tasks, size_t most)
{
    size_t operations = 0;
    size_t bytes = 0;
    disco__queue_t *node;

    while ((node = disco__queue_first(tasks)) != NULL && batch->count < most) {
        disco__v3_task_t *task = task_at(node);
        size_t more = 1;

        if (task->beside_key != NULL && !has_beside(batch, task->beside_key))
            more++;
        bytes += size_of(task);
        operations += more;
        if (batch->count > 0 &&
            (operations > OPERATIONS_MOST || bytes > BYTES_MOST || !fits_beside(batch, task)))
            return;
        disco__queue_remove(node);
        disco__queue_push(&batch->tasks, node);
        pursue(&batch->call, &task->pursuit, batch->count == 0);
        batch->count++;
    }
}

/* Of the first tasks of the list, as many as it takes. */
static int send_one(disco__v3_lease_t *lease, disco__queue_t *tasks, size_t most)
{
    disco__v3_batch_t *batch = disco__calloc(1, sizeof *batch);
    disco__queue_t *node;
    disco__queue_t *after;
    int rv;

    if (batch == NULL)
        return UV_ENOMEM;
    batch->lease = lease;
    batch->loop = lease->loop;
    batch->id = lease->id;
    batch->removes = task_at(disco__queue_first(tasks))->removes;
    disco__tick_init(&batch->tick, on_tick);
    disco__queue_init(&batch->tasks);
    disco__queue_init(&batch->waiting);
    disco__v3_call_init(&batch->call, lease->store, "/v3/kv/txn");
    batch->call.retrying = on_retrying;
    batch->call.done = on_done;
    gather(batch, tasks, most);
    disco__v3_batch_write(batch);
    rv = disco__call_start(&batch->call);
    if (rv != 0) {
        disco__queue_move(tasks, &batch->tasks);
        disco__queue_move(&batch->tasks, tasks);
        disco__call_end(&batch->call);
        disco__free(batch);
        return rv;
    }
    disco__queue_foreach(&batch->tasks, node, after)
    {
        task_at(node)->batch = batch;
        task_at(node)->leased->sent = true;
    }
    return 0;
}

int disco__v3_batch_send(disco__v3_lease_t *lease, disco__queue_t *tasks, size_t most)
{
    int rv = 0;

    while (rv == 0 && !disco__queue_empty(tasks))
        rv = send_one(lease, tasks, most);
    return rv;
}
