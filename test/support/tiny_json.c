#include "support/tiny_json.h"

#include <stdlib.h>

#include "support/scripted_internal.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        assert_int(*at != '\0', 1);
    }
    return at + 1;
}

/* What is behind a value. */
static const char *skip_value(const char *at)
{
    size_t depth = 0;

    if (*at != '{' && *at != '[')
        return *at == '"' ? skip_string(at) : at + strcspn(at, ",]} \t\r\n");
    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '\0')
            fail_msg("a request that ends in the middle");
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
    } while (depth > 0);
    return at;
}

tiny_json_t tiny_json_next(tiny_json_t value)
{
    const char *at = skip_space(skip_value(value));

    if (*at == ',')
        at = skip_space(at + 1);
    return *at == '\0' || *at == ']' || *at == '}' ? NULL : at;
}

tiny_json_t tiny_json_first(tiny_json_t array)
{
    const char *at = array != NULL ? skip_space(array + 1) : "]";

    return *at == ']' || *at == '}' ? NULL : at;
}

tiny_json_t tiny_json_member(tiny_json_t object, const char *name)
{
    tiny_json_t at;
    size_t size = strlen(name);

    for (at = tiny_json_first(object); at != NULL; at = tiny_json_next(at)) {
        bool is = strncmp(at + 1, name, size) == 0 && at[size + 1] == '"';

        assert_int(*at, '"');
        at = skip_space(skip_string(at));
        assert_int(*at, ':');
        at = skip_space(at + 1);
        if (is)
            return at;
    }
    return NULL;
}

bool tiny_json_is(tiny_json_t value, const char *text)
{
    return value != NULL && (size_t)(skip_value(value) - value) == strlen(text) &&
           strncmp(value, text, strlen(text)) == 0;
}

uint64_t tiny_json_number(tiny_json_t value)
{
    return value != NULL ? strtoull(value + (*value == '"' ? 1 : 0), NULL, 10) : 0;
}

char *tiny_json_bytes(tiny_json_t value)
{
    size_t size = value != NULL ? (size_t)(skip_value(value) - value) - 2 : 0;
    char *bytes = value != NULL ? scripted_take(size / 4 * 3 + 1) : NULL;
    char *out = bytes;
    uint32_t group = 0;
    size_t i;

    assert_int(size % 4, 0);
    for (i = 0; i < size; i++) {
        const char *digit = strchr(digits, value[i + 1]);

        if (digit == NULL && value[i + 1] != '=')
            fail_msg("no base64: %s", value);
        group = group << 6 | (uint32_t)(digit != NULL ? digit - digits : 0);
        if (i % 4 < 3)
            continue;
        *out++ = (char)(group >> 16);
        *out++ = (char)(group >> 8);
        *out++ = (char)group;
    }
    return bytes; /* what padding stands for is NUL, as what is behind it */
}

char *tiny_json_base64(const char *bytes)
{
    size_t size = strlen(bytes);
    char *text = scripted_take((size + 2) / 3 * 4 + 3);
    char *out = text;
    size_t i;

    *out++ = '"';
    for (i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;

        if (i + 1 < size)
            group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
        if (i + 2 < size)
            group |= (unsigned char)bytes[i + 2];
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = i + 1 < size ? digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[group & 63] : '=';
    }
    *out = '"';
    return text;
}
