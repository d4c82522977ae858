/* Many watches of a v3 client on one stream: one more, one less, one refused; none of the others
 * misses or doubles anything. */
#include "base/buffer.h"
#include "support/watch_flow.h"

static watch_flow_t bench;

static void begin(size_t servers)
{
    watch_flow_prepare(&bench, servers);
    watch_flow_start(&bench);
}

static void expect(size_t number, const char *line)
{
    diary_expect(&bench.diaries[number], line);
}

static const char *both_asked(uint64_t first, uint64_t second)
{
    return flow_text("%s%s", watch_asked(1, "/a", first), watch_asked(2, "/b", second));
}

/* /a from 7 on, live. */
static flow_request_t one_followed(size_t servers)
{
    flow_request_t line;

    begin(servers);
    (void)watch_flow_add(&bench, "/a", 7);
    line = watch_expect(&bench, watch_asked(1, "/a", 7));
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
    expect(0, "SYNCED");
    return line;
}

static void created_both(flow_request_t line, uint64_t revision)
{
    watch_begin(line);
    watch_created(&bench, line, 1, revision);
    watch_created(&bench, line, 2, revision);
}

/* /a and /b, asked for in one turn. */
static flow_request_t two_followed(size_t servers)
{
    flow_request_t line;

    begin(servers);
    (void)watch_flow_add(&bench, "/a", 7);
    (void)watch_flow_add(&bench, "/b", 7);
    line = watch_expect(&bench, both_asked(7, 7));
    created_both(line, 7);
    expect(0, "SYNCED");
    expect(1, "SYNCED");
    return line;
}

static size_t open_connections(void)
{
    flow_settle(&bench.flow);
    return server_open_count(bench.flow.servers[0]);
}

DISCO_TEST(watches_of_one_turn_share_one_stream)
{
    flow_request_t line = two_followed(1);

    watch_events(&bench, line, 2, 8, watch_put("/b/x", "1", 8));
    watch_events(&bench, line, 1, 9, watch_put("/a/x", "2", 9));
    expect(1, "PUT /b/x 1 @8");
    expect(0, "PUT /a/x 2 @9");
    assert_int(server_connection_count(bench.flow.servers[0]), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(with_one_more_the_old_stream_delivers_until_the_new_is_live)
{
    flow_request_t old = one_followed(1);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 0);
    line = watch_expect(&bench, both_asked(7, 0));
    watch_events(&bench, old, 1, 7, watch_put("/a/x", "1", 7));
    expect(0, "PUT /a/x 1 @7");
    watch_begin(line);
    watch_created(&bench, line, 1, 9);
    /* By both: by the old first, then by the new first. */
    watch_events(&bench, old, 1, 8, watch_put("/a/x", "2", 8));
    expect(0, "PUT /a/x 2 @8");
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s,%s", watch_put("/a/x", "1", 7), watch_put("/a/x", "2", 8),
                           watch_put("/a/x", "3", 9)));
    expect(0, "PUT /a/x 3 @9");
    watch_events(&bench, old, 1, 10,
                 flow_text("%s,%s", watch_put("/a/x", "3", 9), watch_put("/a/x", "4", 10)));
    expect(0, "PUT /a/x 4 @10");
    assert_int(open_connections(), 2);
    watch_created(&bench, line, 2, 9);
    expect(1, "SYNCED");
    assert_int(open_connections(), 1);
    watch_events(&bench, line, 1, 11,
                 flow_text("%s,%s", watch_put("/a/x", "4", 10), watch_put("/a/x", "5", 11)));
    expect(0, "PUT /a/x 5 @11");
    watch_events(&bench, line, 2, 11, watch_put("/b", "6", 11));
    expect(1, "PUT /b 6 @11");
    watch_flow_end(&bench);
}

