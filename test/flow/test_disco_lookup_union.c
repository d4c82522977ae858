/* Lookups with both APIs: what two registries have together, and what is given when one fails. */
#include "flow/union_bench.h"

static disco_request_t *look_up(union_bench_t *bench)
{
    disco_request_t *request;

    assert_status(disco_get(bench->flow.client, "web", NULL, diary_get_cb, &bench->diary, &request),
                  0);
    return request;
}

static void expect_lookup(union_bench_t *bench, const char *line)
{
    (void)look_up(bench);
    diary_expect(&bench->diary, line);
}

typedef struct kept_s {
    disco_service_t *service;
    bool called;
} kept_t;

static void keep(void *data, int status, const disco_service_t *service)
{
    kept_t *kept = data;

    assert_status(status, 0);
    kept->service = disco_service_ref(service);
    kept->called = true;
}

static disco_service_t *get(union_bench_t *bench, const char *shard)
{
    disco_query_t query = {.shard = shard};
    kept_t kept = {0};

    assert_status(disco_get(bench->flow.client, "web", &query, keep, &kept, NULL), 0);
    flow_wait(&bench->flow, kept.called);
    return kept.service;
}

DISCO_TEST(hosts_of_both_are_there_once_each)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v2, "b", "two");
    union_put(bench.v3, "b", "two");
    union_put(bench.v3, "c", "three");
    expect_lookup(&bench, "OK a b c");
    union_end(&bench);
}

DISCO_TEST(hosts_of_v2_come_first_each_by_its_own_revisions)
{
    union_bench_t bench;
    disco_service_t *service;

    union_begin(&bench);
    fake_store_set_revision(bench.v2, 1000);
    union_put(bench.v3, "m", "first");
    union_put(bench.v3, "b", "second");
    union_put(bench.v3, "z", "third");
    union_put(bench.v2, "z", "third");
    union_put(bench.v2, "a", "fourth");
    expect_lookup(&bench, "OK z a m b");
    service = get(&bench, NULL);
    assert_string_equal(disco_service_first(service)->uuid, "z");
    assert_int(disco_service_first(service)->created_revision, 1001);
    disco_service_unref(service);
    union_end(&bench);
}

DISCO_TEST(hosts_of_one_transaction_are_in_order_of_their_uuids)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v3, "x", "oldest");
    union_put(bench.v3, "c", "one");
    fake_store_share_revision(bench.v3, true);
    union_put(bench.v3, "b", "two");
    union_put(bench.v3, "a", "three");
    expect_lookup(&bench, "OK x a b c");
    union_end(&bench);
}

DISCO_TEST(of_a_host_that_differs_v3_has_the_values_and_v2_the_place)
{
    union_bench_t bench;
    disco_service_t *service;
    const disco_host_t *host;

    union_begin(&bench);
    fake_store_set_revision(bench.v2, 50);
    union_put(bench.v2, "a", "old");
    union_put(bench.v2, "b", "other");
    union_put(bench.v3, "a", "new");
    expect_lookup(&bench, "OK a b");
    service = get(&bench, NULL);
    host = disco_service_first(service);
    assert_string_equal(host->name, "new");
    assert_int(host->created_revision, 51);
    assert_int(host->modified_revision, 51);
    disco_service_unref(service);
    union_end(&bench);
}

DISCO_TEST(a_key_is_what_makes_two_hosts_one)
{
    union_bench_t bench;

    union_begin(&bench);
    fake_store_put(bench.v2, UNION_KEY("a"), "{\"name\":\"nameless\"}");
    fake_store_put(bench.v3, UNION_KEY("a"), "{\"name\":\"nameless\"}");
    fake_store_put(bench.v3, UNION_KEY("a") "/below", union_host("below", "x", ""));
    fake_store_put(bench.v3, "/services/webby/b", union_host("b", "x", ""));
    expect_lookup(&bench, "OK a");
    union_end(&bench);
}

DISCO_TEST(the_info_is_that_of_v2_while_it_has_one)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put_info(bench.v3, "of_v3");
    expect_lookup(&bench, "OK a user=of_v3");
    union_put_info(bench.v2, "of_v2");
    expect_lookup(&bench, "OK a user=of_v2");
    fake_store_put(bench.v2, UNION_INFO, "garbage");
    expect_lookup(&bench, "OK a user=of_v3");
    fake_store_delete(bench.v2, UNION_INFO);
    expect_lookup(&bench, "OK a user=of_v3");
    union_end(&bench);
}

