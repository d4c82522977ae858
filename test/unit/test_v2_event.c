/* One change as a watch of the v2 API says it. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/random.h"
#include "etcd/v2_event.h"
#include "support/test.h"

/* Where the event lies that was read last. */
static char body[2000];

static int read_event(disco__v2_event_t *event, const char *text)
{
    assert_true(strlen(text) < sizeof body);
    memcpy(body, text, strlen(text) + 1);
    return disco__v2_read_event(event, true, body, strlen(text));
}

DISCO_TEST(an_event_is_read_where_it_lies)
{
    disco__v2_event_t event;

    assert_status(
        read_event(&event,
                   "{\"action\":\"set\",\"node\":{\"key\":\"/"
                   "a\",\"value\":\"{\\\"b\\\":\\\"\\u00e9\\\"}\","
                   "\"expiration\":\"2026-11-22T23:56:45.189938105Z\",\"ttl\":10,"
                   "\"modifiedIndex\":8,\"createdIndex\":7},\"prevNode\":{\"key\":\"/a\","
                   "\"value\":\"1\",\"ttl\":-13,\"modifiedIndex\":6,\"createdIndex\":5}}\n"),
        0);
    assert_int(event.action, DISCO__V2_PUT);
    assert_string_equal(event.entry.key, "/a");
    assert_string_equal(event.entry.value, "{\"b\":\"\xc3\xa9\"}");
    assert_int(event.entry.value_size, strlen(event.entry.value));
    assert_true(event.entry.key > body && event.entry.key < body + sizeof body);
    assert_int(event.entry.ttl_s, 10);
    assert_int(event.entry.modified_revision, 8);
    assert_int(event.entry.created_revision, 7);
    assert_true(event.has_previous);
    assert_string_equal(event.previous.value, "1");
    assert_int(event.previous.ttl_s, -13);
    assert_int(event.previous.modified_revision, 6);
}

DISCO_TEST(what_a_key_held_before_is_read_only_if_it_is_wanted)
{
    static const char text[] = "{\"action\":\"set\",\"node\":{\"key\":\"/a\",\"modifiedIndex\":8},"
                               "\"prevNode\":{\"key\":\"/a\",\"value\":\"1\"}}";
    disco__v2_event_t event;

    memcpy(body, text, sizeof text);
    assert_status(disco__v2_read_event(&event, false, body, sizeof text - 1), 0);
    assert_string_equal(event.entry.key, "/a");
    assert_false(event.has_previous);
}

DISCO_TEST(what_is_no_event_is_refused)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"node\":7}",
        "{\"node\":{\"key\":7}}",
        "{\"node\":{\"key\":\"/a\",\"key\":[]}}",
        "{\"node\":{\"key\":\"/a\"},\"node\":null}",
        "{\"node\":{\"key\":\"/a\"}}}",
        "{\"node\":{\"key\":\"/a\"},}",
        "{\"node\":{\"key\":\"/\\ud800\"}}",
    };
    disco__v2_event_t event;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(read_event(&event, bad[i]), DISCO_EPROTOCOL);
}

DISCO_TEST(an_event_without_memory_for_an_odd_number_is_not_read)
{
    disco__v2_event_t event;
    int rv;

    heap_fail_at(1);
    rv = read_event(&event, "{\"node\":{\"key\":\"/a\",\"ttl\":1e1}}");
    assert_status(rv, UV_ENOMEM);
    heap_fail_never();
    assert_status(read_event(&event, "{\"node\":{\"key\":\"/a\",\"ttl\":1e1}}"), 0);
    assert_int(event.entry.ttl_s, 10);
}

static void assert_same_entry(const disco_kv_t *a, const disco_kv_t *b)
{
    assert_string_equal(a->key, b->key);
    assert_string_equal(a->value, b->value);
    assert_int(a->value_size, b->value_size);
    assert_int(a->is_directory, b->is_directory);
    assert_true(a->created_revision == b->created_revision);
    assert_true(a->modified_revision == b->modified_revision);
    assert_true(a->ttl_s == b->ttl_s);
}

