/* Intrusive circular doubly linked list. A node that is in no list is linked to itself, so that
 * removing it again is harmless. */
#ifndef DISCO_BASE_QUEUE_H
#define DISCO_BASE_QUEUE_H

#include <stdbool.h>

#include "base/alloc.h"

typedef struct disco__queue_s {
    struct disco__queue_s *next;
    struct disco__queue_s *previous;
} disco__queue_t;

static inline void disco__queue_init(disco__queue_t *node)
{
    node->next = node;
    node->previous = node;
}

static inline bool disco__queue_empty(const disco__queue_t *list)
{
    return list->next == list;
}

/* True while the node is in a list. */
static inline bool disco__queue_linked(const disco__queue_t *node)
{
    return node->next != node;
}

static inline void disco__queue_push(disco__queue_t *list, disco__queue_t *node)
{
    node->next = list;
    node->previous = list->previous;
    list->previous->next = node;
    list->previous = node;
}

static inline void disco__queue_push_front(disco__queue_t *list, disco__queue_t *node)
{
    disco__queue_push(list->next, node);
}

static inline void disco__queue_remove(disco__queue_t *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    disco__queue_init(node);
}

/* Moves all nodes of one list to the end of another; the first is empty then. */
static inline void disco__queue_move(disco__queue_t *from, disco__queue_t *to)
{
    if (disco__queue_empty(from))
        return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    disco__queue_init(from);
}

/* The first node, or NULL. */
static inline disco__queue_t *disco__queue_first(const disco__queue_t *list)
{
    return disco__queue_empty(list) ? NULL : list->next;
}

#define disco__queue_data(node, type, member) disco__container_of(node, type, member)

/* Walks a list whose current node may be removed (but no other). */
#define disco__queue_foreach(list, node, after)                                                    \
    for ((node) = (list)->next, (after) = (node)->next; (node) != (list);                          \
         (node) = (after), (after) = (node)->next)

#endif
