/* What a service is on v3, which has no directories, and where many keys may share a revision. */
#include <stdio.h>

#include "support/live.h"

static live_t live;
static disco_client_t *client;

static void open_live(void)
{
    etcd_options_t etcd = {.without_v2 = true};
    disco_options_t options;

    live_open(&live, &etcd);
    options = live_options(&live);
    options.api = DISCO_API_V3;
    client = live_client_with(&live, &options);
}

static void close_live(void)
{
    live_client_close(&live, client);
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

static void put(const char *key, const char *value)
{
    written_t written = {0};

    assert_status(disco_kv_put(client, key, value, NULL, on_written, &written, NULL), 0);
    loop_run_until(&live.loop, &written.done);
    assert_status(written.status, 0);
}

static void delete (const char *key, bool recursive)
{
    disco_kv_delete_options_t options = {.recursive = recursive};
    written_t written = {0};

    assert_status(disco_kv_delete(client, key, &options, on_written, &written, NULL), 0);
    loop_run_until(&live.loop, &written.done);
    assert_status(written.status, 0);
}

static void put_host(const char *uuid)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    put(key, live_host_json("s", uuid, "name"));
}

/* first: its UUID; "": there is no host. */
static void expect_service(int status, size_t count, const char *first)
{
    disco_service_t *service;
    const disco_host_t *const *hosts;
    size_t found;

    assert_status(live_get(&live, client, "s", NULL, &service), 0);
    assert_status(disco_service_all(service, &hosts, &found), status);
    assert_int(found, count);
    if (count > 0)
        assert_string_equal(disco_service_first(service)->uuid, first);
    assert_false(disco_service_is_partial(service));
    disco_service_unref(service);
}

static void subscribe(live_view_t *view, int status)
{
    live_subscribe(&live, view, client, "s", NULL);
    recorder_expect(&view->told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_expect(&view->told, DISCO_SUBSCRIPTION_SYNCED);
    assert_status(disco_service_status(disco_subscription_service(view->handle)), status);
}

DISCO_TEST(hosts_that_go_in_one_transaction_all_go)
{
    live_view_t view;

    open_live();
    put_host("c");
    put_host("b");
    put_host("a");
    expect_service(0, 3, "c");
    subscribe(&view, 0);
    delete ("/services/s", true);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN);
    assert_status(disco_service_status(disco_subscription_service(view.handle)), DISCO_ENOHOST);
    live_unsubscribe(&view);
    close_live();
}

DISCO_TEST(a_service_is_known_by_its_info_or_a_host)
{
    live_view_t view;
    live_view_t later;

    open_live();
    put("/services/st/x", live_host_json("st", "x", "name"));
    expect_service(DISCO_ENOSERVICE, 0, "");
    subscribe(&view, DISCO_ENOSERVICE);
    put_host("a");
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_UP);
    expect_service(0, 1, "a");
    put("/services_infos/s", "{\"name\":\"s\",\"user\":\"u\"}");
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_INFO);
    delete ("/services/s/a", false);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN);
    assert_status(disco_service_status(disco_subscription_service(view.handle)), DISCO_ENOHOST);
    expect_service(DISCO_ENOHOST, 0, "");
    live_unsubscribe(&view);
    subscribe(&later, DISCO_ENOHOST);
    live_unsubscribe(&later);
    delete ("/services_infos/s", false);
    expect_service(DISCO_ENOSERVICE, 0, "");
    close_live();
}
