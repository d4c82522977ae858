/* The hosts of a subscription, key by key: what a registry says is compared with what is known, the
 * view, which unites the registries, is changed, and the user is told. Everything that can fail
 * comes before the first change, so that after UV_ENOMEM a new listing finds the rest of the
 * difference. After each word to the user the subscription may be closed, and is looked at again.
 */
#include "disco/entry.h"
#include "disco/keys.h"
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
static bool is_broken(const disco__member_t *member)
{
    return member->host == NULL && disco__member_is_there(member);
}

/* What a side had under a key, or another member's host made of several, is no longer needed. */
static void let_go(disco_subscription_t *subscription, disco__host_t *host)
{
    if (host != NULL && disco__host_leaves_few(host))
        subscription->sparse = true;
    disco__host_unref(host);
}

/* Changes what a side has under a key; place: of the member that is there already. Nothing fails
 * once the member is in its place. */
static int member_change(disco__side_t *side, size_t *place, const disco__member_t *before,
                         const disco__member_t *after)
{
    disco_subscription_t *subscription = side->subscription;
    disco_service_t *view = NULL;

    /* Else another side has it the same. */
    if (after->host == NULL || after->host != before->host) {
        view = view_with_room(subscription);
        if (view == NULL)
            return UV_ENOMEM;
    }
    if (disco__roster_set(&subscription->members, place, after->name, after) != 0)
        return UV_ENOMEM;
    if (view == NULL)
        return 0;
    view->broken += is_broken(after) && !is_broken(before) ? 1 : 0;
    view->broken -= is_broken(before) && !is_broken(after) ? 1 : 0;
    change_view(view, before->host, after->host);
    return 0;
}

/* What a side has under a key is now this; a reference of host is taken over. there without a host:
 * a broken one. place: DISCO__NO_PLACE when nothing is known under the key. listed: it is not to be
 * dropped with those that the listing does not have. */
static int member_set(disco__side_t *side, const char *name, size_t place, disco__held_t held,
                      bool listed)
{
    disco_subscription_t *subscription = side->subscription;
    disco__member_t before = {0};
    disco__member_t after;
    disco__host_t *own;
    int rv;

    if (place != DISCO__NO_PLACE)
        disco__roster_get(&subscription->members, place, &before);
    after = before;
    after.name = name;
    after.held[side->index] = held;
    own = disco__member_own(&before);
    rv = disco__member_unite(&after);
    if (rv == 0)
        rv = member_change(side, &place, &before, &after);
    if (rv != 0) {
        disco__host_unref(disco__member_own(&after));
        disco__host_unref(held.host);
        return rv;
    }
    if (listed)
        disco__roster_mark(&subscription->members, place);
    tell_difference(subscription, before.host, after.host);
    let_go(subscription, own);
    let_go(subscription, before.held[side->index].host);
    return 0;
}

/* reader: of a listing; NULL: of an event. */
static int put_host(disco__side_t *side, const disco_kv_t *entry, disco__reader_t *reader)
{
    disco_subscription_t *subscription = side->subscription;
    const char *name = disco__key_last_segment(entry->key);
    disco__held_t held = {.there = true};
    int rv = reader != NULL ? disco__reader_entry(reader, entry, &held.host)
                            : disco__entry_read_host(subscription->client, entry, &held.host);

    if (rv != 0 && !disco__entry_is_broken(rv))
        return rv;
    if (rv == 0)
        disco__host_set_side(held.host, side->index);
    else
        held.host = NULL;
    rv = disco__members_set_directory(side, true);
    if (rv != 0) {
        disco__host_unref(held.host);
        return rv;
    }
    return member_set(side, name, disco__roster_find(&subscription->members, name), held,
                      reader != NULL);
}

/* Nothing is added meanwhile. What moves up to the place of one that was removed is looked at
 * there; what moves around the end of the table was looked at before, and is not dropped. */
static int drop_unlisted(disco__side_t *side)
{
    disco_subscription_t *subscription = side->subscription;
    disco__roster_t *members = &subscription->members;
    size_t place = 0;

    while (!subscription->closed &&
           (place = disco__roster_next(members, place)) != DISCO__NO_PLACE) {
        disco__member_t member;
        int rv;

        disco__roster_get(members, place, &member);
        if (disco__roster_is_marked(members, place) || !member.held[side->index].there) {
            place++;
            continue;
        }
        rv = member_set(side, member.name, place, (disco__held_t){0}, false);
        if (rv != 0)
            return rv;
    }
    return 0;
}

/* From where it lies with many that are gone to where it lies alone. shown: it may be in the view.
 * NULL when memory is short. */
