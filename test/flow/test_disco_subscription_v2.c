/* Subscriptions on v2, by their bytes. */
#include "base/timer.h"
#include "support/flow.h"

#define INFO "GET /v2/keys/services_infos/web?sorted=true HTTP"
#define HOSTS "GET /v2/keys/services/web?sorted=true&recursive=true HTTP"
#define HOSTS_BY_QUORUM "GET /v2/keys/services/web?sorted=true&recursive=true&quorum=true HTTP"
#define INFO_POLL "GET /v2/keys/services_infos/web?wait=true&waitIndex="
#define HOSTS_POLL "GET /v2/keys/services/web?wait=true&recursive=true&waitIndex="

typedef struct bench_s {
    flow_t flow;
    diary_t diary;
    disco_subscription_t *subscription;
    flow_request_t hosts; /* the poll that is held */
    flow_request_t info;
    uint64_t index;
} bench_t;

static const char *value(const char *uuid, const char *name, const char *shard)
{
    return flow_text("{\"name\":\"%s\",\"shard\":\"%s\",\"uuid\":\"%s\"}", name, shard, uuid);
}

static const char *node(const char *uuid, const char *name)
{
    return flow_text("{\"key\":\"/services/web/%s\",\"value\":\"{\\\"name\\\":\\\"%s\\\","
                     "\\\"uuid\\\":\\\"%s\\\"}\",\"modifiedIndex\":3,\"createdIndex\":3}",
                     uuid, name, uuid);
}

static const char *listing(const char *nodes)
{
    return flow_text("{\"action\":\"get\",\"node\":{\"key\":\"/services/web\",\"dir\":true,"
                     "\"nodes\":[%s],\"modifiedIndex\":3,\"createdIndex\":3}}\n",
                     nodes);
}

static const char *info(const char *user)
{
    return flow_text("{\"name\":\"web\",\"critical\":false,\"user\":\"%s\"}", user);
}

static void prepare(bench_t *bench, size_t servers)
{
    memset(bench, 0, sizeof *bench);
    flow_open(&bench->flow, servers);
    bench->flow.options.backoff_first_ms = 20;
    bench->flow.options.backoff_most_ms = 20;
    bench->index = 10;
}

static void subscribe(bench_t *bench, const disco_subscription_options_t *options)
{
    diary_begin(&bench->diary, &bench->flow);
    assert_status(disco_subscribe(bench->flow.client, "web", options, diary_subscription_cb,
                                  &bench->diary, &bench->subscription),
                  0);
}

static void begin(bench_t *bench, const disco_subscription_options_t *options)
{
    prepare(bench, 1);
    flow_start(&bench->flow);
    subscribe(bench, options);
}

static void hold_info(bench_t *bench)
{
    bench->info = flow_expect_later(&bench->flow, INFO_POLL);
    flow_hold(&bench->flow, bench->info, bench->index);
}

static void hold_hosts(bench_t *bench)
{
    bench->hosts = flow_expect_later(&bench->flow, HOSTS_POLL);
    flow_hold(&bench->flow, bench->hosts, bench->index);
}

static void answer_hosts(bench_t *bench, const char *nodes)
{
    flow_answer(&bench->flow, flow_expect_later(&bench->flow, HOSTS), 200, bench->index,
                listing(nodes));
}

static void answer_hosts_by_quorum(bench_t *bench, const char *nodes)
{
    flow_answer(&bench->flow, flow_expect_later(&bench->flow, HOSTS_BY_QUORUM), 200, bench->index,
                listing(nodes));
}

static void answer_info(bench_t *bench, const char *user)
{
    flow_answer(&bench->flow, flow_expect_later(&bench->flow, INFO), 200, bench->index,
                flow_set("/services_infos/web", info(user), 4));
}

/* Subscribed, with these hosts, and followed. */
static void follow(bench_t *bench, const disco_subscription_options_t *options, const char *nodes,
                   const char *snapshot)
{
    begin(bench, options);
    answer_info(bench, "u");
    answer_hosts(bench, nodes);
    diary_expect(&bench->diary, snapshot);
    hold_info(bench);
    hold_hosts(bench);
    diary_expect(&bench->diary, "SYNCED");
}

static void hosts_event(bench_t *bench, const char *event)
{
    flow_event(bench->hosts, event);
    hold_hosts(bench);
}

