/* One watch of a v3 store: where it is, and what its owner is told.
 *
 * Its place is a revision and how many events of that revision were delivered: what comes by two
 * lines at once is told once, and a revision of which only a part has come (a fragment) is asked
 * for again from its first event. The place moves by a delivered event or by a notice of progress
 * only; where a watch "from now" begins is known once etcd has created it, and is kept from then
 * on. */
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "etcd/v3_stream.h"

static void tell(disco__v3_watch_t *watch, disco_watch_event_type_t type, uint64_t revision,
                 const disco__failure_t *failure)
{
    disco_watch_event_t event = {.type = type, .revision = revision};

    event.status = failure != NULL ? failure->status : 0;
    watch->cb(watch->data, &event, failure);
}

static void tell_gap(disco__v3_watch_t *watch, uint64_t revision)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, DISCO_ECLEARED, "events were lost");
    tell(watch, DISCO_WATCH_GAP, revision, &failure);
}

bool disco__v3_watch_is_followed(const disco__v3_watch_t *watch)
{
    size_t slot;

    for (slot = 0; slot < DISCO__V3_LINES; slot++) {
        if (watch->lanes[slot] != NULL && watch->lanes[slot]->created)
            return true;
    }
    return false;
}

void disco__v3_watch_created(disco__v3_watch_t *watch, uint64_t revision)
{
    bool gap = watch->gap;

    watch->gap = false;
    if (watch->next_revision == 0 && revision > 0)
        watch->next_revision = revision + 1;
    if (gap) {
        tell_gap(watch, revision);
        if (watch->closed)
            return;
    }
    if (watch->synced)
        return;
    watch->synced = true;
    watch->troubles.count = 0;
    tell(watch, DISCO_WATCH_SYNCED, revision, NULL);
}

/* Once for each kind of trouble, not for each attempt. */
void disco__v3_watch_stale(disco__v3_watch_t *watch, const disco__failure_t *failure)
{
    watch->synced = false;
    if (disco__troubles_add(&watch->troubles, failure->status))
        tell(watch, DISCO_WATCH_STALE, 0, failure);
}

void disco__v3_watch_jump(disco__v3_watch_t *watch)
{
    disco__log(&watch->stream->loop->log, DISCO_LOG_WARNING,
               "watch of %s: etcd has another history now", watch->key);
    watch->gap = true;
    watch->next_revision = 0;
    watch->delivered = 0;
}

/* Keys in the range that was asked for, but for the neighbours of a key that is watched together
 * with all below it. */
static bool is_watched(const disco__v3_watch_t *watch, const char *key, bool *neighbour)
{
    size_t size = strlen(watch->key);
    bool same;
    bool below;

    *neighbour = false;
    if (strcmp(watch->key, "/") == 0)
        size = 0;
    same = strcmp(key, watch->key) == 0;
    below = strncmp(key, watch->key, size) == 0 && key[size] == '/';
    switch (watch->scope) {
    case DISCO__SCOPE_KEY:
        return same;
    case DISCO__SCOPE_BELOW:
        return below;
    case DISCO__SCOPE_KEY_AND_BELOW:
        *neighbour = strncmp(key, watch->key, size) == 0 && (unsigned char)key[size] < '/';
        return same || below;
    }
    return false;
}

/* Counts the event, and says whether it is new to the watch; then it is delivered by that. */
static bool advance(disco__v3_watch_t *watch, disco__v3_lane_t *lane, uint64_t revision)
{
    if (revision != lane->revision) {
        lane->revision = revision;
        lane->ordinal = 0;
    }
    lane->ordinal++;
    if (revision < watch->next_revision ||
        (revision == watch->next_revision && lane->ordinal <= watch->delivered))
        return false;
    watch->next_revision = revision;
    watch->delivered = lane->ordinal;
    return true;
}

