/* Happy path of every operation: the request is written into a call, the call finds an endpoint
 * that answers, the reply is read, and done is called with it. What was used for an operation is
 * put aside for the next one, as far as few are under way at once, so that a heartbeat needs no
 * memory of its own.
 * Failure modes: those of etcd/call.h; an answer that is an error of etcd ends the operation with
 * that error. */
#include "etcd/v2_store.h"

#include <string.h>

#include "etcd/server_version.h"
#include "etcd/v2_internal.h"
#include "json/read.h"

/* So many heartbeats may be under way at once, or more where it takes more to have all connections
 * in use; and as many spare operations are kept. */
#define BEATS_USUAL 32

typedef struct disco__v2_single_s {
    disco__v2_op_t base;
    disco__call_t call;
    disco__pursuit_t pursuit;
    struct disco__v2_single_s *next; /* spare one */
} single_t;

static single_t *single_of(disco__call_t *call)
{
    return disco__container_of(call, single_t, call);
}

/* An answer without etcd's error body. */
static disco__verdict_t examine_without_body(disco__call_t *call)
{
    int status = call->answer.http_status;

    if (status == 404) {
        /* etcd without the v2 API answers every path below /v2 by a plain text (3.4.23, 3.5.30). */
        disco__failure_set(&call->failure, DISCO_EV2DISABLED, NULL);
        return DISCO__VERDICT_ELSEWHERE;
    }
    if (status == 401 || status == 403) {
        disco__failure_set(&call->failure, DISCO_EAUTH, "HTTP status %d", status);
        return DISCO__VERDICT_ANSWER;
    }
    if (status == 429 || status >= 500) {
        disco__failure_set(&call->failure, DISCO_EUNAVAILABLE, "HTTP status %d", status);
        return DISCO__VERDICT_AT_FAULT;
    }
    disco__failure_set(&call->failure, DISCO_EPROTOCOL, "HTTP status %d", status);
    return DISCO__VERDICT_AT_FAULT;
}

disco__verdict_t disco__v2_examine(disco__call_t *call)
{
    int status = call->answer.http_status;
    uint64_t index;

    if (status == 200 || status == 201) {
        disco__failure_clear(&call->failure);
        return DISCO__VERDICT_ANSWER;
    }
    if (!disco__v2_read_error(&call->failure, &index, disco__buffer_text(&call->body),
                              call->body.size))
        return examine_without_body(call);
    /* The body's index says more than the header's; where etcd has none to tell, it is 0 in both.
     */
    if (index > 0)
        call->answer.index = index;
    return call->failure.status == DISCO_EUNAVAILABLE ? DISCO__VERDICT_AT_FAULT
                                                      : DISCO__VERDICT_ANSWER;
}

static void single_free(single_t *op)
{
    disco__call_end(&op->call);
    disco__free(op);
}

static void spares_free(disco__v2_store_t *store)
{
    while (store->spares != NULL) {
        single_t *op = store->spares;

        store->spares = op->next;
        single_free(op);
    }
}

/* It is over. */
static void single_put_aside(single_t *op)
{
    disco__v2_store_t *store = disco__v2_store_of(op->base.base.store);

    if (store->spare_count == store->beats.most) {
        single_free(op);
        return;
    }
    disco__call_renew(&op->call);
    op->next = store->spares;
    store->spares = op;
    store->spare_count++;
}

static single_t *single_take(disco__v2_store_t *store)
{
    single_t *op = store->spares;

    if (op != NULL) {
        store->spares = op->next;
        store->spare_count--;
        return op;
    }
    op = disco__calloc(1, sizeof *op);
    if (op != NULL)
        disco__call_init(&op->call, store->endpoints);
    return op;
}

static void single_cancel(disco__v2_op_t *base)
{
    single_put_aside(disco__container_of(base, single_t, base));
}

static void single_retrying(disco__call_t *call)
{
    single_t *op = single_of(call);

    if (op->pursuit.retrying != NULL)
        op->pursuit.retrying(op->pursuit.data, &call->failure);
}

/* The body, emptied out of the call, since the operation is freed before its reply is used. */
typedef struct outcome_s {
    disco__pursuit_t pursuit;
    disco__failure_t failure;
    disco__result_t result;
} outcome_t;

static void take_outcome(single_t *op, outcome_t *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    outcome->pursuit = op->pursuit;
    outcome->failure = op->call.failure;
    outcome->result.failure = &outcome->failure;
    outcome->result.revision = op->call.answer.index;
    outcome->result.sent_ms = op->call.sent_ms;
}

