/* The hosts of a subscription, key by key: what etcd says is compared with what is known, the view
 * is changed, and the user is told. Everything that can fail comes before the first change, so that
 * after UV_ENOMEM a new listing finds the rest of the difference. After each word to the user the
 * subscription may be closed, and is looked at again. */
#include "disco/entry.h"
#include "disco/keys.h"
#include "disco/subscription.h"

static void member_free(disco__member_t *member)
{
    disco__host_unref(member->host);
    disco__free(member->name);
    disco__free(member);
}

void disco__members_free(disco_subscription_t *subscription)
{
    disco__strmap_entry_t *entry;

    while ((entry = disco__strmap_any(&subscription->members)) != NULL) {
        disco__strmap_remove(&subscription->members, entry);
        member_free(disco__container_of(entry, disco__member_t, entry));
    }
    disco__strmap_free(&subscription->members);
}

static disco__member_t *member_find(disco_subscription_t *subscription, const char *name)
{
    disco__strmap_entry_t *entry = disco__strmap_find(&subscription->members, name);

    return entry != NULL ? disco__container_of(entry, disco__member_t, entry) : NULL;
}

/* A member of which nothing is known yet. */
static disco__member_t *member_add(disco_subscription_t *subscription, const char *name)
{
    disco__member_t *member = disco__calloc(1, sizeof *member);

    if (member == NULL)
        return NULL;
    member->name = disco__strdup(name);
    if (member->name == NULL ||
        disco__strmap_add(&subscription->members, &member->entry, member->name) != 0) {
        member_free(member);
        return NULL;
    }
    return member;
}

/* The host as the view has it: NULL when its shard is not asked for. */
static disco__host_t *in_view(const disco_service_t *view, disco__host_t *host)
{
    return host != NULL && disco__service_wants(view, &host->host) ? host : NULL;
}

/* Puts host (NULL: none, or a broken one) in the place of what the view has of a member. There is
 * room. */
static void change_view(disco_service_t *view, disco__host_t *before, disco__host_t *after)
{
    if (in_view(view, before) != NULL)
        disco__service_remove(view, before);
    else if (before != NULL)
        view->elsewhere--;
    if (in_view(view, after) != NULL)
        disco__service_add(view, after);
    else if (after != NULL)
        view->elsewhere++;
}

static void tell_difference(disco_subscription_t *subscription, disco__host_t *before,
                            disco__host_t *after)
{
    disco__host_t *old = in_view(subscription->view, before);
    disco__host_t *new = in_view(subscription->view, after);

    if (old == NULL && new != NULL)
        disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_UP, 0, &new->host, NULL);
    else if (old != NULL && new == NULL)
        disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_DOWN, 0, &old->host, NULL);
    else if (old != NULL && new != NULL && !disco__host_equal(&old->host, &new->host))
        disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_CHANGED, 0, &new->host,
                                 &old->host);
}

/* Takes a reference of host over. */
static int member_set(disco_subscription_t *subscription, disco__member_t *member,
                      disco__host_t *host, disco_service_t *view)
{
    disco__host_t *before = member->host;

    change_view(view, before, host);
    member->host = host;
    if (host != NULL)
        disco__host_ref(host);
    tell_difference(subscription, before, host);
    /* The member may be gone from here on. */
    disco__host_unref(before);
    disco__host_unref(host);
    return 0;
}

static disco_service_t *view_with_room(disco_subscription_t *subscription)
{
    disco_service_t *view = disco__subscription_view(subscription);

    if (view == NULL || disco__service_reserve(view) != 0)
        return NULL;
    return view;
}

static int put_host(disco_subscription_t *subscription, const disco_kv_t *entry, bool listing)
{
    const char *name = disco__key_last_segment(entry->key);
    disco__member_t *member = member_find(subscription, name);
    bool is_new = member == NULL;
    bool was_broken = !is_new && member->host == NULL;
    disco_service_t *view;
    disco__host_t *host = NULL;
    int rv = disco__entry_read_host(subscription->client, entry, &host);

    if (rv != 0 && !disco__entry_is_broken(rv))
        return rv;
    if (rv != 0)
        host = NULL;
    view = view_with_room(subscription);
    if (view != NULL && is_new)
        member = member_add(subscription, name);
    if (view == NULL || member == NULL) {
        disco__host_unref(host);
        return UV_ENOMEM;
    }
    member->listed = listing;
    view->has_directory = true;
    view->broken += host == NULL ? 1 : 0;
    view->broken -= was_broken ? 1 : 0;
    return member_set(subscription, member, host, view);
}

