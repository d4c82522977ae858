#include "support/test.h"

#include <stdlib.h>

#include <uvdisco/error.h>
#include <uvdisco/model.h>

#include "support/secrets.h"

static disco_port_t http_and_https[] = {{"http", "80"}, {"https", "443"}};
static disco_port_t https_only[] = {{"ftp", "21"}, {"https", "8443"}};
static disco_port_t neither[] = {{"ftp", "21"}, {"grpc", "50051"}};

static disco_host_t host_with(disco_port_t *ports, uint16_t count)
{
    return (disco_host_t){.name = "public.dev", .ports = ports, .port_count = count};
}

static void assert_url(const disco_host_t *host, const char *scheme, const char *path,
                       const char *expected)
{
    char buffer[512];
    size_t size = sizeof buffer;

    assert_status(disco_host_url(host, scheme, path, buffer, &size), 0);
    assert_string_equal(buffer, expected);
    assert_int(size, strlen(expected));
}

static void assert_private_url(const disco_host_t *host, const char *scheme, const char *path,
                               const char *expected)
{
    char buffer[512];
    size_t size = sizeof buffer;

    assert_status(disco_host_private_url(host, scheme, path, buffer, &size), 0);
    assert_string_equal(buffer, expected);
    assert_int(size, strlen(expected));
}

static void assert_no_url(const disco_host_t *host, const char *scheme, int status)
{
    char buffer[64] = "untouched";
    size_t size = sizeof buffer;

    assert_status(disco_host_url(host, scheme, NULL, buffer, &size), status);
    assert_string_equal(buffer, "untouched");
    assert_int(size, sizeof buffer);
}

DISCO_TEST(a_url_has_scheme_name_port_and_path)
{
    disco_host_t host = host_with(http_and_https, 2);

    assert_url(&host, "http", "/health", "http://public.dev:80/health");
    assert_url(&host, "https", "/", "https://public.dev:443/");
    assert_url(&host, "http", "health", "http://public.dev:80/health");
    assert_url(&host, "http", "?a=b", "http://public.dev:80/?a=b");
    assert_url(&host, "http", "/a%20b?c=d#e", "http://public.dev:80/a%20b?c=d#e");
    assert_url(&host, "http", "", "http://public.dev:80");
    assert_url(&host, "http", NULL, "http://public.dev:80");
}

DISCO_TEST(without_a_scheme_http_goes_before_https)
{
    disco_host_t host = host_with(http_and_https, 2);

    assert_url(&host, NULL, NULL, "http://public.dev:80");
    assert_url(&host, "", NULL, "http://public.dev:80");
    host = host_with(https_only, 2);
    assert_url(&host, NULL, NULL, "https://public.dev:8443");
    assert_no_url(&host, "http", DISCO_ESCHEME);
    assert_no_url(&host, "HTTPS", DISCO_ESCHEME);
    host = host_with(neither, 2);
    assert_url(&host, "grpc", NULL, "grpc://public.dev:50051");
    assert_no_url(&host, NULL, DISCO_ESCHEME);
    assert_no_url(&host, "", DISCO_ESCHEME);
    host = host_with(NULL, 0);
    assert_no_url(&host, NULL, DISCO_ESCHEME);
    host = host_with(NULL, 3);
    assert_no_url(&host, "http", DISCO_ESCHEME);
}

DISCO_TEST(credentials_are_percent_encoded)
{
    disco_host_t host = host_with(http_and_https, 2);

    host.user = "user";
    host.password = "secret";
    assert_url(&host, "http", "/", "http://user:secret@public.dev:80/");
    host.user = "a:b@c/d?e#f g%h";
    host.password = "\xc3\xa9&=+[]-._~";
    assert_url(&host, "http", NULL,
               "http://a%3Ab%40c%2Fd%3Fe%23f%20g%25h:%C3%A9%26%3D%2B%5B%5D-._~@public.dev:80");
    host.user = "";
    assert_url(&host, "http", NULL, "http://public.dev:80");
    host.user = "user";
    host.password = NULL;
    assert_url(&host, "http", NULL, "http://user:@public.dev:80");
    host.user = "";
    host.password = "";
    assert_url(&host, "http", NULL, "http://public.dev:80");
}

DISCO_TEST(ipv6_addresses_stand_in_brackets)
{
    disco_host_t host = host_with(http_and_https, 2);

    host.name = "::1";
    assert_url(&host, "http", "/", "http://[::1]:80/");
    host.name = "[2001:db8::A]";
    assert_url(&host, "http", "/", "http://[2001:db8::A]:80/");
    host.name = "::ffff:10.0.0.1";
    assert_url(&host, "http", "/", "http://[::ffff:10.0.0.1]:80/");
    host.name = "fe80::1%eth0";
    assert_url(&host, "http", "/", "http://[fe80::1%25eth0]:80/");
    host.name = "10.0.0.1";
    assert_url(&host, "http", "/", "http://10.0.0.1:80/");
}

