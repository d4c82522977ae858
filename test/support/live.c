#include "support/live.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "disco/model.h"

static const char *const registration_names[] = {
    "", "READY", "LOST", "RECOVERED", "CREDENTIALS", "UPDATED", "RETRYING", "CLOSED",
};

static const char *const view_names[] = {
    "", "SNAPSHOT", "SYNCED", "UP", "CHANGED", "DOWN", "INFO", "STALE", "CLOSED",
};

static const char *const watch_names[] = {
    "", "PUT", "DELETE", "EXPIRE", "SYNCED", "STALE", "GAP", "CLOSED",
};

void live_open(live_t *live, const etcd_options_t *options)
{
    etcd_options_t own = {0};

    memset(live, 0, sizeof *live);
    if (options != NULL)
        own = *options;
    if (test_api() == DISCO_API_V3)
        own.without_v2 = true;
    if (!own.without_v2)
        etcd_needs_v2();
    loop_open(&live->loop);
    live->etcd = etcd_start(&live->loop, &own);
}

void live_close(live_t *live)
{
    recorder_t *recorder;

    etcd_free(live->etcd);
    for (recorder = live->recorders; recorder != NULL; recorder = recorder->next)
        recorder_free(recorder);
    loop_close(&live->loop);
}

static void record(live_t *live, recorder_t *recorder, const char *const *names)
{
    const recorder_t *other;

    for (other = live->recorders; other != NULL; other = other->next)
        assert_ptr_not_equal(other, recorder);
    recorder_init(recorder, &live->loop, names);
    recorder->next = live->recorders;
    live->recorders = recorder;
}

uint32_t live_seconds(uint32_t seconds)
{
    return DISCO_TEST_PATIENCE > 1 ? 3 * seconds : seconds;
}

/* What the library says, for whoever looks for a fault: UVDISCO_TEST_LOG=1. */
static void on_line(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    (void)fprintf(stderr, "%llu %d %s\n", (unsigned long long)(uv_hrtime() / 1000000), (int)level,
                  line);
}

disco_options_t live_options(const live_t *live)
{
    disco_options_t options;

    disco_options_init(&options);
    options.api = test_api() != DISCO_API_AUTO ? test_api() : DISCO_API_V2;
    options.endpoints = etcd_endpoints(live->etcd);
    options.hostname = "this-machine";
    options.backoff_first_ms = 10;
    options.backoff_most_ms = 200;
    if (getenv("UVDISCO_TEST_LOG") != NULL) {
        options.log = on_line;
        options.log_level = DISCO_LOG_DEBUG;
    }
    return options;
}

disco_client_t *live_client_with(live_t *live, disco_options_t *options)
{
    disco_client_t *client = NULL;

    assert_status(disco_client_new(&client, &live->loop.uv, options), 0);
    return client;
}

disco_client_t *live_client(live_t *live)
{
    disco_options_t options = live_options(live);

    return live_client_with(live, &options);
}

disco_client_t *live_client_at(live_t *live, const char *endpoints)
{
    disco_options_t options = live_options(live);

    options.endpoints = endpoints;
    return live_client_with(live, &options);
}

disco_client_t *live_client_on(live_t *live, disco_api_t api)
{
    disco_options_t options = live_options(live);

    options.api = api;
    return live_client_with(live, &options);
}

typedef struct closing_s {
    bool closed;
    int status;
} closing_t;

static void on_client_closed(void *data, int status)
{
    closing_t *closing = data;

    closing->closed = true;
    closing->status = status;
}

void live_client_close(live_t *live, disco_client_t *client)
{
    closing_t closing = {false, 0};

    assert_status(disco_client_close(client, on_client_closed, &closing), 0);
    loop_run_until(&live->loop, &closing.closed);
    assert_status(closing.status, 0);
}

void live_client_shutdown(live_t *live, disco_client_t *client)
{
    closing_t closing = {false, 0};

    assert_status(disco_client_shutdown(client, 0, on_client_closed, &closing), 0);
    loop_run_until(&live->loop, &closing.closed);
    assert_status(closing.status, 0);
}

const disco_host_t *live_host(const char *uuid, const char *name)
{
    static const disco_port_t ports[] = {{"http", "80"}};
    static disco_host_t host;

    memset(&host, 0, sizeof host);
    host.uuid = uuid;
    host.name = name;
    host.ports = ports;
    host.port_count = 1;
    return &host;
}

const char *live_host_json(const char *service, const char *uuid, const char *name)
{
    static char text[1024];

    (void)snprintf(text, sizeof text,
                   "{\"name\":\"%s\",\"service_name\":\"%s\",\"ports\":{\"http\":\"80\"},"
                   "\"private_hostname\":\"%s\",\"private_ports\":{\"http\":\"80\"},"
                   "\"uuid\":\"%s\"}",
                   name, service, name, uuid);
    return text;
}

