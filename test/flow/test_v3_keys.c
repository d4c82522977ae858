/* Keys read, written and removed through the JSON gateway: what is sent, and what is made of
 * answers. */
#include "support/flow.h"

#define TXN "POST /v3/kv/txn "
#define GRANT "POST /v3/lease/grant "
#define HEADER "\"header\":{\"cluster_id\":\"1\",\"revision\":\"9\"}"
/* /a = 1 at 5, and /a/b = 2 at 6 */
#define A "{\"key\":\"L2E=\",\"create_revision\":\"4\",\"mod_revision\":\"5\",\"value\":\"MQ==\"}"
#define AB "{\"key\":\"L2EvYg==\",\"mod_revision\":\"6\",\"value\":\"Mg==\"}"
#define RANGE(kvs) "{\"response_range\":{\"kvs\":[" kvs "]}}"
#define NOTHING "{\"response_range\":{}}"
#define SUCCEEDED(responses) "{" HEADER ",\"succeeded\":true,\"responses\":[" responses "]}"
#define FAILED(responses) "{" HEADER ",\"responses\":[" responses "]}"

static void begin(flow_t *flow, size_t servers)
{
    flow_open(flow, servers);
    flow->options.api = DISCO_API_V3;
    flow_start(flow);
}

static void get(flow_t *flow, diary_t *diary, bool recursive)
{
    disco_kv_get_options_t options = {.recursive = recursive};

    diary_begin(diary, flow);
    assert_status(disco_kv_get(flow->client, "/a", &options, diary_kv_cb, diary, NULL), 0);
}

static flow_request_t expect(flow_t *flow, const char *line, const char *body)
{
    flow_request_t request = flow_expect(flow, line);

    assert_string_equal(request.request->body, body);
    assert_string_equal(server_request_field(request.request, "Content-Type"), "application/json");
    assert_string_equal(server_request_field(request.request, "Grpc-Metadata-Hasleader"), "true");
    return request;
}

static void answer(flow_t *flow, const char *line, int status, const char *body)
{
    flow_answer(flow, flow_expect(flow, line), status, 0, body);
}

DISCO_TEST(a_key_is_read)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, false);
    flow_answer(&flow,
                expect(&flow, TXN,
                       "{\"success\":[{\"request_range\":{\"key\":\"L2E=\",\"serializable\":true}}"
                       "]}"),
                200, 0, SUCCEEDED(RANGE(A)));
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

DISCO_TEST(a_key_is_read_by_quorum)
{
    disco_kv_get_options_t options = {.quorum = true};
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_kv_get(flow.client, "/a", &options, diary_kv_cb, &diary, NULL), 0);
    flow_answer(&flow, expect(&flow, TXN, "{\"success\":[{\"request_range\":{\"key\":\"L2E=\"}}]}"),
                200, 0, SUCCEEDED(RANGE(A)));
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

DISCO_TEST(a_missing_key_is_not_found)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, true);
    answer(&flow, TXN, 200, SUCCEEDED(NOTHING "," NOTHING));
    diary_expect(&diary, "DISCO_EKEYNOTFOUND");
    flow_close(&flow);
}

#define FIRST_PAGE                                                                                 \
    "{\"success\":[{\"request_range\":{\"key\":\"L2E=\",\"serializable\":true}},"                  \
    "{\"request_range\":{\"key\":\"L2Ev\",\"range_end\":\"L2Ew\",\"limit\":\"1000\","              \
    "\"serializable\":true}}]}"
/* From "/a/b" and its NUL on. */
#define SECOND_PAGE                                                                                \
    "{\"success\":[{\"request_range\":{\"key\":\"L2EvYgA=\",\"range_end\":\"L2Ew\",\"limit\":"     \
    "\"1000\",\"revision\":\"9\"}}]}"
#define AND_MORE SUCCEEDED(NOTHING ",{\"response_range\":{\"kvs\":[" AB "],\"more\":true}}")

