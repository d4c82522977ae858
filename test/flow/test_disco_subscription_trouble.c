/* Subscriptions in trouble: beginnings that fail, connections that break, history that is lost. */
#include "flow/follower_bench.h"

DISCO_TESTS_BY_API;

DISCO_TEST(before_the_first_listing_nothing_is_known)
{
    bench_t bench;
    uint64_t stale_ms;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_INFO);
    registry_hold(&bench.registry, ASK_WATCH);
    subscribe(&bench, NULL);
    flow_advance(bench.flow, 100);
    assert_int(disco_subscription_state(bench.subscription, &stale_ms), DISCO_VIEW_NEVER_SYNCED);
    assert_int(stale_ms, 100);
    assert_null(view(&bench));
    registry_await(&bench.registry, ASK_INFO, 1);
    registry_await(&bench.registry, ASK_HOSTS, 1);
    told_nothing(&bench);
    expect_state(&bench, DISCO_VIEW_NEVER_SYNCED);
    assert_null(view(&bench));
    registry_release(&bench.registry, ASK_INFO);
    told(&bench, "SNAPSHOT 0");
    assert_non_null(view(&bench));
    expect_state(&bench, DISCO_VIEW_STALE);
    registry_release(&bench.registry, ASK_WATCH);
    told(&bench, "SYNCED");
    expect_state(&bench, DISCO_VIEW_CONFIRMED_EMPTY);
    end(&bench);
}

/* Refused once on each side. */
static void listing_fails(refusal_t how, const char *on_v2, const char *on_v3)
{
    bench_t bench;
    diary_t *diary = &bench.registry.diary;
    const char *lines[2];
    size_t count = 0;

    if (test_api() != DISCO_API_V3)
        lines[count++] = flow_text("STALE %s", on_v2);
    if (test_api() != DISCO_API_V2)
        lines[count++] = flow_text("STALE %s", on_v3);
    prepare(&bench);
    put_host(&bench, "a", "one", "");
    registry_refuse(&bench.registry, ASK_HOSTS, how, 1);
    registry_hold(&bench.registry, ASK_HOSTS);
    subscribe(&bench, NULL);
    registry_await_later(&bench.registry, ASK_HOSTS, 2);
    while (count > 0) {
        flow_wait(bench.flow, diary->read < diary->count);
        assert_true(take_line(diary->lines[diary->read], lines, &count));
        diary->read++;
    }
    expect_state(&bench, DISCO_VIEW_NEVER_SYNCED);
    assert_null(view(&bench));
    registry_release(&bench.registry, ASK_HOSTS);
    told(&bench, "SNAPSHOT 1");
    told(&bench, "SYNCED");
    end(&bench);
}

DISCO_TEST(a_listing_that_fails_is_no_empty_view)
{
    listing_fails(REFUSE_UNAVAILABLE, "DISCO_EUNAVAILABLE", "DISCO_EUNAVAILABLE");
    listing_fails(REFUSE_ACCESS, "DISCO_EAUTH", "DISCO_EAUTH");
    listing_fails(REFUSE_SENSE, "DISCO_EPROTOCOL", "DISCO_EPROTOCOL");
    listing_fails(REFUSE_API, "DISCO_EV2DISABLED", "DISCO_EV3DISABLED");
}

DISCO_TEST(refused_connections_are_told_once_and_tried_on)
{
    bench_t bench;

    prepare(&bench);
    server_stop_listening(tiny_etcd_server(bench.etcd));
    subscribe(&bench, NULL);
    registry_told_by_each(&bench.registry, "STALE ECONNREFUSED");
    bench.flow->pace = 5;
    flow_settle(bench.flow);
    bench.flow->pace = 0;
    told_nothing(&bench);
    server_listen(tiny_etcd_server(bench.etcd));
    told(&bench, "SNAPSHOT 0");
    told(&bench, "SYNCED");
    end(&bench);
}

DISCO_TEST(the_hosts_before_the_info_are_no_snapshot_yet)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "one", "");
    registry_hold(&bench.registry, ASK_INFO);
    subscribe(&bench, NULL);
    registry_await(&bench.registry, ASK_WATCH, 1);
    flow_settle(bench.flow);
    put_host(&bench, "a", "new", "");
    put_host(&bench, "b", "two", "");
    told_nothing(&bench);
    registry_release(&bench.registry, ASK_INFO);
    told(&bench, "SNAPSHOT 2");
    assert_string_equal(disco_service_first(view(&bench))->name, "new");
    told(&bench, "SYNCED");
    end(&bench);
}

