#include "base/alloc.h"
#include "disco/keys.h"
#include "support/test.h"

#include <uvdisco/error.h>

DISCO_TEST(keys_stand_where_the_go_package_has_them)
{
    char *info = disco__key_of_info("web");
    char *hosts = disco__key_of_hosts("web");
    char *host = disco__key_of_host("web", "u-1");

    assert_string_equal(info, "/services_infos/web");
    assert_string_equal(hosts, "/services/web");
    assert_string_equal(host, "/services/web/u-1");
    assert_string_equal(disco__key_last_segment(host), "u-1");
    assert_string_equal(disco__key_last_segment("u"), "u");
    assert_string_equal(disco__key_last_segment("/"), "");
    disco__free(info);
    disco__free(hosts);
    disco__free(host);
}

DISCO_TEST(keys_are_related)
{
    static const struct {
        const char *key;
        disco__key_relation_t relation;
    } keys[] = {
        {"/a/b", DISCO__KEY_SAME},         {"/a/b/c", DISCO__KEY_CHILD},
        {"/a/b/c/d", DISCO__KEY_BELOW},    {"/a", DISCO__KEY_ABOVE},
        {"/", DISCO__KEY_ABOVE},           {"/a/bc", DISCO__KEY_ELSEWHERE},
        {"/a/c", DISCO__KEY_ELSEWHERE},    {"/b", DISCO__KEY_ELSEWHERE},
        {"/a/b/", DISCO__KEY_ELSEWHERE},   {"", DISCO__KEY_ABOVE},
        {"/a/bc/d", DISCO__KEY_ELSEWHERE},
    };
    size_t i;

    for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int(disco__key_relation(keys[i].key, "/a/b"), keys[i].relation);
    assert_int(disco__key_relation("/a", "/"), DISCO__KEY_CHILD);
    assert_int(disco__key_relation("/a/b", "/"), DISCO__KEY_BELOW);
    assert_int(disco__key_relation("/", "/"), DISCO__KEY_SAME);
}

DISCO_TEST(keys_are_checked)
{
    static const char *const good[] = {"/",    "/a",   "/a/b/c",   "/_hidden",
                                       "/a b", "/...", "/\xc3\xa4"};
    static const char *const bad[] = {"",   "a",     "//",   "/a/",     "/a//b",
                                      "/.", "/a/..", "/a\n", "/a/\x7f", "/\xff"};
    char longest[1100];
    size_t i;

    for (i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_status(disco__key_check(good[i]), 0);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(disco__key_check(bad[i]), DISCO_ENAME);
    memset(longest, 'k', sizeof longest);
    for (i = 0; i < sizeof longest; i += 200)
        longest[i] = '/';
    longest[1025] = '\0';
    assert_status(disco__key_check(longest), DISCO_ENAME);
    longest[1024] = '\0';
    assert_status(disco__key_check(longest), 0);
    longest[200] = 'k';
    longest[258] = '\0';
    assert_status(disco__key_check(longest), DISCO_ENAME);
    longest[256] = '\0';
    assert_status(disco__key_check(longest), 0);
}
