/* The credentials of a public service are those of its info, whoever wrote it last. Happy path: a
 * mirror on each side that is ready follows the info; when its user or password change, the host is
 * written anew with them, and so are the infos of the other sides. Failure modes: an info that is
 * broken changes nothing; one that is older than what was written here is known; one that is gone
 * is created again, with the credentials last known; a mirror that cannot follow etcd says nothing
 * here: the heartbeats do. */
#include "base/alloc.h"
#include "base/text.h"
#include "disco/entry.h"
#include "disco/mirror.h"
#include "disco/registration.h"

/* How often a listing from before our own last write is taken for one that was overtaken by it, or
 * for one of a member that lags; then etcd was set back. It is asked for again by quorum. */
#define OLDER_LISTINGS 3

typedef struct disco__follower_s {
    disco__mirror_t info;
    disco__registration_side_t *side;
} follower_t;

static disco__registration_side_t *of_info(disco__mirror_t *mirror)
{
    return disco__container_of(mirror, follower_t, info)->side;
}

static bool is_news(const disco__registration_side_t *side, const disco_kv_t *entry,
                    const disco_service_info_t *info)
{
    const disco_host_t *host = &side->registration->host->host;

    if (side->info_task == DISCO__INFO_WRITE)
        return false; /* will be overwritten by ours in a moment */
    if (entry->modified_revision > 0 && entry->modified_revision <= side->info_revision)
        return false;
    return !disco__text_equal(info->user, host->user) ||
           !disco__text_equal(info->password, host->password);
}

static int follow(disco__registration_side_t *side, const disco_kv_t *entry)
{
    disco_registration_t *registration = side->registration;
    disco_service_info_t *info;
    int rv = disco__entry_read_info(registration->client, entry, &info);

    if (disco__entry_is_broken(rv))
        return 0;
    if (rv != 0)
        return rv;
    if (!is_news(side, entry, info)) {
        disco__info_unref(info);
        return 0;
    }
    rv = disco__registration_take_credentials(side, info);
    disco__info_unref(info);
    if (rv != 0)
        return rv;
    registration->tell_credentials = true;
    disco__registration_proceed_all(registration);
    return 0;
}

static int create_again(disco__registration_side_t *side)
{
    if (side->info_task == DISCO__INFO_DONE)
        disco__registration_need_info(side, DISCO__INFO_CREATE);
    disco__registration_proceed(side);
    return 0;
}

static int on_listed(disco__mirror_t *mirror, const disco__result_t *listing)
{
    disco__registration_side_t *side = of_info(mirror);

    if (listing->revision > 0 && listing->revision < side->info_revision) {
        if (side->older_listings++ < OLDER_LISTINGS)
            return UV_EAGAIN;
        side->info_revision = 0;
    }
    side->older_listings = 0;
    if (listing->entry_count == 0)
        return create_again(of_info(mirror));
    return listing->entries[0].is_directory ? 0 : follow(of_info(mirror), &listing->entries[0]);
}

static int on_put(disco__mirror_t *mirror, const disco_kv_t *entry)
{
    return entry->is_directory ? 0 : follow(of_info(mirror), entry);
}

static int on_gone(disco__mirror_t *mirror, const char *key)
{
    (void)key;
    return create_again(of_info(mirror));
}

static void on_synced(disco__mirror_t *mirror)
{
    (void)mirror;
}

static void on_stale(disco__mirror_t *mirror, const disco__failure_t *failure)
{
    disco__log(&mirror->client->loop.log, DISCO_LOG_DEBUG, "%s: cannot be followed now: %s",
               mirror->key, disco_strerror(failure->status));
}

static const disco__mirror_events_t info_events = {
    .listed = on_listed,
    .put = on_put,
    .gone = on_gone,
    .synced = on_synced,
    .stale = on_stale,
};

void disco__registration_follow(disco_registration_t *registration)
{
    bool wanted =
        registration->host->host.is_public && !registration->ending && !registration->closed;
    size_t i;

    for (i = 0; i < registration->side_count; i++) {
        follower_t *follower = registration->sides[i].follower;

        if (follower == NULL)
            continue;
        if (wanted && registration->sides[i].ready && !follower->info.running)
            disco__mirror_start(&follower->info);
        else if (!wanted)
            disco__mirror_stop(&follower->info);
    }
}

void disco__registration_unfollow(disco_registration_t *registration)
{
    size_t i;

    for (i = 0; i < registration->side_count; i++) {
        if (registration->sides[i].follower != NULL)
            disco__mirror_stop(&registration->sides[i].follower->info);
    }
}

int disco__registration_follow_prepare(disco__registration_side_t *side)
{
    disco_registration_t *registration = side->registration;

    if (side->follower != NULL)
        return 0;
    side->follower = disco__calloc(1, sizeof *side->follower);
    if (side->follower == NULL)
        return UV_ENOMEM;
    side->follower->side = side;
    disco__mirror_init(&side->follower->info, registration->client, side->store,
                       registration->info_key, false, &info_events);
    return 0;
}

void disco__registration_follow_free(disco__registration_side_t *side)
{
    disco__free(side->follower);
    side->follower = NULL;
}
