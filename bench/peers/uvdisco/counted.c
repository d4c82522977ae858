#include "counted.h"

#include <malloc.h>
#include <stdlib.h>

#include "cases.h"

static uint64_t bytes;
static uint64_t allocations;

static void *count(void *block)
{
    if (block != NULL) {
        bytes += malloc_usable_size(block);
        allocations++;
    }
    return block;
}

static void *counted_malloc(size_t size)
{
    return count(malloc(size));
}

static void *counted_calloc(size_t many, size_t size)
{
    return count(calloc(many, size));
}

static void *counted_realloc(void *block, size_t size)
{
    uint64_t before = malloc_usable_size(block);
    void *moved = realloc(block, size);

    if (moved != NULL)
        bytes -= before;
    return count(moved);
}

static void counted_free(void *block)
{
    bytes -= malloc_usable_size(block);
    free(block);
}

void counted_begin(void)
{
    bench_check(
        disco_replace_allocator(counted_malloc, counted_realloc, counted_calloc, counted_free),
        "allocator");
}

uint64_t counted_bytes(void)
{
    return bytes;
}

uint64_t counted_allocations(void)
{
    return allocations;
}
