/* Happy path: two mirrors follow the service's directory and its info; when both have been listed
 * the SNAPSHOT is told, when both are watched SYNCED; from then on each difference is told as it
 * comes. Failure modes: a mirror that cannot follow etcd makes the view STALE, once for each kind
 * of trouble, and SYNCED when both follow again; in between the mirror has listed again if it had
 * to, and the differences were told. Memory too short for a change: the mirror lists again later.
 */
#include "disco/subscription.h"

#include <string.h>

#include "disco/entry.h"
#include "disco/keys.h"

static void subscription_free(disco_subscription_t *subscription)
{
    disco__members_free(subscription);
    disco_service_unref(subscription->view);
    disco__free(subscription->service);
    disco__free(subscription->hosts_key);
    disco__free(subscription->info_key);
    disco__free(subscription);
}

static bool passes_filter(const disco_subscription_t *subscription,
                          disco_subscription_event_type_t type)
{
    bool difference = type == DISCO_SUBSCRIPTION_UP || type == DISCO_SUBSCRIPTION_CHANGED ||
                      type == DISCO_SUBSCRIPTION_DOWN;

    switch (subscription->filter) {
    case DISCO_SUBSCRIBE_NEW_ONLY:
        return !difference || type == DISCO_SUBSCRIPTION_UP;
    case DISCO_SUBSCRIBE_DOWN_ONLY:
        return !difference || type == DISCO_SUBSCRIPTION_DOWN;
    case DISCO_SUBSCRIBE_ALL:
        break;
    }
    return true;
}

void disco__subscription_tell(disco_subscription_t *subscription,
                              disco_subscription_event_type_t type, int status,
                              const disco_host_t *host, const disco_host_t *previous)
{
    disco_subscription_event_t event = {
        .type = type, .status = status, .host = host, .previous = previous};
    bool before_snapshot = type != DISCO_SUBSCRIPTION_STALE && !subscription->told_snapshot;

    if (subscription->closed || before_snapshot || !passes_filter(subscription, type))
        return;
    event.service = disco_subscription_service(subscription);
    subscription->cb(subscription->data, subscription, &event);
}

disco_service_t *disco__subscription_view(disco_subscription_t *subscription)
{
    disco_service_t *copy;

    if (subscription->view->references == 1)
        return subscription->view;
    if (disco__service_copy(&copy, subscription->view, subscription->view->shard) != 0)
        return NULL;
    disco_service_unref(subscription->view);
    subscription->view = copy;
    return copy;
}

static void tell_snapshot(disco_subscription_t *subscription)
{
    if (subscription->told_snapshot || !subscription->hosts_listed || !subscription->info_listed)
        return;
    subscription->told_snapshot = true;
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_SNAPSHOT, 0, NULL, NULL);
}

static void tell_synced(disco_subscription_t *subscription)
{
    if (subscription->told_synced || !subscription->hosts_synced || !subscription->info_synced)
        return;
    subscription->told_synced = true;
    subscription->troubles.count = 0;
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_SYNCED, 0, NULL, NULL);
}

static void stale(disco_subscription_t *subscription, const disco__failure_t *failure)
{
    if (subscription->told_synced)
        subscription->stale_since = disco__now(&subscription->client->loop);
    subscription->told_synced = false;
    if (!disco__troubles_add(&subscription->troubles, failure->status))
        return;
    disco__log(&subscription->client->loop.log, DISCO_LOG_INFO, "%s: cannot be followed now: %s",
               subscription->service, disco_strerror(failure->status));
    disco__client_set_failure(subscription->client, failure);
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_STALE, failure->status, NULL, NULL);
}

static disco_subscription_t *of_hosts(disco__mirror_t *mirror)
{
    return disco__container_of(mirror, disco_subscription_t, hosts);
}

