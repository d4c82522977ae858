/* Names, hosts, keys and values that cannot be used: each gives its own error, at once, calls
 * nobody back, allocates nothing that stays, and leaves nothing on the loop. */
#include <uvdisco.h>

#include "support/test.h"

typedef struct bench_s {
    test_loop_t loop;
    disco_client_t *client;
    bool closed;
    size_t live; /* blocks with a client at rest */
} bench_t;

static void on_closed(void *data, int status)
{
    assert_status(status, 0);
    ((bench_t *)data)->closed = true;
}

static void bench_open_by(bench_t *bench, disco_api_t api)
{
    disco_options_t options;

    bench->closed = false;
    loop_open(&bench->loop);
    assert_status(disco_options_init(&options), 0);
    options.endpoints = "http://127.0.0.1:1";
    options.api = api;
    assert_status(disco_client_new(&bench->client, &bench->loop.uv, &options), 0);
    bench->live = heap_live();
}

static void bench_open(bench_t *bench)
{
    bench_open_by(bench, DISCO_API_AUTO);
}

/* Nothing was begun: the loop has nothing to run, and the client nothing to end. */
static void bench_close(bench_t *bench)
{
    assert_int(heap_live(), bench->live);
    assert_int(uv_loop_alive(&bench->loop.uv), 0);
    loop_run(&bench->loop);
    assert_status(disco_client_close(bench->client, on_closed, bench), 0);
    loop_run_until(&bench->loop, &bench->closed);
    loop_close(&bench->loop);
}

static void never_get(void *data, int status, const disco_service_t *service)
{
    (void)data;
    (void)service;
    fail_msg("called back with %s", disco_err_name(status));
}

static void never_key(void *data, int status, const disco_kv_result_t *result)
{
    (void)data;
    (void)result;
    fail_msg("called back with %s", disco_err_name(status));
}

static void never_registration(void *data, disco_registration_t *registration,
                               const disco_registration_event_t *event)
{
    (void)data;
    (void)registration;
    fail_msg("called back with event %d", (int)event->type);
}

static void never_subscription(void *data, disco_subscription_t *subscription,
                               const disco_subscription_event_t *event)
{
    (void)data;
    (void)subscription;
    fail_msg("called back with event %d", (int)event->type);
}

static void never_watch(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    (void)data;
    (void)watch;
    fail_msg("called back with event %d", (int)event->type);
}

static const char *long_name(size_t size)
{
    static char name[2048];

    assert_true(size < sizeof name);
    memset(name, 'a', size);
    name[size] = '\0';
    return name;
}

static const char *const bad_names[] = {
    "",     ".",    "..",       "/",      "a/b",          "/a",
    "a/",   "a\nb", "a\tb",     "\x01",   "\x1f",         "a\x7f",
    "\xff", "\xc3", "\xc0\xaf", "a\x80z", "\xed\xa0\x80", "\xf4\x90\x80\x80",
};
#define BAD_NAMES (sizeof bad_names / sizeof bad_names[0])

static const disco_host_t good_host = {.name = "h"};

static void assert_bad_name(bench_t *bench, const char *name)
{
    disco_subscription_options_t of_shard = {.shard = name};
    disco_query_t query = {.shard = name};
    disco_host_t host = good_host;
    disco_client_t *client = bench->client;

    assert_status(disco_get(client, name, NULL, never_get, NULL, NULL), DISCO_ENAME);
    assert_status(disco_get(client, "s", &query, never_get, NULL, NULL), DISCO_ENAME);
    assert_status(disco_get_for_shard(client, "s", name, never_get, NULL, NULL), DISCO_ENAME);
    assert_status(disco_register(client, name, &host, NULL, never_registration, NULL, NULL),
                  DISCO_ENAME);
    assert_status(disco_subscribe(client, name, NULL, never_subscription, NULL, NULL), DISCO_ENAME);
    assert_status(disco_subscribe(client, "s", &of_shard, never_subscription, NULL, NULL),
                  DISCO_ENAME);
    host.uuid = name;
    if (name[0] != '\0') /* which asks for a new one */
        assert_status(disco_register(client, "s", &host, NULL, never_registration, NULL, NULL),
                      DISCO_ENAME);
}

