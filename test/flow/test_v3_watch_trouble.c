/* A v3 stream that is damaged or refused: the watch is resumed where it was, or told that it has a
 * gap. */
#include "flow/watched_bench.h"

static void begin(size_t servers, uint64_t from)
{
    watch_flow_prepare(&bench, servers);
    bench.flow.options.max_event_bytes = 1000;
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", from);
}

/* It is created from 7 on, then fails like this, and is resumed. */
static void resumed_after(void (*trouble)(flow_request_t line), const char *told)
{
    flow_request_t line;

    begin(2, 7);
    line = watch_expect(&bench, watch_asked(1, "/w", 7));
    created(line, 7);
    diary_expect(DIARY, "SYNCED");
    trouble(line);
    diary_expect(DIARY, told);
    goes_on_from_7();
    assert_int(server_open_count(line.server), 0);
    watch_flow_end(&bench);
}

static void ends(flow_request_t line)
{
    flow_send(line, "0\r\n\r\n");
}

DISCO_TEST(a_stream_that_ends_is_resumed)
{
    resumed_after(ends, "STALE EOF");
}

static void is_cut(flow_request_t line)
{
    flow_send(line, "80\r\n{\"result\":{\"watch_id\":\"1\",\"ev");
    server_hang_up(line.server, line.request->connection);
}

DISCO_TEST(a_message_that_is_cut_is_asked_for_again)
{
    resumed_after(is_cut, "STALE EOF");
}

static void is_reset(flow_request_t line)
{
    flow_settle(&bench.flow);
    server_reset(line.server, line.request->connection);
}

DISCO_TEST(a_stream_that_is_reset_is_resumed)
{
    resumed_after(is_reset, "STALE ECONNRESET");
}

static void is_garbage(flow_request_t line)
{
    watch_say(line, "what?");
}

DISCO_TEST(garbage_between_messages_is_asked_for_again)
{
    resumed_after(is_garbage, "STALE DISCO_EPROTOCOL");
}

static void is_no_json(flow_request_t line)
{
    watch_say(line, "{\"result\":{\"watch_id\":}}");
}

DISCO_TEST(a_message_that_is_no_json_is_asked_for_again)
{
    resumed_after(is_no_json, "STALE DISCO_EPROTOCOL");
}

static void is_neither(flow_request_t line)
{
    watch_say(line, "{}");
}

DISCO_TEST(a_message_without_a_result_is_asked_for_again)
{
    resumed_after(is_neither, "STALE DISCO_EPROTOCOL");
}

static void has_wrong_types(flow_request_t line)
{
    watch_say(line, "{\"result\":{\"watch_id\":true,\"events\":7}}");
}

DISCO_TEST(a_message_of_wrong_types_is_asked_for_again)
{
    resumed_after(has_wrong_types, "STALE DISCO_EPROTOCOL");
}

static void has_no_leader(flow_request_t line)
{
    watch_say(line, "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"etcdserver: no "
                    "leader\",\"http_status\":\"Service Unavailable\"}}");
}

DISCO_TEST(an_error_in_the_stream_of_old_is_resumed)
{
    resumed_after(has_no_leader, "STALE DISCO_EUNAVAILABLE");
}

static void is_shutting_down(flow_request_t line)
{
    watch_say(line, "{\"error\":{\"code\":14,\"message\":\"error reading from server: EOF\"}}");
    flow_send(line, "0\r\n\r\n");
}

DISCO_TEST(an_error_in_the_stream_of_today_is_resumed)
{
    resumed_after(is_shutting_down, "STALE DISCO_EUNAVAILABLE");
}

