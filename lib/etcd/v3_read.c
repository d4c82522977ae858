/* Reading keys: one, and all below a directory.
 *
 * Happy path: one transaction of two ranges, the key and what is below the directory; when there is
 * more than a page of the latter, further pages at the same revision; all is handed over while it
 * arrives; then done. Failure modes: those of etcd/call.h; when the revision is compacted away
 * between two pages, or an answer breaks off of which something was handed over already, reading
 * begins anew. */
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "etcd/collect.h"
#include "etcd/v3_listing.h"
#include "etcd/v3_read.h"

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
    disco__v3_listing_t listing;
    disco__taker_t taker;
    disco__collect_t collected; /* but for a pair */
    size_t count;               /* keys handed over, but for the one beside */
    uint64_t revision;          /* of the first page; 0: it has not come yet */
    uint64_t sent_ms;
    uint64_t deadline_ms; /* of all pages; 0: none */
} read_op_t;

static read_op_t *op_of(disco__call_t *call)
{
    return disco__container_of(call, read_op_t, call);
}

static void op_free(read_op_t *op)
{
    disco__call_end(&op->call);
    disco__v3_listing_free(&op->listing);
    disco__collect_free(&op->collected);
    disco__free(op->key);
    disco__free(op->directory);
    disco__free(op);
}

static void op_cancel(disco__v3_op_t *base)
{
    op_free(disco__container_of(base, read_op_t, base));
}

/* The operation is over, and freed, before its owner hears of it. */
static void op_finish(read_op_t *op, const disco__failure_t *why)
{
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure = *why;
    disco__result_t result = {
        .failure = &failure, .revision = op->revision, .sent_ms = op->sent_ms};
    disco__collect_t collected;

    if (failure.status == 0 && op->count == 0)
        disco__failure_set(&failure, DISCO_EKEYNOTFOUND, NULL);
    disco__collect_move(&op->collected, &collected);
    op_free(op);
    if (failure.status == 0) {
        result.entries = collected.entries;
        result.entry_count = collected.count;
    }
    pursuit.done(pursuit.data, &result);
    disco__collect_free(&collected);
}

static void op_fail(read_op_t *op, int status, const char *message)
{
    disco__failure_t failure = op->call.failure;

    disco__failure_set(&failure, status, message != NULL ? "%s" : NULL, message);
    op_finish(op, &failure);
}

static void write_serializable(read_op_t *op)
{
    if (op->serializable)
        disco__v3_write_true(&op->call.content, "serializable");
}

static void write_ranges(read_op_t *op)
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

/* Those of lookups repeat. */
static void write_transaction(read_op_t *op)
{
    disco__v3_store_t *store = disco__v3_store_of(op->base.base.store);
    disco__buffer_t *out = &op->call.content;
    const disco__buffer_t *prepared;

    if (!op->pair) {
        write_ranges(op);
        return;
    }
    prepared = disco__v3_prepared(store, op->key, op->directory, op->serializable);
    if (prepared != NULL) {
        disco__buffer_append(out, prepared->bytes, prepared->size);
        return;
    }
    write_ranges(op);
    disco__v3_prepare(store, op->key, op->directory, op->serializable, out);
}

/* From behind the last key on. By quorum, since another member, which may be asked now, need not
 * have come to that revision yet. */
