/* Lookups: what is asked, what is shared, and what a broken answer costs. */
#include "support/registry.h"

DISCO_TESTS_BY_API;

#define INFO "/services_infos/web"

static disco_request_t *get(registry_t *registry, diary_t *diary, const disco_query_t *query)
{
    disco_request_t *request;

    diary_begin(diary, &registry->flow);
    assert_status(disco_get(registry->flow.client, "web", query, diary_get_cb, diary, &request), 0);
    return request;
}

static void put_value(registry_t *registry, const char *uuid, const char *value)
{
    tiny_etcd_put(registry->etcd, flow_text("/services/web/%s", uuid), value);
}

static void put_host(registry_t *registry, const char *uuid, const char *shard)
{
    put_value(registry, uuid,
              flow_text("{\"name\":\"n\",\"shard\":\"%s\",\"uuid\":\"%s\"}", shard, uuid));
}

static void put_info(registry_t *registry)
{
    tiny_etcd_put(registry->etcd, INFO, "{\"name\":\"web\",\"critical\":false,\"user\":\"u\"}");
}

static void hold(registry_t *registry)
{
    registry_hold(registry, ASK_INFO);
    registry_hold(registry, ASK_HOSTS);
}

static void release(registry_t *registry)
{
    registry_release(registry, ASK_INFO);
    registry_release(registry, ASK_HOSTS);
}

static void refuse(registry_t *registry, refusal_t how)
{
    registry_refuse(registry, ASK_INFO, how, 1);
    registry_refuse(registry, ASK_HOSTS, how, 1);
}

/* Of one lookup; those to one side have one connection. */
static size_t requests(void)
{
    return test_api() == DISCO_API_V2 ? 2 : test_api() == DISCO_API_V3 ? 1 : 3;
}

/* The host "a" and the info. */
static void begin(registry_t *registry)
{
    registry_begin(registry);
    put_info(registry);
    put_host(registry, "a", "");
}

static void lookup_gives(registry_t *registry, const char *result)
{
    diary_t diary;

    (void)get(registry, &diary, NULL);
    diary_expect(&diary, result);
    diary_expect_nothing(&diary);
    registry_end(registry);
}

DISCO_TEST(nothing_is_told_before_all_is_answered)
{
    registry_t registry;
    diary_t diary;

    begin(&registry);
    hold(&registry);
    (void)get(&registry, &diary, NULL);
    registry_await(&registry, ASK_HOSTS, 1);
    diary_expect_nothing(&diary);
    assert_int(server_request_count(tiny_etcd_server(registry.etcd)), requests());
    assert_int(server_open_count(tiny_etcd_server(registry.etcd)), registry_sides());
    registry_release(&registry, ASK_INFO);
    diary_expect_nothing(&diary);
    registry_release(&registry, ASK_HOSTS);
    diary_expect(&diary, "OK a user=u");
    registry_end(&registry);
}

DISCO_TEST_ON(info_and_hosts_are_read_in_one_transaction, v3)
{
    registry_t registry;
    diary_t diary;
    const server_request_t *request;

    begin(&registry);
    (void)get(&registry, &diary, NULL);
    diary_expect(&diary, "OK a user=u");
    request = server_request(tiny_etcd_server(registry.etcd), 0);
    assert_string_equal(request->line, "POST /v3/kv/txn HTTP/1.1");
    /* "/services_infos/web"; "/services/web/" to "/services/web0" */
    assert_string_equal(request->body,
                        "{\"success\":["
                        "{\"request_range\":{\"key\":\"L3NlcnZpY2VzX2luZm9zL3dlYg==\","
                        "\"serializable\":true}},"
                        "{\"request_range\":{\"key\":\"L3NlcnZpY2VzL3dlYi8=\","
                        "\"range_end\":\"L3NlcnZpY2VzL3dlYjA=\",\"limit\":\"1000\","
                        "\"serializable\":true}}]}");
    (void)get(&registry, &diary, &(disco_query_t){.quorum = true});
    diary_expect(&diary, "OK a user=u");
    request = server_request(tiny_etcd_server(registry.etcd), 1);
    assert_null(strstr(request->body, "serializable"));
    registry_end(&registry);
}

