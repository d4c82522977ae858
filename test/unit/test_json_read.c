#include "support/test.h"

#include <stdlib.h>

#include <uvdisco/error.h>

#include "base/buffer.h"
#include "json/read.h"

static int parse(const char *text, cJSON **tree)
{
    return disco__json_parse(text, strlen(text), tree);
}

static cJSON *parsed(const char *text)
{
    cJSON *tree = NULL;

    assert_status(parse(text, &tree), 0);
    assert_non_null(tree);
    return tree;
}

static void assert_taken(const char *text)
{
    cJSON *tree;

    if (parse(text, &tree) != 0)
        fail_msg("refused: %s", text);
    disco__json_free(tree);
}

static void assert_refused(const char *text)
{
    cJSON *tree;
    int rv = parse(text, &tree);

    if (rv == 0)
        fail_msg("taken: %s", text);
    assert_status(rv, DISCO_EPROTOCOL);
    assert_null(tree);
}

DISCO_TEST(takes_what_is_json)
{
    assert_taken("{}");
    assert_taken(" \t\r\n[ ] \t\r\n");
    assert_taken("[1,2 , -3,0,-0,0.5,1e3,1E+3,10.25e-3,true,false,null,\"\"]");
    assert_taken("{\"a\":{\"b\":[{\"c\":1}]} , \"d\" : \"e\"}");
    assert_taken("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83d\\uDe00\x7f\"");
    assert_taken("null");
    assert_taken("1e999");
    assert_taken("123456789012345678901234567890123456789012345678901234567890123");
}

DISCO_TEST(refuses_what_is_no_json)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"a",
        "{]",
        "[}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "{'a':1}",
        "[1]]",
        "{}{}",
        "{} x",
        "nul",
        "nullx",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "-01",
        "+1",
        "1.",
        ".5",
        "-",
        "1e",
        "1e+",
        "1.e5",
        "0x10",
        "1-2",
        "[1]/**/",
        "[1]//",
        "\xef\xbb\xbf{}",
        "\f[]",
        "[\v]",
        "\"\n\"",
        "\"\t\"",
        "\"\x1f\"",
        "\"\\x\"",
        "\"\\",
        "\"\\\"",
        "\"\\u",
        "\"\\u12",
        "\"\\uZZZZ\"",
        "\"\\u12g4\"",
        "\"\\u 123\"",
        "\"\\'\"",
        "1234567890123456789012345678901234567890123456789012345678901234",
    };
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_refused(texts[i]);
}

DISCO_TEST(refuses_nul_and_half_surrogate_pairs)
{
    cJSON *tree;

    assert_status(disco__json_parse("{}\0", 3, &tree), DISCO_EPROTOCOL);
    assert_status(disco__json_parse("\"a\0b\"", 5, &tree), DISCO_EPROTOCOL);
    assert_refused("\"\\u0000\"");
    assert_refused("{\"a\\u0000\":1}");
    assert_taken("\"\\\\u0000\"");
    assert_refused("\"\\ud800\"");
    assert_refused("\"\\udc00\"");
    assert_refused("\"\\ud800x\"");
    assert_refused("\"\\ud800\\n\"");
    assert_refused("\"\\ud800\\ud800\"");
    assert_refused("\"\\ud800\\u0041\"");
    assert_refused("\"\\udc00\\ud800\"");
}

static void nest(disco__buffer_t *text, size_t depth, const char *open, const char *inner,
                 const char *close)
{
    size_t i;

    disco__buffer_clear(text);
    for (i = 0; i < depth; i++)
        disco__buffer_append_text(text, open);
    disco__buffer_append_text(text, inner);
    for (i = 0; i < depth; i++)
        disco__buffer_append_text(text, close);
    assert_status(text->error, 0);
}

DISCO_TEST(nesting_has_a_limit)
{
    disco__buffer_t text;

    disco__buffer_init(&text);
    nest(&text, DISCO_JSON_MAX_DEPTH, "[", "", "]");
    assert_taken(text.bytes);
    nest(&text, DISCO_JSON_MAX_DEPTH + 1, "[", "", "]");
    assert_refused(text.bytes);
    nest(&text, DISCO_JSON_MAX_DEPTH, "{\"a\":", "1", "}");
    assert_taken(text.bytes);
    nest(&text, DISCO_JSON_MAX_DEPTH + 1, "{\"a\":", "1", "}");
    assert_refused(text.bytes);
    nest(&text, 1000000, "[", "", "");
    assert_refused(text.bytes);
    /* Brackets in strings do not nest. */
    disco__buffer_clear(&text);
    disco__buffer_append_char(&text, '"');
    while (text.size < 1000)
        disco__buffer_append_text(&text, "[{\\\"");
    disco__buffer_append_char(&text, '"');
    assert_taken(text.bytes);
    disco__buffer_free(&text);
}

DISCO_TEST(reads_no_byte_behind_the_text)
{
    static const char text[] = "[{\"name\":\"a\\u00e9\\ud83d\\ude00\"},-12.5e3,true,null]";
    size_t size;

    for (size = 0; size < sizeof text - 1; size++) {
        char *exact = malloc(size + 1); /* one byte at least; it is not part of the text */
        cJSON *tree;

        memcpy(exact + 1, text, size);
        assert_status(disco__json_parse(exact + 1, size, &tree), DISCO_EPROTOCOL);
        free(exact);
    }
}

