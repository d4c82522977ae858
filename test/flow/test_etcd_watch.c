/* A watch whose polls are answered well, badly, or not at all: no event is lost without a GAP, none
 * is told twice. */
#include "flow/poll_bench.h"

/* After trouble the poll from 7 on is held, and an event comes. */
static void goes_on_from_7(bench_t *bench)
{
    flow_request_t poll = flow_expect_later(&bench->flow, FROM(7));

    flow_hold(&bench->flow, poll, 8);
    flow_event(poll, flow_set("/w/a", "on", 7));
    diary_expect(&bench->diary, "SYNCED");
    diary_expect(&bench->diary, "PUT /w/a on @7");
    flow_hold(&bench->flow, flow_expect(&bench->flow, FROM(8)), 8);
}

DISCO_TEST(events_come_in_order_each_once)
{
    bench_t bench;
    flow_request_t poll;
    size_t index;

    begin(&bench, 1, 0);
    poll = synced(&bench);
    for (index = 7; index < 30; index += 2) {
        flow_event(poll, flow_set("/w/a", "1", index));
        diary_expect(&bench.diary, flow_text("PUT /w/a 1 @%zu", index));
        poll = flow_expect(
            &bench.flow,
            flow_text("GET /v2/keys/w?wait=true&recursive=true&waitIndex=%zu HTTP", index + 1));
        flow_hold(&bench.flow, poll, index + 2);
    }
    flow_event(poll, flow_gone("delete", "/w/a", 40));
    diary_expect(&bench.diary, "DELETE /w/a @40");
    poll = flow_expect(&bench.flow, FROM(41));
    flow_hold(&bench.flow, poll, 41);
    flow_event(poll, flow_gone("expire", "/w/a", 41));
    diary_expect(&bench.diary, "EXPIRE /w/a @41");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(42)), 41);
    assert_int(server_connection_count(bench.flow.servers[0]), 1);
    end(&bench);
}

DISCO_TEST(a_history_that_is_there_is_caught_up_with)
{
    bench_t bench;

    begin(&bench, 1, 3);
    flow_answer(&bench.flow, flow_expect(&bench.flow, FROM(3)), 200, 9, flow_set("/w/a", "1", 4));
    diary_expect(&bench.diary, "SYNCED");
    diary_expect(&bench.diary, "PUT /w/a 1 @4");
    flow_answer(&bench.flow, flow_expect(&bench.flow, FROM(5)), 200, 9, flow_set("/w/b", "1", 9));
    diary_expect(&bench.diary, "PUT /w/b 1 @9");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(10)), 9);
    end(&bench);
}

DISCO_TEST(a_history_that_is_cleared_is_a_gap)
{
    bench_t bench;
    flow_request_t poll;

    begin(&bench, 1, 3);
    flow_refuse(&bench.flow, flow_expect(&bench.flow, FROM(3)), 401, 2000);
    poll = flow_expect(&bench.flow, FROM(2001));
    diary_expect_nothing(&bench.diary);
    flow_hold(&bench.flow, poll, 2001);
    diary_expect(&bench.diary, "GAP @2001");
    diary_expect(&bench.diary, "SYNCED");
    flow_event(poll, flow_set("/w/a", "1", 2001));
    diary_expect(&bench.diary, "PUT /w/a 1 @2001");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(2002)), 2001);
    end(&bench);
}

DISCO_TEST(cleared_while_it_was_followed_is_a_gap_too)
{
    bench_t bench;
    flow_request_t poll;

    begin(&bench, 1, 0);
    poll = synced(&bench);
    server_hang_up(poll.server, poll.request->connection);
    diary_expect(&bench.diary, "STALE EOF");
    flow_refuse(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 401, 2000);
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(2001)), 2000);
    diary_expect(&bench.diary, "GAP @2000");
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(cleared_without_an_index_is_asked_again)
{
    bench_t bench;

    begin(&bench, 1, 7);
    flow_refuse(&bench.flow, flow_expect(&bench.flow, FROM(7)), 401, 0);
    diary_expect(&bench.diary, "STALE DISCO_ECLEARED");
    goes_on_from_7(&bench);
    end(&bench);
}

DISCO_TEST(a_member_that_lags_once_costs_nothing)
{
    bench_t bench;

    begin(&bench, 2, 7);
    flow_hold(&bench.flow, flow_expect_on(&bench.flow, 0, FROM(7)), 5);
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    goes_on_from_7(&bench);
    end(&bench);
}

DISCO_TEST(an_index_that_stays_in_the_past_is_a_gap)
{
    bench_t bench;
    flow_request_t poll;
    size_t i;

    begin(&bench, 1, 700);
    for (i = 0; i < 3; i++)
        flow_hold(&bench.flow, flow_expect_later(&bench.flow, FROM(700)), 5);
    poll = flow_expect_later(&bench.flow, NOW);
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    diary_expect_nothing(&bench.diary);
    flow_hold(&bench.flow, poll, 5);
    diary_expect(&bench.diary, "GAP @5");
    diary_expect(&bench.diary, "SYNCED");
    flow_event(poll, flow_set("/w/a", "1", 6));
    diary_expect(&bench.diary, "PUT /w/a 1 @6");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(7)), 6);
    end(&bench);
}