void disco__v3_watch_event(disco__v3_watch_t *watch, disco__v3_lane_t *lane,
                           const disco__v3_event_t *event)
{
    disco_watch_event_t told = {
        .type = event->deleted ? DISCO_WATCH_DELETE : DISCO_WATCH_PUT,
        .entry = &event->entry,
        .previous = watch->previous && event->has_previous ? &event->previous : NULL,
        .revision = event->revision,
    };
    bool neighbour;

    if (!advance(watch, lane, event->revision))
        return;
    if (is_watched(watch, event->entry.key, &neighbour)) {
        watch->cb(watch->data, &told, NULL);
        return;
    }
    if (!neighbour)
        disco__log(&watch->stream->loop->log, DISCO_LOG_WARNING,
                   "watch of %s: an event of %s, which was not asked for", watch->key,
                   event->entry.key);
}

void disco__v3_watch_lost_event(disco__v3_watch_t *watch, disco__v3_lane_t *lane, uint64_t revision)
{
    disco__log(&watch->stream->loop->log, DISCO_LOG_WARNING,
               "watch of %s: an event that cannot be read", watch->key);
    if (revision > 0 && !advance(watch, lane, revision))
        return; /* was told already */
    if (revision == 0 && watch->next_revision > 0)
        revision = watch->delivered > 0 ? watch->next_revision : watch->next_revision - 1;
    tell_gap(watch, revision);
}

void disco__v3_watch_message_end(disco__v3_watch_t *watch, const disco__v3_lane_t *lane)
{
    if (watch->next_revision != lane->revision || watch->delivered == 0)
        return;
    watch->next_revision = lane->revision + 1;
    watch->delivered = 0;
}

bool disco__v3_watch_is_led_by(const disco__v3_watch_t *watch, const disco__v3_lane_t *lane)
{
    return watch->delivered > 0 && watch->next_revision == lane->revision &&
           watch->delivered == lane->ordinal;
}

void disco__v3_watch_progress(disco__v3_watch_t *watch, uint64_t revision)
{
    if (watch->next_revision == 0 || revision < watch->next_revision)
        return;
    watch->next_revision = revision + 1;
    watch->delivered = 0;
}

static void on_burial(disco__tick_t *tick)
{
    disco__free(disco__container_of(tick, disco__v3_watch_t, burial));
}

int disco__v3_watch(disco__store_t *store, const disco__watch_request_t *request,
                    disco__store_watch_cb cb, void *data, disco__store_watch_t **out)
{
    disco__v3_stream_t *stream = disco__v3_stream_of(disco__v3_store_of(store));
    disco__v3_watch_t *watch;
    size_t key_size = strlen(request->key) + 1;
    size_t size;

    if (stream == NULL || !disco__size_add(sizeof *watch, key_size, &size))
        return UV_ENOMEM;
    watch = disco__calloc(1, size);
    if (watch == NULL)
        return UV_ENOMEM;
    memcpy(watch->key, request->key, key_size);
    watch->base.store = store;
    watch->stream = stream;
    watch->scope = request->scope;
    watch->previous = request->previous;
    watch->next_revision = request->from_revision < DISCO__V3_REVISION_MOST
                               ? request->from_revision
                               : DISCO__V3_REVISION_MOST; /* the future anyway */
    watch->cb = cb;
    watch->data = data;
    disco__tick_init(&watch->burial, on_burial);
    disco__queue_push(&stream->watches, &watch->node);
    stream->watch_count++;
    disco__v3_stream_changed(stream);
    *out = &watch->base;
    return 0;
}

void disco__v3_watch_close(disco__store_watch_t *base)
{
    disco__v3_watch_t *watch = disco__container_of(base, disco__v3_watch_t, base);
    disco__v3_stream_t *stream = watch->stream;
    size_t slot;

    watch->closed = true;
    disco__queue_remove(&watch->node);
    stream->watch_count--;
    for (slot = 0; slot < DISCO__V3_LINES; slot++) {
        if (watch->lanes[slot] != NULL)
            disco__v3_line_forget(stream->lines[slot], watch);
    }
    disco__v3_stream_changed(stream);
    disco__tick_schedule(stream->loop, &watch->burial);
}
