/* What the library has allocated: its hooks are set, and count. */
#ifndef COUNTED_H
#define COUNTED_H

#include <stdint.h>

/* Before the first client. */
void counted_begin(void);

/* Bytes that are allocated now, as the C library rounds them up; and how many allocations there
 * have been so far. */
uint64_t counted_bytes(void);
uint64_t counted_allocations(void);

#endif
