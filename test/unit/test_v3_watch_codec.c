/* Messages of a v3 watch stream: as etcd sends them, damaged, and hostile. */
#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "base/random.h"
#include "etcd/v3_watch_codec.h"
#include "support/test.h"

#define HEADER                                                                                     \
    "\"header\":{\"cluster_id\":\"7\",\"member_id\":\"8\",\"revision\":\"29\",\"raft_term\":"      \
    "\"2\"}"

static void assert_create(const disco__v3_create_t *create, const char *expected)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    disco__v3_write_create(&out, create);
    assert_status(out.error, 0);
    assert_string_equal(disco__buffer_text(&out), expected);
    disco__buffer_free(&out);
}

DISCO_TEST(a_watch_is_asked_for)
{
    assert_create(
        &(disco__v3_create_t){.key = "/a", .scope = DISCO__SCOPE_KEY, .id = 1},
        "{\"create_request\":{\"key\":\"L2E=\",\"watch_id\":\"1\",\"progress_notify\":true,"
        "\"fragment\":true}}");
    /* "/a/" to "/a0" */
    assert_create(&(disco__v3_create_t){.key = "/a",
                                        .scope = DISCO__SCOPE_BELOW,
                                        .id = 2,
                                        .start_revision = 18446744073709551615u},
                  "{\"create_request\":{\"key\":\"L2Ev\",\"range_end\":\"L2Ew\","
                  "\"start_revision\":\"18446744073709551615\",\"watch_id\":\"2\","
                  "\"progress_notify\":true,\"fragment\":true}}");
    /* "/a" to "/a0" */
    assert_create(
        &(disco__v3_create_t){
            .key = "/a", .scope = DISCO__SCOPE_KEY_AND_BELOW, .id = 3, .previous = true},
        "{\"create_request\":{\"key\":\"L2E=\",\"range_end\":\"L2Ew\",\"watch_id\":\"3\","
        "\"progress_notify\":true,\"fragment\":true,\"prev_kv\":true}}");
    /* "/" to "0" */
    assert_create(&(disco__v3_create_t){.key = "/", .scope = DISCO__SCOPE_KEY_AND_BELOW, .id = 4},
                  "{\"create_request\":{\"key\":\"Lw==\",\"range_end\":\"MA==\",\"watch_id\":\"4\","
                  "\"progress_notify\":true,\"fragment\":true}}");
}

static void no_memory(void *data)
{
    disco__buffer_t out;

    (void)data;
    disco__buffer_init(&out);
    disco__v3_write_create(
        &out, &(disco__v3_create_t){.key = "/a", .scope = DISCO__SCOPE_KEY_AND_BELOW, .id = 3});
    assert_true(out.error == 0 || out.error == UV_ENOMEM);
    assert_int(out.error != 0, heap_has_failed());
    disco__buffer_free(&out);
}

DISCO_TEST(a_watch_is_not_asked_for_without_memory)
{
    heap_sweep(no_memory, NULL);
}

/* Of the message that was read last. */
static disco__buffer_t texts;

static disco__v3_message_t parsed(const char *text)
{
    disco__v3_message_t message;

    assert_status(disco__v3_read_message(&message, &texts, text, strlen(text)), 0);
    return message;
}

DISCO_TEST(created_is_read)
{
    disco__v3_message_t message =
        parsed("{\"result\":{" HEADER ",\"watch_id\":\"1\",\"created\":true}}");

    assert_status(message.failure.status, 0);
    assert_int(message.watch_id, 1);
    assert_true(message.created);
    assert_false(message.canceled);
    assert_false(message.has_events);
    assert_int(message.header.cluster_id, 7);
    assert_int(message.header.revision, 29);
    assert_int(message.header.raft_term, 2);
    disco__buffer_free(&texts);
}

