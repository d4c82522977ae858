/* Copies of strings and ports behind one another in one block, so that a host or an info is one
 * allocation. The same calls are made twice: first to measure, then to write. */
#ifndef DISCO_DISCO_PACK_H
#define DISCO_DISCO_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include <uvdisco/model.h>

typedef struct disco__pack_s {
    char *ports; /* NULL while measuring */
    char *text;
    size_t ports_size;
    size_t text_size;
    bool overflow;
} disco__pack_t;

/* The copy, NULL while measuring; NULL is copied as "". */
const char *disco__pack_text(disco__pack_t *pack, const char *text);

/* Sorted by scheme, bytewise, of several with the same scheme the last, as Go sorts the keys of a
 * map. NULL stays NULL; *count is set. */
const disco_port_t *disco__pack_ports(disco__pack_t *pack, const disco_port_t *ports,
                                      uint16_t *count);

/* After measuring: a zeroed block with header bytes in front, and the pack set to write behind
 * them; NULL when memory is short. *size receives the size of the block, a multiple of eight. */
void *disco__pack_allocate(disco__pack_t *pack, size_t header, size_t *size);

/* By scheme, bytewise, none twice. */
bool disco__ports_are_sorted(const disco_port_t *ports, size_t count);

/* Where it lies: sorted by scheme, bytewise, of several with the same scheme the last. 0 or
 * UV_ENOMEM. */
int disco__ports_sort(disco_port_t *ports, uint16_t *count);

/* For lists that are both sorted. */
bool disco__ports_equal(const disco_port_t *a, size_t a_count, const disco_port_t *b,
                        size_t b_count);

#endif
