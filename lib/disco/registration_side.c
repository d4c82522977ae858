/* Happy path, in each store: the info and the host are written, the host on a lease of its time to
 * live, whose heartbeats are the store's; that is all, until one of them changes. One thing is
 * under way at a time; when it is done, disco__registration_proceed() looks at what is still to be
 * done.
 *
 * Failure modes:
 * - etcd cannot be reached: the store tries on, each failed attempt being told (RETRYING); nothing
 * is given up.
 * - etcd refuses: told likewise, and tried again after a while (backoff with full jitter).
 * - The TTL has passed since the last acknowledged heartbeat was sent: LOST, whatever is under way;
 * the next acknowledgement is RECOVERED.
 * - etcd says that the host is gone: LOST, and both keys are written again. The info is then only
 * created, so that it does not take back credentials that another host has changed.
 * - The host is changed while it is being written: the changes are counted, and it is written
 * again. */
#include "base/timer.h"
#include "disco/entry.h"
#include "disco/keys.h"
#include "disco/registration.h"

#define ATTEMPT_LEAST_MS 250
/* So many times as long an attempt may take where etcd takes requests and does not answer them:
 * when a whole fleet registers at once, those that ask again are still before those that are not
 * yet answered. */
#define PATIENCE 4

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void step_is_over(disco__registration_side_t *side)
{
    side->op = NULL;
    side->step = DISCO__STEP_IDLE;
}

static void tell_retrying(disco__registration_side_t *side, const disco__failure_t *failure)
{
    disco__registration_tell(side->registration, DISCO_REGISTRATION_RETRYING, side->store->api,
                             failure);
}

void disco__registration_note_failure(disco__registration_side_t *side,
                                      const disco__failure_t *failure)
{
    disco_registration_t *registration = side->registration;
    disco__failure_t known = *failure;
    size_t i;

    if (!registration->ending)
        return;
    for (i = 0; i < registration->side_count; i++) {
        if (registration->sides[i].failed)
            return;
    }
    known.api = side->store->api;
    disco__registration_note_closed(registration, &known);
}

static void on_retrying(void *data, const disco__failure_t *failure)
{
    disco__registration_side_t *side = data;

    disco__registration_note_failure(side, failure);
    tell_retrying(side, failure);
}

/* Until it is cancelled; an attempt must leave time for others before the TTL is gone. */
static disco__pursuit_t pursuit_of(disco__registration_side_t *side, uint32_t part_of_ttl,
                                   void (*done)(void *data, const disco__result_t *result))
{
    const disco_client_t *client = side->registration->client;
    uint32_t ttl_ms = disco__registration_ttl_ms(side->registration);
    disco__pursuit_t pursuit = disco__client_pursuit(client);

    pursuit.total_ms = 0;
    pursuit.attempt_ms = least(pursuit.attempt_ms, most(ttl_ms / part_of_ttl, ATTEMPT_LEAST_MS));
    pursuit.attempt_most_ms =
        pursuit.attempt_ms > ttl_ms / PATIENCE ? ttl_ms : PATIENCE * pursuit.attempt_ms;
    pursuit.backoff_most_ms = least(client->settings.backoff_most_ms, ttl_ms / 2);
    pursuit.data = side;
    pursuit.done = done;
    pursuit.retrying = on_retrying;
    return pursuit;
}

static void wait(disco__registration_side_t *side, uint64_t ms)
{
    disco__timer_start(&side->registration->client->loop, &side->timer, ms);
}

static void step_failed(disco__registration_side_t *side, const disco__failure_t *failure)
{
    disco_registration_t *registration = side->registration;

    disco__registration_note_failure(side, failure);
    wait(side, disco__backoff_next(&side->backoff, &registration->client->loop.random));
    if (!registration->ending)
        tell_retrying(side, failure);
}

/* rv: what starting the operation of a step gave. */
static void step_begun(disco__registration_side_t *side, disco__registration_step_t step, int rv)
{
    disco__failure_t failure;

    if (rv == 0) {
        side->step = step;
        return;
    }
    step_is_over(side);
    disco__failure_clear(&failure);
    failure.status = rv;
    step_failed(side, &failure);
}

void disco__registration_need_info(disco__registration_side_t *side, disco__info_task_t task)
{
    side->info_task = task;
    side->info_changes++;
}