DISCO_TEST(what_is_below_a_key_is_read_with_it)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, true);
    flow_answer(&flow, expect(&flow, TXN, FIRST_PAGE), 200, 0, SUCCEEDED(RANGE(A) "," RANGE(AB)));
    diary_expect(&diary, "OK /a=1@5 /a/b=2@6");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(pages_are_read_at_one_revision)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, true);
    flow_answer(&flow, expect(&flow, TXN, FIRST_PAGE), 200, 0, AND_MORE);
    flow_answer(&flow, expect(&flow, TXN, SECOND_PAGE), 200, 0,
                SUCCEEDED(RANGE("{\"key\":\"L2EvYw==\",\"mod_revision\":8,\"value\":\"Mw==\"}")));
    diary_expect(&diary, "OK /a/b=2@6 /a/c=3@8");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(reading_begins_anew_when_its_revision_is_compacted_away)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, true);
    flow_answer(&flow, expect(&flow, TXN, FIRST_PAGE), 200, 0, AND_MORE);
    flow_answer(&flow, expect(&flow, TXN, SECOND_PAGE), 400, 0,
                "{\"code\":11,\"message\":\"mvcc: required revision has been compacted\"}");
    flow_answer(&flow, expect(&flow, TXN, FIRST_PAGE), 200, 0, SUCCEEDED(NOTHING "," RANGE(AB)));
    diary_expect(&diary, "OK /a/b=2@6");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(reading_begins_anew_when_etcd_was_set_back_between_two_pages)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, true);
    flow_answer(&flow, expect(&flow, TXN, FIRST_PAGE), 200, 0, AND_MORE);
    flow_answer(&flow, expect(&flow, TXN, SECOND_PAGE), 400, 0,
                "{\"code\":11,\"message\":\"mvcc: required revision is a future revision\"}");
    flow.pace = 10;
    flow_answer(&flow, expect(&flow, TXN, FIRST_PAGE), 200, 0, SUCCEEDED(NOTHING "," RANGE(AB)));
    diary_expect(&diary, "OK /a/b=2@6");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(all_pages_together_have_the_time_of_one_request)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    flow_open(&flow, 1);
    flow.options.api = DISCO_API_V3;
    flow.options.request_timeout_ms = 1000;
    flow_start(&flow);
    get(&flow, &diary, true);
    request = expect(&flow, TXN, FIRST_PAGE);
    flow_advance(&flow, 900);
    flow_answer(&flow, request, 200, 0, AND_MORE);
    (void)expect(&flow, TXN, SECOND_PAGE);
    flow_advance(&flow, 99);
    diary_expect_nothing(&diary);
    flow_advance(&flow, 2);
    diary_expect(&diary, "ETIMEDOUT");
    flow_close(&flow);
}

DISCO_TEST(reading_is_cancelled_at_each_page)
{
    size_t pages;

    for (pages = 0; pages < 2; pages++) {
        flow_t flow;
        diary_t diary;
        disco_request_t *request;
        disco_kv_get_options_t options = {.recursive = true};

        begin(&flow, 1);
        diary_begin(&diary, &flow);
        assert_status(disco_kv_get(flow.client, "/a", &options, diary_kv_cb, &diary, &request), 0);
        if (pages > 0) {
            answer(&flow, TXN, 200, AND_MORE);
            (void)expect(&flow, TXN, SECOND_PAGE);
        }
        assert_status(disco_request_cancel(request), 0);
        diary_expect(&diary, "ECANCELED");
        diary_expect_nothing(&diary);
        flow_close(&flow);
    }
}

