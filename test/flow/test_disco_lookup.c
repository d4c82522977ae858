/* Lookups on the wire: what is asked, what is shared, and what a broken answer costs. */
#include "support/flow.h"

#define INFO "GET /v2/keys/services_infos/web?sorted=true HTTP"
#define HOSTS "GET /v2/keys/services/web?sorted=true&recursive=true HTTP"
#define INFO_QUORUM "GET /v2/keys/services_infos/web?sorted=true&quorum=true HTTP"
#define HOSTS_QUORUM "GET /v2/keys/services/web?sorted=true&recursive=true&quorum=true HTTP"

static disco_request_t *get(flow_t *flow, diary_t *diary, const disco_query_t *query)
{
    disco_request_t *request;

    diary_begin(diary, flow);
    assert_status(disco_get(flow->client, "web", query, diary_get_cb, diary, &request), 0);
    return request;
}

static const char *node(const char *uuid, const char *shard, uint64_t created)
{
    return flow_text("{\"key\":\"/services/web/%s\",\"value\":\"{\\\"name\\\":\\\"n\\\","
                     "\\\"shard\\\":\\\"%s\\\",\\\"uuid\\\":\\\"%s\\\"}\","
                     "\"modifiedIndex\":%llu,\"createdIndex\":%llu,\"ttl\":3}",
                     uuid, shard, uuid, (unsigned long long)created + 1,
                     (unsigned long long)created);
}

/* nodes: joined by commas. */
static const char *listing(const char *nodes)
{
    return flow_text("{\"action\":\"get\",\"node\":{\"key\":\"/services/web\",\"dir\":true,"
                     "\"nodes\":[%s],\"modifiedIndex\":3,\"createdIndex\":3}}\n",
                     nodes);
}

static const char *info(void)
{
    return flow_set("/services_infos/web", "{\"name\":\"web\",\"critical\":false,\"user\":\"u\"}",
                    4);
}

static void answer_listing(flow_t *flow, const char *nodes)
{
    flow_answer(flow, flow_expect(flow, HOSTS), 200, 9, listing(nodes));
}

/* A lookup of which the listing has these nodes, without an info. */
static void lookup_gives(const char *nodes, const char *result)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_refuse(&flow, flow_expect(&flow, INFO), 100, 9);
    answer_listing(&flow, nodes);
    diary_expect(&diary, result);
    flow_close(&flow);
}

DISCO_TEST(both_requests_are_in_flight_at_once)
{
    flow_t flow;
    diary_t diary;
    flow_request_t first;
    flow_request_t second;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    first = flow_expect(&flow, INFO);
    second = flow_expect(&flow, HOSTS);
    assert_int(server_open_count(flow.servers[0]), 2);
    flow_answer(&flow, second, 200, 9, listing(node("a", "", 5)));
    diary_expect_nothing(&diary);
    flow_answer(&flow, first, 200, 9, info());
    diary_expect(&diary, "OK a user=u");
    flow_close(&flow);
}

DISCO_TEST(identical_lookups_share_their_requests)
{
    flow_t flow;
    diary_t diaries[3];
    size_t i;

    flow_begin(&flow, 1);
    for (i = 0; i < 3; i++)
        (void)get(&flow, &diaries[i], NULL);
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, info());
    answer_listing(&flow, node("a", "", 5));
    for (i = 0; i < 3; i++) {
        diary_expect(&diaries[i], "OK a user=u");
        diary_expect_nothing(&diaries[i]);
    }
    assert_int(server_request_count(flow.servers[0]), 2);
    flow_close(&flow);
}