static int on_hosts_listed(disco__mirror_t *mirror, const disco__result_t *listing)
{
    disco_subscription_t *subscription = of_hosts(mirror);
    int rv = disco__members_listed(subscription, listing);

    if (rv != 0 || subscription->closed)
        return rv;
    subscription->hosts_listed = true;
    tell_snapshot(subscription);
    return 0;
}

static int on_host_put(disco__mirror_t *mirror, const disco_kv_t *entry)
{
    return disco__members_put(of_hosts(mirror), entry);
}

static int on_host_gone(disco__mirror_t *mirror, const char *key)
{
    return disco__members_gone(of_hosts(mirror), key);
}

static void on_hosts_synced(disco__mirror_t *mirror)
{
    disco_subscription_t *subscription = of_hosts(mirror);

    subscription->hosts_synced = true;
    tell_synced(subscription);
}

static void on_hosts_stale(disco__mirror_t *mirror, const disco__failure_t *failure)
{
    disco_subscription_t *subscription = of_hosts(mirror);

    subscription->hosts_synced = false;
    stale(subscription, failure);
}

static disco_subscription_t *of_info(disco__mirror_t *mirror)
{
    return disco__container_of(mirror, disco_subscription_t, info);
}

/* entry NULL: there is no info. */
static int set_info(disco_subscription_t *subscription, const disco_kv_t *entry)
{
    disco_service_info_t none = {.name = subscription->service};
    disco_service_t *view = disco__subscription_view(subscription);
    disco_service_info_t *info = NULL;
    int rv = DISCO_EPROTOCOL;

    if (view == NULL)
        return UV_ENOMEM;
    if (entry != NULL && !entry->is_directory)
        rv = disco__entry_read_info(subscription->client, entry, &info);
    if (rv == 0 && !subscription->client->stores[0]->has_directories)
        view->has_directory = true;
    if (disco__entry_is_broken(rv))
        rv = disco__info_copy(&info, &none); /* as if there were none */
    if (rv != 0)
        return rv;
    if (disco__info_equal(view->info, info)) {
        disco__info_free(info);
        return 0;
    }
    disco__service_set_info(view, info);
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_INFO, 0, NULL, NULL);
    return 0;
}

static int on_info_listed(disco__mirror_t *mirror, const disco__result_t *listing)
{
    disco_subscription_t *subscription = of_info(mirror);
    int rv = set_info(subscription, listing->entry_count > 0 ? &listing->entries[0] : NULL);

    if (rv != 0 || subscription->closed)
        return rv;
    subscription->info_listed = true;
    tell_snapshot(subscription);
    return 0;
}

static int on_info_put(disco__mirror_t *mirror, const disco_kv_t *entry)
{
    return set_info(of_info(mirror), entry);
}

static int on_info_gone(disco__mirror_t *mirror, const char *key)
{
    (void)key;
    return set_info(of_info(mirror), NULL);
}

static void on_info_synced(disco__mirror_t *mirror)
{
    disco_subscription_t *subscription = of_info(mirror);

    subscription->info_synced = true;
    tell_synced(subscription);
}

static void on_info_stale(disco__mirror_t *mirror, const disco__failure_t *failure)
{
    disco_subscription_t *subscription = of_info(mirror);

    subscription->info_synced = false;
    stale(subscription, failure);
}

static const disco__mirror_events_t hosts_events = {
    .listed = on_hosts_listed,
    .put = on_host_put,
    .gone = on_host_gone,
    .synced = on_hosts_synced,
    .stale = on_hosts_stale,
};

static const disco__mirror_events_t info_events = {
    .listed = on_info_listed,
    .put = on_info_put,
    .gone = on_info_gone,
    .synced = on_info_synced,
    .stale = on_info_stale,
};

static void on_closed(disco__tick_t *tick)
{
    disco_subscription_t *subscription = disco__container_of(tick, disco_subscription_t, tick);
    disco_subscription_event_t event = {.type = DISCO_SUBSCRIPTION_CLOSED, .status = UV_ECANCELED};

    event.service = disco_subscription_service(subscription);
    disco__client_set_status(subscription->client, UV_ECANCELED);
    subscription->cb(subscription->data, subscription, &event);
    subscription_free(
        subscription); /* nobody else knows of it any more, whatever the callback did */
}

