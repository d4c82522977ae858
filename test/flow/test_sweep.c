/* Each allocation fails in turn: once, whereupon everything must still come to its end, by an error
 * or by trying again; and with all that follow, whereupon the client must still be closed. */
#include <uvdisco.h>

#include "support/certs.h"
#include "support/test.h"
#include "support/tiny_etcd.h"

DISCO_TESTS_BY_API;

#define NO_TIME_MS 5 /* for what cannot succeed without memory */

static const char other_host[] =
    "{\"name\":\"o\",\"service_name\":\"shop\",\"ports\":{\"http\":\"80\"},\"user\":\"\","
    "\"password\":\"\",\"private_hostname\":\"o\",\"private_ports\":{\"http\":\"80\"},"
    "\"uuid\":\"other\"}";
static const char an_info[] =
    "{\"name\":\"shop\",\"critical\":false,\"hostname\":\"shop.test\",\"user\":\"u2\","
    "\"password\":\"p2\",\"ports\":{\"http\":\"80\"},\"public\":true}";

typedef struct bench_s {
    test_loop_t loop;
    tiny_etcd_t *etcd;
    disco_client_t *client;
    bool once;      /* one allocation fails; else all that follow as well */
    unsigned told;  /* bit for each type of event */
    unsigned until; /* bits that are waited for */
    bool awake;     /* they came, or there is no memory left */
    bool starved;
    bool ended;
    bool closed;
    int status; /* of the callback of a one-shot, or of the last event */
} bench_t;

/* There is no point in waiting any longer once memory is gone for good. */
static void note(bench_t *bench, unsigned type, int status, bool last)
{
    bench->told |= 1u << type;
    bench->status = status;
    bench->ended = bench->ended || last;
    bench->starved = bench->starved || (status == UV_ENOMEM && !bench->once);
    bench->awake = bench->starved || (bench->told & bench->until) == bench->until;
}

static void wait_until(bench_t *bench, unsigned types)
{
    bench->until = types;
    bench->awake = bench->starved || (bench->told & types) == types;
    loop_run_until(&bench->loop, &bench->awake);
}

static void on_closed(void *data, int status)
{
    bench_t *bench = data;

    bench->status = status;
    bench->closed = true;
}

static void close_client(bench_t *bench)
{
    assert_status(disco_client_close(bench->client, on_closed, bench), 0);
    loop_run_until(&bench->loop, &bench->closed);
}

static void bench_open(bench_t *bench)
{
    bench->told = 0;
    bench->starved = bench->ended = bench->closed = false;
    loop_open(&bench->loop);
    bench->etcd = tiny_etcd_new(&bench->loop);
    tiny_etcd_put(bench->etcd, "/services/shop/other", other_host);
    tiny_etcd_put(bench->etcd, "/services_infos/shop", an_info);
}

static void bench_close(bench_t *bench)
{
    tiny_etcd_free(bench->etcd);
    loop_close(&bench->loop);
}

/* False: there was no memory for it. */
static bool client_open(bench_t *bench)
{
    disco_options_t options;
    int rv;

    assert_status(disco_options_init(&options), 0);
    options.api = test_api();
    options.endpoints = tiny_etcd_endpoint(bench->etcd);
    options.user = "root";
    options.password = "pw";
    options.hostname = "here";
    options.backoff_first_ms = options.backoff_most_ms = 1;
    rv = disco_client_new(&bench->client, &bench->loop.uv, &options);
    if (rv != 0)
        assert_status(rv, UV_ENOMEM);
    return rv == 0;
}

/* What is done with a client; it is closed after it, unless it did so itself. */
typedef void (*deed_t)(bench_t *bench);

static void run(bench_t *bench, deed_t deed)
{
    bench_open(bench);
    if (client_open(bench)) {
        deed(bench);
        if (!bench->closed)
            close_client(bench);
    }
    bench_close(bench);
}

static void sweep_with(bench_t *bench, deed_t deed, void (*fail_nth)(size_t n))
{
    size_t n = 0;

    do {
        fail_nth(++n);
        run(bench, deed);
        heap_fail_never();
        if (heap_live() != 0)
            fail_msg("with allocation %zu failing, blocks left over: %s", n, heap_describe());
    } while (heap_has_failed());
    assert_true(n > 3);
}

static void sweep_once(deed_t deed)
{
    bench_t bench = {.once = true};

    sweep_with(&bench, deed, heap_fail_at);
}

static void sweep_on(deed_t deed)
{
    bench_t bench = {.once = false};

    sweep_with(&bench, deed, heap_fail_from);
}

static bool began(bench_t *bench, int status)
{
    bench->told = 0;
    bench->ended = false;
    if (status != 0)
        assert_status(status, UV_ENOMEM);
    return status == 0;
}

static void do_nothing(bench_t *bench)
{
    (void)bench;
}

static void on_got(void *data, int status, const disco_service_t *service)
{
    assert_true((status == 0) == (service != NULL));
    if (service != NULL)
        assert_status(disco_service_status(service), 0);
    note(data, 0, status, true);
}