DISCO_TEST(lookups_of_several_shards_share_their_requests)
{
    flow_t flow;
    diary_t diaries[4];

    flow_begin(&flow, 1);
    (void)get(&flow, &diaries[0], &(disco_query_t){.shard = "0"});
    (void)get(&flow, &diaries[1], &(disco_query_t){.shard = "1"});
    (void)get(&flow, &diaries[2], NULL);
    (void)get(&flow, &diaries[3], &(disco_query_t){.shard = "2"});
    flow_refuse(&flow, flow_expect(&flow, INFO), 100, 9);
    answer_listing(&flow, flow_text("%s,%s", node("a", "0", 5), node("b", "1", 6)));
    diary_expect(&diaries[0], "OK a");
    diary_expect(&diaries[1], "OK b");
    diary_expect(&diaries[2], "OK a b");
    diary_expect(&diaries[3], "OK DISCO_ENOSHARD");
    assert_int(server_request_count(flow.servers[0]), 2);
    flow_close(&flow);
}

DISCO_TEST(a_lookup_by_quorum_shares_nothing_with_one_without)
{
    flow_t flow;
    diary_t plain;
    diary_t quorum;

    flow_begin(&flow, 1);
    (void)get(&flow, &plain, NULL);
    (void)get(&flow, &quorum, &(disco_query_t){.quorum = true});
    flow_answer(&flow, flow_expect(&flow, INFO_QUORUM), 200, 9, info());
    flow_answer(&flow, flow_expect(&flow, HOSTS_QUORUM), 200, 9, listing(node("q", "", 5)));
    diary_expect(&quorum, "OK q user=u");
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, info());
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&plain, "OK a user=u");
    flow_close(&flow);
}

DISCO_TEST(a_lookup_after_another_asks_anew)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, info());
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&diary, "OK a user=u");
    (void)get(&flow, &diary, NULL);
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, info());
    answer_listing(&flow, node("b", "", 5));
    diary_expect(&diary, "OK b user=u");
    assert_int(server_open_count(flow.servers[0]), 2);
    flow_close(&flow);
}

DISCO_TEST(cancelling_one_leaves_the_other)
{
    flow_t flow;
    diary_t first;
    diary_t second;
    disco_request_t *request;

    flow_begin(&flow, 1);
    request = get(&flow, &first, NULL);
    (void)get(&flow, &second, NULL);
    assert_status(disco_request_cancel(request), 0);
    diary_expect(&first, "ECANCELED");
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, info());
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&second, "OK a user=u");
    diary_expect_nothing(&first);
    flow_close(&flow);
}

DISCO_TEST(cancelling_all_takes_the_requests_back)
{
    flow_t flow;
    diary_t first;
    diary_t second;
    disco_request_t *requests[2];

    flow_begin(&flow, 1);
    requests[0] = get(&flow, &first, NULL);
    requests[1] = get(&flow, &second, NULL);
    (void)flow_expect(&flow, INFO);
    (void)flow_expect(&flow, HOSTS);
    assert_status(disco_request_cancel(requests[0]), 0);
    assert_status(disco_request_cancel(requests[1]), 0);
    diary_expect(&first, "ECANCELED");
    diary_expect(&second, "ECANCELED");
    server_wait_for_closed(flow.servers[0], 2);
    (void)get(&flow, &first, NULL);
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, info());
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&first, "OK a user=u");
    flow_close(&flow);
}

DISCO_TEST(an_info_that_is_missing_is_no_error)
{
    lookup_gives(node("a", "", 5), "OK a");
}

/* The info is answered like this, and the lookup is none the worse for it. */
static void broken_info(const char *body)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9, body);
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&diary, "OK a");
    flow_close(&flow);
}

DISCO_TEST(an_info_that_is_no_json_is_passed_over)
{
    broken_info(flow_set("/services_infos/web", "{\"name\":", 4));
}

DISCO_TEST(an_info_of_wrong_types_is_passed_over)
{
    broken_info(flow_set("/services_infos/web", "{\"name\":7,\"user\":\"u\"}", 4));
}

DISCO_TEST(an_info_that_is_a_directory_is_passed_over)
{
    broken_info("{\"action\":\"get\",\"node\":{\"key\":\"/services_infos/web\",\"dir\":true}}");
}