DISCO_TEST(names_are_refused)
{
    bench_t bench;
    size_t i;

    bench_open(&bench);
    for (i = 0; i < BAD_NAMES; i++)
        assert_bad_name(&bench, bad_names[i]);
    assert_bad_name(&bench, long_name(256));
    bench_close(&bench);
}

static void assert_bad_key(bench_t *bench, const char *key)
{
    disco_client_t *client = bench->client;

    assert_status(disco_kv_get(client, key, NULL, never_key, NULL, NULL), DISCO_ENAME);
    assert_status(disco_kv_put(client, key, "v", NULL, never_key, NULL, NULL), DISCO_ENAME);
    assert_status(disco_kv_delete(client, key, NULL, never_key, NULL, NULL), DISCO_ENAME);
    assert_status(disco_kv_watch(client, key, NULL, never_watch, NULL, NULL), DISCO_ENAME);
}

DISCO_TEST(keys_are_refused)
{
    static const char *const bad[] = {"",       "a",     "a/b",     "//",      "/a//b", "/a/",
                                      "/.",     "/..",   "/a/./b",  "/a/../b", "/a/..", "/\n",
                                      "/a\x7f", "/\xff", "/a/\xc3", " /a"};
    char segment[300] = "/";
    bench_t bench;
    size_t i;

    bench_open(&bench);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_bad_key(&bench, bad[i]);
    memset(segment + 1, 'a', 256);
    assert_bad_key(&bench, segment);
    assert_bad_key(&bench, long_name(2000));
    bench_close(&bench);
}

static void assert_bad_host(bench_t *bench, const disco_host_t *host, int error)
{
    assert_status(disco_register(bench->client, "s", host, NULL, never_registration, NULL, NULL),
                  error);
}

DISCO_TEST(ports_are_refused)
{
    static const char *const bad[] = {"0",
                                      "65536",
                                      "",
                                      "abc",
                                      "80x",
                                      "+80",
                                      "-1",
                                      " 80",
                                      "80 ",
                                      "0x50",
                                      "080",
                                      "8 0",
                                      "00",
                                      NULL,
                                      "99999",
                                      "4294967376",
                                      "18446744073709551696"};
    bench_t bench;
    size_t i;

    bench_open(&bench);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        disco_port_t ports[] = {{"http", "80"}, {"https", bad[i]}};
        disco_host_t host = {.name = "h", .ports = ports, .port_count = 2};
        disco_host_t private = {.name = "h", .private_ports = ports, .private_port_count = 2};

        assert_bad_host(&bench, &host, DISCO_EPORT);
        assert_bad_host(&bench, &private, DISCO_EPORT);
    }
    bench_close(&bench);
}

DISCO_TEST(schemes_and_port_lists_are_refused)
{
    static const char *const bad[] = {"", NULL, "1http", "ht tp", "http:", "-a", "h\xc3\xa4"};
    disco_port_t twice[] = {{"http", "80"}, {"http", "81"}};
    disco_host_t host = {.name = "h", .ports = twice, .port_count = 2};
    bench_t bench;
    size_t i;

    bench_open(&bench);
    assert_bad_host(&bench, &host, UV_EINVAL);
    host.ports = NULL;
    assert_bad_host(&bench, &host, UV_EINVAL);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        disco_port_t port = {bad[i], "80"};
        disco_host_t with = {.name = "h", .ports = &port, .port_count = 1};

        assert_bad_host(&bench, &with, DISCO_ESCHEME);
    }
    bench_close(&bench);
}

DISCO_TEST(host_names_are_refused)
{
    static const char *const bad[] = {"a b",  "a/b",  "u@h",  "h?",  "h#",   "a\\b",
                                      "h:80", "[::1", "::1]", "[h]", "a\nb", "\x7f"};
    bench_t bench;
    size_t i;
    disco_host_t nameless = {.is_public = true, .private_hostname = "p"};

    bench_open(&bench);
    assert_bad_host(&bench, &nameless, DISCO_EHOSTNAME);
    nameless.name = "";
    assert_bad_host(&bench, &nameless, DISCO_EHOSTNAME);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        disco_host_t host = {.name = bad[i]};
        disco_host_t private = {.private_hostname = bad[i]};

        assert_bad_host(&bench, &host, DISCO_EHOSTNAME);
        assert_bad_host(&bench, &private, DISCO_EHOSTNAME);
    }
    nameless.name = long_name(256);
    assert_bad_host(&bench, &nameless, DISCO_EHOSTNAME);
    bench_close(&bench);
}

