/* Lookups on v2, by their bytes. */
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

DISCO_TEST(both_requests_are_in_flight_at_once_on_one_connection)
{
    flow_t flow;
    diary_t diary;
    flow_request_t first;
    flow_request_t second;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    first = flow_expect(&flow, INFO);
    second = flow_expect(&flow, HOSTS);
    assert_int(server_open_count(flow.servers[0]), 1);
    flow_answer(&flow, first, 200, 9, info());
    diary_expect_nothing(&diary);
    flow_answer(&flow, second, 200, 9, listing(node("a", "", 5)));
    diary_expect(&diary, "OK a user=u");
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

DISCO_TEST(an_info_that_is_a_directory_is_passed_over)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    flow_answer(&flow, flow_expect(&flow, INFO), 200, 9,
                "{\"action\":\"get\",\"node\":{\"key\":\"/services_infos/web\",\"dir\":true}}");
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&diary, "OK a");
    flow_close(&flow);
}

/* As servers and proxies do that answer one request on a connection. */
DISCO_TEST(a_server_that_closes_behind_the_info_is_asked_for_the_hosts_alone)
{
    flow_t flow;
    diary_t diary;
    flow_request_t first;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    first = flow_expect(&flow, INFO);
    (void)flow_expect(&flow, HOSTS);
    flow_answer(&flow, first, 200, 9, info());
    server_hang_up(flow.servers[0], first.request->connection);
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&diary, "OK a user=u");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

/* Such as a server that resets what it has not read destroys its own answer. */
DISCO_TEST(once_an_attempt_has_failed_one_is_asked_for_after_the_other)
{
    flow_t flow;
    diary_t diary;
    flow_request_t first;

    flow_begin(&flow, 1);
    (void)get(&flow, &diary, NULL);
    first = flow_expect(&flow, INFO);
    (void)flow_expect(&flow, HOSTS);
    server_reset(flow.servers[0], first.request->connection);
    first = flow_expect_later(&flow, INFO);
    flow_expect_no_request(&flow);
    flow_answer(&flow, first, 200, 9, info());
    answer_listing(&flow, node("a", "", 5));
    diary_expect(&diary, "OK a user=u");
    flow_close(&flow);
}

DISCO_TEST(hosts_that_cannot_be_had_are_asked_for_elsewhere_with_the_info)
{
    flow_t flow;
    diary_t diary;
    flow_request_t first;

    flow_begin(&flow, 2);
    (void)get(&flow, &diary, NULL);
    first = flow_expect_on(&flow, 0, INFO);
    flow_answer(&flow, first, 200, 9, info());
    flow_answer(&flow, flow_expect_on(&flow, 0, HOSTS), 503, 0, "no");
    flow_refuse(&flow, flow_expect_on(&flow, 1, INFO), 100, 9);
    flow_answer(&flow, flow_expect_on(&flow, 1, HOSTS), 200, 9, listing(node("a", "", 5)));
    diary_expect(&diary, "OK a");
    flow_close(&flow);
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
