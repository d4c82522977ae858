/* Happy path: two requests side by side, one for the key, one for what is below the directory; when
 * both are answered, done is called with both. Failure modes: those of etcd/call.h; the first
 * request that fails ends the other. */
#include <string.h>

#include <uvdisco/error.h>

#include "etcd/v2_internal.h"

typedef struct half_s {
    disco__call_t call;
    bool answered;
    bool there;
    disco__v2_reply_t reply;
} half_t;

typedef struct pair_s {
    disco__v2_op_t base;
    disco__pursuit_t pursuit;
    half_t key;
    half_t directory;
} pair_t;

static void half_free(half_t *half)
{
    disco__call_end(&half->call);
    disco__v2_reply_free(&half->reply);
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
static void pair_finish(pair_t *pair, const half_t *half, bool whole)
{
    disco__pursuit_t pursuit = pair->pursuit;
    disco__failure_t failure = half->call.failure;
    disco__result_t result = {.failure = &failure};
    disco__v2_reply_t key = pair->key.reply;
    disco__v2_reply_t directory = pair->directory.reply;

    result.revision = half->call.answer.index;
    result.sent_ms = half->call.sent_ms;
    if (whole) {
        result.beside = pair->key.there ? &key.entries[0] : NULL;
        result.entries = directory.entries;
        result.entry_count = directory.entry_count;
    }
    memset(&pair->key.reply, 0, sizeof key);
    memset(&pair->directory.reply, 0, sizeof directory);
    pair_free(pair);
    pursuit.done(pursuit.data, &result);
    disco__v2_reply_free(&key);
    disco__v2_reply_free(&directory);
}

static void half_read(half_t *half)
{
    disco__call_t *call = &half->call;
    int rv;

    half->answered = true;
    if (call->failure.status != 0)
        return;
    rv = disco__v2_read_reply(&half->reply, disco__buffer_text(&call->body), call->body.size);
    half->there = rv == 0 && half->reply.entry_count > 0;
    if (rv != 0)
        disco__failure_set(&call->failure, rv, rv == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
    disco__buffer_free(&call->body); /* the other may take its time */
}

static void half_done(pair_t *pair, half_t *half)
{
    int status;

    half_read(half);
    status = half->call.failure.status;
    if (status != 0 && status != DISCO_EKEYNOTFOUND)
        pair_finish(pair, half, false);
    else if (pair->key.answered && pair->directory.answered)
        pair_finish(pair, &pair->directory, true);
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

int disco__v2_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                       const disco__pursuit_t *pursuit, disco__op_t **out)
{
    pair_t *pair = disco__calloc(1, sizeof *pair);
    int rv;

    if (pair == NULL)
        return UV_ENOMEM;
    pair->base.base.store = store;
    pair->base.cancel = pair_cancel;
    pair->pursuit = *pursuit;
    disco__v2_call_init(&pair->key.call, store, "GET", pursuit);
    pair->key.call.retrying = on_key_retrying;
    pair->key.call.done = on_key;
    disco__v2_write_get(&pair->key.call.target, key, false, quorum);
    disco__v2_call_init(&pair->directory.call, store, "GET", pursuit);
    pair->directory.call.retrying = on_directory_retrying;
    pair->directory.call.done = on_directory;
    disco__v2_write_get(&pair->directory.call.target, directory, true, quorum);
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
