/* The members of a service's directory, by name. There may be very many of them: one that is a host
 * in the first registry alone, and goes by its own UUID, takes no more than its place in the table.
 */
#ifndef DISCO_DISCO_ROSTER_H
#define DISCO_DISCO_ROSTER_H

#include "disco/member.h"

/* A table without chains: what finds its place taken goes to the next one that is free. */
typedef struct disco__roster_s {
    void **places; /* a host, or a record; NULL: free. Behind them the tags, a byte each */
    uint32_t capacity;
    uint32_t count;
    uint64_t seed; /* names come from the network: keeps a crafted set from sharing one place */
} disco__roster_t;

#define DISCO__NO_PLACE SIZE_MAX

void disco__roster_init(disco__roster_t *roster, uint64_t seed);
/* All members, with their references, and the table. As after init. */
void disco__roster_free(disco__roster_t *roster);

/* Room for so many at least: none of them needs a larger table. 0 or UV_ENOMEM. */
int disco__roster_reserve(disco__roster_t *roster, size_t count);
/* Gives back the room of many that went, if that can be done. */
void disco__roster_trim(disco__roster_t *roster);

/* DISCO__NO_PLACE: it is not there. A place is good until a member is added or removed. */
size_t disco__roster_find(const disco__roster_t *roster, const char *name);
/* The first member that is at this place or a later one. */
size_t disco__roster_next(const disco__roster_t *roster, size_t place);

/* What is there, borrowed. */
void disco__roster_get(const disco__roster_t *roster, size_t place, disco__member_t *member);
/* Puts a member there, whose references are taken over; those of what was there are the caller's.
 * place: where it is, DISCO__NO_PLACE for one that is new; receives where it is. With nothing there
 * in any registry it is removed; later members may move up to its place, and around the end of the
 * table, those that come first to its last places. name: copied at need. 0 or UV_ENOMEM, only for
 * one that is there: then nothing was done. */
int disco__roster_set(disco__roster_t *roster, size_t *place, const char *name,
                      const disco__member_t *member);

/* A mark, which a member keeps until all are taken off. */
void disco__roster_mark(disco__roster_t *roster, size_t place);
bool disco__roster_is_marked(const disco__roster_t *roster, size_t place);
void disco__roster_unmark_all(disco__roster_t *roster);

#endif
