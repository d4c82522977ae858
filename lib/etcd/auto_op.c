/* Operations begun before the choice.
 *
 * Happy path: what it was begun with is copied; when the store is chosen it is begun there, with
 * the time that is left; its result goes to who began it, and the copy is gone. Failure modes: its
 * time is up, or no endpoint can be connected to, before there is a choice: it ends with what the
 * server was last asked in vain; it cannot be begun: it ends with that. */
#include <string.h>

#include "etcd/auto_internal.h"

typedef struct held_op_s held_op_t;

struct held_op_s {
    disco__held_t held;
    disco__op_t base;
    disco__timer_t timer; /* until its time is up */
    disco__pursuit_t pursuit;
    uint64_t deadline_ms; /* 0: none */
    disco__failure_t failure;
    disco__op_t *inner; /* of the chosen store */
    int (*start)(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit);
    disco__auto_leased_t *leased; /* lease_write only */
    /* Of the parameters, what the operation has. */
    char *key;
    char *directory;
    char *value;
    char *previous_value;
    char *beside_key;
    char *beside_value;
    bool recursive;
    bool quorum;
    disco__taker_t taker;
    disco__put_t put;
    disco__delete_t removal;
    disco__leased_write_t write;
    disco__put_t beside;
};

static disco__loop_t *loop_of(const held_op_t *op)
{
    return op->held.store->base.loop;
}

static void op_free(held_op_t *op)
{
    disco__timer_stop(loop_of(op), &op->timer);
    disco__auto_let_go(&op->held);
    if (op->leased != NULL)
        op->leased->held = NULL;
    disco__free(op->key);
    disco__free(op->directory);
    disco__free_secret(op->value);
    disco__free_secret(op->previous_value);
    disco__free(op->beside_key);
    disco__free_secret(op->beside_value);
    disco__free(op);
}

static void op_end(held_op_t *op, const disco__failure_t *why)
{
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure = *why;
    disco__result_t result = {.failure = &failure};

    op_free(op);
    pursuit.done(pursuit.data, &result);
}

static void on_done(void *data, const disco__result_t *result)
{
    held_op_t *op = data;
    disco__pursuit_t pursuit = op->pursuit;

    op_free(op);
    pursuit.done(pursuit.data, result);
}

static void on_retrying(void *data, const disco__failure_t *failure)
{
    const held_op_t *op = data;

    op->pursuit.retrying(op->pursuit.data, failure);
}

static uint64_t time_left(const held_op_t *op)
{
    uint64_t now = disco__now(loop_of(op));

    return op->deadline_ms > now ? op->deadline_ms - now : 0;
}

static void on_time_up(disco__timer_t *timer)
{
    held_op_t *op = disco__container_of(timer, held_op_t, timer);

    if (op->failure.status == 0)
        disco__failure_set(&op->failure, UV_ETIMEDOUT, "etcd did not say which API it serves");
    op->failure.api = "auto";
    op_end(op, &op->failure);
}

static held_op_t *op_of(disco__held_t *held)
{
    return disco__container_of(held, held_op_t, held);
}

static void op_begin(disco__held_t *held)
{
    held_op_t *op = op_of(held);
    disco__pursuit_t pursuit = op->pursuit;
    int rv;

    if (op->deadline_ms != 0 && time_left(op) == 0) {
        on_time_up(&op->timer);
        return;
    }
    disco__timer_stop(loop_of(op), &op->timer);
    if (op->deadline_ms != 0)
        pursuit.total_ms = (uint32_t)time_left(op);
    pursuit.data = op;
    pursuit.done = on_done;
    if (pursuit.retrying != NULL)
        pursuit.retrying = on_retrying;
    rv = op->start(op, op->held.store->chosen, &pursuit);
    if (rv == 0)
        return;
    disco__failure_clear(&op->failure);
    disco__failure_set(&op->failure, rv, NULL);
    op_end(op, &op->failure);
}

static void op_trouble(disco__held_t *held, const disco__failure_t *failure, bool alone)
{
    held_op_t *op = op_of(held);

    op->failure = *failure;
    if (alone && op->deadline_ms != 0)
        op_end(op, failure);
    else if (op->pursuit.retrying != NULL)
        op->pursuit.retrying(op->pursuit.data, failure);
}

/* NULL for NULL; false: memory is short. */
static bool copy(char **to, const char *text)
{
    *to = text != NULL ? disco__strdup(text) : NULL;
    return text == NULL || *to != NULL;
}

static held_op_t *op_new(disco__auto_store_t *store, const disco__pursuit_t *pursuit,
                         int (*start)(held_op_t *op, disco__store_t *store,
                                      const disco__pursuit_t *pursuit))
{
    held_op_t *op = disco__calloc(1, sizeof *op);

    if (op == NULL)
        return NULL;
    op->held.store = store;
    op->held.begin = op_begin;
    op->held.trouble = op_trouble;
    disco__queue_init(&op->held.node);
    disco__timer_init(&op->timer, on_time_up);
    op->base.store = &store->base;
    op->pursuit = *pursuit;
    op->start = start;
    return op;
}

