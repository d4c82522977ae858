/* Happy path: the key beside it is put, then the key with its time to live; heartbeats refresh it,
 * which wakes no watcher; its removal is a DELETE. One thing is under way at a time. Failure modes:
 * - A write or removal is tried on by its call, and ends as its pursuit says.
 * - A heartbeat is tried on until etcd answers; refused, it is sent again after a while (backoff).
 * A write takes the place of a heartbeat under way, being one itself; should it fail, the heartbeat
 * follows at once.
 * - etcd says that the key is gone: heartbeats end.
 * - A removal meets a put under way: it begins when the attempt is over, whatever its end. */
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/tick.h"
#include "etcd/heartbeat.h"
#include "etcd/v2_internal.h"

typedef enum step_e { IDLE, BESIDE, PUT, BEAT, DELETE } step_t;

typedef struct v2_leased_s {
    disco__leased_t base;
    char *key;
    uint64_t ttl_s;
    const disco__leased_events_t *events;
    void *data;

    step_t step;
    disco__op_t *under_way; /* of the step; NULL: idle */
    disco__heartbeat_t heartbeat;
    disco__backoff_t refusals;
    bool beat_is_due;  /* it came while something else was under way */
    bool troubled;     /* failing or overdue was told, and nothing acknowledged since */
    bool may_be_there; /* a put was sent */

    disco__v2_op_t op; /* the write or removal that was asked for */
    disco__pursuit_t pursuit;
    bool asked; /* there is one */
    bool removing;
    char *value;
    bool must_exist;
    bool beside_written;
    uint64_t beside_revision; /* 0: it was there already */
    disco__tick_t tick;       /* a removal of what was never sent */
} v2_leased_t;

static v2_leased_t *leased_of(disco__leased_t *base)
{
    return disco__container_of(base, v2_leased_t, base);
}

static disco__v2_store_t *store_of(const v2_leased_t *leased)
{
    return disco__v2_store_of(leased->base.store);
}

static void forget_value(v2_leased_t *leased)
{
    disco__free_secret(leased->value);
    leased->value = NULL;
}

static void stop_step(v2_leased_t *leased)
{
    if (leased->under_way != NULL)
        leased->base.store->ops->cancel(leased->under_way);
    leased->under_way = NULL;
    leased->step = IDLE;
}

static void step_is_over(v2_leased_t *leased)
{
    leased->under_way = NULL;
    leased->step = IDLE;
}

/* What was asked for has its end. */
static void answer(v2_leased_t *leased, const disco__result_t *result)
{
    leased->asked = false;
    leased->removing = false;
    forget_value(leased);
    if (leased->beat_is_due)
        disco__heartbeat_again(&leased->heartbeat, 0);
    leased->beat_is_due = false;
    leased->pursuit.done(leased->pursuit.data, result);
}

static void answer_status(v2_leased_t *leased, int status)
{
    disco__failure_t failure;
    disco__result_t result = {.failure = &failure, .sent_ms = disco__now(leased->heartbeat.loop)};

    disco__failure_clear(&failure);
    failure.status = status;
    answer(leased, &result);
}

static disco__pursuit_t pursuit_of(v2_leased_t *leased,
                                   void (*done)(void *data, const disco__result_t *result),
                                   void (*retrying)(void *data, const disco__failure_t *failure))
{
    disco__pursuit_t pursuit = leased->pursuit;

    pursuit.data = leased;
    pursuit.done = done;
    pursuit.retrying = retrying;
    return pursuit;
}

static void on_deleted(void *data, const disco__result_t *result)
{
    v2_leased_t *leased = data;

    step_is_over(leased);
    if (result->failure->status == DISCO_EKEYNOTFOUND) {
        leased->may_be_there = false;
        answer_status(leased, 0);
        return;
    }
    leased->may_be_there = result->failure->status != 0;
    answer(leased, result);
}

static void on_retrying(void *data, const disco__failure_t *failure);

static int start_delete(v2_leased_t *leased)
{
    disco__pursuit_t pursuit = pursuit_of(leased, on_deleted, on_retrying);
    disco__delete_t removal = {.key = leased->key};
    disco__store_t *store = leased->base.store;
    int rv = store->ops->remove(store, &removal, &pursuit, &leased->under_way);

    if (rv == 0)
        leased->step = DELETE;
    return rv;
}

static void delete_after_put(v2_leased_t *leased)
{
    int rv = start_delete(leased);

    if (rv != 0)
        answer_status(leased, rv);
}

