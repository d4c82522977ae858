/* Happy path: two requests side by side, one for the key, one for what is below the directory; both
 * answers are handed over while they arrive, and done is called when they are complete. Failure modes: those of etcd/call.h; the first
 * request that fails ends the other. */
#include <uvdisco/error.h>

#include "etcd/v2_internal.h"
#include "etcd/v2_listing.h"

typedef struct half_s {
    disco__call_t call;
    bool answered;
    disco__v2_listing_t listing;
} half_t;

typedef struct pair_s {
    disco__v2_op_t base;
    disco__pursuit_t pursuit;
    disco__taker_t taker;
    half_t key;
    half_t directory;
} pair_t;

static void half_free(half_t *half)
{
    disco__call_end(&half->call);
    disco__v2_listing_free(&half->listing);
}

static void pair_free(pair_t *pair)
{
    half_free(&pair->key);
    half_free(&pair->directory);
    disco__free(pair);
}

static void pair_cancel(disco__v2_op_t *base)
{
    pair_free(disco__container_of(base, pair_t, base));
}

/* half: what failed, or the directory's. */
static void pair_finish(pair_t *pair, const half_t *half)
{
    disco__pursuit_t pursuit = pair->pursuit;
    disco__failure_t failure = half->call.failure;
    disco__result_t result = {.failure = &failure};

    result.revision = half->call.answer.index;
    result.sent_ms = half->call.sent_ms;
    pair_free(pair);
    pursuit.done(pursuit.data, &result);
}

static void half_done(pair_t *pair, half_t *half)
{
    disco__failure_t *failure = &half->call.failure;

    half->answered = true;
    if (failure->status == 0)
        disco__v2_explain_unreadable(failure, disco__v2_listing_end(&half->listing));
    else if (failure->status == DISCO_EKEYNOTFOUND)
        disco__v2_listing_begin(&half->listing); /* an answer that broke off may have had some */
    if (failure->status != 0 && failure->status != DISCO_EKEYNOTFOUND)
        pair_finish(pair, half);
    else if (pair->key.answered && pair->directory.answered)
        pair_finish(pair, &pair->directory);
}

static half_t *half_of(disco__call_t *call)
{
    return disco__container_of(call, half_t, call);
}

static void on_head(disco__call_t *call)
{
    disco__v2_listing_begin(&half_of(call)->listing);
}

static void on_chunk(disco__call_t *call, const char *bytes, size_t size)
{
    disco__v2_listing_feed(&half_of(call)->listing, bytes, size);
}

static void on_key(disco__call_t *call)
{
    pair_t *pair = disco__container_of(call, pair_t, key.call);

    half_done(pair, &pair->key);
}

static void on_directory(disco__call_t *call)
{
    pair_t *pair = disco__container_of(call, pair_t, directory.call);

    half_done(pair, &pair->directory);
}

static void retrying(const pair_t *pair, const half_t *half)
{
    if (pair->pursuit.retrying != NULL)
        pair->pursuit.retrying(pair->pursuit.data, &half->call.failure);
}

static void on_key_retrying(disco__call_t *call)
{
    pair_t *pair = disco__container_of(call, pair_t, key.call);

    retrying(pair, &pair->key);
}

static void on_directory_retrying(disco__call_t *call)
{
    pair_t *pair = disco__container_of(call, pair_t, directory.call);

    retrying(pair, &pair->directory);
}

static void half_init(pair_t *pair, half_t *half, const char *key, bool recursive, bool quorum)
{
    disco__v2_listing_init(&half->listing, &pair->taker, !recursive);
    disco__v2_call_init(&half->call, pair->base.base.store, "GET", &pair->pursuit);
    half->call.head = on_head;
    half->call.chunk = on_chunk;
    disco__v2_write_get(&half->call.target, key, recursive, quorum);
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
    half_init(pair, &pair->key, key, false, quorum);
    pair->key.call.retrying = on_key_retrying;
    pair->key.call.done = on_key;
    half_init(pair, &pair->directory, directory, true, quorum);
    pair->directory.call.retrying = on_directory_retrying;
    pair->directory.call.done = on_directory;
    rv = disco__call_start(&pair->key.call);
    if (rv == 0)
        rv = disco__call_start(&pair->directory.call);
    if (rv != 0) {
        pair_free(pair);
        return rv;
    }
    *out = &pair->base.base;
    return 0;
}
