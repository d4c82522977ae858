#include "json/split.h"

#include <string.h>

#include <uvdisco/error.h>

#include "json/read.h"
#include "json/stop.h"

void disco__split_init(disco__split_t *split, size_t limit,
                       bool (*value)(void *data, const char *text, size_t size), void *data)
{
    memset(split, 0, sizeof *split);
    disco__buffer_init(&split->part);
    split->limit = limit;
    split->value = value;
    split->data = data;
}

void disco__split_free(disco__split_t *split)
{
    disco__buffer_free_secret(&split->part);
}

void disco__split_reset(disco__split_t *split)
{
    disco__buffer_clear(&split->part);
    split->depth = 0;
    split->in_string = false;
    split->escaped = false;
    split->error = 0;
}

static bool is_white_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What begins or ends something outside strings. */
static bool is_structural(char c)
{
    return c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}';
}

/* Behind a quote: gives the byte behind the one that closes the string, or end. */
static const char *take_string(disco__split_t *split, const char *at, const char *end)
{
    bool high = false; /* of no interest here */

    if (split->escaped && at < end) {
        split->escaped = false;
        at++;
    }
    while (split->in_string) {
        at = disco__json_stop(at, end, &high);
        if (at == end)
            return end;
        if (*at == '"')
            split->in_string = false;
        else if (*at == '\\' && at + 1 == end)
            split->escaped = true;
        else if (*at == '\\')
            at++;
        at++;
    }
    return at;
}

/* Gives the byte behind a value's last one, or end. 0 or DISCO_EPROTOCOL. */
static int take_part(disco__split_t *split, const char **from, const char *end)
{
    const char *at = *from;

    for (;;) {
        if (split->in_string)
            at = take_string(split, at, end);
        while (at < end && !is_structural(*at))
            at++;
        if (at == end)
            break;
        if (*at == '"') {
            split->in_string = true;
        } else if ((*at | 0x20) == '}') {
            split->depth--;
        } else {
            if (split->depth == DISCO_JSON_MAX_DEPTH)
                return DISCO_EPROTOCOL;
            split->depth++;
        }
        at++;
        if (split->depth == 0)
            break;
    }
    *from = at;
    return 0;
}

/* Gives how many bytes end the value, or are all of it that there is. */
static int find_end(disco__split_t *split, const char *bytes, size_t size, size_t *used)
{
    size_t room = split->limit - split->part.size;
    const char *at = bytes;
    int rv = take_part(split, &at, bytes + (size < room ? size : room));

    if (rv != 0)
        return rv;
    *used = (size_t)(at - bytes);
    return split->depth > 0 && *used < size ? DISCO_ETOOLARGE : 0;
}

static bool hand_over(disco__split_t *split, const char *bytes, size_t size)
{
    bool more;

    if (split->part.size == 0)
        return split->value(split->data, bytes, size);
    more = split->value(split->data, split->part.bytes, split->part.size);
    disco__buffer_clear(&split->part);
    return more;
}

/* Gives how many bytes were used; *more false: enough. */
static size_t take_value(disco__split_t *split, const char *bytes, size_t size, bool *more)
{
    size_t used = 0;

    split->error = find_end(split, bytes, size, &used);
    if (split->error == 0 && (split->depth > 0 || split->part.size > 0))
        split->error = disco__buffer_append_secret(&split->part, bytes, used);
    if (split->error == 0 && split->depth == 0)
        *more = hand_over(split, bytes, used);
    return used;
}

/* A value begins here. Gives how many bytes were used of it; *more false: enough. */
static size_t take_beginning(disco__split_t *split, const char *bytes, size_t size, bool *more)
{
    *more = true;
    if (split->begin == NULL)
        return 0;
    return split->begin(split->data, bytes, size < split->limit ? size : split->limit, more);
}

int disco__split_feed(disco__split_t *split, const char *bytes, size_t size)
{
    bool more = true;

    while (split->error == 0 && size > 0 && more) {
        size_t used = 0;

        if (split->depth == 0) {
            if (is_white_space(*bytes)) {
                bytes++;
                size--;
                continue;
            }
            if (*bytes != '{') {
                split->error = DISCO_EPROTOCOL;
                break;
            }
            used = take_beginning(split, bytes, size, &more);
        }
        if (used == 0)
            used = take_value(split, bytes, size, &more);
        bytes += used;
        size -= used;
    }
    return split->error;
}
