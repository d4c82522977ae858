#include "support/test.h"

#include <uvdisco/error.h>

#include "base/failure.h"

DISCO_TEST(keeps_what_went_wrong_and_where)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set_endpoint(&failure, "http://a:2379");
    failure.etcd_code = 100;
    disco__failure_set(&failure, DISCO_ETLS, "record %d", 7);
    assert_status(failure.status, DISCO_ETLS);
    assert_int(failure.etcd_code, 0);
    assert_string_equal(failure.message, "record 7");
    assert_string_equal(failure.endpoint, "http://a:2379");
    disco__failure_set(&failure, UV_ENOMEM, NULL);
    assert_status(failure.status, UV_ENOMEM);
    assert_string_equal(failure.message, "");
    disco__failure_clear(&failure);
    assert_status(failure.status, 0);
    assert_string_equal(failure.endpoint, "");
}

DISCO_TEST(control_bytes_are_masked)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, DISCO_EREFUSED, "%s", "a\nb");
    disco__failure_set_endpoint(&failure, "http://a\r\n");
    assert_string_equal(failure.message, "a?b");
    assert_string_equal(failure.endpoint, "http://a??");
}

DISCO_TEST(what_is_too_long_is_cut)
{
    disco__failure_t failure;
    char text[1000];

    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    disco__failure_clear(&failure);
    disco__failure_set(&failure, DISCO_EREFUSED, "%s", text);
    disco__failure_set_endpoint(&failure, text);
    assert_int(strlen(failure.message), sizeof failure.message - 1);
    assert_int(strlen(failure.endpoint), sizeof failure.endpoint - 1);
}

DISCO_TEST(a_message_may_be_made_of_the_one_it_replaces)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, DISCO_EREFUSED, "inner");
    disco__failure_set(&failure, DISCO_ETLS, "outer: %s", failure.message);
    assert_string_equal(failure.message, "outer: inner");
}

DISCO_TEST(each_kind_of_trouble_is_new_once)
{
    disco__troubles_t troubles = {{0}, 0};
    int i;

    assert_true(disco__troubles_add(&troubles, UV_EOF));
    assert_true(disco__troubles_add(&troubles, UV_ETIMEDOUT));
    assert_false(disco__troubles_add(&troubles, UV_EOF));
    for (i = 0; i < 6; i++)
        assert_true(disco__troubles_add(&troubles, DISCO_ENOSERVICE - i));
    assert_false(disco__troubles_add(&troubles, UV_ENOMEM));
    troubles.count = 0;
    assert_true(disco__troubles_add(&troubles, UV_EOF));
}