void disco__v2_explain_unreadable(disco__failure_t *failure, int status)
{
    if (status != 0)
        disco__failure_set(failure, status, status == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
}

static void on_keys_done(disco__call_t *call)
{
    single_t *op = single_of(call);
    disco__v2_reply_t reply;
    outcome_t outcome;
    int rv = 0;

    memset(&reply, 0, sizeof reply);
    take_outcome(op, &outcome);
    if (outcome.failure.status == 0)
        rv = disco__v2_read_reply(&reply, disco__buffer_text(&call->body), call->body.size);
    single_put_aside(op);
    disco__v2_explain_unreadable(&outcome.failure, rv);
    outcome.result.entries = reply.entries;
    outcome.result.entry_count = reply.entry_count;
    outcome.result.previous = reply.has_previous ? &reply.previous : NULL;
    outcome.pursuit.done(outcome.pursuit.data, &outcome.result);
    disco__v2_reply_free(&reply);
}

/* Of a heartbeat's answer only the status matters, and not where etcd is. */
static void ignore_body(disco__call_t *call, const char *bytes, size_t size)
{
    (void)call;
    (void)bytes;
    (void)size;
}

static void on_refresh_done(disco__call_t *call)
{
    single_t *op = single_of(call);
    outcome_t outcome;

    take_outcome(op, &outcome);
    single_put_aside(op);
    outcome.pursuit.done(outcome.pursuit.data, &outcome.result);
}

static void on_version_done(disco__call_t *call)
{
    single_t *op = single_of(call);
    outcome_t outcome;
    cJSON *tree = NULL;
    int rv = 0;

    take_outcome(op, &outcome);
    if (outcome.failure.status == 0)
        rv = disco__server_version_read(&tree, &outcome.result.server, &outcome.result.cluster,
                                        disco__buffer_text(&call->body), call->body.size);
    single_put_aside(op);
    disco__v2_explain_unreadable(&outcome.failure, rv);
    outcome.pursuit.done(outcome.pursuit.data, &outcome.result);
    disco__json_free(tree);
}

void disco__v2_call_init(disco__call_t *call, disco__store_t *store, const char *method,
                         const disco__pursuit_t *pursuit)
{
    disco__call_init(call, disco__v2_store_of(store)->endpoints);
    disco__v2_call_pursue(call, store, method, pursuit);
}

void disco__v2_call_pursue(disco__call_t *call, disco__store_t *store, const char *method,
                           const disco__pursuit_t *pursuit)
{
    call->api = store->api;
    call->method = method;
    call->authorization = call->endpoints->authorization;
    call->repeatable = true;
    call->has_position = true;
    call->attempt_ms = pursuit->attempt_ms;
    call->attempt_most_ms = pursuit->attempt_most_ms;
    call->total_ms = pursuit->total_ms;
    call->backoff_most_ms = pursuit->backoff_most_ms;
    call->examine = disco__v2_examine;
}

static single_t *single_new(disco__store_t *store, const char *method,
                            const disco__pursuit_t *pursuit)
{
    single_t *op = single_take(disco__v2_store_of(store));

    if (op == NULL)
        return NULL;
    op->base.base.store = store;
    op->base.cancel = single_cancel;
    op->pursuit = *pursuit;
    disco__v2_call_pursue(&op->call, store, method, pursuit);
    op->call.retrying = single_retrying;
    op->call.done = on_keys_done;
    return op;
}

static int single_start(single_t *op, disco__op_t **out)
{
    int rv = disco__call_start(&op->call);

    if (rv != 0) {
        single_free(op);
        return rv;
    }
    *out = &op->base.base;
    return 0;
}

void disco__v2_write_get(disco__buffer_t *target, const char *key, bool recursive, bool quorum)
{
    disco__v2_write_target(target, key);
    disco__v2_write_parameter(target, '?', "sorted", "true");
    if (recursive)
        disco__v2_write_parameter(target, '&', "recursive", "true");
    if (quorum)
        disco__v2_write_parameter(target, '&', "quorum", "true");
}

static void write_number(disco__buffer_t *out, char separator, const char *name, uint64_t number)
{
    disco__v2_write_parameter(out, separator, name, "");
    disco__buffer_append_number(out, number);
}

/* A conditional write may not be sent twice: the second would meet what the first has done. */
static void write_condition(single_t *op, disco__buffer_t *out, char separator,
                            disco_kv_condition_t condition, uint64_t revision, const char *value)
{
    switch (condition) {
    case DISCO_KV_ALWAYS:
        return;
    case DISCO_KV_MUST_EXIST:
        disco__v2_write_parameter(out, separator, "prevExist", "true");
        return;
    case DISCO_KV_MUST_NOT_EXIST:
        disco__v2_write_parameter(out, separator, "prevExist", "false");
        break;
    case DISCO_KV_REVISION:
        write_number(out, separator, "prevIndex", revision);
        break;
    case DISCO_KV_VALUE:
        disco__v2_write_parameter(out, separator, "prevValue", value);
        break;
    }
    op->call.repeatable = false;
}

static int v2_put(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
                  disco__op_t **out)
{
    single_t *op = single_new(store, "PUT", pursuit);
    disco__buffer_t *form;

    if (op == NULL)
        return UV_ENOMEM;
    form = &op->call.content;
    /* Without this type etcd stores an empty value and answers 201 (3.4.23). */
    op->call.content_type = "application/x-www-form-urlencoded";
    disco__v2_write_target(&op->call.target, put->key);
    disco__v2_write_parameter(form, '\0', "value", put->value);
    if (put->ttl_s > 0)
        write_number(form, '&', "ttl", put->ttl_s);
    write_condition(op, form, '&', put->condition, put->previous_revision, put->previous_value);
    return single_start(op, out);
}

int disco__v2_refresh(disco__store_t *store, const char *key, uint64_t ttl_s,
                      const disco__pursuit_t *pursuit, disco__op_t **out)
{
    single_t *op = single_new(store, "PUT", pursuit);

    if (op == NULL)
        return UV_ENOMEM;
    op->call.content_type = "application/x-www-form-urlencoded";
    op->call.has_position = false;
    op->call.chunk = ignore_body;
    op->call.done = on_refresh_done;
    disco__v2_write_target(&op->call.target, key);
    write_number(&op->call.content, '\0', "ttl", ttl_s);
    disco__v2_write_parameter(&op->call.content, '&', "refresh", "true");
    disco__v2_write_parameter(&op->call.content, '&', "prevExist", "true");
    return single_start(op, out);
}

static int v2_remove(disco__store_t *store, const disco__delete_t *remove,
                     const disco__pursuit_t *pursuit, disco__op_t **out)
{
    single_t *op = single_new(store, "DELETE", pursuit);
    disco__buffer_t *query;
    char separator = '?';

    if (op == NULL)
        return UV_ENOMEM;
    query = &op->call.target;
    disco__v2_write_target(query, remove->key);
    if (remove->recursive) {
        disco__v2_write_parameter(query, separator, "recursive", "true");
        separator = '&';
    }
    write_condition(op, query, separator, remove->condition, remove->previous_revision,
                    remove->previous_value);
    return single_start(op, out);
}

static int v2_version(disco__store_t *store, const disco__pursuit_t *pursuit, disco__op_t **out)
{
    single_t *op = single_new(store, "GET", pursuit);

    if (op == NULL)
        return UV_ENOMEM;
    op->call.done = on_version_done;
    disco__buffer_append_text(&op->call.target, "/version");
    return single_start(op, out);
}

static void v2_cancel(disco__op_t *base)
{
    disco__v2_op_t *op = disco__container_of(base, disco__v2_op_t, base);

    op->cancel(op);
}

static void v2_close(disco__store_t *store)
{
    disco__v2_store_t *v2 = disco__v2_store_of(store);

    spares_free(v2);
    disco__free(v2);
}

static const disco__store_ops_t v2_ops = {
    .get = disco__v2_get,
    .get_pair = disco__v2_get_pair,
    .put = v2_put,
    .remove = v2_remove,
    .version = v2_version,
    .cancel = v2_cancel,
    .watch = disco__v2_watch,
    .watch_close = disco__v2_watch_close,
    .lease = disco__v2_lease,
    .lease_write = disco__v2_lease_write,
    .lease_remove = disco__v2_lease_remove,
    .lease_close = disco__v2_lease_close,
    .close = v2_close,
};

int disco__v2_store_new(disco__store_t **store, disco__loop_t *loop, disco__endpoints_t *endpoints,
                        const disco__v2_store_options_t *options)
{
    disco__v2_store_t *v2 = disco__calloc(1, sizeof *v2);

    if (v2 == NULL)
        return UV_ENOMEM;
    v2->base.ops = &v2_ops;
    v2->base.loop = loop;
    v2->base.api = "v2";
    v2->base.has_directories = true;
    v2->endpoints = endpoints;
    v2->options = *options;
    disco__v2_beats_init(&v2->beats, options->max_connections > BEATS_USUAL
                                         ? options->max_connections
                                         : BEATS_USUAL);
    *store = &v2->base;
    return 0;
}
