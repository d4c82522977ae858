#include "base/strmap.h"

#include <string.h>

#include <uv.h>

#include "base/alloc.h"

void disco__strmap_init(disco__strmap_t *map, uint64_t seed)
{
    memset(map, 0, sizeof *map);
    map->seed = seed;
}

void disco__strmap_free(disco__strmap_t *map)
{
    disco__free(map->chains);
    disco__strmap_init(map, map->seed);
}

/* One step. Twice: a product's upper bits depend on few of what is multiplied, so that after one
 * the next word could take back what this one changed, whatever the seed is. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* Eight bytes at a time, started at the seed. The key's size is part of it, since what is left of
 * it is filled up with zeros. */
uint64_t disco__strmap_hash(uint64_t seed, const char *key)
{
    size_t size = strlen(key);
    uint64_t hash = mix(seed, size);
    uint64_t word = 0;

    for (; size >= sizeof word; size -= sizeof word, key += sizeof word) {
        memcpy(&word, key, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    memcpy(&word, key, size);
    return mix(hash, word);
}

static disco__strmap_entry_t **chain_of(const disco__strmap_t *map, uint64_t hash)
{
    return &map->chains[hash & (map->chain_count - 1)];
}

disco__strmap_entry_t *disco__strmap_find(const disco__strmap_t *map, const char *key)
{
    disco__strmap_entry_t *entry;
    uint64_t hash;

    if (map->count == 0)
        return NULL;
    hash = disco__strmap_hash(map->seed, key);
    for (entry = *chain_of(map, hash); entry != NULL; entry = entry->next) {
        if (entry->hash == hash && strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

static int grow(disco__strmap_t *map)
{
    disco__strmap_t larger = *map;
    size_t i;

    larger.chain_count = map->chain_count > 0 ? map->chain_count * 2 : 8;
    larger.chains = disco__calloc(larger.chain_count, sizeof(disco__strmap_entry_t *));
    if (larger.chains == NULL)
        return UV_ENOMEM;
    for (i = 0; i < map->chain_count; i++) {
        while (map->chains[i] != NULL) {
            disco__strmap_entry_t *entry = map->chains[i];
            disco__strmap_entry_t **chain = chain_of(&larger, entry->hash);

            map->chains[i] = entry->next;
            entry->next = *chain;
            *chain = entry;
        }
    }
    disco__free(map->chains);
    *map = larger;
    return 0;
}

int disco__strmap_add(disco__strmap_t *map, disco__strmap_entry_t *entry, const char *key)
{
    disco__strmap_entry_t **chain;

    /* A table that cannot grow still works, only slower; none at all does not. */
    if (map->count >= map->chain_count && grow(map) != 0 && map->chain_count == 0)
        return UV_ENOMEM;
    entry->key = key;
    entry->hash = disco__strmap_hash(map->seed, key);
    chain = chain_of(map, entry->hash);
    entry->next = *chain;
    *chain = entry;
    map->count++;
    return 0;
}

void disco__strmap_remove(disco__strmap_t *map, disco__strmap_entry_t *entry)
{
    disco__strmap_entry_t **at = chain_of(map, entry->hash);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry->next = NULL;
    map->count--;
}

disco__strmap_entry_t *disco__strmap_any(const disco__strmap_t *map)
{
    size_t i;

    for (i = 0; i < map->chain_count; i++) {
        if (map->chains[i] != NULL)
            return map->chains[i];
    }
    return NULL;
}
