/* A v3 watch stream and tokens: etcd refuses one inside the stream, with status 200, or before it;
 * the watches are asked for again with another, and nothing is lost. */
#include "support/watch_flow.h"

#define AUTHENTICATE "POST /v3/auth/authenticate "

static watch_flow_t bench;

#define DIARY (&bench.diaries[0])

static void give_token(int number)
{
    flow_answer(&bench.flow, flow_expect_later(&bench.flow, AUTHENTICATE), 200, 0,
                flow_text("{\"token\":\"t.%d\"}", number));
}

static flow_request_t asks_with(int token, const char *body)
{
    flow_request_t line = watch_expect_later(&bench, body);

    assert_string_equal(server_request_field(line.request, "Authorization"),
                        flow_text("t.%d", token));
    return line;
}

static void created(flow_request_t line)
{
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
}

/* Asked from 7 on with the first token, not answered yet. */
static flow_request_t asked(void)
{
    watch_flow_prepare(&bench, 1);
    bench.flow.options.user = "us:er";
    bench.flow.options.password = "secret";
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
    give_token(1);
    return asks_with(1, watch_asked(1, "/w", 7));
}

static void end(void)
{
    flow_close_client(&bench.flow);
    flow_close(&bench.flow);
}

static void refuse(flow_request_t line, const char *reason)
{
    watch_begin(line);
    watch_say(line, watch_result(&bench, 7,
                                 flow_text("\"watch_id\":\"-1\",\"created\":true,\"canceled\":true,"
                                           "\"cancel_reason\":\"rpc error: code = %s\"",
                                           reason)));
}

#define INVALID "Unauthenticated desc = etcdserver: invalid auth token"
#define MISSING "InvalidArgument desc = etcdserver: user name is empty"
#define OLD "InvalidArgument desc = etcdserver: revision of auth store is old"

static void goes_on_with(int token)
{
    flow_request_t line = asks_with(token, watch_asked(1, "/w", 7));

    created(line);
    watch_events(&bench, line, 1, 7, watch_put("/w/a", "on", 7));
    diary_expect(DIARY, "SYNCED");
    diary_expect(DIARY, "PUT /w/a on @7");
}

static void renewed_after(const char *reason)
{
    refuse(asked(), reason);
    give_token(2);
    goes_on_with(2);
    flow_settle(&bench.flow);
    assert_int(server_open_count(bench.flow.servers[0]), 1);
    end();
}

DISCO_TEST(a_token_that_is_not_known_any_more_is_renewed)
{
    renewed_after(INVALID);
}

DISCO_TEST(a_token_that_is_missed_is_renewed)
{
    renewed_after(MISSING);
}

DISCO_TEST(a_token_of_an_old_user_list_is_renewed)
{
    renewed_after(OLD);
}

DISCO_TEST(a_second_refusal_is_told)
{
    refuse(asked(), INVALID);
    give_token(2);
    refuse(asks_with(2, watch_asked(1, "/w", 7)), INVALID);
    diary_expect(DIARY, "STALE DISCO_EAUTH");
    assert_string_equal(DIARY->detail.message, "etcd: etcdserver: invalid auth token");
    give_token(3);
    goes_on_with(3);
    end();
}

DISCO_TEST(a_refusal_before_the_stream_is_a_refusal_too)
{
    flow_answer(&bench.flow, asked(), 401, 0,
                "{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}");
    give_token(2);
    goes_on_with(2);
    end();
}

static void renewed_after_an_error(const char *error)
{
    flow_request_t line = asked();

    created(line);
    diary_expect(DIARY, "SYNCED");
    watch_say(line, error);
    give_token(2);
    line = asks_with(2, watch_asked(1, "/w", 7));
    created(line);
    watch_events(&bench, line, 1, 7, watch_put("/w/a", "on", 7));
    diary_expect(DIARY, "PUT /w/a on @7");
    end();
}

DISCO_TEST(an_error_in_the_stream_is_a_refusal_too)
{
    renewed_after_an_error("{\"error\":{\"grpc_code\":16,\"http_code\":401,\"message\":"
                           "\"etcdserver: invalid auth token\"}}");
    renewed_after_an_error(
        "{\"error\":{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}}");
}

DISCO_TEST(a_stream_that_is_live_outlives_its_token)
{
    flow_request_t old = asked();
    flow_request_t line;
    const char *both = flow_text("%s%s", watch_asked(1, "/w", 7), watch_asked(2, "/x", 5));

    created(old);
    diary_expect(DIARY, "SYNCED");
    (void)watch_flow_add(&bench, "/x", 5);
    refuse(asks_with(1, both), INVALID);
    give_token(2);
    watch_events(&bench, old, 1, 7, watch_put("/w/a", "on", 7));
    diary_expect(DIARY, "PUT /w/a on @7");
    line = flow_expect_later(&bench.flow, WATCH);
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
    watch_created(&bench, line, 2, 7);
    diary_expect(&bench.diaries[1], "SYNCED");
    diary_expect_nothing(DIARY);
    diary_expect_nothing(&bench.diaries[1]);
    end();
}

DISCO_TEST(a_user_that_is_refused_is_told_and_tried_again)
{
    watch_flow_prepare(&bench, 1);
    bench.flow.options.user = "us:er";
    bench.flow.options.password = "wrong";
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
    flow_answer(&bench.flow, flow_expect(&bench.flow, AUTHENTICATE), 400, 0,
                "{\"code\":3,\"message\":\"etcdserver: authentication failed, invalid user ID or "
                "password\"}");
    diary_expect(DIARY, "STALE DISCO_EAUTH");
    give_token(1);
    goes_on_with(1);
    end();
}

DISCO_TEST(closed_while_a_token_is_waited_for)
{
    watch_flow_prepare(&bench, 1);
    bench.flow.options.user = "us:er";
    bench.flow.options.password = "secret";
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
    (void)flow_expect(&bench.flow, AUTHENTICATE);
    /* What is added meanwhile goes with it. */
    (void)watch_flow_add(&bench, "/x", 5);
    watch_flow_close(&bench, 0);
    flow_settle(&bench.flow);
    assert_int(flow_untaken(&bench.flow, WATCH), 0);
    watch_flow_close(&bench, 1);
    end();
}

DISCO_TEST(a_change_while_a_token_is_waited_for_goes_with_it)
{
    flow_request_t question;
    flow_request_t line;

    watch_flow_prepare(&bench, 1);
    bench.flow.options.user = "us:er";
    bench.flow.options.password = "secret";
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
    question = flow_expect(&bench.flow, AUTHENTICATE);
    (void)watch_flow_add(&bench, "/x", 5);
    flow_settle(&bench.flow);
    flow_answer(&bench.flow, question, 200, 0, "{\"token\":\"t.1\"}");
    line = asks_with(1, flow_text("%s%s", watch_asked(1, "/w", 7), watch_asked(2, "/x", 5)));
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
    watch_created(&bench, line, 2, 7);
    diary_expect(DIARY, "SYNCED");
    diary_expect(&bench.diaries[1], "SYNCED");
    end();
}
