/* Raw access to keys, for the user: each request is one operation of the store. */
#include <string.h>

#include <uvdisco/kv.h>

#include "base/text.h"
#include "disco/context.h"
#include "disco/keys.h"

typedef struct raw_s {
    disco_request_t base;
    disco__op_t *op; /* NULL: over */
    disco_kv_cb cb;  /* or version_cb */
    disco_version_cb version_cb;
    void *data;
} raw_t;

static void raw_stop(disco_request_t *request)
{
    raw_t *raw = disco__container_of(request, raw_t, base);

    if (raw->op != NULL)
        request->client->stores[0]->ops->cancel(raw->op);
    raw->op = NULL;
}

static void raw_deliver(raw_t *raw, int status, const disco_kv_result_t *result)
{
    disco_kv_cb cb = raw->cb;
    void *data = raw->data;

    disco__request_end(&raw->base);
    disco__free(raw);
    cb(data, status, result);
}

static void version_deliver(raw_t *raw, int status, const char *server, const char *cluster)
{
    disco_version_cb cb = raw->version_cb;
    void *data = raw->data;

    disco__request_end(&raw->base);
    disco__free(raw);
    cb(data, status, server, cluster);
}

static void raw_finish(disco_request_t *request, int status)
{
    raw_t *raw = disco__container_of(request, raw_t, base);

    if (raw->cb != NULL)
        raw_deliver(raw, status, NULL);
    else
        version_deliver(raw, status, NULL, NULL);
}

static void on_done(void *data, const disco__result_t *result)
{
    raw_t *raw = data;
    disco_kv_result_t answer = {
        .revision = result->revision,
        .entries = result->entries,
        .entry_count = result->entry_count,
        .previous = result->previous,
    };

    raw->op = NULL;
    if (result->failure->status != 0) {
        disco__client_set_failure(raw->base.client, result->failure);
        raw_deliver(raw, result->failure->status, NULL);
        return;
    }
    raw_deliver(raw, 0, &answer);
}

/* What was removed is told as it was. */
static void on_removed(void *data, const disco__result_t *result)
{
    disco__result_t removed = *result;

    if (result->failure->status == 0 && result->previous != NULL) {
        removed.entries = result->previous;
        removed.entry_count = 1;
        removed.previous = NULL;
    }
    on_done(data, &removed);
}

static void on_version(void *data, const disco__result_t *result)
{
    raw_t *raw = data;

    raw->op = NULL;
    if (result->failure->status != 0)
        disco__client_set_failure(raw->base.client, result->failure);
    version_deliver(raw, result->failure->status, result->server, result->cluster);
}

static int raw_new(raw_t **out, disco_client_t *client, const char *key, disco_kv_cb cb, void *data)
{
    raw_t *raw;
    int rv = disco__client_check(client);

    if (rv != 0)
        return rv;
    if (key == NULL || cb == NULL)
        return UV_EINVAL;
    rv = disco__key_check(key);
    if (rv != 0)
        return rv;
    raw = disco__calloc(1, sizeof *raw);
    if (raw == NULL)
        return UV_ENOMEM;
    raw->cb = cb;
    raw->data = data;
    *out = raw;
    return 0;
}

static disco__pursuit_t pursuit_of(raw_t *raw, const disco_client_t *client,
                                   void (*done)(void *data, const disco__result_t *result))
{
    disco__pursuit_t pursuit = disco__client_pursuit(client);

    pursuit.data = raw;
    pursuit.done = done;
    return pursuit;
}

/* rv: what starting the operation gave. */
static int raw_begin(raw_t *raw, disco_client_t *client, int rv, disco_request_t **request)
{
    if (rv != 0) {
        disco__free(raw);
        return rv;
    }
    disco__request_begin(&raw->base, client, raw_stop, raw_finish);
    if (request != NULL)
        *request = &raw->base;
    return 0;
}

