#include "etcd/turns.h"

static bool is_free(const disco__turns_t *turns)
{
    return turns->troubled || turns->taken < turns->most;
}

static void take(disco__turns_t *turns, disco__turn_t *turn)
{
    turn->taken = true;
    turns->taken++;
}

static void give(disco__turns_t *turns, disco__turn_t *turn)
{
    disco__queue_remove(&turn->node);
    if (turn->taken)
        turns->taken--;
    turn->taken = false;
}

/* Whoever gives the turn back inside begin comes here again: the loop goes on for it. */
static void begin_waiting(disco__turns_t *turns)
{
    disco__queue_t *node;

    if (turns->beginning)
        return;
    turns->beginning = true;
    while (is_free(turns) && (node = disco__queue_first(&turns->waiting)) != NULL) {
        disco__turn_t *turn = disco__queue_data(node, disco__turn_t, node);

        disco__queue_remove(node);
        take(turns, turn);
        turns->begin(turn);
    }
    turns->beginning = false;
}

void disco__turns_init(disco__turns_t *turns, size_t most, void (*begin)(disco__turn_t *turn))
{
    disco__queue_init(&turns->waiting);
    turns->taken = 0;
    turns->most = most;
    turns->troubled = false;
    turns->beginning = false;
    turns->begin = begin;
}

void disco__turn_init(disco__turn_t *turn)
{
    disco__queue_init(&turn->node);
    turn->taken = false;
}

bool disco__turn_take(disco__turns_t *turns, disco__turn_t *turn)
{
    if (!is_free(turns)) {
        disco__queue_push(&turns->waiting, &turn->node);
        return false;
    }
    take(turns, turn);
    return true;
}

void disco__turn_give(disco__turns_t *turns, disco__turn_t *turn)
{
    give(turns, turn);
    begin_waiting(turns);
}

void disco__turn_goes_badly(disco__turns_t *turns, disco__turn_t *turn)
{
    turns->troubled = true;
    disco__turn_give(turns, turn);
}

void disco__turns_go_well(disco__turns_t *turns)
{
    turns->troubled = false;
}
