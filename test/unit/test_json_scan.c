#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "fuzz/check.h"
#include "json/scan.h"

static disco__scan_t scan_of(const char *text)
{
    disco__scan_t scan;

    disco__scan_init(&scan, text, strlen(text), true);
    return scan;
}

static void assert_span(const disco__span_t *span, const char *text)
{
    assert_int(span->size, strlen(text));
    assert_memory_equal(span->bytes, text, span->size);
}

DISCO_TEST(values_are_read_one_after_the_other)
{
    disco__scan_t scan = scan_of(" { \"a\" : [1,true , null] ,\"b\":{\"c\":\"x\\n\xc3\xa9\"}, "
                                 "\"d\":false,\"e\":-1.5e3,\"f\":\"12\",\"g\":{} } ");
    disco__span_t span;
    uint64_t number = 0;
    bool value = false;

    assert_int(disco__scan_peek(&scan), '{');
    assert_true(disco__scan_open(&scan, '{'));
    assert_true(disco__scan_name(&scan, &span));
    assert_span(&span, "a");
    assert_true(disco__scan_open(&scan, '['));
    assert_true(disco__scan_item(&scan));
    assert_true(disco__scan_u64(&scan, &number));
    assert_int(number, 1);
    assert_true(disco__scan_item(&scan));
    assert_true(disco__scan_bool(&scan, &value));
    assert_true(value);
    assert_true(disco__scan_item(&scan));
    assert_true(disco__scan_null(&scan));
    assert_false(disco__scan_item(&scan));
    assert_true(disco__scan_name(&scan, &span));
    assert_true(disco__scan_open(&scan, '{'));
    assert_true(disco__scan_name(&scan, &span));
    assert_true(disco__scan_string(&scan, &span));
    assert_span(&span, "x\\n\xc3\xa9");
    assert_true(span.escaped);
    assert_true(span.high);
    assert_false(disco__scan_name(&scan, &span));
    assert_true(disco__scan_name(&scan, &span));
    assert_true(disco__scan_bool(&scan, &value));
    assert_false(value);
    assert_true(disco__scan_name(&scan, &span));
    assert_true(disco__scan_number(&scan, &span));
    assert_span(&span, "-1.5e3");
    assert_true(disco__scan_name(&scan, &span));
    assert_true(disco__scan_u64(&scan, &number));
    assert_int(number, 12);
    assert_true(disco__scan_name(&scan, &span));
    assert_true(disco__scan_skip(&scan));
    assert_false(disco__scan_name(&scan, &span));
    assert_int(scan.depth, 0);
    assert_true(disco__scan_end(&scan));
    assert_status(scan.status, 0);
    assert_false(scan.nul);
}

DISCO_TEST(the_first_thing_that_goes_wrong_stays)
{
    disco__scan_t scan = scan_of("{\"a\":1}");
    disco__span_t span;
    bool value;

    assert_true(disco__scan_open(&scan, '{'));
    assert_true(disco__scan_name(&scan, &span));
    assert_false(disco__scan_string(&scan, &span));
    assert_status(scan.status, DISCO_EPROTOCOL);
    assert_int(disco__scan_peek(&scan), '\0');
    assert_false(disco__scan_fail(&scan, UV_ENOMEM));
    assert_false(disco__scan_skip(&scan));
    assert_false(disco__scan_name(&scan, &span));
    assert_false(disco__scan_item(&scan));
    assert_false(disco__scan_open(&scan, '{'));
    assert_false(disco__scan_bool(&scan, &value));
    assert_false(disco__scan_null(&scan));
    assert_false(disco__scan_number(&scan, &span));
    assert_false(disco__scan_end(&scan));
    assert_status(scan.status, DISCO_EPROTOCOL);
}

DISCO_TEST(what_is_no_json_is_refused)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "}",
        "{]",
        "[}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{\"a\" 1}",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "--1",
        "tru",
        "nul",
        "falsey",
        "NULL",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u00g0\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\ud800\"",
        "\"\x01\"",
        "\"\n\"",
        "1 2",
        "{}{}",
        "\xef\xbb\xbf{}",
        "\x0b{}",
        "'a'",
        "1234567890123456789012345678901234567890123456789012345678901234"};
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        disco__scan_t scan = scan_of(texts[i]);

        assert_false(disco__scan_skip(&scan) && disco__scan_end(&scan));
        assert_status(scan.status, DISCO_EPROTOCOL);
        assert_null(check_json(texts[i], strlen(texts[i])));
    }
}