DISCO_TEST(answers_that_cannot_be_read_are_errors)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{" HEADER "}",
        "{\"header\":{},\"responses\":[" RANGE(A) "]}",
        "{" HEADER ",\"responses\":7}",
        SUCCEEDED(""),
        SUCCEEDED(RANGE(A)),
        SUCCEEDED(NOTHING ",{}"),
        SUCCEEDED("7," RANGE(AB)),
        SUCCEEDED(RANGE(A) "," RANGE("{\"key\":\"L2EvYg==\",\"value\":\"*\"}")),
        SUCCEEDED(RANGE(A) "," RANGE(AB ",7")),
        SUCCEEDED(RANGE(A "," A)),
        SUCCEEDED(NOTHING ",{\"response_range\":{\"more\":true}}"),
        SUCCEEDED(NOTHING ",{\"response_range\":{\"more\":7}}"),
        SUCCEEDED(RANGE(A) ",{\"response_range\":{\"kvs\":[{\"key\":\"*\"}],\"more\":true}}"),
    };
    size_t i;

    for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        flow_t flow;
        diary_t diary;

        begin(&flow, 1);
        get(&flow, &diary, true);
        answer(&flow, TXN, 200, bodies[i]);
        diary_expect(&diary, "DISCO_EPROTOCOL");
        flow_close(&flow);
    }
}

static void refused(int status, const char *body, const char *told)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary, false);
    answer(&flow, TXN, status, body);
    diary_expect(&diary, told);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(refusals_are_told)
{
    refused(404, "404 page not found\n", "DISCO_EV3DISABLED");
    refused(404, "{\"code\":5, \"message\":\"Not Found\"}", "DISCO_EV3DISABLED");
    refused(404, "{\"code\":5,\"message\":\"no such route\"}", "DISCO_EV3DISABLED");
    refused(405, "Method Not Allowed\n", "DISCO_EV3DISABLED");
    refused(403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}", "DISCO_EAUTH");
    refused(403, "no", "DISCO_EAUTH");
    refused(400,
            "CommonName of client sending a request against gateway will be ignored and not used "
            "as expected\n",
            "DISCO_EAUTH");
    refused(400, "{\"error\":\"etcdserver: key is not provided\",\"code\":3}", "DISCO_EREFUSED");
}

static void next_asked(int status, const char *body)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    get(&flow, &diary, false);
    flow_answer(&flow, flow_expect_on(&flow, 0, TXN), status, 0, body);
    flow_answer(&flow, flow_expect_on(&flow, 1, TXN), 200, 0, SUCCEEDED(RANGE(A)));
    diary_expect(&diary, "OK /a=1@5");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(an_endpoint_at_fault_has_the_next_asked)
{
    next_asked(503, "{\"error\":\"etcdserver: no leader\",\"code\":14}");
    next_asked(504, "{\"code\":4, \"message\":\"context deadline exceeded\"}");
    next_asked(429, "{\"code\":8,\"message\":\"etcdserver: too many requests\"}");
    next_asked(500, "Oops");
    next_asked(200 + 2, "Accepted");
    next_asked(400, "{\"code\":11,\"message\":\"required revision is a future revision\"}");
}

static void put(flow_t *flow, diary_t *diary, const disco_kv_put_options_t *options)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_put(flow->client, "/a", "1", options, diary_kv_cb, diary, NULL), 0);
}

#define PUT_OPERATIONS(lease)                                                                      \
    "\"success\":[{\"request_put\":{\"key\":\"L2E=\",\"value\":\"MQ==\"," lease                    \
    "\"prev_kv\":true}},{\"request_range\":{\"key\":\"L2E=\"}}]"
#define LOOK ",\"failure\":[{\"request_range\":{\"key\":\"L2E=\"}}]}"
#define WRITTEN SUCCEEDED("{\"response_put\":{}}," RANGE(A))

DISCO_TEST(a_key_is_written)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    put(&flow, &diary, NULL);
    flow_answer(&flow, expect(&flow, TXN, "{" PUT_OPERATIONS("") "}"), 200, 0, WRITTEN);
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

