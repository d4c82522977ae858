/* The codes of \uXXXX. */
#ifndef DISCO_JSON_CODE_H
#define DISCO_JSON_CODE_H

#include <stdbool.h>

/* -1: it is none. */
static inline int disco__hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The four digits of \uXXXX at `at`, -1 when they are none. */
static inline int disco__json_code(const char *at)
{
    int code = 0;
    int i;

    for (i = 0; i < 4; i++) {
        int digit = disco__hex_digit(at[i]);

        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

static inline bool disco__is_high_surrogate(int code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static inline bool disco__is_low_surrogate(int code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

#endif
