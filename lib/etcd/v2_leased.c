/* Happy path: the key beside it is put, then the key with its time to live; heartbeats refresh it,
 * which wakes no watcher; its removal is a DELETE. One thing is under way at a time. Failure modes:
 * - A write or removal is tried on by its call, and ends as its pursuit says.
 * - A heartbeat is tried on until etcd answers; refused, it is sent again after a while (backoff).
 * Many that are due together wait for their turn, but not while one fails.
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

/* TURN: a heartbeat waits for it. */
typedef enum step_e { IDLE, BESIDE, PUT, TURN, BEAT, DELETE } step_t;

/* The write or removal that was asked for; or the removal that has taken the place of a write. */
typedef struct v2_asked_s {
    disco__v2_op_t op;
    struct v2_leased_s *leased;
    disco__pursuit_t pursuit;
    disco__tick_t tick;       /* a removal of what was never sent */
    uint64_t beside_revision; /* 0: it was there already */
    bool beside_written;
    bool must_exist;
    bool removing;
    char value[];
} v2_asked_t;

typedef struct v2_leased_s {
    disco__leased_t base;
    char *key;
    const disco__leased_events_t *events;
    void *data;

    step_t step;
    disco__op_t *under_way; /* of the step; NULL: there is none */
    disco__turn_t turn;
    disco__heartbeat_t heartbeat;
    disco__backoff_t refusals;
    bool beat_is_due;  /* it came while something else was under way */
    bool troubled;     /* failing or overdue was told, and nothing acknowledged since */
    bool may_be_there; /* a put was sent */

    v2_asked_t *asked; /* NULL: nothing, as most of the time */
} v2_leased_t;

static v2_leased_t *leased_of(disco__leased_t *base)
{
    return disco__container_of(base, v2_leased_t, base);
}

static disco__v2_store_t *store_of(const v2_leased_t *leased)
{
    return disco__v2_store_of(leased->base.store);
}

static uint64_t ttl_s_of(const v2_leased_t *leased)
{
    return leased->heartbeat.ttl_ms / 1000;
}

static void forget_asked(v2_leased_t *leased)
{
    v2_asked_t *asked = leased->asked;

    if (asked == NULL)
        return;
    leased->asked = NULL;
    disco__tick_cancel(leased->heartbeat.loop, &asked->tick);
    disco__wipe(asked->value, strlen(asked->value));
    disco__free(asked);
}

static void step_is_over(v2_leased_t *leased)
{
    leased->under_way = NULL;
    leased->step = IDLE;
    disco__turn_give(&store_of(leased)->beats, &leased->turn);
}

static void stop_step(v2_leased_t *leased)
{
    if (leased->under_way != NULL)
        leased->base.store->ops->cancel(leased->under_way);
    step_is_over(leased);
}

/* What was asked for has its end. */
static void answer(v2_leased_t *leased, const disco__result_t *result)
{
    disco__pursuit_t pursuit = leased->asked->pursuit;

    forget_asked(leased);
    if (leased->beat_is_due)
        disco__heartbeat_again(&leased->heartbeat, 0);
    leased->beat_is_due = false;
    pursuit.done(pursuit.data, result);
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
    disco__pursuit_t pursuit = leased->asked->pursuit;

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

    if (leased->asked->removing && leased->step != DELETE) {
        stop_step(leased); /* what was being written no longer matters */
        delete_after_put(leased);
    } else if (leased->asked->pursuit.retrying != NULL) {
        leased->asked->pursuit.retrying(leased->asked->pursuit.data, failure);
    }
}

static void on_put(void *data, const disco__result_t *result)
{
    v2_leased_t *leased = data;
    disco__result_t told = *result;

    step_is_over(leased);
    if (leased->asked->removing) {
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
    told.beside_written = leased->asked->beside_written;
    if (leased->asked->beside_revision > 0)
        told.revision = leased->asked->beside_revision;
    answer(leased, &told);
}

static int start_put(v2_leased_t *leased)
{
    disco__pursuit_t pursuit = pursuit_of(leased, on_put, on_retrying);
    disco__put_t put = {
        .key = leased->key, .value = leased->asked->value, .ttl_s = ttl_s_of(leased)};
    disco__store_t *store = leased->base.store;
    int rv;

    if (leased->asked->must_exist)
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
    leased->asked->beside_written = true;
    if (result->entry_count > 0)
        leased->asked->beside_revision = result->entries[0].modified_revision;
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
    v2_leased_t *leased = data;

    disco__turn_goes_badly(&store_of(leased)->beats, &leased->turn);
    beat_failed(leased, failure);
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
        disco__turns_go_well(&store_of(leased)->beats);
        disco__backoff_reset(&leased->refusals);
        leased->troubled = false;
        disco__heartbeat_acknowledged(&leased->heartbeat, result->sent_ms);
        if (troubled)
            leased->events->alive(leased->data);
    }
}

