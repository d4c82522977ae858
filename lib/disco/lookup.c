/* Happy path: a lookup joins the fetch for its service, or begins one; when the service is there
 * every waiting lookup gets it, or its share of it by shard. Failure modes: a fetch that fails ends
 * every waiting lookup with its failure; a lookup that is cancelled leaves the others waiting, and
 * the last one ends the fetch. */
#include <string.h>

#include <uvdisco/lookup.h>

#include "disco/fetch.h"

/* A fetch, and who waits for it. */
typedef struct shared_s {
    disco__fetch_t fetch;
    disco__strmap_entry_t entry; /* in client->fetches, under name */
    char *name;                  /* the service, a '/' behind it for quorum */
    disco__queue_t waiters;
} shared_t;

typedef struct lookup_s {
    disco_request_t base;
    shared_t *shared; /* NULL once it does not wait any more */
    disco__queue_t node;
    char *shard;
    disco_get_cb cb;
    void *data;
} lookup_t;

/* Who waits is the caller's concern. */
static void shared_end(shared_t *shared)
{
    disco__strmap_remove(&shared->fetch.client->fetches, &shared->entry);
    disco__fetch_end(&shared->fetch);
    disco__free(shared->name);
    disco__free(shared);
}

static void lookup_free(lookup_t *lookup)
{
    disco__free(lookup->shard);
    disco__free(lookup);
}

static lookup_t *lookup_of(disco_request_t *request)
{
    return disco__container_of(request, lookup_t, base);
}

static void lookup_stop(disco_request_t *request)
{
    lookup_t *lookup = lookup_of(request);
    shared_t *shared = lookup->shared;

    disco__queue_remove(&lookup->node);
    lookup->shared = NULL;
    if (shared != NULL && disco__queue_empty(&shared->waiters))
        shared_end(shared);
}

static void lookup_deliver(lookup_t *lookup, int status, const disco_service_t *service)
{
    disco_get_cb cb = lookup->cb;
    void *data = lookup->data;

    disco__request_end(&lookup->base);
    lookup_free(lookup);
    cb(data, status, service);
}

static void lookup_finish(disco_request_t *request, int status)
{
    lookup_deliver(lookup_of(request), status, NULL);
}

static void deliver_share(lookup_t *lookup, disco_service_t *service)
{
    disco_client_t *client = lookup->base.client;
    disco_service_t *share = service;
    int rv;

    if (lookup->shard == NULL) {
        lookup_deliver(lookup, 0, service);
        return;
    }
    rv = disco__service_copy(&share, service, lookup->shard);
    if (rv != 0) {
        disco__client_set_status(client, rv);
        lookup_deliver(lookup, rv, NULL);
        return;
    }
    lookup_deliver(lookup, 0, share);
    disco_service_unref(share);
}

/* Any callback may cancel another of these lookups, or close the client, which cancels all: they
 * take themselves out of the list, which therefore is not looked at across a callback. */
static void on_fetched(disco__fetch_t *fetch, const disco__failure_t *failure)
{
    shared_t *shared = disco__container_of(fetch, shared_t, fetch);
    disco_client_t *client = fetch->client;
    disco_service_t *service = fetch->service;
    disco__queue_t waiters;
    disco__queue_t *node;
    disco__queue_t *after;

    fetch->service = NULL;
    disco__queue_init(&waiters);
    disco__queue_move(&shared->waiters, &waiters);
    disco__queue_foreach(&waiters, node, after) disco__queue_data(node, lookup_t, node)->shared =
        NULL;
    shared_end(shared);
    while ((node = disco__queue_first(&waiters)) != NULL) {
        lookup_t *lookup = disco__queue_data(node, lookup_t, node);

        disco__queue_remove(node);
        if (failure->status == 0) {
            deliver_share(lookup, service);
        } else {
            disco__client_set_failure(client, failure);
            lookup_deliver(lookup, failure->status, NULL);
        }
    }
    disco_service_unref(service);
}

/* Takes name over. */
static int shared_new(shared_t **out, disco_client_t *client, const char *service, bool quorum,
                      char *name)
{
    shared_t *shared = disco__malloc(sizeof *shared);
    int rv;

    if (shared == NULL) {
        disco__free(name);
        return UV_ENOMEM;
    }
    shared->name = name;
    disco__queue_init(&shared->waiters);
    rv = disco__strmap_add(&client->fetches, &shared->entry, name);
    if (rv != 0)
        goto err_after_alloc;
    rv = disco__fetch_start(&shared->fetch, client, service, quorum, on_fetched);
    if (rv != 0)
        goto err_after_add;
    *out = shared;
    return 0;

err_after_add:
    disco__strmap_remove(&client->fetches, &shared->entry);
err_after_alloc:
    disco__free(name);
    disco__free(shared);
    return rv;
}

static int shared_find_or_start(shared_t **shared, disco_client_t *client, const char *service,
                                bool quorum)
{
    disco__strmap_entry_t *entry;
    disco__buffer_t name;

    disco__buffer_init(&name);
    disco__buffer_append_text(&name, service);
    if (quorum)
        disco__buffer_append_char(&name, '/'); /* which no service's name holds */
    if (name.error != 0) {
        disco__buffer_free(&name);
        return UV_ENOMEM;
    }
    entry = disco__strmap_find(&client->fetches, name.bytes);
    if (entry == NULL)
        return shared_new(shared, client, service, quorum, name.bytes);
    disco__buffer_free(&name);
    *shared = disco__container_of(entry, shared_t, entry);
    return 0;
}

int disco_get(disco_client_t *client, const char *service, const disco_query_t *query,
              disco_get_cb cb, void *data, disco_request_t **request)
{
    static const disco_query_t everything = {0};
    lookup_t *lookup;
    int rv = disco__client_check(client);

    if (rv != 0)
        return rv;
    if (service == NULL || cb == NULL)
        return UV_EINVAL;
    if (query == NULL)
        query = &everything;
    rv = disco__name_check(service);
    if (rv == 0 && query->shard != NULL)
        rv = disco__name_check(query->shard);
    if (rv != 0)
        return rv;
    lookup = disco__calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return UV_ENOMEM;
    rv = UV_ENOMEM;
    if (query->shard == NULL || (lookup->shard = disco__strdup(query->shard)) != NULL)
        rv = shared_find_or_start(&lookup->shared, client, service, query->quorum);
    if (rv != 0) {
        lookup_free(lookup);
        return rv;
    }
    lookup->cb = cb;
    lookup->data = data;
    disco__queue_push(&lookup->shared->waiters, &lookup->node);
    disco__request_begin(&lookup->base, client, lookup_stop, lookup_finish);
    if (request != NULL)
        *request = &lookup->base;
    return 0;
}

int disco_get_for_shard(disco_client_t *client, const char *service, const char *shard,
                        disco_get_cb cb, void *data, disco_request_t **request)
{
    disco_query_t query = {.shard = shard};

    if (shard == NULL)
        return UV_EINVAL;
    return disco_get(client, service, &query, cb, data, request);
}
