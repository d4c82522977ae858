/* Where certificates and keys come from, what is wrong with them, and files that change. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <uvdisco/error.h>

#include "net/tls.h"
#include "support/net_fixture.h"
#include "support/net_server.h"

static identity_t *ca;
static identity_t *identity;
static identity_t *client;

static void make_identities(void)
{
    ca = identity_new(&(identity_spec_t){.name = "CA", .ca = true});
    identity = identity_new(&(identity_spec_t){.name = "etcd", .names = "127.0.0.1", .issuer = ca});
    client = identity_new(&(identity_spec_t){.name = "client", .issuer = ca});
}

static void expect(disco__tls_options_t options, int status, const char *at_fault)
{
    net_t net;
    disco__tls_t *tls = NULL;
    const char *found = NULL;

    net_open(&net);
    assert_status(disco__tls_new(&tls, &net.disco, &options, &found), status);
    if (status == 0)
        disco__tls_free(tls);
    else
        assert_string_equal(found, at_fault);
    net_close(&net);
}

DISCO_TEST(from_memory)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, client->certificate,
                                  client->key, false},
           0, NULL);
}

DISCO_TEST(from_base64)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_BASE64, certs_base64(ca->certificate),
                                  certs_base64(client->certificate), certs_base64(client->key),
                                  false},
           0, NULL);
}

DISCO_TEST(from_files)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_FILES, certs_write("ca.pem", ca->certificate),
                                  certs_write("client.pem", client->certificate),
                                  certs_write("client.key", client->key), false},
           0, NULL);
}

DISCO_TEST(not_base64)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_BASE64, "*", NULL, NULL, false}, DISCO_EBASE64,
           "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_BASE64, certs_base64(ca->certificate),
                                  certs_base64(client->certificate), client->key, false},
           DISCO_EBASE64, "tls_key");
}

DISCO_TEST(base64_of_something_else)
{
    expect((disco__tls_options_t){DISCO_TLS_BASE64, "aGVsbG8=", NULL, NULL, false}, DISCO_EPEM,
           "tls_ca");
}

DISCO_TEST(file_that_is_not_there)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_FILES, certs_path("none.pem"), NULL, NULL, false},
           UV_ENOENT, "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_FILES, certs_write("ca.pem", ca->certificate),
                                  certs_write("client.pem", client->certificate),
                                  certs_path("none.key"), false},
           UV_ENOENT, "tls_key");
}

DISCO_TEST(directory_in_place_of_a_file)
{
    expect((disco__tls_options_t){DISCO_TLS_FILES, "/tmp", NULL, NULL, false}, UV_EISDIR, "tls_ca");
}

DISCO_TEST(empty_file)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_FILES, certs_write("ca.pem", ""), NULL, NULL, false},
           DISCO_EPEM, "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_FILES, certs_write("ca.pem", ca->certificate),
                                  certs_write("client.pem", client->certificate),
                                  certs_write("client.key", ""), false},
           DISCO_EPEM, "tls_key");
}

DISCO_TEST(garbage)
{
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, "hello", NULL, NULL, false}, DISCO_EPEM,
           "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_MEMORY,
                                  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                  NULL, NULL, false},
           DISCO_EPEM, "tls_ca");
}

DISCO_TEST(key_in_place_of_a_certificate)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->key, NULL, NULL, false}, DISCO_EPEM,
           "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, client->key,
                                  client->certificate, false},
           DISCO_EPEM, "tls_certificate");
}

DISCO_TEST(certificate_in_place_of_a_key)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, client->certificate,
                                  client->certificate, false},
           DISCO_EPEM, "tls_key");
}

DISCO_TEST(key_of_another_certificate)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, client->certificate,
                                  identity->key, false},
           DISCO_EKEYPAIR, "tls_key");
}

DISCO_TEST(certificate_without_key)
{
    make_identities();
    expect(
        (disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, client->certificate, NULL, false},
        UV_EINVAL, "tls_key");
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, NULL, client->key, false},
           UV_EINVAL, "tls_certificate");
}

static char *without_end(const char *text, size_t bytes)
{
    char *copy = certs_join(text, "");

    copy[strlen(copy) - bytes] = '\0';
    return copy;
}

/* One certificate is whole, the other is not: neither is taken. */
DISCO_TEST(some_certificates_cannot_be_read)
{
    static const char broken[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, certs_join(broken, ca->certificate), NULL, NULL,
                                  false},
           DISCO_EPEM, "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, certs_join(ca->certificate, broken), NULL, NULL,
                                  false},
           DISCO_EPEM, "tls_ca");
}