static void on_retrying(void *data, const disco__failure_t *failure)
{
    v2_leased_t *leased = data;

    if (leased->removing && leased->step != DELETE) {
        stop_step(leased); /* what was being written no longer matters */
        delete_after_put(leased);
    } else if (leased->pursuit.retrying != NULL) {
        leased->pursuit.retrying(leased->pursuit.data, failure);
    }
}

static void on_put(void *data, const disco__result_t *result)
{
    v2_leased_t *leased = data;
    disco__result_t told = *result;

    step_is_over(leased);
    if (leased->removing) {
        delete_after_put(leased);
        return;
    }
    if (result->failure->status == 0) {
        leased->troubled = false;
        leased->beat_is_due = false;
        disco__heartbeat_acknowledged(&leased->heartbeat, result->sent_ms);
    } else if (result->failure->status == DISCO_EKEYNOTFOUND) {
        leased->beat_is_due = false;
        disco__heartbeat_stop(&leased->heartbeat);
    }
    told.beside_written = leased->beside_written;
    if (leased->beside_revision > 0)
        told.revision = leased->beside_revision;
    answer(leased, &told);
}

static int start_put(v2_leased_t *leased)
{
    disco__pursuit_t pursuit = pursuit_of(leased, on_put, on_retrying);
    disco__put_t put = {.key = leased->key, .value = leased->value, .ttl_s = leased->ttl_s};
    disco__store_t *store = leased->base.store;
    int rv;

    if (leased->must_exist)
        put.condition = DISCO_KV_MUST_EXIST;
    rv = store->ops->put(store, &put, &pursuit, &leased->under_way);
    if (rv != 0)
        return rv;
    leased->step = PUT;
    leased->may_be_there = true;
    return 0;
}

static void on_beside(void *data, const disco__result_t *result)
{
    v2_leased_t *leased = data;
    int rv;

    step_is_over(leased);
    if (result->failure->status != 0 && result->failure->status != DISCO_EKEYEXISTS) {
        answer(leased, result);
        return;
    }
    leased->beside_written = true;
    if (result->entry_count > 0)
        leased->beside_revision = result->entries[0].modified_revision;
    rv = start_put(leased);
    if (rv != 0)
        answer_status(leased, rv);
}

static int start_beside(v2_leased_t *leased, const disco__put_t *put)
{
    disco__pursuit_t pursuit = pursuit_of(leased, on_beside, on_retrying);
    disco__store_t *store = leased->base.store;
    int rv = store->ops->put(store, put, &pursuit, &leased->under_way);

    if (rv == 0)
        leased->step = BESIDE;
    return rv;
}

static void beat_failed(v2_leased_t *leased, const disco__failure_t *failure)
{
    leased->troubled = true;
    leased->events->failing(leased->data, failure);
}

static void on_beat_retrying(void *data, const disco__failure_t *failure)
{
    beat_failed(data, failure);
}

/* etcd does not take it, or it could not be sent: again after a while. */
static void beat_later(v2_leased_t *leased, const disco__failure_t *failure)
{
    disco__heartbeat_again(&leased->heartbeat,
                           disco__backoff_next(&leased->refusals, &leased->heartbeat.loop->random));
    beat_failed(leased, failure);
}

static void on_beaten(void *data, const disco__result_t *result)
{
    v2_leased_t *leased = data;
    bool troubled = leased->troubled;

    step_is_over(leased);
    if (result->failure->status == DISCO_EKEYNOTFOUND) {
        disco__heartbeat_stop(&leased->heartbeat);
        leased->events->gone(leased->data, result->failure);
    } else if (result->failure->status != 0) {
        beat_later(leased, result->failure);
    } else {
        disco__backoff_reset(&leased->refusals);
        leased->troubled = false;
        disco__heartbeat_acknowledged(&leased->heartbeat, result->sent_ms);
        if (troubled)
            leased->events->alive(leased->data);
    }
}

static void on_beat(disco__heartbeat_t *heartbeat)
{
    v2_leased_t *leased = disco__container_of(heartbeat, v2_leased_t, heartbeat);
    disco__pursuit_t pursuit = {
        .attempt_ms =
            disco__heartbeat_attempt_ms(heartbeat->ttl_ms, store_of(leased)->options.attempt_ms),
        .backoff_most_ms = leased->refusals.most_ms,
        .data = leased,
        .done = on_beaten,
        .retrying = on_beat_retrying,
    };
    disco__failure_t failure;
    int rv;

    if (leased->step != IDLE) {
        leased->beat_is_due = true;
        return;
    }
    rv = disco__v2_refresh(leased->base.store, leased->key, leased->ttl_s, &pursuit,
                           &leased->under_way);
    if (rv == 0) {
        leased->step = BEAT;
        return;
    }
    disco__failure_clear(&failure);
    failure.status = rv;
    beat_later(leased, &failure);
}

