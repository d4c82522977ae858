/* What the readers of JSON and its kin promise, held against other ways to the same: cJSON's tree,
 * the general way against the quick one, all at once against piece by piece. Each check takes any
 * bytes, and says in a few words what does not hold; NULL: nothing. The fuzzer, the replay of its
 * corpus and the comparison on random inputs run the same checks. */
#ifndef TEST_FUZZ_CHECK_H
#define TEST_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_CHECKS(EACH)                                                                          \
    EACH(json)     /* the scanner and the walker against cJSON's tree */                           \
    EACH(fields)   /* hosts, a line each, in every way in which they are read */                   \
    EACH(unescape) /* what stands between the quotes of a string */                                \
    EACH(base64)                                                                                   \
    EACH(split)                                                                                    \
    EACH(v2_listing) /* an answer to a GET */                                                      \
    EACH(v3_listing) /* an answer to a transaction */                                              \
    EACH(watch)      /* an event of v2, a message of v3 */

#define FUZZ_DECLARE(name) const char *check_##name(const char *bytes, size_t size);
FUZZ_CHECKS(FUZZ_DECLARE)

typedef struct fuzz_check_s {
    const char *name;
    const char *(*run)(const char *bytes, size_t size);
} fuzz_check_t;

extern const fuzz_check_t fuzz_checks[];
extern const size_t fuzz_check_count;

/* A number that depends on all the bytes: so that an input decides how it is cut into pieces. */
uint64_t fuzz_hash(uint64_t hash, const void *bytes, size_t size);
#define FUZZ_HASH 14695981039346656037u

/* Lengths of pieces, one after the other, from 1 on. */
size_t fuzz_piece(uint64_t *state, size_t left);

/* A block of just that size, so that a sanitizer sees who reads or writes behind it; never NULL. */
char *fuzz_block(const char *bytes, size_t size);

#endif