DISCO_TEST(last_certificate_is_cut_off)
{
    size_t cut;

    make_identities();
    for (cut = 2; cut < strlen(identity->certificate); cut += 3) {
        expect((disco__tls_options_t){DISCO_TLS_MEMORY,
                                      certs_join(ca->certificate,
                                                 without_end(identity->certificate, cut)),
                                      NULL, NULL, false},
               DISCO_EPEM, "tls_ca");
    }
}

DISCO_TEST(text_around_the_certificates)
{
    make_identities();
    expect((disco__tls_options_t){DISCO_TLS_MEMORY,
                                  certs_join("# my CA\n", certs_join(ca->certificate, "\nend\n")),
                                  NULL, NULL, false},
           0, NULL);
}

static void echo_once(net_t *net, disco__target_t *target)
{
    talk_t talk = {.say = "hello", .wanted = 5};

    assert_int(talk_dial(&talk, net, target), 0);
    loop_run_until(&net->loop, &talk.done);
    assert_string_equal(talk.failure.message, "");
    assert_status(talk.failure.status, 0);
    loop_run_until(&net->loop, &talk.got);
    talk_close(&talk);
}

static void expect_failure(net_t *net, disco__target_t *target, int status)
{
    talk_t talk = {0};

    assert_int(talk_dial(&talk, net, target), 0);
    loop_run_until(&net->loop, &talk.done);
    assert_status(talk.failure.status, status);
}

DISCO_TEST(system_store)
{
    disco__tls_options_t options = {.source = DISCO_TLS_FILES, .system_ca = true};
    net_t net;
    net_server_t *server;
    disco__tls_t *tls;
    disco__target_t target;
    const char *at_fault;

    make_identities();
    /* as in a real store, not all of it can be read */
    assert_int(setenv("SSL_CERT_FILE",
                      certs_write("system.pem", certs_join("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                                           "-----END CERTIFICATE-----\n",
                                                           ca->certificate)),
                      1),
               0);
    net_open(&net);
    server = net_server_new(&net.loop, &(net_server_options_t){.identity = identity});
    assert_int(disco__tls_new(&tls, &net.disco, &options, &at_fault), 0);
    assert_int(disco__target_init(&target, "127.0.0.1", server->port, tls), 0);
    echo_once(&net, &target);
    disco__target_free(&target);
    disco__tls_free(tls);
    net_server_free(server);
    net_close(&net);
}

DISCO_TEST(system_store_that_is_not_there)
{
    make_identities();
    assert_int(setenv("SSL_CERT_FILE", certs_path("none.pem"), 1), 0);
    expect((disco__tls_options_t){DISCO_TLS_FILES, NULL, NULL, NULL, true}, UV_ENOENT, "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_FILES, NULL, NULL, NULL, false}, UV_ENOENT, "tls_ca");
    expect((disco__tls_options_t){DISCO_TLS_MEMORY, ca->certificate, NULL, NULL, true}, 0, NULL);
}

/* A client whose CA, certificate and key are files; the server wants a certificate of ca. */
typedef struct rotation_s {
    net_t net;
    net_server_t *server;
    disco__tls_t *tls;
    disco__target_t target;
} rotation_t;

static rotation_t rotation;

static void rotation_open(void)
{
    disco__tls_options_t options = {.source = DISCO_TLS_FILES};
    const char *at_fault;

    make_identities();
    options.ca = certs_write("ca.pem", ca->certificate);
    options.certificate = certs_write("client.pem", client->certificate);
    options.key = certs_write("client.key", client->key);
    net_open(&rotation.net);
    rotation.server =
        net_server_new(&rotation.net.loop, &(net_server_options_t){.identity = identity,
                                                                   .client_ca = ca->certificate,
                                                                   .only_tls12 = true});
    assert_int(disco__tls_new(&rotation.tls, &rotation.net.disco, &options, &at_fault), 0);
    assert_int(
        disco__target_init(&rotation.target, "127.0.0.1", rotation.server->port, rotation.tls), 0);
}

static void rotation_close(void)
{
    disco__target_free(&rotation.target);
    disco__tls_free(rotation.tls);
    net_server_free(rotation.server);
    net_close(&rotation.net);
}

DISCO_TEST(files_that_do_not_change_are_not_read_again)
{
    rotation_open();
    echo_once(&rotation.net, &rotation.target);
    echo_once(&rotation.net, &rotation.target);
    assert_string_equal(rotation.net.last_line, "");
    assert_int(rotation.server->resumed, 1);
    rotation_close();
}

/* The server moves to a new CA; the file follows. */
DISCO_TEST(rotated_ca)
{
    identity_t *new_ca;

    rotation_open();
    echo_once(&rotation.net, &rotation.target);
    new_ca = identity_new(&(identity_spec_t){.name = "new CA", .ca = true});
    net_server_set_identity(
        rotation.server,
        identity_new(&(identity_spec_t){.name = "etcd", .names = "127.0.0.1", .issuer = new_ca}));
    (void)certs_write("ca.pem", certs_join(ca->certificate, new_ca->certificate));
    echo_once(&rotation.net, &rotation.target);
    /* the session was of the old configuration */
    assert_int(rotation.server->resumed, 0);
    assert_int(rotation.net.warnings, 0);
    (void)certs_write("ca.pem", ca->certificate);
    expect_failure(&rotation.net, &rotation.target, DISCO_ECERTIFICATE);
    rotation_close();
}

DISCO_TEST(rotated_client_certificate)
{
    identity_t *bad;
    identity_t *good;

    rotation_open();
    bad = identity_new(&(identity_spec_t){.name = "client"});
    good = identity_new(&(identity_spec_t){.name = "client 2", .issuer = ca});
    (void)certs_write("client.pem", bad->certificate);
    (void)certs_write("client.key", bad->key);
    expect_failure(&rotation.net, &rotation.target, DISCO_ETLS);
    (void)certs_write("client.pem", good->certificate);
    (void)certs_write("client.key", good->key);
    echo_once(&rotation.net, &rotation.target);
    rotation_close();
}

/* The certificate is there before its key: the old pair goes on until both are. */
DISCO_TEST(rotation_seen_halfway)
{
    identity_t *next;

    rotation_open();
    next = identity_new(&(identity_spec_t){.name = "client 2", .issuer = ca});
    (void)certs_write("client.pem", next->certificate);
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 1);
    assert_non_null(strstr(rotation.net.last_line, "tls_key"));
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 1); /* once for each state of the files */
    (void)certs_write("client.key", next->key);
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 1);
    assert_non_null(strstr(rotation.net.last_line, "read again"));
    rotation_close();
}

