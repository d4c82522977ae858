/* Calls put off to a later turn of the loop, where no frame of the library is on the stack any
 * more: for results that are known at once, for cancellations, and for freeing what may still be in
 * use further up the stack. */
#ifndef DISCO_BASE_TICK_H
#define DISCO_BASE_TICK_H

#include "base/loop.h"

typedef struct disco__tick_s {
    disco__queue_t node;
    void (*run)(struct disco__tick_s *tick);
} disco__tick_t;

void disco__tick_init(disco__tick_t *tick, void (*run)(disco__tick_t *tick));

/* Runs once, in the order of scheduling; nothing happens when it is scheduled already. Keeps the
 * loop alive. */
void disco__tick_schedule(disco__loop_t *loop, disco__tick_t *tick);

/* Nothing happens when it is not scheduled. */
void disco__tick_cancel(disco__loop_t *loop, disco__tick_t *tick);

static inline bool disco__tick_scheduled(const disco__tick_t *tick)
{
    return disco__queue_linked(&tick->node);
}

#endif
