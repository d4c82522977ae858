/* A v3 stream of which nothing comes: it is checked, and another one shows whether it has missed
 * anything. */
#include "flow/watched_bench.h"

#define CHECK_MS 60000

static flow_request_t checked_later(void)
{
    flow_request_t check;

    bench.flow.pace = 100;
    check = flow_expect_on(&bench.flow, 0, RANGE);
    bench.flow.pace = 0;
    return check;
}

/* The check that comes when nothing has come for long enough. */
static flow_request_t checked(void)
{
    flow_advance(&bench.flow, CHECK_MS / 4 * 3 - 1);
    flow_expect_no_request(&bench.flow);
    return checked_later();
}

static flow_request_t followed_and_checked(size_t servers)
{
    flow_request_t line;

    watch_flow_prepare(&bench, servers);
    bench.flow.options.watch_check_ms = CHECK_MS;
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
    line = watch_expect(&bench, watch_asked(1, "/w", 7));
    created(line, 7);
    diary_expect(DIARY, "SYNCED");
    return line;
}

/* Silent, checked, and asked for anew: the new stream. */
static flow_request_t probed(void)
{
    flow_request_t line;

    flow_answer(&bench.flow, checked_later(), 200, 0, "{}");
    line = watch_expect(&bench, watch_asked(1, "/w", 7));
    created(line, 7);
    flow_settle(&bench.flow);
    return line;
}

static size_t open_on_first(void)
{
    flow_settle(&bench.flow);
    return server_open_count(bench.flow.servers[0]);
}

