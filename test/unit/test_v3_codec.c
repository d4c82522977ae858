/* Bytes of the v3 API that no other test sees, and damaged ones. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/random.h"
#include "etcd/v3_codec.h"
#include "support/test.h"
#include "json/read.h"

static cJSON *parsed(const char *text)
{
    cJSON *tree = NULL;

    assert_status(disco__json_parse_answer(text, strlen(text), &tree), 0);
    return tree;
}

static void assert_error(const char *text, int status, int code, bool token)
{
    disco__failure_t failure;
    bool is_token = !token;
    cJSON *tree = parsed(text);

    disco__failure_clear(&failure);
    assert_true(disco__v3_read_error(&failure, &is_token, tree));
    assert_status(failure.status, status);
    assert_int(failure.etcd_code, code);
    assert_int(is_token, token);
    disco__json_free(tree);
}

DISCO_TEST(errors_of_every_version_are_read)
{
    /* A whole answer: 3.4.23, 3.5.35, 3.6.16. */
    assert_error("{\"error\":\"etcdserver: requested lease not found\",\"message\":"
                 "\"etcdserver: requested lease not found\",\"code\":5}",
                 DISCO_EKEYNOTFOUND, 5, false);
    assert_error("{\"error\":\"etcdserver: requested lease not found\",\"code\":5,\"message\":"
                 "\"etcdserver: requested lease not found\"}",
                 DISCO_EKEYNOTFOUND, 5, false);
    assert_error("{\"code\":5, \"message\":\"etcdserver: requested lease not found\"}",
                 DISCO_EKEYNOTFOUND, 5, false);
    /* Inside a stream: 3.4 and 3.5, then 3.6. */
    assert_error("{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no "
                 "leader\",\"http_status\":\"Service Unavailable\"}}",
                 DISCO_EUNAVAILABLE, 14, false);
    assert_error("{\"error\":{\"code\":14,\"message\":\"error reading from server: EOF\"}}",
                 DISCO_EUNAVAILABLE, 14, false);
    assert_error("{\"error\":{}}", DISCO_EREFUSED, 0, false);
    assert_error("{\"error\":7}", DISCO_EREFUSED, 0, false);
    assert_error("{\"code\":\"14\"}", DISCO_EUNAVAILABLE, 14, false);
    assert_error("{\"code\":99999999999}", DISCO_EREFUSED, 0, false);
}

DISCO_TEST(errors_are_told_apart)
{
    assert_error("{\"code\":1,\"message\":\"context canceled\"}", DISCO_EUNAVAILABLE, 1, false);
    assert_error("{\"code\":2,\"message\":\"context deadline exceeded\"}", DISCO_EUNAVAILABLE, 2,
                 false);
    assert_error("{\"code\":3,\"message\":\"etcdserver: key is not provided\"}", DISCO_EREFUSED, 3,
                 false);
    assert_error("{\"code\":3,\"message\":\"etcdserver: authentication failed, invalid user ID or "
                 "password\"}",
                 DISCO_EAUTH, 3, false);
    assert_error("{\"code\":3,\"message\":\"etcdserver: user name is empty\"}", DISCO_EAUTH, 3,
                 true);
    assert_error("{\"code\":3,\"message\":\"etcdserver: revision of auth store is old\"}",
                 DISCO_EAUTH, 3, true);
    assert_error("{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}", DISCO_EAUTH, 16,
                 true);
    assert_error("{\"code\":4,\"message\":\"\"}", DISCO_EUNAVAILABLE, 4, false);
    assert_error("{\"code\":5,\"message\":\"Not Found\"}", DISCO_EV3DISABLED, 5, false);
    assert_error("{\"code\":7,\"message\":\"etcdserver: permission denied\"}", DISCO_EAUTH, 7,
                 false);
    assert_error("{\"code\":8,\"message\":\"etcdserver: mvcc: database space exceeded\"}",
                 DISCO_EREFUSED, 8, false);
    assert_error("{\"code\":8,\"message\":\"etcdserver: too many requests\"}", DISCO_EUNAVAILABLE,
                 8, false);
    assert_error("{\"code\":9,\"message\":\"etcdserver: lease already exists\"}", DISCO_EREFUSED, 9,
                 false);
    assert_error("{\"code\":11,\"message\":\"etcdserver: mvcc: required revision has been "
                 "compacted\"}",
                 DISCO_ECLEARED, 11, false);
    assert_error("{\"code\":11,\"message\":\"etcdserver: mvcc: required revision is a future "
                 "revision\"}",
                 DISCO_EUNAVAILABLE, 11, false);
}

DISCO_TEST(an_answer_is_no_error)
{
    static const char *const answers[] = {"{\"header\":{\"revision\":\"3\"}}",
                                          "{}",
                                          "{\"result\":{\"created\":true}}",
                                          "{\"code\":0}",
                                          "[]",
                                          "3"};
    disco__failure_t failure;
    bool token;
    size_t i;

    disco__failure_clear(&failure);
    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        cJSON *tree = parsed(answers[i]);

        assert_false(disco__v3_read_error(&failure, &token, tree));
        assert_status(failure.status, 0);
        disco__json_free(tree);
    }
}

