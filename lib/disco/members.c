/* The hosts of a subscription, key by key: what a registry says is compared with what is known, the
 * view, which unites the registries, is changed, and the user is told. Everything that can fail
 * comes before the first change, so that after UV_ENOMEM a new listing finds the rest of the
 * difference. After each word to the user the subscription may be closed, and is looked at again.
 */
#include "disco/entry.h"
#include "disco/keys.h"
#include "disco/member.h"
#include "disco/subscription.h"

/* The host as the view has it: NULL when its shard is not asked for. */
static disco__host_t *in_view(const disco_service_t *view, disco__host_t *host)
{
    return host != NULL && disco__service_wants(view, &host->host) ? host : NULL;
}

/* Puts host (NULL: none, or a broken one) in the place of what the view has of a member. There is
 * room. */
static void change_view(disco_service_t *view, disco__host_t *before, disco__host_t *after)
{
    bool was = in_view(view, before) != NULL;
    bool is = in_view(view, after) != NULL;

    if (was && is && disco__service_replace(view, before, after))
        return;
    if (was)
        disco__service_remove(view, before);
    else if (before != NULL)
        view->elsewhere--;
    if (is)
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
        disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_UP, &new->host, NULL);
    else if (old != NULL && new == NULL)
        disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_DOWN, &old->host, NULL);
    else if (old != NULL && new != NULL && !disco__host_equal(&old->host, &new->host))
        disco__subscription_tell(subscription, DISCO_SUBSCRIPTION_CHANGED, &new->host, &old->host);
}

static disco_service_t *view_with_room(disco_subscription_t *subscription)
{
    disco_service_t *view = disco__subscription_view(subscription);

    if (view == NULL || disco__service_reserve(view) != 0)
        return NULL;
    return view;
}

/* Something is there, and none of it is a host. */
static bool is_broken(const disco_subscription_t *subscription, const disco__member_t *member,
                      const disco__host_t *united)
{
    return united == NULL && disco__member_is_there(member, subscription->side_count);
}

/* The member's host, as all registries together have it, is now this one; a reference of it is
 * taken over. The member may be gone afterwards. */
static void member_show(disco_subscription_t *subscription, disco__member_t *member,
                        disco__host_t *after, disco_service_t *view)
{
    disco__host_t *before = member->host;

    change_view(view, before, after);
    member->host = after != NULL ? disco__host_ref(after) : NULL;
    if (!disco__member_is_there(member, subscription->side_count))
        disco__member_remove(&subscription->members, member, subscription->side_count);
    tell_difference(subscription, before, after);
    disco__host_unref(before);
    disco__host_unref(after);
}

/* What a side has under a key is now this; a reference of host is taken over. there without a host:
 * a broken one. */
static int member_set(disco__side_t *side, disco__member_t *member, disco__host_t *host, bool there)
{
    disco_subscription_t *subscription = side->subscription;
    disco__held_t *held = &member->held[side->index];
    disco__held_t displaced = *held;
    disco__host_t *after = NULL;
    disco_service_t *view;
    bool was_broken = is_broken(subscription, member, member->host);
    bool broken;

    held->host = host;
    held->there = there;
    if (disco__member_unite(&after, member, subscription->side_count) != 0)
        goto err;
    if (after != NULL && after == member->host) {
        disco__host_unref(after); /* another side has it the same */
        disco__host_unref(displaced.host);
        return 0;
    }
    view = view_with_room(subscription);
    if (view == NULL)
        goto err;
    disco__host_unref(displaced.host);
    broken = is_broken(subscription, member, after);
    view->broken += broken && !was_broken ? 1 : 0;
    view->broken -= was_broken && !broken ? 1 : 0;
    member_show(subscription, member, after, view);
    return 0;

err:
    disco__host_unref(after);
    *held = displaced;
    disco__host_unref(host);
    return UV_ENOMEM;
}

static int put_host(disco__side_t *side, const disco_kv_t *entry, bool listing)
{
    disco_subscription_t *subscription = side->subscription;
    const char *name = disco__key_last_segment(entry->key);
    disco__member_t *member = disco__member_find(&subscription->members, name);
    bool is_new = member == NULL;
    disco__host_t *host = NULL;
    int rv = disco__entry_read_host(subscription->client, entry, &host);

    if (rv != 0 && !disco__entry_is_broken(rv))
        return rv;
    if (rv == 0)
        disco__host_set_side(host, side->index);
    else
        host = NULL;
    rv = disco__members_set_directory(side, true);
    if (rv == 0 && is_new)
        member = disco__member_add(&subscription->members, name, subscription->side_count);
    if (rv != 0 || member == NULL) {
        disco__host_unref(host);
        return UV_ENOMEM;
    }
    member->held[side->index].listed = listing;
    rv = member_set(side, member, host, true);
    if (rv != 0 && is_new)
        disco__member_remove(&subscription->members, member, subscription->side_count);
    return rv;
}

