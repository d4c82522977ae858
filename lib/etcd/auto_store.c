/* See auto_store.h. Being called back, a user may close whatever is held, or the store: what is to
 * be told something hangs on a list of its own meanwhile, from which it takes itself off, and the
 * store is not looked at any more when that list is empty. */
#include "etcd/auto_store.h"

#include <string.h>

#include <uvdisco/error.h>

#include "etcd/auto_internal.h"
#include "json/read.h"

/* A key that need not exist, and that listings leave out if it does. */
#define PROBE_TARGET "/v2/keys/_uvdisco"
#define PROBE_ANSWER_MOST 65536

static const disco__store_ops_t auto_ops;

static disco__auto_store_t *store_of_probe(disco__call_t *call)
{
    return disco__container_of(call, disco__auto_store_t, probe);
}

static void choose(disco__auto_store_t *store, disco__store_t *chosen)
{
    store->chosen = chosen;
    store->base.api = chosen->api;
    store->base.has_directories = chosen->has_directories;
    disco__log(&store->base.loop->log, DISCO_LOG_INFO, "%s: %s the v2 API, so %s is used",
               store->probe.endpoint->url, chosen == store->v2 ? "serves" : "does not serve",
               chosen->api);
}

/* A node, or one of the errors of the v2 API, of which 110 (who asks may not read it) says as much
 * as 100 (there is no such key). 0 or UV_ENOMEM. */
static int is_of_v2(const disco__call_t *call, bool *is)
{
    cJSON *tree = NULL;
    int rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);

    *is = rv == 0 && (cJSON_IsNumber(disco__json_member(tree, "errorCode")) ||
                      cJSON_IsObject(disco__json_member(tree, "node")));
    disco__json_free(tree);
    return rv == UV_ENOMEM ? rv : 0;
}

static disco__verdict_t examine(disco__call_t *call)
{
    disco__auto_store_t *store = store_of_probe(call);
    int status = call->answer.http_status;
    bool v2;

    disco__failure_clear(&call->failure);
    if (is_of_v2(call, &v2) != 0) {
        disco__failure_set(&call->failure, UV_ENOMEM, NULL);
        return DISCO__VERDICT_AT_FAULT;
    }
    if (v2) {
        choose(store, store->v2);
        return DISCO__VERDICT_ANSWER;
    }
    /* etcd's HTTP server itself, in plain text (3.4.23, 3.5.35 and 3.6.16 alike). */
    if (status == 404)
        return DISCO__VERDICT_ELSEWHERE;
    disco__failure_set(&call->failure,
                       status == 401 || status == 403   ? DISCO_EAUTH
                       : status == 429 || status >= 500 ? DISCO_EUNAVAILABLE
                                                        : DISCO_EPROTOCOL,
                       "HTTP status %d", status);
    return DISCO__VERDICT_AT_FAULT;
}

static void on_done(disco__call_t *call)
{
    disco__auto_store_t *store = store_of_probe(call);
    disco__queue_t batch;
    disco__queue_t *node;

    if (store->chosen == NULL)
        choose(store, store->v3); /* no endpoint serves v2 */
    store->asking = false;
    store->held_count = 0;
    disco__queue_init(&batch);
    disco__queue_move(&store->held, &batch);
    while ((node = disco__queue_first(&batch)) != NULL) {
        disco__held_t *held = disco__queue_data(node, disco__held_t, node);

        disco__queue_remove(node);
        held->begin(held);
    }
}

static void on_retrying(disco__call_t *call)
{
    disco__auto_store_t *store = store_of_probe(call);
    disco__failure_t failure = call->failure;
    bool alone = call->unreached || failure.status == UV_ENOMEM;
    disco__queue_t batch;
    disco__queue_t *node;

    disco__queue_init(&batch);
    disco__queue_move(&store->held, &batch);
    while ((node = disco__queue_first(&batch)) != NULL) {
        disco__held_t *held = disco__queue_data(node, disco__held_t, node);

        disco__queue_remove(node);
        disco__queue_push(&store->held, node);
        held->trouble(held, &failure, alone);
    }
}

int disco__auto_hold(disco__auto_store_t *store, disco__held_t *held)
{
    if (!store->asking) {
        int rv = disco__call_start(&store->probe);

        if (rv != 0)
            return rv;
        store->asking = true;
    }
    held->store = store;
    disco__queue_push(&store->held, &held->node);
    store->held_count++;
    return 0;
}

void disco__auto_let_go(disco__held_t *held)
{
    disco__auto_store_t *store = held->store;

    if (!disco__queue_linked(&held->node))
        return;
    disco__queue_remove(&held->node);
    if (store->chosen != NULL || --store->held_count > 0)
        return;
    disco__call_stop(&store->probe);
    store->asking = false;
}

static int auto_get(disco__store_t *base, const char *key, bool recursive, bool quorum,
                    const disco__pursuit_t *pursuit, disco__op_t **op)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->get(store->chosen, key, recursive, quorum, pursuit, op);
    return disco__auto_hold_get(store, key, recursive, quorum, pursuit, op);
}

