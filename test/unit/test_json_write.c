#include "support/test.h"

#include "base/buffer.h"
#include "json/read.h"
#include "json/write.h"

static void assert_written(const char *text, const char *json)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__json_write_string(&out, text), 0);
    assert_string_equal(disco__buffer_text(&out), json);
    disco__buffer_free(&out);
}

/* What json.Marshal of Go 1.26 gives for the same bytes. */
DISCO_TEST(strings_are_escaped_as_go_does)
{
    assert_written("", "\"\"");
    assert_written("plain text, 'quoted' /slash/", "\"plain text, 'quoted' /slash/\"");
    assert_written("\"\\", "\"\\\"\\\\\"");
    assert_written("\x01\b\f\n\r\t\x0b\x1f\x7f", "\"\\u0001\\b\\f\\n\\r\\t\\u000b\\u001f\x7f\"");
    assert_written("<a href=\"?b&c\">", "\"\\u003ca href=\\\"?b\\u0026c\\\"\\u003e\"");
    assert_written("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
                   "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\"");
    assert_written("\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\xc2\x80\xef\xbf\xbf",
                   "\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\xc2\x80\xef\xbf\xbf\"");
}

DISCO_TEST(each_byte_that_is_not_utf8_becomes_a_replacement)
{
    assert_written("\xff", "\"\\ufffd\"");
    assert_written("a\xc0\x80z", "\"a\\ufffd\\ufffdz\"");
    assert_written("\xe2\x80", "\"\\ufffd\\ufffd\"");
    assert_written("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
    assert_written("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    assert_written("\xe2\x80<", "\"\\ufffd\\ufffd\\u003c\"");
}

DISCO_TEST(every_character_is_read_back)
{
    disco__buffer_t out;
    unsigned code;

    disco__buffer_init(&out);
    for (code = 1; code < 0x800; code++) {
        char text[3] = {(char)code, '\0', '\0'};
        cJSON *tree;

        if (code >= 0x80) {
            text[0] = (char)(0xc0 | code >> 6);
            text[1] = (char)(0x80 | (code & 0x3f));
        }
        disco__buffer_clear(&out);
        assert_status(disco__json_write_string(&out, text), 0);
        assert_status(disco__json_parse(out.bytes, out.size, &tree), 0);
        assert_string_equal(tree->valuestring, text);
        disco__json_free(tree);
    }
    disco__buffer_free(&out);
}

DISCO_TEST(members_are_separated_by_commas)
{
    disco__buffer_t out;
    disco__json_object_t object;
    disco__json_object_t inner;

    disco__buffer_init(&out);
    disco__json_object_begin(&object, &out);
    disco__json_object_string_unless_empty(&object, "none", NULL);
    disco__json_object_string_unless_empty(&object, "empty", "");
    disco__json_object_true_only(&object, "no", false);
    disco__json_object_string(&object, "a", "1");
    disco__json_object_string(&object, "null", NULL);
    disco__json_object_key(&object, "<b>");
    disco__json_object_begin(&inner, &out);
    disco__json_object_end(&inner);
    disco__json_object_bool(&object, "c", false);
    disco__json_object_true_only(&object, "d", true);
    disco__json_object_string_unless_empty(&object, "e", "\n");
    disco__json_object_end(&object);
    assert_status(out.error, 0);
    assert_string_equal(out.bytes, "{\"a\":\"1\",\"null\":\"\",\"\\u003cb\\u003e\":{},"
                                   "\"c\":false,\"d\":true,\"e\":\"\\n\"}");
    disco__buffer_free(&out);
}

static void write_something(void *data)
{
    disco__buffer_t out;
    size_t i;

    (void)data;
    disco__buffer_init(&out);
    for (i = 0; i < 10; i++)
        (void)disco__json_write_string(&out, "a string that needs a few bytes <&>");
    assert_status(out.error, heap_has_failed() ? UV_ENOMEM : 0);
    disco__buffer_free(&out);
}

DISCO_TEST(memory_running_short_is_told_at_the_end)
{
    heap_sweep(write_something, NULL);
}
