/* Every byte that the library itself allocates comes from here, and so from the hooks that
 * disco_replace_allocator() sets. libuv, mbedTLS and cJSON have hooks of their own. */
#ifndef DISCO_BASE_ALLOC_H
#define DISCO_BASE_ALLOC_H

#include <stddef.h>

/* NULL when memory is short, as their namesakes; a size of 0 gives a valid block of one byte. */
void *disco__malloc(size_t size);
void *disco__calloc(size_t count, size_t size);
void *disco__realloc(void *block, size_t size);
void disco__free(void *block);

/* A copy with a NUL behind it; NULL when memory is short. text may be NULL only with size 0. */
char *disco__strndup(const char *text, size_t size);
char *disco__strdup(const char *text);

/* Overwrites memory in a way that the compiler does not optimise away. */
void disco__wipe(void *memory, size_t size);

/* Wipes a string and frees it; NULL allowed. For passwords, keys and what was built from them. */
void disco__free_secret(char *text);

/* *sum = a + b, *product = a * b; false when the result does not fit in a size_t. */
int disco__size_add(size_t a, size_t b, size_t *sum);
int disco__size_mul(size_t a, size_t b, size_t *product);

/* The struct of which pointer points at the given member. */
#define disco__container_of(pointer, type, member)                                                 \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
