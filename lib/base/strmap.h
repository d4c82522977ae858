/* A map from strings to pointers: intrusive entries in a table of chains. The owner of an entry
 * keeps it, and its key, alive while it is in the map. */
#ifndef DISCO_BASE_STRMAP_H
#define DISCO_BASE_STRMAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct disco__strmap_entry_s {
    struct disco__strmap_entry_s *next;
    const char *key;
    uint64_t hash;
} disco__strmap_entry_t;

typedef struct disco__strmap_s {
    disco__strmap_entry_t **chains;
    size_t chain_count; /* a power of two, or 0 */
    size_t count;
    uint64_t
        seed; /* keys come from the network: the seed keeps a crafted set from sharing one chain */
} disco__strmap_t;

void disco__strmap_init(disco__strmap_t *map, uint64_t seed);

/* Frees the table; the entries are the owner's. */
void disco__strmap_free(disco__strmap_t *map);

/* NULL when the key is not there. */
disco__strmap_entry_t *disco__strmap_find(const disco__strmap_t *map, const char *key);

/* Adds an entry whose key is not in the map yet. 0 or UV_ENOMEM. */
int disco__strmap_add(disco__strmap_t *map, disco__strmap_entry_t *entry, const char *key);

/* Takes out an entry that is in the map. */
void disco__strmap_remove(disco__strmap_t *map, disco__strmap_entry_t *entry);

/* What the map goes by: of a key, with its seed. */
uint64_t disco__strmap_hash(uint64_t seed, const char *key);

/* Any entry, or NULL when the map is empty: for taking it apart. */
disco__strmap_entry_t *disco__strmap_any(const disco__strmap_t *map);

#endif
