/* Reads JSON where it lies: no tree, no copies, each byte looked at once. The reader asks for what
 * it wants next, and hears that it is not there, or not yet.
 *
 *     disco__scan_open(&scan, '{');
 *     while (disco__scan_name(&scan, &name))
 *         if (disco__span_which(&name, &key_name, 1) == 0)
 *             disco__scan_string(&scan, &key);
 *         else
 *             disco__scan_skip(&scan);
 *     if (scan.status != 0) ...
 *
 * The first thing that goes wrong stays in status, and nothing is read after it: so that it need be
 * asked for at the end only. What is taken for JSON, and what is not, is exactly what
 * disco__json_parse_answer() takes. */
#ifndef DISCO_JSON_SCAN_H
#define DISCO_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The text ended before the value did. */
#define DISCO__SCAN_MORE 1

/* A string's bytes as they stand between its quotes. */
typedef struct disco__span_s {
    const char *bytes;
    size_t size;
    bool escaped; /* has a backslash in it: see disco__json_unescape() */
    bool high;    /* has a byte over 0x7f in it: whether it is UTF-8 is not known */
} disco__span_t;

typedef struct disco__scan_s {
    const char *at;
    const char *end;
    bool whole;   /* nothing comes behind the end: what is missing there will never come */
    bool fresh;   /* behind an opening bracket */
    bool nul;     /* a \u0000 was read */
    size_t depth; /* open brackets */
    int status; /* 0; DISCO__SCAN_MORE, never of a whole text; DISCO_EPROTOCOL; what a reader put */
} disco__scan_t;

void disco__scan_init(disco__scan_t *scan, const char *text, size_t size, bool whole);

/* The first byte of the value that comes next; NUL when there is none. */
char disco__scan_peek(disco__scan_t *scan);

/* '{' or '['. */
bool disco__scan_open(disco__scan_t *scan, char bracket);
/* The next member's name and its colon; false at the end of the object, which is closed then. */
bool disco__scan_name(disco__scan_t *scan, disco__span_t *name);
/* Whether there is another value; false at the end of the array, which is closed then. */
bool disco__scan_item(disco__scan_t *scan);

/* Each of these takes one value. False: it is of another type, or there is none. */
bool disco__scan_string(disco__scan_t *scan, disco__span_t *string);
bool disco__scan_bool(disco__scan_t *scan, bool *value);
bool disco__scan_null(disco__scan_t *scan);
/* The bytes of it. */
bool disco__scan_number(disco__scan_t *scan, disco__span_t *number);
/* As disco__json_u64() reads it: a whole number from 0 to 2^53, or any uint64 in a string. */
bool disco__scan_u64(disco__scan_t *scan, uint64_t *value);
/* Any value: false when it is no such number, which then is nothing wrong. null leaves *value as it
 * was, and is taken for a number. */
bool disco__scan_u64_if_any(disco__scan_t *scan, uint64_t *value);
/* Whatever it is; it is held against the grammar all the same. */
bool disco__scan_skip(disco__scan_t *scan);

/* Only white space is left. */
bool disco__scan_end(disco__scan_t *scan);

/* Something is not as it should be: status, if it is not set yet. False, so that it can be
 * returned. */
bool disco__scan_fail(disco__scan_t *scan, int status);

/* Names of members, to be told apart. */
typedef struct disco__name_s {
    const char *text;
    size_t size;
} disco__name_t;
#define DISCO__NAME(text)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Which of the names it is, whatever the case of its letters, and escaped or not; count: none of
 * them. Quickest for names that are exactly so. No name is longer than 40 bytes. */
size_t disco__span_which(const disco__span_t *span, const disco__name_t *names, size_t count);

/* Writes what the span stands for to `to`, which has room for span->size bytes, and may be where
 * the span is. Gives its size, never over span->size. A \u0000 becomes a NUL byte. */
size_t disco__json_unescape(char *to, const disco__span_t *span);

#endif
