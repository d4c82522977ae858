/* Writing and removing single keys, and asking for the version.
 *
 * Happy path: one transaction, in which the condition is the comparison; when it does not hold, the
 * key is read in the same transaction, which tells why. A key with a time to live gets a lease of
 * its own first, which nothing keeps alive. Failure modes: those of etcd/call.h; a lease that was
 * over before the key was written, etcd having been silent for so long, is granted anew; one whose
 * key could not be written is left to expire. */
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "etcd/server_version.h"
#include "etcd/v3_write.h"
#include "json/read.h"

#define GRANTS_MOST 3

typedef struct write_op_s {
    disco__v3_op_t base;
    disco__call_t call;
    disco__pursuit_t pursuit;
    uint64_t deadline_ms; /* of lease and write together; 0: none */
    char *key;
    disco_kv_condition_t condition;
    bool recursive;
    disco__buffer_t value;          /* put */
    disco__buffer_t previous_value; /* DISCO_KV_VALUE */
    uint64_t previous_revision;
    uint64_t ttl_s;
    unsigned grants;
} write_op_t;

static write_op_t *op_of(disco__call_t *call)
{
    return disco__container_of(call, write_op_t, call);
}

static void op_free(write_op_t *op)
{
    disco__call_end(&op->call);
    disco__buffer_free_secret(&op->value);
    disco__buffer_free_secret(&op->previous_value);
    disco__free(op->key);
    disco__free(op);
}

static void op_cancel(disco__v3_op_t *base)
{
    op_free(disco__container_of(base, write_op_t, base));
}

/* The op is freed; tree holds what result points into. */
static void op_finish(write_op_t *op, disco__result_t *result, const disco__failure_t *why,
                      cJSON *tree)
{
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure = *why;

    result->failure = &failure;
    result->sent_ms = op->call.sent_ms;
    op_free(op);
    pursuit.done(pursuit.data, result);
    disco__json_free(tree);
}

static void op_fail(write_op_t *op, int status, cJSON *tree)
{
    disco__failure_t failure = op->call.failure;
    disco__result_t result = {0};

    if (status != 0)
        disco__failure_set(&failure, status,
                           status == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
    op_finish(op, &result, &failure, tree);
}

static void on_retrying(disco__call_t *call)
{
    write_op_t *op = op_of(call);

    if (op->pursuit.retrying != NULL)
        op->pursuit.retrying(op->pursuit.data, &call->failure);
}

static const cJSON *response_of(const cJSON *tree, int index, const char *kind)
{
    return disco__json_member(cJSON_GetArrayItem(disco__json_member(tree, "responses"), index),
                              kind);
}

/* Why the comparison did not hold: the key was read for that. */
static int condition_status(const write_op_t *op, const cJSON *tree)
{
    const cJSON *kvs = disco__json_member(response_of(tree, 0, "response_range"), "kvs");

    if (op->condition == DISCO_KV_MUST_NOT_EXIST)
        return DISCO_EKEYEXISTS;
    return cJSON_GetArraySize(kvs) > 0 ? DISCO_ECONFLICT : DISCO_EKEYNOTFOUND;
}

/* What a transaction's answer begins with. NULL: the op was ended. */
static cJSON *read_transaction(write_op_t *op, disco__result_t *result)
{
    disco__call_t *call = &op->call;
    disco__v3_header_t header;
    bool succeeded = false;
    cJSON *tree = NULL;
    int rv;

    memset(result, 0, sizeof *result);
    if (call->failure.status != 0) {
        op_fail(op, 0, NULL);
        return NULL;
    }
    rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);
    if (rv == 0) {
        disco__v3_read_header(&header, tree);
        if (header.revision == 0 || !disco__json_bool(tree, "succeeded", &succeeded))
            rv = DISCO_EPROTOCOL;
    }
    if (rv != 0) {
        op_fail(op, rv, tree);
        return NULL;
    }
    result->revision = header.revision;
    if (!succeeded) {
        disco__failure_t failure = call->failure;

        disco__failure_set(&failure, condition_status(op, tree), NULL);
        op_finish(op, result, &failure, tree);
        return NULL;
    }
    return tree;
}

static int grant_begin(write_op_t *op);

static void on_put(disco__call_t *call)
{
    write_op_t *op = op_of(call);
    disco_kv_t previous;
    disco_kv_t written;
    disco__result_t result;
    cJSON *tree;
    const cJSON *kvs;

    if (op->grants > 0 && call->failure.status == DISCO_EKEYNOTFOUND) { /* the lease, that is */
        int rv = op->grants < GRANTS_MOST ? grant_begin(op) : DISCO_EREFUSED;

        if (rv != 0)
            op_fail(op, rv, NULL);
        return;
    }
    tree = read_transaction(op, &result);
    if (tree == NULL)
        return;
    kvs = disco__json_member(response_of(tree, 1, "response_range"), "kvs");
    if (!disco__v3_read_kv(&written, cJSON_GetArrayItem(kvs, 0))) {
        op_fail(op, DISCO_EPROTOCOL, tree);
        return;
    }
    written.ttl_s = (int64_t)op->ttl_s;
    result.entries = &written;
    result.entry_count = 1;
    if (disco__v3_read_kv(&previous,
                          disco__json_member(response_of(tree, 0, "response_put"), "prev_kv")))
        result.previous = &previous;
    op_finish(op, &result, &call->failure, tree);
}