DISCO_TEST(an_info_that_cannot_be_had_is_the_lookups_error)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_refuse(&flow, flow_expect(&flow, INFO), 110, 0);
    diary_expect(&diary, "DISCO_EAUTH");
    assert_int(diary.detail.etcd_code, 110);
    server_wait_for_closed(flow.servers[0], 1);
    diary_expect_nothing(&diary);
    flow_close(&flow);
}

DISCO_TEST(hosts_that_cannot_be_had_are_the_lookups_error)
{
    flow_t flow;
    diary_t diaries[2];

    flow_begin(&flow, 1);
    (void)get(&flow, &diaries[0], NULL);
    (void)get(&flow, &diaries[1], &(disco_query_t){.shard = "0"});
    flow_answer(&flow, flow_expect(&flow, HOSTS), 200, 9, "garbage");
    diary_expect(&diaries[0], "DISCO_EPROTOCOL");
    diary_expect(&diaries[1], "DISCO_EPROTOCOL");
    flow_close(&flow);
}

DISCO_TEST(an_unknown_service_is_no_error_of_the_lookup)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_refuse(&flow, flow_expect(&flow, INFO), 100, 9);
    flow_refuse(&flow, flow_expect(&flow, HOSTS), 100, 9);
    diary_expect(&diary, "OK DISCO_ENOSERVICE");
    flow_close(&flow);
}

DISCO_TEST(an_empty_directory_is_a_service_without_hosts)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_refuse(&flow, flow_expect(&flow, INFO), 100, 9);
    flow_answer(&flow, flow_expect(&flow, HOSTS), 200, 9,
                "{\"action\":\"get\",\"node\":{\"key\":\"/services/web\",\"dir\":true}}");
    diary_expect(&diary, "OK DISCO_ENOHOST");
    flow_close(&flow);
}

DISCO_TEST(hosts_come_oldest_first_and_then_by_uuid)
{
    lookup_gives(flow_text("%s,%s,%s,%s,%s", node("d", "", 9), node("c", "", 10), node("b", "", 9),
                           node("a", "", 9), node("e", "", 2)),
                 "OK e a b d c");
}

DISCO_TEST(one_broken_host_among_ten_leaves_nine)
{
    const char *nodes = "{\"key\":\"/services/web/x\",\"value\":\"{\\\"name\\\":\","
                        "\"modifiedIndex\":1,\"createdIndex\":1}";
    size_t i;

    for (i = 0; i < 9; i++)
        nodes = flow_text("%s,%s", nodes, node(flow_text("h%zu", i), "", 10 + i));
    lookup_gives(nodes, "OK h0 h1 h2 h3 h4 h5 h6 h7 h8 broken=1");
}

DISCO_TEST(hosts_that_are_none_lose_only_themselves)
{
    static const char *const values[] = {
        "7",
        "null",
        "[]",
        "\\\"name\\\"",
        "{\\\"name\\\":7}",
        "{\\\"ports\\\":[]}",
        "{\\\"public\\\":\\\"yes\\\"}",
        "{\\\"name\\\":\\\"a\\\"}}",
        "",
    };
    const char *nodes = node("a", "", 5);
    size_t i;

    for (i = 0; i < sizeof values / sizeof values[0]; i++)
        nodes =
            flow_text("%s,{\"key\":\"/services/web/x%zu\",\"value\":\"%s\"}", nodes, i, values[i]);
    lookup_gives(flow_text("%s,%s", nodes, node("b", "", 6)), "OK a b broken=9");
}

DISCO_TEST(a_value_nested_without_end_is_broken)
{
    char deep[4001];

    memset(deep, '[', 4000);
    deep[4000] = '\0';
    lookup_gives(flow_text("{\"key\":\"/services/web/x\",\"value\":\"{\\\"ports\\\":%s\"},%s", deep,
                           node("b", "", 6)),
                 "OK b broken=1");
}

