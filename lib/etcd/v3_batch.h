/* Writes, or removals, of leased keys in one transaction. */
#ifndef DISCO_ETCD_V3_BATCH_H
#define DISCO_ETCD_V3_BATCH_H

#include "etcd/v3_lease.h"

struct disco__v3_batch_s {
    disco__v3_lease_t *lease;
    disco__loop_t *loop;
    disco__call_t call;
    disco__tick_t tick; /* frees it */
    uint64_t id;        /* of etcd's lease */
    bool removes;
    disco__queue_t tasks;
    size_t count;           /* so many, wherever they are listed now */
    disco__queue_t waiting; /* removals of keys whose write is in it */
    size_t besides;
    bool stale; /* the request holds a task that has left */
    bool telling;
    bool over;
};

/* Sends all tasks of a list of the lease's, in as many transactions as it takes; what cannot be
 * sent for lack of memory is left in the list. most: in one transaction. */
int disco__v3_batch_send(disco__v3_lease_t *lease, disco__queue_t *tasks, size_t most);

#define DISCO__V3_BATCH_MOST 120

/* A task that is in a batch, or waits for one, leaves it. The batch may be gone then. */
void disco__v3_batch_leave(disco__v3_task_t *task);

/* A removal waits until the attempt that may be under way is over. */
void disco__v3_batch_await(disco__v3_batch_t *batch, disco__v3_task_t *removal);

/* v3_batch_json.c: the request, with a place for each task; and what the answer says of the tasks,
 * which are in the order of their places. What cannot be read is the call's failure. */
void disco__v3_batch_write(disco__v3_batch_t *batch);
void disco__v3_batch_read(disco__call_t *call, disco__queue_t *tasks);

#endif