static int send_beat(v2_leased_t *leased)
{
    const disco__heartbeat_t *heartbeat = &leased->heartbeat;
    disco__pursuit_t pursuit = {
        .attempt_ms =
            disco__heartbeat_attempt_ms(heartbeat->ttl_ms, store_of(leased)->options.attempt_ms),
        .backoff_most_ms = leased->refusals.most_ms,
        .data = leased,
        .done = on_beaten,
        .retrying = on_beat_retrying,
    };
    int rv = disco__v2_refresh(leased->base.store, leased->key, ttl_s_of(leased), &pursuit,
                               &leased->under_way);

    if (rv == 0)
        leased->step = BEAT;
    else
        step_is_over(leased);
    return rv;
}

static void on_beat(disco__heartbeat_t *heartbeat)
{
    v2_leased_t *leased = disco__container_of(heartbeat, v2_leased_t, heartbeat);
    disco__failure_t failure;
    int rv;

    if (leased->step != IDLE) {
        leased->beat_is_due = true;
        return;
    }
    if (!disco__turn_take(&store_of(leased)->beats, &leased->turn)) {
        leased->step = TURN;
        return;
    }
    rv = send_beat(leased);
    if (rv == 0)
        return;
    disco__failure_clear(&failure);
    failure.status = rv;
    beat_later(leased, &failure);
}

/* What cannot be sent is told from the timer, since others may be on the stack. */
static void on_turn(disco__turn_t *turn)
{
    v2_leased_t *leased = disco__container_of(turn, v2_leased_t, turn);

    if (send_beat(leased) != 0)
        disco__heartbeat_again(&leased->heartbeat, 0);
}

void disco__v2_beats_init(disco__turns_t *beats, size_t most)
{
    disco__turns_init(beats, most, on_turn);
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
static void stop_asked(v2_leased_t *leased)
{
    stop_step(leased);
    forget_asked(leased);
    if (leased->beat_is_due)
        disco__heartbeat_again(&leased->heartbeat, 0);
    leased->beat_is_due = false;
}

static void cancel_asked(disco__v2_op_t *op)
{
    stop_asked(disco__container_of(op, v2_asked_t, op)->leased);
}

static void on_tick(disco__tick_t *tick)
{
    answer_status(disco__container_of(tick, v2_asked_t, tick)->leased, 0);
}

/* NULL: no memory. */
static v2_asked_t *ask(v2_leased_t *leased, const char *value)
{
    size_t size = strlen(value) + 1;
    size_t total;
    v2_asked_t *asked;

    if (!disco__size_add(sizeof *asked, size, &total))
        return NULL;
    asked = disco__calloc(1, total);
    if (asked == NULL)
        return NULL;
    asked->op.base.store = leased->base.store;
    asked->op.cancel = cancel_asked;
    asked->leased = leased;
    disco__tick_init(&asked->tick, on_tick);
    memcpy(asked->value, value, size);
    leased->asked = asked;
    return asked;
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
    leased->events = events;
    leased->data = data;
    disco__turn_init(&leased->turn);
    disco__heartbeat_init(&leased->heartbeat, store->loop, ttl_s * 1000, on_beat, on_overdue);
    disco__backoff_init(&leased->refusals, endpoints->backoff_first_ms,
                        half < endpoints->backoff_most_ms ? (uint32_t)half
                                                          : endpoints->backoff_most_ms);
    *out = &leased->base;
    return 0;
}

int disco__v2_lease_write(disco__leased_t *base, const disco__leased_write_t *write,
                          const disco__pursuit_t *pursuit, disco__op_t **op)
{
    v2_leased_t *leased = leased_of(base);
    v2_asked_t *asked;
    int rv;

    forget_asked(leased);
    asked = ask(leased, write->value);
    if (asked == NULL)
        return UV_ENOMEM;
    if (leased->step == BEAT || leased->step == TURN) {
        stop_step(leased);
        leased->beat_is_due = true;
    }
    asked->pursuit = *pursuit;
    asked->must_exist = write->must_exist;
    rv = write->beside != NULL ? start_beside(leased, write->beside) : start_put(leased);
    if (rv != 0) {
        stop_asked(leased);
        return rv;
    }
    *op = &asked->op.base;
    return 0;
}

int disco__v2_lease_remove(disco__leased_t *base, const disco__pursuit_t *pursuit, disco__op_t **op)
{
    v2_leased_t *leased = leased_of(base);
    v2_asked_t *write = leased->asked;
    v2_asked_t *asked = write;
    int rv = 0;

    disco__heartbeat_stop(&leased->heartbeat);
    leased->beat_is_due = false;
    if (leased->step != PUT)
        stop_step(leased);
    if (asked == NULL)
        asked = ask(leased, "");
    if (asked == NULL)
        return UV_ENOMEM;
    asked->pursuit = *pursuit;
    if (!leased->may_be_there)
        disco__tick_schedule(leased->heartbeat.loop, &asked->tick);
    else if (leased->step != PUT)
        rv = start_delete(leased);
    if (rv != 0) {
        if (write == NULL)
            forget_asked(leased);
        return rv;
    }
    asked->removing = true;
    *op = &asked->op.base;
    return 0;
}

void disco__v2_lease_close(disco__leased_t *base)
{
    v2_leased_t *leased = leased_of(base);

    leased->beat_is_due = false;
    stop_asked(leased);
    disco__heartbeat_stop(&leased->heartbeat);
    disco__free(leased->key);
    disco__free(leased);
}