DISCO_TEST(numbers_may_be_numbers_and_what_is_zero_absent)
{
    disco__v3_message_t message =
        parsed("{\"result\":{\"header\":{\"cluster_id\":7,\"revision\":29},\"watch_id\":5,"
               "\"canceled\":true,\"compact_revision\":50,\"events\":[]}}");

    assert_int(message.watch_id, 5);
    assert_true(message.canceled);
    assert_int(message.compact_revision, 50);
    assert_int(message.header.raft_term, 0);
    assert_false(message.has_events);
    disco__buffer_free(&texts);
    message = parsed("{\"result\":{}}");
    assert_int(message.watch_id, 0);
    assert_false(message.created);
    assert_int(message.header.revision, 0);
    assert_string_equal(message.cancel_reason, "");
    disco__buffer_free(&texts);
}

DISCO_TEST(the_watch_of_none_is_told_apart)
{
    disco__v3_message_t message = parsed("{\"result\":{\"watch_id\":\"-1\"}}");

    assert_true(message.watch_id == DISCO__V3_NO_WATCH);
    disco__buffer_free(&texts);
    message = parsed("{\"result\":{\"watch_id\":-1}}");
    assert_true(message.watch_id == DISCO__V3_NO_WATCH);
    disco__buffer_free(&texts);
}

static void assert_canceled(const char *fields, int status, bool token, const char *text)
{
    char json[512];
    disco__failure_t failure;
    disco__v3_message_t message;

    (void)snprintf(json, sizeof json, "{\"result\":{\"canceled\":true,%s}}", fields);
    message = parsed(json);
    disco__failure_clear(&failure);
    assert_int(disco__v3_explain_cancel(&failure, &message), token);
    assert_status(failure.status, status);
    assert_non_null(strstr(failure.message, text));
    disco__buffer_free(&texts);
}

#define REASON(text) "\"cancel_reason\":\"" text "\""

DISCO_TEST(reasons_of_cancelling_are_told_apart)
{
    assert_canceled("\"compact_revision\":\"50\"", DISCO_ECLEARED, false, "50");
    assert_canceled(REASON("etcdserver: mvcc: required revision has been compacted"),
                    DISCO_ECLEARED, false, "compacted");
    assert_canceled(REASON("rpc error: code = Unauthenticated desc = etcdserver: invalid auth "
                           "token"),
                    DISCO_EAUTH, true, "etcd: etcdserver: invalid auth token");
    assert_canceled(REASON("rpc error: code = InvalidArgument desc = etcdserver: user name is "
                           "empty"),
                    DISCO_EAUTH, true, "user name is empty");
    assert_canceled(REASON("etcdserver: revision of auth store is old"), DISCO_EAUTH, true, "old");
    assert_canceled(REASON("rpc error: code = PermissionDenied desc = etcdserver: permission "
                           "denied"),
                    DISCO_EAUTH, false, "permission denied");
    assert_canceled(REASON("etcdserver: permission denied"), DISCO_EAUTH, false, "denied");
    assert_canceled(REASON("mvcc: duplicate watch ID provided on the WatchStream"), DISCO_EREFUSED,
                    false, "duplicate");
    assert_canceled("\"created\":true", DISCO_EREFUSED, false, "");
}

DISCO_TEST(errors_of_the_stream_are_read)
{
    disco__v3_message_t message = parsed("{\"error\":{\"grpc_code\":14,\"http_code\":503,"
                                         "\"message\":\"etcdserver: no leader\"}}");

    assert_status(message.failure.status, DISCO_EUNAVAILABLE);
    assert_int(message.failure.etcd_code, 14);
    assert_false(message.token);
    disco__buffer_free(&texts);
    message = parsed("{\"error\":{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}}");
    assert_status(message.failure.status, DISCO_EAUTH);
    assert_true(message.token);
    disco__buffer_free(&texts);
}

