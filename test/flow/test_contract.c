/* The seven points of include/uvdisco/client.h, each as it is worded there. What holds at every
 * step of every operation is in test_lifetime_*.c, what functions refuse in test_bad_*.c. */
#include <stdio.h>

#include <uvdisco.h>

#include "support/test.h"
#include "support/tiny_etcd.h"

DISCO_TESTS_BY_API;

#define PASSWORD "sesame-open"

typedef struct bench_s {
    test_loop_t loop;
    tiny_etcd_t *etcd;
    disco_client_t *client;
    bool returned; /* the call that is being looked at */
    size_t calls;
    int status;
    bool called;
    bool last; /* the terminal event came */
    bool closed;
    int close_status;
    size_t order; /* callbacks so far */
    size_t closed_at;
    char log[8192];
} bench_t;

static void on_log(void *data, disco_log_level_t level, const char *line)
{
    bench_t *bench = data;
    size_t used = strlen(bench->log);

    assert_true(level >= DISCO_LOG_ERROR && level <= DISCO_LOG_DEBUG);
    assert_null(strchr(line, '\n'));
    (void)snprintf(bench->log + used, sizeof bench->log - used, "%s\n", line);
}

static void client_open(bench_t *bench, disco_client_t **client, uv_loop_t *uv)
{
    char endpoint[64];
    disco_options_t options;

    (void)snprintf(endpoint, sizeof endpoint, "%s", tiny_etcd_endpoint(bench->etcd));
    assert_status(disco_options_init(&options), 0);
    options.api = test_api();
    options.endpoints = endpoint;
    options.user = "root";
    options.password = PASSWORD;
    options.backoff_first_ms = options.backoff_most_ms = 1;
    options.log = on_log;
    options.log_data = bench;
    options.log_level = DISCO_LOG_DEBUG;
    assert_status(disco_client_new(client, uv, &options), 0);
    memset(endpoint, 'x', sizeof endpoint); /* it was copied */
    memset(&options, 0xa5, sizeof options);
}

static void bench_open(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    loop_open(&bench->loop);
    bench->etcd = tiny_etcd_new(&bench->loop);
    client_open(bench, &bench->client, &bench->loop.uv);
}

static void on_closed(void *data, int status)
{
    bench_t *bench = data;

    assert_false(bench->closed);
    bench->closed = true;
    bench->close_status = status;
    bench->closed_at = ++bench->order;
}

static void close_client(bench_t *bench)
{
    assert_status(disco_client_close(bench->client, on_closed, bench), 0);
    assert_false(bench->closed);
    loop_run_until(&bench->loop, &bench->closed);
}

static void bench_close(bench_t *bench)
{
    if (!bench->closed)
        close_client(bench);
    assert_int(bench->closed_at, bench->order);
    tiny_etcd_free(bench->etcd);
    loop_close(&bench->loop);
    assert_null(strstr(bench->log, PASSWORD));
}

static void note(bench_t *bench, int status, bool last)
{
    assert_true(bench->returned);
    assert_false(bench->closed);
    assert_false(bench->last);
    bench->calls++;
    bench->order++;
    bench->status = status;
    bench->last = last;
    bench->called = true;
    if (status != 0)
        assert_status(disco_client_error_detail(bench->client)->status, status);
}

static void on_get(void *data, int status, const disco_service_t *service)
{
    (void)service;
    note(data, status, true);
}

static void on_key(void *data, int status, const disco_kv_result_t *result)
{
    (void)result;
    note(data, status, true);
}

static void on_version(void *data, int status, const char *server, const char *cluster)
{
    (void)server;
    (void)cluster;
    note(data, status, true);
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    (void)registration;
    note(data, event->status, event->type == DISCO_REGISTRATION_CLOSED);
}

static void on_subscription(void *data, disco_subscription_t *subscription,
                            const disco_subscription_event_t *event)
{
    (void)subscription;
    note(data, event->status, event->type == DISCO_SUBSCRIPTION_CLOSED);
}

static void on_watch(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    (void)watch;
    note(data, event->status, event->type == DISCO_WATCH_CLOSED);
}

static const disco_host_t a_host = {.name = "h", .uuid = "u"};

/* Every function that calls back. The handles that a kind has not are NULL. */
typedef struct handles_s {
    disco_request_t *request;
    disco_registration_t *registration;
    disco_subscription_t *subscription;
    disco_watch_t *watch;
} handles_t;

#define KINDS 9

