#include "disco/member.h"

#include <uv.h>

#include "base/alloc.h"

static void member_free(disco__member_t *member, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        disco__host_unref(member->held[i].host);
    disco__host_unref(member->host);
    disco__free(member->name);
    disco__free(member);
}

disco__member_t *disco__member_add(disco__strmap_t *map, const char *name, size_t count)
{
    disco__member_t *member = disco__calloc(1, sizeof *member + count * sizeof member->held[0]);

    if (member == NULL)
        return NULL;
    member->name = disco__strdup(name);
    if (member->name == NULL || disco__strmap_add(map, &member->entry, member->name) != 0) {
        member_free(member, count);
        return NULL;
    }
    return member;
}

disco__member_t *disco__member_find(const disco__strmap_t *map, const char *name)
{
    disco__strmap_entry_t *entry = disco__strmap_find(map, name);

    return entry != NULL ? disco__container_of(entry, disco__member_t, entry) : NULL;
}

void disco__member_remove(disco__strmap_t *map, disco__member_t *member, size_t count)
{
    disco__strmap_remove(map, &member->entry);
    member_free(member, count);
}

void disco__members_clear(disco__strmap_t *map, size_t count)
{
    size_t i;

    for (i = 0; i < map->chain_count; i++) {
        while (map->chains[i] != NULL)
            disco__member_remove(map, disco__container_of(map->chains[i], disco__member_t, entry),
                                 count);
    }
    disco__strmap_free(map);
}

bool disco__member_is_there(const disco__member_t *member, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (member->held[i].there)
            return true;
    }
    return false;
}

int disco__member_unite(disco__host_t **united, const disco__member_t *member, size_t count)
{
    disco__host_t *first = NULL;
    disco__host_t *last = NULL;
    size_t i;
    int rv;

    for (i = 0; i < count; i++) {
        disco__host_t *host = member->held[i].host;

        if (host == NULL)
            continue;
        if (first == NULL)
            first = host;
        last = host;
    }
    *united = NULL;
    if (first == NULL)
        return 0;
    if (first == last || disco__host_equal(&first->host, &last->host)) {
        *united = disco__host_ref(first);
        return 0;
    }
    rv = disco__host_copy(united, &last->host);
    if (rv != 0)
        return rv;
    (*united)->side = first->side;
    (*united)->host.created_revision = first->host.created_revision;
    (*united)->host.modified_revision = first->host.modified_revision;
    return 0;
}
