/* Public services on a real etcd: credentials are followed, the info is kept; and looking services
 * up, with all that may be wrong with what etcd has. */
#include <stdio.h>
#include <stdlib.h>

#include "support/live.h"
#include "support/proxy.h"

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;

static const disco_port_t ports[] = {{"http", "80"}};

static disco_host_t public_host(const char *uuid, const char *password)
{
    return (disco_host_t){
        .name = "public.dev",
        .ports = ports,
        .port_count = 1,
        .user = "user",
        .password = password,
        .is_public = true,
        .private_hostname = "node.dev",
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

static bool has(const char *key, const char *text)
{
    live_node_t node = live_read(&live, key);

    return node.there && strstr(node.value, text) != NULL;
}

/* With both APIs the credentials are told when the first side has them: the other has them soon. */
static void await_on_all_sides(const char *key, const char *text)
{
    assert_true(live_side_count() > 1 || has(key, text));
    while ((live_has_side(DISCO_API_V2) &&
            strstr(live_read_on(&live, DISCO_API_V2, key).value, text) == NULL) ||
           (live_has_side(DISCO_API_V3) &&
            strstr(live_read_on(&live, DISCO_API_V3, key).value, text) == NULL))
        loop_pause(&live.loop);
}

DISCO_TEST(credentials_are_followed)
{
    live_registration_t first;
    live_registration_t second;
    live_view_t view;
    disco_client_t *other;
    disco_host_t host = public_host("one", "old");
    const told_t *told;
    const char *user;
    const char *password;

    open_live();
    other = live_client(&live);
    live_register(&live, &first, client, "s", &host, NULL);
    assert_string_equal(recorder_expect(&first.told, DISCO_REGISTRATION_READY)->value, "old");
    live_subscribe(&live, &view, other, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    host = public_host("two", "new");
    live_register(&live, &second, other, "s", &host, NULL);
    recorder_expect(&second.told, DISCO_REGISTRATION_READY);
    told = recorder_expect(&first.told, DISCO_REGISTRATION_CREDENTIALS);
    assert_string_equal(told->key, "user");
    assert_string_equal(told->value, "new");
    assert_status(disco_registration_credentials(first.handle, &user, &password), 0);
    assert_string_equal(password, "new");
    await_on_all_sides("/services/s/one", "\"password\":\"new\"");
    told = recorder_await(&view.told, DISCO_SUBSCRIPTION_CHANGED);
    assert_string_equal(told->key, "one");
    assert_non_null(strstr(told->value, "\"password\":\"new\""));
    assert_non_null(strstr(told->previous, "\"password\":\"old\""));
    live_view_check(&live, &view);
    assert_int(recorder_count(&second.told, DISCO_REGISTRATION_CREDENTIALS), 0);
    live_client_close(&live, other);
    close_live();
}

/* What happened while the connection was down is no longer in etcd's history. */
DISCO_TEST(credentials_are_followed_over_a_history_that_is_gone)
{
    live_registration_t first;
    live_registration_t second;
    live_view_t view;
    disco_client_t *other;
    disco_host_t host = public_host("one", "old");
    proxy_t *proxy;

    live_open(&live, NULL);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    client = live_client_at(&live, proxy_endpoint(proxy));
    other = live_client(&live);
    live_register(&live, &first, client, "s", &host, NULL);
    recorder_expect(&first.told, DISCO_REGISTRATION_READY);
    live_subscribe(&live, &view, other, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    if (live_has_side(DISCO_API_V2))
        proxy_await_answer(proxy, "wait=true");
    if (live_has_side(DISCO_API_V3))
        proxy_await_answer(proxy, "/v3/watch");
    proxy_set_down(proxy, true);
    host = public_host("two", "new");
    live_register(&live, &second, other, "s", &host, NULL);
    recorder_expect(&second.told, DISCO_REGISTRATION_READY);
    live_forget_history(&live);
    proxy_set_down(proxy, false);
    assert_string_equal(recorder_expect(&first.told, DISCO_REGISTRATION_CREDENTIALS)->value, "new");
    await_on_all_sides("/services/s/one", "\"password\":\"new\"");
    live_view_check(&live, &view);
    assert_int(recorder_count(&first.told, DISCO_REGISTRATION_LOST), 0);
    /* The check's own. */
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), live_side_count());
    live_client_close(&live, other);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

DISCO_TEST(credentials_are_adopted)
{
    disco_registration_options_t options;
    live_registration_t first;
    live_registration_t second;
    disco_host_t host = public_host("one", "old");

    open_live();
    disco_registration_options_init(&options);
    options.ttl_s = 60;
    options.adopt = true;
    live_register(&live, &first, client, "s", &host, &options);
    recorder_expect(&first.told, DISCO_REGISTRATION_READY); /* nothing to adopt: makes it */
    assert_true(has("/services_infos/s", "\"password\":\"old\""));
    host = public_host("two", "new");
    live_register(&live, &second, client, "s", &host, &options);
    assert_string_equal(recorder_expect(&second.told, DISCO_REGISTRATION_READY)->value, "old");
    assert_true(has("/services_infos/s", "\"password\":\"old\""));
    assert_true(has("/services/s/two", "\"password\":\"old\""));
    assert_int(recorder_count(&first.told, DISCO_REGISTRATION_CREDENTIALS), 0);
    close_live();
}

static void delete_info_on(disco_api_t side)
{
    disco_client_t *watcher = live_client_on(&live, side);
    static live_watch_t watches[2];
    live_watch_t *watch = &watches[side == DISCO_API_V3];

    live_watch(&live, watch, watcher, "/services_infos/s", false, 0);
    recorder_expect(&watch->told, DISCO_WATCH_SYNCED);
    assert_true(live_delete_on(&live, side, "/services_infos/s"));
    recorder_expect(&watch->told, DISCO_WATCH_DELETE);
    assert_non_null(strstr(recorder_expect(&watch->told, DISCO_WATCH_PUT)->value, "\"old\""));
    live_unwatch(watch);
    live_client_close(&live, watcher);
}

DISCO_TEST(an_info_deleted_by_hand_comes_back)
{
    live_registration_t registration;
    disco_host_t host = public_host("one", "old");

    open_live();
    live_register(&live, &registration, client, "s", &host, NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    if (live_has_side(DISCO_API_V2))
        delete_info_on(DISCO_API_V2);
    if (live_has_side(DISCO_API_V3))
        delete_info_on(DISCO_API_V3);
    assert_true(has("/services_infos/s", "\"password\":\"old\""));
    close_live();
}

DISCO_TEST(an_update_takes_the_info_along)
{
    static const disco_port_t more[] = {{"http", "81"}, {"https", "444"}};
    live_registration_t registration;
    disco_host_t host = public_host("one", "old");

    open_live();
    live_register(&live, &registration, client, "s", &host, NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    host = public_host("ignored", "ignored");
    host.ports = more;
    host.port_count = 2;
    assert_status(disco_registration_update(registration.handle, &host), 0);
    recorder_expect(&registration.told, DISCO_REGISTRATION_UPDATED);
    assert_true(has("/services_infos/s", "\"ports\":{\"http\":\"81\",\"https\":\"444\"}"));
    assert_true(has("/services_infos/s", "\"password\":\"old\""));
    assert_true(has("/services/s/one", "\"ports\":{\"http\":\"81\",\"https\":\"444\"}"));
    assert_true(has("/services/s/one", "\"password\":\"old\""));
    close_live();
}

static void write_host(const char *uuid, const char *shard)
{
    char key[64];
    char json[256];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    (void)snprintf(json, sizeof json,
                   "{\"name\":\"%s.dev\",\"service_name\":\"s\",\"ports\":{\"http\":\"80\"},"
                   "\"private_hostname\":\"%s.internal\",\"private_ports\":{\"http\":\"8080\"},"
                   "\"shard\":\"%s\",\"uuid\":\"%s\"}",
                   uuid, uuid, shard, uuid);
    live_write(&live, key, json, 0);
}

DISCO_TEST(a_service_is_looked_up)
{
    disco_query_t query = {.shard = "two", .quorum = true};
    disco_service_t *service;
    const disco_host_t *const *hosts;
    size_t count;
    char text[256];
    size_t size = sizeof text;

    open_live();
    write_host("z", "one");
    write_host("a", "two");
    write_host("m", "one");
    assert_status(live_get(&live, client, "s", NULL, &service), 0);
    assert_status(disco_service_all(service, &hosts, &count), 0);
    assert_int(count, 3);
    assert_string_equal(hosts[0]->uuid, "z"); /* oldest first */
    assert_string_equal(hosts[1]->uuid, "a");
    assert_string_equal(hosts[2]->uuid, "m");
    assert_ptr_equal(disco_service_first(service), hosts[0]);
    assert_non_null(disco_service_one(service));
    assert_status(disco_host_url(hosts[1], NULL, "/x", text, &size), 0);
    assert_string_equal(text, "http://a.dev:80/x");
    size = sizeof text;
    assert_status(disco_host_private_url(hosts[1], "http", "x", text, &size), 0);
    assert_string_equal(text, "http://a.internal:8080/x");
    size = sizeof text;
    assert_status(disco_service_hosts_string(service, text, &size), 0);
    assert_string_equal(text, "z.internal, a.internal, m.internal");
    disco_service_unref(service);

    assert_status(live_get(&live, client, "s", &query, &service), 0);
    assert_status(disco_service_all(service, &hosts, &count), 0);
    assert_int(count, 1);
    size = sizeof text;
    assert_status(disco_service_url(service, NULL, NULL, text, &size), 0);
    assert_string_equal(text, "http://a.dev:80");
    disco_service_unref(service);
    close_live();
}

DISCO_TEST(what_is_not_there_is_told_apart)
{
    disco_query_t query = {.shard = "three"};
    disco_service_t *service;

    open_live();
    write_host("a", "two");
    live_write(&live, "/services/empty/left", "x", 0);
    live_delete(&live, "/services/empty/left");
    assert_status(live_get(&live, client, "none", NULL, &service), 0);
    assert_status(disco_service_status(service), DISCO_ENOSERVICE);
    assert_string_equal(disco_service_info(service)->name, "none");
    disco_service_unref(service);
    assert_status(live_get(&live, client, "empty", NULL, &service), 0);
    /* v3 has no directories, so no empty ones. */
    assert_status(disco_service_status(service),
                  test_api() == DISCO_API_V3 ? DISCO_ENOSERVICE : DISCO_ENOHOST);
    disco_service_unref(service);
    assert_status(live_get(&live, client, "s", &query, &service), 0);
    assert_status(disco_service_status(service), DISCO_ENOSHARD);
    disco_service_unref(service);
    close_live();
}

DISCO_TEST(the_first_is_the_same_for_everybody)
{
    static const char *const uuids[] = {"m", "z", "a", "k"};
    live_registration_t registrations[4];
    disco_client_t *others[4];
    size_t i;

    open_live();
    for (i = 0; i < 4; i++) {
        others[i] = live_client(&live);
        live_register(&live, &registrations[i], others[i], "s", live_host(uuids[i], "a"), NULL);
        recorder_expect(&registrations[i].told, DISCO_REGISTRATION_READY);
    }
    /* Neither a rewrite nor another host changes who was first. */
    assert_status(disco_registration_update(registrations[0].handle, live_host(NULL, "b")), 0);
    recorder_expect(&registrations[0].told, DISCO_REGISTRATION_UPDATED);
    for (i = 0; i < 4; i++) {
        disco_service_t *service;

        assert_status(live_get(&live, others[i], "s", NULL, &service), 0);
        assert_string_equal(disco_service_first(service)->uuid, "m");
        disco_service_unref(service);
    }
    for (i = 0; i < 4; i++)
        live_client_shutdown(&live, others[i]);
    close_live();
}

/* Nine hosts beside a broken one. */
static void assert_one_is_broken(const char *value, const disco_options_t *given)
{
    disco_options_t options = *given;
    disco_client_t *reader = live_client_with(&live, &options);
    disco_service_t *service;
    const disco_host_t *const *hosts;
    size_t count;

    live_write(&live, "/services/s/broken", value, 0);
    assert_status(live_get(&live, reader, "s", NULL, &service), 0);
    assert_status(disco_service_all(service, &hosts, &count), 0);
    assert_int(count, 9);
    assert_int(disco_service_broken(service), 1);
    disco_service_unref(service);
    live_client_close(&live, reader);
}

static char *deep(size_t depth)
{
    char *text = malloc(2 * depth + 32);
    size_t used;

    assert_non_null(text);
    used = (size_t)sprintf(text, "{\"x\":");
    memset(text + used, '[', depth);
    memset(text + used + depth, ']', depth);
    (void)sprintf(text + used + 2 * depth, "}");
    return text;
}

static char *large(size_t size)
{
    char *text = malloc(size + 32);
    int used;

    assert_non_null(text);
    used = sprintf(text, "{\"name\":\"");
    memset(text + used, 'a', size);
    (void)sprintf(text + (size_t)used + size, "\"}");
    return text;
}

DISCO_TEST(a_broken_host_leaves_the_others)
{
    static const char *const broken[] = {
        "",
        "no JSON",
        "{\"name\":\"a\"",
        "[]",
        "null",
        "{\"name\":1}",
        "{\"name\":\"a\",\"ports\":[]}",
        "{\"name\":\"a\",\"ports\":{\"http\":80}}",
        "{\"name\":\"a\",\"public\":\"yes\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"a\"}\xff",
    };
    disco_options_t options;
    char *made;
    size_t i;

    live_open(&live, NULL);
    client = live_client(&live);
    options = live_options(&live);
    options.max_value_bytes = 4096;
    for (i = 0; i < 9; i++) {
        char uuid[8];

        (void)snprintf(uuid, sizeof uuid, "u%zu", i);
        write_host(uuid, "");
    }
    for (i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_one_is_broken(broken[i], &options);
    made = deep(1000);
    assert_one_is_broken(made, &options);
    free(made);
    made = large(5000);
    assert_one_is_broken(made, &options);
    free(made);
    close_live();
}

DISCO_TEST(a_directory_among_the_hosts_is_none)
{
    disco_service_t *service;
    live_view_t view;

    open_live();
    write_host("a", "");
    if (live_has_side(DISCO_API_V2))
        live_write_on(&live, DISCO_API_V2, "/services/s/directory/below", "{\"name\":\"x\"}", 0);
    if (live_has_side(DISCO_API_V3))
        live_write_on(&live, DISCO_API_V3, "/services/s/directory/below", "{\"name\":\"x\"}", 0);
    assert_status(live_get(&live, client, "s", NULL, &service), 0);
    assert_string_equal(disco_service_first(service)->uuid, "a");
    assert_int(disco_service_broken(service), 0);
    disco_service_unref(service);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_int(view.count, 1);
    live_write(&live, "/services/s/directory/more", "{\"name\":\"y\"}", 0);
    live_delete(&live, "/services/s/directory");
    write_host("b", "");
    assert_string_equal(recorder_expect(&view.told, DISCO_SUBSCRIPTION_UP)->key, "b");
    close_live();
}

DISCO_TEST(a_host_that_breaks_goes_and_comes_back)
{
    live_view_t view;

    open_live();
    write_host("a", "");
    write_host("b", "");
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    live_write(&live, "/services/s/a", "broken", 0);
    assert_string_equal(recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN)->key, "a");
    assert_int(disco_service_broken(disco_subscription_service(view.handle)), 1);
    write_host("a", "");
    assert_string_equal(recorder_expect(&view.told, DISCO_SUBSCRIPTION_UP)->key, "a");
    assert_int(disco_service_broken(disco_subscription_service(view.handle)), 0);
    live_write(&live, "/services/s/c", "broken", 0);
    live_delete(&live, "/services/s/c");
    live_delete(&live, "/services/s");
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN);
    recorder_expect(&view.told, DISCO_SUBSCRIPTION_DOWN);
    assert_int(disco_subscription_state(view.handle, NULL), DISCO_VIEW_CONFIRMED_EMPTY);
    close_live();
}
