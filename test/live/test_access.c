/* A real etcd that wants users and passwords, or TLS. */
#include <stdio.h>

#include "support/certs.h"
#include "support/live.h"
#include "support/raw_http.h"

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;

#define PASSWORD "p:ss w\xc3\xb6rd"

/* Some user may touch services alone. */
static void set_up_v2_users(uint16_t port)
{
    raw_http_expect(&live.loop, port, "PUT", "/v2/auth/users/root",
                    "{\"user\":\"root\",\"password\":\"root's\"}");
    raw_http_expect(&live.loop, port, "PUT", "/v2/auth/roles/discovery",
                    "{\"role\":\"discovery\",\"permissions\":{\"kv\":{"
                    "\"read\":[\"/services*\"],\"write\":[\"/services*\"]}}}");
    raw_http_expect(&live.loop, port, "PUT", "/v2/auth/users/some",
                    "{\"user\":\"some\",\"password\":\"" PASSWORD "\","
                    "\"roles\":[\"discovery\"]}");
    raw_http_expect(&live.loop, port, "PUT", "/v2/auth/roles/guest",
                    "{\"role\":\"guest\",\"permissions\":{\"kv\":{\"read\":[],\"write\":[]}}}");
    raw_http_expect(&live.loop, port, "PUT", "/v2/auth/enable", NULL);
}

static void set_up_v3_users(uint16_t port)
{
    static const char *const requests[][2] = {
        {"user/add", "{\"name\":\"root\",\"password\":\"root's\"}"},
        {"role/add", "{\"name\":\"root\"}"},
        {"user/grant", "{\"user\":\"root\",\"role\":\"root\"}"},
        {"user/add", "{\"name\":\"some\",\"password\":\"" PASSWORD "\"}"},
        {"role/add", "{\"name\":\"discovery\"}"},
        /* "/services" to "/servicet" */
        {"role/grant", "{\"name\":\"discovery\",\"perm\":{\"permType\":\"READWRITE\","
                       "\"key\":\"L3NlcnZpY2Vz\",\"range_end\":\"L3NlcnZpY2V0\"}}"},
        {"user/grant", "{\"user\":\"some\",\"role\":\"discovery\"}"},
        {"enable", "{}"},
    };
    size_t i;

    for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        char path[64];

        (void)snprintf(path, sizeof path, "/v3/auth/%s", requests[i][0]);
        raw_http_expect(&live.loop, port, "POST", path, requests[i][1]);
    }
}

static void set_up_users(void)
{
    live_open(&live, NULL);
    if (live_has_side(DISCO_API_V2))
        set_up_v2_users(etcd_port(live.etcd, 0));
    if (live_has_side(DISCO_API_V3))
        set_up_v3_users(etcd_port(live.etcd, 0));
}

static disco_client_t *client_of(const char *user, const char *password)
{
    disco_options_t options = live_options(&live);

    options.user = user;
    options.password = password;
    /* etcd hashes a password for each request: long work where there is much else to do. */
    options.attempt_timeout_ms = live_seconds(15) * 1000;
    options.request_timeout_ms = live_seconds(50) * 1000;
    return live_client_with(&live, &options);
}

static struct {
    bool done;
    int status;
    int etcd_code;
} answer;

static void on_answer(void *data, int status, const disco_kv_result_t *result)
{
    (void)data;
    (void)result;
    answer.done = true;
    answer.status = status;
    answer.etcd_code = disco_client_error_detail(client)->etcd_code;
}

static int put(const char *key)
{
    answer.done = false;
    assert_status(disco_kv_put(client, key, "x", NULL, on_answer, NULL, NULL), 0);
    loop_run_until(&live.loop, &answer.done);
    return answer.status;
}

