/* Reading keys: one, and all below a directory.
 *
 * Happy path: one transaction of two ranges, the key and what is below the directory; when there is
 * more than a page of the latter, further pages at the same revision; then done, with everything.
 * Failure modes: those of etcd/call.h; when the revision is compacted away between two pages,
 * reading begins anew. */
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "etcd/v3_read.h"
#include "json/read.h"

/* Keys in one answer. */
#define PAGE 1000

typedef struct read_op_s {
    disco__v3_op_t base;
    disco__call_t call;
    disco__pursuit_t pursuit;
    char *key;
    char *directory; /* NULL: the key alone */
    bool pair;       /* the key is beside the directory, not of it */
    bool serializable;
    cJSON **trees; /* the answers so far, into which the entries point */
    size_t tree_count;
    disco_kv_t *entries;
    size_t count;
    bool has_key; /* the first entry is the key */
    uint64_t revision;
    uint64_t sent_ms;
    uint64_t deadline_ms; /* of all pages; 0: none */
} read_op_t;

static read_op_t *op_of(disco__call_t *call)
{
    return disco__container_of(call, read_op_t, call);
}

static void forget_pages(read_op_t *op)
{
    while (op->tree_count > 0)
        disco__json_free(op->trees[--op->tree_count]);
    disco__free(op->trees);
    disco__free(op->entries);
    op->trees = NULL;
    op->entries = NULL;
    op->count = 0;
    op->revision = 0;
    op->has_key = false;
}

static void op_free(read_op_t *op)
{
    disco__call_end(&op->call);
    forget_pages(op);
    disco__free(op->key);
    disco__free(op->directory);
    disco__free(op);
}

static void op_cancel(disco__v3_op_t *base)
{
    op_free(disco__container_of(base, read_op_t, base));
}

static void op_finish(read_op_t *op, const disco__failure_t *why)
{
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure = *why;
    disco__result_t result = {
        .failure = &failure, .revision = op->revision, .sent_ms = op->sent_ms};
    size_t skipped = op->pair && op->has_key ? 1 : 0;

    disco__call_end(&op->call);
    if (failure.status == 0) {
        result.beside = skipped > 0 ? &op->entries[0] : NULL;
        result.entries = op->count > skipped ? op->entries + skipped : NULL;
        result.entry_count = op->count - skipped;
        if (result.entry_count == 0)
            disco__failure_set(&failure, DISCO_EKEYNOTFOUND, NULL);
    }
    pursuit.done(pursuit.data, &result);
    op_free(op);
}

static void op_fail(read_op_t *op, int status, const char *message)
{
    disco__failure_t failure = op->call.failure;

    disco__failure_set(&failure, status, message != NULL ? "%s" : NULL, message);
    op_finish(op, &failure);
}

static int keep_tree(read_op_t *op, cJSON *tree)
{
    cJSON **grown = disco__realloc(op->trees, (op->tree_count + 1) * sizeof(cJSON *));

    if (grown == NULL)
        return UV_ENOMEM;
    op->trees = grown;
    op->trees[op->tree_count++] = tree;
    return 0;
}

static void write_serializable(read_op_t *op)
{
    if (op->serializable)
        disco__v3_write_true(&op->call.content, "serializable");
}

static void write_transaction(read_op_t *op)
{
    disco__buffer_t *out = &op->call.content;

    disco__buffer_append_text(out, "{\"success\":[{\"request_range\":{");
    disco__v3_write_range(out, op->key, DISCO__SCOPE_KEY);
    write_serializable(op);
    if (op->directory != NULL) {
        disco__buffer_append_text(out, "}},{\"request_range\":{");
        disco__v3_write_range(out, op->directory, DISCO__SCOPE_BELOW);
        disco__v3_write_number(out, "limit", PAGE);
        write_serializable(op);
    }
    disco__buffer_append_text(out, "}}]}");
}

/* From behind the last key on. By quorum, since another member, which may be asked now, need not
 * have come to that revision yet. */
static void write_page(read_op_t *op)
{
    const char *last = op->entries[op->count - 1].key;
    disco__buffer_t *out = &op->call.content;
    disco__buffer_t range;

    disco__buffer_init(&range);
    disco__v3_write_range(&range, op->directory, DISCO__SCOPE_BELOW);
    disco__buffer_append_text(out, "{\"success\":[{\"request_range\":{");
    disco__v3_write_bytes(out, "key", last, strlen(last) + 1); /* with its NUL: the next key */
    if (range.error == 0)
        disco__buffer_append_text(out, strchr(range.bytes, ','));
    else
        out->error = range.error;
    disco__v3_write_number(out, "limit", PAGE);
    disco__v3_write_number(out, "revision", op->revision);
    disco__buffer_append_text(out, "}}]}");
    disco__buffer_free(&range);
}

