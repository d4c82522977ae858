#include "base/buffer.h"

#include <stdbool.h>
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"

void disco__buffer_init(disco__buffer_t *buffer)
{
    disco__buffer_init_limited(buffer, 0);
}

void disco__buffer_init_limited(disco__buffer_t *buffer, size_t limit)
{
    memset(buffer, 0, sizeof *buffer);
    buffer->limit = limit;
}

void disco__buffer_free(disco__buffer_t *buffer)
{
    disco__free(buffer->bytes);
    disco__buffer_init_limited(buffer, buffer->limit);
}

void disco__buffer_free_secret(disco__buffer_t *buffer)
{
    if (buffer->bytes != NULL)
        disco__wipe(buffer->bytes, buffer->capacity);
    disco__buffer_free(buffer);
}

void disco__buffer_clear(disco__buffer_t *buffer)
{
    buffer->size = 0;
    buffer->error = 0;
    if (buffer->bytes != NULL)
        buffer->bytes[0] = '\0';
}

void disco__buffer_reuse(disco__buffer_t *buffer, size_t most)
{
    if (buffer->capacity > most) {
        disco__buffer_free_secret(buffer);
        return;
    }
    if (buffer->bytes != NULL)
        disco__wipe(buffer->bytes, buffer->capacity);
    disco__buffer_clear(buffer);
}

int disco__buffer_reserve(disco__buffer_t *buffer, size_t more)
{
    size_t needed;
    size_t capacity;
    char *bytes;

    if (buffer->error != 0)
        return buffer->error;
    if (!disco__size_add(buffer->size, more, &needed) ||
        (buffer->limit > 0 && needed > buffer->limit))
        return buffer->error = DISCO_ETOOLARGE;
    if (buffer->bytes != NULL && needed < buffer->capacity)
        return 0;
    if (!disco__size_add(needed, 1, &needed))
        return buffer->error = DISCO_ETOOLARGE;
    capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed) {
        if (!disco__size_mul(capacity, 2, &capacity))
            return buffer->error = DISCO_ETOOLARGE;
    }
    bytes = disco__realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return buffer->error = UV_ENOMEM;
    bytes[buffer->size] = '\0';
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 0;
}

int disco__buffer_append_slowly(disco__buffer_t *buffer, const void *bytes, size_t size)
{
    int rv = disco__buffer_reserve(buffer, size);

    if (rv != 0)
        return rv;
    if (size > 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = '\0';
    return 0;
}

int disco__buffer_append_secret(disco__buffer_t *buffer, const void *bytes, size_t size)
{
    disco__buffer_t grown = *buffer;

    if (buffer->bytes != NULL && size >= buffer->capacity - buffer->size) {
        grown.bytes = NULL;
        if (disco__buffer_reserve(&grown, size) != 0)
            return buffer->error = grown.error;
        memcpy(grown.bytes, buffer->bytes, buffer->size);
        disco__buffer_free_secret(buffer);
        *buffer = grown;
    }
    return disco__buffer_append(buffer, bytes, size);
}

int disco__buffer_append_number(disco__buffer_t *buffer, uint64_t number)
{
    char digits[20];
    size_t first = sizeof digits;

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return disco__buffer_append(buffer, digits + first, sizeof digits - first);
}

/* One bit for each byte that is: "-.0123456789"; letters and '_'; letters and '~'. */
static const uint32_t unreserved[8] = {0, 0x03ff6000, 0x87fffffe, 0x47fffffe, 0, 0, 0, 0};

static bool is_unreserved(unsigned char c)
{
    return (unreserved[c / 32] >> c % 32 & 1) != 0;
}

int disco__buffer_append_encoded(disco__buffer_t *buffer, const char *text, size_t size,
                                 const char *keep)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t run = 0; /* where bytes begin that stay as they are */
    size_t i;

    for (i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        char encoded[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (is_unreserved(c) || (c != '\0' && strchr(keep, c) != NULL))
            continue;
        disco__buffer_append(buffer, text + run, i - run);
        disco__buffer_append(buffer, encoded, sizeof encoded);
        run = i + 1;
    }
    return disco__buffer_append(buffer, text + run, size - run);
}

void disco__buffer_consume(disco__buffer_t *buffer, size_t size)
{
    if (size == 0)
        return;
    buffer->size -= size;
    memmove(buffer->bytes, buffer->bytes + size, buffer->size + 1);
}

const char *disco__buffer_text(const disco__buffer_t *buffer)
{
    return buffer->bytes != NULL ? buffer->bytes : "";
}

void disco__buffer_move(disco__buffer_t *from, disco__buffer_t *to)
{
    disco__buffer_free(to);
    *to = *from;
    disco__buffer_init_limited(from, to->limit);
}
