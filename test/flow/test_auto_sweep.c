/* Each allocation fails in turn while the server is asked which API it serves, and while what was
 * held meanwhile is handed on. */
#include <uvdisco.h>

#include "support/test.h"
#include "support/tiny_etcd.h"

typedef struct bench_s {
    test_loop_t loop;
    tiny_etcd_t *etcd;
    disco_client_t *client;
    bool done;
    bool closed;
    int status;
} bench_t;

static void on_got(void *data, int status, const disco_kv_result_t *result)
{
    bench_t *bench = data;

    (void)result;
    bench->done = true;
    bench->status = status;
}

static void on_watched(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    (void)data;
    (void)watch;
    (void)event;
}

static void on_registered(void *data, disco_registration_t *registration,
                          const disco_registration_event_t *event)
{
    (void)data;
    (void)registration;
    (void)event;
}

static void on_closed(void *data, int status)
{
    bench_t *bench = data;

    assert_status(status, 0);
    bench->closed = true;
}

/* The key is read last, and so handed on last. */
static void use_client(bench_t *bench)
{
    static const disco_port_t ports[] = {{"http", "80"}};
    disco_host_t host = {.name = "n", .uuid = "u", .ports = ports, .port_count = 1};
    disco_client_t *client = bench->client;
    int rv = disco_kv_watch(client, "/w", NULL, on_watched, NULL, NULL);

    if (rv == 0)
        rv = disco_register(client, "web", &host, NULL, on_registered, NULL, NULL);
    if (rv == 0)
        rv = disco_kv_get(client, "/a", NULL, on_got, bench, NULL);
    if (rv == 0)
        loop_run_until(&bench->loop, &bench->done);
    else
        bench->status = rv;
    if (bench->status != 0)
        assert_status(bench->status, UV_ENOMEM);
    assert_status(disco_client_close(client, on_closed, bench), 0);
    loop_run_until(&bench->loop, &bench->closed);
}

static void ask_and_hand_on(void *data)
{
    bench_t bench = {.done = false};
    disco_options_t options;
    int rv;

    (void)data;
    loop_open(&bench.loop);
    bench.etcd = tiny_etcd_new(&bench.loop);
    tiny_etcd_put(bench.etcd, "/a", "1");
    assert_status(disco_options_init(&options), 0);
    options.endpoints = tiny_etcd_endpoint(bench.etcd);
    options.hostname = "here";
    options.backoff_first_ms = options.backoff_most_ms = 1;
    rv = disco_client_new(&bench.client, &bench.loop.uv, &options);
    if (rv == 0)
        use_client(&bench);
    else
        assert_status(rv, UV_ENOMEM);
    tiny_etcd_free(bench.etcd);
    loop_close(&bench.loop);
}

DISCO_TEST(the_api_is_asked_for)
{
    heap_sweep(ask_and_hand_on, NULL);
}
