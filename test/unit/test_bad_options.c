/* Options and environments that no client can be made of: each gives its own error, says which one
 * is at fault, and leaves nothing on the loop. */
#include <stdlib.h>

#include <uvdisco.h>

#include "support/certs.h"
#include "support/test.h"

/* No client comes of it. */
static void assert_refused(disco_options_t *options, int error, const char *at_fault)
{
    test_loop_t loop;
    disco_client_t *client = NULL;
    size_t live;

    loop_open(&loop);
    live = heap_live();
    assert_status(disco_client_new(&client, &loop.uv, options), error);
    assert_null(client);
    assert_int(heap_live(), live);
    if (at_fault != NULL)
        assert_string_equal(options->at_fault, at_fault);
    loop_close(&loop);
}

static disco_options_t defaults(void)
{
    disco_options_t options;

    assert_status(disco_options_init(&options), 0);
    assert_null(options.at_fault);
    return options;
}

DISCO_TEST(endpoints_are_refused)
{
    static const char *const bad[] = {"ftp://h",
                                      "://h",
                                      "http://",
                                      "http:/h",
                                      "http://h/path",
                                      "http://u@h",
                                      "http://u:p@h",
                                      "h/v2",
                                      "http://h?q",
                                      "http://h#f",
                                      "h:0",
                                      "h:70000",
                                      "h:65536",
                                      "h:",
                                      "h:x",
                                      "h:-1",
                                      "h:+80",
                                      "h: 80",
                                      "a,,b",
                                      ",",
                                      ",a",
                                      " ",
                                      "[::1",
                                      "[::1]x",
                                      "[]",
                                      "::1",
                                      "[h]",
                                      "http://h h",
                                      "http:h",
                                      "h\n",
                                      "unix:///s",
                                      "http://h//",
                                      "a b",
                                      "http://h:80:80"};
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        disco_options_t options = defaults();

        options.endpoints = bad[i];
        assert_refused(&options, DISCO_EENDPOINT, "endpoints");
    }
}

DISCO_TEST(container_addresses_are_refused)
{
    disco_options_t options = defaults();

    options.container_address = "no host";
    assert_refused(&options, DISCO_EENDPOINT, "container_address");
    options.container_address = "h";
    options.container_port = "0";
    assert_refused(&options, DISCO_EENDPOINT, "container_address");
}

DISCO_TEST(sizes_of_no_version_are_refused)
{
    disco_options_t options;
    size_t sizes[] = {0, 1, sizeof options - 1, sizeof options + 1, SIZE_MAX};
    size_t i;

    assert_status(disco_options_init_sized(NULL, sizeof options), UV_EINVAL);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_status(disco_options_init_sized(&options, sizes[i]), DISCO_EOPTIONS);
        memset(&options, 0, sizeof options);
        options.size = sizes[i];
        assert_status(disco_options_from_env(&options), DISCO_EOPTIONS);
        assert_refused(&options, DISCO_EOPTIONS, NULL);
        assert_null(options.at_fault);
    }
    memset(&options, 0xa5, sizeof options); /* what a stack may hold */
    assert_refused(&options, DISCO_EOPTIONS, NULL);
}

DISCO_TEST(options_out_of_range_are_refused)
{
    disco_options_t options = defaults();

    options.tls_source = (disco_tls_source_t)3;
    assert_refused(&options, UV_EINVAL, "tls_source");
    options = defaults();
    options.api = (disco_api_t)4;
    assert_refused(&options, UV_EINVAL, "api");
    options = defaults();
    options.tls_certificate = "c.pem";
    assert_refused(&options, UV_EINVAL, "tls_key");
    options = defaults();
    options.tls_key = "k.pem";
    assert_refused(&options, UV_EINVAL, "tls_certificate");
    options = defaults();
    options.password = "pw";
    assert_refused(&options, UV_EINVAL, "user");
    /* Basic cannot send it. */
    options.user = "a:b";
    options.api = DISCO_API_V2;
    assert_refused(&options, UV_EINVAL, "user");
    options.api = DISCO_API_BOTH;
    assert_refused(&options, UV_EINVAL, "user");
    options = defaults();
    options.backoff_first_ms = 2;
    options.backoff_most_ms = 1;
    assert_refused(&options, UV_EINVAL, "backoff_most_ms");
    options = defaults();
    options.log_level = (disco_log_level_t)5;
    assert_refused(&options, UV_EINVAL, "log_level");
}

DISCO_TEST(blame_is_taken_back)
{
    test_loop_t loop;
    disco_client_t *client;
    disco_options_t options = defaults();

    options.endpoints = "ftp://h";
    assert_refused(&options, DISCO_EENDPOINT, "endpoints");
    options.endpoints = "h";
    loop_open(&loop);
    assert_status(disco_client_new(&client, &loop.uv, &options), 0);
    assert_null(options.at_fault);
    assert_status(disco_client_close(client, NULL, NULL), 0);
    loop_close(&loop);
}

