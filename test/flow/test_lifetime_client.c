/* The ways in which a client ends, and whether it keeps its loop alive meanwhile. */
#include <stdio.h>

#include <uvdisco.h>

#include "support/net_server.h"
#include "support/test.h"
#include "support/tiny_etcd.h"

DISCO_TESTS_BY_API;

typedef struct bench_s {
    test_loop_t loop;
    tiny_etcd_t *etcd;
    disco_client_t *client;
    disco_registration_t *registration;
    size_t gets;
    int get_status;
    bool got;
    bool ready;
    bool synced;
    bool watched;
    bool ended; /* the registration */
    int end_status;
    bool closed;
    int close_status;
} bench_t;

static void client_open(bench_t *bench, const char *endpoints, const identity_t *ca)
{
    disco_options_t options;

    assert_status(disco_options_init(&options), 0);
    options.api = test_api();
    options.endpoints = endpoints;
    if (ca != NULL) {
        options.tls_source = DISCO_TLS_MEMORY;
        options.tls_ca = ca->certificate;
    }
    options.backoff_first_ms = options.backoff_most_ms = 1;
    assert_status(disco_client_new(&bench->client, &bench->loop.uv, &options), 0);
}

static void bench_open(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    loop_open(&bench->loop);
    bench->etcd = tiny_etcd_new(&bench->loop);
    client_open(bench, tiny_etcd_endpoint(bench->etcd), NULL);
}

static void on_closed(void *data, int status)
{
    bench_t *bench = data;

    assert_false(bench->closed);
    bench->closed = true;
    bench->close_status = status;
}

static void never_closed(void *data, int status)
{
    (void)data;
    fail_msg("called back with %s", disco_err_name(status));
}

static void bench_close(bench_t *bench)
{
    if (!bench->closed) {
        assert_status(disco_client_close(bench->client, on_closed, bench), 0);
        loop_run_until(&bench->loop, &bench->closed);
    }
    tiny_etcd_free(bench->etcd);
    loop_close(&bench->loop);
}

static void on_get(void *data, int status, const disco_service_t *service)
{
    bench_t *bench = data;

    (void)service;
    bench->gets++;
    bench->got = true;
    bench->get_status = status;
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    bench_t *bench = data;

    (void)registration;
    bench->ready = bench->ready || event->type == DISCO_REGISTRATION_READY;
    bench->ended = event->type == DISCO_REGISTRATION_CLOSED;
    bench->end_status = event->status;
}

static void on_subscription(void *data, disco_subscription_t *subscription,
                            const disco_subscription_event_t *event)
{
    (void)subscription;
    if (event->type == DISCO_SUBSCRIPTION_SYNCED)
        ((bench_t *)data)->synced = true;
}

static void on_watch(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    (void)watch;
    if (event->type == DISCO_WATCH_SYNCED)
        ((bench_t *)data)->watched = true;
}

static void register_host(bench_t *bench)
{
    const disco_host_t host = {.name = "h", .uuid = "u"};

    assert_status(disco_register(bench->client, "s", &host, NULL, on_registration, bench,
                                 &bench->registration),
                  0);
    loop_run_until(&bench->loop, &bench->ready);
}

static void follow(bench_t *bench)
{
    register_host(bench);
    assert_status(disco_subscribe(bench->client, "s", NULL, on_subscription, bench, NULL), 0);
    loop_run_until(&bench->loop, &bench->synced);
    assert_status(disco_kv_watch(bench->client, "/k", NULL, on_watch, bench, NULL), 0);
    loop_run_until(&bench->loop, &bench->watched);
}

DISCO_TEST(closing_twice_is_told)
{
    bench_t bench;

    bench_open(&bench);
    assert_status(disco_client_close(bench.client, on_closed, &bench), 0);
    assert_status(disco_client_close(bench.client, never_closed, NULL), DISCO_ECLOSING);
    assert_status(disco_client_shutdown(bench.client, 1, never_closed, NULL), DISCO_ECLOSING);
    loop_run_until(&bench.loop, &bench.closed);
    assert_status(bench.close_status, 0);
    bench_close(&bench);
}

DISCO_TEST(closing_needs_no_callback)
{
    bench_t bench;

    bench_open(&bench);
    register_host(&bench);
    assert_status(disco_client_close(bench.client, NULL, NULL), 0);
    loop_run(&bench.loop);
    assert_true(bench.ended);
    bench.closed = true;
    bench_close(&bench);
}

DISCO_TEST(shutting_down_needs_no_callback)
{
    bench_t bench;

    bench_open(&bench);
    register_host(&bench);
    assert_status(disco_client_shutdown(bench.client, 0, NULL, NULL), 0);
    loop_run(&bench.loop);
    assert_true(bench.ended);
    assert_null(tiny_etcd_value(bench.etcd, "/services/s/u"));
    bench.closed = true;
    bench_close(&bench);
}

