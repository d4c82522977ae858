/* A registration on a real etcd: what it writes, that it stays, and that it comes back. */
#include <stdio.h>

#include "support/live.h"
#include "support/proxy.h"

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;
static live_registration_t registration;

static const disco_port_t ports[] = {{"https", "443"}, {"http", "80"}};
static const disco_port_t private_ports[] = {{"http", "8080"}, {"https", "8443"}};

static const char uuid[] = "6ba7b810-9dad-41d1-80b4-00c04fd430c8-node-1.internal.dev";

/* The first vector of the Go package. */
static disco_host_t public_host(void)
{
    return (disco_host_t){
        .name = "public-domain.dev",
        .ports = ports,
        .port_count = 2,
        .user = "user",
        .password = "secret",
        .is_public = true,
        .private_hostname = "node-1.internal.dev",
        .private_ports = private_ports,
        .private_port_count = 2,
        .critical = true,
        .shard = "shard-0",
        .uuid = uuid,
    };
}

static void open_live(void)
{
    live_open(&live, NULL);
    client = live_client(&live);
}

static void close_live(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

static void assert_json(const char *key, const char *json)
{
    live_node_t node = live_read(&live, key);

    assert_true(node.there);
    assert_string_equal(node.value, json);
}

DISCO_TEST(writes_what_the_go_package_writes)
{
    disco_host_t host = public_host();
    char key[256];

    (void)snprintf(key, sizeof key, "/services/my-service/%s", uuid);
    open_live();
    live_register(&live, &registration, client, "my-service", &host, NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    assert_true(disco_registration_is_ready(registration.handle));
    assert_string_equal(disco_registration_uuid(registration.handle), uuid);
    assert_json("/services_infos/my-service",
                "{\"name\":\"my-service\",\"critical\":true,\"hostname\":\"public-domain.dev\","
                "\"user\":\"user\",\"password\":\"secret\",\"ports\":{\"http\":\"80\","
                "\"https\":\"443\"},\"public\":true}");
    assert_json(key, "{\"name\":\"public-domain.dev\",\"service_name\":\"my-service\","
                     "\"ports\":{\"http\":\"80\",\"https\":\"443\"},\"user\":\"user\","
                     "\"password\":\"secret\",\"public\":true,"
                     "\"private_hostname\":\"node-1.internal.dev\","
                     "\"private_ports\":{\"http\":\"8080\",\"https\":\"8443\"},"
                     "\"critical\":true,\"shard\":\"shard-0\","
                     "\"uuid\":\"6ba7b810-9dad-41d1-80b4-00c04fd430c8-node-1.internal.dev\"}");
    assert_int(live_read(&live, "/services_infos/my-service").ttl_s, 0);
    assert_in_range(live_read(&live, key).ttl_s, 1, 60);
    live_unregister(&registration);
    assert_false(live_read(&live, key).there);
    assert_true(live_read(&live, "/services_infos/my-service").there);
    close_live();
}

DISCO_TEST(fills_in_what_is_missing)
{
    disco_host_t bare = {.ports = ports, .port_count = 2};
    char key[512];
    char json[1024];
    const char *made;

    open_live();
    live_register(&live, &registration, client, "s", &bare, NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    made = disco_registration_uuid(registration.handle);
    assert_string_equal(made + 36, "-this-machine");
    (void)snprintf(key, sizeof key, "/services/s/%s", made);
    (void)snprintf(json, sizeof json,
                   "{\"name\":\"\",\"service_name\":\"s\",\"ports\":{\"http\":\"80\","
                   "\"https\":\"443\"},\"private_hostname\":\"this-machine\","
                   "\"private_ports\":{\"http\":\"80\",\"https\":\"443\"},\"uuid\":\"%s\"}",
                   made);
    assert_json(key, json);
    assert_json("/services_infos/s", "{\"name\":\"s\",\"critical\":false}");
    live_unregister(&registration);
    close_live();
}

/* What a heartbeat asks for. */
static const char *heartbeat(disco_api_t side)
{
    return side == DISCO_API_V3 ? "POST /v3/lease/keepalive " : "refresh=true";
}

typedef struct beats_s {
    disco_api_t side;
    disco_client_t *watcher;
    live_watch_t watch;
    live_node_t before;
} beats_t;

static void beats_begin(beats_t *beats, disco_api_t side)
{
    beats->side = side;
    beats->watcher = live_client_on(&live, side);
    live_watch(&live, &beats->watch, beats->watcher, "/services", true, 0);
    recorder_expect(&beats->watch.told, DISCO_WATCH_SYNCED);
    beats->before = live_read_on(&live, side, "/services/s/u");
    assert_true(beats->before.there);
}

/* The write must be the first event. */
static void beats_end(beats_t *beats)
{
    live_node_t after = live_read_on(&live, beats->side, "/services/s/u");
    uint64_t writes = after.modified - beats->before.modified;

    assert_true(after.there);
    assert_true(beats->side == DISCO_API_V3 ? writes == 0 : writes >= 10);
    assert_int(after.created, beats->before.created);
    assert_string_equal(after.value, live_host_json("s", "u", "a"));
    live_write_on(&live, beats->side, "/services/other", "1", 0);
    assert_string_equal(recorder_expect(&beats->watch.told, DISCO_WATCH_PUT)->key,
                        "/services/other");
    live_unwatch(&beats->watch);
    live_client_close(&live, beats->watcher);
}

/* More than ten heartbeats, seen on their way through a proxy. */
DISCO_TEST(heartbeats_are_no_events)
{
    static beats_t beats[2];
    disco_registration_options_t options;
    size_t sides = live_side_count();
    proxy_t *proxy;
    size_t i;

    live_open(&live, NULL);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    client = live_client_at(&live, proxy_endpoint(proxy));
    disco_registration_options_init(&options);
    options.ttl_s = live_seconds(3);
    live_register(&live, &registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    for (i = 0; i < sides; i++)
        beats_begin(&beats[i], live_has_side(DISCO_API_V2) && i == 0 ? DISCO_API_V2 : DISCO_API_V3);
    for (i = 0; i < sides; i++)
        proxy_await_requests(proxy, heartbeat(beats[i].side), 11);
    for (i = 0; i < sides; i++)
        beats_end(&beats[i]);
    assert_int(recorder_count(&registration.told, DISCO_REGISTRATION_LOST), 0);
    live_client_shutdown(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

DISCO_TEST(an_update_keeps_key_and_age)
{
    live_node_t before;
    live_node_t after;

    open_live();
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    before = live_read(&live, "/services/s/u");
    assert_status(disco_registration_update(registration.handle, live_host(NULL, "b")), 0);
    recorder_expect(&registration.told, DISCO_REGISTRATION_UPDATED);
    after = live_read(&live, "/services/s/u");
    assert_string_equal(after.value, live_host_json("s", "u", "b"));
    assert_int(after.created, before.created);
    assert_in_range(after.ttl_s, 1, 60);
    live_unregister(&registration);
    close_live();
}

/* With both APIs each side may notice, and tell, for itself. */
static void await_recovery(const char *key)
{
    recorder_await(&registration.told, DISCO_REGISTRATION_RECOVERED);
    while ((live_has_side(DISCO_API_V2) && !live_read_on(&live, DISCO_API_V2, key).there) ||
           (live_has_side(DISCO_API_V3) && !live_read_on(&live, DISCO_API_V3, key).there))
        recorder_await(&registration.told, DISCO_REGISTRATION_RECOVERED);
}

DISCO_TEST(a_host_deleted_by_hand_comes_back)
{
    disco_registration_options_t options;

    open_live();
    disco_registration_options_init(&options);
    options.ttl_s = live_seconds(3);
    live_register(&live, &registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    live_delete(&live, "/services/s/u");
    assert_status(recorder_expect(&registration.told, DISCO_REGISTRATION_LOST)->status,
                  DISCO_EKEYNOTFOUND);
    await_recovery("/services/s/u");
    assert_string_equal(live_read(&live, "/services/s/u").value, live_host_json("s", "u", "a"));
    live_unregister(&registration);
    assert_false(live_read(&live, "/services/s/u").there);
    close_live();
}

/* Both keys come back, and so do the views of those who watch. */
DISCO_TEST(an_etcd_that_was_wiped_gets_both_keys_back)
{
    disco_registration_options_t options;
    live_view_t view;
    live_watch_t watch;

    open_live();
    disco_registration_options_init(&options);
    options.ttl_s = 5;
    live_flood(&live, 50);
    live_register(&live, &registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    live_write(&live, "/services/s/other", live_host_json("s", "other", "b"), 0);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    live_watch(&live, &watch, client, "/services/s", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    etcd_wipe(live.etcd);
    recorder_expect(&registration.told, DISCO_REGISTRATION_LOST);
    await_recovery("/services/s/u");
    recorder_await(&watch.told, DISCO_WATCH_GAP);
    recorder_await(&watch.told, DISCO_WATCH_SYNCED);
    assert_string_equal(live_read(&live, "/services/s/u").value, live_host_json("s", "u", "a"));
    assert_string_equal(live_read(&live, "/services_infos/s").value,
                        "{\"name\":\"s\",\"critical\":false}");
    live_view_check(&live, &view);
    live_write(&live, "/services/s/third", "x", 0);
    while (strcmp(recorder_await(&watch.told, DISCO_WATCH_PUT)->key, "/services/s/third") != 0)
        continue;
    live_unwatch(&watch);
    live_unsubscribe(&view);
    live_unregister(&registration);
    close_live();
}

/* Silence, and not a refusal: the loss is told because the time has passed. */
DISCO_TEST(an_etcd_that_hangs_loses_the_host_and_gets_it_back)
{
    disco_registration_options_t options;

    open_live();
    disco_registration_options_init(&options);
    options.ttl_s = 1;
    live_register(&live, &registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    etcd_stall(live.etcd, 0);
    assert_status(recorder_await(&registration.told, DISCO_REGISTRATION_LOST)->status, DISCO_ELOST);
    assert_false(disco_registration_is_ready(registration.handle));
    etcd_unstall(live.etcd, 0);
    recorder_await(&registration.told, DISCO_REGISTRATION_RECOVERED);
    live_await_ready(&registration);
    close_live();
}

/* etcd goes on and lets the host expire; only this client cannot reach it. */
DISCO_TEST(a_host_that_etcd_let_expire_comes_back)
{
    disco_registration_options_t options;
    disco_client_t *watcher;
    live_view_t view;
    proxy_t *proxy;
    size_t i;

    live_open(&live, NULL);
    watcher = live_client(&live);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    client = live_client_at(&live, proxy_endpoint(proxy));
    disco_registration_options_init(&options);
    options.ttl_s = live_seconds(1);
    live_register(&live, &registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    live_subscribe(&live, &view, watcher, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    proxy_set_stalled(proxy, true);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_DOWN);
    /* The library knew before etcd did. */
    assert_int(recorder_count(&registration.told, DISCO_REGISTRATION_LOST), live_side_count());
    for (i = 0; i < live_side_count(); i++)
        assert_status(recorder_expect(&registration.told, DISCO_REGISTRATION_LOST)->status,
                      DISCO_ELOST);
    proxy_set_stalled(proxy, false);
    recorder_expect(&registration.told, DISCO_REGISTRATION_RECOVERED);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_UP);
    live_view_check(&live, &view);
    live_client_close(&live, watcher);
    live_client_shutdown(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

DISCO_TEST(a_shutdown_takes_all_hosts_out)
{
    live_registration_t others[3];
    size_t i;

    open_live();
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    live_register(&live, &others[0], client, "s", live_host("u1", "a"), NULL);
    live_register(&live, &others[1], client, "t", live_host("u2", "a"), NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    recorder_expect(&others[0].told, DISCO_REGISTRATION_READY);
    recorder_expect(&others[1].told, DISCO_REGISTRATION_READY);
    /* One that has not written anything yet is no obstacle. */
    live_register(&live, &others[2], client, "t", live_host("u3", "a"), NULL);
    live_client_shutdown(&live, client);
    recorder_expect(&registration.told, DISCO_REGISTRATION_CLOSED);
    for (i = 0; i < 3; i++)
        assert_status(recorder_await(&others[i].told, DISCO_REGISTRATION_CLOSED)->status, 0);
    assert_false(live_read(&live, "/services/s/u").there);
    assert_false(live_read(&live, "/services/s/u1").there);
    assert_false(live_read(&live, "/services/t/u2").there);
    assert_false(live_read(&live, "/services/t/u3").there);
    live_close(&live);
}

static bool shut_down;
static int shutdown_status;

static void on_shut_down(void *data, int status)
{
    (void)data;
    shut_down = true;
    shutdown_status = status;
}

DISCO_TEST(a_shutdown_without_an_etcd_ends_all_the_same)
{
    open_live();
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    etcd_kill(live.etcd, 0);
    assert_status(disco_client_shutdown(client, 300, on_shut_down, NULL), 0);
    loop_run_until(&live.loop, &shut_down);
    assert_true(shutdown_status != 0);
    assert_true(recorder_await(&registration.told, DISCO_REGISTRATION_CLOSED)->status != 0);
    live_close(&live);
}

DISCO_TEST(without_a_reference_the_loop_ends_while_a_host_is_registered)
{
    live_view_t view;

    open_live();
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    disco_client_unref(client);
    loop_run(&live.loop);
    assert_true(disco_registration_is_ready(registration.handle));
    disco_client_ref(client);
    close_live();
}
