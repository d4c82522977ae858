/* Both APIs of a real etcd: programs that know one of them alone, and a client that sees them all.
 */
#include <stdio.h>

#include "support/live.h"

static live_t live;
static disco_client_t *both;
static disco_client_t *v3; /* another program, and what is done behind the library's back */
static live_view_t view;

static disco_client_t *open_client(disco_api_t api)
{
    disco_options_t options = live_options(&live);

    options.api = api;
    return live_client_with(&live, &options);
}

static void open_live(const etcd_options_t *options)
{
    live_open(&live, options);
    both = open_client(DISCO_API_BOTH);
    v3 = open_client(DISCO_API_V3);
}

static void close_live(void)
{
    live_client_close(&live, both);
    live_client_close(&live, v3);
    live_close(&live);
}

typedef struct written_s {
    bool done;
    int status;
} written_t;

static void on_written(void *data, int status, const disco_kv_result_t *result)
{
    written_t *written = data;

    (void)result;
    written->status = status;
    written->done = true;
}

static void v3_put(const char *key, const char *value)
{
    written_t written = {0};

    assert_status(disco_kv_put(v3, key, value, NULL, on_written, &written, NULL), 0);
    loop_run_until(&live.loop, &written.done);
    assert_status(written.status, 0);
}

static void v3_delete(const char *key)
{
    written_t written = {0};

    assert_status(disco_kv_delete(v3, key, NULL, on_written, &written, NULL), 0);
    loop_run_until(&live.loop, &written.done);
    assert_status(written.status, 0);
}

static void v2_host(const char *uuid, const char *name)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    live_write(&live, key, live_host_json("s", uuid, name), 0);
}

static void v2_gone(const char *uuid)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    live_delete(&live, key);
}

static void v3_host(const char *uuid, const char *name)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    v3_put(key, live_host_json("s", uuid, name));
}

static void v3_gone(const char *uuid)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    v3_delete(key);
}

/* uuids: in their order, "u v". */
static void expect_lookup(const char *uuids, bool partial)
{
    disco_service_t *service;
    const disco_host_t *const *hosts;
    char found[256] = "";
    size_t used = 0;
    size_t count;
    size_t i;

    assert_status(live_get(&live, both, "s", NULL, &service), 0);
    assert_status(disco_service_all(service, &hosts, &count), 0);
    for (i = 0; i < count; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", i > 0 ? " " : "",
                                 hosts[i]->uuid);
    assert_string_equal(found, uuids);
    assert_int(disco_service_is_partial(service), partial);
    disco_service_unref(service);
}

static void subscribe(void)
{
    live_subscribe(&live, &view, both, "s", NULL);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SYNCED);
}

static void expect_host(disco_subscription_event_type_t type, const char *uuid, const char *name)
{
    const told_t *told = recorder_expect(&view.told, (int)type);

    assert_string_equal(told->key, uuid);
    assert_string_equal(told->value, live_host_json("s", uuid, name));
}

DISCO_TEST(programs_of_one_api_each_are_seen_together)
{
    open_live(NULL);
    v2_host("old", "a");
    v3_host("new", "b");
    v2_host("moving", "c");
    expect_lookup("old moving new", false);
    subscribe();
    v3_host("moving", "c");
    v2_gone("moving");
    v3_host("later", "d");
    expect_host(DISCO_SUBSCRIPTION_UP, "later", "d");
    expect_lookup("old new moving later", false);
    v2_gone("old");
    expect_host(DISCO_SUBSCRIPTION_DOWN, "old", "a");
    v3_host("moving", "e");
    expect_host(DISCO_SUBSCRIPTION_CHANGED, "moving", "e");
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(without_v2_the_hosts_of_v3_are_seen)
{
    etcd_options_t options = {.without_v2 = true};
    const told_t *told;

    open_live(&options);
    v3_host("u", "a");
    expect_lookup("u", true);
    live_subscribe(&live, &view, both, "s", NULL);
    told = recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE);
    assert_status(told->status, DISCO_EV2DISABLED);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    assert_true(disco_service_is_partial(disco_subscription_service(view.handle)));
    v3_host("v", "b");
    expect_host(DISCO_SUBSCRIPTION_UP, "v", "b");
    v3_gone("u");
    expect_host(DISCO_SUBSCRIPTION_DOWN, "u", "a");
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_SYNCED), 0);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(a_restart_loses_nothing_of_either)
{
    open_live(NULL);
    v2_host("a", "a");
    v3_host("b", "b");
    subscribe();
    etcd_kill(live.etcd, 0);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_STALE);
    etcd_continue_member(live.etcd, 0);
    v2_host("c", "c");
    v3_host("d", "d");
    v2_gone("a");
    v3_gone("b");
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    v2_host("last", "last");
    while (strcmp(recorder_await(&view.told, DISCO_SUBSCRIPTION_UP)->key, "last") != 0)
        continue;
    v3_host("end", "end");
    while (strcmp(recorder_await(&view.told, DISCO_SUBSCRIPTION_UP)->key, "end") != 0)
        continue;
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_UP), 4);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), 2);
    expect_lookup("c last d end", false);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(an_etcd_that_was_wiped_has_none_of_the_hosts)
{
    open_live(NULL);
    v2_host("a", "a");
    v3_host("a", "a");
    v3_host("b", "b");
    subscribe();
    etcd_wipe(live.etcd);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_DOWN);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_DOWN);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    v3_host("c", "c");
    expect_host(DISCO_SUBSCRIPTION_UP, "c", "c");
    v2_host("d", "d");
    expect_host(DISCO_SUBSCRIPTION_UP, "d", "d");
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), 2);
    live_unsubscribe(&view);
    close_live();
}
