#include "disco/member.h"

#include <uv.h>

bool disco__member_is_there(const disco__member_t *member)
{
    size_t i;

    for (i = 0; i < DISCO__STORES_MOST; i++) {
        if (member->held[i].there)
            return true;
    }
    return false;
}

int disco__member_unite(disco__member_t *member)
{
    disco__host_t *first = NULL;
    disco__host_t *last = NULL;
    disco__host_t *united;
    size_t i;
    int rv;

    for (i = 0; i < DISCO__STORES_MOST; i++) {
        disco__host_t *host = member->held[i].host;

        if (host == NULL)
            continue;
        if (first == NULL)
            first = host;
        last = host;
    }
    member->host = first;
    if (first == last || disco__host_equal(&first->host, &last->host))
        return 0;
    member->host = NULL;
    rv = disco__host_copy(&united, &last->host);
    if (rv != 0)
        return rv;
    united->side = first->side;
    united->host.created_revision = first->host.created_revision;
    united->host.modified_revision = first->host.modified_revision;
    member->host = united;
    return 0;
}

disco__host_t *disco__member_own(const disco__member_t *member)
{
    size_t i;

    for (i = 0; i < DISCO__STORES_MOST; i++) {
        if (member->held[i].host == member->host)
            return NULL;
    }
    return member->host;
}
