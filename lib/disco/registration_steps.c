/* Happy path: write the info; write the host with its TTL: READY; then a heartbeat every third of
 * the TTL. One thing is under way at a time; when it is done, disco__registration_proceed() looks
 * at what is still to be done.
 *
 * Failure modes:
 * - etcd cannot be reached: the store tries on, each failed attempt being told (RETRYING); nothing
 * is given up.
 * - etcd refuses: told likewise, and tried again after a while (backoff with full jitter).
 * - The TTL has passed since the last acknowledged heartbeat was sent: LOST, whatever is under way;
 * the next acknowledgement is RECOVERED. A loop that was blocked, or a machine that slept, comes to
 * this too: timers count the sleep.
 * - etcd says that the host is gone: LOST, and both keys are written again. The info is then only
 * created, so that it does not take back credentials that another host has changed.
 * - The host is changed while it is being written: the changes are counted, and it is written
 * again. */
#include "base/text.h"
#include "base/timer.h"
#include "disco/entry.h"
#include "disco/registration.h"

#define ATTEMPT_LEAST_MS 250

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static void on_retrying(void *data, const disco__failure_t *failure)
{
    disco_registration_t *registration = data;

    registration->closed_failure = *failure;
    if (registration->ending && registration->step != DISCO__STEP_DELETE) {
        /* What was being written no longer matters, and its attempt is over. */
        registration->client->stores[0]->ops->cancel(registration->op);
        registration->op = NULL;
        registration->step = DISCO__STEP_IDLE;
        disco__registration_proceed(registration);
        return;
    }
    disco__registration_tell(registration, DISCO_REGISTRATION_RETRYING, failure);
}

/* Until it is cancelled; an attempt must leave time for others before the TTL is gone. */
static disco__pursuit_t pursuit_of(disco_registration_t *registration, uint32_t part_of_ttl,
                                   void (*done)(void *data, const disco__result_t *result))
{
    uint32_t ttl_ms = disco__registration_ttl_ms(registration);
    disco__pursuit_t pursuit = disco__client_pursuit(registration->client);

    pursuit.total_ms = 0;
    pursuit.attempt_ms = least(pursuit.attempt_ms, most(ttl_ms / part_of_ttl, ATTEMPT_LEAST_MS));
    pursuit.backoff_most_ms = least(registration->client->settings.backoff_most_ms, ttl_ms / 2);
    pursuit.data = registration;
    pursuit.done = done;
    pursuit.retrying = on_retrying;
    return pursuit;
}

static void wait(disco_registration_t *registration, uint64_t ms)
{
    registration->step = DISCO__STEP_IDLE;
    disco__timer_start(&registration->client->loop, &registration->timer, ms);
}

static void step_failed(disco_registration_t *registration, const disco__failure_t *failure)
{
    registration->closed_failure = *failure;
    wait(registration,
         disco__backoff_next(&registration->backoff, &registration->client->loop.random));
    if (!registration->ending)
        disco__registration_tell(registration, DISCO_REGISTRATION_RETRYING, failure);
}

/* rv: what starting the operation of a step gave. */
static void step_begun(disco_registration_t *registration, int rv)
{
    disco__failure_t failure;

    if (rv == 0)
        return;
    registration->op = NULL;
    disco__failure_clear(&failure);
    failure.status = rv;
    step_failed(registration, &failure);
}

/* A third of the TTL, less up to a tenth of it, so that the heartbeats of many do not come
 * together. */
static uint64_t heartbeat_interval(disco_registration_t *registration)
{
    uint64_t third = disco__registration_ttl_ms(registration) / 3;

    return third - disco__random_below(&registration->client->loop.random, third / 10 + 1);
}

static void on_lease_over(disco__timer_t *timer)
{
    disco_registration_t *registration = disco__container_of(timer, disco_registration_t, lease);
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = DISCO_ELOST;
    registration->lost = true;
    disco__registration_tell(registration, DISCO_REGISTRATION_LOST, &failure);
}