static int begin(size_t kind, disco_client_t *client, bench_t *bench, handles_t *handles)
{
    memset(handles, 0, sizeof *handles);
    switch (kind) {
    case 0:
        return disco_get(client, "s", NULL, on_get, bench, &handles->request);
    case 1:
        return disco_get_for_shard(client, "s", "a", on_get, bench, &handles->request);
    case 2:
        return disco_kv_get(client, "/k", NULL, on_key, bench, &handles->request);
    case 3:
        return disco_kv_put(client, "/k", "v", NULL, on_key, bench, &handles->request);
    case 4:
        return disco_kv_delete(client, "/k", NULL, on_key, bench, &handles->request);
    case 5:
        return disco_server_version(client, on_version, bench, &handles->request);
    case 6:
        return disco_register(client, "s", &a_host, NULL, on_registration, bench,
                              &handles->registration);
    case 7:
        return disco_subscribe(client, "s", NULL, on_subscription, bench, &handles->subscription);
    default:
        return disco_kv_watch(client, "/k", NULL, on_watch, bench, &handles->watch);
    }
}

static int end(const handles_t *handles)
{
    if (handles->request != NULL)
        return disco_request_cancel(handles->request);
    if (handles->registration != NULL)
        return disco_registration_close(handles->registration);
    if (handles->subscription != NULL)
        return disco_subscription_close(handles->subscription);
    return disco_watch_close(handles->watch);
}

static void begin_one(bench_t *bench, size_t kind, handles_t *handles)
{
    bench->returned = bench->called = bench->last = false;
    bench->calls = 0;
    assert_status(begin(kind, bench->client, bench, handles), 0);
    bench->returned = true;
    assert_int(bench->calls, 0);
}

DISCO_TEST(point_1_a_negative_number_never_calls_back)
{
    bench_t bench;
    handles_t handles;
    size_t kind;

    bench_open(&bench);
    for (kind = 0; kind < KINDS; kind++)
        assert_status(begin(kind, NULL, &bench, &handles), UV_EINVAL);
    assert_status(disco_client_shutdown(bench.client, 0, on_closed, &bench), 0);
    for (kind = 0; kind < KINDS; kind++)
        assert_status(begin(kind, bench.client, &bench, &handles), DISCO_ECLOSING);
    assert_status(disco_client_close(bench.client, NULL, NULL), 0);
    for (kind = 0; kind < KINDS; kind++)
        assert_status(begin(kind, bench.client, &bench, &handles), DISCO_ECLOSING);
    loop_run_until(&bench.loop, &bench.closed);
    assert_int(bench.calls, 0); /* and returned is false: note() would have failed */
    bench_close(&bench);
}