static disco__member_t *unlisted_in(const disco__side_t *side, disco__strmap_entry_t *chain)
{
    for (; chain != NULL; chain = chain->next) {
        disco__member_t *member = disco__container_of(chain, disco__member_t, entry);
        const disco__held_t *held = &member->held[side->index];

        if (held->there && !held->listed)
            return member;
    }
    return NULL;
}

static void unmark_all(disco__side_t *side)
{
    disco__strmap_t *map = &side->subscription->members;
    size_t i;

    for (i = 0; i < map->chain_count; i++) {
        disco__strmap_entry_t *entry;

        for (entry = map->chains[i]; entry != NULL; entry = entry->next)
            disco__container_of(entry, disco__member_t, entry)->held[side->index].listed = false;
    }
}

/* Nothing is added meanwhile, and removing does not move the chains. */
static int drop_unlisted(disco__side_t *side)
{
    disco_subscription_t *subscription = side->subscription;
    disco__strmap_t *map = &subscription->members;
    disco__member_t *member;
    size_t i;

    for (i = 0; i < map->chain_count; i++) {
        while (!subscription->closed && (member = unlisted_in(side, map->chains[i])) != NULL) {
            int rv = member_set(side, member, NULL, false);

            if (rv != 0)
                return rv;
        }
    }
    return 0;
}

static bool is_known_elsewhere(const disco__side_t *side)
{
    const disco_subscription_t *subscription = side->subscription;
    size_t i;

    for (i = 0; i < subscription->side_count; i++) {
        if (i != side->index && subscription->sides[i].has_directory)
            return true;
    }
    return false;
}

/* Where there are no directories, a service that is known stays known, as on v2 its directory
 * stays. */
int disco__members_set_directory(disco__side_t *side, bool there)
{
    disco_subscription_t *subscription = side->subscription;
    disco_service_t *view;
    bool known;

    if (!there && !subscription->client->stores[side->index]->has_directories)
        return 0;
    known = there || is_known_elsewhere(side);
    if (subscription->view->has_directory != known) {
        view = disco__subscription_view(subscription);
        if (view == NULL)
            return UV_ENOMEM;
        view->has_directory = known;
    }
    side->has_directory = there;
    return 0;
}

int disco__members_listed(disco__side_t *side, const disco__result_t *listing)
{
    disco_subscription_t *subscription = side->subscription;
    size_t i;
    int rv = disco__members_set_directory(side, listing->entry_count > 0);

    if (rv != 0)
        return rv;
    unmark_all(side);
    /* Before the snapshot nobody looks at the view, so its order can wait for the end. */
    if (!subscription->told_snapshot && subscription->view->references == 1)
        disco__service_sort_later(subscription->view);
    for (i = 0; i < listing->entry_count && rv == 0 && !subscription->closed; i++) {
        const disco_kv_t *entry = &listing->entries[i];

        if (!entry->is_directory &&
            disco__key_relation(entry->key, subscription->hosts_key) == DISCO__KEY_CHILD)
            rv = put_host(side, entry, true);
    }
    disco__service_sort(subscription->view);
    return rv == 0 ? drop_unlisted(side) : rv;
}

int disco__members_put(disco__side_t *side, const disco_kv_t *entry)
{
    if (entry->is_directory ||
        disco__key_relation(entry->key, side->subscription->hosts_key) != DISCO__KEY_CHILD)
        return disco__members_set_directory(side, true);
    return put_host(side, entry, false);
}

int disco__members_gone(disco__side_t *side, const char *key)
{
    disco_subscription_t *subscription = side->subscription;
    disco__member_t *member;
    int rv;

    if (disco__key_relation(key, subscription->hosts_key) == DISCO__KEY_SAME) {
        rv = disco__members_set_directory(side, false);
        if (rv != 0)
            return rv;
        unmark_all(side);
        return drop_unlisted(side);
    }
    member = disco__member_find(&subscription->members, disco__key_last_segment(key));
    return member != NULL ? member_set(side, member, NULL, false) : 0;
}
