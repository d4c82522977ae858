/* A subscription on a real etcd: its events, its view, and that nothing is missed or doubled. */
#include <stdio.h>

#include "support/live.h"
#include "support/proxy.h"

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;
static live_view_t view;

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

static void write_host(const char *service, const char *uuid, const char *name, uint32_t ttl_s)
{
    char key[256];

    (void)snprintf(key, sizeof key, "/services/%s/%s", service, uuid);
    live_write(&live, key, live_host_json(service, uuid, name), ttl_s);
}

static void delete_host(const char *service, const char *uuid)
{
    char key[256];

    (void)snprintf(key, sizeof key, "/services/%s/%s", service, uuid);
    live_delete(&live, key);
}

static void subscribe(void)
{
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SYNCED);
}

static void expect_host(disco_subscription_event_type_t type, const char *uuid, const char *name,
                        const char *previous)
{
    const told_t *told = recorder_expect(&view.told, (int)type);

    assert_string_equal(told->key, uuid);
    assert_string_equal(told->value, live_host_json("s", uuid, name));
    assert_string_equal(told->previous,
                        previous != NULL ? live_host_json("s", uuid, previous) : "");
}

DISCO_TEST(hosts_come_change_and_go)
{
    live_registration_t registration;
    live_registration_t crashed;
    disco_client_t *crashing;
    disco_registration_options_t options;

    open_live();
    write_host("s", "old", "o", 0);
    subscribe();
    assert_int(view.count, 1);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    expect_host(DISCO_SUBSCRIPTION_UP, "u", "a", NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    assert_status(disco_registration_update(registration.handle, live_host(NULL, "b")), 0);
    expect_host(DISCO_SUBSCRIPTION_CHANGED, "u", "b", "a");
    recorder_expect(&registration.told, DISCO_REGISTRATION_UPDATED);
    live_view_check(&live, &view); /* has seen it on both sides */
    live_unregister(&registration);
    expect_host(DISCO_SUBSCRIPTION_DOWN, "u", "b", NULL);

    crashing = live_client(&live);
    disco_registration_options_init(&options);
    options.ttl_s = 1;
    live_register(&live, &crashed, crashing, "s", live_host("v", "c"), &options);
    expect_host(DISCO_SUBSCRIPTION_UP, "v", "c", NULL);
    live_client_close(&live, crashing);
    expect_host(DISCO_SUBSCRIPTION_DOWN, "v", "c", NULL);
    live_view_check(&live, &view);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(of_new_hosts_only)
{
    disco_subscription_options_t options = {.filter = DISCO_SUBSCRIBE_NEW_ONLY};

    open_live();
    live_subscribe(&live, &view, client, "s", &options);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    write_host("s", "u", "a", 0);
    expect_host(DISCO_SUBSCRIPTION_UP, "u", "a", NULL);
    write_host("s", "u", "b", 0);
    delete_host("s", "u");
    write_host("s", "v", "c", 0);
    expect_host(DISCO_SUBSCRIPTION_UP, "v", "c", NULL);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(of_hosts_that_go_only)
{
    disco_subscription_options_t options = {.filter = DISCO_SUBSCRIBE_DOWN_ONLY};

    open_live();
    live_subscribe(&live, &view, client, "s", &options);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    write_host("s", "u", "a", 0);
    write_host("s", "u", "b", 0);
    delete_host("s", "u");
    expect_host(DISCO_SUBSCRIPTION_DOWN, "u", "b", NULL);
    write_host("s", "v", "c", 1);
    expect_host(DISCO_SUBSCRIPTION_DOWN, "v", "c", NULL);
    live_unsubscribe(&view);
    close_live();
}

static void write_on_shard(const char *uuid, const char *shard)
{
    char key[64];
    char json[256];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    (void)snprintf(json, sizeof json,
                   "{\"name\":\"n\",\"service_name\":\"s\",\"ports\":null,\"shard\":\"%s\","
                   "\"uuid\":\"%s\"}",
                   shard, uuid);
    live_write(&live, key, json, 0);
}

DISCO_TEST(of_one_shard)
{
    disco_subscription_options_t options = {.shard = "one"};
    const disco_service_t *service;

    open_live();
    write_on_shard("a", "one");
    write_on_shard("b", "two");
    live_subscribe(&live, &view, client, "s", &options);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_int(view.count, 1);
    write_on_shard("c", "two");
    write_on_shard("b", "one"); /* moves here */
    assert_string_equal(recorder_expect(&view.told, DISCO_SUBSCRIPTION_UP)->key, "b");
    write_on_shard("a", "two"); /* moves away */
    assert_string_equal(recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN)->key, "a");
    delete_host("s", "c");
    delete_host("s", "b");
    assert_string_equal(recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN)->key, "b");
    service = disco_subscription_service(view.handle);
    assert_status(disco_service_status(service), DISCO_ENOSHARD);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(the_view_says_how_fresh_it_is)
{
    uint64_t stale_ms = 1;
    const disco_service_t *service;

    open_live();
    etcd_kill(live.etcd, 0);
    live_subscribe(&live, &view, client, "s", NULL);
    assert_status(recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE)->status, UV_ECONNREFUSED);
    assert_int(disco_subscription_state(view.handle, NULL), DISCO_VIEW_NEVER_SYNCED);
    assert_null(disco_subscription_service(view.handle));
    etcd_continue_member(live.etcd, 0);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_int(disco_subscription_state(view.handle, &stale_ms), DISCO_VIEW_CONFIRMED_EMPTY);
    assert_int(stale_ms, 0);
    service = disco_subscription_service(view.handle);
    assert_status(disco_service_status(service), DISCO_ENOSERVICE);
    write_host("s", "u", "a", 0);
    expect_host(DISCO_SUBSCRIPTION_UP, "u", "a", NULL);
    assert_int(disco_subscription_state(view.handle, &stale_ms), DISCO_VIEW_FRESH);
    etcd_kill(live.etcd, 0);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE);
    assert_int(disco_subscription_state(view.handle, NULL), DISCO_VIEW_STALE);
    service = disco_subscription_service(view.handle);
    assert_string_equal(disco_service_first(service)->uuid, "u");
    etcd_continue_member(live.etcd, 0);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_int(disco_subscription_state(view.handle, NULL), DISCO_VIEW_FRESH);
    delete_host("s", "u");
    expect_host(DISCO_SUBSCRIPTION_DOWN, "u", "a", NULL);
    assert_int(disco_subscription_state(view.handle, NULL), DISCO_VIEW_CONFIRMED_EMPTY);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(the_info_of_the_service_is_followed)
{
    const disco_service_info_t *info;

    open_live();
    subscribe();
    live_write(&live, "/services_infos/s",
               "{\"name\":\"s\",\"critical\":true,\"user\":\"u\",\"password\":\"p\"}", 0);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_INFO);
    info = disco_service_info(disco_subscription_service(view.handle));
    assert_true(info->critical);
    assert_string_equal(info->password, "p");
    live_delete(&live, "/services_infos/s");
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_INFO);
    info = disco_service_info(disco_subscription_service(view.handle));
    assert_false(info->critical);
    assert_string_equal(info->name, "s");
    live_unsubscribe(&view);
    close_live();
}

