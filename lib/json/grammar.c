/* cJSON takes more than RFC 8259 allows: a byte order mark, control bytes as white space and in
 * strings, numbers such as 01 and 1., and for \uZZZZ it puts a NUL into the string. It also does
 * not say whether it failed for want of memory. So the text is held against the grammar first:
 * what then fails in cJSON is memory. */
#include "json/grammar.h"

#include <string.h>

#include "json/read.h"

/* What cJSON converts in one piece; a longer number it takes for two. */
#define NUMBER_MOST 63

typedef struct scan_s {
    const char *at;
    const char *end;
    bool with_nul;
} scan_t;

static bool is_next(const scan_t *scan, char c)
{
    return scan->at < scan->end && *scan->at == c;
}

static bool take(scan_t *scan, char c)
{
    if (!is_next(scan, c))
        return false;
    scan->at++;
    return true;
}

static void skip_white_space(scan_t *scan)
{
    while (is_next(scan, ' ') || is_next(scan, '\t') || is_next(scan, '\r') || is_next(scan, '\n'))
        scan->at++;
}

static bool take_literal(scan_t *scan, const char *literal)
{
    size_t size = strlen(literal);

    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, literal, size) != 0)
        return false;
    scan->at += size;
    return true;
}

static bool take_digits(scan_t *scan)
{
    const char *first = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > first;
}

/* number = [ "-" ] int [ frac ] [ exp ] (section 6) */
static bool take_number(scan_t *scan)
{
    const char *first = scan->at;

    (void)take(scan, '-');
    if (!take(scan, '0') && !take_digits(scan))
        return false;
    if (take(scan, '.') && !take_digits(scan))
        return false;
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+'))
            (void)take(scan, '-');
        if (!take_digits(scan))
            return false;
    }
    return scan->at - first <= NUMBER_MOST;
}

/* The four digits behind \u. */
static bool take_code(scan_t *scan, unsigned *code)
{
    int i;

    *code = 0;
    for (i = 0; i < 4; i++, scan->at++) {
        char c = scan->at < scan->end ? *scan->at : '\0';

        if (c >= '0' && c <= '9')
            *code = *code << 4 | (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *code = *code << 4 | (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            *code = *code << 4 | (unsigned)(c - 'A' + 10);
        else
            return false;
    }
    return true;
}

static bool is_one_of(char c, const char *those)
{
    return c != '\0' && strchr(those, c) != NULL;
}

/* What comes behind a backslash. */
static bool take_escape(scan_t *scan)
{
    unsigned code;

    if (scan->at == scan->end)
        return false;
    if (*scan->at != 'u')
        return is_one_of(*scan->at++, "\"\\/bfnrt");
    scan->at++;
    if (!take_code(scan, &code) || (code == 0 && !scan->with_nul))
        return false;
    if (code < 0xd800 || code > 0xdfff)
        return true;
    return code < 0xdc00 && take(scan, '\\') && take(scan, 'u') && take_code(scan, &code) &&
           code >= 0xdc00 && code <= 0xdfff;
}

static bool take_string(scan_t *scan)
{
    if (!take(scan, '"'))
        return false;
    while (scan->at < scan->end && *scan->at != '"') {
        if ((unsigned char)*scan->at < 0x20)
            return false;
        if (*scan->at++ == '\\' && !take_escape(scan))
            return false;
    }
    return take(scan, '"');
}

static bool take_value(scan_t *scan, unsigned depth);

static bool take_name(scan_t *scan)
{
    skip_white_space(scan);
    if (!take_string(scan))
        return false;
    skip_white_space(scan);
    return take(scan, ':');
}

/* An array, or an object: then its values are named. */
static bool take_list(scan_t *scan, char end, bool named, unsigned depth)
{
    if (depth == DISCO_JSON_MAX_DEPTH)
        return false;
    scan->at++;
    skip_white_space(scan);
    if (take(scan, end))
        return true;
    do {
        if (named && !take_name(scan))
            return false;
        if (!take_value(scan, depth + 1))
            return false;
    } while (take(scan, ','));
    return take(scan, end);
}

/* With the white space around it. Calls itself, no deeper than the limit allows. */
static bool take_value(scan_t *scan, unsigned depth)
{
    bool good;

    skip_white_space(scan);
    if (is_next(scan, '{'))
        good = take_list(scan, '}', true, depth);
    else if (is_next(scan, '['))
        good = take_list(scan, ']', false, depth);
    else if (is_next(scan, '"'))
        good = take_string(scan);
    else
        good = take_literal(scan, "null") || take_literal(scan, "true") ||
               take_literal(scan, "false") || take_number(scan);
    if (good)
        skip_white_space(scan);
    return good;
}

bool disco__json_is_well_formed(const char *text, size_t size, bool with_nul)
{
    scan_t scan = {text, text + size, with_nul};

    return size > 0 && take_value(&scan, 0) && scan.at == scan.end;
}
