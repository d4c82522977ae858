/* Keys kept as they come, for those who want them all at once. */
#ifndef DISCO_ETCD_COLLECT_H
#define DISCO_ETCD_COLLECT_H

#include "base/arena.h"
#include "etcd/store.h"

typedef struct disco__collect_s {
    disco__taker_t taker; /* to be given to whoever reads the answer */
    disco__arena_t texts;
    disco_kv_t *entries;
    size_t count;
    size_t capacity;
} disco__collect_t;

/* The struct must stay where it is. */
void disco__collect_init(disco__collect_t *collect);
void disco__collect_free(disco__collect_t *collect);

/* The one that came last goes before all others. */
void disco__collect_put_last_first(disco__collect_t *collect);

/* Moves what was collected to another one, which was not initialised. */
void disco__collect_move(disco__collect_t *from, disco__collect_t *to);

#endif
