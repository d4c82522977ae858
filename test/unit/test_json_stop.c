#include "support/test.h"

#include <stdlib.h>

#include "base/random.h"
#include "json/stop.h"

#define MOST 200

/* As plainly as it can be said. */
static const char *stop_plainly(const char *at, const char *end, bool *high)
{
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '"' || c == '\\' || c < 0x20)
            return at;
        if (c > 0x7f)
            *high = true;
    }
    return end;
}

static void assert_all_agree(const char *at, const char *end)
{
    bool high[4] = {false, false, false, false};
    const char *expected = stop_plainly(at, end, &high[0]);

    assert_ptr_equal(disco__json_stop_portable(at, end, &high[1]), expected);
    assert_ptr_equal(disco__json_stop(at, end, &high[2]), expected);
    assert_ptr_equal(disco__json_stop_far(at, end, &high[3]), expected);
    assert_int(high[1], high[0]);
    assert_int(high[2], high[0]);
    assert_int(high[3], high[0]);
}

DISCO_TEST(every_byte_is_told_at_every_place)
{
    char *bytes = malloc(MOST);
    size_t place;
    int value;

    assert_non_null(bytes);
    for (place = 0; place < MOST; place++) {
        for (value = 0; value < 256; value++) {
            memset(bytes, 'a', MOST);
            bytes[place] = (char)value;
            assert_all_agree(bytes, bytes + MOST);
            assert_all_agree(bytes + place, bytes + MOST);
            assert_all_agree(bytes, bytes + place);
        }
    }
    free(bytes);
}

static void assert_agrees_behind(const char *first, const char *at, const char *end)
{
    bool high[2] = {false, false};
    const char *expected = stop_plainly(at, end, &high[0]);

    assert_ptr_equal(disco__json_stop_behind(first, at, end, &high[1]), expected);
    assert_int(high[1], high[0]);
}

/* What is before counts for nothing. */
DISCO_TEST(near_the_end_what_is_before_is_not_taken_for_what_follows)
{
    static const char odd[] = "\"\\\x1f\x80"
                              "a";
    char bytes[40];
    size_t from;
    size_t place;
    size_t i;

    for (from = 0; from <= sizeof bytes; from++) {
        for (place = 0; place < sizeof bytes; place++) {
            for (i = 0; i < sizeof odd - 1; i++) {
                memset(bytes, '"', from);
                memset(bytes + from, 'a', sizeof bytes - from);
                bytes[place] = odd[i];
                assert_agrees_behind(bytes, bytes + from, bytes + sizeof bytes);
                memset(bytes, '\xff', from);
                assert_agrees_behind(bytes, bytes + from, bytes + sizeof bytes);
            }
        }
    }
}

/* Mostly letters: one in so many is odd. */
static char random_byte(disco__random_t *random, unsigned rarity)
{
    static const char odd[] = "\"\\\x1f\x7f\x80\xff\x20\x21\x23\x5b\x5d";

    switch (disco__random_below(random, rarity)) {
    case 0:
        return odd[disco__random_below(random, sizeof odd)];
    case 1:
        return (char)disco__random_below(random, 256);
    default:
        return (char)('a' + disco__random_below(random, 26));
    }
}

DISCO_TEST(all_versions_agree_at_all_alignments_and_lengths)
{
    disco__random_t random;
    size_t round;
    size_t first;
    size_t size;
    size_t i;

    assert_status(disco__random_init(&random), 0);
    for (round = 0; round < 40; round++) {
        for (size = 0; size <= 180; size += size < 50 ? 1 : 13) {
            /* Of just that size, so that a sanitizer sees who reads behind it. */
            char *bytes = malloc(17 + size);

            assert_non_null(bytes);
            for (i = 0; i < 17 + size; i++)
                bytes[i] = random_byte(&random, round % 2 == 0 ? 24 : 200);
            for (first = 0; first <= 17; first++)
                assert_all_agree(bytes + first, bytes + 17 + size);
            free(bytes);
        }
    }
}

DISCO_TEST(high_stays_when_it_was_set)
{
    static const char text[] =
        "plain text, longer than sixteen bytes, and than sixty-four of them, too: so it is\"";
    bool high = true;

    assert_int(*disco__json_stop(text, text + sizeof text, &high), '"');
    assert_true(high);
    assert_int(*disco__json_stop_portable(text, text + sizeof text, &high), '"');
    assert_true(high);
    assert_int(*disco__json_stop_far(text, text + sizeof text, &high), '"');
    assert_true(high);
}