/* copied: whether all that was to be copied could be. */
static int op_hold(held_op_t *op, bool copied, disco__op_t **out)
{
    int rv = copied ? disco__auto_hold(op->held.store, &op->held) : UV_ENOMEM;

    if (rv != 0) {
        op_free(op);
        return rv;
    }
    if (op->pursuit.total_ms > 0) {
        op->deadline_ms = disco__now(loop_of(op)) + op->pursuit.total_ms;
        disco__timer_start_at(loop_of(op), &op->timer, op->deadline_ms);
    }
    *out = &op->base;
    return 0;
}

static int start_get(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit)
{
    return store->ops->get(store, op->key, op->recursive, op->quorum, pursuit, &op->inner);
}

int disco__auto_hold_get(disco__auto_store_t *store, const char *key, bool recursive, bool quorum,
                         const disco__pursuit_t *pursuit, disco__op_t **out)
{
    held_op_t *op = op_new(store, pursuit, start_get);

    if (op == NULL)
        return UV_ENOMEM;
    op->recursive = recursive;
    op->quorum = quorum;
    return op_hold(op, copy(&op->key, key), out);
}

static int start_get_pair(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit)
{
    return store->ops->get_pair(store, op->key, op->directory, op->quorum, &op->taker, pursuit,
                                &op->inner);
}

int disco__auto_hold_get_pair(disco__auto_store_t *store, const char *key, const char *directory,
                              bool quorum, const disco__taker_t *taker,
                              const disco__pursuit_t *pursuit, disco__op_t **out)
{
    held_op_t *op = op_new(store, pursuit, start_get_pair);

    if (op == NULL)
        return UV_ENOMEM;
    op->taker = *taker;
    op->quorum = quorum;
    return op_hold(op, copy(&op->key, key) && copy(&op->directory, directory), out);
}

static int start_put(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit)
{
    return store->ops->put(store, &op->put, pursuit, &op->inner);
}

int disco__auto_hold_put(disco__auto_store_t *store, const disco__put_t *put,
                         const disco__pursuit_t *pursuit, disco__op_t **out)
{
    held_op_t *op = op_new(store, pursuit, start_put);
    bool copied;

    if (op == NULL)
        return UV_ENOMEM;
    copied = copy(&op->key, put->key) && copy(&op->value, put->value) &&
             copy(&op->previous_value, put->previous_value);
    op->put = *put;
    op->put.key = op->key;
    op->put.value = op->value;
    op->put.previous_value = op->previous_value;
    return op_hold(op, copied, out);
}

static int start_remove(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit)
{
    return store->ops->remove(store, &op->removal, pursuit, &op->inner);
}

int disco__auto_hold_remove(disco__auto_store_t *store, const disco__delete_t *remove,
                            const disco__pursuit_t *pursuit, disco__op_t **out)
{
    held_op_t *op = op_new(store, pursuit, start_remove);
    bool copied;

    if (op == NULL)
        return UV_ENOMEM;
    copied = copy(&op->key, remove->key) && copy(&op->previous_value, remove->previous_value);
    op->removal = *remove;
    op->removal.key = op->key;
    op->removal.previous_value = op->previous_value;
    return op_hold(op, copied, out);
}

static int start_version(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit)
{
    return store->ops->version(store, pursuit, &op->inner);
}

int disco__auto_hold_version(disco__auto_store_t *store, const disco__pursuit_t *pursuit,
                             disco__op_t **out)
{
    held_op_t *op = op_new(store, pursuit, start_version);

    return op != NULL ? op_hold(op, true, out) : UV_ENOMEM;
}

static int start_lease_write(held_op_t *op, disco__store_t *store, const disco__pursuit_t *pursuit)
{
    int rv = disco__auto_leased_inner(op->leased, store);

    if (rv != 0)
        return rv;
    return store->ops->lease_write(op->leased->inner, &op->write, pursuit, &op->inner);
}

int disco__auto_hold_lease_write(disco__auto_leased_t *leased, const disco__leased_write_t *write,
                                 const disco__pursuit_t *pursuit, disco__op_t **out)
{
    held_op_t *op = op_new(leased->store, pursuit, start_lease_write);
    bool copied;
    int rv;

    if (op == NULL)
        return UV_ENOMEM;
    copied = copy(&op->value, write->value);
    op->write = *write;
    op->write.value = op->value;
    if (write->beside != NULL) {
        copied = copied && copy(&op->beside_key, write->beside->key) &&
                 copy(&op->beside_value, write->beside->value) &&
                 copy(&op->previous_value, write->beside->previous_value);
        op->beside = *write->beside;
        op->beside.key = op->beside_key;
        op->beside.value = op->beside_value;
        op->beside.previous_value = op->previous_value;
        op->write.beside = &op->beside;
    }
    op->leased = leased;
    rv = op_hold(op, copied, out);
    if (rv == 0)
        leased->held = *out;
    return rv;
}

void disco__auto_op_cancel(disco__op_t *base)
{
    held_op_t *op = disco__container_of(base, held_op_t, base);

    if (op->inner != NULL)
        op->inner->store->ops->cancel(op->inner);
    op_free(op);
}

void disco__auto_op_forget(disco__op_t *base)
{
    op_free(disco__container_of(base, held_op_t, base));
}
