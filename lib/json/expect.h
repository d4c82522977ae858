/* The quick way through JSON whose writer is known: what is expected comes, or it does not, which
 * says nothing about it: then it is to be read by json/scan.h from where it began. */
#ifndef DISCO_JSON_EXPECT_H
#define DISCO_JSON_EXPECT_H

#include "json/scan.h"

static inline bool disco__take(disco__scan_t *scan, const char *bytes, size_t size)
{
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, bytes, size) != 0)
        return false;
    scan->at += size;
    return true;
}

/* These very bytes. */
#define DISCO__TAKE(scan, literal) disco__take(scan, literal, sizeof(literal) - 1)

/* A whole number of at most fifteen digits, and not the last byte that there is. */
static inline bool disco__take_digits(disco__scan_t *scan, uint64_t *number)
{
    const char *first = scan->at;
    uint64_t value = 0;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        value = value * 10 + (uint64_t)(*scan->at++ - '0');
    *number = value;
    return scan->at > first && scan->at - first <= 15 && scan->at < scan->end &&
           (*first != '0' || scan->at - first == 1);
}

#endif
