/* A watch whose polls are silent: what is asked anew and when; and how a watch is closed. */
#include "flow/poll_bench.h"

DISCO_TEST(a_poll_whose_head_does_not_come_goes_to_the_next)
{
    bench_t bench;

    begin(&bench, 2, 7);
    (void)flow_expect_on(&bench.flow, 0, FROM(7));
    flow_advance(&bench.flow, 2999);
    flow_expect_no_request(&bench.flow);
    flow_advance(&bench.flow, 1);
    diary_expect(&bench.diary, "STALE ETIMEDOUT");
    flow_hold(&bench.flow, flow_expect_on(&bench.flow, 1, FROM(7)), 6);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(a_poll_that_is_held_has_all_the_time)
{
    bench_t bench;
    flow_request_t poll;

    begin(&bench, 1, 0);
    poll = synced(&bench);
    flow_advance(&bench.flow, 500000000);
    diary_expect_nothing(&bench.diary);
    flow_event(poll, flow_set("/w/a", "1", 7));
    diary_expect(&bench.diary, "PUT /w/a 1 @7");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(8)), 7);
    end(&bench);
}

/* The check that comes when nothing has come for long enough. */
static flow_request_t checked(bench_t *bench, flow_request_t *poll)
{
    flow_request_t check;

    prepare(bench, 2);
    bench->flow.options.watch_check_ms = 30000;
    start(bench, 0);
    *poll = synced(bench);
    flow_advance(&bench->flow, 22499);
    flow_expect_no_request(&bench->flow);
    bench->flow.pace = 100;
    check = flow_expect_on(&bench->flow, 0, CHECK);
    bench->flow.pace = 0;
    return check;
}

DISCO_TEST(a_silent_watch_is_checked_and_polled_anew)
{
    bench_t bench;
    flow_request_t old;
    flow_request_t check = checked(&bench, &old);
    flow_request_t poll;

    flow_refuse(&bench.flow, check, 100, 6);
    poll = flow_expect_on(&bench.flow, 0, FROM(7));
    flow_hold(&bench.flow, poll, 6);
    /* What the old connection has to say is not heard any more. */
    flow_event(old, flow_set("/w/a", "old", 7));
    diary_expect_nothing(&bench.diary);
    assert_int(server_open_count(bench.flow.servers[0]), 1);
    flow_event(poll, flow_set("/w/a", "1", 7));
    diary_expect(&bench.diary, "PUT /w/a 1 @7");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(8)), 7);
    end(&bench);
}

DISCO_TEST(a_check_that_is_refused_leads_to_the_next)
{
    bench_t bench;
    flow_request_t poll;

    flow_refuse(&bench.flow, checked(&bench, &poll), 300, 0);
    flow_hold(&bench.flow, flow_expect_on(&bench.flow, 1, FROM(7)), 6);
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(a_check_without_an_answer_leads_to_the_next)
{
    bench_t bench;
    flow_request_t poll;

    (void)checked(&bench, &poll);
    flow_advance(&bench.flow, 3000);
    flow_hold(&bench.flow, flow_expect_on(&bench.flow, 1, FROM(7)), 6);
    diary_expect(&bench.diary, "STALE ETIMEDOUT");
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(an_event_during_a_check_ends_it)
{
    bench_t bench;
    flow_request_t poll;
    flow_request_t check = checked(&bench, &poll);

    flow_event(poll, flow_set("/w/a", "1", 7));
    diary_expect(&bench.diary, "PUT /w/a 1 @7");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(8)), 7);
    flow_refuse(&bench.flow, check, 100, 6);
    end(&bench);
}

DISCO_TEST(a_plain_key_is_checked_by_itself)
{
    bench_t bench;

    prepare(&bench, 1);
    bench.flow.options.watch_check_ms = 1000;
    flow_start(&bench.flow);
    diary_begin(&bench.diary, &bench.flow);
    assert_status(
        disco_kv_watch(bench.flow.client, "/w", NULL, diary_watch_cb, &bench.diary, &bench.watch),
        0);
    flow_hold(&bench.flow, flow_expect(&bench.flow, "GET /v2/keys/w?wait=true HTTP"), 6);
    diary_expect(&bench.diary, "SYNCED");
    flow_advance(&bench.flow, 1000);
    flow_answer(&bench.flow, flow_expect(&bench.flow, "GET /v2/keys/w?quorum=true HTTP"), 200, 6,
                flow_set("/w", "1", 3));
    flow_hold(&bench.flow, flow_expect(&bench.flow, "GET /v2/keys/w?wait=true&waitIndex=7 HTTP"),
              6);
    end(&bench);
}

DISCO_TEST(closing_twice_is_refused)
{
    bench_t bench;
    flow_request_t poll;

    begin(&bench, 1, 0);
    poll = synced(&bench);
    flow_event(poll, flow_set("/w/a", "1", 7));
    diary_expect(&bench.diary, "PUT /w/a 1 @7");
    assert_status(disco_watch_close(bench.watch), 0);
    assert_status(disco_watch_close(bench.watch), DISCO_ECLOSING);
    diary_expect(&bench.diary, "CLOSED ECANCELED");
    flow_close(&bench.flow);
}
