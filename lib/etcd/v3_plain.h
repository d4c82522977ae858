/* The quick way through objects of v3 that are just as etcd writes them: without white space, their
 * members in their order, their numbers in strings, nothing escaped. What is not says nothing: it is
 * to be read by json/scan.h from where it began. */
#ifndef DISCO_ETCD_V3_PLAIN_H
#define DISCO_ETCD_V3_PLAIN_H

#include <string.h>

#include "json/expect.h"

typedef struct disco__plain_s {
    const char *at;
    const char *end;
    bool more; /* behind an opening bracket or a comma: a member must follow */
} disco__plain_t;

static inline bool disco__plain_word(disco__plain_t *plain, const char *word, size_t size)
{
    if ((size_t)(plain->end - plain->at) < size || memcmp(plain->at, word, size) != 0)
        return false;
    plain->at += size;
    return true;
}

/* What begins an object, or a member of one. */
#define DISCO__PLAIN_TAKE(plain, word) disco__plain_word(plain, word, sizeof(word) - 1)
#define DISCO__PLAIN_MEMBER(plain, word) ((plain)->more && DISCO__PLAIN_TAKE(plain, word))

static inline bool disco__plain_take(disco__plain_t *plain, char c)
{
    if (plain->at == plain->end || *plain->at != c)
        return false;
    plain->at++;
    return true;
}

static inline void disco__plain_end_member(disco__plain_t *plain)
{
    plain->more = disco__plain_take(plain, ',');
}

static inline bool disco__plain_end_object(disco__plain_t *plain)
{
    bool good = !plain->more && disco__plain_take(plain, '}');

    disco__plain_end_member(plain);
    return good;
}

/* The digits, and the quote behind them. */
static inline bool disco__plain_digits(disco__plain_t *plain, uint64_t *value)
{
    size_t count = disco__digits(plain->at, (size_t)(plain->end - plain->at), value);

    plain->at += count;
    if (count == 0 || !disco__plain_take(plain, '"'))
        return false;
    disco__plain_end_member(plain);
    return true;
}

/* A member that may be missing; then the value stays. */
#define DISCO__PLAIN_NUMBER(plain, name, value)                                                    \
    (!DISCO__PLAIN_MEMBER(plain, "\"" name "\":\"") || disco__plain_digits(plain, value))

#endif