static int subscription_new(disco_subscription_t **out, disco_client_t *client, const char *service,
                            const char *shard)
{
    disco_subscription_t *subscription = disco__calloc(1, sizeof *subscription);

    if (subscription == NULL)
        return UV_ENOMEM;
    subscription->client = client;
    disco__strmap_init(&subscription->members, disco__random_next(&client->loop.random));
    subscription->service = disco__strdup(service);
    subscription->hosts_key = disco__key_of_hosts(service);
    subscription->info_key = disco__key_of_info(service);
    if (subscription->service == NULL || subscription->hosts_key == NULL ||
        subscription->info_key == NULL ||
        disco__service_new(&subscription->view, service, shard, &client->loop.random) != 0) {
        subscription_free(subscription);
        return UV_ENOMEM;
    }
    disco__tick_init(&subscription->tick, on_closed);
    disco__mirror_init(&subscription->hosts, client, client->stores[0], subscription->hosts_key,
                       true, &hosts_events);
    disco__mirror_init(&subscription->info, client, client->stores[0], subscription->info_key,
                       false, &info_events);
    subscription->stale_since = disco__now(&client->loop);
    *out = subscription;
    return 0;
}

int disco_subscribe(disco_client_t *client, const char *service,
                    const disco_subscription_options_t *options, disco_subscription_cb cb,
                    void *data, disco_subscription_t **out)
{
    static const disco_subscription_options_t defaults = {0};
    disco_subscription_t *subscription;
    int rv = disco__client_check(client);

    if (rv != 0)
        return rv;
    if (options == NULL)
        options = &defaults;
    if (service == NULL || cb == NULL || (unsigned)options->filter > DISCO_SUBSCRIBE_DOWN_ONLY)
        return UV_EINVAL;
    rv = disco__name_check(service);
    if (rv == 0 && options->shard != NULL)
        rv = disco__name_check(options->shard);
    if (rv != 0)
        return rv;
    rv = subscription_new(&subscription, client, service, options->shard);
    if (rv != 0)
        return rv;
    subscription->filter = options->filter;
    subscription->cb = cb;
    subscription->data = data;
    disco__queue_push(&client->subscriptions, &subscription->node);
    disco__mirror_start(&subscription->hosts);
    disco__mirror_start(&subscription->info);
    if (out != NULL)
        *out = subscription;
    return 0;
}

int disco_subscription_close(disco_subscription_t *subscription)
{
    if (subscription == NULL)
        return UV_EINVAL;
    if (subscription->closed)
        return DISCO_ECLOSING;
    subscription->closed = true;
    disco__mirror_stop(&subscription->hosts);
    disco__mirror_stop(&subscription->info);
    disco__queue_remove(&subscription->node);
    disco__tick_schedule(&subscription->client->loop, &subscription->tick);
    return 0;
}

const disco_service_t *disco_subscription_service(const disco_subscription_t *subscription)
{
    if (subscription == NULL || !subscription->told_snapshot)
        return NULL;
    return subscription->view;
}

disco_view_state_t disco_subscription_state(const disco_subscription_t *subscription,
                                            uint64_t *stale_ms)
{
    if (stale_ms != NULL)
        *stale_ms = 0;
    if (subscription == NULL)
        return DISCO_VIEW_NEVER_SYNCED;
    if (subscription->told_synced && !subscription->closed)
        return subscription->view->count > 0 ? DISCO_VIEW_FRESH : DISCO_VIEW_CONFIRMED_EMPTY;
    if (stale_ms != NULL)
        *stale_ms = disco__now(&subscription->client->loop) - subscription->stale_since;
    return subscription->told_snapshot ? DISCO_VIEW_STALE : DISCO_VIEW_NEVER_SYNCED;
}
