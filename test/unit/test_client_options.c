/* Options from defaults, from the environment, and from callers of other versions. What is refused
 * is in test_bad_options.c. */
#include <stdio.h>
#include <stdlib.h>

#include <uvdisco.h>

#include "disco/context.h"
#include "etcd/v2_internal.h"
#include "support/test.h"

static const char *const variables[] = {
    "ETCD_HOSTS",
    "ETCD_HOST",
    "ETCD_1_PORT_2379_TCP_ADDR",
    "ETCD_1_PORT_2379_TCP_PORT",
    "ETCD_CACERT",
    "ETCD_TLS_CERT",
    "ETCD_TLS_KEY",
    "ETCD_TLS_INMEMORY",
    "HOSTNAME",
    "UVDISCO_API",
};

typedef struct setting_s {
    const char *name;
    const char *value;
} setting_t;

/* The environment is these settings alone. */
static void set_environment(const setting_t *settings)
{
    size_t i;

    for (i = 0; i < sizeof variables / sizeof variables[0]; i++)
        assert_int(unsetenv(variables[i]), 0);
    for (; settings->name != NULL; settings++)
        assert_int(setenv(settings->name, settings->value, 1), 0);
}

static disco_options_t from_env(const setting_t *settings, int status)
{
    disco_options_t options;

    set_environment(settings);
    assert_status(disco_options_init(&options), 0);
    assert_status(disco_options_from_env(&options), status);
    if (status == 0)
        assert_null(options.at_fault);
    return options;
}

#define ENVIRONMENT(...) ((const setting_t[]){__VA_ARGS__, {NULL, NULL}})
#define EMPTY ((const setting_t[]){{NULL, NULL}})

static void on_closed(void *data, int status)
{
    assert_status(status, 0);
    *(bool *)data = true;
}

/* The endpoints of a client that has these options, joined by spaces. */
static void assert_endpoints(disco_options_t *options, const char *expected)
{
    test_loop_t loop;
    disco_client_t *client;
    disco__endpoints_t *endpoints;
    char text[256] = "";
    size_t used = 0;
    bool closed = false;
    size_t i;

    options->api = DISCO_API_V2;
    loop_open(&loop);
    assert_status(disco_client_new(&client, &loop.uv, options), 0);
    endpoints = disco__v2_store_of(client->stores[0])->endpoints;
    for (i = 0; i < endpoints->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " " : "",
                                 endpoints->list[i].url);
    assert_string_equal(text, expected);
    assert_status(disco_client_close(client, on_closed, &closed), 0);
    loop_run_until(&loop, &closed);
    loop_close(&loop);
}

DISCO_TEST(nothing_set_is_localhost)
{
    disco_options_t options = from_env(EMPTY, 0);

    assert_null(options.endpoints);
    assert_null(options.container_address);
    assert_null(options.tls_ca);
    assert_null(options.hostname);
    assert_endpoints(&options, "http://localhost:2379");
}

DISCO_TEST(etcd_hosts_comes_first)
{
    disco_options_t options = from_env(
        ENVIRONMENT({"ETCD_HOSTS", "http://a:1,http://b:2"}, {"ETCD_HOST", "http://c:3"},
                    {"ETCD_1_PORT_2379_TCP_ADDR", "10.0.0.1"}, {"ETCD_1_PORT_2379_TCP_PORT", "4"}),
        0);

    assert_endpoints(&options, "http://a:1 http://b:2");
}

DISCO_TEST(endpoints_need_no_scheme_and_may_have_spaces)
{
    disco_options_t options = from_env(ENVIRONMENT({"ETCD_HOSTS", " a , b:2 ,\thttp://c:3 "}), 0);

    assert_endpoints(&options, "http://a:2379 http://b:2 http://c:3");
}

DISCO_TEST(etcd_host_is_read_when_etcd_hosts_is_empty)
{
    disco_options_t options = from_env(ENVIRONMENT({"ETCD_HOSTS", ""}, {"ETCD_HOST", "http://c:3"},
                                                   {"ETCD_1_PORT_2379_TCP_ADDR", "10.0.0.1"}),
                                       0);

    assert_endpoints(&options, "http://c:3");
}

DISCO_TEST(the_container_link_is_read_when_both_are_empty)
{
    disco_options_t options = from_env(ENVIRONMENT({"ETCD_HOSTS", ""}, {"ETCD_HOST", ""},
                                                   {"ETCD_1_PORT_2379_TCP_ADDR", "10.0.0.1"},
                                                   {"ETCD_1_PORT_2379_TCP_PORT", "4001"}),
                                       0);

    assert_endpoints(&options, "http://10.0.0.1:4001");
}

