/* Happy path: two requests in a row on one connection, for the key, and for what is below the
 * directory; both answers are handed over while they arrive, and done is called when they are
 * complete. One endpoint gives both, and a client that looks up one service at a time needs one
 * connection. Failure modes: those of etcd/call.h, the second request being sent only when the first
 * is answered, once an attempt has failed; a key that cannot be had ends the operation
 * before the directory's answer has come. */
#include <uvdisco/error.h>

#include "etcd/v2_internal.h"
#include "etcd/v2_listing.h"

typedef struct pair_s {
    disco__v2_op_t base;
    disco__pursuit_t pursuit;
    disco__taker_t taker;
    disco__call_t call; /* for the key, then for the directory */
    disco__buffer_t directory_target;
    disco__v2_listing_t key;
    disco__v2_listing_t directory;
} pair_t;

static void pair_free(pair_t *pair)
{
    disco__call_end(&pair->call);
    disco__buffer_free(&pair->directory_target);
    disco__v2_listing_free(&pair->key);
    disco__v2_listing_free(&pair->directory);
    disco__free(pair);
}

static void pair_cancel(disco__v2_op_t *base)
{
    pair_free(disco__container_of(base, pair_t, base));
}

static void pair_finish(pair_t *pair)
{
    disco__pursuit_t pursuit = pair->pursuit;
    disco__failure_t failure = pair->call.failure;
    disco__result_t result = {.failure = &failure};

    result.revision = pair->call.answer.index;
    result.sent_ms = pair->call.sent_ms;
    pair_free(pair);
    pursuit.done(pursuit.data, &result);
}

static pair_t *pair_of(disco__call_t *call)
{
    return disco__container_of(call, pair_t, call);
}

static disco__v2_listing_t *listing_of(disco__call_t *call)
{
    return call->request.in_second ? &pair_of(call)->directory : &pair_of(call)->key;
}

static void on_head(disco__call_t *call)
{
    disco__v2_listing_begin(listing_of(call));
}

static void on_chunk(disco__call_t *call, const char *bytes, size_t size)
{
    disco__v2_listing_feed(listing_of(call), bytes, size);
}

/* One of the two is complete. */
static void end_listing(disco__failure_t *failure, disco__v2_listing_t *listing)
{
    if (failure->status == 0)
        disco__v2_explain_unreadable(failure, disco__v2_listing_end(listing));
    else if (failure->status == DISCO_EKEYNOTFOUND)
        disco__v2_listing_begin(listing); /* an answer that broke off may have had some */
}

static void on_key(disco__call_t *call)
{
    pair_t *pair = pair_of(call);

    end_listing(&call->failure, &pair->key);
    if (call->failure.status != 0 && call->failure.status != DISCO_EKEYNOTFOUND)
        pair_finish(pair);
}

static void on_done(disco__call_t *call)
{
    pair_t *pair = pair_of(call);

    end_listing(&call->failure, &pair->directory);
    pair_finish(pair);
}

static void on_retrying(disco__call_t *call)
{
    pair_t *pair = pair_of(call);

    if (pair->pursuit.retrying != NULL)
        pair->pursuit.retrying(pair->pursuit.data, &call->failure);
}

int disco__v2_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                       const disco__taker_t *taker, const disco__pursuit_t *pursuit,
                       disco__op_t **out)
{
    pair_t *pair = disco__calloc(1, sizeof *pair);
    int rv;

    if (pair == NULL)
        return UV_ENOMEM;
    pair->base.base.store = store;
    pair->base.cancel = pair_cancel;
    pair->pursuit = *pursuit;
    pair->taker = *taker;
    disco__v2_listing_init(&pair->key, &pair->taker, true);
    disco__v2_listing_init(&pair->directory, &pair->taker, false);
    disco__v2_call_init(&pair->call, store, "GET", &pair->pursuit);
    pair->call.head = on_head;
    pair->call.chunk = on_chunk;
    pair->call.retrying = on_retrying;
    pair->call.first = on_key;
    pair->call.done = on_done;
    disco__v2_write_get(&pair->call.target, key, false, quorum);
    disco__v2_write_get(&pair->directory_target, directory, true, quorum);
    pair->call.second_target = disco__buffer_text(&pair->directory_target);
    rv = pair->directory_target.error;
    if (rv == 0)
        rv = disco__call_start(&pair->call);
    if (rv != 0) {
        pair_free(pair);
        return rv;
    }
    *out = &pair->base.base;
    return 0;
}