/* As the tree has it. */
static bool assert_same(const char *text, size_t size)
{
    disco__v2_event_t event;
    disco__v2_reply_t reply;
    char *copy = malloc(size); /* of just that size, for the sanitizer */
    int rv;

    assert_non_null(copy);
    memcpy(copy, text, size);
    rv = disco__v2_read_event(&event, true, copy, size);
    assert_status(disco__v2_read_reply(&reply, text, size), rv);
    if (rv == 0) {
        assert_int(event.action, reply.action);
        assert_same_entry(&event.entry, &reply.entries[0]);
        assert_int(event.has_previous, reply.has_previous);
        if (event.has_previous)
            assert_same_entry(&event.previous, &reply.previous);
        disco__v2_reply_free(&reply);
    }
    free(copy);
    return rv == 0;
}

/* Parts of events, to be put together in any way. */
static const char *const parts[] = {
    "{",
    "}",
    ",",
    ":",
    "\"action\":\"expire\",",
    "\"action\":\"delete\",",
    "\"action\":\"cre\\u0061te\",",
    "\"action\":null,",
    "\"action\":[],",
    "\"ACTION\":\"update\",",
    "\"key\":\"/b\",",
    "\"key\":null,",
    "\"key\":1,",
    "\"k\\u0065y\":\"/c\\u0000d\",",
    "\"value\":\"a\\n\\\"\\ud83d\\ude00\",",
    "\"value\":\"\\u0000\",",
    "\"value\":{},",
    "\"dir\":true,",
    "\"dir\":\"no\",",
    "\"ttl\":-13,",
    "\"ttl\":1.5e2,",
    "\"ttl\":1e300,",
    "\"ttl\":12345678901234567890,",
    "\"ttl\":\"7\",",
    "\"modifiedIndex\":\"18446744073709551615\",",
    "\"modifiedIndex\":1.0,",
    "\"modifiedIndex\":-1,",
    "\"createdIndex\":null,",
    "\"createdIndex\":9007199254740993,",
    "\"nodes\":[{\"key\":\"/z\"}],",
    "\"node\":{\"key\":\"/n\"},",
    "\"prevNode\":{\"key\":\"/p\",\"value\":\"q\"},",
    "\"prevNode\":{},",
    "\"prevNode\":7,",
    "\"x\":[1,{\"y\":null}],",
};

#define PARTS (sizeof parts / sizeof parts[0])

DISCO_TEST(an_event_is_what_the_tree_says)
{
    static const char *const model[] = {
        "{",
        "\"action\":\"set\",",
        "\"node\":",
        "{",
        "\"key\":\"/a\",",
        "\"value\":\"1\",",
        "\"ttl\":10,",
        "\"modifiedIndex\":8,",
        "\"createdIndex\":7",
        "},",
        "\"prevNode\":",
        "{",
        "\"key\":\"/a\",",
        "\"modifiedIndex\":7",
        "}",
        "}",
    };
    const size_t count = sizeof model / sizeof model[0];
    disco__random_t random = {{37, 41}};
    disco__buffer_t text;
    size_t taken = 0;
    size_t round;

    disco__buffer_init(&text);
    for (round = 0; round < 20000; round++) {
        size_t places[3];
        size_t i;
        size_t k;

        disco__buffer_clear(&text);
        for (k = 0; k < 3; k++)
            places[k] = (size_t)disco__random_below(&random, 2 * count);
        for (i = 0; i < count; i++) {
            disco__buffer_append_text(&text, model[i]);
            for (k = 0; k < 3; k++) {
                if (places[k] == i)
                    disco__buffer_append_text(&text, parts[disco__random_below(&random, PARTS)]);
            }
        }
        if (disco__random_below(&random, 4) == 0)
            text.bytes[disco__random_below(&random, text.size)] =
                "{}[]\"\\:,019-tn\xff"[disco__random_below(&random, 16)];
        if (assert_same(text.bytes, text.size))
            taken++;
    }
    disco__buffer_free(&text);
    assert_true(taken > 500);
}