DISCO_TEST(a_container_link_without_a_port_has_etcds)
{
    disco_options_t options = from_env(ENVIRONMENT({"ETCD_1_PORT_2379_TCP_ADDR", "10.0.0.1"}), 0);

    assert_endpoints(&options, "http://10.0.0.1:2379");
    options = from_env(ENVIRONMENT({"ETCD_1_PORT_2379_TCP_ADDR", "fe80::1"}), 0);
    assert_endpoints(&options, "http://[fe80::1]:2379");
}

DISCO_TEST(a_port_without_an_address_is_passed_over)
{
    disco_options_t options = from_env(ENVIRONMENT({"ETCD_1_PORT_2379_TCP_PORT", "4001"}), 0);

    assert_endpoints(&options, "http://localhost:2379");
}

DISCO_TEST(what_was_set_before_is_kept_where_the_environment_is_silent)
{
    disco_options_t options;

    set_environment(EMPTY);
    assert_status(disco_options_init(&options), 0);
    options.endpoints = "mine";
    options.hostname = "me";
    options.tls_source = DISCO_TLS_MEMORY;
    options.tls_ca = "text";
    assert_status(disco_options_from_env(&options), 0);
    assert_string_equal(options.endpoints, "mine");
    assert_string_equal(options.hostname, "me");
    assert_int(options.tls_source, DISCO_TLS_MEMORY);
    assert_string_equal(options.tls_ca, "text");
}

DISCO_TEST(the_container_link_replaces_endpoints_set_before)
{
    disco_options_t options;

    set_environment(ENVIRONMENT({"ETCD_1_PORT_2379_TCP_ADDR", "10.0.0.1"}));
    assert_status(disco_options_init(&options), 0);
    options.endpoints = "mine";
    assert_status(disco_options_from_env(&options), 0);
    assert_endpoints(&options, "http://10.0.0.1:2379");
}

DISCO_TEST(all_three_files_are_taken)
{
    disco_options_t options = from_env(
        ENVIRONMENT({"ETCD_CACERT", "/ca"}, {"ETCD_TLS_CERT", "/c"}, {"ETCD_TLS_KEY", "/k"}), 0);

    assert_string_equal(options.tls_ca, "/ca");
    assert_string_equal(options.tls_certificate, "/c");
    assert_string_equal(options.tls_key, "/k");
    assert_int(options.tls_source, DISCO_TLS_FILES);
}

DISCO_TEST(a_ca_alone_is_enough)
{
    disco_options_t options = from_env(ENVIRONMENT({"ETCD_CACERT", "/ca"}), 0);

    assert_string_equal(options.tls_ca, "/ca");
    assert_null(options.tls_certificate);
    assert_null(options.tls_key);
}

DISCO_TEST(a_certificate_without_its_key_is_passed_over)
{
    disco_options_t options =
        from_env(ENVIRONMENT({"ETCD_CACERT", "/ca"}, {"ETCD_TLS_CERT", "/c"}), 0);

    assert_null(options.tls_certificate);
    options = from_env(ENVIRONMENT({"ETCD_TLS_KEY", "/k"}), 0);
    assert_null(options.tls_key);
    assert_null(options.tls_ca);
}

DISCO_TEST(tls_inmemory_is_base64)
{
    disco_options_t options =
        from_env(ENVIRONMENT({"ETCD_CACERT", "Y2E="}, {"ETCD_TLS_INMEMORY", "true"}), 0);

    assert_int(options.tls_source, DISCO_TLS_BASE64);
    options = from_env(ENVIRONMENT({"ETCD_CACERT", "/ca"}, {"ETCD_TLS_INMEMORY", "false"}), 0);
    assert_int(options.tls_source, DISCO_TLS_FILES);
    options = from_env(ENVIRONMENT({"ETCD_CACERT", "/ca"}, {"ETCD_TLS_INMEMORY", ""}), 0);
    assert_int(options.tls_source, DISCO_TLS_FILES);
}

DISCO_TEST(hostname_is_this_machines_name)
{
    disco_options_t options = from_env(ENVIRONMENT({"HOSTNAME", "node-1"}), 0);

    assert_string_equal(options.hostname, "node-1");
    options = from_env(ENVIRONMENT({"HOSTNAME", ""}), 0);
    assert_null(options.hostname);
}

DISCO_TEST(the_api_has_four_values)
{
    disco_options_t options = from_env(EMPTY, 0);

    assert_int(options.api, DISCO_API_AUTO);
    options = from_env(ENVIRONMENT({"UVDISCO_API", "v2"}), 0);
    assert_int(options.api, DISCO_API_V2);
    options = from_env(ENVIRONMENT({"UVDISCO_API", "v3"}), 0);
    assert_int(options.api, DISCO_API_V3);
    options = from_env(ENVIRONMENT({"UVDISCO_API", "both"}), 0);
    assert_int(options.api, DISCO_API_BOTH);
    /* The environment goes before what was set. */
    set_environment(ENVIRONMENT({"UVDISCO_API", "auto"}));
    assert_status(disco_options_from_env(&options), 0);
    assert_int(options.api, DISCO_API_AUTO);
}

