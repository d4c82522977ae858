#include "support/secrets.h"

#include <stdlib.h>

#include <cjson/cJSON.h>
#include <uvdisco/client.h>

#include "support/test.h"

/* Before each block; as large as what malloc() aligns to. */
typedef union header_u {
    size_t size;
    max_align_t alignment;
} header_t;

static struct {
    const char *secret;
    size_t found;
    size_t live;
} watch;

static void search(const char *block, size_t size)
{
    size_t length = strlen(watch.secret);
    size_t i;

    for (i = 0; i + length <= size; i++) {
        if (memcmp(block + i, watch.secret, length) == 0) {
            watch.found++;
            return;
        }
    }
}

static void *watched_calloc(size_t count, size_t size)
{
    header_t *header = calloc(1, sizeof *header + count * size);

    if (header == NULL)
        return NULL;
    header->size = count * size;
    watch.live++;
    return header + 1;
}

static void *watched_malloc(size_t size)
{
    return watched_calloc(1, size);
}

static void watched_free(void *block)
{
    header_t *header = block;

    if (block == NULL)
        return;
    header--;
    search(block, header->size);
    watch.live--;
    free(header);
}

static void *watched_realloc(void *block, size_t size)
{
    void *moved = watched_malloc(size);
    size_t before;

    if (block == NULL || moved == NULL)
        return moved;
    before = ((header_t *)block - 1)->size;
    memcpy(moved, block, before < size ? before : size);
    watched_free(block);
    return moved;
}

void secrets_watch_begin(const char *secret)
{
    cJSON_Hooks hooks = {watched_malloc, watched_free};

    assert_int(heap_live(), 0);
    watch.secret = secret;
    watch.found = 0;
    watch.live = 0;
    assert_status(
        disco_replace_allocator(watched_malloc, watched_realloc, watched_calloc, watched_free), 0);
    cJSON_InitHooks(&hooks);
}

size_t secrets_watch_end(void)
{
    assert_int(watch.live, 0);
    heap_install();
    return watch.found;
}
