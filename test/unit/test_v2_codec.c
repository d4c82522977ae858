/* Bytes of the v2 API that no other test sees, and damaged ones. */
#include <stdio.h>
#include <stdlib.h>

#include "etcd/server_version.h"
#include "etcd/v2_codec.h"
#include "support/test.h"
#include "json/read.h"

static int read_text(disco__v2_reply_t *reply, const char *text)
{
    return disco__v2_read_reply(reply, text, strlen(text));
}

DISCO_TEST(a_listing_is_flattened)
{
    disco__v2_reply_t reply;

    assert_status(
        read_text(&reply,
                  "{\"action\":\"get\",\"node\":{\"key\":\"/a\",\"dir\":true,\"nodes\":["
                  "{\"key\":\"/a/b\",\"value\":\"1\",\"modifiedIndex\":7,\"createdIndex\":6,"
                  "\"ttl\":-13,\"expiration\":\"2026-11-22T23:56:45.189938105Z\"},"
                  "{\"key\":\"/a/c\",\"dir\":true,\"nodes\":[{\"key\":\"/a/c/d\",\"value\":\"\"}]},"
                  "{\"key\":\"/a/e\",\"dir\":true}],\"modifiedIndex\":4,\"createdIndex\":4}}\n"),
        0);
    assert_int(reply.action, DISCO__V2_OTHER);
    assert_int(reply.entry_count, 5);
    assert_string_equal(reply.entries[0].key, "/a");
    assert_true(reply.entries[0].is_directory);
    assert_string_equal(reply.entries[0].value, "");
    assert_string_equal(reply.entries[1].key, "/a/b");
    assert_string_equal(reply.entries[1].value, "1");
    assert_int(reply.entries[1].value_size, 1);
    assert_int(reply.entries[1].modified_revision, 7);
    assert_int(reply.entries[1].created_revision, 6);
    assert_int(reply.entries[1].ttl_s, -13);
    assert_string_equal(reply.entries[2].key, "/a/c");
    assert_string_equal(reply.entries[3].key, "/a/c/d");
    assert_string_equal(reply.entries[4].key, "/a/e");
    assert_false(reply.has_previous);
    disco__v2_reply_free(&reply);
}

DISCO_TEST(the_root_is_a_slash)
{
    disco__v2_reply_t reply;

    assert_status(read_text(&reply, "{\"action\":\"get\",\"node\":{\"dir\":true,\"nodes\":["
                                    "{\"value\":\"no key\"},{\"key\":\"/a\",\"value\":\"1\"}]}}"),
                  0);
    assert_int(reply.entry_count, 2);
    assert_string_equal(reply.entries[0].key, "/");
    assert_string_equal(reply.entries[1].key, "/a");
    disco__v2_reply_free(&reply);
}

DISCO_TEST(each_action_is_known)
{
    static const struct {
        const char *name;
        disco__v2_action_t action;
    } actions[] = {
        {"set", DISCO__V2_PUT},       {"create", DISCO__V2_PUT},
        {"update", DISCO__V2_PUT},    {"compareAndSwap", DISCO__V2_PUT},
        {"delete", DISCO__V2_DELETE}, {"compareAndDelete", DISCO__V2_DELETE},
        {"expire", DISCO__V2_EXPIRE}, {"get", DISCO__V2_OTHER},
        {"explode", DISCO__V2_OTHER},
    };
    size_t i;

    for (i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        disco__v2_reply_t reply;
        char text[256];

        (void)snprintf(text, sizeof text,
                       "{\"action\":\"%s\",\"node\":{\"key\":\"/w/a\",\"modifiedIndex\":55},"
                       "\"prevNode\":{\"key\":\"/w/a\",\"value\":\"2\",\"modifiedIndex\":52}}",
                       actions[i].name);
        assert_status(read_text(&reply, text), 0);
        assert_int(reply.action, actions[i].action);
        assert_true(reply.has_previous);
        assert_string_equal(reply.previous.value, "2");
        assert_int(reply.previous.modified_revision, 52);
        disco__v2_reply_free(&reply);
    }
}

DISCO_TEST(what_is_no_reply_is_refused)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "{}",
        "[]",
        "7",
        "null",
        "\"node\"",
        "{\"node\":null}",
        "{\"node\":[]}",
        "{\"node\":\"/a\"}",
        "{\"node\":{\"key\":7}}",
        "{\"action\":\"get\",\"node\":{\"key\":\"/a\"}",
        "{\"action\":\"get\",\"node\":{\"key\":\"/a\"}}}",
        "\xff",
    };
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        disco__v2_reply_t reply;

        assert_status(read_text(&reply, texts[i]), DISCO_EPROTOCOL);
        assert_null(reply.tree);
        assert_null(reply.entries);
    }
}

DISCO_TEST(wrong_types_are_as_if_missing)
{
    disco__v2_reply_t reply;

    assert_status(read_text(&reply, "{\"action\":[],\"node\":{\"key\":\"/a\",\"value\":7,"
                                    "\"dir\":\"true\",\"modifiedIndex\":\"9x\",\"createdIndex\":-1,"
                                    "\"ttl\":\"5\",\"nodes\":\"none\"},\"prevNode\":7}"),
                  0);
    assert_int(reply.action, DISCO__V2_OTHER);
    assert_int(reply.entry_count, 1);
    assert_string_equal(reply.entries[0].value, "");
    assert_false(reply.entries[0].is_directory);
    assert_int(reply.entries[0].modified_revision, 0);
    assert_int(reply.entries[0].created_revision, 0);
    assert_int(reply.entries[0].ttl_s, 0);
    assert_false(reply.has_previous);
    disco__v2_reply_free(&reply);
}