static void info_is_written(disco__registration_side_t *side, uint64_t revision)
{
    if (side->info_writing == side->info_changes)
        side->info_task = DISCO__INFO_DONE;
    side->info_revision = revision;
}

static void on_info_written(void *data, const disco__result_t *result)
{
    disco__registration_side_t *side = data;
    int status = result->failure->status;

    step_is_over(side);
    if (status == DISCO_EKEYEXISTS)
        status = 0; /* was to be created only */
    if (status != 0) {
        step_failed(side, result->failure);
        return;
    }
    info_is_written(side, result->entry_count > 0 ? result->entries[0].modified_revision : 0);
    disco__registration_progress(side->registration);
    disco__registration_proceed(side);
}

static void on_adoption(void *data, const disco__result_t *result)
{
    disco__registration_side_t *side = data;
    disco__failure_t failure = *result->failure;

    step_is_over(side);
    if (failure.status == 0 || failure.status == DISCO_EKEYNOTFOUND)
        failure.status =
            disco__registration_adopt(side, result->entry_count > 0 ? &result->entries[0] : NULL);
    if (failure.status != 0) {
        step_failed(side, &failure);
        return;
    }
    disco__registration_proceed_all(side->registration);
}

static void host_is_gone(disco__registration_side_t *side, const disco__failure_t *failure)
{
    side->written = 0;
    if (side->info_task == DISCO__INFO_DONE)
        disco__registration_need_info(side, DISCO__INFO_CREATE);
    disco__registration_is_lost(side, failure);
    disco__registration_proceed(side);
}

static void host_is_there(disco__registration_side_t *side)
{
    side->lost = false;
    disco__backoff_reset(&side->backoff);
    disco__registration_progress(side->registration);
}

static void on_host_written(void *data, const disco__result_t *result)
{
    disco__registration_side_t *side = data;

    step_is_over(side);
    if (result->beside_written)
        info_is_written(side, result->revision);
    if (result->failure->status == DISCO_EKEYNOTFOUND && side->written != 0) {
        host_is_gone(side, result->failure);
        return;
    }
    if (result->failure->status != 0) {
        step_failed(side, result->failure);
        return;
    }
    side->written = side->writing;
    side->ready = true;
    host_is_there(side);
    disco__registration_proceed(side);
}

static void on_removed(void *data, const disco__result_t *result)
{
    disco__registration_side_t *side = data;
    int status = result->failure->status;

    step_is_over(side);
    if (status == UV_ENOMEM || status == DISCO_EPROTOCOL)
        step_failed(side, result->failure); /* etcd's answer is not known: asked again */
    else
        disco__registration_removed(side, result->failure);
}

static void on_failing(void *data, const disco__failure_t *failure)
{
    on_retrying(data, failure);
}

static void on_overdue(void *data, const disco__failure_t *failure)
{
    disco__registration_is_lost(data, failure);
}

static void on_alive(void *data)
{
    host_is_there(data);
}

static void on_gone(void *data, const disco__failure_t *failure)
{
    host_is_gone(data, failure);
}

static const disco__leased_events_t leased_events = {
    .failing = on_failing, .overdue = on_overdue, .alive = on_alive, .gone = on_gone};

/* The info as it is to be put; value is to be freed in any case. */
static int make_info(disco__registration_side_t *side, disco__buffer_t *value, disco__put_t *put)
{
    disco_service_info_t info = disco__registration_info(side->registration);
    int rv;

    disco__buffer_init(value);
    rv = disco__info_write(value, &info);
    *put = (disco__put_t){.key = side->registration->info_key, .value = disco__buffer_text(value)};
    if (side->info_task == DISCO__INFO_CREATE)
        put->condition = DISCO_KV_MUST_NOT_EXIST;
    side->info_writing = side->info_changes;
    return rv;
}

static void write_info(disco__registration_side_t *side)
{
    disco__pursuit_t pursuit = pursuit_of(side, 2, on_info_written);
    disco__buffer_t value;
    disco__put_t put;
    int rv = make_info(side, &value, &put);

    if (rv == 0)
        rv = side->store->ops->put(side->store, &put, &pursuit, &side->op);
    disco__buffer_free_secret(&value);
    step_begun(side, DISCO__STEP_INFO, rv);
}

