#include "support/test.h"

#include <uvdisco/error.h>

#include "disco/model.h"

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define BYTES_255 FIFTY FIFTY FIFTY FIFTY FIFTY "01234"

DISCO_TEST(names_are_one_segment_of_a_key)
{
    assert_status(disco__name_check("a"), 0);
    assert_status(disco__name_check("my-service.v2 _~%?#"), 0);
    assert_status(disco__name_check("..."), 0);
    assert_status(disco__name_check("\xc3\xa9t\xc3\xa9"), 0);
    assert_status(disco__name_check(BYTES_255), 0);
    assert_status(disco__name_check(BYTES_255 "x"), DISCO_ENAME);
    assert_status(disco__name_check(""), DISCO_ENAME);
    assert_status(disco__name_check("."), DISCO_ENAME);
    assert_status(disco__name_check(".."), DISCO_ENAME);
    assert_status(disco__name_check("a/b"), DISCO_ENAME);
    assert_status(disco__name_check("a\nb"), DISCO_ENAME);
    assert_status(disco__name_check("a\x7f"), DISCO_ENAME);
    assert_status(disco__name_check("a\xff"), DISCO_ENAME);
}

static int check_port(const char *scheme, const char *port)
{
    disco_port_t ports[] = {{"other", "1"}, {scheme, port}};
    int rv;

    rv = disco__host_check(&(disco_host_t){.ports = ports, .port_count = 2});
    assert_status(
        disco__host_check(&(disco_host_t){.private_ports = ports, .private_port_count = 2}), rv);
    return rv;
}

DISCO_TEST(ports_are_numbers_from_1_to_65535)
{
    static const char *const bad[] = {"",     "0",   "65536", "99999", "-1",
                                      "+1",   "080", " 80",   "80 ",   "8o",
                                      "http", "1.5", "0x1",   "/",     "18446744073709551617"};
    size_t i;

    assert_status(check_port("http", "1"), 0);
    assert_status(check_port("http", "80"), 0);
    assert_status(check_port("http", "65535"), 0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(check_port("http", bad[i]), DISCO_EPORT);
    assert_status(check_port("http", NULL), DISCO_EPORT);
}

DISCO_TEST(schemes_are_those_of_a_uri)
{
    static const char *const bad[] = {"", "1a", "-a", "a_b", "a b", "a:", "a/b", "\xc3\xa9", "a\n"};
    size_t i;

    assert_status(check_port("h", "1"), 0);
    assert_status(check_port("H2c+tls-1.3", "1"), 0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(check_port(bad[i], "1"), DISCO_ESCHEME);
    assert_status(check_port(NULL, "1"), DISCO_ESCHEME);
}

DISCO_TEST(port_lists_hold_each_scheme_once)
{
    disco_port_t none;

    assert_status(check_port("other", "2"), UV_EINVAL);
    assert_status(check_port("Other", "2"), 0); /* Go tells them apart */
    assert_status(disco__host_check(&(disco_host_t){.port_count = 1}), UV_EINVAL);
    assert_status(disco__host_check(&(disco_host_t){.private_port_count = 1}), UV_EINVAL);
    assert_status(disco__host_check(&(disco_host_t){.ports = &none}), 0);
}

static int check_hostname(const char *hostname)
{
    int rv = disco__host_check(&(disco_host_t){.name = hostname});

    assert_status(disco__host_check(&(disco_host_t){.private_hostname = hostname}), rv);
    return rv;
}

DISCO_TEST(host_names_cannot_leave_their_place_in_a_url)
{
    static const char *const bad[] = {"a b",  "a/b",      "a@b",  "a?b", "a#b",    "a\\b",
                                      "a\tb", "a\x7f",    "a:80", "[a]", "[::1",   "::1]",
                                      "[]",   "[::1]:80", "]",    ":",   "1::2::3"};
    static const char *const good[] = {"",
                                       "node-1.internal.dev",
                                       "127.0.0.1",
                                       "::1",
                                       "[::1]",
                                       "fe80::1%eth0",
                                       "::ffff:10.0.0.1",
                                       "b\303\274cher.example",
                                       "a_b",
                                       "node.",
                                       BYTES_255};
    size_t i;

    for (i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_status(check_hostname(good[i]), 0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(check_hostname(bad[i]), DISCO_EHOSTNAME);
    assert_status(check_hostname(BYTES_255 "x"), DISCO_EHOSTNAME);
    assert_status(check_hostname(NULL), 0);
}

DISCO_TEST(all_strings_are_utf8)
{
    static const char bad[] = "a\xc3";

    assert_status(disco__host_check(&(disco_host_t){.name = bad}), DISCO_EVALUE);
    assert_status(disco__host_check(&(disco_host_t){.service_name = bad}), DISCO_EVALUE);
    assert_status(disco__host_check(&(disco_host_t){.user = bad}), DISCO_EVALUE);
    assert_status(disco__host_check(&(disco_host_t){.password = bad}), DISCO_EVALUE);
    assert_status(disco__host_check(&(disco_host_t){.private_hostname = bad}), DISCO_EVALUE);
    assert_status(disco__host_check(&(disco_host_t){.shard = bad}), DISCO_EVALUE);
    assert_status(disco__host_check(&(disco_host_t){.uuid = bad}), DISCO_ENAME);
}

DISCO_TEST(a_uuid_is_empty_or_a_name)
{
    assert_status(disco__host_check(&(disco_host_t){.uuid = NULL}), 0);
    assert_status(disco__host_check(&(disco_host_t){.uuid = ""}), 0);
    assert_status(disco__host_check(&(disco_host_t){.uuid = "any-name"}), 0);
    assert_status(disco__host_check(&(disco_host_t){.uuid = "a/b"}), DISCO_ENAME);
    assert_status(disco__host_check(&(disco_host_t){.uuid = ".."}), DISCO_ENAME);
}
