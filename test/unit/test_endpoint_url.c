#include "etcd/endpoint_url.h"
#include "support/test.h"

#include <uvdisco/error.h>

DISCO_TEST(urls_are_taken_apart)
{
    static const struct {
        const char *text;
        bool tls;
        const char *host;
        uint16_t port;
    } urls[] = {
        {"http://localhost:2379", false, "localhost", 2379},
        {"https://etcd-1.example.dev", true, "etcd-1.example.dev", 2379},
        {"HTTPS://Host:1", true, "Host", 1},
        {"host", false, "host", 2379},
        {"host:65535", false, "host", 65535},
        {"10.0.0.1:4001", false, "10.0.0.1", 4001},
        {"http://[::1]:4001", false, "::1", 4001},
        {"[fe80::1%eth0]", false, "fe80::1%eth0", 2379},
        {"https://host/", true, "host", 2379},
        {"https://host:1/", true, "host", 1},
        {"my_host.", false, "my_host.", 2379},
    };
    size_t i;

    for (i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        disco__endpoint_url_t url;

        assert_status(disco__endpoint_url_parse(urls[i].text, strlen(urls[i].text), &url), 0);
        assert_int(url.tls, urls[i].tls);
        assert_int(url.host_size, strlen(urls[i].host));
        assert_memory_equal(url.host, urls[i].host, url.host_size);
        assert_int(url.port, urls[i].port);
    }
}

DISCO_TEST(what_is_no_endpoint_is_refused)
{
    static const char *const texts[] = {
        "",
        "http://",
        "https:///",
        "ftp://host",
        "http:host",
        "http:/host",
        "://host",
        "http://http://host",
        "user@host",
        "http://user:password@host:2379",
        "http://host/path",
        "host/path/",
        "host//",
        "host?query",
        "host#fragment",
        "host:",
        "host:0",
        "host:65536",
        "host:99999999999999999999",
        "host:-1",
        "host:+1",
        "host: 1",
        "host:1x",
        "host:1:2",
        "::1",
        "[::1",
        "::1]",
        "[]",
        "[host]",
        "[::1]2379",
        "[::1]:",
        "ho st",
        "h\xc3\xb6st",
        "host\n",
        "host\\",
    };
    char longest[300];
    disco__endpoint_url_t url;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_status(disco__endpoint_url_parse(texts[i], strlen(texts[i]), &url), DISCO_EENDPOINT);
    memset(longest, 'h', sizeof longest);
    assert_status(disco__endpoint_url_parse(longest, 256, &url), DISCO_EENDPOINT);
    assert_status(disco__endpoint_url_parse(longest, 255, &url), 0);
    assert_status(disco__endpoint_url_parse("host\0:1", 7, &url), DISCO_EENDPOINT);
}

static void assert_items(const char *list, const char *const *items)
{
    const char *item;
    size_t size;

    for (; *items != NULL; items++) {
        assert_true(disco__endpoint_list_next(&list, &item, &size));
        assert_int(size, strlen(*items));
        assert_memory_equal(item, *items, size);
    }
    assert_false(disco__endpoint_list_next(&list, &item, &size));
    assert_false(disco__endpoint_list_next(&list, &item, &size));
}

DISCO_TEST(a_list_is_split_at_commas)
{
    assert_items("", (const char *const[]){NULL});
    assert_items("a", (const char *const[]){"a", NULL});
    assert_items(" a , b:1\t,\tc ", (const char *const[]){"a", "b:1", "c", NULL});
    assert_items("a,,b", (const char *const[]){"a", "", "b", NULL});
    assert_items(",a", (const char *const[]){"", "a", NULL});
    assert_items("   ", (const char *const[]){"", NULL});
}