/* etcd has the host, with its whole TTL from when the request was sent. */
static void acknowledged(disco_registration_t *registration, uint64_t sent_ms)
{
    disco__backoff_reset(&registration->backoff);
    if (!registration->ending)
        disco__timer_start_at(&registration->client->loop, &registration->lease,
                              sent_ms + disco__registration_ttl_ms(registration));
}

/* Tells what has come true; each callback may close the registration, or ask for more. */
static void tell_progress(disco_registration_t *registration)
{
    if (registration->ending)
        return;
    if (!registration->was_ready) {
        registration->was_ready = true;
        disco__registration_follow(registration);
        disco__registration_tell(registration, DISCO_REGISTRATION_READY, NULL);
    } else if (registration->lost) {
        registration->lost = false;
        disco__registration_tell(registration, DISCO_REGISTRATION_RECOVERED, NULL);
    }
    if (registration->closed || registration->ending ||
        registration->written != registration->changes ||
        registration->info_task != DISCO__INFO_DONE)
        return;
    if (registration->tell_credentials) {
        registration->tell_credentials = false;
        disco__registration_tell(registration, DISCO_REGISTRATION_CREDENTIALS, NULL);
    }
    if (registration->tell_updated && !registration->closed && !registration->ending) {
        registration->tell_updated = false;
        disco__registration_tell(registration, DISCO_REGISTRATION_UPDATED, NULL);
    }
}

static void on_info_written(void *data, const disco__result_t *result)
{
    disco_registration_t *registration = data;
    int status = result->failure->status;

    registration->op = NULL;
    registration->step = DISCO__STEP_IDLE;
    if (status == DISCO_EKEYEXISTS && registration->info_task == DISCO__INFO_CREATE)
        status = 0;
    if (status != 0) {
        step_failed(registration, result->failure);
        return;
    }
    registration->info_task = DISCO__INFO_DONE;
    disco__registration_proceed(registration);
}

/* The info that is there already: its credentials are ours. */
static int adopt(disco_registration_t *registration, const disco_kv_t *entry)
{
    disco_service_info_t *info;
    int rv = disco__entry_read_info(registration->client, entry, &info);

    if (rv != 0)
        return rv;
    rv = disco__registration_take_credentials(registration, info);
    disco__info_free(info);
    return rv;
}

static void on_adoption(void *data, const disco__result_t *result)
{
    disco_registration_t *registration = data;
    int status = result->failure->status;

    registration->op = NULL;
    registration->step = DISCO__STEP_IDLE;
    if (status == DISCO_EKEYNOTFOUND) {
        registration->adopt = false; /* none to adopt: this one makes it */
        registration->info_task = DISCO__INFO_CREATE;
        disco__registration_proceed(registration);
        return;
    }
    if (status == 0 && registration->host->host.is_public)
        status = adopt(registration, &result->entries[0]);
    if (disco__entry_is_broken(status)) {
        registration->info_task = DISCO__INFO_WRITE; /* nothing that could be adopted */
        status = 0;
    } else if (status == 0) {
        registration->info_task = DISCO__INFO_DONE;
    }
    if (status != 0) {
        disco__failure_t failure = *result->failure;

        failure.status = status;
        step_failed(registration, &failure);
        return;
    }
    disco__registration_proceed(registration);
}

static void host_is_gone(disco_registration_t *registration, const disco__failure_t *failure)
{
    bool told = registration->lost || registration->ending;

    disco__timer_stop(&registration->client->loop, &registration->lease);
    registration->lost = true;
    registration->written = 0;
    if (registration->info_task == DISCO__INFO_DONE)
        registration->info_task = DISCO__INFO_CREATE;
    if (!told)
        disco__registration_tell(registration, DISCO_REGISTRATION_LOST, failure);
    disco__registration_proceed(registration);
}