static void put(bench_t *bench, const char *uuid, const char *json)
{
    bench->index++;
    hosts_event(bench, flow_set(flow_text("/services/web/%s", uuid), json, bench->index));
}

static void gone(bench_t *bench, const char *action, const char *key)
{
    bench->index++;
    hosts_event(bench, flow_gone(action, key, bench->index));
}

static void expect_state(const bench_t *bench, disco_view_state_t state, uint64_t stale_ms)
{
    uint64_t stale;

    assert_int(disco_subscription_state(bench->subscription, &stale), state);
    assert_int(stale, stale_ms);
}

static void end(bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    flow_expect_no_request(&bench->flow);
    assert_status(disco_subscription_close(bench->subscription), 0);
    diary_expect(&bench->diary, "CLOSED ECANCELED");
    flow_close(&bench->flow);
}

DISCO_TEST(hosts_come_change_and_go)
{
    bench_t bench;

    follow(&bench, NULL, node("a", "old"), "SNAPSHOT 1");
    put(&bench, "b", value("b", "one", ""));
    diary_expect(&bench.diary, "UP b one");
    put(&bench, "a", value("a", "new", ""));
    diary_expect(&bench.diary, "CHANGED a old new");
    gone(&bench, "delete", "/services/web/a");
    diary_expect(&bench.diary, "DOWN a new");
    expect_state(&bench, DISCO_VIEW_FRESH, 0);
    gone(&bench, "expire", "/services/web/b");
    diary_expect(&bench.diary, "DOWN b one");
    expect_state(&bench, DISCO_VIEW_CONFIRMED_EMPTY, 0);
    end(&bench);
}

DISCO_TEST(what_happened_between_listing_and_poll_is_told)
{
    bench_t bench;

    begin(&bench, NULL);
    answer_info(&bench, "u");
    answer_hosts(&bench, node("a", "one"));
    diary_expect(&bench.diary, "SNAPSHOT 1");
    hold_info(&bench);
    flow_answer(&bench.flow, flow_expect(&bench.flow, HOSTS_POLL "11 "), 200, 12,
                flow_set("/services/web/b", value("b", "two", ""), 11));
    diary_expect(&bench.diary, "SYNCED");
    diary_expect(&bench.diary, "UP b two");
    flow_answer(&bench.flow, flow_expect(&bench.flow, HOSTS_POLL "12 "), 200, 12,
                flow_gone("delete", "/services/web/a", 12));
    diary_expect(&bench.diary, "DOWN a one");
    bench.index = 12;
    hold_hosts(&bench);
    end(&bench);
}

