#include "json/split.h"

#include <string.h>

#include <uvdisco/error.h>

#include "json/read.h"

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

/* A byte of a value, or the brace that begins one. */
static int take(disco__split_t *split, char c)
{
    if (split->in_string) {
        if (split->escaped)
            split->escaped = false;
        else if (c == '\\')
            split->escaped = true;
        else if (c == '"')
            split->in_string = false;
    } else if (c == '"') {
        split->in_string = true;
    } else if (c == '{' || c == '[') {
        if (split->depth == DISCO_JSON_MAX_DEPTH)
            return DISCO_EPROTOCOL;
        split->depth++;
    } else if (c == '}' || c == ']') {
        split->depth--;
    }
    return 0;
}

/* Gives how many bytes end the value, or are all of it that there is. */
static int take_value(disco__split_t *split, const char *bytes, size_t size, size_t *used)
{
    size_t room = split->limit - split->part.size;
    size_t i;

    for (i = 0; i < size; i++) {
        int rv;

        if (i == room)
            return DISCO_ETOOLARGE;
        rv = take(split, bytes[i]);
        if (rv != 0)
            return rv;
        if (split->depth == 0) {
            i++;
            break;
        }
    }
    *used = i;
    return 0;
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

int disco__split_feed(disco__split_t *split, const char *bytes, size_t size)
{
    while (split->error == 0 && size > 0) {
        size_t used = 1;
        bool begins = split->depth == 0;

        if (begins && is_white_space(*bytes)) {
            bytes++;
            size--;
            continue;
        }
        if (begins && *bytes != '{') {
            split->error = DISCO_EPROTOCOL;
            break;
        }
        split->error = take_value(split, bytes, size, &used);
        if (split->error == 0 && (split->depth > 0 || split->part.size > 0))
            split->error = disco__buffer_append(&split->part, bytes, used);
        if (split->error == 0 && split->depth == 0 && !hand_over(split, bytes, used))
            break;
        bytes += used;
        size -= used;
    }
    return split->error;
}
