#include "base/arena.h"

#include <string.h>

#include "base/alloc.h"

/* A block is a quarter of what there is already, within these: small arenas stay small, and of
 * large ones little is left over. */
#define LEAST_BLOCK 1024
#define MOST_BLOCK DISCO__SPARE_SIZE
#define ALIGNMENT sizeof(uint64_t)

typedef struct disco__arena_block_s {
    struct disco__arena_block_s *next;
    disco__arena_t *arena;
    uint64_t size; /* with this head, which ends aligned */
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
        size_t size = (size_t)block->size;

        disco__wipe(block, size);
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
    block->arena = arena;
    block->size = size;
    arena->blocks = block;
    arena->at = (char *)(block + 1);
    arena->end = (char *)block + size;
    arena->size += size;
    return 1;
}

static size_t left(const disco__arena_t *arena)
{
    return (size_t)(arena->end - arena->at);
}

char *disco__arena_take_text(disco__arena_t *arena, size_t size)
{
    if ((arena->blocks == NULL || size > left(arena)) && !add_block(arena, size))
        return NULL;
    arena->end -= size;
    return arena->end;
}

void *disco__arena_take(disco__arena_t *arena, size_t size)
{
    char *piece;

    if (!disco__size_add(size, ALIGNMENT - 1, &size))
        return NULL;
    size -= size % ALIGNMENT;
    if (size > left(arena) && !add_block(arena, size))
        return NULL;
    piece = arena->at;
    arena->at += size;
    return piece;
}

uint32_t disco__arena_place(const disco__arena_t *arena, const void *piece)
{
    /* What is larger than a block is alone in one, right behind its head. */
    return (uint32_t)((const char *)piece - (const char *)arena->blocks);
}

disco__arena_t *disco__arena_of(const void *piece, uint32_t place)
{
    const block_t *block = (const void *)((const char *)piece - place);

    return block->arena;
}
