#include "support/test.h"

#include <uvdisco/error.h>

#include "etcd/collect.h"
#include "etcd/v2_listing.h"
#include "support/secrets.h"

static disco__collect_t collected;
static disco__v2_listing_t listing;

static int read_cut_at(const char *answer, size_t first, size_t second)
{
    size_t size = strlen(answer);

    disco__collect_init(&collected);
    disco__v2_listing_init(&listing, &collected.taker, false);
    disco__v2_listing_begin(&listing);
    disco__v2_listing_feed(&listing, answer, first);
    disco__v2_listing_feed(&listing, answer + first, second - first);
    disco__v2_listing_feed(&listing, answer + second, size - second);
    return disco__v2_listing_end(&listing);
}

static void end(void)
{
    disco__v2_listing_free(&listing);
    disco__collect_free(&collected);
}

static const char answer[] =
    "{\"action\":\"get\",\"node\":{\"nodes\":["
    "{\"key\":\"/a/\\u0062\",\"value\":\"1\\n\",\"ttl\":12,\"modifiedIndex\":7,\"createdIndex\":5},"
    "{\"key\":\"/a/c\",\"dir\":true,\"nodes\":[{\"key\":\"/a/c/d\",\"value\":null,\"ttl\":-3}]},"
    "{\"key\":3,\"value\":\"x\"},{\"value\":\"y\"},7,null],"
    "\"value\":\"of the "
    "root\",\"value\":null,\"dir\":true,\"modifiedIndex\":4,\"key\":\"/\\u0061\","
    "\"createdIndex\":3},\"more\":{}} ";

static void assert_all_there(void)
{
    assert_int(collected.count, 4);
    assert_string_equal(collected.entries[0].key, "/a/b");
    assert_string_equal(collected.entries[0].value, "1\n");
    assert_int(collected.entries[0].ttl_s, 12);
    assert_int(collected.entries[0].modified_revision, 7);
    assert_int(collected.entries[0].created_revision, 5);
    assert_false(collected.entries[0].is_directory);
    assert_string_equal(collected.entries[1].key, "/a/c");
    assert_true(collected.entries[1].is_directory);
    assert_string_equal(collected.entries[2].key, "/a/c/d");
    assert_string_equal(collected.entries[2].value, "");
    assert_int(collected.entries[2].ttl_s, -3);
    assert_string_equal(collected.entries[3].key, "/a");
    assert_string_equal(collected.entries[3].value, "of the root");
    assert_true(collected.entries[3].is_directory);
    assert_int(collected.entries[3].modified_revision, 4);
    assert_int(collected.entries[3].created_revision, 3);
}

DISCO_TEST(an_answer_may_be_cut_anywhere)
{
    size_t first;
    size_t second;

    for (first = 0; first < sizeof answer; first++) {
        for (second = first; second < sizeof answer; second++) {
            assert_status(read_cut_at(answer, first, second), 0);
            assert_all_there();
            end();
        }
    }
}

DISCO_TEST(a_byte_at_a_time_is_enough)
{
    size_t i;

    disco__collect_init(&collected);
    disco__v2_listing_init(&listing, &collected.taker, false);
    disco__v2_listing_begin(&listing);
    for (i = 0; i + 1 < sizeof answer; i++)
        disco__v2_listing_feed(&listing, answer + i, 1);
    assert_status(disco__v2_listing_end(&listing), 0);
    assert_all_there();
    end();
}

DISCO_TEST(what_is_no_answer_is_refused)
{
    static const char *const answers[] = {
        "",
        "7",
        "[]",
        "{}",
        "{\"node\":null}",
        "{\"node\":{\"key\":3}}",
        "{\"node\":{\"key\":\"/a\"}}x",
        "{\"node\":{\"key\":\"/a\"},\"node\":{\"key\":\"/b\"}}",
        "{\"node\":{\"key\":\"/a\",\"nodes\":[{\"key\":\"/a/b\"}}",
        "{\"node\":{\"key\":\"/a\",\"value\":\"",
    };
    size_t i;

    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_status(read_cut_at(answers[i], 0, strlen(answers[i]) / 2), DISCO_EPROTOCOL);
        end();
    }
}

static void read_all(void *data)
{
    int rv = read_cut_at(answer, 90, 200);

    (void)data;
    if (rv == 0)
        assert_all_there();
    else
        assert_status(rv, UV_ENOMEM);
    assert_true(rv == 0 || heap_has_failed());
    end();
}

DISCO_TEST(without_memory_an_answer_is_not_read)
{
    heap_sweep(read_all, NULL);
}

static int take_nothing(void *data, const disco__item_t *item)
{
    (void)data;
    (void)item;
    return 0;
}

static void begin_nothing(void *data, bool beside)
{
    (void)data;
    (void)beside;
}

/* What has come of a node is kept until the rest comes. */
DISCO_TEST(no_value_stays_in_freed_memory)
{
    static const char secret_answer[] =
        "{\"action\":\"get\",\"node\":{\"key\":\"/a\",\"dir\":true,\"nodes\":["
        "{\"key\":\"/a/b\",\"value\":\"secret, and behind it more than one piece has: "
        "0123456789012345678901234567890123456789012345678901234567890123456789\","
        "\"modifiedIndex\":5,\"createdIndex\":5}]}}";
    disco__taker_t taker = {.begin = begin_nothing, .take = take_nothing};
    size_t at;

    secrets_watch_begin("secret");
    disco__v2_listing_init(&listing, &taker, false);
    disco__v2_listing_begin(&listing);
    for (at = 0; at + 1 < sizeof secret_answer; at++)
        disco__v2_listing_feed(&listing, secret_answer + at, 1);
    assert_status(disco__v2_listing_end(&listing), 0);
    disco__v2_listing_free(&listing);
    assert_int(secrets_watch_end(), 0);
}