int disco_kv_get(disco_client_t *client, const char *key, const disco_kv_get_options_t *options,
                 disco_kv_cb cb, void *data, disco_request_t **request)
{
    static const disco_kv_get_options_t defaults = {0};
    disco__pursuit_t pursuit;
    raw_t *raw;
    int rv = raw_new(&raw, client, key, cb, data);

    if (rv != 0)
        return rv;
    if (options == NULL)
        options = &defaults;
    pursuit = pursuit_of(raw, client, on_done);
    rv = client->stores[0]->ops->get(client->stores[0], key, options->recursive, options->quorum,
                                     &pursuit, &raw->op);
    return raw_begin(raw, client, rv, request);
}

static int check_condition(disco_kv_condition_t condition, uint64_t revision, const char *value)
{
    switch (condition) {
    case DISCO_KV_ALWAYS:
    case DISCO_KV_MUST_EXIST:
    case DISCO_KV_MUST_NOT_EXIST:
        return revision == 0 && value == NULL ? 0 : UV_EINVAL;
    case DISCO_KV_REVISION:
        return revision > 0 && value == NULL ? 0 : UV_EINVAL; /* etcd passes over prevIndex=0 */
    case DISCO_KV_VALUE:
        return revision == 0 && value != NULL && value[0] != '\0' ? 0 : UV_EINVAL;
    default:
        return UV_EINVAL;
    }
}

int disco_kv_put(disco_client_t *client, const char *key, const char *value,
                 const disco_kv_put_options_t *options, disco_kv_cb cb, void *data,
                 disco_request_t **request)
{
    static const disco_kv_put_options_t defaults = {0};
    disco__pursuit_t pursuit;
    disco__put_t put;
    raw_t *raw;
    int rv;

    if (options == NULL)
        options = &defaults;
    if (value == NULL)
        return UV_EINVAL;
    rv = check_condition(options->condition, options->previous_revision, options->previous_value);
    if (rv != 0)
        return rv;
    if (!disco__text_is_utf8(value, strlen(value)))
        return DISCO_EVALUE;
    rv = raw_new(&raw, client, key, cb, data);
    if (rv != 0)
        return rv;
    put = (disco__put_t){.key = key,
                         .value = value,
                         .ttl_s = options->ttl_s,
                         .condition = options->condition,
                         .previous_revision = options->previous_revision,
                         .previous_value = options->previous_value};
    pursuit = pursuit_of(raw, client, on_done);
    rv = client->stores[0]->ops->put(client->stores[0], &put, &pursuit, &raw->op);
    return raw_begin(raw, client, rv, request);
}

int disco_kv_delete(disco_client_t *client, const char *key,
                    const disco_kv_delete_options_t *options, disco_kv_cb cb, void *data,
                    disco_request_t **request)
{
    static const disco_kv_delete_options_t defaults = {0};
    disco__pursuit_t pursuit;
    disco__delete_t removal;
    raw_t *raw;
    int rv;

    if (options == NULL)
        options = &defaults;
    rv = check_condition(options->condition, options->previous_revision, options->previous_value);
    if (rv != 0 || options->condition == DISCO_KV_MUST_NOT_EXIST)
        return UV_EINVAL;
    rv = raw_new(&raw, client, key, cb, data);
    if (rv != 0)
        return rv;
    removal = (disco__delete_t){.key = key,
                                .recursive = options->recursive,
                                .condition = options->condition,
                                .previous_revision = options->previous_revision,
                                .previous_value = options->previous_value};
    pursuit = pursuit_of(raw, client, on_removed);
    rv = client->stores[0]->ops->remove(client->stores[0], &removal, &pursuit, &raw->op);
    return raw_begin(raw, client, rv, request);
}

int disco_server_version(disco_client_t *client, disco_version_cb cb, void *data,
                         disco_request_t **request)
{
    disco__pursuit_t pursuit;
    raw_t *raw;
    int rv = disco__client_check(client);

    if (rv != 0)
        return rv;
    if (cb == NULL)
        return UV_EINVAL;
    raw = disco__calloc(1, sizeof *raw);
    if (raw == NULL)
        return UV_ENOMEM;
    raw->version_cb = cb;
    raw->data = data;
    pursuit = pursuit_of(raw, client, on_version);
    rv = client->stores[0]->ops->version(client->stores[0], &pursuit, &raw->op);
    return raw_begin(raw, client, rv, request);
}