static disco__v3_event_t event_of(const char *event, bool good)
{
    char json[512];
    disco__v3_message_t message;
    disco__v3_event_t read;
    disco__v3_event_t none;

    (void)snprintf(json, sizeof json, "{\"result\":{\"events\":[%s]}}", event);
    message = parsed(json);
    assert_true(message.has_events);
    assert_true(disco__v3_next_event(&read, &message));
    assert_int(read.is_good, good);
    assert_false(disco__v3_next_event(&none, &message));
    return read;
}

DISCO_TEST(events_are_read)
{
    disco__v3_event_t event =
        event_of("{\"kv\":{\"key\":\"L2E=\",\"create_revision\":\"28\",\"mod_revision\":\"29\","
                 "\"version\":\"2\",\"value\":\"MQ==\"},\"prev_kv\":{\"key\":\"L2E=\","
                 "\"create_revision\":28,\"mod_revision\":28}}",
                 true);

    assert_false(event.deleted);
    assert_int(event.revision, 29);
    assert_string_equal(event.entry.key, "/a");
    assert_string_equal(event.entry.value, "1");
    assert_int(event.entry.created_revision, 28);
    assert_true(event.has_previous);
    assert_string_equal(event.previous.value, "");
    disco__buffer_free(&texts);
    event =
        event_of("{\"type\":\"DELETE\",\"kv\":{\"key\":\"L2E=\",\"mod_revision\":\"30\"}}", true);
    assert_true(event.deleted);
    assert_false(event.has_previous);
    assert_string_equal(event.entry.value, "");
    disco__buffer_free(&texts);
    event = event_of("{\"type\":1,\"kv\":{\"key\":\"L2E=\",\"mod_revision\":30}}", true);
    assert_true(event.deleted);
    disco__buffer_free(&texts);
}

DISCO_TEST(events_that_cannot_be_read_have_a_revision_where_it_can_be)
{
    static const struct {
        const char *text;
        uint64_t revision;
    } bad[] = {
        {"{}", 0},
        {"7", 0},
        {"{\"kv\":7}", 0},
        {"{\"kv\":{\"key\":\"L2E=\"}}", 0},
        {"{\"kv\":{\"key\":\"L2E=\",\"mod_revision\":\"-3\"}}", 0},
        {"{\"kv\":{\"mod_revision\":\"9\"}}", 9},
        {"{\"kv\":{\"key\":\"!\",\"mod_revision\":\"9\"}}", 9},
        {"{\"kv\":{\"key\":7,\"mod_revision\":\"9\"}}", 9},
        {"{\"kv\":{\"key\":\"L2E=\",\"value\":\"???\",\"mod_revision\":9}}", 9},
        {"{\"type\":\"NEW\",\"kv\":{\"key\":\"L2E=\",\"mod_revision\":9}}", 9},
        {"{\"type\":2,\"kv\":{\"key\":\"L2E=\",\"mod_revision\":9}}", 9},
        {"{\"type\":[],\"kv\":{\"key\":\"L2E=\",\"mod_revision\":9}}", 9},
        {"{\"kv\":{\"key\":\"L2E=\",\"mod_revision\":9},\"prev_kv\":{}}", 9},
        {"{\"kv\":{\"key\":\"L2EA\",\"mod_revision\":9}}", 9}, /* a NUL byte */
    };
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int(event_of(bad[i].text, false).revision, bad[i].revision);
        disco__buffer_free(&texts);
    }
}

DISCO_TEST(messages_of_wrong_types_are_refused)
{
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{\"result\":7}",
        "{\"result\":[]}",
        "{\"result\":{\"created\":\"yes\"}}",
        "{\"result\":{\"canceled\":1}}",
        "{\"result\":{\"fragment\":[]}}",
        "{\"result\":{\"watch_id\":\"one\"}}",
        "{\"result\":{\"watch_id\":1.5}}",
        "{\"result\":{\"events\":{}}}",
        "{\"result\":{\"compact_revision\":{}}}",
        "{\"result\":{\"cancel_reason\":7}}",
    };
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        disco__v3_message_t message;

        assert_status(disco__v3_read_message(&message, &texts, bad[i], strlen(bad[i])),
                      DISCO_EPROTOCOL);
    }
}

