/* Cuts a stream of JSON objects into its values, wherever the bytes happen to be broken: by chunks,
 * by lines, in the middle of a string. Only braces and strings are looked at; whether a value is
 * JSON is for its reader to find. */
#ifndef DISCO_JSON_SPLIT_H
#define DISCO_JSON_SPLIT_H

#include <stdbool.h>

#include "base/buffer.h"

typedef struct disco__split_s {
    disco__buffer_t part; /* what came earlier of the value under way */
    size_t limit;
    size_t depth; /* 0: between two values */
    bool in_string;
    bool escaped; /* the byte before was a backslash in a string */
    int error;
    /* One whole value, borrowed until it returns; without a NUL behind it. false: enough, the rest
     * of what was fed is not looked at. The splitter must not be fed, reset or freed inside. */
    bool (*value)(void *data, const char *text, size_t size);
    /* NULL, or asked first of what begins with a value: gives how many bytes that has, having taken
     * it; 0: that is to be found out. *more is true, unless it is set to false: enough. */
    size_t (*begin)(void *data, const char *text, size_t size, bool *more);
    void *data;
} disco__split_t;

/* limit: most bytes of one value. begin is to be set where there is one. */
void disco__split_init(disco__split_t *split, size_t limit,
                       bool (*value)(void *data, const char *text, size_t size), void *data);
void disco__split_free(disco__split_t *split);

/* Forgets what came so far, and the error. */
void disco__split_reset(disco__split_t *split);

/* 0; DISCO_EPROTOCOL: bytes that are no white space between values, or nesting over
 * DISCO_JSON_MAX_DEPTH; DISCO_ETOOLARGE; UV_ENOMEM. After an error the place in the stream is lost:
 * the same error again until it is reset. */
int disco__split_feed(disco__split_t *split, const char *bytes, size_t size);

#endif
