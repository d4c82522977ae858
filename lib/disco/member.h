/* A key in a service's directory, and what each of the client's registries has under it. */
#ifndef DISCO_DISCO_MEMBER_H
#define DISCO_DISCO_MEMBER_H

#include "base/strmap.h"
#include "disco/model.h"

/* What one registry has. */
typedef struct disco__held_s {
    disco__host_t *host; /* NULL: nothing is there, or it is no host */
    bool there;
    bool listed; /* mark while a listing is compared */
} disco__held_t;

typedef struct disco__member_s {
    disco__strmap_entry_t entry; /* under name */
    char *name;                  /* last segment of the key: the UUID */
    disco__host_t *host;         /* as all registries together have it; NULL: none has a host */
    disco__held_t held[];        /* by registry */
} disco__member_t;

/* Of which nothing is known yet, put into the map. NULL when memory is short. count: registries. */
disco__member_t *disco__member_add(disco__strmap_t *map, const char *name, size_t count);
/* NULL: there is none. */
disco__member_t *disco__member_find(const disco__strmap_t *map, const char *name);
/* Takes it out of the map and frees it. */
void disco__member_remove(disco__strmap_t *map, disco__member_t *member, size_t count);
/* All of them, and the map's table. */
void disco__members_clear(disco__strmap_t *map, size_t count);

/* A registry has something under the key. */
bool disco__member_is_there(const disco__member_t *member, size_t count);

/* The host as all registries together have it, with a reference for the caller: the last one's
 * where they differ, since programs move from the first to the last; revisions, and with them the
 * place in the order, as the first one that has it says, so that it keeps its place for as long as
 * it is there. NULL: none has one. 0 or UV_ENOMEM, the latter only when two differ. */
int disco__member_unite(disco__host_t **united, const disco__member_t *member, size_t count);

#endif
