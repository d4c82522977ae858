/* A heap that counts and that fails on demand, under the library (disco_replace_allocator), libuv
 * (uv_replace_allocator) and cJSON (cJSON_InitHooks). Installed before the first test. */
#ifndef TEST_SUPPORT_HEAP_H
#define TEST_SUPPORT_HEAP_H

#include <stdbool.h>
#include <stddef.h>

void heap_install(void);

/* Blocks that are allocated now, and allocations made so far. */
size_t heap_live(void);
size_t heap_count(void);

/* "uvdisco 2, libuv 0, cJSON 1": the live blocks by owner; static. */
const char *heap_describe(void);

/* The n-th allocation from now (1: the next) fails; once, or with all after it. */
void heap_fail_at(size_t n);
void heap_fail_from(size_t n);
void heap_fail_never(void);

/* Whether an allocation was made to fail since heap_fail_at() or heap_fail_from(). */
bool heap_has_failed(void);

/* Between these, allocations neither fail nor count towards the n-th: for what a test itself, or a
 * server that it runs on the same loop, allocates through libuv. They nest. */
void heap_spare_begin(void);
void heap_spare_end(void);

/* Runs a scenario again and again, its first, second, third... allocation failing, until a run
 * makes fewer; first with that one allocation failing, then with all from there on. The scenario
 * must cope, and leave no block behind. */
void heap_sweep(void (*scenario)(void *data), void *data);

#endif