DISCO_TEST(identical_lookups_share_their_requests)
{
    registry_t registry;
    diary_t diaries[3];
    size_t i;

    begin(&registry);
    for (i = 0; i < 3; i++)
        (void)get(&registry, &diaries[i], NULL);
    for (i = 0; i < 3; i++) {
        diary_expect(&diaries[i], "OK a user=u");
        diary_expect_nothing(&diaries[i]);
    }
    assert_int(server_request_count(tiny_etcd_server(registry.etcd)), requests());
    registry_end(&registry);
}

DISCO_TEST(lookups_of_several_shards_share_their_requests)
{
    registry_t registry;
    diary_t diaries[4];

    registry_begin(&registry);
    put_host(&registry, "a", "0");
    put_host(&registry, "b", "1");
    (void)get(&registry, &diaries[0], &(disco_query_t){.shard = "0"});
    (void)get(&registry, &diaries[1], &(disco_query_t){.shard = "1"});
    (void)get(&registry, &diaries[2], NULL);
    (void)get(&registry, &diaries[3], &(disco_query_t){.shard = "2"});
    diary_expect(&diaries[0], "OK a");
    diary_expect(&diaries[1], "OK b");
    diary_expect(&diaries[2], "OK a b");
    diary_expect(&diaries[3], "OK DISCO_ENOSHARD");
    assert_int(server_request_count(tiny_etcd_server(registry.etcd)), requests());
    registry_end(&registry);
}

DISCO_TEST(a_lookup_by_quorum_shares_nothing_with_one_without)
{
    registry_t registry;
    diary_t plain;
    diary_t quorum;

    begin(&registry);
    (void)get(&registry, &plain, NULL);
    (void)get(&registry, &quorum, &(disco_query_t){.quorum = true});
    diary_expect(&quorum, "OK a user=u");
    diary_expect(&plain, "OK a user=u");
    registry_assert_seen(&registry, ASK_HOSTS, 2);
    registry_end(&registry);
}

DISCO_TEST(a_lookup_after_another_asks_anew)
{
    registry_t registry;
    diary_t diary;

    begin(&registry);
    (void)get(&registry, &diary, NULL);
    diary_expect(&diary, "OK a user=u");
    tiny_etcd_delete(registry.etcd, "/services/web/a");
    put_host(&registry, "b", "");
    (void)get(&registry, &diary, NULL);
    diary_expect(&diary, "OK b user=u");
    assert_int(server_connection_count(tiny_etcd_server(registry.etcd)), registry_sides());
    registry_end(&registry);
}

DISCO_TEST(cancelling_one_leaves_the_other)
{
    registry_t registry;
    diary_t first;
    diary_t second;
    disco_request_t *request;

    begin(&registry);
    hold(&registry);
    request = get(&registry, &first, NULL);
    (void)get(&registry, &second, NULL);
    assert_status(disco_request_cancel(request), 0);
    diary_expect(&first, "ECANCELED");
    registry_await(&registry, ASK_HOSTS, 1);
    release(&registry);
    diary_expect(&second, "OK a user=u");
    diary_expect_nothing(&first);
    registry_end(&registry);
}

DISCO_TEST(cancelling_all_takes_the_requests_back)
{
    registry_t registry;
    diary_t first;
    diary_t second;
    disco_request_t *wanted[2];

    begin(&registry);
    hold(&registry);
    wanted[0] = get(&registry, &first, NULL);
    wanted[1] = get(&registry, &second, NULL);
    server_wait_for_requests(tiny_etcd_server(registry.etcd), requests());
    assert_status(disco_request_cancel(wanted[0]), 0);
    assert_status(disco_request_cancel(wanted[1]), 0);
    diary_expect(&first, "ECANCELED");
    diary_expect(&second, "ECANCELED");
    server_wait_for_closed(tiny_etcd_server(registry.etcd), registry_sides());
    release(&registry);
    (void)get(&registry, &first, NULL);
    diary_expect(&first, "OK a user=u");
    registry_end(&registry);
}

DISCO_TEST(an_info_that_is_missing_is_no_error)
{
    registry_t registry;

    registry_begin(&registry);
    put_host(&registry, "a", "");
    lookup_gives(&registry, "OK a");
}

static void broken_info(const char *value)
{
    registry_t registry;

    registry_begin(&registry);
    put_host(&registry, "a", "");
    tiny_etcd_put(registry.etcd, INFO, value);
    lookup_gives(&registry, "OK a");
}