static void assert_null_is_refused(bench_t *bench)
{
    disco_client_t *client = bench->client;
    disco_query_t query = {0};

    assert_status(disco_get(client, NULL, &query, on_get, NULL, NULL), UV_EINVAL);
    assert_status(disco_get(client, "s", NULL, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_get_for_shard(client, NULL, "a", on_get, NULL, NULL), UV_EINVAL);
    assert_status(disco_get_for_shard(client, "s", NULL, on_get, NULL, NULL), UV_EINVAL);
    assert_status(disco_get_for_shard(client, "s", "a", NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_get(client, NULL, NULL, on_key, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_get(client, "/k", NULL, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_put(client, NULL, "v", NULL, on_key, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_put(client, "/k", NULL, NULL, on_key, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_put(client, "/k", "v", NULL, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_delete(client, NULL, NULL, on_key, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_delete(client, "/k", NULL, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_server_version(client, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_watch(client, NULL, NULL, on_watch, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_watch(client, "/k", NULL, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_register(client, NULL, &a_host, NULL, on_registration, NULL, NULL),
                  UV_EINVAL);
    assert_status(disco_register(client, "s", NULL, NULL, on_registration, NULL, NULL), UV_EINVAL);
    assert_status(disco_register(client, "s", &a_host, NULL, NULL, NULL, NULL), UV_EINVAL);
    assert_status(disco_subscribe(client, NULL, NULL, on_subscription, NULL, NULL), UV_EINVAL);
    assert_status(disco_subscribe(client, "s", NULL, NULL, NULL, NULL), UV_EINVAL);
}

static void assert_null_handles_are_refused(void)
{
    const char *text;
    uint64_t stale_ms = 1;

    assert_status(disco_client_close(NULL, on_closed, NULL), UV_EINVAL);
    assert_status(disco_client_shutdown(NULL, 0, on_closed, NULL), UV_EINVAL);
    disco_client_ref(NULL);
    disco_client_unref(NULL);
    assert_null(disco_client_loop(NULL));
    assert_null(disco_client_error_detail(NULL));
    assert_status(disco_request_cancel(NULL), UV_EINVAL);
    disco_registration_options_init(NULL);
    assert_status(disco_registration_update(NULL, &a_host), UV_EINVAL);
    assert_status(disco_unregister(NULL, 0), UV_EINVAL);
    assert_status(disco_registration_close(NULL), UV_EINVAL);
    assert_null(disco_registration_uuid(NULL));
    assert_false(disco_registration_is_ready(NULL));
    assert_status(disco_registration_credentials(NULL, &text, &text), UV_EINVAL);
    assert_null(disco_registration_host(NULL));
    assert_status(disco_subscription_close(NULL), UV_EINVAL);
    assert_null(disco_subscription_service(NULL));
    assert_int(disco_subscription_state(NULL, &stale_ms), DISCO_VIEW_NEVER_SYNCED);
    assert_int(stale_ms, 0);
    assert_status(disco_watch_close(NULL), UV_EINVAL);
    assert_null(disco_service_ref(NULL));
    disco_service_unref(NULL);
    assert_null(disco_service_info(NULL));
    assert_status(disco_service_status(NULL), UV_EINVAL);
    assert_null(disco_service_first(NULL));
    assert_null(disco_service_one(NULL));
    assert_int(disco_service_broken(NULL), 0);
}

static void assert_null_buffers_are_refused(void)
{
    char buffer[64];
    size_t size = sizeof buffer;
    size_t count;
    const disco_host_t *const *hosts;

    assert_status(disco_service_all(NULL, &hosts, &count), UV_EINVAL);
    assert_status(disco_host_url(NULL, NULL, NULL, buffer, &size), UV_EINVAL);
    assert_status(disco_host_url(&a_host, NULL, NULL, buffer, NULL), UV_EINVAL);
    assert_status(disco_host_private_url(NULL, NULL, NULL, buffer, &size), UV_EINVAL);
    assert_status(disco_host_private_url(&a_host, NULL, NULL, buffer, NULL), UV_EINVAL);
    assert_status(disco_service_url(NULL, NULL, NULL, buffer, &size), UV_EINVAL);
    assert_status(disco_service_hosts_string(NULL, buffer, &size), UV_EINVAL);
    assert_status(disco_replace_allocator(NULL, NULL, NULL, NULL), UV_EINVAL);
}

DISCO_TEST(null_gives_einval_or_does_nothing)
{
    bench_t bench;

    bench_open(&bench);
    assert_null_is_refused(&bench);
    assert_null_handles_are_refused();
    assert_null_buffers_are_refused();
    bench_close(&bench);
}

/* With an endpoint that answers, and with one that refuses. */
static void each_one_shot_calls_back_once(bool refused)
{
    bench_t bench;
    handles_t handles;
    size_t kind;

    bench_open(&bench);
    if (refused)
        server_stop_listening(tiny_etcd_server(bench.etcd));
    for (kind = 0; kind < 6; kind++) {
        begin_one(&bench, kind, &handles);
        loop_run_until(&bench.loop, &bench.called);
        if (refused)
            assert_status(bench.status, UV_ECONNREFUSED);
        loop_turn(&bench.loop);
        loop_turn(&bench.loop);
        assert_int(bench.calls, 1);
    }
    bench_close(&bench);
}

DISCO_TEST(points_1_and_2_a_one_shot_calls_back_once_after_it_returned)
{
    each_one_shot_calls_back_once(false);
    each_one_shot_calls_back_once(true);
}

DISCO_TEST(points_2_and_3_ending_delivers_ecanceled_last_on_a_later_turn)
{
    bench_t bench;
    handles_t handles;
    size_t kind;

    bench_open(&bench);
    for (kind = 0; kind < KINDS; kind++) {
        begin_one(&bench, kind, &handles);
        assert_status(end(&handles), 0);
        assert_int(bench.calls, 0);
        assert_status(end(&handles), DISCO_ECLOSING);
        loop_run_until(&bench.loop, &bench.last);
        assert_status(bench.status, UV_ECANCELED);
        assert_int(bench.calls, 1);
    }
    bench_close(&bench);
}

DISCO_TEST(point_3_closing_the_client_ends_all_and_calls_back_last)
{
    bench_t bench;
    handles_t handles;
    size_t kind;

    for (kind = 0; kind < KINDS; kind++) {
        bench_open(&bench);
        begin_one(&bench, kind, &handles);
        assert_status(disco_client_close(bench.client, on_closed, &bench), 0);
        assert_int(bench.calls, 0);
        loop_run_until(&bench.loop, &bench.closed);
        assert_int(bench.calls, 1);
        assert_status(bench.status, UV_ECANCELED);
        assert_status(bench.close_status, 0);
        bench_close(&bench);
    }
}

static void two_clients(bool two_loops)
{
    bench_t first;
    bench_t second;
    handles_t handles;

    bench_open(&first);
    memset(&second, 0, sizeof second);
    if (two_loops)
        bench_open(&second);
    else
        client_open(&first, &second.client, &first.loop.uv);
    begin_one(&second, 0, &handles);
    begin_one(&first, 0, &handles);
    assert_ptr_equal(disco_client_loop(first.client), &first.loop.uv);
    loop_run_until(&first.loop, &first.called);
    loop_run_until(two_loops ? &second.loop : &first.loop, &second.called);
    if (two_loops) {
        bench_close(&first);
        bench_close(&second);
        return;
    }
    assert_status(disco_client_close(second.client, on_closed, &second), 0);
    loop_run_until(&first.loop, &second.closed);
    begin_one(&first, 2, &handles); /* the other one is not concerned */
    loop_run_until(&first.loop, &first.called);
    bench_close(&first);
}

DISCO_TEST(point_5_several_clients_and_several_loops)
{
    two_clients(false);
    two_clients(true);
}

static void keep(void *data, int status, const disco_service_t *service)
{
    disco_service_t **kept = data;

    assert_status(status, 0);
    *kept = disco_service_ref(service);
}

DISCO_TEST(point_6_what_is_given_is_copied_and_a_snapshot_can_be_kept)
{
    char service[] = "shop";
    char shard[] = "a";
    disco_query_t query = {.shard = shard};
    disco_service_t *kept = NULL;
    const disco_host_t *const *hosts;
    size_t count;
    bench_t bench;

    bench_open(&bench);
    tiny_etcd_put(bench.etcd, "/services/shop/u",
                  "{\"name\":\"h\",\"shard\":\"a\",\"uuid\":\"u\"}");
    assert_status(disco_get(bench.client, service, &query, keep, &kept, NULL), 0);
    memset(service, 'x', sizeof service - 1);
    shard[0] = 'x';
    query.shard = NULL;
    loop_run(&bench.loop);
    close_client(&bench);
    assert_string_equal(disco_service_info(kept)->name, "shop");
    assert_status(disco_service_all(kept, &hosts, &count), 0);
    assert_int(count, 1);
    assert_string_equal(hosts[0]->name, "h");
    disco_service_unref(kept);
    bench_close(&bench);
}

static void on_refused(server_t *server, const server_request_t *request, void *data)
{
    (void)data;
    if (test_api() == DISCO_API_V3)
        server_respond(server, request, 403, NULL,
                       "{\"error\":\"etcdserver: permission denied\",\"code\":7}");
    else
        server_respond(server, request, 401, "X-Etcd-Index: 0\r\n",
                       "{\"errorCode\":110,\"message\":\"The request requires user "
                       "authentication\",\"cause\":\"Insufficient credentials\",\"index\":0}");
}

DISCO_TEST(point_7_an_error_says_what_happened_without_secrets)
{
    bench_t bench;
    handles_t handles;
    const disco_error_detail_t *detail;
    bool v3 = test_api() == DISCO_API_V3;

    bench_open(&bench);
    server_set_handler(tiny_etcd_server(bench.etcd), on_refused, NULL);
    begin_one(&bench, 3, &handles);
    loop_run_until(&bench.loop, &bench.called);
    assert_status(bench.status, DISCO_EAUTH);
    detail = disco_client_error_detail(bench.client);
    assert_int(detail->etcd_code, v3 ? 7 : 110);
    assert_string_equal(detail->endpoint, tiny_etcd_endpoint(bench.etcd));
    assert_string_equal(detail->api, v3 ? "v3" : "v2");
    assert_non_null(strstr(detail->message, v3 ? "permission denied" : "Insufficient credentials"));
    assert_null(strstr(detail->message, PASSWORD));
    assert_string_equal(disco_err_name(bench.status), "DISCO_EAUTH");
    assert_true(strlen(disco_strerror(bench.status)) > 10);
    server_stop_listening(tiny_etcd_server(bench.etcd));
    server_hang_up_all(tiny_etcd_server(bench.etcd));
    begin_one(&bench, 3, &handles);
    loop_run_until(&bench.loop, &bench.called);
    assert_non_null(strstr(bench.log, tiny_etcd_endpoint(bench.etcd)));
    bench_close(&bench);
}