static uint64_t deleted_count(const cJSON *response)
{
    uint64_t count = 0;

    return disco__json_u64(response, "deleted", &count) ? count : 0;
}

static void on_removed(disco__call_t *call)
{
    write_op_t *op = op_of(call);
    disco_kv_t directory = {.value = "", .is_directory = true};
    disco_kv_t previous;
    disco__result_t result;
    disco__failure_t failure;
    const cJSON *own;
    char *key;
    cJSON *tree = read_transaction(op, &result);

    if (tree == NULL)
        return;
    failure = call->failure;
    own = response_of(tree, 0, "response_delete_range");
    key = op->key;
    op->key = NULL;
    directory.key = key;
    if (disco__v3_read_kv(&previous, cJSON_GetArrayItem(disco__json_member(own, "prev_kvs"), 0))) {
        result.previous = &previous;
    } else if (deleted_count(own) == 0 &&
               deleted_count(response_of(tree, 1, "response_delete_range")) == 0) {
        disco__failure_set(&failure, DISCO_EKEYNOTFOUND, NULL);
    } else {
        result.previous = &directory; /* what was removed was below it */
    }
    if (failure.status == 0) {
        result.entries = result.previous;
        result.entry_count = 1;
    }
    op_finish(op, &result, &failure, tree);
    disco__free(key);
}

static void limit_time(write_op_t *op)
{
    uint64_t now = disco__now(op->base.base.store->loop);

    if (op->deadline_ms > 0)
        op->call.total_ms = op->deadline_ms > now ? (uint32_t)(op->deadline_ms - now) : 1;
}

/* The end of every transaction here: what is read when the comparison does not hold. */
static void write_failure_branch(write_op_t *op, disco__buffer_t *out)
{
    if (op->condition != DISCO_KV_ALWAYS) {
        disco__v3_write_name(out, "failure");
        disco__buffer_append_text(out, "[{\"request_range\":{");
        disco__v3_write_range(out, op->key, DISCO__SCOPE_KEY);
        disco__buffer_append_text(out, "}}]");
    }
    disco__buffer_append_char(out, '}');
}

static void write_condition(write_op_t *op, disco__buffer_t *out)
{
    disco__buffer_append_char(out, '{');
    disco__v3_write_compare(out, op->key, op->condition, op->previous_revision,
                            disco__buffer_text(&op->previous_value));
    disco__v3_write_name(out, "success");
}

static int put_begin(write_op_t *op, uint64_t lease)
{
    disco__buffer_t *out = &op->call.content;

    limit_time(op);
    op->call.done = on_put;
    disco__buffer_clear(&op->call.target);
    disco__buffer_append_text(&op->call.target, "/v3/kv/txn");
    disco__buffer_clear(out);
    write_condition(op, out);
    disco__buffer_append_char(out, '[');
    disco__v3_write_put(out, op->key, disco__buffer_text(&op->value), lease, true);
    disco__buffer_append_text(out, ",{\"request_range\":{");
    disco__v3_write_range(out, op->key, DISCO__SCOPE_KEY);
    disco__buffer_append_text(out, "}}]");
    write_failure_branch(op, out);
    /* A conditional write may not be sent twice: the second would meet what the first has done. */
    op->call.repeatable = op->condition == DISCO_KV_ALWAYS || op->condition == DISCO_KV_MUST_EXIST;
    return disco__call_start(&op->call);
}

static void on_granted(disco__call_t *call)
{
    write_op_t *op = op_of(call);
    uint64_t lease = 0;
    uint64_t ttl_s = 0;
    cJSON *tree = NULL;
    int rv;

    if (call->failure.status != 0) {
        op_fail(op, 0, NULL);
        return;
    }
    rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);
    if (rv == 0 && (!disco__json_u64(tree, "ID", &lease) || lease == 0 ||
                    !disco__json_u64(tree, "TTL", &ttl_s) || ttl_s == 0 || ttl_s > INT64_MAX))
        rv = DISCO_EPROTOCOL;
    disco__json_free(tree);
    if (rv == 0) {
        op->ttl_s = ttl_s;
        rv = put_begin(op, lease);
    }
    if (rv != 0)
        op_fail(op, rv, NULL);
}

