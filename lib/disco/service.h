/* A service and its hosts in memory. A snapshot that others hold is never changed: it is copied
 * first. */
#ifndef DISCO_DISCO_SERVICE_H
#define DISCO_DISCO_SERVICE_H

#include "base/random.h"
#include "disco/model.h"

struct disco_service_s {
    disco_service_t
        *self; /* for the count and the draw, which a const service allows all the same */
    disco_service_info_t *info; /* NULL: there is none, */
    disco_service_info_t none;  /* and this is told, which has the name alone */
    char *shard;                /* asked for; NULL: all */
    const disco_host_t **hosts; /* each inside a disco__host_t; oldest first */
    size_t count;
    size_t capacity;
    size_t broken;
    size_t elsewhere; /* hosts on other shards */
    uint32_t references;
    bool has_directory;
    bool partial;  /* a registry is missing in it */
    bool unsorted; /* many are being added: the order is made when all are there */
    disco__random_t random;
    char name[];
};

/* Without hosts and info. 0 or UV_ENOMEM. name: copied; shard: copied, NULL allowed. */
int disco__service_new(disco_service_t **service, const char *name, const char *shard,
                       disco__random_t *random);

/* A copy that shares the hosts: for another shard (only from one that has all), or to be changed.
 */
int disco__service_copy(disco_service_t **copy, const disco_service_t *service, const char *shard);

/* Takes the info over. NULL: there is none. */
void disco__service_set_info(disco_service_t *service, disco_service_info_t *info);

/* The service holds this host, or would, by its shard. */
bool disco__service_wants(const disco_service_t *service, const disco_host_t *host);

/* Room for one more, so that the next add cannot fail. */
int disco__service_reserve(disco_service_t *service);

/* Takes a reference of its own. The order is kept. Reserve first. */
void disco__service_add(disco_service_t *service, disco__host_t *host);

/* From now on added without order, until it is sorted. */
void disco__service_sort_later(disco_service_t *service);
void disco__service_sort(disco_service_t *service);

/* Forgets all hosts, and what was counted. */
void disco__service_clear(disco_service_t *service);

/* Harmless when it is not there. */
void disco__service_remove(disco_service_t *service, disco__host_t *host);

/* Puts another in a host's place, which is the same in the order; takes a reference of its own.
 * False: it is another place, or the host is not there, and nothing was done. */
bool disco__service_replace(disco_service_t *service, disco__host_t *host, disco__host_t *by);

#endif