/* Hosts come, change and go, in ways that a listing has to tell apart. */
static void shake_up(void)
{
    write_host("s", "stays", "a", 0);
    write_host("s", "changed", "b", 0);
    delete_host("s", "goes");
    write_host("s", "newcomer", "d", 0);
    write_host("s", "passes", "e", 0);
    delete_host("s", "passes");
    delete_host("s", "again");
    write_host("s", "again", "g", 0);
}

static void set_up_hosts(void)
{
    write_host("s", "stays", "a", 0);
    write_host("s", "changed", "a", 0);
    write_host("s", "goes", "c", 0);
    write_host("s", "again", "f", 0);
}

/* Twice as many as v2 keeps the history of. What is not being waited for by then is lost with it,
 * so this waits until etcd has answered that it is. */
static void flood_behind_watches(proxy_t *proxy)
{
    if (live_has_side(DISCO_API_V2)) {
        proxy_await_answer(proxy, "/services/s?wait=true");
        proxy_await_answer(proxy, "/services_infos/s?wait=true");
    }
    if (live_has_side(DISCO_API_V3))
        proxy_await_answer(proxy, "/v3/watch");
    live_flood(&live, 2000);
}

DISCO_TEST(nothing_is_missed_behind_other_writes)
{
    proxy_t *proxy;

    live_open(&live, NULL);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    client = live_client_at(&live, proxy_endpoint(proxy));
    set_up_hosts();
    subscribe();
    flood_behind_watches(proxy);
    write_host("s", "changed", "b", 0);
    expect_host(DISCO_SUBSCRIPTION_CHANGED, "changed", "b", "a");
    flood_behind_watches(proxy);
    delete_host("s", "goes");
    expect_host(DISCO_SUBSCRIPTION_DOWN, "goes", "c", NULL);
    flood_behind_watches(proxy);
    live_view_check(&live, &view);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_STALE), 0);
    live_unsubscribe(&view);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

