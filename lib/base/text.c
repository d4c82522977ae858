#include "base/text.h"

#include <string.h>

#include <uvdisco/error.h>

void disco__text_printable(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f)
            *text = '?';
    }
}

/* The length of the sequence that starts here, 0 when it is not well-formed. */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    size_t size;
    size_t i;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;

    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        size = 2;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        size = 3;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        size = 4;
    else
        return 0;
    if (size > left)
        return 0;
    if (at[0] == 0xe0)
        low = 0xa0;
    else if (at[0] == 0xed)
        high = 0x9f;
    else if (at[0] == 0xf0)
        low = 0x90;
    else if (at[0] == 0xf4)
        high = 0x8f;
    if (at[1] < low || at[1] > high)
        return 0;
    for (i = 2; i < size; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    }
    return size;
}

bool disco__text_is_utf8(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t step;

    while (size > 0) {
        step = utf8_sequence(at, size);
        if (step == 0)
            return false;
        at += step;
        size -= step;
    }
    return true;
}

const char *disco__text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void disco__text_copy(char *to, size_t room, const char *text)
{
    const char *end = memchr(text, '\0', room);
    size_t size = end != NULL ? (size_t)(end - text) : room - 1;

    memcpy(to, text, size);
    to[size] = '\0';
}

bool disco__text_equal(const char *a, const char *b)
{
    return strcmp(disco__text_or_empty(a), disco__text_or_empty(b)) == 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool disco__text_equal_ignoring_case(const char *a, size_t a_size, const char *b)
{
    size_t i;

    if (strlen(b) != a_size)
        return false;
    if (memcmp(a, b, a_size) == 0)
        return true; /* as nearly always */
    for (i = 0; i < a_size; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool disco__text_to_u64(const char *text, size_t size, uint64_t *number)
{
    uint64_t value = 0;
    size_t i;

    if (size == 0)
        return false;
    for (i = 0; i < size; i++) {
        uint64_t digit;

        if (text[i] < '0' || text[i] > '9')
            return false;
        digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}
