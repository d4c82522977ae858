/* The credentials of a public service are those of its info, whoever wrote it last.
 * Happy path: once ready, a mirror follows the info; when its user or password change, the host is
 * written anew with them. Failure modes: an info that is broken changes nothing; one that is gone
 * is created again, with the credentials last known; a mirror that cannot follow etcd says nothing
 * here: the heartbeats do. */
#include "base/text.h"
#include "disco/entry.h"
#include "disco/registration.h"

static disco_registration_t *of_info(disco__mirror_t *mirror)
{
    return disco__container_of(mirror, disco_registration_t, info);
}

static int follow(disco_registration_t *registration, const disco_kv_t *entry)
{
    const disco_host_t *host = &registration->host->host;
    disco_service_info_t *info;
    int rv = disco__entry_read_info(registration->client, entry, &info);

    if (disco__entry_is_broken(rv))
        return 0;
    if (rv != 0)
        return rv;
    if (registration->info_task == DISCO__INFO_WRITE ||
        (disco__text_equal(info->user, host->user) &&
         disco__text_equal(info->password, host->password))) {
        disco__info_free(info); /* or: will be overwritten by ours in a moment */
        return 0;
    }
    rv = disco__registration_take_credentials(registration, info);
    disco__info_free(info);
    if (rv != 0)
        return rv;
    registration->tell_credentials = true;
    disco__registration_proceed(registration);
    return 0;
}

static int create_again(disco_registration_t *registration)
{
    if (registration->info_task == DISCO__INFO_DONE)
        registration->info_task = DISCO__INFO_CREATE;
    disco__registration_proceed(registration);
    return 0;
}

static int on_listed(disco__mirror_t *mirror, const disco__result_t *listing)
{
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
    bool wanted = registration->host->host.is_public && registration->was_ready &&
                  !registration->ending && !registration->closed;

    if (wanted == registration->info.running)
        return;
    if (!wanted) {
        disco__mirror_stop(&registration->info);
        return;
    }
    disco__mirror_start(&registration->info);
}

void disco__registration_follow_init(disco_registration_t *registration)
{
    disco__mirror_init(&registration->info, registration->client, registration->client->stores[0],
                       registration->info_key, false, &info_events);
}
