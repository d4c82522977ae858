/* A watch stream whose token is refused: etcd says so in the stream, after a head of 200. */
#include "support/watch_flow.h"

#define AUTHENTICATE "POST /v3/auth/authenticate "
#define REFUSED(id, text)                                                                          \
    "{\"result\":{\"header\":{\"revision\":\"9\"},\"watch_id\":\"" id                              \
    "\",\"created\":true,\"canceled\":true,\"cancel_reason\":\"rpc error: code = " text "\"}}\n"
#define INVALID REFUSED("-1", "Unauthenticated desc = etcdserver: invalid auth token")
#define EMPTY REFUSED("-1", "InvalidArgument desc = etcdserver: user name is empty")
#define DIARY (&bench.diaries[0])

static watch_flow_t bench;

static void begin(void)
{
    watch_flow_prepare(&bench, 1);
    bench.flow.options.user = "user";
    bench.flow.options.password = "password";
    watch_flow_start(&bench);
    (void)watch_flow_add(&bench, "/w", 7);
}

static void authenticate(const char *token)
{
    flow_answer(&bench.flow, flow_expect_later(&bench.flow, AUTHENTICATE), 200, 0,
                flow_text("{\"token\":\"%s\"}", token));
}

static flow_request_t asks_with(const char *token)
{
    flow_request_t line = watch_expect_later(&bench, watch_asked(1, "/w", 7));

    assert_string_equal(server_request_field(line.request, "Authorization"), token);
    return line;
}

static void is_live(flow_request_t line)
{
    watch_begin(line);
    watch_created(&bench, line, 1, 7);
    diary_expect(DIARY, "SYNCED");
}

static void refused_in_the_stream(const char *message)
{
    flow_request_t line;

    begin();
    authenticate("one");
    line = asks_with("one");
    watch_begin(line);
    watch_say(line, message);
    authenticate("two");
    is_live(asks_with("two"));
    diary_expect_nothing(DIARY);
    watch_flow_end(&bench);
}

DISCO_TEST(a_token_refused_in_the_stream_is_renewed_without_a_word)
{
    refused_in_the_stream(INVALID);
    refused_in_the_stream(EMPTY);
    refused_in_the_stream(
        "{\"error\":{\"grpc_code\":16,\"http_code\":401,\"message\":\"etcdserver: invalid auth "
        "token\",\"http_status\":\"Unauthorized\"}}");
    refused_in_the_stream(
        "{\"error\":{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}}\n");
}

DISCO_TEST(a_token_refused_before_the_stream_is_renewed_without_a_word)
{
    begin();
    authenticate("one");
    flow_answer(&bench.flow, asks_with("one"), 401, 0,
                "{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}");
    authenticate("two");
    is_live(asks_with("two"));
    diary_expect_nothing(DIARY);
    watch_flow_end(&bench);
}

DISCO_TEST(a_second_refusal_is_told)
{
    flow_request_t line;

    begin();
    authenticate("one");
    line = asks_with("one");
    watch_begin(line);
    watch_say(line, INVALID);
    authenticate("two");
    line = asks_with("two");
    watch_begin(line);
    watch_say(line, INVALID);
    diary_expect(DIARY, "STALE DISCO_EAUTH");
    authenticate("three");
    is_live(asks_with("three"));
    watch_flow_end(&bench);
}

DISCO_TEST(a_wrong_password_is_told_and_tried_on)
{
    begin();
    flow_answer(&bench.flow, flow_expect(&bench.flow, AUTHENTICATE), 400, 0,
                "{\"code\":3,\"message\":\"etcdserver: authentication failed, invalid user ID or "
                "password\"}");
    diary_expect(DIARY, "STALE DISCO_EAUTH");
    authenticate("one");
    is_live(asks_with("one"));
    watch_flow_end(&bench);
}
