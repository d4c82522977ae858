#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

/* A block is a quarter of what there is already, within these: small arenas stay small, and of
 * large ones little is left over. */
#define LEAST_BLOCK 1024
#define MOST_BLOCK DISCO__SPARE_SIZE
#define ALIGNMENT sizeof(uint64_t)

typedef struct disco__arena_block_s {
    struct disco__arena_block_s *next;
    size_t size; /* with this head */
} block_t;

void disco__arena_init(disco__arena_t *arena, disco__spares_t *spares)
{
    memset(arena, 0, sizeof *arena);
    arena->spares = disco__spares_ref(spares);
}

static block_t *take_block(disco__arena_t *arena, size_t size)
{
    if (arena->spares != NULL && size == DISCO__SPARE_SIZE)
        return disco__spares_take(arena->spares);
    return disco__malloc(size);
}

static void give_block(disco__arena_t *arena, block_t *block, size_t size)
{
    if (arena->spares != NULL && size == DISCO__SPARE_SIZE)
        disco__spares_give(arena->spares, block);
    else
        disco__free(block);
}

void disco__arena_free(disco__arena_t *arena)
{
    block_t *block = arena->blocks;

    while (block != NULL) {
        block_t *next = block->next;
        size_t size = block->size;

        disco__wipe(block, block->size);
        give_block(arena, block, size);
        block = next;
    }
    disco__spares_unref(arena->spares);
    memset(arena, 0, sizeof *arena);
}

static int add_block(disco__arena_t *arena, size_t least)
{
    size_t size = arena->size / 4;
    block_t *block;

    if (size < LEAST_BLOCK)
        size = LEAST_BLOCK;
    if (size > MOST_BLOCK)
        size = MOST_BLOCK;
    if (!disco__size_add(least, sizeof *block, &least))
        return 0;
    if (size < least)
        size = least;
    block = take_block(arena, size);
    if (block == NULL)
        return 0;
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->at = (char *)(block + 1);
    arena->left = size - sizeof *block;
    arena->size += size;
    return 1;
}

char *disco__arena_take_text(disco__arena_t *arena, size_t size)
{
    char *piece;

    if (size > arena->left && !add_block(arena, size))
        return NULL;
    piece = arena->at;
    arena->at += size;
    arena->left -= size;
    return piece;
}

void *disco__arena_take(disco__arena_t *arena, size_t size)
{
    size_t over = (uintptr_t)arena->at % ALIGNMENT;
    size_t skipped = over > 0 ? ALIGNMENT - over : 0;

    if (skipped > arena->left) {
        arena->left = 0;
        skipped = 0;
    }
    if (size <= arena->left - skipped) {
        arena->at += skipped;
        arena->left -= skipped;
    } else {
        arena->left = 0; /* a new block is aligned from its beginning */
    }
    return disco__arena_take_text(arena, size);
}
