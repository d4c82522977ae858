/* What a program was called with: PROGRAM CASE key=value ... */
#ifndef BENCH_ARGUMENTS_H
#define BENCH_ARGUMENTS_H

#include <stdint.h>

typedef struct bench_arguments_s {
    const char *name; /* the case */
    char **pairs;     /* "key=value", up to a NULL */
} bench_arguments_t;

/* The value of a key; what is not given is the fallback. bench_text() without a fallback (NULL) and
 * bench_number() with a value that is no number end the program. */
const char *bench_text(const bench_arguments_t *arguments, const char *key, const char *fallback);
uint64_t bench_number(const bench_arguments_t *arguments, const char *key, uint64_t fallback);

/* The value, or NULL when it is not given. */
const char *bench_optional(const bench_arguments_t *arguments, const char *key);

/* "http://127.0.0.1:2379" taken apart; one of another form ends the program. */
typedef struct bench_url_s {
    char host[256];
    char port[8];
    int is_https;
} bench_url_t;

void bench_url(const bench_arguments_t *arguments, bench_url_t *url);

#endif