/* The stores that a client has, in their order. */
static void assert_stores(disco_api_t api, const char *expected)
{
    disco_options_t options = from_env(EMPTY, 0);
    test_loop_t loop;
    disco_client_t *client;
    char text[32] = "";
    bool closed = false;
    size_t i;

    options.api = api;
    loop_open(&loop);
    assert_status(disco_client_new(&client, &loop.uv, &options), 0);
    for (i = 0; i < client->store_count; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "",
                       client->stores[i]->api);
    assert_string_equal(text, expected);
    assert_status(disco_client_close(client, on_closed, &closed), 0);
    loop_run_until(&loop, &closed);
    loop_close(&loop);
}

DISCO_TEST(each_api_has_its_stores)
{
    assert_stores(DISCO_API_AUTO, "auto");
    assert_stores(DISCO_API_V2, "v2");
    assert_stores(DISCO_API_V3, "v3");
    assert_stores(DISCO_API_BOTH, "v2 v3");
}

DISCO_TEST(a_bad_value_is_an_error_that_names_the_variable)
{
    disco_options_t options =
        from_env(ENVIRONMENT({"ETCD_HOSTS", "http://a:port"}), DISCO_EENDPOINT);

    assert_string_equal(options.at_fault, "ETCD_HOSTS");
    options = from_env(ENVIRONMENT({"ETCD_HOST", "ftp://a"}), DISCO_EENDPOINT);
    assert_string_equal(options.at_fault, "ETCD_HOST");
    options = from_env(ENVIRONMENT({"ETCD_TLS_INMEMORY", "yes"}), UV_EINVAL);
    assert_string_equal(options.at_fault, "ETCD_TLS_INMEMORY");
    options = from_env(ENVIRONMENT({"UVDISCO_API", "V3"}), UV_EINVAL);
    assert_string_equal(options.at_fault, "UVDISCO_API");
    options = from_env(ENVIRONMENT({"ETCD_1_PORT_2379_TCP_ADDR", "a/b"}), DISCO_EENDPOINT);
    assert_string_equal(options.at_fault, "ETCD_1_PORT_2379_TCP_ADDR");
    options = from_env(ENVIRONMENT({"ETCD_1_PORT_2379_TCP_ADDR", "10.0.0.1"},
                                   {"ETCD_1_PORT_2379_TCP_PORT", "tcp"}),
                       DISCO_EENDPOINT);
    assert_string_equal(options.at_fault, "ETCD_1_PORT_2379_TCP_PORT");
}

DISCO_TEST(a_size_that_no_version_had_is_refused)
{
    disco_options_t options;

    assert_status(disco_options_init_sized(&options, sizeof options), 0);
    assert_int(options.size, sizeof options);
    assert_status(disco_options_init_sized(&options, 0), DISCO_EOPTIONS);
    assert_status(disco_options_init_sized(&options, sizeof options - 1), DISCO_EOPTIONS);
    assert_status(disco_options_init_sized(&options, sizeof options + 8), DISCO_EOPTIONS);
    assert_status(disco_options_init_sized(NULL, sizeof options), UV_EINVAL);
}

DISCO_TEST(zero_means_the_default)
{
    disco_options_t options;
    test_loop_t loop;
    disco_client_t *client;
    bool closed = false;

    set_environment(EMPTY);
    loop_open(&loop);
    assert_status(disco_options_init(&options), 0);
    options.api = DISCO_API_V2;
    assert_status(disco_client_new(&client, &loop.uv, &options), 0);
    assert_int(client->settings.attempt_ms, 3000);
    assert_int(client->settings.request_ms, 15000);
    assert_int(client->settings.backoff_first_ms, 100);
    assert_int(client->settings.backoff_most_ms, 10000);
    assert_int(client->settings.max_value_bytes, 262144);
    assert_null(client->settings.hostname);
    assert_int(disco__v2_store_of(client->stores[0])->options.watch_check_ms, 30000);
    assert_int(disco__v2_store_of(client->stores[0])->options.max_event_bytes, 16777216);
    /* The caller's struct is not filled in. */
    assert_int(options.attempt_timeout_ms, 0);
    assert_status(disco_client_close(client, on_closed, &closed), 0);
    loop_run_until(&loop, &closed);
    loop_close(&loop);
}