DISCO_TEST(closing_leaves_hosts_in_etcd)
{
    bench_t bench;

    bench_open(&bench);
    register_host(&bench);
    assert_status(disco_client_close(bench.client, on_closed, &bench), 0);
    loop_run_until(&bench.loop, &bench.closed);
    assert_true(bench.ended);
    assert_status(bench.end_status, UV_ECANCELED);
    assert_non_null(tiny_etcd_value(bench.etcd, "/services/s/u"));
    bench_close(&bench);
}

DISCO_TEST(shutting_down_takes_hosts_out_of_etcd)
{
    bench_t bench;

    bench_open(&bench);
    follow(&bench);
    assert_status(disco_client_shutdown(bench.client, 0, on_closed, &bench), 0);
    assert_status(disco_client_shutdown(bench.client, 0, never_closed, NULL), DISCO_ECLOSING);
    assert_status(disco_get(bench.client, "s", NULL, on_get, &bench, NULL), DISCO_ECLOSING);
    loop_run_until(&bench.loop, &bench.closed);
    assert_status(bench.close_status, 0);
    assert_status(bench.end_status, 0);
    assert_null(tiny_etcd_value(bench.etcd, "/services/s/u"));
    assert_int(bench.gets, 0);
    bench_close(&bench);
}

DISCO_TEST(shutting_down_with_nothing_registered)
{
    bench_t bench;

    bench_open(&bench);
    assert_status(disco_client_shutdown(bench.client, 0, on_closed, &bench), 0);
    assert_false(bench.closed);
    loop_run_until(&bench.loop, &bench.closed);
    assert_status(bench.close_status, 0);
    assert_int(server_request_count(tiny_etcd_server(bench.etcd)), 0);
    bench_close(&bench);
}

static void stall(server_t *server, const server_request_t *request, void *data)
{
    (void)server;
    (void)request;
    (void)data;
}

DISCO_TEST(closing_cuts_a_shutdown_short)
{
    bench_t bench;

    bench_open(&bench);
    register_host(&bench);
    server_set_handler(tiny_etcd_server(bench.etcd), stall, NULL);
    assert_status(disco_client_shutdown(bench.client, 0, on_closed, &bench), 0);
    loop_turn(&bench.loop);
    assert_status(disco_client_close(bench.client, never_closed, NULL), 0);
    assert_status(disco_client_close(bench.client, never_closed, NULL), DISCO_ECLOSING);
    loop_run_until(&bench.loop, &bench.closed);
    assert_status(bench.close_status, UV_ECANCELED);
    assert_status(bench.end_status, UV_ECANCELED);
    bench_close(&bench);
}

DISCO_TEST(shutting_down_ends_in_time)
{
    bench_t bench;

    bench_open(&bench);
    register_host(&bench);
    server_set_handler(tiny_etcd_server(bench.etcd), stall, NULL);
    assert_status(disco_client_shutdown(bench.client, 20, on_closed, &bench), 0);
    loop_run_until(&bench.loop, &bench.closed);
    assert_status(bench.close_status, UV_ETIMEDOUT);
    assert_status(bench.end_status, UV_ETIMEDOUT);
    bench_close(&bench);
}

DISCO_TEST(unregistering_is_cut_short_by_shutting_down)
{
    bench_t bench;

    bench_open(&bench);
    register_host(&bench);
    server_set_handler(tiny_etcd_server(bench.etcd), stall, NULL);
    assert_status(disco_unregister(bench.registration, 60000), 0);
    assert_status(disco_unregister(bench.registration, 0), DISCO_ECLOSING);
    assert_status(disco_client_shutdown(bench.client, 20, on_closed, &bench), 0);
    loop_run_until(&bench.loop, &bench.closed);
    assert_status(bench.close_status, UV_ETIMEDOUT);
    bench_close(&bench);
}

/* A lookup is under way when the client is closed. */
static void close_with(const char *endpoints, size_t turns)
{
    bench_t bench;
    size_t i;

    memset(&bench, 0, sizeof bench);
    loop_open(&bench.loop);
    client_open(&bench, endpoints, NULL);
    assert_status(disco_get(bench.client, "s", NULL, on_get, &bench, NULL), 0);
    for (i = 0; i < turns; i++)
        loop_turn(&bench.loop);
    assert_status(disco_client_close(bench.client, on_closed, &bench), 0);
    loop_run_until(&bench.loop, &bench.closed);
    assert_int(bench.gets, 1);
    loop_close(&bench.loop);
}

