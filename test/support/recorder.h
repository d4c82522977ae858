/* What a registration, a subscription or a watch was told, in order, for a test to read. */
#ifndef TEST_SUPPORT_RECORDER_H
#define TEST_SUPPORT_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"

/* Strings are never NULL. */
typedef struct told_s {
    int type;
    int status;
    const char *key;      /* a host's UUID, or an entry's key */
    const char *value;    /* a host's JSON, an entry's value, or a service's password */
    const char *previous; /* the same, of what it was */
    uint64_t revision;
    char *texts[3]; /* what the three point to, in what a recorder has */
} told_t;

typedef struct recorder_s {
    test_loop_t *loop;
    const char *const *names; /* of the types, for messages */
    int passed_over;          /* a type that may come at any time */
    told_t *list;
    size_t count;
    size_t read; /* so many have been looked at */
    int wanted;
    bool came;
    struct recorder_s *next;
} recorder_t;

void recorder_init(recorder_t *recorder, test_loop_t *loop, const char *const *names);
void recorder_free(recorder_t *recorder);

/* From a callback. NULL counts as empty. */
void recorder_add(recorder_t *recorder, const told_t *told);

/* Waits for the next event, and asserts that it is of this type. What may come at any time is
 * passed over. */
#define recorder_expect(recorder, type) recorder_expect_at((recorder), (type), __FILE__, __LINE__)
const told_t *recorder_expect_at(recorder_t *recorder, int type, const char *file, int line);

/* Waits for the next event of this type; what comes before it is passed over. */
#define recorder_await(recorder, type) recorder_await_at((recorder), (type), __FILE__, __LINE__)
const told_t *recorder_await_at(recorder_t *recorder, int type, const char *file, int line);

/* How many events of a type were told so far, read or not. */
size_t recorder_count(const recorder_t *recorder, int type);

#endif