DISCO_TEST(members_are_found_whatever_their_case)
{
    cJSON *tree = parsed("{\"Name\":\"a\",\"nAmE\":\"b\",\"names\":\"c\",\"nam\":\"d\"}");
    const char *text = "default";
    const cJSON *member;

    assert_true(disco__json_string(tree, "name", &text));
    assert_string_equal(text, "b");
    member = disco__json_next_member(tree, "name", NULL);
    assert_string_equal(member->string, "Name");
    member = disco__json_next_member(tree, "name", member);
    assert_string_equal(member->string, "nAmE");
    assert_null(disco__json_next_member(tree, "name", member));
    assert_ptr_equal(disco__json_member(tree, "name"), member);
    assert_null(disco__json_member(tree, "other"));
    disco__json_free(tree);
    tree = parsed("{\"name\":\"exact\",\"NAME\":\"last\"}");
    assert_true(disco__json_string(tree, "name", &text));
    assert_string_equal(text, "last");
    disco__json_free(tree);
}

DISCO_TEST(missing_and_null_leave_the_default)
{
    cJSON *tree = parsed("{\"s\":null,\"b\":null,\"n\":null,\"t\":\"kept\",\"T\":null}");
    const char *text = "default";
    bool flag = true;
    uint64_t number = 7;

    assert_true(disco__json_string(tree, "s", &text));
    assert_true(disco__json_string(tree, "missing", &text));
    assert_string_equal(text, "default");
    assert_true(disco__json_bool(tree, "b", &flag));
    assert_true(disco__json_bool(tree, "missing", &flag));
    assert_true(flag);
    assert_true(disco__json_u64(tree, "n", &number));
    assert_true(disco__json_u64(tree, "missing", &number));
    assert_int(number, 7);
    assert_true(disco__json_string(tree, "t", &text));
    assert_string_equal(text, "kept");
    disco__json_free(tree);
}

DISCO_TEST(a_wrong_type_is_an_error)
{
    cJSON *tree = parsed("{\"s\":\"1\",\"b\":true,\"n\":1,\"a\":[],\"o\":{},\"d\":1,\"D\":\"x\"}");
    cJSON *list = parsed("[\"s\"]");
    const char *text;
    bool flag;
    uint64_t number;

    assert_false(disco__json_string(tree, "b", &text));
    assert_false(disco__json_string(tree, "n", &text));
    assert_false(disco__json_string(tree, "a", &text));
    assert_false(disco__json_string(tree, "o", &text));
    assert_false(disco__json_string(tree, "d", &text)); /* though a string follows */
    assert_false(disco__json_bool(tree, "s", &flag));
    assert_false(disco__json_bool(tree, "n", &flag));
    assert_false(disco__json_u64(tree, "b", &number));
    assert_false(disco__json_u64(tree, "o", &number));
    assert_false(disco__json_string(list, "s", &text));
    assert_false(disco__json_string(NULL, "s", &text));
    assert_false(disco__json_bool(list, "s", &flag));
    assert_false(disco__json_u64(NULL, "s", &number));
    assert_null(disco__json_member(list, "s"));
    assert_null(disco__json_member(NULL, "s"));
    disco__json_free(tree);
    disco__json_free(list);
    disco__json_free(NULL);
}

static void assert_number(const char *json, uint64_t expected)
{
    cJSON *tree = parsed(json);
    uint64_t number = 0;

    assert_true(disco__json_u64(tree, "n", &number));
    assert_true(number == expected);
    disco__json_free(tree);
}

static void assert_no_number(const char *json)
{
    cJSON *tree = parsed(json);
    uint64_t number;

    assert_false(disco__json_u64(tree, "n", &number));
    disco__json_free(tree);
}

DISCO_TEST(numbers_are_whole_and_exact)
{
    assert_number("{\"n\":0}", 0);
    assert_number("{\"n\":-0}", 0);
    assert_number("{\"n\":1e3}", 1000);
    assert_number("{\"n\":9007199254740992}", 9007199254740992);
    assert_number("{\"n\":\"18446744073709551615\"}", UINT64_MAX);
    assert_no_number("{\"n\":9007199254740994}");
    assert_no_number("{\"n\":-1}");
    assert_no_number("{\"n\":0.5}");
    assert_no_number("{\"n\":1e999}");
    assert_no_number("{\"n\":-1e999}");
    assert_no_number("{\"n\":\"18446744073709551616\"}");
    assert_no_number("{\"n\":\"\"}");
    assert_no_number("{\"n\":\"-1\"}");
    assert_no_number("{\"n\":\" 1\"}");
}

static void parse_something(void *data)
{
    cJSON *tree;
    int rv = parse("{\"a\":[\"b\",{\"c\":1.5}],\"d\":true}", &tree);

    (void)data;
    assert_status(rv, heap_has_failed() ? UV_ENOMEM : 0);
    disco__json_free(tree);
}

DISCO_TEST(memory_running_short_is_not_taken_for_bad_json)
{
    heap_sweep(parse_something, NULL);
}