DISCO_TEST(an_info_that_is_no_json_is_passed_over)
{
    broken_info("{\"name\":");
}

DISCO_TEST(an_info_of_wrong_types_is_passed_over)
{
    broken_info("{\"name\":7,\"user\":\"u\"}");
}

DISCO_TEST(a_refusal_is_the_lookups_error)
{
    registry_t registry;
    diary_t diary;
    bool v3;

    begin(&registry);
    refuse(&registry, REFUSE_ACCESS);
    (void)get(&registry, &diary, NULL);
    diary_expect(&diary, "DISCO_EAUTH");
    v3 = strcmp(diary.detail.api, "v3") == 0;
    assert_int(diary.detail.etcd_code, v3 ? 7 : 110);
    if (test_api() != DISCO_API_BOTH)
        assert_int(v3, test_api() == DISCO_API_V3);
    diary_expect_nothing(&diary);
    registry_end(&registry);
}

DISCO_TEST(hosts_that_make_no_sense_are_the_lookups_error)
{
    registry_t registry;
    diary_t diaries[2];

    begin(&registry);
    registry_refuse(&registry, ASK_HOSTS, REFUSE_SENSE, 1);
    (void)get(&registry, &diaries[0], NULL);
    (void)get(&registry, &diaries[1], &(disco_query_t){.shard = "0"});
    diary_expect(&diaries[0], "DISCO_EPROTOCOL");
    diary_expect(&diaries[1], "DISCO_EPROTOCOL");
    registry_end(&registry);
}

DISCO_TEST(an_api_that_is_not_there_is_the_lookups_error)
{
    registry_t registry;
    diary_t diary;

    begin(&registry);
    refuse(&registry, REFUSE_API);
    (void)get(&registry, &diary, NULL);
    flow_wait(&registry.flow, diary.count > 0);
    if (test_api() == DISCO_API_BOTH) /* the first of the two */
        assert_true(strcmp(diary.lines[0], "DISCO_EV2DISABLED") == 0 ||
                    strcmp(diary.lines[0], "DISCO_EV3DISABLED") == 0);
    else
        assert_string_equal(diary.lines[0],
                            test_api() == DISCO_API_V3 ? "DISCO_EV3DISABLED" : "DISCO_EV2DISABLED");
    registry_end(&registry);
}

DISCO_TEST(an_unknown_service_is_no_error_of_the_lookup)
{
    registry_t registry;

    registry_begin(&registry);
    lookup_gives(&registry, "OK DISCO_ENOSERVICE");
}

DISCO_TEST(hosts_come_oldest_first)
{
    registry_t registry;

    registry_begin(&registry);
    put_host(&registry, "c", "");
    put_host(&registry, "a", "");
    put_host(&registry, "d", "");
    put_host(&registry, "b", "");
    if (test_api() == DISCO_API_V3) /* on v2 a host that is set again is a new one */
        put_host(&registry, "c", "");
    lookup_gives(&registry, "OK c a d b");
}

DISCO_TEST(hosts_of_a_service_whose_name_begins_alike_are_not_its)
{
    registry_t registry;

    begin(&registry);
    tiny_etcd_put(registry.etcd, "/services/webber/b", "{\"uuid\":\"b\"}");
    tiny_etcd_put(registry.etcd, "/services/web0", "{\"uuid\":\"c\"}");
    tiny_etcd_put(registry.etcd, "/services/web-", "{\"uuid\":\"d\"}");
    lookup_gives(&registry, "OK a user=u");
}

DISCO_TEST(one_broken_host_among_ten_leaves_nine)
{
    registry_t registry;
    size_t i;

    registry_begin(&registry);
    put_value(&registry, "x", "{\"name\":");
    for (i = 0; i < 9; i++)
        put_host(&registry, flow_text("h%zu", i), "");
    lookup_gives(&registry, "OK h0 h1 h2 h3 h4 h5 h6 h7 h8 broken=1");
}

DISCO_TEST(hosts_that_are_none_lose_only_themselves)
{
    static const char *const values[] = {
        "7",
        "null",
        "[]",
        "\"name\"",
        "{\"name\":7}",
        "{\"ports\":[]}",
        "{\"public\":\"yes\"}",
        "{\"name\":\"a\"}}",
        "",
    };
    registry_t registry;
    size_t i;

    registry_begin(&registry);
    put_host(&registry, "a", "");
    for (i = 0; i < sizeof values / sizeof values[0]; i++)
        put_value(&registry, flow_text("x%zu", i), values[i]);
    put_host(&registry, "b", "");
    lookup_gives(&registry, "OK a b broken=9");
}