static void limit_time(read_op_t *op)
{
    uint64_t now = disco__now(op->base.base.store->loop);

    if (op->deadline_ms > 0)
        op->call.total_ms = op->deadline_ms > now ? (uint32_t)(op->deadline_ms - now) : 1;
}

static int ask(read_op_t *op)
{
    limit_time(op);
    disco__buffer_clear(&op->call.content);
    if (op->revision == 0)
        write_transaction(op);
    else
        write_page(op);
    return disco__call_start(&op->call);
}

static const cJSON *range_of(const cJSON *responses, int index)
{
    return disco__json_member(cJSON_GetArrayItem(responses, index), "response_range");
}

/* The tree is the op's from here on. *more: there are further pages. */
static int read_answer(read_op_t *op, cJSON *tree, bool *more)
{
    const cJSON *responses = disco__json_member(tree, "responses");
    const cJSON *below = NULL;
    bool first = op->revision == 0;
    disco__v3_header_t header;
    size_t before;
    int rv = keep_tree(op, tree);

    *more = false;
    if (rv != 0) {
        disco__json_free(tree);
        return rv;
    }
    disco__v3_read_header(&header, tree);
    if (header.revision == 0 || !cJSON_IsArray(responses))
        return DISCO_EPROTOCOL;
    if (first) {
        op->revision = header.revision;
        rv = disco__v3_read_range(&op->entries, &op->count, range_of(responses, 0));
        op->has_key = op->count > 0;
        if (op->count > 1)
            return DISCO_EPROTOCOL;
        below = op->directory != NULL ? range_of(responses, 1) : NULL;
    } else {
        below = range_of(responses, 0);
    }
    before = op->count;
    if (rv == 0 && below != NULL)
        rv = disco__v3_read_range(&op->entries, &op->count, below);
    if (rv != 0 || below == NULL)
        return rv;
    if (!disco__json_bool(below, "more", more))
        return DISCO_EPROTOCOL;
    /* Without a key to go on from it would be asked for ever. */
    return *more && op->count == before ? DISCO_EPROTOCOL : 0;
}

static void on_answer(disco__call_t *call)
{
    read_op_t *op = op_of(call);
    cJSON *tree = NULL;
    bool more = false;
    int rv;

    if (call->failure.status == DISCO_ECLEARED && op->revision > 0) {
        forget_pages(op);
        rv = ask(op);
        if (rv != 0)
            op_fail(op, rv, NULL);
        return;
    }
    if (call->failure.status != 0) {
        op_finish(op, &call->failure);
        return;
    }
    if (op->revision == 0)
        op->sent_ms = call->sent_ms;
    rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);
    if (rv == 0)
        rv = read_answer(op, tree, &more);
    if (rv == 0 && more)
        rv = ask(op);
    if (rv != 0)
        op_fail(op, rv, rv == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
    else if (!more)
        op_finish(op, &call->failure);
}

static void on_retrying(disco__call_t *call)
{
    read_op_t *op = op_of(call);

    if (op->pursuit.retrying != NULL)
        op->pursuit.retrying(op->pursuit.data, &call->failure);
}

/* directory NULL: the key alone. */
static int op_start(disco__store_t *store, const char *key, const char *directory, bool pair,
                    bool quorum, const disco__pursuit_t *pursuit, disco__op_t **out)
{
    read_op_t *op = disco__calloc(1, sizeof *op);
    int rv = UV_ENOMEM;

    if (op == NULL)
        return UV_ENOMEM;
    op->base.base.store = store;
    op->base.cancel = op_cancel;
    op->pursuit = *pursuit;
    op->pair = pair;
    op->serializable = !quorum;
    if (pursuit->total_ms > 0)
        op->deadline_ms = disco__now(store->loop) + pursuit->total_ms;
    disco__v3_call_init(&op->call, disco__v3_store_of(store), "/v3/kv/txn");
    disco__v3_call_pursue(&op->call, pursuit);
    op->call.retrying = on_retrying;
    op->call.done = on_answer;
    op->key = disco__strdup(key);
    if (directory != NULL)
        op->directory = disco__strdup(directory);
    if (op->key != NULL && (directory == NULL || op->directory != NULL))
        rv = ask(op);
    if (rv != 0) {
        op_free(op);
        return rv;
    }
    *out = &op->base.base;
    return 0;
}

int disco__v3_get(disco__store_t *store, const char *key, bool recursive, bool quorum,
                  const disco__pursuit_t *pursuit, disco__op_t **op)
{
    return op_start(store, key, recursive ? key : NULL, false, quorum, pursuit, op);
}

int disco__v3_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                       const disco__pursuit_t *pursuit, disco__op_t **op)
{
    return op_start(store, key, directory, true, quorum, pursuit, op);
}
