/* Blocks of one size that were given back and may soon be wanted again. Without them, large
 * snapshots that come and go make the C library return memory to the system and fetch it again,
 * page by page. What was not wanted for a while is freed. */
#ifndef DISCO_BASE_SPARES_H
#define DISCO_BASE_SPARES_H

#include "base/loop.h"
#include "base/timer.h"

#define DISCO__SPARE_SIZE 16384

/* Counted: what was made from its blocks may outlive the client. */
typedef struct disco__spares_s {
    disco__loop_t *loop; /* NULL once closed: nothing is kept any more */
    size_t references;
    struct disco__spare_s *first;
    size_t count;
    size_t unused; /* the fewest that were there since the timer was started */
    disco__timer_t timer;
} disco__spares_t;

/* NULL when memory is short. */
disco__spares_t *disco__spares_new(disco__loop_t *loop);
/* The owner's, before its loop is closed; NULL allowed. */
void disco__spares_close(disco__spares_t *spares);

/* NULL stays NULL. */
disco__spares_t *disco__spares_ref(disco__spares_t *spares);
void disco__spares_unref(disco__spares_t *spares);

/* A block of DISCO__SPARE_SIZE; NULL when memory is short. */
void *disco__spares_take(disco__spares_t *spares);
/* Wiped before. */
void disco__spares_give(disco__spares_t *spares, void *block);

#endif