DISCO_TEST(a_value_over_the_limit_is_broken)
{
    flow_t flow;
    diary_t diary;

    flow_open(&flow, 1);
    flow.options.max_value_bytes = 100;
    flow_start(&flow);
    (void)get(&flow, &diary, NULL);
    flow_refuse(&flow, flow_expect(&flow, INFO), 100, 9);
    answer_listing(&flow, flow_text("%s,{\"key\":\"/services/web/x\",\"value\":\"{\\\"name\\\":"
                                    "\\\"%0200d\\\"}\"}",
                                    node("b", "", 6), 0));
    diary_expect(&diary, "OK b broken=1");
    flow_close(&flow);
}

DISCO_TEST(odd_nodes_lose_only_themselves)
{
    lookup_gives(flow_text("%s,{\"key\":\"/services/web/dir\",\"dir\":true,\"nodes\":[{\"key\":"
                           "\"/services/web/dir/x\",\"value\":\"{}\"}]},"
                           "{\"value\":\"{}\"},{\"key\":7,\"value\":\"{}\"},7,null,[],"
                           "{\"key\":\"/elsewhere/x\",\"value\":\"{}\"},%s",
                           node("a", "", 5), node("b", "", 6)),
                 "OK a b");
}

DISCO_TEST(a_node_without_a_value_is_a_broken_host)
{
    lookup_gives(flow_text("{\"key\":\"/services/web/x\"},{\"key\":\"/services/web/y\","
                           "\"value\":{}},%s",
                           node("a", "", 5)),
                 "OK a broken=2");
}

DISCO_TEST(a_host_without_a_uuid_has_that_of_its_key)
{
    lookup_gives("{\"key\":\"/services/web/k\",\"value\":\"{\\\"name\\\":\\\"n\\\"}\"}", "OK k");
}

DISCO_TEST(a_name_is_percent_encoded)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_get(flow.client, "a b?#%&\xc3\xa4", NULL, diary_get_cb, &diary, NULL), 0);
    flow_refuse(&flow, flow_expect(&flow, "GET /v2/keys/services_infos/a%20b%3F%23%25%26%C3%A4?"),
                100, 9);
    flow_refuse(&flow, flow_expect(&flow, "GET /v2/keys/services/a%20b%3F%23%25%26%C3%A4?"), 100,
                9);
    diary_expect(&diary, "OK DISCO_ENOSERVICE");
    flow_close(&flow);
}

DISCO_TEST(bad_names_are_refused_at_once)
{
    static const char *const names[] = {"", ".", "..", "a/b", "/", "a\nb", "\x7f", "\xff"};
    char longest[258];
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 1);
    diary_begin(&diary, &flow);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        disco_query_t query = {.shard = names[i]};

        assert_status(disco_get(flow.client, names[i], NULL, diary_get_cb, &diary, NULL),
                      DISCO_ENAME);
        assert_status(disco_get(flow.client, "web", &query, diary_get_cb, &diary, NULL),
                      DISCO_ENAME);
    }
    memset(longest, 'n', sizeof longest);
    longest[256] = '\0';
    assert_status(disco_get(flow.client, longest, NULL, diary_get_cb, &diary, NULL), DISCO_ENAME);
    assert_status(disco_get(flow.client, NULL, NULL, diary_get_cb, &diary, NULL), UV_EINVAL);
    assert_status(disco_get(flow.client, "web", NULL, NULL, &diary, NULL), UV_EINVAL);
    assert_status(disco_get(NULL, "web", NULL, diary_get_cb, &diary, NULL), UV_EINVAL);
    assert_status(disco_get_for_shard(flow.client, "web", NULL, diary_get_cb, &diary, NULL),
                  UV_EINVAL);
    diary_expect_nothing(&diary);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(a_lookup_ends_when_its_time_is_up)
{
    flow_t flow;
    diary_t diary;
    size_t seconds;

    flow_begin(&flow, 2);
    (void)get(&flow, &diary, NULL);
    for (seconds = 0; seconds < 14; seconds++) {
        flow_settle(&flow);
        flow_advance(&flow, 1000);
    }
    diary_expect_nothing(&diary);
    flow_advance(&flow, 1000);
    diary_expect(&diary, "ETIMEDOUT");
    diary_expect_nothing(&diary);
    flow_close(&flow);
}
