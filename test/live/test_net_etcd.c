/* TLS with a real etcd, below HTTP. */
#include "support/test.h"

#include "net/tls.h"
#include "support/certs.h"
#include "support/etcd.h"
#include "support/net_fixture.h"

static const char request[] = "GET /version HTTP/1.1\r\nHost: etcd\r\n\r\n";

static net_t net;
static etcd_t *etcd;
static disco__tls_t *tls;
static disco__target_t target;
static identity_t *ca;

/* with_client: etcd wants a certificate, and the client has one. */
static void set_up(const char *host, bool with_client)
{
    disco__tls_options_t options = {.source = DISCO_TLS_MEMORY};
    etcd_options_t etcd_options = {.without_v2 = true};
    identity_t *server;
    identity_t *client;
    const char *at_fault;

    ca = identity_new(&(identity_spec_t){.name = "CA", .ca = true});
    server = identity_new(
        &(identity_spec_t){.name = "etcd", .names = "localhost,127.0.0.1,::1", .issuer = ca});
    client = identity_new(&(identity_spec_t){.name = "client", .issuer = ca});
    options.ca = ca->certificate;
    etcd_options.certificate = certs_write("server.pem", server->certificate);
    etcd_options.key = certs_write("server.key", server->key);
    if (with_client) {
        options.certificate = client->certificate;
        options.key = client->key;
        etcd_options.client_ca = certs_write("ca.pem", ca->certificate);
    }
    net_open(&net);
    etcd = etcd_start(&net.loop, &etcd_options);
    assert_int(disco__tls_new(&tls, &net.disco, &options, &at_fault), 0);
    assert_int(disco__target_init(&target, host, etcd_port(etcd, 0), tls), 0);
}

static void tear_down(void)
{
    disco__target_free(&target);
    disco__tls_free(tls);
    etcd_free(etcd);
    net_close(&net);
}

static void ask_version(void)
{
    talk_t talk = {.say = request, .wanted = 64};

    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_string_equal(talk.failure.message, "");
    loop_run_until(&net.loop, &talk.got);
    assert_non_null(strstr(talk.first, "200 OK"));
    assert_non_null(target.session);
    talk_close(&talk);
}

DISCO_TEST(by_address)
{
    set_up("127.0.0.1", false);
    ask_version();
    ask_version(); /* the session resumed */
    tear_down();
}

DISCO_TEST(by_name)
{
    set_up("localhost", false);
    ask_version();
    ask_version();
    tear_down();
}

DISCO_TEST(with_client_certificate)
{
    set_up("127.0.0.1", true);
    ask_version();
    ask_version();
    tear_down();
}

DISCO_TEST(without_the_client_certificate_that_etcd_wants)
{
    disco__tls_options_t options = {.source = DISCO_TLS_MEMORY};
    talk_t talk = {.say = request};
    const char *at_fault;

    set_up("127.0.0.1", true);
    disco__target_free(&target);
    disco__tls_free(tls);
    options.ca = ca->certificate;
    assert_int(disco__tls_new(&tls, &net.disco, &options, &at_fault), 0);
    assert_int(disco__target_init(&target, "127.0.0.1", etcd_port(etcd, 0), tls), 0);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    /* TLS 1.3 lets the client go on at first */
    if (talk.stream != NULL)
        loop_run_until(&net.loop, &talk.ended);
    assert_int(talk.received, 0);
    assert_non_null(strstr(talk.failure.message, "client certificate"));
    talk_close(&talk);
    tear_down();
}
