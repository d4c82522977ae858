#include "json/scan.h"

#include <uvdisco/error.h>

#include "base/text.h"
#include "json/code.h"
#include "json/read.h"
#include "json/stop.h"

/* What cJSON converts in one piece: numbers are limited to it everywhere. */
#define NUMBER_MOST 63

void disco__scan_init(disco__scan_t *scan, const char *text, size_t size, bool whole)
{
    scan->at = text;
    scan->end = text + size;
    scan->whole = whole;
    scan->fresh = false;
    scan->nul = false;
    scan->depth = 0;
    scan->status = 0;
}

bool disco__scan_fail(disco__scan_t *scan, int status)
{
    if (scan->status == 0)
        scan->status = status;
    return false;
}

static bool ended(disco__scan_t *scan)
{
    return disco__scan_fail(scan, scan->whole ? DISCO_EPROTOCOL : DISCO__SCAN_MORE);
}

static bool broken(disco__scan_t *scan)
{
    return disco__scan_fail(scan, DISCO_EPROTOCOL);
}

/* To the next byte that is no white space; false when there is none, or something was wrong. */
static bool next(disco__scan_t *scan)
{
    if (scan->status != 0)
        return false;
    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;

        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return true;
    }
    return ended(scan);
}

char disco__scan_peek(disco__scan_t *scan)
{
    return next(scan) ? *scan->at : '\0';
}

bool disco__scan_open(disco__scan_t *scan, char bracket)
{
    if (!next(scan))
        return false;
    if (*scan->at != bracket || scan->depth == DISCO_JSON_MAX_DEPTH)
        return broken(scan);
    scan->at++;
    scan->depth++;
    scan->fresh = true;
    return true;
}

/* Over the comma before a value; false at the closing bracket. */
static bool another(disco__scan_t *scan, char bracket)
{
    bool first = scan->fresh;

    if (!next(scan))
        return false;
    scan->fresh = false;
    if (*scan->at == bracket) {
        scan->at++;
        scan->depth--;
        return false;
    }
    if (first)
        return true;
    if (*scan->at != ',')
        return broken(scan);
    scan->at++;
    return next(scan);
}

/* The four digits of the code at `at`. */
static bool take_code(disco__scan_t *scan, const char *at, int *code)
{
    int i;

    for (i = 0; i < 4; i++) {
        if (at + i == scan->end)
            return ended(scan);
        if (disco__hex_digit(at[i]) < 0)
            return broken(scan);
    }
    *code = disco__json_code(at);
    return true;
}

/* Behind \u: the code, and of a pair its second half. */
static bool take_unicode(disco__scan_t *scan, const char **at)
{
    int code;
    int i;

    if (!take_code(scan, *at, &code))
        return false;
    *at += 4;
    if (code == 0)
        scan->nul = true;
    if (disco__is_low_surrogate(code))
        return broken(scan);
    if (!disco__is_high_surrogate(code))
        return true;
    for (i = 0; i < 2; i++, ++*at) {
        if (*at == scan->end)
            return ended(scan);
        if (**at != "\\u"[i])
            return broken(scan);
    }
    if (!take_code(scan, *at, &code))
        return false;
    *at += 4;
    return disco__is_low_surrogate(code) ? true : broken(scan);
}

/* Behind a backslash. */
static bool take_escape(disco__scan_t *scan, const char **at)
{
    if (*at == scan->end)
        return ended(scan);
    switch (*(*at)++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return take_unicode(scan, at);
    default:
        return broken(scan);
    }
}

/* The scan stands on the quote. */
static bool take_string(disco__scan_t *scan, disco__span_t *string)
{
    const char *at = scan->at + 1;

    string->bytes = at;
    string->escaped = false;
    string->high = false;
    for (;;) {
        at = disco__json_stop(at, scan->end, &string->high);
        if (at == scan->end)
            return ended(scan);
        if (*at == '"')
            break;
        if (*at != '\\')
            return broken(scan);
        string->escaped = true;
        at++;
        if (!take_escape(scan, &at))
            return false;
    }
    string->size = (size_t)(at - string->bytes);
    scan->at = at + 1;
    return true;
}

bool disco__scan_name(disco__scan_t *scan, disco__span_t *name)
{
    if (!another(scan, '}'))
        return false;
    if (*scan->at != '"')
        return broken(scan);
    if (!take_string(scan, name) || !next(scan))
        return false;
    if (*scan->at != ':')
        return broken(scan);
    scan->at++;
    return true;
}

bool disco__scan_item(disco__scan_t *scan)
{
    return another(scan, ']');
}

bool disco__scan_string(disco__scan_t *scan, disco__span_t *string)
{
    if (!next(scan))
        return false;
    return *scan->at == '"' ? take_string(scan, string) : broken(scan);
}

static bool take_literal(disco__scan_t *scan, const char *literal, size_t size)
{
    size_t left = (size_t)(scan->end - scan->at);
    size_t compared = left < size ? left : size;

    if (memcmp(scan->at, literal, compared) != 0)
        return broken(scan);
    if (compared < size)
        return ended(scan);
    scan->at += size;
    return true;
}

bool disco__scan_bool(disco__scan_t *scan, bool *value)
{
    if (!next(scan))
        return false;
    *value = *scan->at == 't';
    return *value ? take_literal(scan, "true", 4) : take_literal(scan, "false", 5);
}

bool disco__scan_null(disco__scan_t *scan)
{
    return next(scan) && take_literal(scan, "null", 4);
}