static void on_registration(void *data, disco_registration_t *handle,
                            const disco_registration_event_t *event)
{
    live_registration_t *registration = data;
    told_t told = {.type = (int)event->type, .status = event->status};

    told.key = event->user;
    told.value = event->password;
    if (event->type == DISCO_REGISTRATION_CLOSED)
        registration->handle = NULL;
    else
        assert_ptr_equal(handle, registration->handle);
    recorder_add(&registration->told, &told);
}

void live_register(live_t *live, live_registration_t *registration, disco_client_t *client,
                   const char *service, const disco_host_t *host,
                   const disco_registration_options_t *options)
{
    disco_registration_options_t long_enough;

    disco_registration_options_init(&long_enough);
    long_enough.ttl_s = 60;
    record(live, &registration->told, registration_names);
    registration->told.passed_over = DISCO_REGISTRATION_RETRYING;
    assert_status(disco_register(client, service, host, options != NULL ? options : &long_enough,
                                 on_registration, registration, &registration->handle),
                  0);
}

void live_await_ready(live_registration_t *registration)
{
    while (!disco_registration_is_ready(registration->handle))
        recorder_await(&registration->told, DISCO_REGISTRATION_RECOVERED);
}

void live_unregister(live_registration_t *registration)
{
    assert_status(disco_unregister(registration->handle, 0), 0);
    assert_status(recorder_await(&registration->told, DISCO_REGISTRATION_CLOSED)->status, 0);
}

static char *host_text(const disco_host_t *host)
{
    disco__buffer_t buffer;
    char *text;

    disco__buffer_init(&buffer);
    assert_int(disco__host_write(&buffer, host), 0);
    text = strdup(disco__buffer_text(&buffer));
    disco__buffer_free(&buffer);
    assert_non_null(text);
    return text;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    return copy;
}

static size_t known(const live_view_t *view, const char *uuid)
{
    size_t i = 0;

    while (i < view->count && strcmp(view->uuids[i], uuid) != 0)
        i++;
    return i;
}

static void know(live_view_t *view, const char *uuid, const char *text)
{
    assert_int(known(view, uuid), view->count);
    assert_true(view->count < LIVE_MOST_HOSTS);
    view->uuids[view->count] = copy_of(uuid);
    view->hosts[view->count++] = copy_of(text);
}

static void forget(live_view_t *view, size_t place)
{
    assert_true(place < view->count);
    free(view->uuids[place]);
    free(view->hosts[place]);
    view->count--;
    view->uuids[place] = view->uuids[view->count];
    view->hosts[place] = view->hosts[view->count];
}

static void assert_view_is_known(const live_view_t *view, const disco_service_t *service)
{
    const disco_host_t *const *hosts;
    size_t count;
    size_t i;

    (void)disco_service_all(service, &hosts, &count);
    assert_int(count, view->count);
    for (i = 0; i < count; i++) {
        char *text = host_text(hosts[i]);
        size_t place = known(view, hosts[i]->uuid);

        assert_true(place < view->count);
        assert_string_equal(text, view->hosts[place]);
        free(text);
    }
}

static void learn_snapshot(live_view_t *view, const disco_service_t *service)
{
    const disco_host_t *const *hosts;
    size_t count;
    size_t i;

    assert_int(view->count, 0);
    (void)disco_service_all(service, &hosts, &count);
    for (i = 0; i < count; i++) {
        char *text = host_text(hosts[i]);

        know(view, hosts[i]->uuid, text);
        free(text);
    }
}

static void check(live_view_t *view, const disco_subscription_event_t *event, const told_t *told)
{
    const char *uuid = told->key != NULL ? told->key : "";
    const char *host = told->value != NULL ? told->value : "";
    size_t place = known(view, uuid);

    switch (event->type) {
    case DISCO_SUBSCRIPTION_SNAPSHOT:
        learn_snapshot(view, event->service);
        break;
    case DISCO_SUBSCRIPTION_UP:
        know(view, uuid, host);
        break;
    case DISCO_SUBSCRIPTION_CHANGED:
        assert_true(place < view->count);
        assert_string_equal(told->previous, view->hosts[place]);
        assert_string_not_equal(host, told->previous);
        forget(view, place);
        know(view, uuid, host);
        break;
    case DISCO_SUBSCRIPTION_DOWN:
        assert_true(place < view->count);
        assert_string_equal(host, view->hosts[place]);
        forget(view, place);
        break;
    case DISCO_SUBSCRIPTION_SYNCED:
    case DISCO_SUBSCRIPTION_INFO:
    case DISCO_SUBSCRIPTION_STALE:
    case DISCO_SUBSCRIPTION_CLOSED:
        break;
    }
    if (event->service != NULL)
        assert_view_is_known(view, event->service);
}

