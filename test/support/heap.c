/* The counters are atomic: libuv's pool of threads may allocate. */
#include "support/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <uvdisco/client.h>

enum { OWNER_DISCO, OWNER_UV, OWNER_JSON, OWNER_COUNT };

static atomic_size_t live[OWNER_COUNT];
static atomic_size_t allocations;
static atomic_size_t until_failure; /* 0: none will fail */
static atomic_bool failing_on;
static atomic_bool failed;
static atomic_int spared;

static bool must_fail(void)
{
    size_t left;

    if (atomic_load(&spared) > 0)
        return false;
    atomic_fetch_add(&allocations, 1);
    left = atomic_load(&until_failure);
    if (left == 0)
        return false;
    if (left > 1) {
        atomic_store(&until_failure, left - 1);
        return false;
    }
    if (!atomic_load(&failing_on))
        atomic_store(&until_failure, 0);
    atomic_store(&failed, true);
    return true;
}

static void *counted_calloc(int owner, size_t count, size_t size)
{
    void *block = must_fail() ? NULL : calloc(count, size);

    if (block != NULL)
        atomic_fetch_add(&live[owner], 1);
    return block;
}

static void *counted_malloc(int owner, size_t size)
{
    void *block = must_fail() ? NULL : malloc(size);

    if (block != NULL)
        atomic_fetch_add(&live[owner], 1);
    return block;
}

static void counted_free(int owner, void *block)
{
    if (block == NULL)
        return;
    atomic_fetch_sub(&live[owner], 1);
    free(block);
}

static void *counted_realloc(int owner, void *block, size_t size)
{
    void *moved;

    if (block == NULL)
        return counted_malloc(owner, size);
    if (size == 0) {
        counted_free(owner, block);
        return NULL;
    }
    moved = must_fail() ? NULL : realloc(block, size);
    return moved;
}

#define HOOKS(prefix, owner)                                                                       \
    static void *prefix##_malloc(size_t size)                                                      \
    {                                                                                              \
        return counted_malloc(owner, size);                                                        \
    }                                                                                              \
    static void prefix##_free(void *block)                                                         \
    {                                                                                              \
        counted_free(owner, block);                                                                \
    }
#define MORE_HOOKS(prefix, owner)                                                                  \
    static void *prefix##_realloc(void *block, size_t size)                                        \
    {                                                                                              \
        return counted_realloc(owner, block, size);                                                \
    }                                                                                              \
    static void *prefix##_calloc(size_t count, size_t size)                                        \
    {                                                                                              \
        return counted_calloc(owner, count, size);                                                 \
    }

HOOKS(disco, OWNER_DISCO)
MORE_HOOKS(disco, OWNER_DISCO)
HOOKS(uv, OWNER_UV)
MORE_HOOKS(uv, OWNER_UV)
HOOKS(json, OWNER_JSON)

void heap_install(void)
{
    cJSON_Hooks hooks = {json_malloc, json_free};

    if (disco_replace_allocator(disco_malloc, disco_realloc, disco_calloc, disco_free) != 0 ||
        uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, uv_free) != 0)
        abort();
    cJSON_InitHooks(&hooks);
}

size_t heap_live(void)
{
    size_t sum = 0;
    int owner;

    for (owner = 0; owner < OWNER_COUNT; owner++)
        sum += atomic_load(&live[owner]);
    return sum;
}

size_t heap_count(void)
{
    return atomic_load(&allocations);
}

const char *heap_describe(void)
{
    static char text[128];

    (void)snprintf(text, sizeof text, "uvdisco %zu, libuv %zu, cJSON %zu",
                   atomic_load(&live[OWNER_DISCO]), atomic_load(&live[OWNER_UV]),
                   atomic_load(&live[OWNER_JSON]));
    return text;
}

void heap_fail_at(size_t n)
{
    atomic_store(&failed, false);
    atomic_store(&failing_on, false);
    atomic_store(&until_failure, n);
}

void heap_fail_from(size_t n)
{
    atomic_store(&failed, false);
    atomic_store(&failing_on, true);
    atomic_store(&until_failure, n);
}

void heap_fail_never(void)
{
    atomic_store(&until_failure, 0);
}

bool heap_has_failed(void)
{
    return atomic_load(&failed);
}

void heap_spare_begin(void)
{
    atomic_fetch_add(&spared, 1);
}

void heap_spare_end(void)
{
    atomic_fetch_sub(&spared, 1);
}

static void sweep_with(void (*fail_nth)(size_t n), void (*scenario)(void *data), void *data)
{
    size_t n = 0;
    size_t before = heap_live();

    do {
        fail_nth(++n);
        scenario(data);
        heap_fail_never();
        if (heap_live() != before)
            fail_msg("with allocation %zu failing, blocks left over: %s", n, heap_describe());
    } while (heap_has_failed());
}

void heap_sweep(void (*scenario)(void *data), void *data)
{
    sweep_with(heap_fail_at, scenario, data);
    sweep_with(heap_fail_from, scenario, data);
}