static void read_info(disco__registration_side_t *side)
{
    disco__pursuit_t pursuit = pursuit_of(side, 2, on_adoption);

    step_begun(side, DISCO__STEP_ADOPT,
               side->store->ops->get(side->store, side->registration->info_key, false, true,
                                     &pursuit, &side->op));
}

/* A rewrite keeps the key, and with it the host's age; should it be gone, that is found out and it
 * is made anew. */
static void write_host(disco__registration_side_t *side)
{
    disco_registration_t *registration = side->registration;
    disco__pursuit_t pursuit = pursuit_of(side, 3, on_host_written);
    disco__buffer_t info_value;
    disco__buffer_t value;
    disco__put_t info;
    disco__leased_write_t write = {.must_exist = side->written != 0};
    int rv = 0;

    disco__buffer_init(&info_value);
    disco__buffer_init(&value);
    if (side->info_task != DISCO__INFO_DONE) {
        rv = make_info(side, &info_value, &info);
        write.beside = &info;
    }
    if (rv == 0)
        rv = disco__host_write(&value, &registration->host->host);
    write.value = disco__buffer_text(&value);
    side->writing = registration->changes;
    if (rv == 0)
        rv = side->store->ops->lease_write(side->leased, &write, &pursuit, &side->op);
    disco__buffer_free_secret(&info_value);
    disco__buffer_free_secret(&value);
    step_begun(side, DISCO__STEP_HOST, rv);
}

/* What is being written is the store's to end. */
static void remove_host(disco__registration_side_t *side)
{
    disco__pursuit_t pursuit = pursuit_of(side, 2, on_removed);

    step_is_over(side);
    step_begun(side, DISCO__STEP_REMOVE,
               side->store->ops->lease_remove(side->leased, &pursuit, &side->op));
}

void disco__registration_proceed(disco__registration_side_t *side)
{
    const disco_registration_t *registration = side->registration;

    if (registration->closed || side->timer.active)
        return; /* after a refusal the wait is kept */
    if (registration->ending) {
        if (!side->removed && (side->op == NULL || side->step == DISCO__STEP_HOST))
            remove_host(side);
        return;
    }
    if (side->op != NULL || (side->written == 0 && disco__registration_must_wait(side)))
        return;
    if (registration->adopt && !side->adopted)
        read_info(side);
    else if (side->written != registration->changes)
        write_host(side);
    else if (side->info_task != DISCO__INFO_DONE)
        write_info(side);
}

static void on_timer(disco__timer_t *timer)
{
    disco__registration_proceed(disco__container_of(timer, disco__registration_side_t, timer));
}

int disco__registration_side_init(disco__registration_side_t *side,
                                  disco_registration_t *registration, disco__store_t *store)
{
    const disco__settings_t *settings = &registration->client->settings;
    const disco_host_t *host = &registration->host->host;
    char *key = disco__key_of_host(host->service_name, host->uuid);
    int rv = UV_ENOMEM;

    side->registration = registration;
    side->store = store;
    if (key != NULL)
        rv =
            store->ops->lease(store, key, registration->ttl_s, &leased_events, side, &side->leased);
    disco__free(key);
    if (rv != 0)
        return rv;
    side->step = DISCO__STEP_IDLE;
    disco__registration_need_info(side, DISCO__INFO_WRITE);
    disco__timer_init(&side->timer, on_timer);
    disco__backoff_init(
        &side->backoff, settings->backoff_first_ms,
        least(settings->backoff_most_ms, disco__registration_ttl_ms(registration) / 2));
    wait(side, 0); /* from the loop, so that a failure to begin is told like any other */
    return 0;
}

void disco__registration_side_stop(disco__registration_side_t *side)
{
    disco__timer_stop(&side->registration->client->loop, &side->timer);
    disco__registration_wait_no_more(side);
    if (side->op != NULL)
        side->store->ops->cancel(side->op);
    step_is_over(side);
    side->store->ops->lease_close(side->leased);
    side->leased = NULL;
}

void disco__registration_side_end(disco__registration_side_t *side)
{
    if (side->op != NULL && side->step != DISCO__STEP_HOST) {
        side->store->ops->cancel(side->op);
        step_is_over(side);
    }
    wait(side, 0); /* from the loop: what follows may end the registration */
}

void disco__registration_side_wake(disco__registration_side_t *side)
{
    wait(side, 0);
}