/* What happened meanwhile is no longer in etcd's history: the difference of the listings is
 * told. */
DISCO_TEST(nothing_is_missed_while_the_connection_is_down)
{
    proxy_t *proxy;

    live_open(&live, NULL);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    client = live_client_at(&live, proxy_endpoint(proxy));
    set_up_hosts();
    subscribe();
    proxy_set_down(proxy, true);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE);
    shake_up();
    live_forget_history(&live);
    proxy_set_down(proxy, false);
    live_view_check(&live, &view);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_UP), 1 + live_side_count());
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_CHANGED), 2);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), 1 + live_side_count());
    live_unsubscribe(&view);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

/* The same within the history: each event is told. */
DISCO_TEST(a_short_break_is_made_up_from_the_history)
{
    proxy_t *proxy;

    live_open(&live, NULL);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    client = live_client_at(&live, proxy_endpoint(proxy));
    set_up_hosts();
    subscribe();
    proxy_set_down(proxy, true);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE);
    shake_up();
    live_flood(&live, 500);
    proxy_set_down(proxy, false);
    live_view_check(&live, &view);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_UP), 3 + live_side_count());
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_CHANGED), 1);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), 3 + live_side_count());
    live_unsubscribe(&view);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

/* A connection that says nothing any more, without an end: the watch's own check notices. */
DISCO_TEST(nothing_is_missed_behind_a_silent_connection)
{
    disco_options_t options;
    proxy_t *proxy;

    live_open(&live, NULL);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    options = live_options(&live);
    options.endpoints = proxy_endpoint(proxy);
    options.watch_check_ms = 100;
    options.attempt_timeout_ms = live_seconds(1) * 300;
    client = live_client_with(&live, &options);
    set_up_hosts();
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    proxy_set_stalled(proxy, true);
    shake_up();
    assert_status(recorder_await(&view.told, DISCO_SUBSCRIPTION_STALE)->status, UV_ETIMEDOUT);
    proxy_set_stalled(proxy, false);
    live_view_check(&live, &view);
    live_unsubscribe(&view);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

/* Waits until the time that it has left to live grows. */
static void await_heartbeat(disco_api_t side, const char *key)
{
    int64_t before_s;
    int64_t left_s;

    if (!live_has_side(side))
        return;
    left_s = live_read_on(&live, side, key).ttl_s;
    do {
        before_s = left_s;
        loop_pause(&live.loop);
        left_s = live_read_on(&live, side, key).ttl_s;
    } while (left_s <= before_s);
}

/* Nor is a host lost that is registered. */
DISCO_TEST(nothing_is_missed_while_etcd_is_restarted)
{
    live_registration_t registration;
    disco_registration_options_t options;
    size_t checks = 2 * live_side_count();

    open_live();
    set_up_hosts();
    subscribe();
    disco_registration_options_init(&options);
    options.ttl_s = live_seconds(40); /* etcd takes seven seconds to end */
    live_register(&live, &registration, client, "s", live_host("kept", "k"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    expect_host(DISCO_SUBSCRIPTION_UP, "kept", "k", NULL);
    write_host("s", "changed", "b", 0);
    etcd_terminate(live.etcd, 0);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_STALE);
    etcd_continue_member(live.etcd, 0);
    delete_host("s", "goes");
    live_view_check(&live, &view);
    etcd_kill(live.etcd, 0);
    etcd_continue_member(live.etcd, 0);
    write_host("s", "newcomer", "d", 0);
    live_view_check(&live, &view);
    await_heartbeat(DISCO_API_V2, "/services/s/kept");
    await_heartbeat(DISCO_API_V3, "/services/s/kept");
    assert_int(recorder_count(&registration.told, DISCO_REGISTRATION_LOST), 0);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_UP), 2 + checks);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_CHANGED), 1);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), 1 + checks);
    live_unsubscribe(&view);
    live_unregister(&registration);
    close_live();
}
