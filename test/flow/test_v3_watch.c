/* A watch on a v3 stream that goes well, badly, or not at all: no event is lost without a GAP, none
 * is told twice. */
#include "flow/watched_bench.h"

static void begin(size_t servers, uint64_t from)
{
    watch_flow_prepare(&bench, servers);
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", from);
}

static flow_request_t asks_from(uint64_t start)
{
    return watch_expect(&bench, watch_asked(1, "/w", start));
}

/* Follows from now on, where now is 6. */
static flow_request_t synced(void)
{
    flow_request_t line = asks_from(0);

    created(line, 6);
    diary_expect(DIARY, "SYNCED");
    return line;
}

DISCO_TEST(events_come_in_order_each_once)
{
    flow_request_t line;
    size_t revision;

    begin(1, 0);
    line = synced();
    assert_string_equal(server_request_field(line.request, "Grpc-Metadata-Hasleader"), "true");
    assert_string_equal(server_request_field(line.request, "Connection"), "close");
    for (revision = 7; revision < 30; revision += 2) {
        put(line, revision);
        diary_expect(DIARY, flow_text("PUT /w/a on @%zu", revision));
    }
    watch_events(&bench, line, 1, 41, watch_deleted("/w/a", 40));
    diary_expect(DIARY, "DELETE /w/a @40");
    assert_int(server_connection_count(bench.flow.servers[0]), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(a_message_may_hold_many_events_and_a_chunk_many_messages)
{
    flow_request_t line;
    const char *first;
    const char *second;

    begin(1, 0);
    line = synced();
    first =
        watch_result(&bench, 9,
                     flow_text("\"watch_id\":1,\"events\":[%s,%s,%s]", watch_put("/w/a", "1", 7),
                               watch_put("/w/b", "2", 7), watch_put("/w", "3", 8)));
    second = watch_result(
        &bench, 9, flow_text("\"watch_id\":\"1\",\"events\":[%s]", watch_deleted("/w/b", 9)));
    watch_say(line, flow_text("%s%s\r\n", first, second));
    diary_expect(DIARY, "PUT /w/a 1 @7");
    diary_expect(DIARY, "PUT /w/b 2 @7");
    diary_expect(DIARY, "PUT /w 3 @8");
    diary_expect(DIARY, "DELETE /w/b @9");
    watch_flow_end(&bench);
}

DISCO_TEST(a_history_that_is_there_is_caught_up_with)
{
    flow_request_t line;

    begin(1, 3);
    line = asks_from(3);
    created(line, 9);
    diary_expect(DIARY, "SYNCED");
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s", watch_put("/w/a", "1", 4), watch_put("/w/b", "1", 9)));
    diary_expect(DIARY, "PUT /w/a 1 @4");
    diary_expect(DIARY, "PUT /w/b 1 @9");
    server_hang_up_all(line.server);
    diary_expect(DIARY, "STALE EOF");
    created(asks_later_from(10), 9);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(an_event_without_a_revision_before_any_other_is_a_gap)
{
    flow_request_t line;

    begin(1, 0);
    line = asks_from(0);
    created(line, 0); /* without a revision */
    diary_expect(DIARY, "SYNCED");
    watch_events(&bench, line, 1, 0, "{\"kv\":{\"key\":\"L3cvYQ==\"}}");
    diary_expect(DIARY, "GAP @0");
    watch_flow_end(&bench);
}

static void cancel(flow_request_t line, const char *fields)
{
    watch_say(line, watch_result(&bench, 0,
                                 flow_text("\"watch_id\":\"1\",\"canceled\":true,%s", fields)));
}

DISCO_TEST(a_history_that_is_compacted_is_a_gap)
{
    flow_request_t line;

    begin(1, 3);
    line = asks_from(3);
    created(line, 2000);
    diary_expect(DIARY, "SYNCED");
    cancel(line, "\"compact_revision\":\"50\"");
    line = asks_later_from(0);
    diary_expect_nothing(DIARY);
    created(line, 2001);
    diary_expect(DIARY, "GAP @2001");
    put(line, 2002);
    diary_expect(DIARY, "PUT /w/a on @2002");
    assert_int(server_open_count(line.server), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(created_and_canceled_in_one_message_is_canceled)
{
    flow_request_t line;

    begin(1, 3);
    line = asks_from(3);
    watch_begin(line);
    cancel(line, "\"created\":true,\"compact_revision\":\"50\"");
    created(asks_later_from(0), 2001);
    diary_expect(DIARY, "GAP @2001");
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(compacted_while_it_was_followed_is_a_gap_too)
{
    begin(1, 0);
    server_hang_up_all(synced().server);
    diary_expect(DIARY, "STALE EOF");
    {
        flow_request_t line = asks_later_from(7);

        created(line, 2000);
        cancel(line, "\"compact_revision\":\"1900\"");
    }
    created(asks_later_from(0), 2000);
    diary_expect(DIARY, "SYNCED");
    diary_expect(DIARY, "GAP @2000");
    watch_flow_end(&bench);
}

DISCO_TEST(canceled_for_no_known_reason_is_a_gap)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    cancel(line, "\"cancel_reason\":\"somebody did it\"");
    created(asks_later_from(0), 9);
    diary_expect(DIARY, "GAP @9");
    assert_true(flow_logged(&bench.flow, "somebody did it") > 0);
    watch_flow_end(&bench);
}

DISCO_TEST(a_member_that_lags_once_costs_nothing)
{
    begin(2, 7);
    created(asks_from(7), 5);
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    goes_on_from_7();
    watch_flow_end(&bench);
}

DISCO_TEST(a_revision_that_stays_in_the_past_is_a_gap)
{
    flow_request_t line;
    size_t i;

    begin(1, 700);
    for (i = 0; i < 9; i++)
        created(asks_later_from(700), 5);
    line = asks_later_from(700);
    flow_advance(&bench.flow, 2000); /* so long a member may lag behind */
    created(line, 5);
    line = asks_later_from(700);
    flow_advance(&bench.flow, 1000);
    created(line, 5);
    line = asks_later_from(0);
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    diary_expect_nothing(DIARY);
    created(line, 5);
    diary_expect(DIARY, "GAP @5");
    diary_expect(DIARY, "SYNCED");
    put(line, 6);
    diary_expect(DIARY, "PUT /w/a on @6");
    watch_flow_end(&bench);
}

static void breaks_off(flow_request_t line)
{
    server_hang_up(line.server, line.request->connection);
    diary_expect(DIARY, "STALE EOF");
}

/* Else etcd would not read the others of the stream. */
DISCO_TEST(no_revision_is_asked_for_that_etcd_cannot_have)
{
    begin(1, UINT64_MAX);
    created(asks_from(INT64_MAX), 5);
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    (void)asks_later_from(INT64_MAX);
    watch_flow_end(&bench);
}

DISCO_TEST(revisions_that_etcd_cannot_have_move_nothing)
{
    static const uint64_t revisions[] = {INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    size_t i;

    for (i = 0; i < 3; i++) {
        flow_request_t line;

        begin(1, 0);
        line = synced();
        watch_progress(&bench, line, 1, revisions[i]);
        put(line, revisions[i]);
        diary_expect(DIARY, "GAP @6");
        breaks_off(line);
        line = asks_later_from(7);
        created(line, revisions[i]);
        put(line, 7);
        diary_expect(DIARY, "SYNCED");
        diary_expect(DIARY, "PUT /w/a on @7");
        watch_flow_end(&bench);
    }
}

DISCO_TEST(another_cluster_is_a_gap)
{
    begin(1, 0);
    breaks_off(synced());
    bench.cluster = 99;
    created(asks_later_from(7), 900);
    created(asks_later_from(0), 900);
    diary_expect(DIARY, "GAP @900");
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_raft_term_that_runs_back_for_good_is_a_gap)
{
    flow_request_t line;
    size_t i;

    begin(1, 0);
    breaks_off(synced());
    bench.term = 1;
    for (i = 0; i < 3; i++)
        created(asks_later_from(7), 8);
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    for (i = 0; i < 2; i++) {
        line = asks_later_from(7);
        flow_advance(&bench.flow, 1500);
        created(line, 8);
    }
    created(asks_later_from(0), 8);
    diary_expect(DIARY, "GAP @8");
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_new_raft_term_is_no_trouble)
{
    begin(1, 0);
    breaks_off(synced());
    bench.term = 3;
    goes_on_from_7();
    watch_flow_end(&bench);
}

DISCO_TEST(headers_without_fields_are_no_trouble)
{
    begin(1, 0);
    breaks_off(synced());
    bench.cluster = bench.term = 0;
    created(asks_later_from(7), 0);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(progress_moves_the_watch)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    watch_progress(&bench, line, 1, 500);
    watch_progress(&bench, line, 1, 400);
    flow_settle(&bench.flow);
    breaks_off(line);
    created(asks_later_from(501), 500);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(progress_of_no_watch_or_another_moves_nothing)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    watch_say(line, watch_result(&bench, 500, "\"watch_id\":\"-1\""));
    watch_say(line, watch_result(&bench, 500, "\"canceled\":false"));
    watch_progress(&bench, line, 2, 500);
    flow_settle(&bench.flow);
    breaks_off(line);
    goes_on_from_7();
    watch_flow_end(&bench);
}

static void fragment(flow_request_t line, const char *events)
{
    watch_say(line, watch_result(
                        &bench, 9,
                        flow_text("\"watch_id\":\"1\",\"fragment\":true,\"events\":[%s]", events)));
}

DISCO_TEST(fragments_make_one_message)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    fragment(line, watch_put("/w/a", "1", 7));
    fragment(line, watch_put("/w/b", "2", 7));
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s", watch_put("/w/c", "3", 7), watch_put("/w/d", "4", 8)));
    diary_expect(DIARY, "PUT /w/a 1 @7");
    diary_expect(DIARY, "PUT /w/b 2 @7");
    diary_expect(DIARY, "PUT /w/c 3 @7");
    diary_expect(DIARY, "PUT /w/d 4 @8");
    breaks_off(line);
    created(asks_later_from(9), 9);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_stream_that_breaks_between_fragments_loses_and_doubles_nothing)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    fragment(line, watch_put("/w/a", "1", 7));
    fragment(line, watch_put("/w/b", "2", 7));
    watch_progress(&bench, line, 1, 20); /* not now */
    diary_expect(DIARY, "PUT /w/a 1 @7");
    diary_expect(DIARY, "PUT /w/b 2 @7");
    flow_settle(&bench.flow);
    breaks_off(line);
    line = asks_later_from(7);
    created(line, 9);
    fragment(line, watch_put("/w/a", "1", 7));
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s", watch_put("/w/b", "2", 7), watch_put("/w/c", "3", 7)));
    diary_expect(DIARY, "SYNCED");
    diary_expect(DIARY, "PUT /w/c 3 @7");
    breaks_off(line);
    created(asks_later_from(8), 9);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(what_was_told_is_not_told_again)
{
    flow_request_t line;

    begin(1, 7);
    line = asks_from(7);
    created(line, 8);
    watch_events(&bench, line, 1, 8,
                 flow_text("%s,%s", watch_put("/w/a", "old", 6), watch_put("/w/a", "on", 7)));
    put(line, 7);
    diary_expect(DIARY, "SYNCED");
    diary_expect(DIARY, "PUT /w/a on @7");
    watch_flow_end(&bench);
}

DISCO_TEST(a_stream_that_breaks_before_it_is_created_is_asked_from_now_again)
{
    flow_request_t line;

    begin(1, 0);
    line = asks_from(0);
    watch_begin(line);
    server_hang_up(line.server, line.request->connection);
    diary_expect(DIARY, "STALE EOF");
    created(asks_later_from(0), 6);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(where_now_was_is_kept)
{
    begin(1, 0);
    breaks_off(synced());
    /* Refused to connect, ended, and broken meanwhile: 6 stays where it began. */
    watch_begin(asks_later_from(7));
    server_hang_up_all(bench.flow.servers[0]);
    goes_on_from_7();
    watch_flow_end(&bench);
}

DISCO_TEST(keys_that_were_not_asked_for_are_passed_over)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s,%s,%s,%s", watch_put("/w/a", "1", 7), watch_put("/w-b", "2", 7),
                           watch_put("/wb", "3", 8), watch_put("/", "4", 8),
                           watch_put("/w/c", "5", 9)));
    diary_expect(DIARY, "PUT /w/a 1 @7");
    diary_expect(DIARY, "PUT /w/c 5 @9");
    /* A neighbour is in the range. */
    assert_int(flow_logged(&bench.flow, "not asked for"), 2);
    watch_flow_end(&bench);
}

DISCO_TEST(messages_for_watches_that_nobody_asked_for_are_passed_over)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    watch_events(&bench, line, 2, 7, watch_put("/w/a", "1", 7));
    watch_events(&bench, line, 0, 7, watch_put("/w/a", "1", 7));
    watch_created(&bench, line, 77, 7);
    watch_say(line, watch_result(&bench, 7, "\"watch_id\":\"5\",\"canceled\":true"));
    watch_say(line, watch_result(&bench, 7, "\"watch_id\":\"-1\",\"canceled\":true"));
    watch_say(line,
              watch_result(&bench, 7, flow_text("\"events\":[%s]", watch_put("/w/a", "1", 7))));
    put(line, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    assert_true(flow_logged(&bench.flow, "nobody asked for") >= 3);
    watch_flow_end(&bench);
}

DISCO_TEST(an_event_that_cannot_be_read_is_a_gap)
{
    flow_request_t line;

    begin(1, 0);
    line = synced();
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s,%s", watch_put("/w/a", "1", 7),
                           "{\"kv\":{\"key\":\"?\",\"mod_revision\":\"8\"}}",
                           watch_put("/w/b", "2", 9)));
    diary_expect(DIARY, "PUT /w/a 1 @7");
    diary_expect(DIARY, "GAP @8");
    diary_expect(DIARY, "PUT /w/b 2 @9");
    watch_events(&bench, line, 1, 10, "{}");
    diary_expect(DIARY, "GAP @9");
    breaks_off(line);
    created(asks_later_from(10), 10);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}