DISCO_TEST(what_is_cut_may_go_on)
{
    static const char text[] =
        "{\"a\":[1,2.5e-3,\"x\\u00e9\\ud83d\\ude00\\n\",true,false,null,{}],\"b\":\"c\"}";
    disco__scan_t scan;
    size_t size;

    for (size = 0; size < sizeof text - 1; size++) {
        disco__scan_init(&scan, text, size, false);
        assert_false(disco__scan_skip(&scan));
        assert_status(scan.status, DISCO__SCAN_MORE);
        disco__scan_init(&scan, text, size, true);
        assert_false(disco__scan_skip(&scan));
        assert_status(scan.status, DISCO_EPROTOCOL);
    }
    disco__scan_init(&scan, "12", 2, false); /* more digits may follow */
    assert_false(disco__scan_skip(&scan));
    assert_status(scan.status, DISCO__SCAN_MORE);
}

DISCO_TEST(nesting_has_a_limit)
{
    char text[131];
    disco__scan_t scan;

    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    disco__scan_init(&scan, text, 128, true);
    assert_true(disco__scan_skip(&scan));
    assert_null(check_json(text, 128));
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    disco__scan_init(&scan, text, 130, true);
    assert_false(disco__scan_skip(&scan));
    assert_status(scan.status, DISCO_EPROTOCOL);
    assert_null(check_json(text, 130));
}

/* Each closing bracket is held against the one that it closes, at every depth. */
DISCO_TEST(what_is_open_is_known_at_every_depth)
{
    char text[512];
    size_t depth;
    size_t i;

    for (depth = 1; depth <= 66; depth++) {
        size_t size = 0;
        size_t closing;

        for (i = 0; i < depth; i++) {
            memcpy(text + size, i % 3 == 0 ? "{\"a\":" : "[", i % 3 == 0 ? 5 : 1);
            size += i % 3 == 0 ? 5 : 1;
        }
        text[size++] = '1';
        closing = size;
        for (i = depth; i-- > 0;)
            text[size++] = i % 3 == 0 ? '}' : ']';
        assert_null(check_json(text, size));
        for (i = closing; i < size; i++) {
            char right = text[i];
            disco__scan_t scan;

            text[i] = right == '}' ? ']' : '}';
            disco__scan_init(&scan, text, size, true);
            assert_false(disco__scan_skip(&scan));
            assert_null(check_json(text, size));
            text[i] = right;
        }
    }
}

DISCO_TEST(with_any_byte_changed_it_is_json_when_the_tree_says_so)
{
    static const char text[] = "{\"a\":[1,-2.5e+10,true,false,null,0],\"b\":{}, "
                               "\"c\":\"\\\"\\n\\u00e9\\ud83d\\ude00\\u0000\"}";
    size_t at;
    int value;

    for (at = 0; at < sizeof text - 1; at++) {
        char *bytes = fuzz_block(text, sizeof text - 1);

        for (value = 0; value < 256; value++) {
            const char *wrong;

            bytes[at] = (char)value;
            wrong = check_json(bytes, sizeof text - 1);
            if (wrong != NULL)
                fail_msg("%s: %.*s", wrong, (int)sizeof text - 1, bytes);
        }
        free(bytes);
    }
}

typedef struct number_s {
    const char *text;
    bool good;
    uint64_t value;
} number_t;

static const number_t numbers[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"12", true, 12},
    {"1e3", true, 1000},
    {"1.0", true, 1},
    {"9007199254740992", true, 9007199254740992u},
    {"9007199254740994", false, 0},
    {"1.5", false, 0},
    {"-1", false, 0},
    {"\"18446744073709551615\"", true, UINT64_MAX},
    {"\"18446744073709551616\"", false, 0},
    {"\"007\"", true, 7},
    {"\"\\u0031\\u0032\"", true, 12},
    {"\"\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030"
     "\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0030\\u0037\"",
     true, 7},
    {"\"\\u0031\\u0038446744073709551616\"", false, 0},
    {"\"\\u0031\\u0038446744073709551615\"", true, UINT64_MAX},
    {"\"5\\u0000xyz\"", true, 5},
    {"\"\\u0000\"", false, 0},
    {"\"\\n5\"", false, 0},
    {"\"5\\u00e9\"", false, 0},
    {"\"\"", false, 0},
    {"\"-1\"", false, 0},
    {"\" 1\"", false, 0},
    {"true", false, 0},
    {"{\"a\":1}", false, 0},
};

