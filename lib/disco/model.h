/* Hosts and service infos in memory, their JSON, and what makes them valid. */
#ifndef DISCO_DISCO_MODEL_H
#define DISCO_DISCO_MODEL_H

#include <stddef.h>

#include <uvdisco/model.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "disco/pattern.h"

/* Where hosts that were read together live together: it goes when the last of them goes. */
typedef struct disco__home_s {
    disco__arena_t arena;
    size_t references; /* its hosts, and whoever puts hosts into it */
    size_t most;       /* of its hosts that there were */
} disco__home_t;

/* NULL allowed. */
void disco__home_unref(disco__home_t *home);

/* A host that owns its strings: they lie in its own block, behind it, or in its home. Counted:
 * snapshots share hosts. */
typedef struct disco__host_s {
    disco_host_t host; /* first */
    uint32_t references;
    /* In units of eight bytes: where it lies in the block of its home, or of one that lives alone,
     * the size of its own block, for wiping it. */
    uint32_t room : 29;
    uint32_t alone : 1;
    uint32_t
        side : 2; /* which of the client's stores its revisions are of: the first that has it */
} disco__host_t;

#define DISCO__HOST_SIDES 4 /* that can be told */

/* From the const host that a service hands out. */
disco__host_t *disco__host_owner(const disco_host_t *host);

/* side: below DISCO__HOST_SIDES. */
void disco__host_set_side(disco__host_t *host, size_t side);

/* A copy with every NULL string made empty and the ports sorted by scheme, bytewise; of a scheme
 * given twice the last one. One block; wiped when freed, since it may hold a password. 0 or
 * UV_ENOMEM. */
int disco__host_copy(disco__host_t **copy, const disco_host_t *host);
/* The size of a copy's block. */
size_t disco__host_size(const disco__host_t *copy);
/* How the room of a host that lives alone is noted; false: it is too large. size: a multiple of
 * eight. */
bool disco__host_settle(disco__host_t *host, size_t size);
/* The same of one that was just taken from its home's arena. */
void disco__host_move_in(disco__host_t *host, disco__home_t *home);
disco__host_t *disco__host_ref(disco__host_t *host);
/* NULL allowed. */
void disco__host_unref(disco__host_t *host);

/* It lies with others, of which no more than a quarter are left. */
bool disco__host_is_among_few(const disco__host_t *host);
/* The same of those that are left when a reference of this one goes. */
bool disco__host_leaves_few(const disco__host_t *host);

/* Of two copies: equal in all that is stored in etcd; the revisions are not looked at. */
bool disco__host_equal(const disco_host_t *a, const disco_host_t *b);

/* A service info that owns its strings. One block, wiped when freed. Counted. */
int disco__info_copy(disco_service_info_t **copy, const disco_service_info_t *info);
/* The same of what an info has in common with a host, which it keeps. 0 or UV_ENOMEM. */
int disco__info_of(disco_service_info_t **info, disco__host_t *host);
/* NULL allowed in both. */
disco_service_info_t *disco__info_ref(disco_service_info_t *info);
void disco__info_unref(disco_service_info_t *info);
/* The size of a copy's block. */
size_t disco__info_size(const disco_service_info_t *info);
bool disco__info_equal(const disco_service_info_t *a, const disco_service_info_t *b);

/* A service's or key segment's name: DISCO_ENAME when it is empty, ".", "..", longer than 255
 * bytes, not UTF-8, or holds '/' or a control byte; else 0. */
int disco__name_check(const char *name);

/* What a user may register: ports are numbers from 1 to 65535 (DISCO_EPORT) with schemes that are
 * URI schemes (RFC 3986, section 3.1; DISCO_ESCHEME); host names hold no control byte, space, '/',
 * '\\', '@', '?' or '#', have a ':' only as IPv6 addresses, and are at most 255 bytes
 * (DISCO_EHOSTNAME); all strings are UTF-8 (DISCO_EVALUE); uuid empty or valid as a name
 * (DISCO_ENAME). UV_EINVAL: a port list that is NULL with a count, a scheme given twice. */
int disco__host_check(const disco_host_t *host);

/* JSON, byte for byte as the Go package writes it; a port list that is NULL is written as null. */
int disco__host_write(disco__buffer_t *out, const disco_host_t *host);
int disco__info_write(disco__buffer_t *out, const disco_service_info_t *info);

/* Puts hosts that come together into one home. Cleared by init. */
typedef struct disco__maker_s {
    disco__spares_t *spares; /* for the home; NULL allowed */
    disco__home_t *home;     /* made at need */
    /* The last host that was made by a pattern, and by which: of those that follow it, only what
     * varies is put into the home. */
    const disco_host_t *last;
    const disco__pattern_t *pattern;
    uint64_t version;
} disco__maker_t;

void disco__maker_init(disco__maker_t *maker, disco__spares_t *spares);
/* The hosts stay. */
void disco__maker_free(disco__maker_t *maker);

/* A host of what was read. maker NULL: one that lives alone. 0 or UV_ENOMEM; DISCO_EPROTOCOL: it
 * has more ports than there are. */
int disco__host_make(disco__host_t **host, disco__maker_t *maker, const disco__fields_t *fields);
/* The same of one that is like the pattern. */
int disco__host_make_alike(disco__host_t **host, disco__maker_t *maker,
                           const disco__pattern_t *pattern, const disco__values_t *values);

/* What there is of a host without its texts and ports. */
void disco__host_base(disco_host_t *host, const disco__fields_t *fields);

/* From etcd. DISCO_EPROTOCOL or UV_ENOMEM: see disco__fields_read(). Missing fields are empty.
 * Ports of any text are taken: they come from others. */
int disco__host_read(disco__host_t **host, const char *json, size_t size);
int disco__info_read(disco_service_info_t **info, const char *json, size_t size);
/* As disco__host_make(). */
int disco__info_make(disco_service_info_t **info, const disco__fields_t *fields);

#endif
