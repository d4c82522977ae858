#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include <uvdisco/client.h>

/* The only mutable global state of the library. */
static struct {
    disco_malloc_cb malloc_cb;
    disco_realloc_cb realloc_cb;
    disco_calloc_cb calloc_cb;
    disco_free_cb free_cb;
} hooks = {malloc, realloc, calloc, free};

int disco_replace_allocator(disco_malloc_cb malloc_cb, disco_realloc_cb realloc_cb,
                            disco_calloc_cb calloc_cb, disco_free_cb free_cb)
{
    if (malloc_cb == NULL || realloc_cb == NULL || calloc_cb == NULL || free_cb == NULL)
        return UV_EINVAL;
    hooks.malloc_cb = malloc_cb;
    hooks.realloc_cb = realloc_cb;
    hooks.calloc_cb = calloc_cb;
    hooks.free_cb = free_cb;
    return 0;
}

void *disco__malloc(size_t size)
{
    return hooks.malloc_cb(size > 0 ? size : 1);
}

void *disco__calloc(size_t count, size_t size)
{
    size_t total;

    if (!disco__size_mul(count, size, &total))
        return NULL;
    return total > 0 ? hooks.calloc_cb(count, size) : hooks.calloc_cb(1, 1);
}

void *disco__realloc(void *block, size_t size)
{
    return hooks.realloc_cb(block, size > 0 ? size : 1);
}

void disco__free(void *block)
{
    if (block != NULL)
        hooks.free_cb(block);
}

char *disco__strndup(const char *text, size_t size)
{
    size_t total;
    char *copy;

    if (!disco__size_add(size, 1, &total))
        return NULL;
    copy = disco__malloc(total);
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *disco__strdup(const char *text)
{
    return disco__strndup(text, strlen(text));
}

/* Called through a pointer that may have changed for all the compiler knows, so that it cannot see
 * that what is written is never read. */
static void *(*const volatile set_memory)(void *, int, size_t) = memset;

void disco__wipe(void *memory, size_t size)
{
    if (size > 0)
        (void)set_memory(memory, 0, size);
}

void disco__free_secret(char *text)
{
    if (text == NULL)
        return;
    disco__wipe(text, strlen(text));
    disco__free(text);
}

int disco__size_add(size_t a, size_t b, size_t *sum)
{
    if (a > SIZE_MAX - b)
        return 0;
    *sum = a + b;
    return 1;
}

int disco__size_mul(size_t a, size_t b, size_t *product)
{
    if (b != 0 && a > SIZE_MAX / b)
        return 0;
    *product = a * b;
    return 1;
}
