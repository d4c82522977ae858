#include "support/test.h"

#include <uvdisco/error.h>

#include "base/text.h"

DISCO_TEST(control_bytes_are_masked)
{
    char text[] = "a\r\nb\x1b[0m\x7f\x01 \xc3\xa9";

    disco__text_printable(text);
    assert_string_equal(text, "a??b?[0m?? \xc3\xa9");
}

static bool is_utf8(const char *text)
{
    return disco__text_is_utf8(text, strlen(text));
}

DISCO_TEST(well_formed_utf8_is_told_from_the_rest)
{
    assert_true(is_utf8(""));
    assert_true(disco__text_is_utf8("a\0b", 3));
    assert_true(is_utf8("\x7f\xc2\x80\xdf\xbf"));
    assert_true(is_utf8("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
    assert_true(is_utf8("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    assert_false(is_utf8("\x80"));              /* continuation first */
    assert_false(is_utf8("\xc0\x80"));          /* overlong */
    assert_false(is_utf8("\xc1\xbf"));          /* overlong */
    assert_false(is_utf8("\xe0\x9f\xbf"));      /* overlong */
    assert_false(is_utf8("\xf0\x8f\xbf\xbf"));  /* overlong */
    assert_false(is_utf8("\xed\xa0\x80"));      /* surrogate */
    assert_false(is_utf8("\xed\xbf\xbf"));      /* surrogate */
    assert_false(is_utf8("\xf4\x90\x80\x80"));  /* over U+10FFFF */
    assert_false(is_utf8("\xf5\x80\x80\x80"));  /* over U+10FFFF */
    assert_false(is_utf8("\xff"));              /* never */
    assert_false(is_utf8("\xc3"));              /* cut */
    assert_false(is_utf8("\xe2\x82"));          /* cut */
    assert_false(is_utf8("\xf0\x9f\x98"));      /* cut */
    assert_false(is_utf8("\xc3(\xe2\x82\xac")); /* no continuation */
    assert_false(is_utf8("\xe2\x28\xa1"));      /* no continuation */
    assert_false(is_utf8("\xf0\x90\x28\xbc"));  /* no continuation */
    assert_false(is_utf8("\xf0\x90\x80\x28"));  /* no continuation */
}

DISCO_TEST(null_counts_as_empty)
{
    assert_string_equal(disco__text_or_empty(NULL), "");
    assert_string_equal(disco__text_or_empty("a"), "a");
    assert_true(disco__text_equal(NULL, ""));
    assert_true(disco__text_equal(NULL, NULL));
    assert_true(disco__text_equal("a", "a"));
    assert_false(disco__text_equal("a", NULL));
    assert_false(disco__text_equal("a", "A"));
}

DISCO_TEST(case_of_ascii_letters_is_ignored)
{
    assert_true(disco__text_equal_ignoring_case("Content-LENGTH", 14, "content-length"));
    assert_true(disco__text_equal_ignoring_case("", 0, ""));
    assert_false(disco__text_equal_ignoring_case("abc", 2, "abc"));
    assert_false(disco__text_equal_ignoring_case("abc", 3, "ab"));
    assert_false(disco__text_equal_ignoring_case("a@", 2, "a`"));
    assert_false(disco__text_equal_ignoring_case("\xc3\x89", 2, "\xc3\xa9"));
}

static bool reads(const char *text, uint64_t expected)
{
    uint64_t number = 7;

    return disco__text_to_u64(text, strlen(text), &number) && number == expected;
}

DISCO_TEST(numbers_are_read_exactly)
{
    static const char *const wrong[] = {"",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1a",
                                        "a",
                                        "0x10",
                                        "1.",
                                        "18446744073709551616",
                                        "99999999999999999999999"};
    uint64_t number = 7;
    size_t i;

    assert_true(reads("0", 0));
    assert_true(reads("007", 7));
    assert_true(reads("18446744073709551615", UINT64_MAX));
    assert_true(reads("00000000000000000000000000000001", 1));
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (disco__text_to_u64(wrong[i], strlen(wrong[i]), &number))
            fail_msg("read \"%s\"", wrong[i]);
    }
    assert_false(disco__text_to_u64("1\0", 2, &number));
    assert_int(number, 7);
}

DISCO_TEST(a_copy_is_cut_to_its_room)
{
    char copy[4];

    disco__text_copy(copy, sizeof copy, "");
    assert_string_equal(copy, "");
    disco__text_copy(copy, sizeof copy, "abc");
    assert_string_equal(copy, "abc");
    disco__text_copy(copy, sizeof copy, "abcd");
    assert_string_equal(copy, "abc");
}