DISCO_TEST(a_silent_stream_is_checked_and_begun_anew)
{
    flow_request_t line = followed_and_checked(2);
    flow_request_t check;
    flow_request_t next;

    check = checked();
    assert_string_equal(check.request->body, "{\"key\":\"L3c=\",\"count_only\":true}");
    flow_answer(&bench.flow, check, 200, 0, "{}");
    next = flow_expect_on(&bench.flow, 0, WATCH);
    /* The old one is heard until the new one has more. */
    put(line, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    created(next, 7);
    put(next, 7);
    put(next, 8);
    diary_expect(DIARY, "PUT /w/a on @8");
    flow_settle(&bench.flow);
    put(line, 9); /* too late */
    assert_true(line.request->connection != next.request->connection);
    watch_flow_end(&bench);
}

/* Only so can it be given notices of progress, which come after ten minutes. */
DISCO_TEST(a_silent_stream_that_has_missed_nothing_is_kept)
{
    flow_request_t line = followed_and_checked(1);
    flow_request_t probe;
    size_t i;

    for (i = 0; i < 3; i++) {
        probe = probed();
        assert_int(open_on_first(), 2);
        flow_advance(&bench.flow, 3000);
        assert_int(open_on_first(), 1);
        put(probe, 9); /* too late */
    }
    watch_progress(&bench, line, 1, 500);
    flow_settle(&bench.flow);
    server_hang_up(line.server, line.request->connection);
    diary_expect(DIARY, "STALE EOF");
    created(asks_later_from(501), 500);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_silent_stream_that_breaks_while_it_is_probed_is_no_loss)
{
    flow_request_t line = followed_and_checked(1);
    flow_request_t probe = probed();

    server_hang_up(line.server, line.request->connection);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 3000);
    put(probe, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    assert_int(open_on_first(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(a_probe_that_breaks_is_no_loss)
{
    flow_request_t line = followed_and_checked(1);
    flow_request_t probe = probed();

    server_hang_up(probe.server, probe.request->connection);
    flow_settle(&bench.flow);
    put(line, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    (void)checked_later();
    flow_close(&bench.flow);
}

DISCO_TEST(a_silent_stream_is_left_when_not_even_progress_came)
{
    flow_request_t line = followed_and_checked(1);
    size_t i;

    for (i = 0; i < 660000 / (CHECK_MS / 4 * 3) + 1; i++) {
        (void)probed();
        flow_advance(&bench.flow, 3000);
    }
    assert_int(open_on_first(), 1);
    put(line, 7); /* too late */
    watch_flow_end(&bench);
}

/* The others were not asked for again yet. */
DISCO_TEST(what_was_missed_shows_before_all_are_created)
{
    flow_request_t line;
    flow_request_t next;
    const char *both = flow_text("%s%s", watch_asked(1, "/w", 7), watch_asked(2, "/v", 5));

    (void)followed_and_checked(1);
    (void)watch_flow_add(&bench, "/v", 5);
    line = watch_expect(&bench, both);
    created(line, 7);
    watch_created(&bench, line, 2, 7);
    diary_expect(&bench.diaries[1], "SYNCED");
    flow_answer(&bench.flow, checked(), 200, 0, "{}");
    next = watch_expect(&bench, both);
    created(next, 7);
    put(next, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    watch_created(&bench, next, 2, 7);
    flow_settle(&bench.flow);
    put(line, 8); /* too late */
    put(next, 8);
    diary_expect(DIARY, "PUT /w/a on @8");
    assert_int(open_on_first(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(canceled_on_the_silent_stream_it_goes_on_with_the_probe)
{
    flow_request_t line = followed_and_checked(1);
    flow_request_t next = probed();

    put(line, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    watch_say(line, watch_result(&bench, 0, "\"watch_id\":\"1\",\"canceled\":true"));
    flow_settle(&bench.flow);
    put(next, 7);
    put(next, 8);
    diary_expect(DIARY, "PUT /w/a on @8");
    assert_int(open_on_first(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(one_that_a_probe_is_denied_is_stale)
{
    flow_request_t line = followed_and_checked(1);
    flow_request_t next;

    flow_answer(&bench.flow, checked(), 200, 0, "{}");
    next = watch_expect(&bench, watch_asked(1, "/w", 7));
    watch_begin(next);
    watch_say(next, watch_result(&bench, 7,
                                 "\"watch_id\":\"-1\",\"created\":true,\"canceled\":true,"
                                 "\"cancel_reason\":\"etcdserver: permission denied\""));
    diary_expect(DIARY, "STALE DISCO_EAUTH");
    flow_settle(&bench.flow);
    put(line, 7); /* too late */
    goes_on_from_7();
    watch_flow_end(&bench);
}

DISCO_TEST(one_that_is_compacted_away_on_a_probe_has_a_gap)
{
    flow_request_t line = followed_and_checked(1);
    flow_request_t next = probed();

    watch_say(next, watch_result(&bench, 0,
                                 "\"watch_id\":\"1\",\"canceled\":true,"
                                 "\"compact_revision\":\"50\""));
    flow_settle(&bench.flow);
    put(line, 60); /* too late */
    created(asks_later_from(0), 70);
    diary_expect(DIARY, "GAP @70");
    watch_flow_end(&bench);
}

DISCO_TEST(a_stream_that_is_not_silent_is_not_checked)
{
    flow_request_t line = followed_and_checked(1);
    size_t i;

    for (i = 8; i < 20; i++) {
        flow_advance(&bench.flow, CHECK_MS / 2);
        watch_progress(&bench, line, 1, i);
        flow_settle(&bench.flow);
    }
    watch_flow_end(&bench);
}

DISCO_TEST(a_member_that_fails_its_check_is_left_for_the_next)
{
    flow_request_t line = followed_and_checked(2);

    flow_answer(&bench.flow, checked(), 503, 0,
                "{\"error\":\"etcdserver: no leader\",\"code\":14}");
    diary_expect(DIARY, "STALE DISCO_EUNAVAILABLE");
    created(flow_expect_on(&bench.flow, 1, WATCH), 7);
    diary_expect(DIARY, "SYNCED");
    put(line, 7); /* too late */
    watch_flow_end(&bench);
}

DISCO_TEST(a_member_that_does_not_answer_its_check_is_left_for_the_next)
{
    (void)followed_and_checked(2);
    (void)checked();
    flow_advance(&bench.flow, 3000);
    diary_expect(DIARY, "STALE ETIMEDOUT");
    created(flow_expect_on(&bench.flow, 1, WATCH), 7);
    diary_expect(DIARY, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(a_silent_stream_that_cannot_be_begun_anew_is_given_up)
{
    (void)followed_and_checked(2);
    flow_answer(&bench.flow, checked(), 403, 0,
                "{\"code\":7,\"message\":\"etcdserver: permission denied\"}");
    (void)flow_expect_on(&bench.flow, 0, WATCH);
    diary_expect_nothing(DIARY);
    flow_advance(&bench.flow, 3000);
    diary_expect(DIARY, "STALE ETIMEDOUT");
    created(flow_expect_on(&bench.flow, 1, WATCH), 7);
    diary_expect(DIARY, "SYNCED");
    flow_settle(&bench.flow);
    assert_int(server_open_count(bench.flow.servers[0]), 0);
    watch_flow_end(&bench);
}

DISCO_TEST(a_silent_stream_that_speaks_again_is_kept)
{
    flow_request_t line = followed_and_checked(1);

    flow_answer(&bench.flow, checked(), 200, 0, "{}");
    (void)flow_expect(&bench.flow, WATCH);
    put(line, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    flow_advance(&bench.flow, 3000);
    diary_expect_nothing(DIARY);
    put(line, 8);
    diary_expect(DIARY, "PUT /w/a on @8");
    created(asks_later_from(8), 8); /* asked for before the last event came */
    flow_settle(&bench.flow);
    watch_flow_end(&bench);
}

/* Else nobody was told that those on the silent one are not followed either. */
DISCO_TEST(a_silent_stream_is_checked_while_another_is_being_opened)
{
    (void)followed_and_checked(1);
    (void)watch_flow_add(&bench, "/v", 5);
    (void)flow_expect(&bench.flow, WATCH);
    bench.flow.pace = 100;
    diary_expect(&bench.diaries[1], "STALE ETIMEDOUT");
    (void)flow_expect(&bench.flow, RANGE);
    diary_expect(DIARY, "STALE ETIMEDOUT");
    flow_close(&bench.flow);
}

DISCO_TEST(a_silent_stream_is_doubted_while_another_is_being_opened)
{
    flow_request_t check;

    (void)followed_and_checked(1);
    (void)watch_flow_add(&bench, "/v", 5);
    (void)flow_expect(&bench.flow, WATCH);
    bench.flow.pace = 100;
    diary_expect(&bench.diaries[1], "STALE ETIMEDOUT");
    check = flow_expect(&bench.flow, RANGE);
    flow_answer(&bench.flow, check, 200, 0, "{}");
    diary_expect(DIARY, "STALE ETIMEDOUT");
    flow_close(&bench.flow);
}

DISCO_TEST(the_first_check_of_a_stream_follows_the_last)
{
    size_t i;
    flow_request_t line = followed_and_checked(1);

    for (i = 0; i < 3; i++) {
        flow_answer(&bench.flow, checked(), 200, 0, "{}");
        line = watch_expect(&bench, watch_asked(1, "/w", 7));
        created(line, 7);
        flow_settle(&bench.flow);
    }
    put(line, 7);
    diary_expect(DIARY, "PUT /w/a on @7");
    watch_flow_end(&bench);
}