DISCO_TEST(a_host_that_one_can_read_is_not_broken)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    fake_store_put(bench.v3, UNION_KEY("a"), "garbage");
    fake_store_put(bench.v2, UNION_KEY("b"), "garbage");
    union_put(bench.v3, "b", "two");
    fake_store_put(bench.v2, UNION_KEY("c"), "garbage");
    fake_store_put(bench.v3, UNION_KEY("c"), "garbage");
    fake_store_put(bench.v3, UNION_KEY("d"), "garbage");
    expect_lookup(&bench, "OK a b broken=2");
    union_end(&bench);
}

DISCO_TEST(a_service_is_known_by_a_directory_a_host_or_an_info)
{
    union_bench_t bench;

    union_begin(&bench);
    expect_lookup(&bench, "OK DISCO_ENOSERVICE");
    union_put_info(bench.v2, "u"); /* which is no directory */
    expect_lookup(&bench, "OK DISCO_ENOSERVICE user=u");
    union_put_info(bench.v3, "u");
    expect_lookup(&bench, "OK DISCO_ENOHOST user=u");
    fake_store_delete(bench.v3, UNION_INFO);
    fake_store_delete(bench.v2, UNION_INFO);
    union_put(bench.v2, "a", "one");
    union_delete(bench.v2, "a");
    expect_lookup(&bench, "OK DISCO_ENOHOST");
    union_end(&bench);
}

DISCO_TEST(a_share_of_the_union_keeps_its_order)
{
    union_bench_t bench;
    disco_service_t *service;
    const disco_host_t *const *hosts;
    size_t count;

    union_begin(&bench);
    fake_store_set_revision(bench.v2, 1000);
    fake_store_refuse(bench.v3, DISCO_EV3DISABLED);
    expect_lookup(&bench, "OK DISCO_ENOSERVICE partial");
    fake_store_work(bench.v3);
    fake_store_put(bench.v2, UNION_KEY("y"), union_host("y", "n", "s"));
    fake_store_put(bench.v2, UNION_KEY("x"), union_host("x", "n", "other"));
    fake_store_put(bench.v3, UNION_KEY("a"), union_host("a", "n", "s"));
    service = get(&bench, "s");
    assert_status(disco_service_all(service, &hosts, &count), 0);
    assert_int(count, 2);
    assert_string_equal(hosts[0]->uuid, "y");
    assert_string_equal(hosts[1]->uuid, "a");
    assert_false(disco_service_is_partial(service));
    disco_service_unref(service);
    fake_store_refuse(bench.v3, DISCO_EV3DISABLED);
    service = get(&bench, "s");
    assert_true(disco_service_is_partial(service));
    disco_service_unref(service);
    assert_false(disco_service_is_partial(NULL));
    union_end(&bench);
}

DISCO_TEST(one_that_fails_leaves_a_service_that_says_so)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "b", "two");
    fake_store_refuse(bench.v2, DISCO_EV2DISABLED);
    expect_lookup(&bench, "OK b partial");
    expect_lookup(&bench, "OK b partial");
    assert_int(flow_logged(&bench.flow, "the v2 registry cannot be read"), 1);
    fake_store_work(bench.v2);
    expect_lookup(&bench, "OK a b");
    assert_int(flow_logged(&bench.flow, "the v2 registry can be read again"), 1);
    fake_store_fail(bench.v3, DISCO_EAUTH);
    expect_lookup(&bench, "OK a partial");
    assert_int(flow_logged(&bench.flow, "the v3 registry cannot be read"), 1);
    assert_int(flow_logged(&bench.flow, "registry"), 3);
    union_end(&bench);
}

DISCO_TEST(when_both_fail_the_first_failure_is_told)
{
    union_bench_t bench;

    union_begin(&bench);
    fake_store_hold(bench.v2);
    fake_store_refuse(bench.v3, DISCO_EAUTH);
    (void)look_up(&bench);
    diary_expect_nothing(&bench.diary);
    fake_store_refuse(bench.v2, DISCO_EV2DISABLED);
    diary_expect(&bench.diary, "DISCO_EAUTH");
    fake_store_hold(bench.v3);
    (void)look_up(&bench);
    diary_expect_nothing(&bench.diary);
    fake_store_refuse(bench.v3, DISCO_EAUTH);
    diary_expect(&bench.diary, "DISCO_EV2DISABLED");
    assert_string_equal(bench.diary.detail.endpoint, "http://fake:2379");
    assert_string_equal(bench.diary.detail.api, "v2");
    assert_int(flow_logged(&bench.flow, "lookups go without it"), 0);
    union_end(&bench);
}

