/* A growable run of bytes, with a NUL always kept behind the last. The first allocation that fails,
 * or the first byte over the limit, marks the buffer: later appends do nothing, and the error is
 * asked for once, at the end. */
#ifndef DISCO_BASE_BUFFER_H
#define DISCO_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct disco__buffer_s {
    char *bytes; /* NULL while empty and unreserved */
    size_t size;
    size_t capacity;
    size_t limit; /* most bytes; 0: none */
    int error;    /* 0, UV_ENOMEM, or DISCO_ETOOLARGE */
} disco__buffer_t;

void disco__buffer_init(disco__buffer_t *buffer);
void disco__buffer_init_limited(disco__buffer_t *buffer, size_t limit);

/* Frees the bytes; the buffer is as after init, its limit kept. */
void disco__buffer_free(disco__buffer_t *buffer);

/* The same, wiping first. Growing wipes nothing that was left behind: reserve first where that
 * matters, or append by disco__buffer_append_secret(). */
void disco__buffer_free_secret(disco__buffer_t *buffer);

/* Forgets the bytes but keeps the memory; clears the error. */
void disco__buffer_clear(disco__buffer_t *buffer);

/* The same, wiping first; more than `most` bytes of memory are freed. */
void disco__buffer_reuse(disco__buffer_t *buffer, size_t most);

/* Each gives 0 or the error that the buffer is marked with. */
int disco__buffer_reserve(disco__buffer_t *buffer, size_t more);
int disco__buffer_append_slowly(disco__buffer_t *buffer, const void *bytes, size_t size);

/* Inline, since most appends find room, and many append a few bytes. */
static inline int disco__buffer_append(disco__buffer_t *buffer, const void *bytes, size_t size)
{
    if (buffer->error != 0 || buffer->limit > 0 || buffer->bytes == NULL || size == 0 ||
        size >= buffer->capacity - buffer->size)
        return disco__buffer_append_slowly(buffer, bytes, size);
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
    return 0;
}

/* Wipes what growing leaves behind. */
int disco__buffer_append_secret(disco__buffer_t *buffer, const void *bytes, size_t size);

static inline int disco__buffer_append_text(disco__buffer_t *buffer, const char *text)
{
    return disco__buffer_append(buffer, text, strlen(text));
}

static inline int disco__buffer_append_char(disco__buffer_t *buffer, char c)
{
    return disco__buffer_append(buffer, &c, 1);
}

int disco__buffer_append_number(disco__buffer_t *buffer, uint64_t number);
/* Appends with every byte percent-encoded that is not unreserved (RFC 3986, section 2.3) and not in
 * keep. */
int disco__buffer_append_encoded(disco__buffer_t *buffer, const char *text, size_t size,
                                 const char *keep);

/* Drops the first bytes. size must not be over buffer->size. */
void disco__buffer_consume(disco__buffer_t *buffer, size_t size);

/* The bytes as a string; "" for an empty buffer. */
const char *disco__buffer_text(const disco__buffer_t *buffer);

/* Moves the content to another, initialised and empty, buffer. */
void disco__buffer_move(disco__buffer_t *from, disco__buffer_t *to);

#endif
