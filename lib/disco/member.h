/* What each of the client's registries has under one key of a service's directory. */
#ifndef DISCO_DISCO_MEMBER_H
#define DISCO_DISCO_MEMBER_H

#include "disco/context.h"
#include "disco/model.h"

/* What one registry has. */
typedef struct disco__held_s {
    disco__host_t *host; /* NULL: nothing is there, or it is no host */
    bool there;
} disco__held_t;

/* Each host in held is a reference, and so is host when it is none of them. */
typedef struct disco__member_s {
    const char *name;    /* last segment of the key: the UUID */
    disco__host_t *host; /* as all registries together have it; NULL: none has a host */
    disco__held_t held[DISCO__STORES_MOST]; /* by registry */
} disco__member_t;

/* A registry has something under the key. */
bool disco__member_is_there(const disco__member_t *member);

/* Sets the host as all registries together have it: the last one's where they differ, since
 * programs move from the first to the last; revisions, and with them the place in the order, as the
 * first one that has it says, so that it keeps its place for as long as it is there. 0 or UV_ENOMEM
 * (host is then NULL), the latter only when two differ. */
int disco__member_unite(disco__member_t *member);

/* The host, when it is none of those in held; else NULL. */
disco__host_t *disco__member_own(const disco__member_t *member);

#endif
