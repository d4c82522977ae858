/* Watches begun before the choice: held until there is one, then watches of the chosen store.
 * Failure modes: the server cannot be asked: STALE, once for each kind of trouble. The chosen store
 * has no memory for it: STALE, and it is begun later. */
#include "etcd/auto_internal.h"

#define AGAIN_MS 100

typedef struct held_watch_s {
    disco__held_t held;
    disco__store_watch_t base;
    disco__watch_request_t request;
    disco__store_watch_cb cb;
    void *data;
    disco__troubles_t troubles;
    disco__timer_t again;
    char *key;
    disco__store_watch_t *inner;
} held_watch_t;

static held_watch_t *watch_of(disco__held_t *held)
{
    return disco__container_of(held, held_watch_t, held);
}

static void tell_stale(held_watch_t *watch, const disco__failure_t *failure)
{
    disco_watch_event_t event = {.type = DISCO_WATCH_STALE, .status = failure->status};

    if (disco__troubles_add(&watch->troubles, failure->status))
        watch->cb(watch->data, &event, failure);
}

static void watch_begin(disco__held_t *held)
{
    held_watch_t *watch = watch_of(held);
    disco__store_t *chosen = held->store->chosen;
    disco__failure_t failure;
    int rv = chosen->ops->watch(chosen, &watch->request, watch->cb, watch->data, &watch->inner);

    if (rv == 0)
        return;
    disco__timer_start(chosen->loop, &watch->again, AGAIN_MS);
    disco__failure_clear(&failure);
    disco__failure_set(&failure, rv, NULL);
    tell_stale(watch, &failure);
}

static void on_again(disco__timer_t *timer)
{
    watch_begin(&disco__container_of(timer, held_watch_t, again)->held);
}

static void watch_trouble(disco__held_t *held, const disco__failure_t *failure, bool alone)
{
    (void)alone;
    tell_stale(watch_of(held), failure);
}

static void watch_free(held_watch_t *watch)
{
    disco__timer_stop(watch->held.store->base.loop, &watch->again);
    disco__auto_let_go(&watch->held);
    disco__free(watch->key);
    disco__free(watch);
}

int disco__auto_hold_watch(disco__auto_store_t *store, const disco__watch_request_t *request,
                           disco__store_watch_cb cb, void *data, disco__store_watch_t **out)
{
    held_watch_t *watch = disco__calloc(1, sizeof *watch);
    int rv = UV_ENOMEM;

    if (watch == NULL)
        return UV_ENOMEM;
    watch->held.store = store;
    watch->held.begin = watch_begin;
    watch->held.trouble = watch_trouble;
    disco__queue_init(&watch->held.node);
    disco__timer_init(&watch->again, on_again);
    watch->base.store = &store->base;
    watch->cb = cb;
    watch->data = data;
    watch->request = *request;
    watch->key = disco__strdup(request->key);
    watch->request.key = watch->key;
    if (watch->key != NULL)
        rv = disco__auto_hold(store, &watch->held);
    if (rv != 0) {
        watch_free(watch);
        return rv;
    }
    *out = &watch->base;
    return 0;
}

void disco__auto_watch_close(disco__store_watch_t *base)
{
    held_watch_t *watch = disco__container_of(base, held_watch_t, base);

    if (watch->inner != NULL)
        watch->inner->store->ops->watch_close(watch->inner);
    watch_free(watch);
}
