/* The v3 store as a whole; what it does is in the files beside it. */
#include "etcd/v3_store.h"

#include "base/alloc.h"
#include "etcd/v3_internal.h"
#include "etcd/v3_read.h"
#include "etcd/v3_write.h"

static void v3_cancel(disco__op_t *base)
{
    disco__v3_op_t *op = disco__container_of(base, disco__v3_op_t, base);

    op->cancel(op);
}

static void v3_close(disco__store_t *store)
{
    disco__v3_store_t *v3 = disco__v3_store_of(store);

    disco__v3_stream_free(v3);
    disco__v3_leases_free(v3);
    disco__v3_prepared_free(v3);
    disco__auth_free(v3->auth);
    disco__free(v3);
}

static const disco__store_ops_t v3_ops = {
    .get = disco__v3_get,
    .get_pair = disco__v3_get_pair,
    .put = disco__v3_put,
    .remove = disco__v3_remove,
    .version = disco__v3_version,
    .cancel = v3_cancel,
    .watch = disco__v3_watch,
    .watch_close = disco__v3_watch_close,
    .lease = disco__v3_lease,
    .lease_write = disco__v3_lease_write,
    .lease_remove = disco__v3_lease_remove,
    .lease_close = disco__v3_lease_close,
    .close = v3_close,
};

int disco__v3_store_new(disco__store_t **store, disco__loop_t *loop, disco__endpoints_t *endpoints,
                        const disco__v3_store_options_t *options)
{
    disco__v3_store_t *v3 = disco__calloc(1, sizeof *v3);
    int rv = 0;

    if (v3 == NULL)
        return UV_ENOMEM;
    v3->base.ops = &v3_ops;
    v3->base.loop = loop;
    v3->base.api = "v3";
    v3->endpoints = endpoints;
    v3->options = *options;
    v3->options.user = NULL;
    v3->options.password = NULL;
    if (options->user != NULL)
        rv = disco__auth_new(&v3->auth, endpoints, options->user, options->password,
                             options->attempt_ms);
    if (rv != 0) {
        disco__free(v3);
        return rv;
    }
    disco__queue_init(&v3->leases);
    *store = &v3->base;
    return 0;
}