DISCO_TEST(after_a_gap_the_difference_is_told)
{
    bench_t bench;
    flow_request_t poll;

    follow(&bench, NULL,
           flow_text("%s,%s,%s", node("a", "one"), node("b", "two"), node("c", "three")),
           "SNAPSHOT 3");
    server_hang_up(bench.hosts.server, bench.hosts.request->connection);
    diary_expect(&bench.diary, "STALE EOF");
    expect_state(&bench, DISCO_VIEW_STALE, 0);
    flow_refuse(&bench.flow, flow_expect_later(&bench.flow, HOSTS_POLL "11 "), 401, 2000);
    poll = flow_expect(&bench.flow, HOSTS_POLL "2001 ");
    flow_hold(&bench.flow, poll, 2000);
    diary_expect(&bench.diary, "STALE DISCO_ECLEARED");
    bench.index = 2000;
    answer_hosts(&bench,
                 flow_text("%s,%s,%s", node("a", "one"), node("b", "new"), node("d", "four")));
    diary_expect(&bench.diary, "CHANGED b two new");
    diary_expect(&bench.diary, "UP d four");
    diary_expect(&bench.diary, "DOWN c three");
    hold_hosts(&bench);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(an_older_listing_after_a_gap_is_asked_for_again)
{
    bench_t bench;

    follow(&bench, NULL, node("a", "one"), "SNAPSHOT 1");
    put(&bench, "b", value("b", "two", ""));
    diary_expect(&bench.diary, "UP b two");
    server_hang_up(bench.hosts.server, bench.hosts.request->connection);
    diary_expect(&bench.diary, "STALE EOF");
    flow_refuse(&bench.flow, flow_expect_later(&bench.flow, HOSTS_POLL "12 "), 401, 2000);
    flow_hold(&bench.flow, flow_expect(&bench.flow, HOSTS_POLL "2001 "), 2000);
    diary_expect(&bench.diary, "STALE DISCO_ECLEARED");
    bench.index = 9;
    answer_hosts(&bench, node("a", "one"));
    bench.index = 2001;
    answer_hosts_by_quorum(&bench, flow_text("%s,%s", node("a", "one"), node("b", "two")));
    hold_hosts(&bench);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(an_etcd_that_was_set_back_is_believed_in_the_end)
{
    bench_t bench;
    size_t i;

    follow(&bench, NULL, node("a", "one"), "SNAPSHOT 1");
    server_hang_up(bench.hosts.server, bench.hosts.request->connection);
    diary_expect(&bench.diary, "STALE EOF");
    flow_refuse(&bench.flow, flow_expect_later(&bench.flow, HOSTS_POLL "11 "), 401, 2000);
    flow_hold(&bench.flow, flow_expect(&bench.flow, HOSTS_POLL "2001 "), 2000);
    diary_expect(&bench.diary, "STALE DISCO_ECLEARED");
    bench.index = 5;
    answer_hosts(&bench, node("z", "zero"));
    for (i = 0; i < 3; i++)
        answer_hosts_by_quorum(&bench, node("z", "zero"));
    diary_expect(&bench.diary, "UP z zero");
    diary_expect(&bench.diary, "DOWN a one");
    bench.hosts = flow_expect(&bench.flow, HOSTS_POLL "6 ");
    flow_hold(&bench.flow, bench.hosts, 5);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(events_of_other_keys_are_no_hosts)
{
    bench_t bench;

    follow(&bench, NULL, node("a", "one"), "SNAPSHOT 1");
    bench.index++;
    hosts_event(&bench, flow_set("/services/web/dir/x", value("x", "x", ""), bench.index));
    bench.index++;
    hosts_event(&bench, flow_set("/services/webber/a", value("x", "x", ""), bench.index));
    gone(&bench, "delete", "/services/web/dir/a");
    gone(&bench, "delete", "/services/other");
    gone(&bench, "delete", "/services/web/unknown");
    end(&bench);
}

static void expect_down(bench_t *bench)
{
    flow_wait(&bench->flow, bench->diary.count - bench->diary.read >= 2);
    assert_true(strncmp(bench->diary.lines[bench->diary.read], "DOWN ", 5) == 0);
    assert_true(strncmp(bench->diary.lines[bench->diary.read + 1], "DOWN ", 5) == 0);
    bench->diary.read += 2;
    diary_expect_nothing(&bench->diary);
}

DISCO_TEST(a_directory_that_goes_takes_all_down)
{
    bench_t bench;

    follow(&bench, NULL, flow_text("%s,%s", node("a", "one"), node("b", "two")), "SNAPSHOT 2");
    gone(&bench, "delete", "/services/web");
    expect_down(&bench);
    assert_status(disco_service_status(disco_subscription_service(bench.subscription)),
                  DISCO_ENOSERVICE);
    put(&bench, "a", value("a", "one", ""));
    diary_expect(&bench.diary, "UP a one");
    end(&bench);
}

DISCO_TEST(the_parent_that_goes_takes_all_down)
{
    bench_t bench;

    follow(&bench, NULL, flow_text("%s,%s", node("a", "one"), node("b", "two")), "SNAPSHOT 2");
    gone(&bench, "delete", "/services");
    expect_down(&bench);
    end(&bench);
}

DISCO_TEST(endpoints_that_fail_in_different_ways_are_told_once_each)
{
    bench_t bench;
    size_t i;

    prepare(&bench, 2);
    flow_start(&bench.flow);
    server_stop_listening(bench.flow.servers[0]);
    subscribe(&bench, NULL);
    for (i = 0; i < 5; i++)
        flow_refuse(&bench.flow, flow_expect_later(&bench.flow, HOSTS), 300, 0);
    diary_expect(&bench.diary, "STALE ECONNREFUSED");
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    answer_hosts(&bench, "");
    answer_info(&bench, "u");
    diary_expect(&bench.diary, "SNAPSHOT 0");
    hold_info(&bench);
    hold_hosts(&bench);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}
