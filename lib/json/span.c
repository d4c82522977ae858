/* Texts that a scanner found: what they stand for. */
#include "base/text.h"
#include "json/code.h"
#include "json/scan.h"

static size_t write_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static char meaning_of(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* Behind the backslash of an escape that was checked. */
static const char *unescape_one(const char *at, char **to)
{
    uint32_t code;

    if (*at != 'u') {
        *(*to)++ = meaning_of(*at);
        return at + 1;
    }
    code = (uint32_t)disco__json_code(at + 1);
    at += 5;
    if (disco__is_high_surrogate((int)code)) {
        uint32_t low = (uint32_t)disco__json_code(at + 2);

        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
    }
    *to += write_utf8(*to, code);
    return at;
}

size_t disco__json_unescape(char *to, const disco__span_t *span)
{
    const char *at = span->bytes;
    const char *end = at + span->size;
    char *first = to;

    while (at < end) {
        const char *stop = memchr(at, '\\', (size_t)(end - at));
        size_t size = (size_t)((stop != NULL ? stop : end) - at);

        memmove(to, at, size);
        to += size;
        at += size;
        if (stop != NULL)
            at = unescape_one(at + 1, &to);
    }
    return (size_t)(to - first);
}

static bool matches(const disco__span_t *span, const disco__name_t *name)
{
    char plain[256]; /* six bytes, which an escape can take, for each of the longest name */
    size_t size;

    if (!span->escaped)
        return span->size == name->size &&
               disco__text_equal_ignoring_case(span->bytes, span->size, name->text);
    if (span->size > sizeof plain)
        return false;
    size = disco__json_unescape(plain, span);
    return disco__text_equal_ignoring_case(plain, size, name->text);
}

size_t disco__span_which(const disco__span_t *span, const disco__name_t *names, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (span->size == names[i].size && memcmp(span->bytes, names[i].text, span->size) == 0)
            return i;
    }
    for (i = 0; i < count; i++) {
        if (matches(span, &names[i]))
            return i;
    }
    return count;
}