DISCO_TEST(a_key_with_a_time_to_live_has_a_lease_of_its_own)
{
    disco_kv_put_options_t options = {.ttl_s = 1};
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    put(&flow, &diary, &options);
    flow_answer(&flow, expect(&flow, GRANT, "{\"TTL\":\"1\"}"), 200, 0,
                "{" HEADER ",\"ID\":\"7587\",\"TTL\":\"2\"}");
    flow_answer(&flow, expect(&flow, TXN, "{" PUT_OPERATIONS("\"lease\":\"7587\",") "}"), 200, 0,
                WRITTEN);
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

#define LEASE_NOT_FOUND 404, 0, "{\"code\":5,\"message\":\"etcdserver: requested lease not found\"}"

static void grant(flow_t *flow, const char *id)
{
    flow_answer(flow, flow_expect(flow, GRANT), 200, 0,
                flow_text("{" HEADER ",\"ID\":\"%s\",\"TTL\":\"2\"}", id));
}

DISCO_TEST(a_lease_that_is_over_before_the_key_is_written_is_granted_anew)
{
    flow_t flow;
    diary_t diary;
    disco_kv_put_options_t options = {.ttl_s = 1, .condition = DISCO_KV_MUST_NOT_EXIST};
    flow_request_t request;
    size_t i;

    begin(&flow, 1);
    put(&flow, &diary, &options);
    grant(&flow, "7587");
    flow_answer(&flow, flow_expect(&flow, TXN), LEASE_NOT_FOUND);
    grant(&flow, "7588");
    request = flow_expect(&flow, TXN);
    assert_non_null(strstr(request.request->body, "\"lease\":\"7588\""));
    flow_answer(&flow, request, 200, 0, WRITTEN);
    diary_expect(&diary, "OK /a=1@5");
    /* But not for ever, and the key is not what was not found. */
    put(&flow, &diary, &options);
    for (i = 0; i < 3; i++) {
        grant(&flow, "7589");
        flow_answer(&flow, flow_expect(&flow, TXN), LEASE_NOT_FOUND);
    }
    diary_expect(&diary, "DISCO_EREFUSED");
    flow_close(&flow);
}

DISCO_TEST(a_lease_that_is_not_granted_ends_the_write)
{
    static const char *const bodies[] = {"{}", "{\"ID\":\"0\",\"TTL\":\"2\"}", "{\"ID\":\"7\"}",
                                         "{\"ID\":\"7\",\"TTL\":\"x\"}", "nothing"};
    disco_kv_put_options_t options = {.ttl_s = 1};
    size_t i;

    for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        flow_t flow;
        diary_t diary;

        begin(&flow, 1);
        put(&flow, &diary, &options);
        answer(&flow, GRANT, 200, bodies[i]);
        diary_expect(&diary, "DISCO_EPROTOCOL");
        flow_expect_no_request(&flow);
        flow_close(&flow);
    }
}

static void conditional(const disco_kv_put_options_t *options, const char *compare,
                        const char *reply, const char *told)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    put(&flow, &diary, options);
    flow_answer(&flow,
                expect(&flow, TXN,
                       flow_text("{\"compare\":[{\"key\":\"L2E=\",%s}],%s%s", compare,
                                 PUT_OPERATIONS(""), LOOK)),
                200, 0, reply);
    diary_expect(&diary, told);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(conditions_are_compared_by_etcd)
{
    static const disco_kv_put_options_t create = {.condition = DISCO_KV_MUST_NOT_EXIST};
    static const disco_kv_put_options_t replace = {.condition = DISCO_KV_MUST_EXIST};
    static const disco_kv_put_options_t revision = {.condition = DISCO_KV_REVISION,
                                                    .previous_revision = 4};
    static const disco_kv_put_options_t value = {.condition = DISCO_KV_VALUE,
                                                 .previous_value = "0"};
    static const char is_new[] =
        "\"target\":\"CREATE\",\"result\":\"EQUAL\",\"create_revision\":\"0\"";
    static const char is_there[] =
        "\"target\":\"CREATE\",\"result\":\"GREATER\",\"create_revision\":\"0\"";
    static const char is_at[] = "\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"4\"";
    static const char holds[] = "\"target\":\"VALUE\",\"result\":\"EQUAL\",\"value\":\"MA==\"";

    conditional(&create, is_new, WRITTEN, "OK /a=1@5");
    conditional(&create, is_new, FAILED(RANGE(A)), "DISCO_EKEYEXISTS");
    conditional(&replace, is_there, WRITTEN, "OK /a=1@5");
    conditional(&replace, is_there, FAILED(NOTHING), "DISCO_EKEYNOTFOUND");
    conditional(&revision, is_at, WRITTEN, "OK /a=1@5");
    conditional(&revision, is_at, FAILED(NOTHING), "DISCO_EKEYNOTFOUND");
    conditional(&revision, is_at, FAILED(RANGE(A)), "DISCO_ECONFLICT");
    conditional(&value, holds, FAILED(RANGE(A)), "DISCO_ECONFLICT");
    conditional(&value, holds, "{" HEADER ",\"succeeded\":7}", "DISCO_EPROTOCOL");
}