DISCO_TEST(fragments_by_both_streams_are_told_once)
{
    flow_request_t old = one_followed(1);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 0);
    line = watch_expect(&bench, both_asked(7, 0));
    watch_say(old, watch_result(&bench, 7,
                                flow_text("\"watch_id\":\"1\",\"fragment\":true,\"events\":[%s]",
                                          watch_put("/a/1", "1", 7))));
    expect(0, "PUT /a/1 1 @7");
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
    watch_say(line,
              watch_result(&bench, 7,
                           flow_text("\"watch_id\":\"1\",\"fragment\":true,\"events\":[%s,%s]",
                                     watch_put("/a/1", "1", 7), watch_put("/a/2", "2", 7))));
    expect(0, "PUT /a/2 2 @7");
    watch_events(&bench, old, 1, 7,
                 flow_text("%s,%s", watch_put("/a/2", "2", 7), watch_put("/a/3", "3", 7)));
    expect(0, "PUT /a/3 3 @7");
    watch_events(&bench, line, 1, 8,
                 flow_text("%s,%s", watch_put("/a/3", "3", 7), watch_put("/a/4", "4", 8)));
    expect(0, "PUT /a/4 4 @8");
    watch_created(&bench, line, 2, 8);
    expect(1, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(changes_during_an_opening_wait_and_share_the_next)
{
    flow_request_t line;
    size_t i;

    (void)one_followed(1);
    (void)watch_flow_add(&bench, "/b", 5);
    line = watch_expect(&bench, both_asked(7, 5));
    for (i = 0; i < 5; i++) {
        (void)watch_flow_add(&bench, "/c", 5);
        flow_settle(&bench.flow);
    }
    watch_flow_close(&bench, 3);
    flow_expect_no_request(&bench.flow);
    created_both(line, 8);
    expect(1, "SYNCED");
    line = watch_expect(&bench, flow_text("%s%s%s%s%s", both_asked(7, 5), watch_asked(3, "/c", 5),
                                          watch_asked(4, "/c", 5), watch_asked(5, "/c", 5),
                                          watch_asked(6, "/c", 5)));
    assert_int(open_connections(), 2);
    created_both(line, 8);
    for (i = 3; i <= 6; i++)
        watch_created(&bench, line, i, 8);
    for (i = 2; i <= 6; i++) {
        if (i != 3)
            expect(i, "SYNCED");
    }
    assert_int(open_connections(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(a_change_between_two_attempts_goes_with_the_next)
{
    flow_request_t line = one_followed(1);

    server_stop_listening(line.server);
    server_hang_up_all(line.server);
    expect(0, "STALE EOF");
    (void)watch_flow_add(&bench, "/b", 3);
    bench.flow.pace = 1;
    expect(1, "STALE ECONNREFUSED");
    expect(0, "STALE ECONNREFUSED");
    bench.flow.pace = 0;
    flow_settle(&bench.flow); /* the clock stands: the next attempt is waited for */
    (void)watch_flow_add(&bench, "/c", 4);
    flow_settle(&bench.flow);
    server_listen(line.server);
    line = watch_expect_later(&bench, flow_text("%s%s", both_asked(7, 3), watch_asked(3, "/c", 4)));
    created_both(line, 7);
    watch_created(&bench, line, 3, 7);
    expect(0, "SYNCED");
    expect(1, "SYNCED");
    expect(2, "SYNCED");
    watch_flow_end(&bench);
}

DISCO_TEST(one_less_opens_nothing)
{
    flow_request_t line = two_followed(1);

    watch_flow_close(&bench, 0);
    watch_events(&bench, line, 1, 8, watch_put("/a/x", "1", 8));
    watch_events(&bench, line, 2, 9, watch_put("/b/x", "2", 9));
    expect(1, "PUT /b/x 2 @9");
    assert_int(open_connections(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(the_last_one_ends_the_stream)
{
    (void)two_followed(1);
    watch_flow_close(&bench, 0);
    watch_flow_close(&bench, 1);
    assert_int(open_connections(), 0);
    watch_flow_end(&bench);
}

DISCO_TEST(the_last_one_ends_an_opening_too)
{
    (void)one_followed(1);
    (void)watch_flow_add(&bench, "/b", 5);
    (void)watch_expect(&bench, both_asked(7, 5));
    watch_flow_close(&bench, 0);
    watch_flow_close(&bench, 1);
    assert_int(open_connections(), 0);
    watch_flow_end(&bench);
}

DISCO_TEST(closed_ones_are_left_behind_when_they_are_many)
{
    flow_request_t line;
    disco__buffer_t body;
    size_t i;

    begin(1);
    disco__buffer_init(&body);
    for (i = 0; i < 30; i++) {
        (void)watch_flow_add(&bench, "/a", 7);
        (void)disco__buffer_append_text(&body, watch_asked(i + 1, "/a", 7));
    }
    line = watch_expect(&bench, disco__buffer_text(&body));
    disco__buffer_free(&body);
    watch_begin(line);
    for (i = 0; i < 30; i++) {
        watch_created(&bench, line, i + 1, 7);
        expect(i, "SYNCED");
    }
    for (i = 0; i < 15; i++)
        watch_flow_close(&bench, i);
    flow_expect_no_request(&bench.flow);
    for (; i < 28; i++) {
        assert_status(disco_watch_close(bench.watches[i]), 0);
        bench.watches[i] = NULL;
    }
    for (i = 15; i < 28; i++)
        expect(i, "CLOSED ECANCELED");
    line =
        watch_expect(&bench, flow_text("%s%s", watch_asked(1, "/a", 7), watch_asked(2, "/a", 7)));
    created_both(line, 7);
    watch_events(&bench, line, 2, 8, watch_put("/a", "1", 8));
    expect(29, "PUT /a 1 @8");
    assert_int(open_connections(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(when_an_opening_fails_only_the_new_one_is_told)
{
    flow_request_t old = one_followed(2);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 5);
    line = watch_expect(&bench, both_asked(7, 5));
    watch_begin(line);
    watch_say(line, "{\"error\":{\"code\":14,\"message\":\"etcdserver: no leader\"}}");
    expect(1, "STALE DISCO_EUNAVAILABLE");
    line = watch_expect_later(&bench, both_asked(7, 5));
    assert_ptr_equal(line.server, bench.flow.servers[1]);
    watch_events(&bench, old, 1, 7, watch_put("/a/x", "1", 7));
    expect(0, "PUT /a/x 1 @7");
    server_hang_up(line.server, line.request->connection);
    expect(1, "STALE EOF");
    line = watch_expect_later(&bench, both_asked(8, 5));
    created_both(line, 7);
    expect(1, "SYNCED");
    flow_settle(&bench.flow);
    assert_int(server_open_count(bench.flow.servers[0]) + server_open_count(bench.flow.servers[1]),
               1);
    watch_flow_end(&bench);
}

DISCO_TEST(when_the_old_stream_breaks_the_opening_goes_on)
{
    flow_request_t old = one_followed(1);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 5);
    line = watch_expect(&bench, both_asked(7, 5));
    server_hang_up(old.server, old.request->connection);
    expect(0, "STALE EOF");
    created_both(line, 7);
    expect(0, "SYNCED");
    expect(1, "SYNCED");
    assert_int(open_connections(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(one_that_the_opening_follows_already_is_not_stale_when_the_old_breaks)
{
    flow_request_t old = one_followed(1);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 5);
    line = watch_expect(&bench, both_asked(7, 5));
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
    flow_settle(&bench.flow);
    server_hang_up(old.server, old.request->connection);
    flow_settle(&bench.flow);
    watch_created(&bench, line, 2, 7);
    expect(1, "SYNCED");
    watch_flow_end(&bench);
}

#define DENIED                                                                                     \
    "\"watch_id\":\"-1\",\"created\":true,\"canceled\":true,\"cancel_reason\":\"rpc error: code "  \
    "= PermissionDenied desc = etcdserver: permission denied\""

DISCO_TEST(one_that_is_denied_disturbs_no_other)
{
    flow_request_t line;
    flow_request_t again;

    begin(1);
    (void)watch_flow_add(&bench, "/a", 7);
    (void)watch_flow_add(&bench, "/b", 7);
    line = watch_expect(&bench, both_asked(7, 7));
    watch_begin(line);
    watch_say(line, watch_result(&bench, 7, DENIED));
    watch_created(&bench, line, 2, 7);
    expect(0, "STALE DISCO_EAUTH");
    expect(1, "SYNCED");
    flow_expect_no_request(&bench.flow);
    watch_events(&bench, line, 2, 8, watch_put("/b/x", "1", 8));
    expect(1, "PUT /b/x 1 @8");
    /* After a while they are tried together. */
    again = watch_expect_later(&bench, both_asked(7, 9));
    watch_begin(again);
    watch_say(again, watch_result(&bench, 9, DENIED));
    watch_events(&bench, line, 2, 9, watch_put("/b/x", "2", 9));
    expect(1, "PUT /b/x 2 @9");
    watch_created(&bench, again, 2, 9);
    watch_events(&bench, again, 2, 10,
                 flow_text("%s,%s", watch_put("/b/x", "2", 9), watch_put("/b/x", "3", 10)));
    expect(1, "PUT /b/x 3 @10");
    assert_int(open_connections(), 1);
    /* And now it is permitted. */
    again = watch_expect_later(&bench, both_asked(7, 11));
    created_both(again, 10);
    watch_events(&bench, again, 1, 10, watch_put("/a/x", "4", 8));
    expect(0, "SYNCED");
    expect(0, "PUT /a/x 4 @8");
    watch_flow_end(&bench);
}

DISCO_TEST(a_cancelled_one_has_a_gap_of_its_own)
{
    flow_request_t line = two_followed(1);

    watch_say(line, watch_result(&bench, 0,
                                 "\"watch_id\":\"2\",\"canceled\":true,"
                                 "\"compact_revision\":\"50\""));
    watch_events(&bench, line, 1, 60, watch_put("/a/x", "1", 60));
    expect(0, "PUT /a/x 1 @60");
    line = watch_expect_later(&bench, both_asked(61, 0));
    created_both(line, 60);
    expect(1, "GAP @60");
    watch_events(&bench, line, 2, 61, watch_put("/b/x", "2", 61));
    expect(1, "PUT /b/x 2 @61");
    watch_flow_end(&bench);
}

/* What the old stream has told is on its way by the new one, which goes on from before. */
DISCO_TEST(cancelled_on_the_old_stream_it_goes_on_with_the_new)
{
    flow_request_t old = one_followed(1);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 0);
    line = watch_expect(&bench, both_asked(7, 0));
    watch_events(&bench, old, 1, 8,
                 flow_text("%s,%s", watch_put("/a/x", "1", 7), watch_put("/a/x", "2", 8)));
    expect(0, "PUT /a/x 1 @7");
    expect(0, "PUT /a/x 2 @8");
    watch_begin(line);
    watch_created(&bench, line, 1, 8);
    flow_settle(&bench.flow);
    watch_say(old, watch_result(&bench, 0,
                                "\"watch_id\":\"1\",\"canceled\":true,"
                                "\"cancel_reason\":\"somebody did it\""));
    flow_settle(&bench.flow);
    watch_events(&bench, line, 1, 9,
                 flow_text("%s,%s,%s", watch_put("/a/x", "1", 7), watch_put("/a/x", "2", 8),
                           watch_put("/a/x", "3", 9)));
    expect(0, "PUT /a/x 3 @9");
    watch_created(&bench, line, 2, 9);
    expect(1, "SYNCED");
    assert_int(open_connections(), 1);
    watch_flow_end(&bench);
}

DISCO_TEST(another_cluster_is_a_gap_for_all)
{
    flow_request_t line = two_followed(1);

    bench.cluster = 99;
    watch_events(&bench, line, 1, 8, watch_put("/a/x", "1", 8));
    line = watch_expect_later(&bench, both_asked(0, 0));
    created_both(line, 3);
    expect(0, "GAP @3");
    expect(1, "GAP @3");
    watch_flow_end(&bench);
}

DISCO_TEST(another_cluster_on_a_new_stream_ends_the_old)
{
    flow_request_t old = one_followed(1);
    flow_request_t line;

    (void)watch_flow_add(&bench, "/b", 0);
    line = watch_expect(&bench, both_asked(7, 0));
    bench.cluster = 99;
    watch_begin(line);
    watch_created(&bench, line, 1, 900);
    line = watch_expect_later(&bench, both_asked(0, 0));
    assert_int(open_connections(), 1);
    bench.cluster = 7;
    watch_events(&bench, old, 1, 7, watch_put("/a/x", "1", 7)); /* too late */
    bench.cluster = 99;
    created_both(line, 900);
    expect(0, "GAP @900");
    expect(1, "GAP @900");
    expect(1, "SYNCED");
    watch_flow_end(&bench);
}
