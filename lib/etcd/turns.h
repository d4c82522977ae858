/* How many of a kind are under way at once: the others wait for their turn, first come first
 * served, so that many that are due together take neither memory for each nor all connections.
 *
 * Happy path: take, or wait until begin is called; give it back when it is over. Failure modes:
 * while there is trouble nobody waits, since what is under way may not end. */
#ifndef DISCO_ETCD_TURNS_H
#define DISCO_ETCD_TURNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/queue.h"

typedef struct disco__turn_s {
    disco__queue_t node;
    bool taken; /* and counted */
} disco__turn_t;

typedef struct disco__turns_s {
    disco__queue_t waiting;
    size_t taken;
    size_t most;
    bool troubled;
    bool beginning;
    /* The turn has come. Calls nobody of the user, but may give the turn back. */
    void (*begin)(disco__turn_t *turn);
} disco__turns_t;

void disco__turns_init(disco__turns_t *turns, size_t most, void (*begin)(disco__turn_t *turn));

void disco__turn_init(disco__turn_t *turn);

/* True: it has its turn now. False: begin is called later. */
bool disco__turn_take(disco__turns_t *turns, disco__turn_t *turn);

/* It is over, or not wanted any more; harmless when it has no turn and waits for none. Others begin
 * inside. */
void disco__turn_give(disco__turns_t *turns, disco__turn_t *turn);

/* It goes on, but badly, and is not counted any more. All that wait begin inside, and whoever comes
 * until disco__turns_go_well() need not wait. */
void disco__turn_goes_badly(disco__turns_t *turns, disco__turn_t *turn);

void disco__turns_go_well(disco__turns_t *turns);

#endif