DISCO_TEST(a_member_without_a_leader_is_left_for_the_next)
{
    flow_request_t line;

    begin(2, 7);
    line = watch_expect(&bench, watch_asked(1, "/w", 7));
    assert_ptr_equal(line.server, bench.flow.servers[0]);
    created(line, 7);
    diary_expect(DIARY, "SYNCED");
    has_no_leader(line);
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    assert_string_equal(DIARY->detail.message, "etcd: etcdserver: no leader");
    line = asks_later_from(7);
    assert_ptr_equal(line.server, bench.flow.servers[1]);
    created(line, 7);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_message_that_stays_unreadable_is_a_gap)
{
    size_t i;

    begin(1, 7);
    for (i = 0; i < 3; i++) {
        flow_request_t line = asks_later_from(7);

        created(line, 7);
        diary_expect(DIARY, "SYNCED");
        is_garbage(line);
        diary_expect(DIARY, "STALE DISCO_EPROTOCOL");
    }
    created(asks_later_from(0), 7);
    diary_expect(DIARY, "GAP @7");
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

/* Each time the stream that is live shows that etcd was not set back. */
DISCO_TEST(members_that_lag_now_and_then_are_not_believed)
{
    flow_request_t line;
    size_t i;

    begin(1, 7);
    line = asks_later_from(7);
    created(line, 20);
    diary_expect(DIARY, "SYNCED");
    put(line, 20);
    diary_expect(DIARY, "PUT /w/a on @20");
    for (i = 1; i <= 4; i++) {
        const char *both = flow_text("%s%s", watch_asked(1, "/w", 21), watch_asked(2, "/v", 5));

        flow_advance(&bench.flow, 600000);
        assert_int(watch_flow_add(&bench, "/v", 5), i);
        line = watch_expect_later(&bench, both);
        created(line, 15);
        diary_expect(&bench.diaries[i], "STALE DISCO_EUNAVAILABLE");
        line = watch_expect_later(&bench, both);
        created(line, 20);
        watch_created(&bench, line, 2, 20);
        diary_expect(&bench.diaries[i], "SYNCED");
        watch_flow_close(&bench, i);
    }
    watch_flow_end(&bench);
}

/* It costs those nothing that are followed. */
DISCO_TEST(one_that_begins_in_the_future_of_a_live_stream_has_a_gap_of_its_own)
{
    const char *both = flow_text("%s%s", watch_asked(1, "/w", 21), watch_asked(2, "/v", 700));
    flow_request_t live;
    flow_request_t line;
    size_t i;

    begin(1, 7);
    live = asks_later_from(7);
    created(live, 20);
    diary_expect(DIARY, "SYNCED");
    put(live, 20);
    diary_expect(DIARY, "PUT /w/a on @20");
    flow_advance(&bench.flow, 600000);
    assert_int(watch_flow_add(&bench, "/v", 700), 1);
    for (i = 0; i < 4; i++) {
        line = watch_expect_later(&bench, both);
        created(line, 20);
        watch_created(&bench, line, 2, 20);
        flow_settle(&bench.flow);
    }
    for (i = 0; i < 2; i++) {
        line = watch_expect_later(&bench, both);
        flow_advance(&bench.flow, 1500);
        created(line, 20);
        watch_created(&bench, line, 2, 20);
    }
    line = watch_expect_later(&bench,
                              flow_text("%s%s", watch_asked(1, "/w", 21), watch_asked(2, "/v", 0)));
    put(live, 21);
    diary_expect(DIARY, "PUT /w/a on @21");
    created(line, 21);
    watch_created(&bench, line, 2, 21);
    diary_expect(&bench.diaries[1], "STALE DISCO_EUNAVAILABLE");
    diary_expect(&bench.diaries[1], "GAP @21");
    diary_expect(&bench.diaries[1], "SYNCED");
    put(line, 21);
    put(line, 22);
    diary_expect(DIARY, "PUT /w/a on @22");
    watch_flow_end(&bench);
}

DISCO_TEST(a_message_over_the_limit_is_a_gap)
{
    flow_request_t line;

    begin(1, 7);
    line = asks_later_from(7);
    created(line, 7);
    diary_expect(DIARY, "SYNCED");
    watch_events(&bench, line, 1, 7, watch_put("/w/a", flow_text("%01000d", 0), 7));
    diary_expect(DIARY, "STALE DISCO_ETOOLARGE");
    created(asks_later_from(0), 7);
    diary_expect(DIARY, "GAP @7");
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_stream_has_no_limit_as_a_whole)
{
    flow_request_t line;
    size_t i;

    begin(1, 7);
    line = asks_later_from(7);
    created(line, 7);
    diary_expect(DIARY, "SYNCED");
    for (i = 7; i < 40; i++) {
        watch_events(&bench, line, 1, i, watch_put("/w/a", flow_text("%0500d", 0), i));
        diary_expect(DIARY, flow_text("PUT /w/a %0500d @%zu", 0, i));
    }
    watch_flow_end(&bench);
}

DISCO_TEST(trouble_without_end_is_no_busy_loop)
{
    size_t i;
    size_t before;

    begin(1, 7);
    /* Created, and broken at once, again and again. */
    for (i = 0; i < 10; i++) {
        flow_request_t line = asks_later_from(7);

        created(line, 7);
        diary_expect(DIARY, "SYNCED");
        has_no_leader(line);
        diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
        before = server_request_count(bench.flow.servers[0]);
        flow_settle(&bench.flow);
        /* The clock stands; only a pause of no time at all could have passed. */
        assert_true(server_request_count(bench.flow.servers[0]) <= before + 1);
    }
    goes_on_from_7();
    watch_flow_end(&bench);
}

static void create_and_hang_up(server_t *server, const server_request_t *request, void *data)
{
    flow_request_t line = {server, request};

    (void)data;
    created(line, 7);
    server_hang_up(server, request->connection);
}

/* Such as by a proxy before a member that falls over at once. */
DISCO_TEST(streams_that_break_at_once_come_ever_more_seldom)
{
    size_t asked = 0;
    size_t i;

    watch_flow_prepare(&bench, 3);
    bench.flow.options.backoff_first_ms = 100;
    bench.flow.options.backoff_most_ms = 10000;
    for (i = 0; i < 3; i++)
        server_set_handler(bench.flow.servers[i], create_and_hang_up, NULL);
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
    bench.flow.pace = 20;
    for (i = 0; i < 3000; i++)
        flow_step(&bench.flow, uv_hrtime(), "", __FILE__, __LINE__);
    for (i = 0; i < 3; i++)
        asked += server_request_count(bench.flow.servers[i]);
    assert_in_range(asked, 6, 60); /* in a minute */
    flow_close(&bench.flow);
}

/* split 0: bytewise. False when there is no such split. */
static bool split_at(size_t split)
{
    flow_request_t line;
    const char *one;
    const char *two;
    const char *answer;
    bool possible;

    begin(1, 7);
    line = watch_expect(&bench, watch_asked(1, "/w", 7));
    one = watch_result(&bench, 7, "\"watch_id\":\"1\",\"created\":true");
    two = watch_result(
        &bench, 7,
        flow_text("\"watch_id\":\"1\",\"events\":[%s]", watch_put("/w/a", "\xc3\xa4}\"", 7)));
    answer = flow_text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n"
                       "1\r\n\n\r\n%zx\r\n%s\r\n",
                       strlen(one), one, strlen(two), two);
    possible = split < strlen(answer);
    server_send_split(line.server, line.request->connection, answer, strlen(answer),
                      split > 0 ? split : SERVER_BYTEWISE);
    diary_expect(DIARY, "SYNCED");
    diary_expect(DIARY, "PUT /w/a \xc3\xa4}\" @7");
    flow_close(&bench.flow);
    return possible;
}