static disco__host_t *move_host(disco_subscription_t *subscription, disco__host_t *host, bool shown)
{
    disco_service_t *view = NULL;
    disco__host_t *copy;

    if (shown && in_view(subscription->view, host) != NULL &&
        (view = disco__subscription_view(subscription)) == NULL)
        return NULL;
    if (disco__host_copy(&copy, &host->host) != 0)
        return NULL;
    copy->side = host->side;
    if (view != NULL)
        (void)disco__service_replace(view, host, copy);
    return copy;
}

static int move_member(disco_subscription_t *subscription, size_t place)
{
    disco__member_t member;
    size_t i;

    disco__roster_get(&subscription->members, place, &member);
    for (i = 0; i < subscription->side_count; i++) {
        disco__host_t *host = member.held[i].host;
        disco__host_t *copy;

        if (host == NULL || !disco__host_is_among_few(host))
            continue;
        copy = move_host(subscription, host, host == member.host);
        if (copy == NULL)
            return UV_ENOMEM;
        member.held[i].host = copy;
        if (member.host == host)
            member.host = copy;
        /* What is there stays of its kind, and so needs no memory; its name may be the host's. */
        (void)disco__roster_set(&subscription->members, &place, member.name, &member);
        disco__host_unref(host);
        disco__roster_get(&subscription->members, place, &member);
    }
    return 0;
}

/* Hosts that were listed together hold their memory together: once most of them are gone, those
 * that are left move out. Without memory for that they stay, until more have gone. */
static void move_out(disco_subscription_t *subscription)
{
    disco__roster_t *members = &subscription->members;
    size_t place;

    if (!subscription->sparse || subscription->closed)
        return;
    subscription->sparse = false;
    for (place = disco__roster_next(members, 0); place != DISCO__NO_PLACE;
         place = disco__roster_next(members, place + 1)) {
        if (move_member(subscription, place) != 0)
            return;
    }
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

static int put_all(disco__side_t *side, const disco__result_t *listing)
{
    disco_subscription_t *subscription = side->subscription;
    disco__reader_t reader;
    size_t i;
    int rv = 0;

    disco__reader_init(&reader, subscription->client);
    for (i = 0; i < listing->entry_count && rv == 0 && !subscription->closed; i++) {
        const disco_kv_t *entry = &listing->entries[i];

        if (!entry->is_directory &&
            disco__key_relation(entry->key, subscription->hosts_key) == DISCO__KEY_CHILD)
            rv = put_host(side, entry, &reader);
    }
    disco__reader_free(&reader);
    return rv;
}

int disco__members_listed(disco__side_t *side, const disco__result_t *listing)
{
    disco_subscription_t *subscription = side->subscription;
    int rv = disco__members_set_directory(side, listing->entry_count > 0);

    if (rv == 0)
        rv = disco__roster_reserve(&subscription->members, listing->entry_count);
    if (rv != 0)
        return rv;
    disco__roster_unmark_all(&subscription->members);
    /* Before the snapshot nobody looks at the view, so its order can wait for the end. Listed again,
     * most are there already, and are found by their order. */
    if (!subscription->told_snapshot && !side->hosts_listed && subscription->view->references == 1)
        disco__service_sort_later(subscription->view);
    rv = put_all(side, listing);
    disco__service_sort(subscription->view);
    if (rv == 0)
        rv = drop_unlisted(side);
    disco__roster_trim(&subscription->members);
    move_out(subscription);
    return rv;
}

int disco__members_put(disco__side_t *side, const disco_kv_t *entry)
{
    int rv;

    if (entry->is_directory ||
        disco__key_relation(entry->key, side->subscription->hosts_key) != DISCO__KEY_CHILD)
        return disco__members_set_directory(side, true);
    rv = put_host(side, entry, NULL);
    move_out(side->subscription);
    return rv;
}

static int one_gone(disco__side_t *side, const char *key)
{
    disco__roster_t *members = &side->subscription->members;
    const char *name = disco__key_last_segment(key);
    size_t place = disco__roster_find(members, name);

    return place != DISCO__NO_PLACE ? member_set(side, name, place, (disco__held_t){0}, false) : 0;
}

static int all_gone(disco__side_t *side)
{
    int rv = disco__members_set_directory(side, false);

    if (rv != 0)
        return rv;
    disco__roster_unmark_all(&side->subscription->members);
    rv = drop_unlisted(side);
    disco__roster_trim(&side->subscription->members);
    return rv;
}

int disco__members_gone(disco__side_t *side, const char *key)
{
    int rv = disco__key_relation(key, side->subscription->hosts_key) == DISCO__KEY_SAME
                 ? all_gone(side)
                 : one_gone(side, key);

    move_out(side->subscription);
    return rv;
}