DISCO_TEST(whole_numbers_are_read_as_the_tree_has_them)
{
    size_t i;

    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        disco__scan_t scan = scan_of(numbers[i].text);
        uint64_t value = 77;

        assert_int(disco__scan_u64_if_any(&scan, &value), numbers[i].good);
        assert_true(disco__scan_end(&scan));
        if (numbers[i].good)
            assert_true(value == numbers[i].value);
        scan = scan_of(numbers[i].text);
        assert_int(disco__scan_u64(&scan, &value), numbers[i].good);
        assert_null(check_json(numbers[i].text, strlen(numbers[i].text)));
    }
}

DISCO_TEST(null_leaves_a_number_as_it_was)
{
    disco__scan_t scan = scan_of("null");
    uint64_t value = 77;

    assert_true(disco__scan_u64_if_any(&scan, &value));
    assert_int(value, 77);
    scan = scan_of("null");
    assert_false(disco__scan_u64(&scan, &value));
}

static void read_long_number(void *data)
{
    disco__scan_t scan = scan_of("1234567890.0e3");
    uint64_t value = 0;

    (void)data;
    if (disco__scan_u64(&scan, &value))
        assert_true(value == 1234567890000u);
    else
        assert_status(scan.status, UV_ENOMEM);
    assert_true(scan.status == 0 || heap_has_failed());
}

DISCO_TEST(a_long_number_needs_memory)
{
    heap_sweep(read_long_number, NULL);
}

DISCO_TEST(a_nul_is_noticed)
{
    disco__scan_t scan = scan_of("[\"a\\u0000b\"]");

    assert_true(disco__scan_skip(&scan));
    assert_true(scan.nul);
    scan = scan_of("[\"a\\u0001b\",\"\\\\u0000\"]");
    assert_true(disco__scan_skip(&scan));
    assert_false(scan.nul);
}

DISCO_TEST(escapes_are_what_they_stand_for)
{
    static const char expected[] = "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\0.";
    disco__scan_t scan = scan_of("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\uDE00z"
                                 "\\u0000.\"");
    disco__span_t span;
    char plain[128];
    char *same;

    assert_true(disco__scan_string(&scan, &span));
    assert_true(span.size <= sizeof plain);
    assert_int(disco__json_unescape(plain, &span), sizeof expected - 1);
    assert_memory_equal(plain, expected, sizeof expected - 1);
    same = fuzz_block(span.bytes, span.size);
    span.bytes = same;
    assert_int(disco__json_unescape(same, &span), sizeof expected - 1);
    assert_memory_equal(same, expected, sizeof expected - 1);
    free(same);
}

DISCO_TEST(names_are_told_apart_whatever_their_case)
{
    static const disco__name_t names[] = {DISCO__NAME("key"), DISCO__NAME("value"),
                                          DISCO__NAME("Key")};
    static const struct {
        const char *text;
        size_t which;
    } texts[] = {{"\"key\"", 0},       {"\"Key\"", 2},       {"\"KEY\"", 0},  {"\"vAlue\"", 1},
                 {"\"\\u006bey\"", 0}, {"\"\\u004BEY\"", 0}, {"\"keys\"", 3}, {"\"\"", 3},
                 {"\"ke\"", 3},        {"\"key\\u0000\"", 3}};
    disco__span_t span;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        disco__scan_t scan = scan_of(texts[i].text);

        assert_true(disco__scan_string(&scan, &span));
        assert_int(disco__span_which(&span, names, 3), texts[i].which);
    }
}

/* The longest that there may be, each byte of it escaped. */
DISCO_TEST(an_escaped_name_may_be_six_times_as_long)
{
    static const disco__name_t name = DISCO__NAME("a_name_of_forty_bytes_is_the_longest_one");
    char text[6 * 40 + 2] = "\"";
    disco__span_t span;
    disco__scan_t scan;
    size_t i;

    assert_int(name.size, 40);
    for (i = 0; i < name.size; i++)
        (void)snprintf(text + 1 + 6 * i, 7, "\\u%04x", (unsigned)name.text[i]);
    text[sizeof text - 1] = '"';
    disco__scan_init(&scan, text, sizeof text, true);
    assert_true(disco__scan_string(&scan, &span));
    assert_int(disco__span_which(&span, &name, 1), 0);
    text[sizeof text - 2] = '6';
    assert_int(disco__span_which(&span, &name, 1), 1);
}