/* Other programs write into etcd what they like. */
DISCO_TEST(no_name_or_port_leaves_its_place)
{
    disco_port_t odd[] = {{"http", "80/@"}};
    disco_host_t host = host_with(odd, 1);

    host.name = "a@b/c:d?e#f";
    assert_url(&host, "http", "/", "http://a%40b%2Fc%3Ad%3Fe%23f:80%2F%40/");
    host.name = "[::1]@evil";
    assert_url(&host, "http", "/", "http://%5B%3A%3A1%5D%40evil:80%2F%40/");
    host.name = "[]";
    assert_url(&host, "http", "/", "http://%5B%5D:80%2F%40/");
    host.name = "[";
    assert_url(&host, "http", "/", "http://%5B:80%2F%40/");
}

DISCO_TEST(a_host_without_a_name_has_no_url)
{
    disco_host_t host = host_with(http_and_https, 2);

    host.name = NULL;
    assert_no_url(&host, "http", DISCO_EHOSTNAME);
    host.name = "";
    assert_no_url(&host, "http", DISCO_EHOSTNAME);
}

DISCO_TEST(a_private_url_looks_only_in_the_private_ports)
{
    disco_host_t host = host_with(http_and_https, 2);
    char buffer[64];
    size_t size = sizeof buffer;

    assert_private_url(&host, "https", "/a", "https://public.dev:443/a");
    host.private_hostname = "";
    assert_private_url(&host, NULL, "/a", "http://public.dev:80/a");
    host.private_hostname = "node-1";
    assert_status(disco_host_private_url(&host, "http", NULL, buffer, &size), DISCO_ESCHEME);
    host.private_ports = https_only;
    host.private_port_count = 2;
    host.user = "u";
    host.password = "p";
    assert_private_url(&host, NULL, "/a", "https://u:p@node-1:8443/a");
    assert_private_url(&host, "ftp", NULL, "ftp://u:p@node-1:21");
    assert_status(disco_host_private_url(&host, "http", NULL, buffer, &size), DISCO_ESCHEME);
    assert_url(&host, "http", NULL, "http://u:p@public.dev:80");
}

DISCO_TEST(a_small_buffer_is_told_the_size)
{
    disco_host_t host = host_with(http_and_https, 2);
    static const char expected[] = "http://public.dev:80/a";
    size_t given;
    size_t size = 0;

    assert_status(disco_host_url(&host, "http", "/a", NULL, &size), UV_ENOBUFS);
    assert_int(size, sizeof expected);
    for (given = 0; given < sizeof expected; given++) {
        char *buffer = malloc(given + 1);

        memset(buffer, 'x', given + 1);
        size = given;
        assert_status(disco_host_url(&host, "http", "/a", buffer, &size), UV_ENOBUFS);
        assert_int(size, sizeof expected);
        for (size = 0; size <= given; size++)
            assert_int(buffer[size], 'x');
        free(buffer);
    }
    {
        char exact[sizeof expected];

        size = sizeof exact;
        assert_status(disco_host_url(&host, "http", "/a", exact, &size), 0);
        assert_string_equal(exact, expected);
        assert_int(size, sizeof expected - 1);
    }
}

DISCO_TEST(nonsense_is_refused)
{
    disco_host_t host = host_with(http_and_https, 2);
    char buffer[64];
    size_t size = sizeof buffer;

    assert_status(disco_host_url(NULL, "http", NULL, buffer, &size), UV_EINVAL);
    assert_status(disco_host_url(&host, "http", NULL, buffer, NULL), UV_EINVAL);
    assert_status(disco_host_url(&host, "http", NULL, NULL, &size), UV_EINVAL);
    assert_status(disco_host_private_url(NULL, "http", NULL, buffer, &size), UV_EINVAL);
    assert_status(disco_host_private_url(&host, "http", NULL, buffer, NULL), UV_EINVAL);
}

static void write_url(void *data)
{
    char buffer[128] = "untouched";
    size_t size = sizeof buffer;
    int rv = disco_host_url(data, "http", "/", buffer, &size);

    assert_status(rv, heap_has_failed() ? UV_ENOMEM : 0);
    assert_string_equal(buffer, rv == 0 ? "http://user:secret@public.dev:80/" : "untouched");
}

DISCO_TEST(memory_running_short_leaves_the_buffer_alone)
{
    disco_host_t host = host_with(http_and_https, 2);

    host.user = "user";
    host.password = "secret";
    heap_sweep(write_url, &host);
}

DISCO_TEST(no_credentials_stay_in_freed_memory)
{
    disco_host_t host = host_with(http_and_https, 2);
    char path[400];
    char buffer[512];
    size_t size = sizeof buffer;

    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    host.user = "user";
    host.password = "secret";
    secrets_watch_begin("secret");
    assert_status(disco_host_url(&host, "http", path, buffer, &size), 0);
    assert_int(secrets_watch_end(), 0);
    assert_non_null(strstr(buffer, "secret"));
}
