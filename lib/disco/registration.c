/* The public side of registrations: beginning, changing, ending, and telling the user. What happens
 * in between is in registration_side.c, and what is made of it in registration_progress.c. */
#include "disco/registration.h"

#include <string.h>

#include "base/text.h"
#include "disco/keys.h"

#define TTL_DEFAULT_S 5
#define TTL_MOST_S 86400

void disco_registration_options_init(disco_registration_options_t *options)
{
    if (options == NULL)
        return;
    memset(options, 0, sizeof *options);
    options->ttl_s = TTL_DEFAULT_S;
}

static void registration_free(disco_registration_t *registration)
{
    size_t i;

    for (i = 0; i < registration->side_count; i++)
        disco__registration_follow_free(&registration->sides[i]);
    disco__host_unref(registration->host);
    disco__free(registration->info_key);
    disco__free(registration->closed_failure);
    disco__free(registration);
}

void disco__registration_note_closed(disco_registration_t *registration,
                                     const disco__failure_t *failure)
{
    registration->closed_status = failure->status;
    if (registration->closed_failure == NULL)
        registration->closed_failure = disco__malloc(sizeof *failure);
    if (registration->closed_failure != NULL)
        *registration->closed_failure = *failure;
}

static void current_credentials(const disco_registration_t *registration, const char **user,
                                const char **password)
{
    const disco_host_t *host = &registration->host->host;

    *user = host->is_public ? host->user : "";
    *password = host->is_public ? host->password : "";
}

void disco__registration_tell(disco_registration_t *registration,
                              disco_registration_event_type_t type, const char *api,
                              const disco__failure_t *failure)
{
    disco_registration_event_t event = {.type = type, .api = api};

    if (registration->closed)
        return;
    disco__log(&registration->client->loop.log, DISCO_LOG_INFO, "%s/%s: %s",
               disco__registration_service(registration), registration->host->host.uuid,
               type == DISCO_REGISTRATION_READY       ? "registered"
               : type == DISCO_REGISTRATION_LOST      ? "lost"
               : type == DISCO_REGISTRATION_RECOVERED ? "registered again"
               : type == DISCO_REGISTRATION_RETRYING  ? "not yet, trying on"
                                                      : "changed");
    current_credentials(registration, &event.user, &event.password);
    if (failure != NULL) {
        disco__failure_t known = *failure;

        known.api = api;
        event.status = known.status;
        disco__client_set_failure(registration->client, &known);
    }
    registration->cb(registration->data, registration, &event);
}

static void on_closed(disco__tick_t *tick)
{
    disco_registration_t *registration = disco__container_of(tick, disco_registration_t, tick);
    disco_client_t *client = registration->client;
    disco_registration_event_t event = {.type = DISCO_REGISTRATION_CLOSED,
                                        .status = registration->closed_status};
    bool held = registration->held;

    current_credentials(registration, &event.user, &event.password);
    if (registration->closed_failure != NULL)
        disco__client_set_failure(client, registration->closed_failure);
    else
        disco__client_set_status(client, event.status);
    registration->cb(registration->data, registration, &event);
    registration_free(
        registration); /* nobody else knows of it any more, whatever the callback did */
    if (held)
        disco__loop_release(&client->loop);
    client->registration_ended(client, event.status);
}

void disco__registration_finish(disco_registration_t *registration, const disco__failure_t *failure)
{
    size_t i;

    registration->closed = true;
    if (failure != NULL)
        disco__registration_note_closed(registration, failure);
    disco__timer_stop(&registration->client->loop, &registration->ending_timer);
    disco__registration_unfollow(registration);
    for (i = 0; i < registration->side_count; i++)
        disco__registration_side_stop(&registration->sides[i]);
    disco__queue_remove(&registration->node);
    if (registration->ending) {
        registration->client->ending_count--;
        disco__registration_removal_is_over(registration);
    }
    disco__tick_schedule(&registration->client->loop, &registration->tick);
}

static void finish_with(disco_registration_t *registration, int status)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    disco__registration_finish(registration, &failure);
}

static void on_ending_over(disco__timer_t *timer)
{
    disco_registration_t *registration =
        disco__container_of(timer, disco_registration_t, ending_timer);

    if (registration->closed_status == 0)
        finish_with(registration, UV_ETIMEDOUT);
    else
        disco__registration_finish(registration, NULL);
}

/* A host that is to be the registration's, if it is public. */
static int prepare_to_follow(disco_registration_t *registration, const disco__host_t *host)
{
    size_t i;
    int rv = 0;

    for (i = 0; rv == 0 && host->host.is_public && i < registration->side_count; i++)
        rv = disco__registration_follow_prepare(&registration->sides[i]);
    return rv;
}

static void stop_sides(disco_registration_t *registration)
{
    while (registration->side_count > 0) {
        disco__registration_side_t *side = &registration->sides[--registration->side_count];

        disco__registration_side_stop(side);
        disco__registration_follow_free(side);
    }
}

static int make_sides(disco_registration_t *registration)
{
    disco_client_t *client = registration->client;

    while (registration->side_count < client->store_count) {
        size_t i = registration->side_count;
        int rv =
            disco__registration_side_init(&registration->sides[i], registration, client->stores[i]);

        if (rv != 0) {
            stop_sides(registration);
            return rv;
        }
        registration->side_count++;
    }
    registration->adopted_from = registration->side_count;
    return 0;
}