DISCO_TEST(one_that_is_silent_is_waited_for_a_while)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "b", "two");
    fake_store_hold(bench.v3);
    (void)look_up(&bench);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 5999);
    diary_expect_nothing(&bench.diary);
    flow_advance(&bench.flow, 1);
    diary_expect(&bench.diary, "OK a partial");
    assert_int(fake_store_waiting(bench.v3), 0);
    (void)look_up(&bench);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 749);
    diary_expect_nothing(&bench.diary);
    flow_advance(&bench.flow, 1);
    diary_expect(&bench.diary, "OK a partial");
    (void)look_up(&bench);
    flow_settle(&bench.flow);
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "OK a b");
    fake_store_hold(bench.v3);
    (void)look_up(&bench);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 5999);
    diary_expect_nothing(&bench.diary);
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "OK a b");
    union_end(&bench);
}

DISCO_TEST(one_that_answers_late_is_waited_for_when_the_other_failed)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v3, "b", "two");
    fake_store_refuse(bench.v2, DISCO_EV2DISABLED);
    fake_store_hold(bench.v3);
    (void)look_up(&bench);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 14000);
    diary_expect_nothing(&bench.diary);
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "OK b partial");
    union_end(&bench);
}

DISCO_TEST(cancelled_with_none_one_and_the_other_answered)
{
    union_bench_t bench;
    size_t step;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "a", "differs");
    for (step = 0; step < 3; step++) {
        disco_request_t *request;

        if (step != 1)
            fake_store_hold(bench.v2);
        if (step != 2)
            fake_store_hold(bench.v3);
        request = look_up(&bench);
        flow_settle(&bench.flow);
        assert_status(disco_request_cancel(request), 0);
        assert_int(fake_store_waiting(bench.v2) + fake_store_waiting(bench.v3), 0);
        diary_expect(&bench.diary, "ECANCELED");
        fake_store_work(bench.v2);
        fake_store_work(bench.v3);
        diary_expect_nothing(&bench.diary);
    }
    union_end(&bench);
}

DISCO_TEST(the_client_is_closed_with_none_one_and_the_other_answered)
{
    size_t step;

    for (step = 0; step < 3; step++) {
        union_bench_t bench;

        union_begin(&bench);
        union_put(bench.v2, "a", "one");
        union_put(bench.v3, "a", "differs");
        if (step != 1)
            fake_store_hold(bench.v2);
        if (step != 2)
            fake_store_hold(bench.v3);
        (void)look_up(&bench);
        flow_settle(&bench.flow);
        flow_close_client(&bench.flow);
        assert_string_equal(bench.diary.lines[0], "ECANCELED");
        assert_int(bench.diary.count, 1);
        flow_close(&bench.flow);
    }
}

typedef struct again_s {
    union_bench_t *bench;
    bool close;
} again_t;

static void closed(void *data, int status)
{
    union_bench_t *bench = data;

    assert_status(status, 0);
    bench->flow.client = NULL;
}

static void on_got(void *data, int status, const disco_service_t *service)
{
    again_t *again = data;

    diary_get_cb(&again->bench->diary, status, service);
    if (again->close)
        assert_status(disco_client_close(again->bench->flow.client, closed, again->bench), 0);
    else
        (void)look_up(again->bench);
}

DISCO_TEST(from_inside_its_callback_another_is_begun_or_the_client_closed)
{
    union_bench_t bench;
    again_t again = {.bench = &bench};

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "b", "two");
    assert_status(disco_get(bench.flow.client, "web", NULL, on_got, &again, NULL), 0);
    diary_expect(&bench.diary, "OK a b");
    diary_expect(&bench.diary, "OK a b");
    again.close = true;
    assert_status(disco_get(bench.flow.client, "web", NULL, on_got, &again, NULL), 0);
    (void)look_up(&bench);
    diary_expect(&bench.diary, "OK a b");
    flow_wait(&bench.flow, bench.flow.client == NULL);
    flow_close(&bench.flow);
}

static void starve(void *data)
{
    union_bench_t bench;
    disco_request_t *request;
    int rv;

    (void)data;
    heap_spare_begin();
    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v2, "b", "old");
    union_put(bench.v3, "b", "new");
    union_put(bench.v3, "c", "three");
    union_put_info(bench.v2, "u");
    union_put_info(bench.v3, "u");
    heap_spare_end();
    rv = disco_get(bench.flow.client, "web", NULL, diary_get_cb, &bench.diary, &request);
    if (rv != 0) {
        assert_status(rv, UV_ENOMEM);
    } else {
        flow_wait(&bench.flow, bench.diary.count == 1);
        if (strcmp(bench.diary.lines[0], "OK a b c user=u") != 0)
            assert_string_equal(bench.diary.lines[0], "ENOMEM");
    }
    flow_close(&bench.flow);
}

DISCO_TEST(memory_that_is_short_gives_no_part_of_a_view)
{
    heap_sweep(starve, NULL);
}