static void on_host_written(void *data, const disco__result_t *result)
{
    disco_registration_t *registration = data;

    registration->op = NULL;
    registration->step = DISCO__STEP_IDLE;
    if (result->failure->status == DISCO_EKEYNOTFOUND && registration->written != 0) {
        host_is_gone(registration, result->failure);
        return;
    }
    if (result->failure->status != 0) {
        step_failed(registration, result->failure);
        return;
    }
    registration->written = registration->writing;
    acknowledged(registration, result->sent_ms);
    tell_progress(registration);
    disco__registration_proceed(registration);
}

static void on_heartbeat(void *data, const disco__result_t *result)
{
    disco_registration_t *registration = data;

    registration->op = NULL;
    registration->step = DISCO__STEP_IDLE;
    if (result->failure->status == DISCO_EKEYNOTFOUND) {
        host_is_gone(registration, result->failure);
        return;
    }
    if (result->failure->status != 0) {
        step_failed(registration, result->failure);
        return;
    }
    acknowledged(registration, result->sent_ms);
    wait(registration, heartbeat_interval(registration));
    tell_progress(registration);
}

static void on_deleted(void *data, const disco__result_t *result)
{
    disco_registration_t *registration = data;
    disco__failure_t failure = *result->failure;

    registration->op = NULL;
    registration->step = DISCO__STEP_IDLE;
    if (failure.status == UV_ENOMEM || failure.status == DISCO_EPROTOCOL) {
        step_failed(registration, &failure); /* etcd's answer is not known: asked again */
        return;
    }
    if (failure.status == DISCO_EKEYNOTFOUND)
        disco__failure_clear(&failure);
    disco__registration_finish(registration, &failure);
}

static void write_info(disco_registration_t *registration)
{
    disco__store_t *store = registration->client->stores[0];
    disco__pursuit_t pursuit = pursuit_of(registration, 2, on_info_written);
    disco_service_info_t info = disco__registration_info(registration);
    disco__buffer_t value;
    disco__put_t put = {.key = registration->info_key};
    int rv;

    disco__buffer_init(&value);
    rv = disco__info_write(&value, &info);
    put.value = disco__buffer_text(&value);
    if (registration->info_task == DISCO__INFO_CREATE)
        put.condition = DISCO_KV_MUST_NOT_EXIST;
    registration->step = DISCO__STEP_INFO;
    if (rv == 0)
        rv = store->ops->put(store, &put, &pursuit, &registration->op);
    disco__buffer_free_secret(&value);
    step_begun(registration, rv);
}

static void read_info(disco_registration_t *registration)
{
    disco__store_t *store = registration->client->stores[0];
    disco__pursuit_t pursuit = pursuit_of(registration, 2, on_adoption);

    registration->step = DISCO__STEP_ADOPT;
    step_begun(registration, store->ops->get(store, registration->info_key, false, true, &pursuit,
                                             &registration->op));
}

static void write_host(disco_registration_t *registration)
{
    disco__store_t *store = registration->client->stores[0];
    disco__pursuit_t pursuit = pursuit_of(registration, 3, on_host_written);
    disco__buffer_t value;
    disco__put_t put = {.key = registration->host_key, .ttl_s = registration->ttl_s};
    int rv;

    disco__buffer_init(&value);
    rv = disco__host_write(&value, &registration->host->host);
    put.value = disco__buffer_text(&value);
    /* A rewrite keeps the key, and with it the host's age; should it be gone, that is found out and
     * it is made anew. */
    if (registration->written != 0)
        put.condition = DISCO_KV_MUST_EXIST;
    registration->step = DISCO__STEP_HOST;
    registration->writing = registration->changes;
    registration->may_be_there = true;
    if (rv == 0)
        rv = store->ops->put(store, &put, &pursuit, &registration->op);
    disco__buffer_free_secret(&value);
    step_begun(registration, rv);
}

static void heartbeat(disco_registration_t *registration)
{
    disco__store_t *store = registration->client->stores[0];
    disco__pursuit_t pursuit = pursuit_of(registration, 6, on_heartbeat);

    registration->step = DISCO__STEP_HEARTBEAT;
    step_begun(registration, store->ops->refresh(store, registration->host_key, registration->ttl_s,
                                                 &pursuit, &registration->op));
}

