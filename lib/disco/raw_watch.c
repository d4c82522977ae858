/* Raw watches, for the user: what the store's watch tells, handed on. */
#include "disco/raw_watch.h"

#include "disco/keys.h"

static void on_event(void *data, const disco_watch_event_t *event, const disco__failure_t *failure)
{
    disco_watch_t *watch = data;

    if (failure != NULL)
        disco__client_set_failure(watch->client, failure);
    watch->cb(watch->data, watch, event);
}

static void on_closed(disco__tick_t *tick)
{
    disco_watch_t *watch = disco__container_of(tick, disco_watch_t, tick);
    disco_watch_event_t event = {.type = DISCO_WATCH_CLOSED, .status = UV_ECANCELED};

    disco__client_set_status(watch->client, UV_ECANCELED);
    watch->cb(watch->data, watch, &event);
    disco__free(watch); /* nobody else knows of it any more, whatever the callback did */
}

int disco_kv_watch(disco_client_t *client, const char *key, const disco_kv_watch_options_t *options,
                   disco_watch_cb cb, void *data, disco_watch_t **out)
{
    static const disco_kv_watch_options_t defaults = {0};
    disco__watch_request_t request = {.key = key, .previous = true};
    disco_watch_t *watch;
    int rv = disco__client_check(client);

    if (rv != 0)
        return rv;
    if (key == NULL || cb == NULL)
        return UV_EINVAL;
    rv = disco__key_check(key);
    if (rv != 0)
        return rv;
    if (options == NULL)
        options = &defaults;
    request.scope = options->recursive ? DISCO__SCOPE_KEY_AND_BELOW : DISCO__SCOPE_KEY;
    request.from_revision = options->from_revision;
    watch = disco__calloc(1, sizeof *watch);
    if (watch == NULL)
        return UV_ENOMEM;
    watch->client = client;
    watch->cb = cb;
    watch->data = data;
    disco__tick_init(&watch->tick, on_closed);
    rv = client->stores[0]->ops->watch(client->stores[0], &request, on_event, watch, &watch->watch);
    if (rv != 0) {
        disco__free(watch);
        return rv;
    }
    disco__queue_push(&client->watches, &watch->node);
    if (out != NULL)
        *out = watch;
    return 0;
}

int disco_watch_close(disco_watch_t *watch)
{
    if (watch == NULL)
        return UV_EINVAL;
    if (watch->watch == NULL)
        return DISCO_ECLOSING;
    watch->client->stores[0]->ops->watch_close(watch->watch);
    watch->watch = NULL;
    disco__queue_remove(&watch->node);
    disco__tick_schedule(&watch->client->loop, &watch->tick);
    return 0;
}
