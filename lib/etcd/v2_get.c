/* Happy path: one request; its answer is read while it arrives, and kept; done is called with all
 * of it. Failure modes: those of etcd/call.h; an answer that ends too early, or is no JSON, is
 * DISCO_EPROTOCOL. */
#include "etcd/collect.h"
#include "etcd/v2_internal.h"
#include "etcd/v2_listing.h"

typedef struct get_s {
    disco__v2_op_t base;
    disco__call_t call;
    disco__pursuit_t pursuit;
    disco__v2_listing_t listing;
    disco__collect_t collected;
} get_t;

static get_t *get_of(disco__call_t *call)
{
    return disco__container_of(call, get_t, call);
}

static void get_free(get_t *get)
{
    disco__call_end(&get->call);
    disco__v2_listing_free(&get->listing);
    disco__collect_free(&get->collected);
    disco__free(get);
}

static void get_cancel(disco__v2_op_t *base)
{
    get_free(disco__container_of(base, get_t, base));
}

static void on_head(disco__call_t *call)
{
    disco__v2_listing_begin(&get_of(call)->listing);
}

static void on_chunk(disco__call_t *call, const char *bytes, size_t size)
{
    disco__v2_listing_feed(&get_of(call)->listing, bytes, size);
}

static void on_retrying(disco__call_t *call)
{
    get_t *get = get_of(call);

    if (get->pursuit.retrying != NULL)
        get->pursuit.retrying(get->pursuit.data, &call->failure);
}

/* The operation is over, and freed, before its owner hears of it. */
static void on_done(disco__call_t *call)
{
    get_t *get = get_of(call);
    disco__pursuit_t pursuit = get->pursuit;
    disco__failure_t failure = call->failure;
    disco__result_t result = {
        .failure = &failure, .revision = call->answer.index, .sent_ms = call->sent_ms};
    disco__collect_t collected;

    if (failure.status == 0)
        disco__v2_explain_unreadable(&failure, disco__v2_listing_end(&get->listing));
    disco__collect_put_last_first(&get->collected); /* a directory before what is in it */
    disco__collect_move(&get->collected, &collected);
    get_free(get);
    if (failure.status == 0) {
        result.entries = collected.entries;
        result.entry_count = collected.count;
    }
    pursuit.done(pursuit.data, &result);
    disco__collect_free(&collected);
}

int disco__v2_get(disco__store_t *store, const char *key, bool recursive, bool quorum,
                  const disco__pursuit_t *pursuit, disco__op_t **out)
{
    get_t *get = disco__calloc(1, sizeof *get);
    int rv;

    if (get == NULL)
        return UV_ENOMEM;
    get->base.base.store = store;
    get->base.cancel = get_cancel;
    get->pursuit = *pursuit;
    disco__collect_init(&get->collected);
    disco__v2_listing_init(&get->listing, &get->collected.taker, false);
    disco__v2_call_init(&get->call, store, "GET", pursuit);
    get->call.head = on_head;
    get->call.chunk = on_chunk;
    get->call.retrying = on_retrying;
    get->call.done = on_done;
    disco__v2_write_get(&get->call.target, key, recursive, quorum);
    rv = disco__call_start(&get->call);
    if (rv != 0) {
        get_free(get);
        return rv;
    }
    *out = &get->base.base;
    return 0;
}