static void on_overdue(disco__heartbeat_t *heartbeat)
{
    v2_leased_t *leased = disco__container_of(heartbeat, v2_leased_t, heartbeat);
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = DISCO_ELOST;
    leased->troubled = true;
    leased->events->overdue(leased->data, &failure);
}

/* What was written beside stays written, and what is on its way may still take effect. */
static void cancel_asked(disco__v2_op_t *op)
{
    v2_leased_t *leased = disco__container_of(op, v2_leased_t, op);

    leased->asked = false;
    leased->removing = false;
    stop_step(leased);
    disco__tick_cancel(leased->heartbeat.loop, &leased->tick);
    forget_value(leased);
    if (leased->beat_is_due)
        disco__heartbeat_again(&leased->heartbeat, 0);
    leased->beat_is_due = false;
}

static void on_tick(disco__tick_t *tick)
{
    answer_status(disco__container_of(tick, v2_leased_t, tick), 0);
}

int disco__v2_lease(disco__store_t *store, const char *key, uint64_t ttl_s,
                    const disco__leased_events_t *events, void *data, disco__leased_t **out)
{
    const disco__endpoints_t *endpoints = disco__v2_store_of(store)->endpoints;
    v2_leased_t *leased = disco__calloc(1, sizeof *leased);
    uint64_t half = ttl_s * 1000 / 2;

    if (leased == NULL)
        return UV_ENOMEM;
    leased->key = disco__strdup(key);
    if (leased->key == NULL) {
        disco__free(leased);
        return UV_ENOMEM;
    }
    leased->base.store = store;
    leased->ttl_s = ttl_s;
    leased->events = events;
    leased->data = data;
    leased->op.base.store = store;
    leased->op.cancel = cancel_asked;
    disco__heartbeat_init(&leased->heartbeat, store->loop, ttl_s * 1000, on_beat, on_overdue);
    disco__backoff_init(&leased->refusals, endpoints->backoff_first_ms,
                        half < endpoints->backoff_most_ms ? (uint32_t)half
                                                          : endpoints->backoff_most_ms);
    disco__tick_init(&leased->tick, on_tick);
    *out = &leased->base;
    return 0;
}

int disco__v2_lease_write(disco__leased_t *base, const disco__leased_write_t *write,
                          const disco__pursuit_t *pursuit, disco__op_t **op)
{
    v2_leased_t *leased = leased_of(base);
    int rv;

    forget_value(leased);
    leased->value = disco__strdup(write->value);
    if (leased->value == NULL)
        return UV_ENOMEM;
    if (leased->step == BEAT) {
        stop_step(leased);
        leased->beat_is_due = true;
    }
    leased->pursuit = *pursuit;
    leased->must_exist = write->must_exist;
    leased->beside_written = false;
    leased->beside_revision = 0;
    rv = write->beside != NULL ? start_beside(leased, write->beside) : start_put(leased);
    if (rv != 0) {
        cancel_asked(&leased->op);
        return rv;
    }
    leased->asked = true;
    *op = &leased->op.base;
    return 0;
}

int disco__v2_lease_remove(disco__leased_t *base, const disco__pursuit_t *pursuit, disco__op_t **op)
{
    v2_leased_t *leased = leased_of(base);
    int rv = 0;

    disco__heartbeat_stop(&leased->heartbeat);
    leased->beat_is_due = false;
    leased->pursuit = *pursuit;
    if (leased->step != PUT)
        stop_step(leased);
    if (!leased->may_be_there)
        disco__tick_schedule(leased->heartbeat.loop, &leased->tick);
    else if (leased->step != PUT)
        rv = start_delete(leased);
    if (rv != 0)
        return rv;
    leased->asked = true;
    leased->removing = true;
    *op = &leased->op.base;
    return 0;
}

void disco__v2_lease_close(disco__leased_t *base)
{
    v2_leased_t *leased = leased_of(base);

    leased->beat_is_due = false;
    cancel_asked(&leased->op);
    disco__heartbeat_stop(&leased->heartbeat);
    disco__free(leased->key);
    disco__free(leased);
}
