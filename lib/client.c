/* Happy path: new checks the options, reads the TLS material, and makes endpoints and store; the
 * user's calls do the rest; close ends everything that is under way, waits until libuv has given
 * back what it holds, and calls back. Failure modes: new undoes what it has done, and leaves
 * nothing on the loop. A shutdown whose hosts cannot be taken out of etcd in time closes all the
 * same. */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include "etcd/auto_store.h"
#include "etcd/v2_store.h"
#include "etcd/v3_store.h"

static disco__client_t *whole(disco_client_t *client)
{
    return disco__container_of(client, disco__client_t, base);
}

static void client_free(disco__client_t *client)
{
    disco__strmap_free(&client->base.fetches);
    disco__patterns_free(&client->base.patterns);
    disco__free(client->base.settings.hostname);
    disco__free(client);
}

static void on_registration_ended(disco_client_t *client, int status);
static void on_shutdown_over(disco__timer_t *timer);

static int client_alloc(disco__client_t **out, const disco_options_t *options)
{
    disco__client_t *client = disco__calloc(1, sizeof *client);
    disco__settings_t *settings;

    if (client == NULL)
        return UV_ENOMEM;
    settings = &client->base.settings;
    settings->attempt_ms = options->attempt_timeout_ms;
    settings->request_ms = options->request_timeout_ms;
    settings->backoff_first_ms = options->backoff_first_ms;
    settings->backoff_most_ms = options->backoff_most_ms;
    settings->max_value_bytes = options->max_value_bytes;
    if (options->hostname != NULL && options->hostname[0] != '\0') {
        settings->hostname = disco__strdup(options->hostname);
        if (settings->hostname == NULL) {
            disco__free(client);
            return UV_ENOMEM;
        }
    }
    disco__queue_init(&client->base.requests);
    disco__queue_init(&client->base.registrations);
    disco__queue_init(&client->base.subscriptions);
    disco__queue_init(&client->base.watches);
    client->base.registration_ended = on_registration_ended;
    disco__timer_init(&client->shutdown_timer, on_shutdown_over);
    *out = client;
    return 0;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static int make_tls(disco__client_t *client, const disco_options_t *options, bool wants_tls,
                    const char **at_fault)
{
    disco__tls_options_t tls = {
        .source = options->tls_source,
        .ca = is_given(options->tls_ca) ? options->tls_ca : NULL,
        .certificate = is_given(options->tls_certificate) ? options->tls_certificate : NULL,
        .key = is_given(options->tls_key) ? options->tls_key : NULL,
        .system_ca = options->tls_system_ca || !is_given(options->tls_ca),
    };

    if (!wants_tls && tls.ca == NULL && tls.certificate == NULL && !options->tls_system_ca)
        return 0;
    return disco__tls_new(&client->tls, &client->base.loop, &tls, at_fault);
}

static int make_endpoints(disco__client_t *client, const disco_options_t *options, const char *text)
{
    disco__endpoints_options_t endpoints = {
        .pool = {.connect_ms = options->connect_timeout_ms,
                 .tls_ms = options->tls_timeout_ms,
                 .idle_ms = options->idle_timeout_ms,
                 .max_connections = options->max_connections,
                 .max_header_bytes = options->max_header_bytes,
                 .max_body_bytes = options->max_response_bytes},
        .backoff_first_ms = options->backoff_first_ms,
        .backoff_most_ms = options->backoff_most_ms,
        /* v3 has tokens instead. */
        .user = is_given(options->user) && options->api != DISCO_API_V3 ? options->user : NULL,
        .password = options->password,
    };

    return disco__endpoints_init(&client->endpoints, &client->base.loop, text, client->tls,
                                 &endpoints);
}

static int make_v2_store(disco__client_t *client, const disco_options_t *options,
                         disco__store_t **out)
{
    disco__v2_store_options_t store = {
        .max_event_bytes = options->max_event_bytes,
        .max_connections = options->max_connections,
        .attempt_ms = options->attempt_timeout_ms,
        .watch_check_ms = options->watch_check_ms,
    };

    return disco__v2_store_new(out, &client->base.loop, &client->endpoints, &store);
}

static int make_v3_store(disco__client_t *client, const disco_options_t *options,
                         disco__store_t **out)
{
    disco__v3_store_options_t store = {
        .max_event_bytes = options->max_event_bytes,
        .attempt_ms = options->attempt_timeout_ms,
        .watch_check_ms = options->watch_check_ms,
        .user = is_given(options->user) ? options->user : NULL,
        .password = options->password,
    };

    return disco__v3_store_new(out, &client->base.loop, &client->endpoints, &store);
}

static void close_stores(disco_client_t *base)
{
    while (base->store_count > 0) {
        disco__store_t *store = base->stores[--base->store_count];

        store->ops->close(store);
    }
}

/* Two stores become the one that chooses between them. */
static int put_auto_store_before(disco__client_t *client, const disco_options_t *options)
{
    disco_client_t *base = &client->base;
    int rv = disco__auto_store_new(&base->stores[0], &base->loop, &client->endpoints,
                                   base->stores[0], base->stores[1], options->attempt_timeout_ms);

    if (rv == 0)
        base->store_count = 1;
    return rv;
}

/* With both APIs v2 comes first, so that the raw keys are its. */
static int make_stores(disco__client_t *client, const disco_options_t *options)
{
    disco_client_t *base = &client->base;
    int rv = 0;

    if (options->api != DISCO_API_V3) {
        rv = make_v2_store(client, options, &base->stores[base->store_count]);
        if (rv == 0)
            base->store_count++;
    }
    if (rv == 0 && options->api != DISCO_API_V2) {
        rv = make_v3_store(client, options, &base->stores[base->store_count]);
        if (rv == 0)
            base->store_count++;
    }
    if (rv == 0 && options->api == DISCO_API_AUTO)
        rv = put_auto_store_before(client, options);
    if (rv != 0)
        close_stores(base);
    return rv;
}

/* Everything that stands on the loop; nothing does after a failure. */
static int furnish(disco__client_t *client, const disco_options_t *options, const char *text,
                   bool wants_tls, const char **at_fault)
{
    int rv;

    disco__strmap_init(&client->base.fetches, disco__random_next(&client->base.loop.random));
    rv = make_tls(client, options, wants_tls, at_fault);
    if (rv != 0)
        return rv;
    rv = make_endpoints(client, options, text);
    if (rv != 0) {
        *at_fault = rv == UV_EINVAL ? "user" : rv == DISCO_EENDPOINT ? "endpoints" : NULL;
        goto err_after_tls;
    }
    rv = make_stores(client, options);
    if (rv != 0) {
        *at_fault = rv == UV_EINVAL ? "user" : NULL;
        goto err_after_endpoints;
    }
    return 0;

err_after_endpoints:
    disco__endpoints_close(&client->endpoints);
err_after_tls:
    if (client->tls != NULL)
        disco__tls_free(client->tls);
    return rv;
}

int disco_client_new(disco_client_t **out, uv_loop_t *uv, disco_options_t *given)
{
    disco_options_t options;
    disco__buffer_t made;
    disco__client_t *client;
    const char *text;
    const char *at_fault = NULL;
    disco__log_t log;
    bool wants_tls = false;
    int rv;

    if (out == NULL || uv == NULL)
        return UV_EINVAL;
    rv = disco__options_complete(&options, given);
    if (rv != 0)
        return rv;
    disco__buffer_init(&made);
    rv = disco__options_endpoints(&options, &made, &text);
    if (rv == 0)
        rv = disco__endpoints_check(text, &wants_tls);
    if (rv == DISCO_EENDPOINT)
        at_fault = made.size > 0 ? "container_address" : "endpoints";
    if (rv == 0)
        rv = client_alloc(&client, &options);
    if (rv != 0)
        goto out_without_client;
    log = (disco__log_t){
        .callback = options.log, .data = options.log_data, .level = options.log_level};
    rv = disco__loop_prepare(&client->base.loop, uv, &log);
    if (rv == 0 && (client->base.spares = disco__spares_new(&client->base.loop)) == NULL)
        rv = UV_ENOMEM;
    if (rv == 0)
        rv = furnish(client, &options, text, wants_tls, &at_fault);
    if (rv == 0) {
        disco__loop_open(&client->base.loop);
        *out = &client->base;
    } else {
        disco__spares_close(client->base.spares);
        client_free(client);
    }

out_without_client:
    disco__buffer_free(&made);
    disco__options_blame(given, at_fault);
    return rv;
}

static void on_loop_closed(disco__loop_t *loop)
{
    disco_client_t *base = disco__container_of(loop, disco_client_t, loop);
    disco__client_t *client = whole(base);
    disco_close_cb cb = client->cb;
    void *data = client->data;
    int status = client->close_status;

    client_free(client);
    if (cb != NULL)
        cb(data, status);
}

#define CLOSE_ALL(list, type, close)                                                               \
    do {                                                                                           \
        disco__queue_t *node_;                                                                     \
        while ((node_ = disco__queue_first(list)) != NULL)                                         \
            (void)close(disco__queue_data(node_, type, node));                                     \
    } while (0)

static void cancel_requests(disco_client_t *client)
{
    disco__queue_t *node;
    disco__queue_t *after;

    /* They leave the list when they have called back. */
    disco__queue_foreach(&client->requests, node, after)(void)
        disco_request_cancel(disco__queue_data(node, disco_request_t, node));
}

/* Nobody is called back here: what was under way ends on later turns, and the loop waits for that.
 */
static void close_now(disco__client_t *client)
{
    disco_client_t *base = &client->base;

    client->closed = true;
    base->refusing = true;
    disco__timer_stop(&base->loop, &client->shutdown_timer);
    cancel_requests(base);
    CLOSE_ALL(&base->registrations, disco_registration_t, disco_registration_close);
    CLOSE_ALL(&base->subscriptions, disco_subscription_t, disco_subscription_close);
    CLOSE_ALL(&base->watches, disco_watch_t, disco_watch_close);
    close_stores(base);
    disco__endpoints_close(&client->endpoints);
    if (client->tls != NULL)
        disco__tls_free(client->tls);
    client->tls = NULL;
    disco__spares_close(base->spares);
    disco__loop_close(&base->loop, on_loop_closed);
}

int disco_client_close(disco_client_t *base, disco_close_cb cb, void *data)
{
    disco__client_t *client;

    if (base == NULL)
        return UV_EINVAL;
    client = whole(base);
    if (client->closed)
        return DISCO_ECLOSING;
    if (client->shutting_down) {
        client->close_status = UV_ECANCELED;
    } else {
        client->cb = cb;
        client->data = data;
    }
    close_now(client);
    return 0;
}

static void on_shutdown_over(disco__timer_t *timer)
{
    disco__client_t *client = disco__container_of(timer, disco__client_t, shutdown_timer);

    if (client->close_status == 0 && !disco__queue_empty(&client->base.registrations))
        client->close_status = UV_ETIMEDOUT;
    close_now(client);
}

static void on_registration_ended(disco_client_t *base, int status)
{
    disco__client_t *client = whole(base);

    if (!client->shutting_down)
        return;
    if (status != 0 && client->close_status == 0)
        client->close_status = status;
    if (!client->closed && disco__queue_empty(&base->registrations))
        close_now(client);
}

int disco_client_shutdown(disco_client_t *base, uint32_t timeout_ms, disco_close_cb cb, void *data)
{
    disco__client_t *client;
    disco__queue_t *node;
    disco__queue_t *after;

    if (base == NULL)
        return UV_EINVAL;
    client = whole(base);
    if (client->closed || client->shutting_down)
        return DISCO_ECLOSING;
    client->shutting_down = true;
    base->refusing = true;
    client->cb = cb;
    client->data = data;
    if (timeout_ms == 0)
        timeout_ms = base->settings.request_ms;
    disco__loop_hold(&base->loop); /* for good: the loop is needed until the close callback */
    disco__queue_foreach(&base->registrations, node, after)
        disco__registration_end(disco__queue_data(node, disco_registration_t, node), timeout_ms);
    /* With no host to wait for it is over at once, from the loop. Else just behind the
     * registrations' own time-outs, for those that were given a longer one before. */
    disco__timer_start(&base->loop, &client->shutdown_timer,
                       disco__queue_empty(&base->registrations) ? 0 : (uint64_t)timeout_ms + 1);
    return 0;
}

void disco_client_ref(disco_client_t *client)
{
    if (client != NULL)
        disco__loop_set_referenced(&client->loop, true);
}

void disco_client_unref(disco_client_t *client)
{
    if (client != NULL)
        disco__loop_set_referenced(&client->loop, false);
}

uv_loop_t *disco_client_loop(const disco_client_t *client)
{
    return client != NULL ? client->loop.uv : NULL;
}