DISCO_TEST(a_conditional_write_is_not_sent_twice)
{
    static const disco_kv_put_options_t create = {.condition = DISCO_KV_MUST_NOT_EXIST};
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 2);
    put(&flow, &diary, &create);
    request = flow_expect_on(&flow, 0, TXN);
    server_hang_up(request.server, request.request->connection);
    diary_expect(&diary, "EOF");
    flow_advance(&flow, 100000);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

static void removed(bool recursive, const char *operations, const char *reply, const char *told)
{
    disco_kv_delete_options_t options = {.recursive = recursive};
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_kv_delete(flow.client, "/a", &options, diary_kv_cb, &diary, NULL), 0);
    flow_answer(&flow, expect(&flow, TXN, operations), 200, 0, reply);
    diary_expect(&diary, told);
    flow_close(&flow);
}

#define REMOVE_KEY "{\"request_delete_range\":{\"key\":\"L2E=\",\"prev_kv\":true}}"
#define REMOVE_BELOW "{\"request_delete_range\":{\"key\":\"L2Ev\",\"range_end\":\"L2Ew\"}}"
#define REMOVED_NOTHING "{\"response_delete_range\":{}}"
#define REMOVED_A "{\"response_delete_range\":{\"deleted\":\"1\",\"prev_kvs\":[" A "]}}"
#define REMOVED_SOME "{\"response_delete_range\":{\"deleted\":\"3\"}}"

DISCO_TEST(keys_are_removed)
{
    static const char one[] = "{\"success\":[" REMOVE_KEY "]}";
    static const char all[] = "{\"success\":[" REMOVE_KEY "," REMOVE_BELOW "]}";

    removed(false, one, SUCCEEDED(REMOVED_A), "OK /a=1@5");
    removed(false, one, SUCCEEDED(REMOVED_NOTHING), "DISCO_EKEYNOTFOUND");
    removed(true, all, SUCCEEDED(REMOVED_A "," REMOVED_NOTHING), "OK /a=1@5");
    removed(true, all, SUCCEEDED(REMOVED_NOTHING "," REMOVED_SOME), "OK /a/");
    removed(true, all, SUCCEEDED(REMOVED_NOTHING "," REMOVED_NOTHING), "DISCO_EKEYNOTFOUND");
    removed(false, one, "{", "DISCO_EPROTOCOL");
}

DISCO_TEST(the_version_is_asked_for)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_server_version(flow.client, diary_version_cb, &diary, NULL), 0);
    answer(&flow, "GET /version ", 200, "{\"etcdserver\":\"3.6.16\",\"etcdcluster\":\"3.6.0\"}");
    diary_expect(&diary, "OK 3.6.16 3.6.0");
    diary_begin(&diary, &flow);
    assert_status(disco_server_version(flow.client, diary_version_cb, &diary, NULL), 0);
    answer(&flow, "GET /version ", 200, "3.6.16");
    diary_expect(&diary, "DISCO_EPROTOCOL");
    flow_close(&flow);
}
