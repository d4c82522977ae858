/* A subscription's life: begun, told through, closed. What happens in between is in side.c, for
 * each registry, and in members.c, where the registries are united; there the failures are, too. */
#include "disco/subscription.h"

#include <string.h>

#include "disco/keys.h"

static void subscription_free(disco_subscription_t *subscription)
{
    size_t i;

    for (i = 0; i < subscription->side_count; i++)
        disco__side_free(&subscription->sides[i]);
    disco__roster_free(&subscription->members);
    disco_service_unref(subscription->view);
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

static void tell(disco_subscription_t *subscription, disco_subscription_event_t *event)
{
    bool before_snapshot = event->type != DISCO_SUBSCRIPTION_STALE && !subscription->told_snapshot;

    if (subscription->closed || before_snapshot || !passes_filter(subscription, event->type))
        return;
    event->service = disco_subscription_service(subscription);
    subscription->cb(subscription->data, subscription, event);
}

void disco__subscription_tell(disco_subscription_t *subscription,
                              disco_subscription_event_type_t type, const disco_host_t *host,
                              const disco_host_t *previous)
{
    disco_subscription_event_t event = {.type = type, .host = host, .previous = previous};

    tell(subscription, &event);
}

void disco__subscription_tell_stale(disco_subscription_t *subscription, const char *api,
                                    const disco__failure_t *failure)
{
    disco_client_t *client = subscription->client;
    disco_subscription_event_t event = {
        .type = DISCO_SUBSCRIPTION_STALE, .status = failure->status, .api = api};
    disco__failure_t told = *failure;

    told.api = api;
    disco__log(&client->loop.log, DISCO_LOG_INFO, "%s: cannot be followed now on %s: %s",
               subscription->service, api, disco_strerror(failure->status));
    disco__client_set_failure(client, &told);
    tell(subscription, &event);
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
    disco_subscription_t *subscription = disco__calloc(
        1, sizeof *subscription + client->store_count * sizeof subscription->sides[0]);

    if (subscription == NULL)
        return UV_ENOMEM;
    subscription->client = client;
    disco__roster_init(&subscription->members, disco__random_next(&client->loop.random));
    subscription->hosts_key = disco__key_of_hosts(service);
    subscription->info_key = disco__key_of_info(service);
    if (subscription->hosts_key == NULL || subscription->info_key == NULL ||
        disco__service_new(&subscription->view, service, shard, &client->loop.random) != 0) {
        subscription_free(subscription);
        return UV_ENOMEM;
    }
    subscription->service = disco__key_last_segment(subscription->hosts_key);
    disco__tick_init(&subscription->tick, on_closed);
    subscription->view->partial = true; /* until all are listed */
    while (subscription->side_count < client->store_count) {
        size_t index = subscription->side_count++;

        disco__side_init(&subscription->sides[index], subscription, index);
    }
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
    size_t i;
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
    for (i = 0; i < subscription->side_count; i++)
        disco__side_start(&subscription->sides[i]);
    if (out != NULL)
        *out = subscription;
    return 0;
}

int disco_subscription_close(disco_subscription_t *subscription)
{
    size_t i;

    if (subscription == NULL)
        return UV_EINVAL;
    if (subscription->closed)
        return DISCO_ECLOSING;
    subscription->closed = true;
    for (i = 0; i < subscription->side_count; i++)
        disco__side_stop(&subscription->sides[i]);
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