DISCO_TEST(what_happened_between_listing_and_watch_is_told)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "one", "");
    registry_hold(&bench.registry, ASK_WATCH);
    subscribe(&bench, NULL);
    told(&bench, "SNAPSHOT 1");
    flow_settle(bench.flow);
    put_host(&bench, "b", "two", "");
    delete_host(&bench, "a");
    put_info(&bench, "new");
    told_nothing(&bench);
    registry_release(&bench.registry, ASK_WATCH);
    told_all(&bench, "UP b two", "DOWN a one", "INFO new");
    expect_sight(&bench);
    end(&bench);
}

DISCO_TEST(what_happened_while_connections_were_broken_is_told)
{
    bench_t bench;

    follow_one(&bench);
    lose_sight(&bench);
    put_host(&bench, "b", "two", "");
    delete_host(&bench, "a");
    registry_release(&bench.registry, ASK_WATCH);
    told_all(&bench, "UP b two", "DOWN a one");
    expect_sight(&bench);
    end(&bench);
}

/* With both APIs each has its own word for it, in its own time. */
DISCO_TEST_ON(a_host_that_came_and_went_meanwhile_is_told, v2, v3)
{
    bench_t bench;

    follow_one(&bench);
    lose_sight(&bench);
    put_host(&bench, "b", "two", "");
    delete_host(&bench, "b");
    registry_release(&bench.registry, ASK_WATCH);
    told_all(&bench, "UP b two", "DOWN b two");
    expect_sight(&bench);
    end(&bench);
}

DISCO_TEST(after_a_gap_the_difference_is_told)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "one", "");
    put_host(&bench, "b", "two", "");
    put_host(&bench, "c", "three", "");
    follow(&bench, NULL, "SNAPSHOT 3");
    lose_sight(&bench);
    put_host(&bench, "b", "new", "");
    put_host(&bench, "d", "four", "");
    delete_host(&bench, "c");
    put_host(&bench, "e", "five", "");
    delete_host(&bench, "e"); /* has never been */
    see_again_behind_a_gap(&bench);
    told_all(&bench, "CHANGED b two new", "UP d four", "DOWN c three");
    expect_sight(&bench);
    put_host(&bench, "f", "six", "");
    told(&bench, "UP f six");
    end(&bench);
}

DISCO_TEST(after_a_gap_without_a_difference_nothing_is_told)
{
    bench_t bench;

    follow_one(&bench);
    lose_sight(&bench);
    see_again_behind_a_gap(&bench);
    expect_sight(&bench);
    assert_true(flow_logged(bench.flow, "events were lost, listing again") >= registry_sides());
    end(&bench);
}

/* A member that lags behind has not seen a host that is there yet. */
DISCO_TEST(an_older_listing_after_a_gap_is_asked_for_again)
{
    bench_t bench;
    unsigned revision;

    follow_one(&bench);
    put_host(&bench, "b", "two", "");
    told(&bench, "UP b two");
    flow_settle(bench.flow);
    lose_sight(&bench);
    registry_hold(&bench.registry, ASK_HOSTS);
    see_again_behind_a_gap(&bench);
    revision = tiny_etcd_revision(bench.etcd);
    delete_host(&bench, "b");
    tiny_etcd_set_revision(bench.etcd, 11);
    registry_pass(&bench.registry, ASK_HOSTS);
    registry_await_later(&bench.registry, ASK_HOSTS, 3);
    registry_assert_by_quorum(&bench.registry, ASK_HOSTS);
    tiny_etcd_set_revision(bench.etcd, revision);
    put_host(&bench, "b", "two", "");
    registry_release(&bench.registry, ASK_HOSTS);
    expect_sight(&bench);
    end(&bench);
}

DISCO_TEST(an_etcd_that_was_set_back_is_believed_in_the_end)
{
    bench_t bench;

    follow_one(&bench);
    lose_sight(&bench);
    tiny_etcd_set_revision(bench.etcd, 3);
    delete_host(&bench, "a");
    put_host(&bench, "z", "zero", "");
    registry_release(&bench.registry, ASK_WATCH);
    told_all(&bench, "UP z zero", "DOWN a one");
    expect_sight(&bench);
    put_host(&bench, "y", "why", "");
    told(&bench, "UP y why");
    end(&bench);
}

DISCO_TEST(a_broken_network_takes_nobody_down)
{
    bench_t bench;

    follow_one(&bench);
    server_stop_listening(tiny_etcd_server(bench.etcd));
    registry_cut(&bench.registry);
    bench.flow->pace = 10;
    flow_wait(bench.flow, flow_logged(bench.flow, "refused") > 0);
    flow_settle(bench.flow);
    bench.flow->pace = 0;
    expect_state(&bench, DISCO_VIEW_STALE);
    assert_non_null(disco_service_first(view(&bench)));
    server_listen(tiny_etcd_server(bench.etcd));
    expect_sight(&bench);
    expect_state(&bench, DISCO_VIEW_FRESH);
    end(&bench);
}
