/* What the files of a subscription share. */
#ifndef DISCO_DISCO_SUBSCRIPTION_H
#define DISCO_DISCO_SUBSCRIPTION_H

#include <uvdisco/subscription.h>

#include "disco/mirror.h"
#include "disco/roster.h"
#include "disco/service.h"

/* One registry: what a store of the client's has of the service. */
typedef struct disco__side_s {
    disco_subscription_t *subscription;
    disco__mirror_t hosts;
    disco__mirror_t info;
    uint16_t index;                 /* among the subscription's sides */
    bool hosts_listed, info_listed; /* once */
    bool hosts_synced, info_synced;
    bool failed;                       /* it was stale: the snapshot does not wait for it */
    bool has_directory;                /* the service is known there */
    disco__troubles_t troubles;        /* told since SYNCED */
    disco_service_info_t *stored_info; /* NULL: none */
} disco__side_t;

struct disco_subscription_s {
    disco_client_t *client;
    disco__queue_t node; /* in client->subscriptions */
    const char *service; /* the end of hosts_key */
    char *hosts_key;
    char *info_key;
    disco_service_t *view; /* of all sides, united */
    disco__roster_t members;
    uint64_t stale_since; /* disco__now(); from the beginning until SYNCED */
    disco_subscription_filter_t filter;
    bool told_snapshot;
    bool told_synced; /* SYNCED was told, and no STALE since */
    bool closed;
    bool sparse; /* hosts hold memory of many that are gone */
    disco__tick_t tick;
    disco_subscription_cb cb;
    void *data;
    size_t side_count;
    disco__side_t sides[];
};

/* Tells the user; nothing once it is closed, or before the snapshot. The subscription may be closed
 * inside. */
void disco__subscription_tell(disco_subscription_t *subscription,
                              disco_subscription_event_type_t type, const disco_host_t *host,
                              const disco_host_t *previous);

/* STALE; api: of the side that it is about. */
void disco__subscription_tell_stale(disco_subscription_t *subscription, const char *api,
                                    const disco__failure_t *failure);

/* The view, for changing it: copied first when somebody else holds it. NULL when memory is short.
 */
disco_service_t *disco__subscription_view(disco_subscription_t *subscription);

/* side.c: following one registry. */
void disco__side_init(disco__side_t *side, disco_subscription_t *subscription, size_t index);
void disco__side_start(disco__side_t *side);
/* Harmless when it does not run. */
void disco__side_stop(disco__side_t *side);
void disco__side_free(disco__side_t *side);

/* members.c: the members follow what a registry has; the user is told each difference. 0 or
 * UV_ENOMEM: nothing was changed by the entry that failed. */
int disco__members_listed(disco__side_t *side, const disco__result_t *listing);
int disco__members_put(disco__side_t *side, const disco_kv_t *entry);
int disco__members_gone(disco__side_t *side, const char *key);
/* The service is known there, or not. */
int disco__members_set_directory(disco__side_t *side, bool there);

#endif