DISCO_TEST(texts_that_are_not_utf8_are_refused)
{
    bench_t bench;
    disco_host_t hosts[] = {{.name = "h\xff"},
                            {.name = "h", .user = "\xff"},
                            {.name = "h", .password = "\xc3"},
                            {.name = "h", .shard = "\x80"},
                            {.private_hostname = "\xff"}};
    disco_kv_put_options_t on_value = {.condition = DISCO_KV_VALUE, .previous_value = "v"};
    size_t i;

    bench_open(&bench);
    for (i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        assert_bad_host(&bench, &hosts[i], DISCO_EVALUE);
    assert_status(disco_kv_put(bench.client, "/k", "a\xff", NULL, never_key, NULL, NULL),
                  DISCO_EVALUE);
    assert_status(
        disco_kv_put(bench.client, "/k", "\xed\xa0\x80", &on_value, never_key, NULL, NULL),
        DISCO_EVALUE);
    bench_close(&bench);
}

DISCO_TEST(times_to_live_are_refused)
{
    static const uint32_t bad[] = {0, 86401, UINT32_MAX};
    bench_t bench;
    size_t i;

    bench_open(&bench);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        disco_registration_options_t options;

        disco_registration_options_init(&options);
        assert_int(options.ttl_s, 5);
        options.ttl_s = bad[i];
        assert_status(
            disco_register(bench.client, "s", &good_host, &options, never_registration, NULL, NULL),
            DISCO_ETTL);
    }
    bench_close(&bench);
}

static void assert_contradiction(bench_t *bench, disco_kv_condition_t condition, uint64_t revision,
                                 const char *value)
{
    disco_kv_put_options_t put = {
        .condition = condition, .previous_revision = revision, .previous_value = value};
    disco_kv_delete_options_t removal = {
        .condition = condition, .previous_revision = revision, .previous_value = value};

    assert_status(disco_kv_put(bench->client, "/k", "v", &put, never_key, NULL, NULL), UV_EINVAL);
    assert_status(disco_kv_delete(bench->client, "/k", &removal, never_key, NULL, NULL), UV_EINVAL);
}

DISCO_TEST(conditions_that_contradict_are_refused)
{
    disco_kv_delete_options_t must_not = {.condition = DISCO_KV_MUST_NOT_EXIST};
    bench_t bench;

    bench_open(&bench);
    assert_contradiction(&bench, DISCO_KV_ALWAYS, 1, NULL);
    assert_contradiction(&bench, DISCO_KV_ALWAYS, 0, "v");
    assert_contradiction(&bench, DISCO_KV_MUST_EXIST, 1, NULL);
    assert_contradiction(&bench, DISCO_KV_MUST_NOT_EXIST, 0, "v");
    assert_contradiction(&bench, DISCO_KV_REVISION, 0, NULL);
    assert_contradiction(&bench, DISCO_KV_REVISION, 1, "v");
    assert_contradiction(&bench, DISCO_KV_VALUE, 0, NULL);
    assert_contradiction(&bench, DISCO_KV_VALUE, 0, "");
    assert_contradiction(&bench, DISCO_KV_VALUE, 1, "v");
    assert_contradiction(&bench, (disco_kv_condition_t)77, 0, NULL);
    assert_status(disco_kv_delete(bench.client, "/k", &must_not, never_key, NULL, NULL), UV_EINVAL);
    bench_close(&bench);
}

DISCO_TEST(values_too_long_for_a_request_line_are_refused)
{
    static char value[4001];
    disco_kv_delete_options_t options = {.condition = DISCO_KV_VALUE, .previous_value = value};
    bench_t bench;

    bench_open_by(&bench, DISCO_API_V2);
    memset(value, '%', sizeof value - 1); /* three times as long when encoded */
    assert_status(disco_kv_delete(bench.client, "/k", &options, never_key, NULL, NULL),
                  UV_ENAMETOOLONG);
    bench_close(&bench);
}

DISCO_TEST(filters_are_refused)
{
    disco_subscription_options_t options = {.filter = (disco_subscription_filter_t)3};
    bench_t bench;

    bench_open(&bench);
    assert_status(disco_subscribe(bench.client, "s", &options, never_subscription, NULL, NULL),
                  UV_EINVAL);
    bench_close(&bench);
}
