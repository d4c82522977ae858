/* Memory that is given out piece by piece and given back all at once: for what is made together and
 * goes together. It comes in a few large blocks, so that a piece costs an addition. */
#ifndef DISCO_BASE_ARENA_H
#define DISCO_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/spares.h"

typedef struct disco__arena_s {
    struct disco__arena_block_s *blocks; /* the one in use first */
    char *at;                            /* what is left of it: structs are put in front, */
    char *end;                           /* and texts behind, so that nothing is lost between */
    size_t size;                         /* of all blocks */
    disco__spares_t *spares; /* where blocks come from and go to; NULL: the hooks alone */
} disco__arena_t;

/* spares: kept until the arena is freed; NULL allowed. */
void disco__arena_init(disco__arena_t *arena, disco__spares_t *spares);
/* Wipes, since credentials may be in it. As after init without spares. */
void disco__arena_free(disco__arena_t *arena);

/* Aligned for pointers and 64-bit numbers; not cleared. NULL when memory is short. */
void *disco__arena_take(disco__arena_t *arena, size_t size);
/* The same without alignment, for text. */
char *disco__arena_take_text(disco__arena_t *arena, size_t size);

/* Where the piece that was taken last lies in its block; a multiple of eight for an aligned one.
 * From that, and the piece, its arena is found as long as it stays where it was when the piece was
 * taken. */
uint32_t disco__arena_place(const disco__arena_t *arena, const void *piece);
disco__arena_t *disco__arena_of(const void *piece, uint32_t place);

#endif