DISCO_TEST(pointers_that_are_missing_are_refused)
{
    test_loop_t loop;
    disco_client_t *client = NULL;

    loop_open(&loop);
    assert_status(disco_client_new(NULL, &loop.uv, NULL), UV_EINVAL);
    assert_status(disco_client_new(&client, NULL, NULL), UV_EINVAL);
    assert_null(client);
    loop_close(&loop);
}

static void assert_tls_refused(disco_tls_source_t source, const char *ca, const char *certificate,
                               const char *key, int error, const char *at_fault)
{
    disco_options_t options = defaults();

    options.endpoints = "https://127.0.0.1";
    options.tls_source = source;
    options.tls_ca = ca;
    options.tls_certificate = certificate;
    options.tls_key = key;
    assert_refused(&options, error, at_fault);
}

DISCO_TEST(certificate_files_are_refused)
{
    const identity_t *identity = identity_new(&(identity_spec_t){.name = "a"});
    const char *good = certs_write("good.pem", identity->certificate);
    const char *key = certs_write("good.key", identity->key);
    const char *empty = certs_write("empty.pem", "");
    const char *junk = certs_write("junk.pem", "no certificate\n");

    assert_tls_refused(DISCO_TLS_FILES, certs_path("none"), NULL, NULL, UV_ENOENT, "tls_ca");
    assert_tls_refused(DISCO_TLS_FILES, "/", NULL, NULL, UV_EISDIR, "tls_ca");
    assert_tls_refused(DISCO_TLS_FILES, empty, NULL, NULL, DISCO_EPEM, "tls_ca");
    assert_tls_refused(DISCO_TLS_FILES, junk, NULL, NULL, DISCO_EPEM, "tls_ca");
    assert_tls_refused(DISCO_TLS_FILES, key, NULL, NULL, DISCO_EPEM, "tls_ca");
    assert_tls_refused(DISCO_TLS_FILES, good, certs_path("none"), key, UV_ENOENT,
                       "tls_certificate");
    assert_tls_refused(DISCO_TLS_FILES, good, junk, key, DISCO_EPEM, "tls_certificate");
    assert_tls_refused(DISCO_TLS_FILES, good, good, certs_path("none"), UV_ENOENT, "tls_key");
    assert_tls_refused(DISCO_TLS_FILES, good, good, empty, DISCO_EPEM, "tls_key");
    assert_tls_refused(DISCO_TLS_FILES, good, good, good, DISCO_EPEM, "tls_key");
}

DISCO_TEST(certificates_in_memory_are_refused)
{
    const identity_t *identity = identity_new(&(identity_spec_t){.name = "a"});
    const identity_t *other = identity_new(&(identity_spec_t){.name = "b"});
    const char *good = identity->certificate;
    const char *encoded = certs_base64(good);

    assert_tls_refused(DISCO_TLS_MEMORY, "junk", NULL, NULL, DISCO_EPEM, "tls_ca");
    assert_tls_refused(DISCO_TLS_MEMORY, good, good, other->key, DISCO_EKEYPAIR, "tls_key");
    assert_tls_refused(DISCO_TLS_MEMORY, good, good, "junk", DISCO_EPEM, "tls_key");
    assert_tls_refused(DISCO_TLS_BASE64, good, NULL, NULL, DISCO_EBASE64, "tls_ca");
    assert_tls_refused(DISCO_TLS_BASE64, "!", NULL, NULL, DISCO_EBASE64, "tls_ca");
    assert_tls_refused(DISCO_TLS_BASE64, "anVuaw==", NULL, NULL, DISCO_EPEM, "tls_ca");
    assert_tls_refused(DISCO_TLS_BASE64, encoded, "?", encoded, DISCO_EBASE64, "tls_certificate");
    assert_tls_refused(DISCO_TLS_BASE64, encoded, encoded, "?", DISCO_EBASE64, "tls_key");
}

static void assert_environment_refused(const char *name, const char *value, int error)
{
    disco_options_t options = defaults();

    assert_int(setenv(name, value, 1), 0);
    assert_status(disco_options_from_env(&options), error);
    assert_string_equal(options.at_fault, name);
    assert_int(unsetenv(name), 0);
}

DISCO_TEST(environments_are_refused)
{
    assert_status(disco_options_from_env(NULL), UV_EINVAL);
    assert_int(unsetenv("ETCD_HOSTS"), 0);
    assert_int(unsetenv("ETCD_HOST"), 0);
    assert_environment_refused("ETCD_HOSTS", "ftp://h", DISCO_EENDPOINT);
    assert_environment_refused("ETCD_HOSTS", "h,,h", DISCO_EENDPOINT);
    assert_environment_refused("ETCD_HOST", "http://u@h", DISCO_EENDPOINT);
    assert_environment_refused("ETCD_TLS_INMEMORY", "maybe", UV_EINVAL);
    assert_environment_refused("ETCD_TLS_INMEMORY", "TRUE", UV_EINVAL);
}
