/* Happy path: list; hand the listing over; watch from its revision + 1; hand over one event after
 * another. Failure modes:
 * - The listing fails: the store tries on, each failure being told as stale; an error that trying
 * does not mend is told too, and after a while (backoff) it is listed again.
 * - The watch has a gap: it is closed, and everything is listed again; the owner finds the
 * difference.
 * - A listing is older than what was seen, or than what the owner knows: a member that lags, or
 * etcd was set back. Asked for again by quorum, which no member that lags can answer; believed after
 * a few times, or when the owner does.
 * - The owner has no memory for an event: as a gap. */
#include "disco/mirror.h"

#include <string.h>

#include "disco/keys.h"

/* How often an older listing is taken for a member that lags. */
#define OLDER_LISTINGS 3

static void list(disco__mirror_t *mirror);

static void list_later(disco__mirror_t *mirror)
{
    disco_client_t *client = mirror->client;

    if (mirror->watch != NULL)
        mirror->store->ops->watch_close(mirror->watch);
    mirror->watch = NULL;
    disco__timer_start(&client->loop, &mirror->timer,
                       disco__backoff_next(&mirror->backoff, &client->loop.random));
}

static void fail(disco__mirror_t *mirror, const disco__failure_t *failure)
{
    list_later(mirror);
    mirror->events->stale(mirror, failure);
}

static void fail_with(disco__mirror_t *mirror, int status)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    fail(mirror, &failure);
}

/* What the owner made of an event; it may have stopped the mirror. */
static void handed_over(disco__mirror_t *mirror, uint64_t revision, int status)
{
    if (!mirror->running)
        return;
    if (status != 0) {
        fail_with(mirror, status);
        return;
    }
    if (revision > mirror->revision)
        mirror->revision = revision;
}

static void on_change(disco__mirror_t *mirror, const disco_watch_event_t *event)
{
    const disco_kv_t *entry = event->entry;
    disco__key_relation_t relation = disco__key_relation(entry->key, mirror->key);
    bool gone = event->type != DISCO_WATCH_PUT;
    int status = 0;

    /* Was in the listing already. Of the events themselves, several may share a revision: one
     * transaction. */
    if (event->revision <= mirror->listed)
        return;
    if (relation == DISCO__KEY_ABOVE && gone)
        status = mirror->events->gone(mirror, mirror->key);
    else if (relation == DISCO__KEY_SAME || (relation == DISCO__KEY_CHILD && mirror->is_directory))
        status =
            gone ? mirror->events->gone(mirror, entry->key) : mirror->events->put(mirror, entry);
    handed_over(mirror, event->revision, status);
}

static void on_watch(void *data, const disco_watch_event_t *event, const disco__failure_t *failure)
{
    disco__mirror_t *mirror = data;

    switch (event->type) {
    case DISCO_WATCH_PUT:
    case DISCO_WATCH_DELETE:
    case DISCO_WATCH_EXPIRE:
        on_change(mirror, event);
        return;
    case DISCO_WATCH_SYNCED:
        mirror->events->synced(mirror);
        return;
    case DISCO_WATCH_STALE:
        mirror->events->stale(mirror, failure);
        return;
    case DISCO_WATCH_GAP:
        disco__log(&mirror->client->loop.log, DISCO_LOG_INFO, "%s: events were lost, listing again",
                   mirror->key);
        fail(mirror, failure);
        return;
    case DISCO_WATCH_CLOSED:
        return;
    }
}

static void watch(disco__mirror_t *mirror)
{
    disco__store_t *store = mirror->store;
    disco__watch_request_t request = {
        .key = mirror->key,
        .scope = mirror->is_directory ? DISCO__SCOPE_BELOW : DISCO__SCOPE_KEY,
        .from_revision = mirror->revision > 0 ? mirror->revision + 1 : 0,
    };
    int rv = store->ops->watch(store, &request, on_watch, mirror, &mirror->watch);

    if (rv != 0)
        fail_with(mirror, rv);
}

static void on_listed(void *data, const disco__result_t *result)
{
    static const disco_kv_t nothing = {0};
    disco__mirror_t *mirror = data;
    disco__result_t listing = *result;
    int status = result->failure->status;

    mirror->listing = NULL;
    if (status != 0 && status != DISCO_EKEYNOTFOUND) {
        fail(mirror, result->failure);
        return;
    }
    if (listing.revision < mirror->revision && mirror->older_listings++ < OLDER_LISTINGS) {
        list_later(mirror);
        return;
    }
    mirror->older_listings = 0;
    if (status == DISCO_EKEYNOTFOUND) {
        listing.entries = &nothing;
        listing.entry_count = 0;
    }
    mirror->revision = listing.revision;
    mirror->listed = listing.revision;
    status = mirror->events->listed(mirror, &listing);
    if (!mirror->running)
        return;
    if (status == UV_EAGAIN)
        mirror->older_listings = 1;
    if (status != 0) {
        fail_with(mirror, status);
        return;
    }
    disco__backoff_reset(&mirror->backoff);
    watch(mirror);
}

static void on_retrying(void *data, const disco__failure_t *failure)
{
    disco__mirror_t *mirror = data;

    mirror->events->stale(mirror, failure);
}

static void list(disco__mirror_t *mirror)
{
    disco_client_t *client = mirror->client;
    disco__pursuit_t pursuit = disco__client_pursuit(client);
    int rv;

    pursuit.total_ms = 0;
    pursuit.data = mirror;
    pursuit.done = on_listed;
    pursuit.retrying = on_retrying;
    rv = mirror->store->ops->get(mirror->store, mirror->key, mirror->is_directory,
                                 mirror->older_listings > 0, &pursuit, &mirror->listing);
    if (rv != 0)
        fail_with(mirror, rv);
}

static void on_timer(disco__timer_t *timer)
{
    list(disco__container_of(timer, disco__mirror_t, timer));
}

void disco__mirror_init(disco__mirror_t *mirror, disco_client_t *client, disco__store_t *store,
                        const char *key, bool is_directory, const disco__mirror_events_t *events)
{
    memset(mirror, 0, sizeof *mirror);
    mirror->client = client;
    mirror->store = store;
    mirror->key = key;
    mirror->is_directory = is_directory;
    mirror->events = events;
    disco__timer_init(&mirror->timer, on_timer);
    disco__backoff_init(&mirror->backoff, client->settings.backoff_first_ms,
                        client->settings.backoff_most_ms);
}

void disco__mirror_start(disco__mirror_t *mirror)
{
    mirror->running = true;
    mirror->revision = 0;
    mirror->listed = 0;
    mirror->older_listings = 0;
    disco__backoff_reset(&mirror->backoff);
    /* From the loop, so that a failure to begin is told like any other. */
    disco__timer_start(&mirror->client->loop, &mirror->timer, 0);
}

void disco__mirror_stop(disco__mirror_t *mirror)
{
    disco__store_t *store = mirror->store;

    mirror->running = false;
    disco__timer_stop(&mirror->client->loop, &mirror->timer);
    if (mirror->listing != NULL)
        store->ops->cancel(mirror->listing);
    if (mirror->watch != NULL)
        store->ops->watch_close(mirror->watch);
    mirror->listing = NULL;
    mirror->watch = NULL;
}
