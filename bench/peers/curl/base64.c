#include "base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NONE 64

void base64_encode(const char *text, char *out)
{
    size_t size = strlen(text);
    size_t i;

    for (i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)(unsigned char)text[i] << 16;

        if (i + 1 < size)
            three |= (uint32_t)(unsigned char)text[i + 1] << 8;
        if (i + 2 < size)
            three |= (unsigned char)text[i + 2];
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[three & 63] : '=';
    }
    *out = '\0';
}

static const uint8_t *values(void)
{
    static uint8_t table[256];
    uint8_t i;

    if (table['B'] == 1)
        return table;
    memset(table, NONE, sizeof table);
    for (i = 0; i < 64; i++)
        table[(unsigned char)digits[i]] = i;
    return table;
}

long base64_decode(char *text)
{
    const uint8_t *table = values();
    const unsigned char *in = (const unsigned char *)text;
    size_t size = strlen(text);
    char *out = text;
    uint32_t bad = 0;
    size_t padding = 0;
    size_t i;

    if (size % 4 != 0)
        return -1;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        text[size - 1 - padding++] = 'A';
    for (i = 0; i < size; i += 4) {
        uint32_t a = table[in[i]];
        uint32_t b = table[in[i + 1]];
        uint32_t c = table[in[i + 2]];
        uint32_t d = table[in[i + 3]];
        uint32_t three = a << 18 | b << 12 | c << 6 | d;

        bad |= (a | b | c | d) & NONE;
        *out++ = (char)(three >> 16 & 255);
        *out++ = (char)(three >> 8 & 255);
        *out++ = (char)(three & 255);
    }
    if (bad != 0)
        return -1;
    out -= padding;
    *out = '\0';
    return (long)(out - text);
}