static void read_all(const char *text, size_t size)
{
    disco__v3_message_t message;
    disco__v3_event_t event;

    if (disco__v3_read_message(&message, &texts, text, size) != 0 || message.failure.status != 0)
        return;
    while (disco__v3_next_event(&event, &message)) {
        if (!event.is_good)
            continue;
        assert_true(event.revision > 0 && event.entry.key[0] != '\0');
        assert_non_null(event.entry.value);
    }
}

DISCO_TEST(mutated_messages_are_survived)
{
    static const char model[] =
        "{\"result\":{" HEADER ",\"watch_id\":\"1\",\"created\":true,\"canceled\":true,"
        "\"cancel_reason\":\"no\",\"fragment\":true,\"compact_revision\":\"5\","
        "\"events\":[{\"kv\":{\"key\":\"L2E=\",\"mod_revision\":\"29\",\"value\":\"MQ==\"}},"
        "{\"type\":\"DELETE\",\"kv\":{\"key\":\"L2E=\",\"mod_revision\":\"30\"},"
        "\"prev_kv\":{\"key\":\"L2E=\",\"mod_revision\":\"29\",\"value\":\"MQ==\"}}]}}";
    disco__random_t random = {{3, 5}};
    size_t round;

    for (round = 0; round < 20000; round++) {
        size_t size = sizeof model - 1;
        char *text = malloc(size);
        size_t changes = 1 + (size_t)disco__random_below(&random, 4);

        assert_non_null(text);
        memcpy(text, model, size);
        while (changes-- > 0)
            text[disco__random_below(&random, size)] =
                "{}[]\"\\:,019-tA=\xff"[disco__random_below(&random, 17)];
        if (disco__random_below(&random, 4) == 0)
            size = (size_t)disco__random_below(&random, size);
        read_all(text, size);
        free(text);
    }
    disco__buffer_free(&texts);
}

static void assert_same_entry(const disco_kv_t *a, const disco_kv_t *b)
{
    assert_string_equal(a->key, b->key);
    assert_int(a->value_size, b->value_size);
    assert_memory_equal(a->value, b->value, a->value_size + 1);
    assert_true(a->created_revision == b->created_revision);
    assert_true(a->modified_revision == b->modified_revision);
}

static void assert_same_events(disco__v3_message_t *a, disco__v3_message_t *b)
{
    disco__v3_event_t one;
    disco__v3_event_t other;

    while (disco__v3_next_event(&one, a)) {
        assert_true(disco__v3_next_event(&other, b));
        assert_int(one.is_good, other.is_good);
        assert_true(one.revision == other.revision);
        if (!one.is_good)
            continue;
        assert_int(one.deleted, other.deleted);
        assert_same_entry(&one.entry, &other.entry);
        assert_int(one.has_previous, other.has_previous);
        if (one.has_previous)
            assert_same_entry(&one.previous, &other.previous);
    }
    assert_false(disco__v3_next_event(&other, b));
}

/* What is read in the quick way says the same in the other; gives how much it has. */
static size_t assert_plain_is_the_same(const char *text, size_t size)
{
    disco__buffer_t other_texts;
    disco__v3_message_t plain;
    disco__v3_message_t any;
    size_t used = disco__v3_read_plain_message(&plain, &texts, text, size);

    if (used == 0)
        return 0;
    assert_true(used <= size);
    disco__buffer_init(&other_texts);
    assert_status(disco__v3_read_message(&any, &other_texts, text, used), 0);
    assert_status(plain.failure.status, 0);
    assert_memory_equal(&plain.header, &any.header, sizeof any.header);
    assert_true(plain.watch_id == any.watch_id);
    assert_int(plain.created, any.created);
    assert_int(plain.canceled, any.canceled);
    assert_int(plain.fragment, any.fragment);
    assert_int(plain.has_events, any.has_events);
    assert_string_equal(plain.cancel_reason, any.cancel_reason);
    assert_same_events(&plain, &any);
    disco__buffer_free(&other_texts);
    return used;
}