static void on_sharded(void *data, int status, const disco_service_t *service)
{
    if (service != NULL)
        assert_status(disco_service_status(service), DISCO_ENOSHARD);
    note(data, 0, status, true);
}

static void on_key(void *data, int status, const disco_kv_result_t *result)
{
    assert_true((status == 0) == (result != NULL));
    note(data, 0, status, true);
}

static void on_version(void *data, int status, const char *server, const char *cluster)
{
    assert_true((status == 0) == (server != NULL && cluster != NULL));
    note(data, 0, status, true);
}

static void one_shot(bench_t *bench, int status)
{
    if (!began(bench, status))
        return;
    bench->until = 1;
    bench->awake = bench->ended;
    loop_run_until(&bench->loop, &bench->awake);
    assert_true(bench->ended);
    if (bench->status != 0)
        assert_status(bench->status, UV_ENOMEM);
}

static void look_up(bench_t *bench)
{
    one_shot(bench, disco_get(bench->client, "shop", NULL, on_got, bench, NULL));
    one_shot(bench, disco_get_for_shard(bench->client, "shop", "b", on_sharded, bench, NULL));
}

static void use_keys(bench_t *bench)
{
    disco_client_t *client = bench->client;
    const disco_kv_put_options_t put = {.ttl_s = 9};
    const disco_kv_get_options_t all = {.recursive = true};

    one_shot(bench, disco_kv_put(client, "/k", "v\"\n\xc3\xa4", &put, on_key, bench, NULL));
    one_shot(bench, disco_kv_get(client, "/services/shop", &all, on_key, bench, NULL));
    one_shot(bench, disco_server_version(client, on_version, bench, NULL));
    tiny_etcd_put(bench->etcd, "/k", "v");
    one_shot(bench, disco_kv_delete(client, "/k", NULL, on_key, bench, NULL));
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    (void)registration;
    note(data, event->type, event->status, event->type == DISCO_REGISTRATION_CLOSED);
}

static disco_registration_t *register_host(bench_t *bench)
{
    const disco_port_t ports[] = {{"http", "80"}, {"https", "443"}};
    disco_host_t host = {
        .name = "h", .ports = ports, .port_count = 2, .is_public = true, .user = "u"};
    disco_registration_t *registration;

    if (!began(bench, disco_register(bench->client, "shop", &host, NULL, on_registration, bench,
                                     &registration)))
        return NULL;
    wait_until(bench, 1u << DISCO_REGISTRATION_READY);
    if (bench->starved)
        return NULL;
    host.shard = "b";
    if (disco_registration_update(registration, &host) == 0)
        wait_until(bench, 1u << DISCO_REGISTRATION_UPDATED);
    return bench->starved ? NULL : registration;
}

static void keep_registered(bench_t *bench)
{
    disco_registration_t *registration = register_host(bench);

    /* Without memory nobody is told that the service cannot be followed: heartbeats come first. */
    if (registration == NULL || !bench->once)
        return;
    tiny_etcd_put(bench->etcd, "/services_infos/shop", an_info);
    wait_until(bench, 1u << DISCO_REGISTRATION_CREDENTIALS);
    assert_status(disco_unregister(registration, 0), 0);
    wait_until(bench, 1u << DISCO_REGISTRATION_CLOSED);
    assert_status(bench->status, 0);
}

static void unregister(bench_t *bench)
{
    disco_registration_t *registration = register_host(bench);

    if (registration == NULL)
        return;
    assert_status(disco_unregister(registration, bench->once ? 0 : NO_TIME_MS), 0);
    bench->starved = false;
    wait_until(bench, 1u << DISCO_REGISTRATION_CLOSED);
    if (bench->once)
        assert_status(bench->status, 0);
}

static void shut_down(bench_t *bench)
{
    (void)register_host(bench);
    assert_status(
        disco_client_shutdown(bench->client, bench->once ? 0 : NO_TIME_MS, on_closed, bench), 0);
    loop_run_until(&bench->loop, &bench->closed);
    if (bench->once)
        assert_status(bench->status, 0);
}

static void on_subscription(void *data, disco_subscription_t *subscription,
                            const disco_subscription_event_t *event)
{
    (void)subscription;
    note(data, event->type, event->status, event->type == DISCO_SUBSCRIPTION_CLOSED);
}

static void subscribe(bench_t *bench)
{
    disco_subscription_t *subscription;
    disco_service_t *kept;

    if (!began(bench,
               disco_subscribe(bench->client, "shop", NULL, on_subscription, bench, &subscription)))
        return;
    wait_until(bench, 1u << DISCO_SUBSCRIPTION_SYNCED);
    kept = disco_service_ref(disco_subscription_service(subscription));
    tiny_etcd_put(bench->etcd, "/services/shop/third", other_host);
    wait_until(bench, 1u << DISCO_SUBSCRIPTION_UP);
    tiny_etcd_delete(bench->etcd, "/services/shop/other");
    wait_until(bench, 1u << DISCO_SUBSCRIPTION_DOWN);
    tiny_etcd_put(bench->etcd, "/services_infos/shop",
                  "{\"name\":\"shop\",\"critical\":true,\"hostname\":\"\",\"public\":false}");
    wait_until(bench, 1u << DISCO_SUBSCRIPTION_INFO);
    assert_status(disco_subscription_close(subscription), 0);
    bench->starved = false;
    wait_until(bench, 1u << DISCO_SUBSCRIPTION_CLOSED);
    disco_service_unref(kept);
}