static int grant_begin(write_op_t *op)
{
    disco__buffer_t *out = &op->call.content;

    limit_time(op);
    op->grants++;
    op->call.done = on_granted;
    op->call.repeatable = true;
    disco__buffer_clear(&op->call.target);
    disco__buffer_append_text(&op->call.target, "/v3/lease/grant");
    disco__buffer_clear(out);
    disco__buffer_append_char(out, '{');
    disco__v3_write_number(out, "TTL", op->ttl_s);
    disco__buffer_append_char(out, '}');
    return disco__call_start(&op->call);
}

static int remove_begin(write_op_t *op)
{
    disco__buffer_t *out = &op->call.content;

    op->call.done = on_removed;
    disco__buffer_append_text(&op->call.target, "/v3/kv/txn");
    write_condition(op, out);
    disco__buffer_append_text(out, "[{\"request_delete_range\":{");
    disco__v3_write_range(out, op->key, DISCO__SCOPE_KEY);
    disco__v3_write_true(out, "prev_kv");
    if (op->recursive) {
        disco__buffer_append_text(out, "}},{\"request_delete_range\":{");
        disco__v3_write_range(out, op->key, DISCO__SCOPE_BELOW);
    }
    disco__buffer_append_text(out, "}}]");
    write_failure_branch(op, out);
    op->call.repeatable = op->condition == DISCO_KV_ALWAYS || op->condition == DISCO_KV_MUST_EXIST;
    return disco__call_start(&op->call);
}

static write_op_t *op_new(disco__store_t *store, const char *key, const disco__pursuit_t *pursuit)
{
    write_op_t *op = disco__calloc(1, sizeof *op);

    if (op == NULL)
        return NULL;
    op->key = disco__strdup(key);
    if (op->key == NULL) {
        disco__free(op);
        return NULL;
    }
    op->base.base.store = store;
    op->base.cancel = op_cancel;
    op->pursuit = *pursuit;
    if (pursuit->total_ms > 0)
        op->deadline_ms = disco__now(store->loop) + pursuit->total_ms;
    disco__buffer_init(&op->value);
    disco__buffer_init(&op->previous_value);
    disco__v3_call_init(&op->call, disco__v3_store_of(store), "");
    disco__v3_call_pursue(&op->call, pursuit);
    op->call.retrying = on_retrying;
    return op;
}

static int op_begun(write_op_t *op, int rv, disco__op_t **out)
{
    if (rv != 0) {
        op_free(op);
        return rv;
    }
    *out = &op->base.base;
    return 0;
}

static int set_condition(write_op_t *op, disco_kv_condition_t condition, uint64_t revision,
                         const char *value)
{
    op->condition = condition;
    op->previous_revision = revision;
    if (condition != DISCO_KV_VALUE)
        return 0;
    return disco__buffer_append_text(&op->previous_value, value);
}

int disco__v3_put(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
                  disco__op_t **out)
{
    write_op_t *op = op_new(store, put->key, pursuit);
    int rv;

    if (op == NULL)
        return UV_ENOMEM;
    op->ttl_s = put->ttl_s;
    rv = set_condition(op, put->condition, put->previous_revision, put->previous_value);
    if (rv == 0)
        rv = disco__buffer_append_text(&op->value, put->value);
    if (rv == 0)
        rv = put->ttl_s > 0 ? grant_begin(op) : put_begin(op, 0);
    return op_begun(op, rv, out);
}

int disco__v3_remove(disco__store_t *store, const disco__delete_t *remove,
                     const disco__pursuit_t *pursuit, disco__op_t **out)
{
    write_op_t *op = op_new(store, remove->key, pursuit);
    int rv;

    if (op == NULL)
        return UV_ENOMEM;
    op->recursive = remove->recursive;
    rv = set_condition(op, remove->condition, remove->previous_revision, remove->previous_value);
    if (rv == 0)
        rv = remove_begin(op);
    return op_begun(op, rv, out);
}

static void on_version(disco__call_t *call)
{
    write_op_t *op = op_of(call);
    disco__result_t result = {0};
    cJSON *tree = NULL;
    int rv = 0;

    if (call->failure.status == 0)
        rv = disco__server_version_read(&tree, &result.server, &result.cluster,
                                        disco__buffer_text(&call->body), call->body.size);
    if (rv != 0)
        op_fail(op, rv, NULL);
    else
        op_finish(op, &result, &call->failure, tree);
}

int disco__v3_version(disco__store_t *store, const disco__pursuit_t *pursuit, disco__op_t **out)
{
    write_op_t *op = op_new(store, "", pursuit);

    if (op == NULL)
        return UV_ENOMEM;
    op->call.method = "GET";
    op->call.content_type = NULL;
    op->call.fields = NULL;
    op->call.auth = NULL; /* anybody may ask */
    op->call.done = on_version;
    disco__buffer_append_text(&op->call.target, "/version");
    return op_begun(op, disco__call_start(&op->call), out);
}