/* As etcd writes it (3.4.23, 3.5.35, 3.6.16), with as much in it as can be. */
static const char as_etcd_writes[] =
    "{\"result\":{\"header\":{\"cluster_id\":\"14841639068965178418\",\"member_id\":"
    "\"10276657743932975437\",\"revision\":\"29\",\"raft_term\":\"2\"},\"watch_id\":\"3\","
    "\"fragment\":true,\"events\":[{\"kv\":{\"key\":\"L2E=\",\"create_revision\":\"28\","
    "\"mod_revision\":\"29\",\"version\":\"2\",\"value\":\"MQ==\",\"lease\":"
    "\"7587890011223344556\"},\"prev_kv\":{\"key\":\"L2E=\",\"create_revision\":\"28\","
    "\"mod_revision\":\"28\",\"version\":\"1\"}},{\"type\":\"DELETE\",\"kv\":{\"key\":\"L2E=\","
    "\"mod_revision\":\"29\"}}]}}";

DISCO_TEST(what_etcd_writes_is_read_quickly)
{
    static const char smallest[] =
        "{\"result\":{\"header\":{\"revision\":\"18446744073709551615\"},\"events\":[{\"kv\":{"
        "\"key\":\"L2E=\",\"mod_revision\":\"9\"}}]}}";
    size_t size = sizeof as_etcd_writes - 1;

    assert_int(assert_plain_is_the_same(as_etcd_writes, size), size);
    assert_int(assert_plain_is_the_same(smallest, sizeof smallest - 1), sizeof smallest - 1);
    disco__buffer_free(&texts);
}

DISCO_TEST(a_part_of_a_message_is_not_read_quickly)
{
    size_t size;

    for (size = 0; size < sizeof as_etcd_writes - 1; size++) {
        char *text = malloc(size + 1); /* of just that size, for the sanitizer */

        assert_non_null(text);
        memcpy(text, as_etcd_writes, size);
        assert_int(assert_plain_is_the_same(text, size), 0);
        free(text);
    }
}

DISCO_TEST(what_is_read_quickly_is_what_is_read)
{
    disco__random_t random = {{29, 31}};
    size_t taken = 0;
    size_t round;

    for (round = 0; round < 20000; round++) {
        /* Every other round with what may stand in numbers and base64, and so is often taken. */
        const char *bytes = round % 2 == 0 ? "{}[]\"\\:,019-tA=\xff" : "0123456789abcABC=";
        char text[sizeof as_etcd_writes];
        size_t changes = 1 + (size_t)disco__random_below(&random, 3);

        memcpy(text, as_etcd_writes, sizeof text);
        while (changes-- > 0)
            text[disco__random_below(&random, sizeof text - 1)] =
                bytes[disco__random_below(&random, 17)];
        if (assert_plain_is_the_same(text, sizeof text - 1) > 0)
            taken++;
    }
    assert_true(taken > 500);
    disco__buffer_free(&texts);
}

static void read_without_memory(void *data)
{
    static const char text[] = "{\"result\":{" HEADER ",\"watch_id\":\"1\",\"events\":[{\"kv\":{"
                               "\"key\":\"L2E=\",\"mod_revision\":\"29\"}}]}}";
    disco__v3_message_t message;
    int rv = disco__v3_read_message(&message, &texts, text, sizeof text - 1);

    (void)data;
    assert_true(rv == 0 || rv == UV_ENOMEM);
    disco__buffer_free(&texts);
}

DISCO_TEST(messages_are_not_read_without_memory)
{
    heap_sweep(read_without_memory, NULL);
}