static const char *digits(const disco__scan_t *scan, const char *at)
{
    while (at < scan->end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* One digit at least; NULL: there is none. */
static const char *some_digits(disco__scan_t *scan, const char *at)
{
    const char *behind = digits(scan, at);

    if (behind > at)
        return behind;
    (void)(at == scan->end ? ended(scan) : broken(scan));
    return NULL;
}

/* Behind the digits of the whole part; NULL: it is no number. */
static const char *fraction_and_exponent(disco__scan_t *scan, const char *at)
{
    if (at < scan->end && *at == '.')
        at = some_digits(scan, at + 1);
    if (at != NULL && at < scan->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < scan->end && (*at == '+' || *at == '-'))
            at++;
        at = some_digits(scan, at);
    }
    return at;
}

bool disco__scan_number(disco__scan_t *scan, disco__span_t *number)
{
    const char *at;

    if (!next(scan))
        return false;
    memset(number, 0, sizeof *number);
    number->bytes = scan->at;
    at = scan->at + (*scan->at == '-' ? 1 : 0);
    if (at < scan->end && *at == '0')
        at++;
    else
        at = some_digits(scan, at);
    if (at != NULL)
        at = fraction_and_exponent(scan, at);
    if (at == NULL)
        return false;
    number->size = (size_t)(at - number->bytes);
    if (number->size > NUMBER_MOST)
        return broken(scan);
    if (at == scan->end && !scan->whole)
        return ended(scan); /* more digits may follow */
    scan->at = at;
    return true;
}

/* What is no plain run of digits, or near the limit: as cJSON reads it. */
static int read_by_tree(const disco__span_t *number, uint64_t *value)
{
    char name[] = "n";
    cJSON object = {.type = cJSON_Object};
    int rv = disco__json_parse(number->bytes, number->size, &object.child);

    if (rv != 0)
        return rv;
    object.child->string = name;
    if (!disco__json_u64(&object, name, value))
        rv = DISCO_EPROTOCOL;
    object.child->string = NULL;
    disco__json_free(object.child);
    return rv;
}

/* The next byte of an escaped text, when it is a digit; NUL at its end, which a \u0000 is too; else
 * something that is neither. */
static char next_digit(const char **at, const char *end)
{
    int code;

    if (*at == end)
        return '\0';
    if (**at != '\\')
        return *(*at)++;
    if ((*at)[1] != 'u')
        return ' ';
    code = disco__json_code(*at + 2);
    *at += 6;
    return code < 0x80 ? (char)code : ' ';
}

static bool read_text(const disco__span_t *text, uint64_t *value)
{
    const char *at = text->bytes;
    const char *end = at + text->size;
    char digits[20]; /* as many as the greatest number has */
    size_t count = 0;
    char c;

    if (!text->escaped)
        return disco__text_to_u64(text->bytes, text->size, value);
    while ((c = next_digit(&at, end)) != '\0') {
        if (count == 1 && digits[0] == '0')
            count = 0; /* it was not the last */
        if (count == sizeof digits)
            return false;
        digits[count++] = c;
    }
    return disco__text_to_u64(digits, count, value);
}

bool disco__scan_u64(disco__scan_t *scan, uint64_t *value)
{
    disco__span_t span;
    int rv;

    if (disco__scan_peek(scan) == '"') {
        if (!take_string(scan, &span))
            return false;
        return read_text(&span, value) ? true : broken(scan);
    }
    if (!disco__scan_number(scan, &span))
        return false;
    if (span.size <= 15 && disco__text_to_u64(span.bytes, span.size, value))
        return true;
    rv = read_by_tree(&span, value);
    return rv == 0 ? true : disco__scan_fail(scan, rv);
}

bool disco__scan_u64_if_any(disco__scan_t *scan, uint64_t *value)
{
    char first = disco__scan_peek(scan);
    disco__scan_t before = *scan;

    if (first == '"' || first == '-' || (first >= '0' && first <= '9')) {
        if (disco__scan_u64(scan, value) || scan->status != DISCO_EPROTOCOL)
            return scan->status == 0;
        *scan = before; /* a number, or a string, but not such a one; or no JSON at all */
    }
    return disco__scan_skip(scan) && first == 'n';
}

static bool skip_scalar(disco__scan_t *scan, char first)
{
    disco__span_t ignored;
    bool value;

    switch (first) {
    case '"':
        return take_string(scan, &ignored);
    case 't':
    case 'f':
        return disco__scan_bool(scan, &value);
    case 'n':
        return disco__scan_null(scan);
    default:
        return disco__scan_number(scan, &ignored);
    }
}

/* A whole value: objects and arrays by a list of what is open, a bit for each, so that it needs no
 * recursion. */
bool disco__scan_skip(disco__scan_t *scan)
{
    size_t base = scan->depth;
    uint64_t objects = 0; /* the bit of the innermost is the lowest */

    do {
        char first = disco__scan_peek(scan);
        disco__span_t name;
        bool good;

        if (first == '{' || first == '[') {
            objects = objects << 1 | (first == '{' ? 1 : 0);
            good = disco__scan_open(scan, first);
        } else {
            good = skip_scalar(scan, first);
        }
        if (!good)
            return false;
        while (scan->depth > base) {
            if ((objects & 1) != 0 ? disco__scan_name(scan, &name) : disco__scan_item(scan))
                break;
            if (scan->status != 0)
                return false;
            objects >>= 1;
        }
    } while (scan->depth > base);
    return true;
}

bool disco__scan_end(disco__scan_t *scan)
{
    bool whole = scan->whole;
    bool more;

    if (scan->status != 0)
        return false;
    scan->whole = false;
    more = next(scan);
    scan->whole = whole;
    if (more)
        return broken(scan);
    scan->status = 0;
    return true;
}