DISCO_TEST(with_the_right_password)
{
    live_registration_t registration;
    live_view_t view;
    disco_service_t *service;

    set_up_users();
    client = client_of("some", PASSWORD);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    assert_status(live_get(&live, client, "s", NULL, &service), 0);
    assert_string_equal(disco_service_first(service)->uuid, "u");
    disco_service_unref(service);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_int(view.count, 1);
    assert_status(put("/elsewhere"), DISCO_EAUTH);
    assert_int(answer.etcd_code, test_api() == DISCO_API_V3 ? 7 : 110);
    live_unregister(&registration);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_DOWN);
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(with_the_wrong_password)
{
    live_registration_t registration;
    live_view_t view;

    set_up_users();
    client = client_of("some", "wrong");
    assert_status(live_get(&live, client, "s", NULL, NULL), DISCO_EAUTH);
    assert_status(put("/services/s/x"), DISCO_EAUTH);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    registration.told.passed_over = 0;
    assert_status(recorder_expect(&registration.told, DISCO_REGISTRATION_RETRYING)->status,
                  DISCO_EAUTH);
    live_subscribe(&live, &view, client, "s", NULL);
    assert_status(recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE)->status, DISCO_EAUTH);
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(without_a_user)
{
    set_up_users();
    client = live_client(&live);
    assert_status(live_get(&live, client, "s", NULL, NULL), DISCO_EAUTH);
    live_client_close(&live, client);
    live_close(&live);
}

static identity_t *ca;
static identity_t *own;

static void open_with_tls(void)
{
    etcd_options_t options = {0};
    identity_t *server;

    ca = identity_new(&(identity_spec_t){.name = "CA", .ca = true});
    server = identity_new(
        &(identity_spec_t){.name = "etcd", .names = "localhost,127.0.0.1,::1", .issuer = ca});
    own = identity_new(&(identity_spec_t){.name = "client", .issuer = ca});
    options.certificate = certs_write("server.pem", server->certificate);
    options.key = certs_write("server.key", server->key);
    options.client_ca = certs_write("ca.pem", ca->certificate);
    (void)certs_write("own.pem", own->certificate);
    (void)certs_write("own.key", own->key);
    live_open(&live, &options);
}

static disco_options_t tls_options(void)
{
    disco_options_t options = live_options(&live);

    options.tls_ca = certs_path("ca.pem");
    options.tls_certificate = certs_path("own.pem");
    options.tls_key = certs_path("own.key");
    return options;
}

static void use(disco_options_t *options)
{
    live_registration_t registration;
    live_view_t view;

    client = live_client_with(&live, options);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    assert_string_equal(recorder_await(&view.told, DISCO_SUBSCRIPTION_UP)->key, "u");
    assert_status(live_get(&live, client, "s", NULL, NULL), 0);
    live_unregister(&registration);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_DOWN);
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(tls_by_address)
{
    disco_options_t options;

    open_with_tls();
    options = tls_options();
    use(&options);
}

DISCO_TEST(tls_by_name)
{
    disco_options_t options;
    char endpoint[64];

    open_with_tls();
    options = tls_options();
    /* With TLS material "http" is spoken by TLS, too. */
    (void)snprintf(endpoint, sizeof endpoint, "http://localhost:%u", etcd_port(live.etcd, 0));
    options.endpoints = endpoint;
    use(&options);
}

DISCO_TEST(tls_certificates_changed_on_disk_are_taken)
{
    identity_t *stranger = identity_new(&(identity_spec_t){.name = "stranger", .ca = true});
    disco_options_t options;

    open_with_tls();
    options = tls_options();
    options.tls_ca = certs_write("trusted.pem", stranger->certificate);
    client = live_client_with(&live, &options);
    assert_status(put("/a"), DISCO_ECERTIFICATE); /* one request: one connection */
    (void)certs_write("trusted.pem", ca->certificate);
    assert_status(live_get(&live, client, "s", NULL, NULL), 0);
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(tls_without_the_client_certificate_that_etcd_wants)
{
    disco_options_t options;

    open_with_tls();
    options = tls_options();
    options.tls_certificate = NULL;
    options.tls_key = NULL;
    options.request_timeout_ms = live_seconds(2) * 1000;
    client = live_client_with(&live, &options);
    assert_true(live_get(&live, client, "s", NULL, NULL) != 0);
    live_client_close(&live, client);
    live_close(&live);
}