DISCO_TEST(a_stream_may_be_split_at_every_byte)
{
    size_t split = 0;

    while (split_at(split))
        split++;
    assert_true(split > 300);
}

DISCO_TEST(stale_is_told_once_for_each_kind_of_trouble)
{
    size_t i;

    begin(1, 7);
    for (i = 0; i < 3; i++)
        flow_answer(&bench.flow, asks_later_from(7), 503, 0,
                    "{\"code\":14,\"message\":\"etcdserver: no leader\"}");
    for (i = 0; i < 3; i++)
        flow_answer(&bench.flow, asks_later_from(7), 403, 0,
                    "{\"code\":7,\"message\":\"etcdserver: permission denied\"}");
    for (i = 0; i < 3; i++)
        flow_answer(&bench.flow, asks_later_from(7), 302, 0, "");
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    diary_expect(DIARY, "STALE DISCO_EAUTH");
    diary_expect(DIARY, "STALE DISCO_EPROTOCOL");
    goes_on_from_7();
    watch_flow_end(&bench);
}

DISCO_TEST(a_stream_whose_head_does_not_come_goes_to_the_next)
{
    begin(2, 7);
    (void)flow_expect_on(&bench.flow, 0, WATCH);
    flow_advance(&bench.flow, 2999);
    flow_expect_no_request(&bench.flow);
    flow_advance(&bench.flow, 1);
    diary_expect(DIARY, "STALE ETIMEDOUT");
    created(flow_expect_on(&bench.flow, 1, WATCH), 6);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_watch_that_is_not_created_goes_to_the_next)
{
    flow_request_t line;

    begin(2, 7);
    line = flow_expect_on(&bench.flow, 0, WATCH);
    watch_begin(line);
    watch_progress(&bench, line, 1, 6); /* is not it */
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 2999);
    flow_expect_no_request(&bench.flow);
    flow_advance(&bench.flow, 1);
    diary_expect(DIARY, "STALE ETIMEDOUT");
    line = asks_later_from(7);
    assert_ptr_equal(line.server, bench.flow.servers[1]);
    created(line, 6);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_stream_that_is_live_has_all_the_time)
{
    begin(1, 7);
    created(asks_later_from(7), 7);
    diary_expect(DIARY, "SYNCED");
    flow_advance(&bench.flow, 500000000);
    diary_expect_nothing(DIARY);
    watch_flow_end(&bench);
}
