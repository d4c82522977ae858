/* Leased keys made before the choice. Nothing is sent before the first write, so they wait for
 * that; a write is held as any operation is. A key whose write never left is taken out by asking
 * nobody, which either store's key does. */
#include "etcd/auto_internal.h"

int disco__auto_leased_inner(disco__auto_leased_t *leased, disco__store_t *store)
{
    if (leased->inner != NULL && leased->inner->store == store)
        return 0;
    if (leased->inner != NULL)
        leased->inner->store->ops->lease_close(leased->inner);
    leased->inner = NULL;
    return store->ops->lease(store, leased->key, leased->ttl_s, &leased->events, leased->data,
                             &leased->inner);
}

int disco__auto_lease(disco__auto_store_t *store, const char *key, uint64_t ttl_s,
                      const disco__leased_events_t *events, void *data, disco__leased_t **out)
{
    disco__auto_leased_t *leased = disco__calloc(1, sizeof *leased);

    if (leased == NULL)
        return UV_ENOMEM;
    leased->key = disco__strdup(key);
    if (leased->key == NULL) {
        disco__free(leased);
        return UV_ENOMEM;
    }
    leased->base.store = &store->base;
    leased->store = store;
    leased->ttl_s = ttl_s;
    leased->events = *events;
    leased->data = data;
    *out = &leased->base;
    return 0;
}

int disco__auto_lease_write(disco__auto_leased_t *leased, const disco__leased_write_t *write,
                            const disco__pursuit_t *pursuit, disco__op_t **op)
{
    disco__store_t *chosen = leased->store->chosen;
    int rv;

    if (chosen == NULL)
        return disco__auto_hold_lease_write(leased, write, pursuit, op);
    rv = disco__auto_leased_inner(leased, chosen);
    if (rv != 0)
        return rv;
    return chosen->ops->lease_write(leased->inner, write, pursuit, op);
}

/* A write that is still held has left no trace anywhere. One that was handed on is the inner key's
 * to wait for, which then calls nobody back. */
int disco__auto_lease_remove(disco__auto_leased_t *leased, const disco__pursuit_t *pursuit,
                             disco__op_t **op)
{
    disco__store_t *store = leased->store->chosen;
    int rv;

    if (store == NULL)
        store = leased->store->v3;
    rv = disco__auto_leased_inner(leased, store);
    if (rv == 0)
        rv = store->ops->lease_remove(leased->inner, pursuit, op);
    if (rv == 0 && leased->held != NULL)
        disco__auto_op_forget(leased->held);
    return rv;
}

void disco__auto_lease_close(disco__auto_leased_t *leased)
{
    if (leased->inner != NULL)
        leased->inner->store->ops->lease_close(leased->inner);
    if (leased->held != NULL)
        disco__auto_op_forget(leased->held);
    disco__free(leased->key);
    disco__free(leased);
}
