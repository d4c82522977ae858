/* Happy path: a lookup joins the fetch for its service, or begins one: info and hosts by one
 * operation. When it is answered the service is made and every waiting lookup gets it, or its share
 * of it by shard. Failure modes: an operation that fails ends the fetch, and every waiting lookup,
 * with its failure; a lookup that is cancelled leaves the others waiting, and the last one ends the
 * fetch. A key that is not there is no failure. */
#include <string.h>

#include <uvdisco/lookup.h>

#include "disco/entry.h"
#include "disco/keys.h"

typedef struct fetch_s {
    disco_client_t *client;
    disco__strmap_entry_t entry; /* in client->fetches, under name */
    char *name;                  /* the service, a '/' behind it for quorum */
    char *hosts_key;
    disco__op_t *op; /* NULL: answered */
    disco_service_t *service;
    disco__queue_t waiters;
} fetch_t;

typedef struct lookup_s {
    disco_request_t base;
    fetch_t *fetch; /* NULL once it does not wait any more */
    disco__queue_t node;
    char *shard;
    disco_get_cb cb;
    void *data;
} lookup_t;

static void fetch_free(fetch_t *fetch)
{
    disco_service_unref(fetch->service);
    disco__free(fetch->hosts_key);
    disco__free(fetch->name);
    disco__free(fetch);
}

/* Ends what is under way and forgets the fetch; who waits is the caller's concern. */
static void fetch_stop(fetch_t *fetch)
{
    disco__store_t *store = fetch->client->stores[0];

    if (fetch->op != NULL)
        store->ops->cancel(fetch->op);
    fetch->op = NULL;
    disco__strmap_remove(&fetch->client->fetches, &fetch->entry);
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
    fetch_t *fetch = lookup->fetch;

    disco__queue_remove(&lookup->node);
    lookup->fetch = NULL;
    if (fetch != NULL && disco__queue_empty(&fetch->waiters)) {
        fetch_stop(fetch);
        fetch_free(fetch);
    }
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
static void fetch_finish(fetch_t *fetch, const disco__failure_t *failure)
{
    disco__queue_t waiters;
    disco__queue_t *node;
    disco__queue_t *after;
    disco_client_t *client = fetch->client;
    disco_service_t *service = fetch->service;

    fetch_stop(fetch);
    disco__queue_init(&waiters);
    disco__queue_move(&fetch->waiters, &waiters);
    disco__queue_foreach(&waiters, node, after) disco__queue_data(node, lookup_t, node)->fetch =
        NULL;
    fetch->service = NULL;
    fetch_free(fetch);
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

static void fetch_end(fetch_t *fetch, int status)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    fetch_finish(fetch, &failure);
}

/* A broken one is as good as none. */
static int read_info(fetch_t *fetch, const disco_kv_t *entry)
{
    disco_service_info_t *info;
    int rv;

    if (entry == NULL || entry->is_directory)
        return 0;
    rv = disco__entry_read_info(fetch->client, entry, &info);
    if (rv != 0)
        return disco__entry_is_broken(rv) ? 0 : rv;
    disco__service_set_info(fetch->service, info);
    /* Where there are no directories, this is what stays of a service without hosts. */
    if (!fetch->client->stores[0]->has_directories)
        fetch->service->has_directory = true;
    return 0;
}

static void on_answer(void *data, const disco__result_t *result)
{
    fetch_t *fetch = data;
    int status = result->failure->status;
    int rv;

    fetch->op = NULL;
    if (status != 0 && status != DISCO_EKEYNOTFOUND) {
        fetch_finish(fetch, result->failure);
        return;
    }
    rv = read_info(fetch, result->beside);
    if (rv == 0)
        rv = disco__entry_fill_service(fetch->client, fetch->service, result, fetch->hosts_key);
    fetch_end(fetch, rv);
}

static int fetch_start(fetch_t *fetch, const char *service, bool quorum)
{
    disco_client_t *client = fetch->client;
    disco__pursuit_t pursuit = disco__client_pursuit(client);
    char *info_key = disco__key_of_info(service);
    int rv;

    if (info_key == NULL)
        return UV_ENOMEM;
    pursuit.data = fetch;
    pursuit.done = on_answer;
    rv = client->stores[0]->ops->get_pair(client->stores[0], info_key, fetch->hosts_key, quorum,
                                          &pursuit, &fetch->op);
    disco__free(info_key);
    return rv;
}

static int fetch_new(fetch_t **out, disco_client_t *client, const char *service, bool quorum,
                     char *name)
{
    fetch_t *fetch = disco__calloc(1, sizeof *fetch);
    int rv = UV_ENOMEM;

    if (fetch == NULL) {
        disco__free(name);
        return UV_ENOMEM;
    }
    fetch->client = client;
    fetch->name = name;
    disco__queue_init(&fetch->waiters);
    fetch->hosts_key = disco__key_of_hosts(service);
    if (fetch->hosts_key == NULL)
        goto err_after_alloc;
    rv = disco__service_new(&fetch->service, service, NULL, &client->loop.random);
    if (rv != 0)
        goto err_after_alloc;
    rv = disco__strmap_add(&client->fetches, &fetch->entry, fetch->name);
    if (rv != 0)
        goto err_after_alloc;
    rv = fetch_start(fetch, service, quorum);
    if (rv != 0)
        goto err_after_add;
    *out = fetch;
    return 0;

err_after_add:
    disco__strmap_remove(&client->fetches, &fetch->entry);
err_after_alloc:
    fetch_free(fetch);
    return rv;
}

static int fetch_find_or_start(fetch_t **fetch, disco_client_t *client, const char *service,
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
        return fetch_new(fetch, client, service, quorum, name.bytes);
    disco__buffer_free(&name);
    *fetch = disco__container_of(entry, fetch_t, entry);
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
        rv = fetch_find_or_start(&lookup->fetch, client, service, query->quorum);
    if (rv != 0) {
        lookup_free(lookup);
        return rv;
    }
    lookup->cb = cb;
    lookup->data = data;
    disco__queue_push(&lookup->fetch->waiters, &lookup->node);
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
