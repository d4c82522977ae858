#include "support/test.h"

#include <uvdisco/error.h>

#include "etcd/collect.h"
#include "etcd/v3_listing.h"
#include "support/secrets.h"

static disco__collect_t collected;
static disco__v3_listing_t listing;

static int read_in_pieces(const char *answer, size_t piece)
{
    size_t size = strlen(answer);
    size_t at;

    disco__collect_init(&collected);
    disco__v3_listing_init(&listing, &collected.taker, false);
    disco__v3_listing_begin(&listing, false);
    collected.taker.begin(collected.taker.data, false);
    for (at = 0; at < size; at += piece)
        disco__v3_listing_feed(&listing, answer + at, piece < size - at ? piece : size - at);
    return disco__v3_listing_end(&listing);
}

static void end(void)
{
    disco__v3_listing_free(&listing);
    disco__collect_free(&collected);
}

#define ANSWER(ranges)                                                                             \
    "{\"header\":{\"revision\":\"7\"},\"succeeded\":true,\"responses\":[" ranges "]}\n"

DISCO_TEST(a_range_is_read_and_what_is_broken_passed_over)
{
    static const char answer[] =
        ANSWER("{\"response_range\":{\"header\":{\"revision\":\"7\"},\"kvs\":["
               "{\"key\":\"L2EvYg==\",\"create_revision\":\"2\",\"mod_revision\":\"4\","
               "\"version\":\"1\",\"value\":\"MQ==\"},"
               "{\"key\":\"L2EvYw==\",\"create_revision\":2,\"mod_revision\":5},"
               "{\"key\":\"%%%\",\"value\":\"MQ==\"},"
               "{\"key\":\"L2EvZA==\",\"value\":\"*\"},"
               "{\"key\":\"L2EAZA==\",\"value\":\"MQ==\"},"
               "{\"key\":\"\",\"value\":\"MQ==\"},"
               "{\"value\":\"MQ==\"},{\"key\":3},7,null,"
               "{\"key\":\"L2EvZA==\",\"mod_revision\":\"-1\"},"
               "{\"key\":\"L2EvZQ==\",\"mod_revision\":\"6\",\"value\":\"YQBi\"}"
               "],\"count\":\"12\",\"more\":true}}");
    size_t piece;

    for (piece = 1; piece < sizeof answer; piece++) {
        assert_status(read_in_pieces(answer, piece), 0);
        assert_int(listing.revision, 7);
        assert_int(listing.responses, 1);
        assert_int(listing.ranges, 1);
        assert_int(listing.unreadable, 6);
        assert_int(listing.counts[0], 3);
        assert_true(listing.more);
        assert_true(disco__v3_listing_has_given(&listing));
        assert_int(collected.count, 3);
        assert_string_equal(collected.entries[0].key, "/a/b");
        assert_string_equal(collected.entries[0].value, "1");
        assert_int(collected.entries[0].value_size, 1);
        assert_int(collected.entries[0].created_revision, 2);
        assert_int(collected.entries[0].modified_revision, 4);
        assert_false(collected.entries[0].is_directory);
        assert_string_equal(collected.entries[1].key, "/a/c");
        assert_string_equal(collected.entries[1].value, "");
        assert_int(collected.entries[1].modified_revision, 5);
        assert_string_equal(collected.entries[2].key, "/a/e");
        assert_int(collected.entries[2].value_size, 3);
        assert_string_equal(disco__buffer_text(&listing.key), "/a/e");
        end();
    }
}

DISCO_TEST(an_empty_range_has_no_entries)
{
    static const char *const answers[] = {
        ANSWER(""),
        ANSWER("{}"),
        ANSWER("7,null"),
        ANSWER("{\"response_range\":{}}"),
        ANSWER("{\"response_range\":{\"kvs\":[]}},{\"response_range\":null}"),
        ANSWER("{\"response_range\":{\"kvs\":3}}"),
        ANSWER("{\"response_range\":{\"count\":\"0\",\"more\":null}}"),
    };
    size_t i;

    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_status(read_in_pieces(answers[i], 1), 0);
        assert_int(collected.count, 0);
        assert_false(listing.more);
        assert_false(disco__v3_listing_has_given(&listing));
        end();
    }
}

