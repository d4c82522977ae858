/* What the files of a subscription share. */
#ifndef DISCO_DISCO_SUBSCRIPTION_H
#define DISCO_DISCO_SUBSCRIPTION_H

#include <uvdisco/subscription.h>

#include "disco/mirror.h"
#include "disco/model.h"
#include "disco/service.h"

/* A key in the service's directory. */
typedef struct disco__member_s {
    disco__strmap_entry_t entry; /* in subscription->members, under name */
    char *name;                  /* last segment of the key */
    disco__host_t *host;         /* NULL: what stands there is no host */
    bool listed;                 /* mark while a listing is compared */
} disco__member_t;

struct disco_subscription_s {
    disco_client_t *client;
    disco__queue_t node; /* in client->subscriptions */
    char *service;
    char *hosts_key;
    char *info_key;
    disco_subscription_filter_t filter;
    disco_service_t *view;
    disco__strmap_t members;
    disco__mirror_t hosts;
    disco__mirror_t info;
    bool hosts_listed, info_listed; /* once: the snapshot is told when both are */
    bool hosts_synced, info_synced;
    bool told_snapshot;
    bool told_synced;           /* SYNCED was told, and no STALE since */
    disco__troubles_t troubles; /* told since SYNCED */
    uint64_t stale_since;       /* disco__now(); from the beginning until SYNCED */
    bool closed;
    disco__tick_t tick;
    disco_subscription_cb cb;
    void *data;
};

/* Tells the user; nothing once it is closed, or before the snapshot. The subscription may be closed
 * inside. */
void disco__subscription_tell(disco_subscription_t *subscription,
                              disco_subscription_event_type_t type, int status,
                              const disco_host_t *host, const disco_host_t *previous);

/* The view, for changing it: copied first when somebody else holds it. NULL when memory is short.
 */
disco_service_t *disco__subscription_view(disco_subscription_t *subscription);

/* The members follow what etcd has; the user is told each difference. 0 or UV_ENOMEM: nothing was
 * changed by this entry. */
int disco__members_listed(disco_subscription_t *subscription, const disco__result_t *listing);
int disco__members_put(disco_subscription_t *subscription, const disco_kv_t *entry);
int disco__members_gone(disco_subscription_t *subscription, const char *key);
void disco__members_free(disco_subscription_t *subscription);

#endif