DISCO_TEST(headers_are_read_with_strings_and_numbers)
{
    disco__v3_header_t header;
    cJSON *tree = parsed("{\"header\":{\"cluster_id\":\"14841639068965178418\",\"member_id\":7,"
                         "\"revision\":\"2\",\"raft_term\":3}}");

    disco__v3_read_header(&header, tree);
    assert_true(header.cluster_id == UINT64_C(14841639068965178418));
    assert_int(header.member_id, 7);
    assert_int(header.revision, 2);
    assert_int(header.raft_term, 3);
    disco__json_free(tree);
    tree = parsed("{\"header\":{}}");
    disco__v3_read_header(&header, tree);
    assert_int(header.revision, 0);
    disco__json_free(tree);
}

DISCO_TEST(a_range_ends_at_the_right_byte)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    disco__buffer_append_char(&out, '{');
    disco__v3_write_range(&out, "/services/web", DISCO__SCOPE_BELOW);
    /* "/services/web/" to "/services/web0" */
    assert_string_equal(disco__buffer_text(&out), "{\"key\":\"L3NlcnZpY2VzL3dlYi8=\","
                                                  "\"range_end\":\"L3NlcnZpY2VzL3dlYjA=\"");
    disco__buffer_clear(&out);
    disco__v3_write_range(&out, "/", DISCO__SCOPE_BELOW);
    assert_string_equal(disco__buffer_text(&out), "\"key\":\"Lw==\",\"range_end\":\"MA==\"");
    disco__buffer_clear(&out);
    disco__v3_write_range(&out, "/a", DISCO__SCOPE_KEY);
    assert_string_equal(disco__buffer_text(&out), "\"key\":\"L2E=\"");
    disco__buffer_free(&out);
}

static void assert_compare(disco_kv_condition_t condition, const char *expected)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    disco__buffer_append_char(&out, '{');
    disco__v3_write_compare(&out, "/a", condition, 7, "v");
    assert_string_equal(disco__buffer_text(&out), expected);
    disco__buffer_free(&out);
}

DISCO_TEST(conditions_are_comparisons)
{
    assert_compare(DISCO_KV_ALWAYS, "{");
    assert_compare(DISCO_KV_MUST_EXIST,
                   "{\"compare\":[{\"key\":\"L2E=\",\"target\":\"CREATE\",\"result\":\"GREATER\","
                   "\"create_revision\":\"0\"}]");
    assert_compare(DISCO_KV_MUST_NOT_EXIST,
                   "{\"compare\":[{\"key\":\"L2E=\",\"target\":\"CREATE\",\"result\":\"EQUAL\","
                   "\"create_revision\":\"0\"}]");
    assert_compare(DISCO_KV_REVISION,
                   "{\"compare\":[{\"key\":\"L2E=\",\"target\":\"MOD\",\"result\":\"EQUAL\","
                   "\"mod_revision\":\"7\"}]");
    assert_compare(DISCO_KV_VALUE,
                   "{\"compare\":[{\"key\":\"L2E=\",\"target\":\"VALUE\",\"result\":\"EQUAL\","
                   "\"value\":\"dg==\"}]");
}

DISCO_TEST(puts_are_written_with_and_without_a_lease)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    disco__v3_write_put(&out, "/a", "1", 0, false);
    assert_string_equal(disco__buffer_text(&out),
                        "{\"request_put\":{\"key\":\"L2E=\",\"value\":\"MQ==\"}}");
    disco__buffer_clear(&out);
    disco__v3_write_put(&out, "/a", "", UINT64_C(18446744073709551615), true);
    assert_string_equal(disco__buffer_text(&out),
                        "{\"request_put\":{\"key\":\"L2E=\",\"value\":\"\",\"lease\":"
                        "\"18446744073709551615\",\"prev_kv\":true}}");
    disco__buffer_free(&out);
}

/* What the reader makes of damaged answers does not matter, as long as it keeps to its bounds. */
DISCO_TEST(damaged_answers_do_no_harm)
{
    static const char answer[] =
        "{\"header\":{\"cluster_id\":\"10144879847569953045\",\"revision\":\"15\"},\"kvs\":[{"
        "\"key\":\"cC9h\",\"create_revision\":\"11\",\"mod_revision\":\"13\",\"version\":\"3\","
        "\"value\":\"Mg==\"}],\"count\":\"3\",\"error\":{\"grpc_code\":14,\"message\":\"no\"}}";
    disco__random_t random = {{20261123, 7}};
    unsigned round;

    for (round = 0; round < 20000; round++) {
        char damaged[sizeof answer];
        cJSON *tree;
        unsigned hits = 1 + (unsigned)disco__random_below(&random, 4);

        memcpy(damaged, answer, sizeof answer);
        while (hits-- > 0)
            damaged[disco__random_below(&random, sizeof answer - 1)] =
                "{}[]\",:=0aA+\\\x80"[disco__random_below(&random, 14)];
        if (disco__json_parse_answer(damaged, sizeof answer - 1, &tree) == 0) {
            disco__v3_header_t header;
            disco__failure_t failure;
            bool token;

            disco__failure_clear(&failure);
            disco__v3_read_header(&header, tree);
            (void)disco__v3_read_error(&failure, &token, tree);
            disco__json_free(tree);
        }
    }
}