DISCO_TEST(half_written_file)
{
    char *half;

    rotation_open();
    half = without_end(ca->certificate, 100);
    (void)certs_write("ca.pem", half);
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 1);
    (void)certs_write("ca.pem", "");
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 2);
    (void)certs_write("ca.pem", ca->certificate);
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 2);
    rotation_close();
}

DISCO_TEST(file_that_is_gone)
{
    rotation_open();
    assert_int(unlink(certs_path("client.key")), 0);
    echo_once(&rotation.net, &rotation.target);
    assert_int(rotation.net.warnings, 1);
    (void)certs_write("client.key", client->key);
    echo_once(&rotation.net, &rotation.target);
    rotation_close();
}

/* A stream that began under the old certificates goes on. */
DISCO_TEST(open_stream_outlives_a_rotation)
{
    talk_t talk = {.say = "a", .wanted = 2};
    identity_t *next;

    rotation_open();
    assert_int(talk_dial(&talk, &rotation.net, &rotation.target), 0);
    loop_run_until(&rotation.net.loop, &talk.done);
    next = identity_new(&(identity_spec_t){.name = "client 2", .issuer = ca});
    (void)certs_write("client.pem", next->certificate);
    (void)certs_write("client.key", next->key);
    echo_once(&rotation.net, &rotation.target);
    assert_int(talk_send(&talk, "b", 1), 0);
    loop_run_until(&rotation.net.loop, &talk.got);
    assert_string_equal(talk.first, "ab");
    talk_close(&talk);
    rotation_close();
}

static disco__tls_options_t sweep_options;

static void read_or_fail(void *data)
{
    net_t net;
    disco__tls_t *tls;
    const char *at_fault;
    int rv;

    (void)data;
    net_open(&net);
    rv = disco__tls_new(&tls, &net.disco, &sweep_options, &at_fault);
    if (rv == 0)
        disco__tls_free(tls);
    else
        assert_status(rv, UV_ENOMEM);
    net_close(&net);
}

DISCO_TEST(each_allocation_fails)
{
    make_identities();
    sweep_options = (disco__tls_options_t){DISCO_TLS_FILES, certs_write("ca.pem", ca->certificate),
                                           certs_write("client.pem", client->certificate),
                                           certs_write("client.key", client->key), false};
    heap_sweep(read_or_fail, NULL);
    sweep_options =
        (disco__tls_options_t){DISCO_TLS_BASE64, certs_base64(ca->certificate),
                               certs_base64(client->certificate), certs_base64(client->key), false};
    heap_sweep(read_or_fail, NULL);
}