DISCO_TEST(closed_while_a_name_is_resolved)
{
    size_t turns;

    for (turns = 0; turns < 10; turns++) {
        close_with("http://localhost:1", turns);
        close_with("http://name.invalid:1", turns);
        close_with("http://name.invalid:1,http://localhost:1", turns);
    }
}

/* Closed in each turn from the dial to the stalled answer or handshake. */
static void close_on_server(const net_server_options_t *options, const char *format,
                            const identity_t *ca)
{
    size_t turns;

    for (turns = 0; turns < 12; turns++) {
        test_loop_t *loop;
        net_server_t *server;
        char endpoint[64];
        bench_t bench;
        size_t i;

        memset(&bench, 0, sizeof bench);
        loop = &bench.loop;
        loop_open(loop);
        server = net_server_new(loop, options);
        (void)snprintf(endpoint, sizeof endpoint, format, (unsigned)server->port);
        client_open(&bench, endpoint, ca);
        assert_status(disco_get(bench.client, "s", NULL, on_get, &bench, NULL), 0);
        for (i = 0; i < turns; i++)
            loop_turn(loop);
        assert_int(bench.gets, 0);
        assert_status(disco_client_close(bench.client, on_closed, &bench), 0);
        loop_run_until(loop, &bench.closed);
        assert_int(bench.gets, 1);
        assert_status(bench.get_status, UV_ECANCELED);
        net_server_free(server);
        loop_close(loop);
    }
}

static const identity_t *server_identity(void)
{
    return identity_new(&(identity_spec_t){.name = "etcd", .names = "127.0.0.1", .ca = true});
}

DISCO_TEST(closed_while_connections_stall)
{
    const net_server_options_t stalling = {.way = NET_STALL};

    close_on_server(&stalling, "http://127.0.0.1:%u", NULL);
}

DISCO_TEST(closed_while_handshakes_stall)
{
    const net_server_options_t stalling = {.way = NET_STALL};

    close_on_server(&stalling, "https://127.0.0.1:%u", server_identity());
}

DISCO_TEST(closed_while_shaking_hands)
{
    const net_server_options_t serving = {.way = NET_STALL, .identity = server_identity()};

    close_on_server(&serving, "https://127.0.0.1:%u", serving.identity);
}

DISCO_TEST(after_unref_nothing_long_lived_keeps_the_loop_alive)
{
    bench_t bench;
    size_t turns;

    bench_open(&bench);
    follow(&bench);
    for (turns = 0; turns < 5; turns++) /* a connection that was given up is closed */
        loop_turn(&bench.loop);
    assert_int(uv_loop_alive(&bench.loop.uv), 1);
    disco_client_unref(bench.client);
    disco_client_unref(bench.client);
    assert_int(uv_loop_alive(&bench.loop.uv), 0);
    loop_run(&bench.loop);
    disco_client_ref(bench.client);
    assert_int(uv_loop_alive(&bench.loop.uv), 1);
    bench_close(&bench);
}

DISCO_TEST(unref_before_anything_is_begun)
{
    bench_t bench;

    bench_open(&bench);
    disco_client_unref(bench.client);
    assert_status(disco_subscribe(bench.client, "s", NULL, on_subscription, &bench, NULL), 0);
    loop_run(&bench.loop); /* returns */
    disco_client_ref(bench.client);
    loop_run_until(&bench.loop, &bench.synced);
    bench_close(&bench);
}

DISCO_TEST(after_unref_a_one_shot_is_waited_for)
{
    bench_t bench;

    bench_open(&bench);
    disco_client_unref(bench.client);
    assert_status(disco_get(bench.client, "s", NULL, on_get, &bench, NULL), 0);
    loop_run(&bench.loop);
    assert_int(bench.gets, 1);
    assert_status(bench.get_status, 0);
    bench_close(&bench);
}

DISCO_TEST(after_unref_unregistering_and_closing_are_waited_for)
{
    bench_t bench;

    bench_open(&bench);
    follow(&bench);
    disco_client_unref(bench.client);
    assert_status(disco_unregister(bench.registration, 0), 0);
    loop_run(&bench.loop);
    assert_true(bench.ended);
    assert_status(bench.end_status, 0);
    assert_status(disco_client_close(bench.client, on_closed, &bench), 0);
    loop_run(&bench.loop);
    assert_true(bench.closed);
    bench_close(&bench);
}

DISCO_TEST(an_idle_connection_does_not_keep_the_loop_alive)
{
    bench_t bench;

    bench_open(&bench);
    assert_status(disco_get(bench.client, "s", NULL, on_get, &bench, NULL), 0);
    loop_run(&bench.loop);
    assert_int(bench.gets, 1);
    assert_true(server_open_count(tiny_etcd_server(bench.etcd)) > 0);
    bench_close(&bench);
}