static int registration_new(disco_registration_t **out, disco_client_t *client, const char *service,
                            const disco_host_t *host, uint32_t ttl_s)
{
    disco_registration_t *registration = disco__calloc(
        1, sizeof *registration + client->store_count * sizeof registration->sides[0]);
    int rv;

    if (registration == NULL)
        return UV_ENOMEM;
    registration->client = client;
    registration->ttl_s = ttl_s;
    registration->changes = 1;
    disco__tick_init(&registration->tick, on_closed);
    disco__timer_init(&registration->ending_timer, on_ending_over);
    rv = disco__registration_host(&registration->host, client, service, host, host->uuid);
    if (rv != 0)
        goto err_after_alloc;
    registration->info_key = disco__key_of_info(service);
    if (registration->info_key == NULL) {
        rv = UV_ENOMEM;
        goto err_after_alloc;
    }
    rv = make_sides(registration);
    if (rv != 0)
        goto err_after_alloc;
    rv = prepare_to_follow(registration, registration->host);
    if (rv != 0)
        goto err_after_sides;
    *out = registration;
    return 0;

err_after_sides:
    stop_sides(registration);
err_after_alloc:
    registration_free(registration);
    return rv;
}

int disco_register(disco_client_t *client, const char *service, const disco_host_t *host,
                   const disco_registration_options_t *options, disco_registration_cb cb,
                   void *data, disco_registration_t **out)
{
    static const disco_registration_options_t defaults = {.ttl_s = TTL_DEFAULT_S};
    disco_registration_t *registration;
    int rv = disco__client_check(client);

    if (rv != 0)
        return rv;
    if (service == NULL || host == NULL || cb == NULL)
        return UV_EINVAL;
    if (options == NULL)
        options = &defaults;
    if (options->ttl_s == 0 || options->ttl_s > TTL_MOST_S)
        return DISCO_ETTL;
    rv = disco__name_check(service);
    if (rv == 0)
        rv = registration_new(&registration, client, service, host, options->ttl_s);
    if (rv != 0)
        return rv;
    registration->adopt = options->adopt;
    registration->cb = cb;
    registration->data = data;
    disco__queue_push(&client->registrations, &registration->node);
    if (out != NULL)
        *out = registration;
    return 0;
}

/* Those of a public host are its service's, and followed. */
static int keep_credentials(disco_registration_t *registration, disco__host_t **host)
{
    const disco_host_t *now = &registration->host->host;
    disco__host_t *kept;
    int rv;

    if (!now->is_public || !(*host)->host.is_public)
        return 0;
    rv = disco__registration_host_with(&kept, *host, now->user, now->password);
    disco__host_unref(*host);
    if (rv == 0)
        *host = kept;
    return rv;
}

int disco_registration_update(disco_registration_t *registration, const disco_host_t *given)
{
    disco_service_info_t before;
    disco_service_info_t after;
    disco__host_t *previous;
    disco__host_t *host;
    size_t i;
    int rv;

    if (registration == NULL || given == NULL)
        return UV_EINVAL;
    if (registration->closed || registration->ending)
        return DISCO_ECLOSING;
    rv = disco__registration_host(&host, registration->client,
                                  disco__registration_service(registration), given,
                                  registration->host->host.uuid);
    if (rv == 0)
        rv = keep_credentials(registration, &host);
    if (rv != 0)
        return rv;
    rv = prepare_to_follow(registration, host);
    if (rv != 0) {
        disco__host_unref(host);
        return rv;
    }
    before = disco__registration_info(registration);
    previous = registration->host;
    registration->host = host;
    after = disco__registration_info(registration);
    if (!registration->adopt && !disco__info_equal(&before, &after)) {
        for (i = 0; i < registration->side_count; i++)
            disco__registration_need_info(&registration->sides[i], DISCO__INFO_WRITE);
    }
    disco__host_unref(previous);
    registration->changes++;
    registration->tell_updated = true;
    disco__registration_follow(registration);
    disco__registration_proceed_all(registration);
    return 0;
}

void disco__registration_end(disco_registration_t *registration, uint32_t timeout_ms)
{
    size_t i;

    if (registration->ending || registration->closed)
        return;
    registration->ending = true;
    registration->client->ending_count++;
    registration->held = true;
    disco__loop_hold(&registration->client->loop);
    disco__registration_unfollow(registration);
    disco__timer_start(&registration->client->loop, &registration->ending_timer, timeout_ms);
    for (i = 0; i < registration->side_count; i++)
        disco__registration_side_end(&registration->sides[i]);
}

int disco_unregister(disco_registration_t *registration, uint32_t timeout_ms)
{
    if (registration == NULL)
        return UV_EINVAL;
    if (registration->ending || registration->closed)
        return DISCO_ECLOSING;
    disco__registration_end(
        registration, timeout_ms > 0 ? timeout_ms : registration->client->settings.request_ms);
    return 0;
}

int disco_registration_close(disco_registration_t *registration)
{
    disco__failure_t failure;

    if (registration == NULL)
        return UV_EINVAL;
    if (registration->closed)
        return DISCO_ECLOSING;
    disco__failure_clear(&failure);
    failure.status = UV_ECANCELED;
    disco__registration_finish(registration, &failure);
    return 0;
}

const char *disco_registration_uuid(const disco_registration_t *registration)
{
    return registration != NULL ? registration->host->host.uuid : NULL;
}

bool disco_registration_is_ready(const disco_registration_t *registration)
{
    return registration != NULL && registration->was_ready && !registration->lost &&
           !registration->ending && !registration->closed;
}

int disco_registration_credentials(const disco_registration_t *registration, const char **user,
                                   const char **password)
{
    if (registration == NULL || user == NULL || password == NULL)
        return UV_EINVAL;
    if (!registration->was_ready)
        return DISCO_ENOTREADY;
    current_credentials(registration, user, password);
    return 0;
}

const disco_host_t *disco_registration_host(const disco_registration_t *registration)
{
    return registration != NULL ? &registration->host->host : NULL;
}