static void on_watch(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    (void)watch;
    note(data, event->type, event->status, event->type == DISCO_WATCH_CLOSED);
}

static void watch_keys(bench_t *bench)
{
    const disco_kv_watch_options_t options = {.recursive = true};
    disco_watch_t *watch;

    if (!began(bench, disco_kv_watch(bench->client, "/w", &options, on_watch, bench, &watch)))
        return;
    wait_until(bench, 1u << DISCO_WATCH_SYNCED);
    tiny_etcd_put(bench->etcd, "/w/a", "1");
    wait_until(bench, 1u << DISCO_WATCH_PUT);
    tiny_etcd_expire(bench->etcd, "/w/a");
    wait_until(bench, 1u << (test_api() == DISCO_API_V3 ? DISCO_WATCH_DELETE : DISCO_WATCH_EXPIRE));
    if (bench->once)
        assert_int(bench->told & (1u << DISCO_WATCH_GAP), 0);
    assert_status(disco_watch_close(watch), 0);
    bench->starved = false;
    wait_until(bench, 1u << DISCO_WATCH_CLOSED);
}

DISCO_TEST(client_when_one_allocation_fails)
{
    sweep_once(do_nothing);
}

DISCO_TEST(client_when_memory_is_gone)
{
    sweep_on(do_nothing);
}

DISCO_TEST(lookup_when_one_allocation_fails)
{
    sweep_once(look_up);
}

DISCO_TEST(lookup_when_memory_is_gone)
{
    sweep_on(look_up);
}

DISCO_TEST(key_requests_when_one_allocation_fails)
{
    sweep_once(use_keys);
}

DISCO_TEST(key_requests_when_memory_is_gone)
{
    sweep_on(use_keys);
}

DISCO_TEST(registration_when_one_allocation_fails)
{
    sweep_once(keep_registered);
}

DISCO_TEST(registration_when_memory_is_gone)
{
    sweep_on(keep_registered);
}

DISCO_TEST(unregistering_when_one_allocation_fails)
{
    sweep_once(unregister);
}

DISCO_TEST(unregistering_when_memory_is_gone)
{
    sweep_on(unregister);
}

DISCO_TEST(shutdown_when_one_allocation_fails)
{
    sweep_once(shut_down);
}

DISCO_TEST(shutdown_when_memory_is_gone)
{
    sweep_on(shut_down);
}

DISCO_TEST(subscription_when_one_allocation_fails)
{
    sweep_once(subscribe);
}

DISCO_TEST(subscription_when_memory_is_gone)
{
    sweep_on(subscribe);
}

DISCO_TEST(watch_when_one_allocation_fails)
{
    sweep_once(watch_keys);
}

DISCO_TEST(watch_when_memory_is_gone)
{
    sweep_on(watch_keys);
}

static void make_tls_clients(void *data)
{
    const identity_t *identity = data;
    disco_options_t options;
    disco_client_t *client;
    bench_t bench = {.once = true};
    int rv;

    loop_open(&bench.loop);
    assert_status(disco_options_init(&options), 0);
    options.api = test_api();
    options.endpoints = "https://127.0.0.1:1, https://[::1]:1";
    options.tls_source = DISCO_TLS_MEMORY;
    options.tls_ca = options.tls_certificate = identity->certificate;
    options.tls_key = identity->key;
    rv = disco_client_new(&client, &bench.loop.uv, &options);
    if (rv != 0)
        assert_status(rv, UV_ENOMEM);
    bench.client = client;
    if (rv == 0)
        close_client(&bench);
    loop_close(&bench.loop);
}

DISCO_TEST(tls_client_from_memory)
{
    heap_sweep(make_tls_clients, identity_new(&(identity_spec_t){.name = "test CA", .ca = true}));
}

typedef struct files_s {
    const char *certificate;
    const char *key;
} files_t;

static void make_tls_clients_from_files(void *data)
{
    const files_t *files = data;
    disco_options_t options;
    disco_client_t *client;
    bench_t bench = {.once = true};
    int rv;

    loop_open(&bench.loop);
    assert_status(disco_options_init(&options), 0);
    options.api = test_api();
    options.endpoints = "https://localhost";
    options.tls_ca = options.tls_certificate = files->certificate;
    options.tls_key = files->key;
    rv = disco_client_new(&client, &bench.loop.uv, &options);
    if (rv != 0)
        assert_status(rv, UV_ENOMEM);
    bench.client = client;
    if (rv == 0)
        close_client(&bench);
    loop_close(&bench.loop);
}

DISCO_TEST(tls_client_from_files)
{
    const identity_t *identity = identity_new(&(identity_spec_t){.name = "test CA", .ca = true});
    files_t files = {certs_write("ca.pem", identity->certificate),
                     certs_write("ca.key", identity->key)};

    heap_sweep(make_tls_clients_from_files, &files);
}