static int drop_member(disco_subscription_t *subscription, disco__member_t *member)
{
    disco_service_t *view = disco__subscription_view(subscription);
    disco__host_t *host = member->host;

    if (view == NULL)
        return UV_ENOMEM;
    disco__strmap_remove(&subscription->members, &member->entry);
    member->host = NULL;
    member_free(member);
    if (host == NULL) {
        view->broken--;
        return 0;
    }
    change_view(view, host, NULL);
    tell_difference(subscription, host, NULL);
    disco__host_unref(host);
    return 0;
}

static disco__member_t *unlisted_in(disco__strmap_entry_t *chain)
{
    for (; chain != NULL; chain = chain->next) {
        disco__member_t *member = disco__container_of(chain, disco__member_t, entry);

        if (!member->listed)
            return member;
    }
    return NULL;
}

static void unmark_all(disco_subscription_t *subscription)
{
    disco__strmap_t *map = &subscription->members;
    size_t i;

    for (i = 0; i < map->chain_count; i++) {
        disco__strmap_entry_t *entry;

        for (entry = map->chains[i]; entry != NULL; entry = entry->next)
            disco__container_of(entry, disco__member_t, entry)->listed = false;
    }
}

/* Nothing is added meanwhile, and removing does not move the chains. */
static int drop_unlisted(disco_subscription_t *subscription)
{
    disco__strmap_t *map = &subscription->members;
    disco__member_t *member;
    size_t i;

    for (i = 0; i < map->chain_count; i++) {
        while (!subscription->closed && (member = unlisted_in(map->chains[i])) != NULL) {
            int rv = drop_member(subscription, member);

            if (rv != 0)
                return rv;
        }
    }
    return 0;
}

/* Where there are no directories, a service that is known stays known, as on v2 its directory
 * stays. */
static int set_directory(disco_subscription_t *subscription, bool there)
{
    disco_service_t *view;
    bool lasts = !subscription->client->stores[0]->has_directories;

    if (subscription->view->has_directory == there || (!there && lasts))
        return 0;
    view = disco__subscription_view(subscription);
    if (view == NULL)
        return UV_ENOMEM;
    view->has_directory = there;
    return 0;
}

int disco__members_listed(disco_subscription_t *subscription, const disco__result_t *listing)
{
    size_t i;
    int rv = set_directory(subscription, listing->entry_count > 0);

    if (rv != 0)
        return rv;
    unmark_all(subscription);
    /* Before the snapshot nobody looks at the view, so its order can wait for the end. */
    if (!subscription->told_snapshot && subscription->view->references == 1)
        disco__service_sort_later(subscription->view);
    for (i = 0; i < listing->entry_count && rv == 0 && !subscription->closed; i++) {
        const disco_kv_t *entry = &listing->entries[i];

        if (!entry->is_directory &&
            disco__key_relation(entry->key, subscription->hosts_key) == DISCO__KEY_CHILD)
            rv = put_host(subscription, entry, true);
    }
    disco__service_sort(subscription->view);
    return rv == 0 ? drop_unlisted(subscription) : rv;
}

int disco__members_put(disco_subscription_t *subscription, const disco_kv_t *entry)
{
    if (entry->is_directory ||
        disco__key_relation(entry->key, subscription->hosts_key) != DISCO__KEY_CHILD)
        return set_directory(subscription, true);
    return put_host(subscription, entry, false);
}

int disco__members_gone(disco_subscription_t *subscription, const char *key)
{
    disco__member_t *member;
    int rv;

    if (disco__key_relation(key, subscription->hosts_key) == DISCO__KEY_SAME) {
        rv = set_directory(subscription, false);
        if (rv != 0)
            return rv;
        unmark_all(subscription);
        return drop_unlisted(subscription);
    }
    member = member_find(subscription, disco__key_last_segment(key));
    return member != NULL ? drop_member(subscription, member) : 0;
}
