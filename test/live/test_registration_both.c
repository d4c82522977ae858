/* A host in both registries of a real etcd: old programs see it by v2, new ones by v3. */
#include <stdio.h>

#include "support/live.h"

static live_t live;
static disco_client_t *both;
static recorder_t told; /* key: the user, value: the API that the event is about */
static disco_registration_t *registration;

static const char *const names[] = {"",        "READY",    "LOST",   "RECOVERED", "CREDENTIALS",
                                    "UPDATED", "RETRYING", "CLOSED", NULL};
static const disco_port_t ports[] = {{"http", "80"}};
static const char host_key[] = "/services/s/u";
static const char info_key[] = "/services_infos/s";
static const char changed[] = "{\"name\":\"s\",\"critical\":false,\"hostname\":\"n.dev\",\"user\":"
                              "\"you\",\"password\":\"yours\",\"ports\":{\"http\":\"80\"},"
                              "\"public\":true}";

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
    recorder_init(&told, &live.loop, names);
}

static void close_live(void)
{
    live_client_close(&live, both);
    recorder_free(&told);
    live_close(&live);
}

static void on_event(void *data, disco_registration_t *handle,
                     const disco_registration_event_t *event)
{
    (void)data;
    (void)handle;
    recorder_add(&told, &(told_t){.type = (int)event->type,
                                  .status = event->status,
                                  .key = event->user,
                                  .value = event->api});
}

static void begin(uint32_t ttl_s)
{
    disco_host_t host = {.name = "n.dev",
                         .ports = ports,
                         .port_count = 1,
                         .uuid = "u",
                         .user = "me",
                         .password = "mine",
                         .is_public = true,
                         .private_hostname = "n"};
    disco_registration_options_t options;

    disco_registration_options_init(&options);
    options.ttl_s = ttl_s;
    assert_status(disco_register(both, "s", &host, &options, on_event, NULL, &registration), 0);
}

static void end(void)
{
    assert_status(disco_unregister(registration, 0), 0);
    assert_status(recorder_await(&told, DISCO_REGISTRATION_CLOSED)->status, 0);
}

static void await_api(disco_registration_event_type_t type, int status, const char *api)
{
    const told_t *event = recorder_await(&told, (int)type);

    assert_status(event->status, status);
    assert_string_equal(event->value, api);
}

static void assert_seen(disco_api_t api, int status)
{
    disco_client_t *other = open_client(api);
    disco_service_t *service = NULL;

    assert_status(live_get(&live, other, "s", NULL, &service), 0);
    assert_status(disco_service_status(service), status);
    disco_service_unref(service);
    live_client_close(&live, other);
}

static bool has_user(disco_api_t api, const char *key, const char *user)
{
    live_node_t node = live_read_on(&live, api, key);

    return node.there && strstr(node.value, user) != NULL;
}

/* One side may be told before the other is written. */
static void await_user(disco_api_t api, const char *key, const char *user)
{
    while (!has_user(api, key, user))
        loop_pause(&live.loop);
}

DISCO_TEST(old_and_new_programs_see_it)
{
    live_node_t v2;
    live_node_t v3;

    open_live(NULL);
    begin(60);
    recorder_expect(&told, DISCO_REGISTRATION_READY);
    v2 = live_read_on(&live, DISCO_API_V2, host_key);
    v3 = live_read_on(&live, DISCO_API_V3, host_key);
    assert_true(v2.there && v3.there);
    assert_string_equal(v2.value, v3.value);
    assert_true(v2.ttl_s > 50 && v3.ttl_s > 50);
    assert_seen(DISCO_API_V2, 0);
    assert_seen(DISCO_API_V3, 0);
    end();
    assert_false(live_read_on(&live, DISCO_API_V2, host_key).there);
    assert_false(live_read_on(&live, DISCO_API_V3, host_key).there);
    close_live();
}

static void deleted_on(disco_api_t side, const char *api)
{
    open_live(NULL);
    begin(3);
    recorder_expect(&told, DISCO_REGISTRATION_READY);
    live_delete_on(&live, side, host_key);
    await_api(DISCO_REGISTRATION_LOST, DISCO_EKEYNOTFOUND, api);
    recorder_await(&told, DISCO_REGISTRATION_RECOVERED);
    assert_true(live_read_on(&live, side, host_key).there);
    assert_int(recorder_count(&told, DISCO_REGISTRATION_LOST), 1);
    end();
    close_live();
}

DISCO_TEST(deleted_on_one_it_comes_back_there)
{
    deleted_on(DISCO_API_V2, "v2");
    deleted_on(DISCO_API_V3, "v3");
}

static void changed_on(disco_api_t side, disco_api_t other)
{
    open_live(NULL);
    begin(60);
    recorder_expect(&told, DISCO_REGISTRATION_READY);
    live_write_on(&live, side, info_key, changed, 0);
    assert_string_equal(recorder_await(&told, DISCO_REGISTRATION_CREDENTIALS)->key, "you");
    await_user(side, host_key, "\"you\"");
    await_user(other, host_key, "\"you\"");
    await_user(other, info_key, "\"you\"");
    assert_true(has_user(side, info_key, "\"you\""));
    assert_int(recorder_count(&told, DISCO_REGISTRATION_CREDENTIALS), 1);
    end();
    close_live();
}

DISCO_TEST(credentials_changed_by_programs_of_one_reach_those_of_the_other)
{
    changed_on(DISCO_API_V2, DISCO_API_V3);
    changed_on(DISCO_API_V3, DISCO_API_V2);
}

DISCO_TEST(without_v2_it_is_kept_on_v3)
{
    open_live(&(etcd_options_t){.without_v2 = true});
    begin(3);
    await_api(DISCO_REGISTRATION_RETRYING, DISCO_EV2DISABLED, "v2");
    await_user(DISCO_API_V3, host_key, "\"me\"");
    assert_false(disco_registration_is_ready(registration));
    assert_seen(DISCO_API_V3, 0);
    live_delete_on(&live, DISCO_API_V3, host_key);
    await_user(DISCO_API_V3, host_key, "\"me\"");
    assert_int(recorder_count(&told, DISCO_REGISTRATION_READY), 0);
    end();
    assert_false(live_read_on(&live, DISCO_API_V3, host_key).there);
    close_live();
}

DISCO_TEST(an_etcd_that_was_wiped_gets_it_back_on_both)
{
    open_live(NULL);
    begin(3);
    recorder_expect(&told, DISCO_REGISTRATION_READY);
    etcd_wipe(live.etcd);
    recorder_await(&told, DISCO_REGISTRATION_LOST);
    recorder_await(&told, DISCO_REGISTRATION_RECOVERED);
    await_user(DISCO_API_V2, host_key, "\"me\"");
    await_user(DISCO_API_V3, host_key, "\"me\"");
    await_user(DISCO_API_V2, info_key, "\"me\"");
    await_user(DISCO_API_V3, info_key, "\"me\"");
    end();
    close_live();
}