DISCO_TEST(what_is_no_answer_is_refused)
{
    static const char *const answers[] = {
        "",
        "7",
        "[]",
        "{}",
        "{\"header\":{\"revision\":\"7\"}}",
        "{\"responses\":[]}",
        "{\"header\":{\"revision\":\"7\"},\"responses\":{}}",
        "{\"header\":{\"revision\":\"7\"},\"responses\":[}",
        ANSWER("{\"response_range\":{\"more\":3}}"),
        ANSWER("{},{},{}"),
        ANSWER("{}") "x",
        "{\"header\":{\"revision\":\"7\"},\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":",
    };
    size_t i;

    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        assert_status(read_in_pieces(answers[i], 3), DISCO_EPROTOCOL);
        end();
    }
}

static int refuse(void *data, const disco__item_t *item)
{
    (void)data;
    (void)item;
    return UV_ENOMEM;
}

DISCO_TEST(what_the_taker_says_ends_it)
{
    static const char answer[] =
        ANSWER("{\"response_range\":{\"kvs\":[{\"key\":\"L2EvYg==\"},{\"key\":\"L2EvYw==\"}]}}");
    disco__taker_t taker = {.take = refuse};

    disco__v3_listing_init(&listing, &taker, false);
    disco__v3_listing_begin(&listing, false);
    disco__v3_listing_feed(&listing, answer, sizeof answer - 1);
    assert_status(disco__v3_listing_end(&listing), UV_ENOMEM);
    disco__v3_listing_free(&listing);
}

static void read_three(void *data)
{
    static const char answer[] =
        ANSWER("{\"response_range\":{\"kvs\":[{\"key\":\"L2EvYg==\",\"create_revision\":\"2\","
               "\"mod_revision\":\"4\",\"version\":\"1\",\"value\":\"MQ==\"},"
               "{\"key\":\"L2Ev\\u0059w==\",\"value\":\"M\\u0051==\"},{\"key\":\"L2EvZA==\"}]}}");
    int rv = read_in_pieces(answer, *(size_t *)data);

    assert_true(rv == 0 || (rv == UV_ENOMEM && heap_has_failed()));
    if (rv == 0)
        assert_int(collected.count, 3);
    end();
}

DISCO_TEST(without_memory_an_answer_is_not_read)
{
    static size_t pieces[] = {1, 50, 1000};
    size_t i;

    for (i = 0; i < 3; i++)
        heap_sweep(read_three, &pieces[i]);
}

static int take_nothing(void *data, const disco__item_t *item)
{
    (void)data;
    (void)item;
    return 0;
}

/* The second value needs more room than the first; the third is not read the quick way. */
DISCO_TEST(no_value_stays_in_freed_memory)
{
#define LONG                                                                                       \
    "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4" \
    "eHh4"
#define NUMBERS "\"create_revision\":\"2\",\"mod_revision\":\"4\",\"version\":\"1\",\"value\":\""
    static const char answer[] = ANSWER("{\"response_range\":{\"kvs\":["
                                        "{\"key\":\"L2EvYg==\"," NUMBERS "c2VjcmV0\"},"
                                        "{\"key\":\"L2EvYw==\"," NUMBERS LONG "c2VjcmV0\"},"
                                        "{\"key\":\"L2EvZA==\", " NUMBERS LONG LONG "\"}]}}");
    disco__taker_t taker = {.take = take_nothing};
    size_t at;

    secrets_watch_begin("secret");
    disco__v3_listing_init(&listing, &taker, false);
    disco__v3_listing_begin(&listing, false);
    for (at = 0; at + 1 < sizeof answer; at += 100)
        disco__v3_listing_feed(&listing, answer + at,
                               sizeof answer - 1 - at < 100 ? sizeof answer - 1 - at : 100);
    assert_status(disco__v3_listing_end(&listing), 0);
    assert_int(listing.counts[0], 3);
    disco__v3_listing_free(&listing);
    assert_int(secrets_watch_end(), 0);
}
