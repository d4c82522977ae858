/* When the next heartbeat is due, and when the last one was too long ago.
 *
 * Happy path: acknowledged, a third of the time to live passes (a little less where that lets it be
 * sent together with others), beat is called, the owner sends one and says that it was
 * acknowledged. Failure modes: a heartbeat that fails is the owner's to repeat; when the whole time
 * to live has passed since the last acknowledged one was sent, overdue is called, once until the
 * next acknowledgement. A loop that was blocked, or a machine that slept, comes to this too: timers
 * count the sleep. */
#ifndef DISCO_ETCD_HEARTBEAT_H
#define DISCO_ETCD_HEARTBEAT_H

#include "base/loop.h"
#include "base/timer.h"

typedef struct disco__heartbeat_s disco__heartbeat_t;

struct disco__heartbeat_s {
    disco__loop_t *loop;
    uint64_t ttl_ms; /* may be changed by the owner; counts from the next acknowledgement on */
    /* From the loop. In both the heartbeat may be stopped. */
    void (*beat)(disco__heartbeat_t *heartbeat);
    void (*overdue)(disco__heartbeat_t *heartbeat);
    disco__timer_t timer; /* for whichever is due first */
    uint64_t next_ms;     /* UINT64_MAX: never */
    uint64_t end_ms;
};

void disco__heartbeat_init(disco__heartbeat_t *heartbeat, disco__loop_t *loop, uint64_t ttl_ms,
                           void (*beat)(disco__heartbeat_t *heartbeat),
                           void (*overdue)(disco__heartbeat_t *heartbeat));

/* etcd had the key, with its whole time to live from when the request was sent (disco__now()). */
void disco__heartbeat_acknowledged(disco__heartbeat_t *heartbeat, uint64_t sent_ms);

/* The next one after so long, whatever was planned. */
void disco__heartbeat_again(disco__heartbeat_t *heartbeat, uint64_t wait_ms);

/* Neither is called any more. Harmless when it does not run. */
void disco__heartbeat_stop(disco__heartbeat_t *heartbeat);

/* How long one attempt at a heartbeat may take: some must fit into the time to live. most_ms: the
 * client's limit of an attempt. */
uint32_t disco__heartbeat_attempt_ms(uint64_t ttl_ms, uint32_t most_ms);

#endif
