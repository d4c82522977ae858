/* Happy path: two mirrors follow the service's directory and its info in one registry; when both
 * have been listed, on all sides, the SNAPSHOT is told, when all are watched SYNCED. Failure modes:
 * a mirror that cannot follow etcd makes the view STALE, once for each kind of trouble, and SYNCED
 * is told when all follow again; in between the mirror has listed again if it had to, and the
 * differences were told. The snapshot does not wait for a side that has failed, as long as there is
 * another. Memory too short for a change: the mirror lists again later. */
#include <string.h>

#include "disco/entry.h"
#include "disco/subscription.h"

static bool is_listed(const disco__side_t *side)
{
    return side->hosts_listed && side->info_listed;
}

static void tell_snapshot(disco_subscription_t *subscription)
{
    size_t listed = 0;
    size_t i;

    if (subscription->told_snapshot || subscription->closed)
        return;
    for (i = 0; i < subscription->side_count; i++) {
        const disco__side_t *side = &subscription->sides[i];

        if (is_listed(side))
            listed++;
        else if (!side->failed)
            return;
    }
    if (listed == 0)
        return;
    subscription->told_snapshot = true;
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_SNAPSHOT, NULL, NULL);
}

static void tell_synced(disco_subscription_t *subscription)
{
    size_t i;

    if (subscription->told_synced)
        return;
    for (i = 0; i < subscription->side_count; i++) {
        if (!subscription->sides[i].hosts_synced || !subscription->sides[i].info_synced)
            return;
    }
    for (i = 0; i < subscription->side_count; i++)
        subscription->sides[i].troubles.count = 0;
    subscription->told_synced = true;
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_SYNCED, NULL, NULL);
}

/* The view is whole once every side was listed. 0 or UV_ENOMEM. */
static int update_partial(disco_subscription_t *subscription)
{
    disco_service_t *view;
    size_t i;

    for (i = 0; i < subscription->side_count; i++) {
        if (!is_listed(&subscription->sides[i]))
            return 0;
    }
    if (!subscription->view->partial)
        return 0;
    view = disco__subscription_view(subscription);
    if (view == NULL)
        return UV_ENOMEM;
    view->partial = false;
    return 0;
}

static int listed(disco_subscription_t *subscription)
{
    int rv = update_partial(subscription);

    if (rv == 0)
        tell_snapshot(subscription);
    return rv;
}

static void stale(disco__side_t *side, const disco__failure_t *failure)
{
    disco_subscription_t *subscription = side->subscription;

    side->failed = true;
    if (subscription->told_synced)
        subscription->stale_since = disco__now(&subscription->client->loop);
    subscription->told_synced = false;
    if (disco__troubles_add(&side->troubles, failure->status))
        disco__subscription_tell_stale(subscription, side->hosts.store->api, failure);
    tell_snapshot(subscription);
}

static disco__side_t *of_hosts(disco__mirror_t *mirror)
{
    return disco__container_of(mirror, disco__side_t, hosts);
}

static int on_hosts_listed(disco__mirror_t *mirror, const disco__result_t *listing)
{
    disco__side_t *side = of_hosts(mirror);
    int rv = disco__members_listed(side, listing);

    if (rv != 0 || side->subscription->closed)
        return rv;
    side->hosts_listed = true;
    return listed(side->subscription);
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
    disco__side_t *side = of_hosts(mirror);

    side->hosts_synced = true;
    tell_synced(side->subscription);
}

static void on_hosts_stale(disco__mirror_t *mirror, const disco__failure_t *failure)
{
    disco__side_t *side = of_hosts(mirror);

    side->hosts_synced = false;
    stale(side, failure);
}

static disco__side_t *of_info(disco__mirror_t *mirror)
{
    return disco__container_of(mirror, disco__side_t, info);
}

/* The first side's that has one; NULL: none has. */
static disco_service_info_t *choose_info(const disco_subscription_t *subscription)
{
    size_t i;

    for (i = 0; i < subscription->side_count; i++) {
        if (subscription->sides[i].stored_info != NULL)
            return subscription->sides[i].stored_info;
    }
    return NULL;
}

/* Puts the chosen info into the view, and tells it, if that is new. */
static int show_info(disco_subscription_t *subscription)
{
    disco_service_info_t *chosen = choose_info(subscription);
    disco_service_t *view = subscription->view;

    if (disco__info_equal(disco_service_info(view), chosen != NULL ? chosen : &view->none))
        return 0;
    view = disco__subscription_view(subscription);
    if (view == NULL)
        return UV_ENOMEM;
    disco__service_set_info(view, disco__info_ref(chosen));
    disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_INFO, NULL, NULL);
    return 0;
}

/* entry NULL: there is no info, and a broken one is as good as none. */
static int set_info(disco__side_t *side, const disco_kv_t *entry)
{
    disco_service_info_t *info = NULL;
    int rv = 0;

    if (entry != NULL && !entry->is_directory)
        rv = disco__entry_read_info(side->subscription->client, entry, &info);
    if (rv != 0)
        info = NULL;
    if (rv != 0 && !disco__entry_is_broken(rv))
        return rv;
    disco__info_unref(side->stored_info);
    side->stored_info = info;
    /* Where there are no directories, this is what stays of a service without hosts. */
    rv = info != NULL && !side->info.store->has_directories
             ? disco__members_set_directory(side, true)
             : 0;
    return rv == 0 ? show_info(side->subscription) : rv;
}

static int on_info_listed(disco__mirror_t *mirror, const disco__result_t *listing)
{
    disco__side_t *side = of_info(mirror);
    int rv = set_info(side, listing->entry_count > 0 ? &listing->entries[0] : NULL);

    if (rv != 0 || side->subscription->closed)
        return rv;
    side->info_listed = true;
    return listed(side->subscription);
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
    disco__side_t *side = of_info(mirror);

    side->info_synced = true;
    tell_synced(side->subscription);
}

static void on_info_stale(disco__mirror_t *mirror, const disco__failure_t *failure)
{
    disco__side_t *side = of_info(mirror);

    side->info_synced = false;
    stale(side, failure);
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

void disco__side_init(disco__side_t *side, disco_subscription_t *subscription, size_t index)
{
    disco_client_t *client = subscription->client;
    disco__store_t *store = client->stores[index];

    side->subscription = subscription;
    side->index = (uint16_t)index;
    disco__mirror_init(&side->hosts, client, store, subscription->hosts_key, true, &hosts_events);
    disco__mirror_init(&side->info, client, store, subscription->info_key, false, &info_events);
}

void disco__side_start(disco__side_t *side)
{
    disco__mirror_start(&side->hosts);
    disco__mirror_start(&side->info);
}

void disco__side_stop(disco__side_t *side)
{
    disco__mirror_stop(&side->hosts);
    disco__mirror_stop(&side->info);
}

void disco__side_free(disco__side_t *side)
{
    disco__info_unref(side->stored_info);
}