static void delete_host(disco_registration_t *registration)
{
    disco__store_t *store = registration->client->stores[0];
    disco__pursuit_t pursuit = pursuit_of(registration, 2, on_deleted);
    disco__delete_t removal = {.key = registration->host_key};
    disco__failure_t none;

    if (!registration->may_be_there) {
        disco__failure_clear(&none);
        disco__registration_finish(registration, &none);
        return;
    }
    registration->step = DISCO__STEP_DELETE;
    step_begun(registration, store->ops->remove(store, &removal, &pursuit, &registration->op));
}

/* Waiting for the next heartbeat is nothing under way: what is to be written goes first. */
void disco__registration_proceed(disco_registration_t *registration)
{
    if (registration->closed || registration->op != NULL)
        return;
    if (registration->ending) {
        disco__timer_stop(&registration->client->loop, &registration->timer);
        delete_host(registration);
        return;
    }
    if (registration->timer.active && registration->backoff.failures > 0)
        return; /* after a refusal the wait is kept */
    if (registration->info_task != DISCO__INFO_DONE) {
        if (registration->adopt && !registration->was_ready)
            read_info(registration);
        else
            write_info(registration);
    } else if (registration->written != registration->changes) {
        write_host(registration);
    } else if (!registration->timer.active) {
        wait(registration, heartbeat_interval(registration));
    }
    if (registration->op != NULL)
        disco__timer_stop(&registration->client->loop, &registration->timer);
}

static void on_timer(disco__timer_t *timer)
{
    disco_registration_t *registration = disco__container_of(timer, disco_registration_t, timer);
    bool nothing_to_write = registration->info_task == DISCO__INFO_DONE &&
                            registration->written == registration->changes;

    if (nothing_to_write && !registration->ending)
        heartbeat(registration);
    else
        disco__registration_proceed(registration);
}

static void on_ending_over(disco__timer_t *timer)
{
    disco_registration_t *registration =
        disco__container_of(timer, disco_registration_t, ending_timer);
    disco__failure_t failure = registration->closed_failure;

    if (failure.status == 0)
        failure.status = UV_ETIMEDOUT;
    disco__registration_finish(registration, &failure);
}

void disco__registration_steps_init(disco_registration_t *registration)
{
    const disco__settings_t *settings = &registration->client->settings;

    registration->step = DISCO__STEP_IDLE;
    registration->info_task = DISCO__INFO_WRITE;
    registration->changes = 1;
    disco__timer_init(&registration->timer, on_timer);
    disco__timer_init(&registration->lease, on_lease_over);
    disco__timer_init(&registration->ending_timer, on_ending_over);
    disco__backoff_init(
        &registration->backoff, settings->backoff_first_ms,
        least(settings->backoff_most_ms, disco__registration_ttl_ms(registration) / 2));
    wait(registration, 0); /* from the loop, so that a failure to begin is told like any other */
}

void disco__registration_steps_stop(disco_registration_t *registration)
{
    disco__loop_t *loop = &registration->client->loop;

    disco__timer_stop(loop, &registration->timer);
    disco__timer_stop(loop, &registration->lease);
    disco__timer_stop(loop, &registration->ending_timer);
    if (registration->op != NULL)
        registration->client->stores[0]->ops->cancel(registration->op);
    registration->op = NULL;
    registration->step = DISCO__STEP_IDLE;
}

/* A put under way is waited for as long as its attempt lasts: should it overtake the deletion, the
 * host would be there again. A heartbeat cannot bring a host back. */
void disco__registration_steps_end(disco_registration_t *registration)
{
    disco__store_t *store = registration->client->stores[0];

    disco__timer_stop(&registration->client->loop, &registration->lease);
    disco__failure_clear(&registration->closed_failure);
    if (registration->op != NULL && registration->step != DISCO__STEP_HOST) {
        store->ops->cancel(registration->op);
        registration->op = NULL;
        registration->step = DISCO__STEP_IDLE;
    }
    /* From the loop: what follows may end the registration. */
    if (registration->op == NULL)
        wait(registration, 0);
}