DISCO_TEST(nodes_without_end_are_refused)
{
    enum { DEPTH = 5000 };
    static const char open[] = "{\"key\":\"/a\",\"nodes\":[";
    char *text = malloc(DEPTH * sizeof open + 100);
    size_t size = 0;
    size_t i;
    disco__v2_reply_t reply;

    assert_non_null(text);
    size += (size_t)sprintf(text, "{\"action\":\"get\",\"node\":");
    for (i = 0; i < DEPTH; i++) {
        memcpy(text + size, open, sizeof open - 1);
        size += sizeof open - 1;
    }
    assert_status(disco__v2_read_reply(&reply, text, size), DISCO_EPROTOCOL);
    free(text);
}

DISCO_TEST(damaged_replies_are_read_or_refused)
{
    static const char whole[] =
        "{\"action\":\"expire\",\"node\":{\"key\":\"/w/\\u00e4\",\"dir\":true,\"nodes\":[{\"key\":"
        "\"/w/b\",\"ttl\":5}],\"modifiedIndex\":55,\"createdIndex\":52},\"prevNode\":{\"key\":"
        "\"/w/a\",\"value\":\"2\",\"modifiedIndex\":52,\"createdIndex\":52}}";
    char text[sizeof whole];
    disco__v2_reply_t reply;
    size_t at;
    unsigned byte;

    for (at = 0; at < sizeof whole - 1; at++) {
        if (disco__v2_read_reply(&reply, whole, at) == 0)
            disco__v2_reply_free(&reply);
        for (byte = 0; byte < 256; byte += 5) {
            memcpy(text, whole, sizeof whole);
            text[at] = (char)byte;
            if (disco__v2_read_reply(&reply, text, sizeof whole - 1) == 0) {
                assert_true(reply.entry_count >= 1 && reply.entry_count <= 2);
                disco__v2_reply_free(&reply);
            }
        }
    }
}

DISCO_TEST(errors_are_read)
{
    static const struct {
        int code;
        int status;
    } meanings[] = {
        {100, DISCO_EKEYNOTFOUND}, {101, DISCO_ECONFLICT},    {102, DISCO_EREFUSED},
        {105, DISCO_EKEYEXISTS},   {107, DISCO_EREFUSED},     {110, DISCO_EAUTH},
        {203, DISCO_EREFUSED},     {300, DISCO_EUNAVAILABLE}, {401, DISCO_ECLEARED},
        {999, DISCO_EREFUSED},
    };
    disco__failure_t failure;
    char text[128];
    uint64_t index;
    size_t i;

    for (i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        disco__failure_clear(&failure);
        (void)snprintf(text, sizeof text,
                       "{\"errorCode\":%d,\"message\":\"Said\",\"cause\":\"/x\",\"index\":1178}\n",
                       meanings[i].code);
        assert_true(disco__v2_read_error(&failure, &index, text, strlen(text)));
        assert_status(failure.status, meanings[i].status);
        assert_int(failure.etcd_code, meanings[i].code);
        assert_string_equal(failure.message, "etcd: Said (/x)");
        assert_int(index, 1178);
    }
    assert_true(disco__v2_read_error(&failure, &index, "{\"errorCode\":100}", 17));
    assert_string_equal(failure.message, "etcd: ");
    assert_int(index, 0);
}

DISCO_TEST(what_is_no_error_is_left_alone)
{
    static const char *const texts[] = {
        "",
        "404 page not found\n",
        "{}",
        "[100]",
        "{\"errorCode\":\"100x\"}",
        "{\"errorCode\":0}",
        "{\"errorCode\":-100}",
        "{\"errorCode\":1e300}",
        "{\"errorCode\":100.5}",
        "{\"message\":\"Insufficient credentials\"}",
    };
    disco__failure_t failure;
    uint64_t index;
    size_t i;

    disco__failure_clear(&failure);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        index = 7;
        assert_false(disco__v2_read_error(&failure, &index, texts[i], strlen(texts[i])));
        assert_int(index, 0);
        assert_status(failure.status, 0);
        assert_string_equal(failure.message, "");
    }
}

DISCO_TEST(versions_are_read)
{
    static const char good[] = "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}";
    static const char *const bad[] = {"",   "{}", "{\"etcdserver\":7}", "{\"etcdserver\":\"\"}",
                                      "[]", "3.4"};
    const char *server;
    const char *cluster;
    cJSON *tree;
    size_t i;

    assert_status(disco__server_version_read(&tree, &server, &cluster, good, sizeof good - 1), 0);
    assert_string_equal(server, "3.4.23");
    assert_string_equal(cluster, "3.4.0");
    disco__json_free(tree);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(disco__server_version_read(&tree, &server, &cluster, bad[i], strlen(bad[i])),
                      DISCO_EPROTOCOL);
}

DISCO_TEST(targets_and_parameters_are_encoded)
{
    disco__buffer_t buffer;

    disco__buffer_init(&buffer);
    disco__v2_write_target(&buffer, "/a b/\xc3\xa4?#%+&;=~-._");
    disco__v2_write_parameter(&buffer, '?', "wait", "true");
    disco__v2_write_parameter(&buffer, '&', "value", "a/b +&=\n\"");
    assert_string_equal(disco__buffer_text(&buffer),
                        "/v2/keys/a%20b/%C3%A4%3F%23%25%2B%26%3B%3D~-._?wait=true&"
                        "value=a%2Fb%20%2B%26%3D%0A%22");
    disco__buffer_free(&buffer);
}