static int auto_get_pair(disco__store_t *base, const char *key, const char *directory, bool quorum,
                         const disco__taker_t *taker, const disco__pursuit_t *pursuit,
                         disco__op_t **op)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->get_pair(store->chosen, key, directory, quorum, taker, pursuit,
                                            op);
    return disco__auto_hold_get_pair(store, key, directory, quorum, taker, pursuit, op);
}

static int auto_put(disco__store_t *base, const disco__put_t *put, const disco__pursuit_t *pursuit,
                    disco__op_t **op)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->put(store->chosen, put, pursuit, op);
    return disco__auto_hold_put(store, put, pursuit, op);
}

static int auto_remove(disco__store_t *base, const disco__delete_t *remove,
                       const disco__pursuit_t *pursuit, disco__op_t **op)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->remove(store->chosen, remove, pursuit, op);
    return disco__auto_hold_remove(store, remove, pursuit, op);
}

static int auto_version(disco__store_t *base, const disco__pursuit_t *pursuit, disco__op_t **op)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->version(store->chosen, pursuit, op);
    return disco__auto_hold_version(store, pursuit, op);
}

static void auto_cancel(disco__op_t *op)
{
    if (op->store->ops != &auto_ops)
        op->store->ops->cancel(op);
    else
        disco__auto_op_cancel(op);
}

static int auto_watch(disco__store_t *base, const disco__watch_request_t *request,
                      disco__store_watch_cb cb, void *data, disco__store_watch_t **watch)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->watch(store->chosen, request, cb, data, watch);
    return disco__auto_hold_watch(store, request, cb, data, watch);
}

static void auto_watch_close(disco__store_watch_t *watch)
{
    if (watch->store->ops != &auto_ops)
        watch->store->ops->watch_close(watch);
    else
        disco__auto_watch_close(watch);
}

static int auto_lease(disco__store_t *base, const char *key, uint64_t ttl_s,
                      const disco__leased_events_t *events, void *data, disco__leased_t **leased)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    if (store->chosen != NULL)
        return store->chosen->ops->lease(store->chosen, key, ttl_s, events, data, leased);
    return disco__auto_lease(store, key, ttl_s, events, data, leased);
}

static disco__auto_leased_t *leased_of(disco__leased_t *leased)
{
    return disco__container_of(leased, disco__auto_leased_t, base);
}

static int auto_lease_write(disco__leased_t *leased, const disco__leased_write_t *write,
                            const disco__pursuit_t *pursuit, disco__op_t **op)
{
    if (leased->store->ops != &auto_ops)
        return leased->store->ops->lease_write(leased, write, pursuit, op);
    return disco__auto_lease_write(leased_of(leased), write, pursuit, op);
}

static int auto_lease_remove(disco__leased_t *leased, const disco__pursuit_t *pursuit,
                             disco__op_t **op)
{
    if (leased->store->ops != &auto_ops)
        return leased->store->ops->lease_remove(leased, pursuit, op);
    return disco__auto_lease_remove(leased_of(leased), pursuit, op);
}

static void auto_lease_close(disco__leased_t *leased)
{
    if (leased->store->ops != &auto_ops)
        leased->store->ops->lease_close(leased);
    else
        disco__auto_lease_close(leased_of(leased));
}

static void auto_close(disco__store_t *base)
{
    disco__auto_store_t *store = disco__auto_store_of(base);

    disco__call_end(&store->probe);
    store->v3->ops->close(store->v3);
    store->v2->ops->close(store->v2);
    disco__free(store);
}

static const disco__store_ops_t auto_ops = {
    .get = auto_get,
    .get_pair = auto_get_pair,
    .put = auto_put,
    .remove = auto_remove,
    .version = auto_version,
    .cancel = auto_cancel,
    .watch = auto_watch,
    .watch_close = auto_watch_close,
    .lease = auto_lease,
    .lease_write = auto_lease_write,
    .lease_remove = auto_lease_remove,
    .lease_close = auto_lease_close,
    .close = auto_close,
};

int disco__auto_store_new(disco__store_t **result, disco__loop_t *loop,
                          disco__endpoints_t *endpoints, disco__store_t *v2, disco__store_t *v3,
                          uint32_t attempt_ms)
{
    disco__auto_store_t *store = disco__calloc(1, sizeof *store);
    disco__call_t *probe;

    if (store == NULL)
        return UV_ENOMEM;
    store->base.ops = &auto_ops;
    store->base.loop = loop;
    store->base.api = "auto";
    store->endpoints = endpoints;
    store->v2 = v2;
    store->v3 = v3;
    disco__queue_init(&store->held);
    probe = &store->probe;
    disco__call_init(probe, endpoints);
    probe->api = store->base.api;
    probe->method = "GET";
    probe->repeatable = true;
    probe->attempt_ms = attempt_ms;
    probe->body_limit = PROBE_ANSWER_MOST;
    probe->examine = examine;
    probe->retrying = on_retrying;
    probe->done = on_done;
    if (disco__buffer_append_text(&probe->target, PROBE_TARGET) != 0) {
        disco__call_end(probe);
        disco__free(store);
        return UV_ENOMEM;
    }
    *result = &store->base;
    return 0;
}