static void breaks_off(bench_t *bench, flow_request_t poll)
{
    server_hang_up(poll.server, poll.request->connection);
    diary_expect(&bench->diary, "STALE EOF");
}

DISCO_TEST(another_cluster_is_a_gap)
{
    bench_t bench;

    begin(&bench, 1, 0);
    breaks_off(&bench, synced(&bench));
    bench.flow.cluster = "1234567890abcdef";
    flow_hold(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 900);
    flow_hold(&bench.flow, flow_expect_later(&bench.flow, NOW), 900);
    diary_expect(&bench.diary, "GAP @900");
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(a_raft_term_that_runs_back_for_good_is_a_gap)
{
    bench_t bench;
    size_t i;

    begin(&bench, 1, 0);
    breaks_off(&bench, synced(&bench));
    bench.flow.raft_term = 1;
    for (i = 0; i < 3; i++)
        flow_hold(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 8);
    flow_hold(&bench.flow, flow_expect_later(&bench.flow, NOW), 8);
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    diary_expect(&bench.diary, "GAP @8");
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(a_raft_index_that_runs_back_once_costs_nothing)
{
    bench_t bench;

    begin(&bench, 1, 0);
    bench.flow.raft_index = 100;
    breaks_off(&bench, synced(&bench));
    bench.flow.raft_index = 99;
    flow_hold(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 8);
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    bench.flow.raft_index = 101;
    goes_on_from_7(&bench);
    end(&bench);
}

DISCO_TEST(a_new_raft_term_is_no_trouble)
{
    bench_t bench;

    begin(&bench, 1, 0);
    breaks_off(&bench, synced(&bench));
    bench.flow.raft_term = 3;
    bench.flow.raft_index = 1;
    goes_on_from_7(&bench);
    end(&bench);
}

DISCO_TEST(heads_without_etcds_fields_are_no_trouble)
{
    bench_t bench;

    begin(&bench, 1, 0);
    breaks_off(&bench, synced(&bench));
    bench.flow.cluster = NULL;
    flow_hold(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 0);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

/* The poll from 7 on fails like this, and is resumed. */
static void resumed_after(void (*trouble)(bench_t *bench, flow_request_t poll), const char *told)
{
    bench_t bench;
    flow_request_t poll;

    prepare(&bench, 2);
    bench.flow.options.max_event_bytes = 1000;
    start(&bench, 7);
    poll = flow_expect(&bench.flow, FROM(7));
    trouble(&bench, poll);
    diary_expect(&bench.diary, "SYNCED");
    diary_expect(&bench.diary, told);
    goes_on_from_7(&bench);
    end(&bench);
}

static void ends_empty(bench_t *bench, flow_request_t poll)
{
    flow_hold(&bench->flow, poll, 6);
    flow_send(poll, "0\r\n\r\n");
}

DISCO_TEST(a_poll_that_ends_without_an_event_is_resumed)
{
    resumed_after(ends_empty, "STALE EOF");
}

static void is_cut(bench_t *bench, flow_request_t poll)
{
    const char *event = flow_set("/w/a", "on", 7);

    flow_hold(&bench->flow, poll, 6);
    flow_send(poll, flow_text("%zx\r\n%.20s", strlen(event), event));
    server_hang_up(poll.server, poll.request->connection);
}

DISCO_TEST(an_event_that_is_cut_is_asked_for_again)
{
    resumed_after(is_cut, "STALE EOF");
}

static void is_garbage(bench_t *bench, flow_request_t poll)
{
    flow_hold(&bench->flow, poll, 7);
    flow_event(poll, "{\"action\":\"set\",\"node\":{\"key\":");
}

DISCO_TEST(an_event_that_is_garbage_is_asked_for_again)
{
    resumed_after(is_garbage, "STALE DISCO_EPROTOCOL");
}

static void has_wrong_types(bench_t *bench, flow_request_t poll)
{
    flow_hold(&bench->flow, poll, 7);
    flow_event(poll, "{\"action\":7,\"node\":[\"/w/a\"],\"prevNode\":true}");
}

DISCO_TEST(an_event_of_wrong_types_is_asked_for_again)
{
    resumed_after(has_wrong_types, "STALE DISCO_EPROTOCOL");
}

static void has_no_index(bench_t *bench, flow_request_t poll)
{
    flow_hold(&bench->flow, poll, 7);
    flow_event(poll, "{\"action\":\"set\",\"node\":{\"key\":\"/w/a\",\"modifiedIndex\":-7}}");
}

DISCO_TEST(an_event_without_an_index_is_asked_for_again)
{
    resumed_after(has_no_index, "STALE DISCO_EPROTOCOL");
}

static void is_too_large(bench_t *bench, flow_request_t poll)
{
    flow_hold(&bench->flow, poll, 7);
    flow_event(poll, flow_set("/w/a", flow_text("%02000d", 0), 7));
}

DISCO_TEST(an_event_over_the_limit_is_asked_for_again)
{
    resumed_after(is_too_large, "STALE DISCO_ETOOLARGE");
}

static void was_seen(bench_t *bench, flow_request_t poll)
{
    flow_hold(&bench->flow, poll, 7);
    flow_event(poll, flow_set("/w/a", "again", 6));
}

DISCO_TEST(an_event_that_was_seen_is_not_told_twice)
{
    resumed_after(was_seen, "STALE DISCO_EPROTOCOL");
}

DISCO_TEST(an_event_that_stays_unreadable_is_a_gap)
{
    bench_t bench;
    size_t i;

    begin(&bench, 1, 7);
    for (i = 0; i < 3; i++) {
        flow_request_t poll = flow_expect_later(&bench.flow, FROM(7));

        flow_hold(&bench.flow, poll, 7);
        flow_event(poll, "what?");
        diary_expect(&bench.diary, "SYNCED");
        diary_expect(&bench.diary, "STALE DISCO_EPROTOCOL");
    }
    flow_hold(&bench.flow, flow_expect_later(&bench.flow, NOW), 7);
    diary_expect(&bench.diary, "GAP @7");
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(trouble_without_end_is_no_busy_loop)
{
    bench_t bench;
    flow_request_t poll;
    size_t before;

    prepare(&bench, 1);
    /* so large that a wait of nothing at all is as good as never drawn */
    bench.flow.options.backoff_first_ms = bench.flow.options.backoff_most_ms = 2000;
    start(&bench, 7);
    poll = flow_expect(&bench.flow, FROM(7));
    server_stop_listening(bench.flow.servers[0]);
    breaks_off(&bench, poll);
    bench.flow.pace = 100;
    diary_expect(&bench.diary, "STALE ECONNREFUSED");
    bench.flow.pace = 0;
    before = flow_logged(&bench.flow, "refused");
    flow_settle(&bench.flow);
    assert_int(flow_logged(&bench.flow, "refused"), before);
    bench.flow.pace = 100;
    flow_settle(&bench.flow);
    flow_settle(&bench.flow);
    bench.flow.pace = 0;
    assert_true(flow_logged(&bench.flow, "refused") > before);
    diary_expect_nothing(&bench.diary);
    server_listen(bench.flow.servers[0]);
    goes_on_from_7(&bench);
    end(&bench);
}

/* split 0: bytewise. False when there is no such split. */
static bool split_at(size_t split)
{
    bench_t bench;
    flow_request_t poll;
    const char *body = flow_set("/w/a", "\xc3\xa4", 7);
    const char *answer =
        flow_text("HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: 8cc9da78b36d1115\r\nX-Etcd-Index: 7\r\n"
                  "X-Raft-Index: 7\r\nX-Raft-Term: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "%zx\r\n%s\r\n0\r\n\r\n",
                  strlen(body), body);
    bool possible = split < strlen(answer);

    begin(&bench, 1, 7);
    poll = flow_expect(&bench.flow, FROM(7));
    server_send_split(poll.server, poll.request->connection, answer, strlen(answer),
                      split > 0 ? split : SERVER_BYTEWISE);
    diary_expect(&bench.diary, "SYNCED");
    diary_expect(&bench.diary, "PUT /w/a \xc3\xa4 @7");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(8)), 7);
    flow_close(&bench.flow);
    return possible;
}

DISCO_TEST(an_event_may_be_split_at_every_byte)
{
    size_t split = 0;

    while (split_at(split))
        split++;
    assert_true(split > 100);
}

DISCO_TEST(the_parent_that_goes_is_told)
{
    bench_t bench;
    flow_request_t poll;

    begin(&bench, 1, 7);
    poll = flow_expect(&bench.flow, FROM(7));
    flow_hold(&bench.flow, poll, 6);
    flow_event(poll, "{\"action\":\"delete\",\"node\":{\"key\":\"/\",\"dir\":true,"
                     "\"modifiedIndex\":7,\"createdIndex\":3}}");
    diary_expect(&bench.diary, "SYNCED");
    diary_expect(&bench.diary, "DELETE / @7");
    flow_hold(&bench.flow, flow_expect(&bench.flow, FROM(8)), 7);
    end(&bench);
}

DISCO_TEST(stale_is_told_once_for_each_kind_of_trouble)
{
    bench_t bench;
    size_t i;

    begin(&bench, 1, 7);
    for (i = 0; i < 3; i++)
        flow_refuse(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 300, 0);
    for (i = 0; i < 3; i++)
        flow_refuse(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 110, 0);
    for (i = 0; i < 3; i++)
        flow_answer(&bench.flow, flow_expect_later(&bench.flow, FROM(7)), 302, 0, "");
    diary_expect(&bench.diary, "STALE DISCO_EUNAVAILABLE");
    diary_expect(&bench.diary, "STALE DISCO_EAUTH");
    diary_expect(&bench.diary, "STALE DISCO_EPROTOCOL");
    goes_on_from_7(&bench);
    end(&bench);
}