static void on_view(void *data, disco_subscription_t *handle,
                    const disco_subscription_event_t *event)
{
    live_view_t *view = data;
    told_t told = {.type = (int)event->type, .status = event->status};
    char *host = event->host != NULL ? host_text(event->host) : NULL;
    char *previous = event->previous != NULL ? host_text(event->previous) : NULL;

    assert_ptr_equal(handle, view->handle);
    told.key = event->host != NULL ? event->host->uuid : NULL;
    told.value = host;
    told.previous = previous;
    if (!view->filtered)
        check(view, event, &told);
    recorder_add(&view->told, &told);
    free(host);
    free(previous);
    if (event->type != DISCO_SUBSCRIPTION_CLOSED)
        return;
    view->handle = NULL;
    while (view->count > 0)
        forget(view, 0);
    free(view->service);
}

void live_subscribe(live_t *live, live_view_t *view, disco_client_t *client, const char *service,
                    const disco_subscription_options_t *options)
{
    memset(view, 0, sizeof *view);
    record(live, &view->told, view_names);
    view->filtered = options != NULL && options->filter != DISCO_SUBSCRIBE_ALL;
    view->service = strdup(service);
    assert_status(disco_subscribe(client, service, options, on_view, view, &view->handle), 0);
}

void live_unsubscribe(live_view_t *view)
{
    assert_status(disco_subscription_close(view->handle), 0);
    assert_status(recorder_await(&view->told, DISCO_SUBSCRIPTION_CLOSED)->status, UV_ECANCELED);
}

static void on_watch(void *data, disco_watch_t *handle, const disco_watch_event_t *event)
{
    live_watch_t *watch = data;
    told_t told = {.type = (int)event->type, .status = event->status, .revision = event->revision};

    assert_ptr_equal(handle, watch->handle);
    if (event->entry != NULL) {
        told.key = event->entry->key;
        told.value = event->entry->value;
    }
    if (event->previous != NULL)
        told.previous = event->previous->value;
    recorder_add(&watch->told, &told);
    if (event->type == DISCO_WATCH_CLOSED)
        watch->handle = NULL;
}

void live_watch(live_t *live, live_watch_t *watch, disco_client_t *client, const char *key,
                bool recursive, uint64_t from_revision)
{
    disco_kv_watch_options_t options = {.recursive = recursive, .from_revision = from_revision};

    record(live, &watch->told, watch_names);
    assert_status(disco_kv_watch(client, key, &options, on_watch, watch, &watch->handle), 0);
}

void live_unwatch(live_watch_t *watch)
{
    assert_status(disco_watch_close(watch->handle), 0);
    assert_status(recorder_await(&watch->told, DISCO_WATCH_CLOSED)->status, UV_ECANCELED);
}

disco_watch_event_type_t live_expired(void)
{
    return test_api() == DISCO_API_V3 ? DISCO_WATCH_DELETE : DISCO_WATCH_EXPIRE;
}

typedef struct lookup_s {
    bool done;
    int status;
    disco_service_t *service;
} lookup_t;

static void on_got(void *data, int status, const disco_service_t *service)
{
    lookup_t *lookup = data;

    assert_false(lookup->done);
    assert_int(status == 0, service != NULL);
    lookup->done = true;
    lookup->status = status;
    lookup->service = disco_service_ref(service);
}

int live_get(live_t *live, disco_client_t *client, const char *name, const disco_query_t *query,
             disco_service_t **service)
{
    lookup_t lookup = {false, 0, NULL};

    assert_status(disco_get(client, name, query, on_got, &lookup, NULL), 0);
    loop_run_until(&live->loop, &lookup.done);
    if (service != NULL)
        *service = lookup.service;
    else
        disco_service_unref(lookup.service);
    return lookup.status;
}

static void compare(const live_view_t *view, const live_hosts_t *hosts)
{
    size_t i;

    for (i = 0; i < hosts->count; i++) {
        size_t place = known(view, hosts->uuids[i]);

        assert_true(place < view->count);
        assert_string_equal(view->hosts[place], hosts->hosts[i]);
    }
    assert_int(view->count, hosts->count);
}

/* What was told before a host that is written now is all that came before it there. */
static void drain(live_t *live, live_view_t *view, disco_api_t side)
{
    char key[256];
    const char *uuid = "last";

    (void)snprintf(key, sizeof key, "/services/%s/%s", view->service, uuid);
    live_write_on(live, side, key, live_host_json(view->service, uuid, "last"), 0);
    while (strcmp(recorder_await(&view->told, DISCO_SUBSCRIPTION_UP)->key, uuid) != 0)
        continue;
    assert_true(live_delete_on(live, side, key));
    while (strcmp(recorder_await(&view->told, DISCO_SUBSCRIPTION_DOWN)->key, uuid) != 0)
        continue;
}

void live_view_check(live_t *live, live_view_t *view)
{
    live_hosts_t hosts;

    if (live_has_side(DISCO_API_V2))
        drain(live, view, DISCO_API_V2);
    if (live_has_side(DISCO_API_V3))
        drain(live, view, DISCO_API_V3);
    live_list(live, view->service, &hosts);
    compare(view, &hosts);
    live_hosts_free(&hosts);
}