DISCO_TEST(a_value_nested_without_end_is_broken)
{
    registry_t registry;
    char deep[4001];

    memset(deep, '[', 4000);
    deep[4000] = '\0';
    registry_begin(&registry);
    put_value(&registry, "x", flow_text("{\"ports\":%s", deep));
    put_host(&registry, "b", "");
    lookup_gives(&registry, "OK b broken=1");
}

DISCO_TEST(a_value_over_the_limit_is_broken)
{
    registry_t registry;

    registry_open(&registry);
    registry.flow.options.max_value_bytes = 100;
    registry_start(&registry);
    put_host(&registry, "b", "");
    put_value(&registry, "x", flow_text("{\"name\":\"%0200d\"}", 0));
    lookup_gives(&registry, "OK b broken=1");
}

DISCO_TEST(keys_below_a_host_are_none)
{
    registry_t registry;

    registry_begin(&registry);
    put_host(&registry, "a", "");
    put_value(&registry, "directory/below", "{\"name\":\"x\"}");
    lookup_gives(&registry, "OK a");
}

DISCO_TEST(a_host_without_a_uuid_has_that_of_its_key)
{
    registry_t registry;

    registry_begin(&registry);
    put_value(&registry, "k", "{\"name\":\"n\"}");
    lookup_gives(&registry, "OK k");
}

DISCO_TEST(a_name_of_odd_characters_is_found)
{
    registry_t registry;
    diary_t diary;

    registry_begin(&registry);
    tiny_etcd_put(registry.etcd, "/services/a b?#%&\xc3\xa4/h", "{\"uuid\":\"h\"}");
    diary_begin(&diary, &registry.flow);
    assert_status(
        disco_get(registry.flow.client, "a b?#%&\xc3\xa4", NULL, diary_get_cb, &diary, NULL), 0);
    diary_expect(&diary, "OK h");
    registry_end(&registry);
}

DISCO_TEST(bad_names_are_refused_at_once)
{
    static const char *const names[] = {"", ".", "..", "a/b", "/", "a\nb", "\x7f", "\xff"};
    char longest[258];
    registry_t registry;
    disco_client_t *client;
    diary_t diary;
    size_t i;

    registry_begin(&registry);
    client = registry.flow.client;
    diary_begin(&diary, &registry.flow);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        disco_query_t query = {.shard = names[i]};

        assert_status(disco_get(client, names[i], NULL, diary_get_cb, &diary, NULL), DISCO_ENAME);
        assert_status(disco_get(client, "web", &query, diary_get_cb, &diary, NULL), DISCO_ENAME);
    }
    memset(longest, 'n', sizeof longest);
    longest[256] = '\0';
    assert_status(disco_get(client, longest, NULL, diary_get_cb, &diary, NULL), DISCO_ENAME);
    assert_status(disco_get(client, NULL, NULL, diary_get_cb, &diary, NULL), UV_EINVAL);
    assert_status(disco_get(client, "web", NULL, NULL, &diary, NULL), UV_EINVAL);
    assert_status(disco_get(NULL, "web", NULL, diary_get_cb, &diary, NULL), UV_EINVAL);
    assert_status(disco_get_for_shard(client, "web", NULL, diary_get_cb, &diary, NULL), UV_EINVAL);
    diary_expect_nothing(&diary);
    assert_int(server_request_count(tiny_etcd_server(registry.etcd)), 0);
    registry_end(&registry);
}

DISCO_TEST(a_lookup_ends_when_its_time_is_up)
{
    registry_t registry;
    diary_t diary;
    size_t seconds;

    begin(&registry);
    hold(&registry);
    (void)get(&registry, &diary, NULL);
    for (seconds = 0; seconds < 14; seconds++) {
        flow_settle(&registry.flow);
        flow_advance(&registry.flow, 1000);
    }
    diary_expect_nothing(&diary);
    flow_advance(&registry.flow, 1000);
    diary_expect(&diary, "ETIMEDOUT");
    diary_expect_nothing(&diary);
    registry_end(&registry);
}