static void write_page(read_op_t *op)
{
    const disco__buffer_t *last = &op->listing.key;
    disco__buffer_t *out = &op->call.content;
    disco__buffer_t range;

    disco__buffer_init(&range);
    disco__v3_write_range(&range, op->directory, DISCO__SCOPE_BELOW);
    disco__buffer_append_text(out, "{\"success\":[{\"request_range\":{");
    disco__v3_write_bytes(out, "key", last->bytes, last->size + 1); /* with its NUL: the next key */
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

static int write_content(read_op_t *op)
{
    disco__buffer_clear(&op->call.content);
    if (op->revision == 0)
        write_transaction(op);
    else
        write_page(op);
    return op->call.content.error;
}

static int ask(read_op_t *op)
{
    int rv = write_content(op);

    limit_time(op);
    return rv == 0 ? disco__call_start(&op->call) : rv;
}

static void forget(read_op_t *op)
{
    op->revision = 0;
    op->count = 0;
}

static void on_head(disco__call_t *call)
{
    read_op_t *op = op_of(call);
    bool first = op->revision == 0;

    disco__v3_listing_begin(&op->listing, op->pair && first);
    if (!first)
        return;
    op->taker.begin(op->taker.data, false);
    if (op->pair)
        op->taker.begin(op->taker.data, true);
}

static void on_chunk(disco__call_t *call, const char *bytes, size_t size)
{
    disco__v3_listing_feed(&op_of(call)->listing, bytes, size);
}

/* Of one page. *more: there are further ones. */
static int end_page(read_op_t *op, bool *more)
{
    disco__v3_listing_t *listing = &op->listing;
    bool first = op->revision == 0;
    size_t below = listing->counts[first ? 1 : 0];
    int rv = disco__v3_listing_end(listing);

    *more = false;
    if (rv != 0)
        return rv;
    /* What was asked for and is not there, or is there and cannot be read, is not gone. */
    if (listing->ranges < (first && op->directory != NULL ? 2 : 1) || listing->unreadable > 0)
        return DISCO_EPROTOCOL;
    if (first && listing->counts[0] > 1)
        return DISCO_EPROTOCOL;
    if (first)
        op->revision = listing->revision;
    op->count += below + (first && !op->pair ? listing->counts[0] : 0);
    *more = listing->more && op->directory != NULL;
    /* Without a key to go on from it would be asked for ever. */
    return *more && below == 0 ? DISCO_EPROTOCOL : 0;
}

static void on_answer(disco__call_t *call)
{
    read_op_t *op = op_of(call);
    bool more = false;
    int rv;

    if (call->failure.status == DISCO_ECLEARED && op->revision > 0) {
        forget(op);
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
    rv = end_page(op, &more);
    if (rv == 0 && more)
        rv = ask(op);
    if (rv != 0)
        op_fail(op, rv, rv == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
    else if (!more)
        op_finish(op, &call->failure);
}

/* What was handed over of a page that broke off would be handed over twice. */
static void on_retrying(disco__call_t *call)
{
    read_op_t *op = op_of(call);

    if (op->revision > 0 && disco__v3_listing_has_given(&op->listing)) {
        forget(op);
        (void)write_content(op); /* an error stays in the buffer, and ends the next attempt */
    }
    if (op->pursuit.retrying != NULL)
        op->pursuit.retrying(op->pursuit.data, &call->failure);
}

/* directory NULL: the key alone. taker NULL: everything is kept, and in the result. */
static int op_start(disco__store_t *store, const char *key, const char *directory, bool quorum,
                    const disco__taker_t *taker, const disco__pursuit_t *pursuit, disco__op_t **out)
{
    read_op_t *op = disco__calloc(1, sizeof *op);
    int rv = UV_ENOMEM;

    if (op == NULL)
        return UV_ENOMEM;
    op->base.base.store = store;
    op->base.cancel = op_cancel;
    op->pursuit = *pursuit;
    op->pair = taker != NULL;
    op->serializable = !quorum;
    if (pursuit->total_ms > 0)
        op->deadline_ms = disco__now(store->loop) + pursuit->total_ms;
    disco__collect_init(&op->collected);
    op->taker = taker != NULL ? *taker : op->collected.taker;
    disco__v3_listing_init(&op->listing, &op->taker, op->pair);
    disco__v3_call_init(&op->call, disco__v3_store_of(store), "/v3/kv/txn");
    disco__v3_call_pursue(&op->call, pursuit);
    op->call.head = on_head;
    op->call.chunk = on_chunk;
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
    return op_start(store, key, recursive ? key : NULL, quorum, NULL, pursuit, op);
}

int disco__v3_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                       const disco__taker_t *taker, const disco__pursuit_t *pursuit,
                       disco__op_t **op)
{
    return op_start(store, key, directory, quorum, taker, pursuit, op);
}
