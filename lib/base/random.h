/* Random numbers for jitter and picking, and UUIDs. Not for keys. */
#ifndef DISCO_BASE_RANDOM_H
#define DISCO_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct disco__random_s {
    uint64_t state[2];
} disco__random_t;

/* Seeds from the operating system; 0 or libuv's error. */
int disco__random_init(disco__random_t *random);

/* Seeds from another generator. */
void disco__random_fork(disco__random_t *random, disco__random_t *from);

uint64_t disco__random_next(disco__random_t *random);

/* Evenly from 0 to bound - 1; 0 for a bound of 0. */
uint64_t disco__random_below(disco__random_t *random, uint64_t bound);

#define DISCO_UUID_SIZE 37

/* A version 4 UUID (RFC 9562, section 5.4) in lower case with a NUL, straight from the operating
 * system's randomness; 0 or libuv's error. */
int disco__uuid(char text[DISCO_UUID_SIZE]);

#endif
