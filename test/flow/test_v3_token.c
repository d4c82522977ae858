/* User and password on the v3 API: a token is fetched once for all who need it, sent with each
 * request, renewed in every way that etcd refuses one, and seen nowhere else. */
#include "base/timer.h"
#include "support/flow.h"

#define AUTHENTICATE "POST /v3/auth/authenticate "
#define TXN "POST /v3/kv/txn "
#define PASSWORD "S3cr3t-\"Pa55word\""
#define CREDENTIALS "{\"name\":\"us:er\",\"password\":\"S3cr3t-\\\"Pa55word\\\"\"}"
#define TOKEN "zYpcTRzSuPDjqiKp"
#define HEADER "\"header\":{\"cluster_id\":\"1\",\"revision\":\"9\"}"
#define FOUND                                                                                      \
    "{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":"        \
    "\"L2E=\",\"mod_revision\":\"5\",\"value\":\"MQ==\"}]}}]}"
#define STORM 100

static void open_as(flow_t *flow, size_t servers)
{
    flow_open(flow, servers);
    flow->options.api = DISCO_API_V3;
    flow->options.user = "us:er";
    flow->options.password = PASSWORD;
}

static void begin(flow_t *flow, size_t servers)
{
    open_as(flow, servers);
    flow_start(flow);
}

/* And no trace of what is secret. */
static void end(flow_t *flow)
{
    flow_close_client(flow);
    assert_int(flow_logged(flow, "S3cr3t"), 0);
    assert_int(flow_logged(flow, TOKEN), 0);
    flow_close(flow);
}

static void get(flow_t *flow, diary_t *diary)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_get(flow->client, "/a", NULL, diary_kv_cb, diary, NULL), 0);
}

static flow_request_t asked(flow_request_t request)
{
    assert_string_equal(request.request->body, CREDENTIALS);
    assert_null(server_request_field(request.request, "Authorization"));
    return request;
}

static flow_request_t expect_question(flow_t *flow)
{
    return asked(flow_expect(flow, AUTHENTICATE));
}

/* etcd's tokens: one name and a number. */
static void give_token(flow_t *flow, flow_request_t request, int number)
{
    flow_answer(flow, request, 200, 0,
                flow_text("{" HEADER ",\"token\":\"" TOKEN ".%d\"}", number));
}

static void authenticate(flow_t *flow, int number)
{
    give_token(flow, expect_question(flow), number);
}

/* After a token that was of no use. */
static void authenticate_later(flow_t *flow, int number)
{
    give_token(flow, asked(flow_expect_later(flow, AUTHENTICATE)), number);
}

static flow_request_t with_token(flow_request_t request, int number)
{
    const char *sent = server_request_field(request.request, "Authorization");

    assert_non_null(sent);
    assert_string_equal(sent, flow_text(TOKEN ".%d", number));
    return request;
}

static flow_request_t expect_with(flow_t *flow, int number)
{
    return with_token(flow_expect(flow, TXN), number);
}

static void refuse(flow_t *flow, flow_request_t request, int status, int code, const char *message)
{
    flow_answer(
        flow, request, status, 0,
        flow_text("{\"error\":\"%s\",\"code\":%d,\"message\":\"%s\"}", message, code, message));
}

static void answered_with(flow_t *flow, diary_t *diary, int number)
{
    flow_answer(flow, expect_with(flow, number), 200, 0, FOUND);
    diary_expect(diary, "OK /a=1@5");
}

static void assert_secret(const diary_t *diary)
{
    assert_null(strstr(diary->detail.message, "S3cr3t"));
    assert_null(strstr(diary->detail.message, TOKEN));
}

DISCO_TEST(a_token_is_fetched_when_it_is_first_needed_and_kept)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    flow_expect_no_request(&flow);
    get(&flow, &diary);
    authenticate(&flow, 1);
    answered_with(&flow, &diary, 1);
    get(&flow, &diary);
    answered_with(&flow, &diary, 1);
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(all_who_wait_get_the_same_token)
{
    flow_t flow;
    diary_t diaries[STORM];
    flow_request_t question;
    size_t i;

    begin(&flow, 1);
    for (i = 0; i < STORM; i++)
        get(&flow, &diaries[i]);
    question = expect_question(&flow);
    flow_expect_no_request(&flow);
    give_token(&flow, question, 1);
    for (i = 0; i < STORM; i++)
        flow_answer(&flow, expect_with(&flow, 1), 200, 0, FOUND);
    for (i = 0; i < STORM; i++)
        diary_expect(&diaries[i], "OK /a=1@5");
    flow_expect_no_request(&flow);
    end(&flow);
}

static void refused_token_is_renewed(int status, const char *body)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    get(&flow, &diary);
    authenticate(&flow, 1);
    answered_with(&flow, &diary, 1);
    get(&flow, &diary);
    flow_answer(&flow, expect_with(&flow, 1), status, 0, body);
    authenticate(&flow, 2);
    /* The endpoint was not at fault. */
    flow_answer(&flow, with_token(flow_expect_on(&flow, 0, TXN), 2), 200, 0, FOUND);
    diary_expect(&diary, "OK /a=1@5");
    diary_expect_nothing(&diary);
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(an_invalid_token_is_renewed)
{
    refused_token_is_renewed(401, "{\"error\":\"etcdserver: invalid auth token\",\"message\":"
                                  "\"etcdserver: invalid auth token\",\"code\":16}");
    refused_token_is_renewed(401, "{\"code\":16, \"message\":\"etcdserver: invalid auth token\"}");
}

DISCO_TEST(a_token_that_got_lost_is_renewed)
{
    refused_token_is_renewed(400, "{\"error\":\"etcdserver: user name is empty\",\"message\":"
                                  "\"etcdserver: user name is empty\",\"code\":3}");
    refused_token_is_renewed(400, "{\"code\":3, \"message\":\"etcdserver: user name is empty\"}");
}

DISCO_TEST(a_token_of_an_older_time_is_renewed)
{
    refused_token_is_renewed(400, "{\"code\":3, \"message\":\"etcdserver: revision of auth store "
                                  "is old\"}");
}

static void no_answer_at_all(bool reset)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 1);
    get(&flow, &diary);
    authenticate(&flow, 1);
    request = expect_with(&flow, 1);
    if (reset)
        server_reset(request.server, request.request->connection);
    else
        server_hang_up(request.server, request.request->connection);
    /* On a connection that was used before the pool asks once more by itself. */
    if (!reset || flow_untaken(&flow, TXN) > 0) {
        request = expect_with(&flow, 1);
        server_hang_up(request.server, request.request->connection);
    }
    authenticate_later(&flow, 2);
    answered_with(&flow, &diary, 2);
    diary_expect_nothing(&diary);
    assert_int(flow_logged(&flow, "CONNRESET"), 0);
    end(&flow);
}

DISCO_TEST(no_answer_at_all_may_be_for_the_token)
{
    no_answer_at_all(false);
    no_answer_at_all(true);
}

DISCO_TEST(a_new_token_that_gets_no_answer_either_is_not_why)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 2);
    get(&flow, &diary);
    authenticate(&flow, 1);
    request = expect_with(&flow, 1);
    server_hang_up(request.server, request.request->connection);
    request = expect_with(&flow, 1);
    server_hang_up(request.server, request.request->connection);
    authenticate_later(&flow, 2);
    request = with_token(flow_expect_on(&flow, 0, TXN), 2);
    server_hang_up(request.server, request.request->connection);
    if (flow_untaken(&flow, TXN) > 0 && flow_untaken(&flow, AUTHENTICATE) == 0) {
        request = with_token(flow_expect(&flow, TXN), 2);
        if (request.server == flow.servers[0]) {
            server_hang_up(request.server, request.request->connection);
            request = with_token(flow_expect_on(&flow, 1, TXN), 2);
        }
    }
    assert_ptr_equal(request.server, flow.servers[1]);
    flow_answer(&flow, request, 200, 0, FOUND);
    diary_expect(&diary, "OK /a=1@5");
    end(&flow);
}

DISCO_TEST(a_doubted_token_is_gone_on_with_where_no_other_can_be_had)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 2);
    get(&flow, &diary);
    authenticate(&flow, 1);
    answered_with(&flow, &diary, 1);
    get(&flow, &diary);
    request = with_token(flow_expect_on(&flow, 0, TXN), 1);
    server_stop_listening(flow.servers[0]);
    server_hang_up_all(flow.servers[0]);
    (void)request;
    /* The question cannot be put to the first, and the second has not to be asked. */
    request = with_token(flow_expect_on(&flow, 1, TXN), 1);
    flow_answer(&flow, request, 200, 0, FOUND);
    diary_expect(&diary, "OK /a=1@5");
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(a_storm_of_refusals_is_one_renewal)
{
    flow_t flow;
    diary_t diaries[STORM];
    flow_request_t requests[STORM];
    size_t i;

    open_as(&flow, 1);
    flow.options.max_connections = STORM;
    flow_start(&flow);
    for (i = 0; i < STORM; i++)
        get(&flow, &diaries[i]);
    authenticate(&flow, 1);
    for (i = 0; i < STORM; i++)
        requests[i] = expect_with(&flow, 1);
    for (i = 0; i < STORM / 2; i++)
        refuse(&flow, requests[i], 401, 16, "etcdserver: invalid auth token");
    authenticate_later(&flow, 2);
    for (i = 0; i < STORM / 2; i++)
        flow_answer(&flow, expect_with(&flow, 2), 200, 0, FOUND);
    /* The others come late, with the old token. */
    for (; i < STORM; i++)
        refuse(&flow, requests[i], 401, 16, "etcdserver: invalid auth token");
    for (i = 0; i < STORM / 2; i++)
        flow_answer(&flow, expect_with(&flow, 2), 200, 0, FOUND);
    for (i = 0; i < STORM; i++)
        diary_expect(&diaries[i], "OK /a=1@5");
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(tokens_that_are_refused_again_and_again_are_asked_for_ever_more_slowly)
{
    flow_t flow;
    diary_t diary;
    int number = 1;
    uint64_t began;

    open_as(&flow, 1);
    flow.options.request_timeout_ms = 1000000;
    flow_start(&flow);
    get(&flow, &diary);
    authenticate(&flow, number);
    began = disco__now(&flow.client->loop);
    while (disco__now(&flow.client->loop) - began < 30000) {
        if (flow_untaken(&flow, AUTHENTICATE) > 0)
            authenticate(&flow, number);
        if (flow_untaken(&flow, TXN) > 0)
            refuse(&flow, expect_with(&flow, number++), 401, 16, "etcdserver: invalid auth token");
        flow_advance(&flow, 500);
    }
    /* The bounds are 0.1, 0.2, 0.4, ... and at last 10 seconds. */
    assert_in_range(number, 3, 30);
    diary_expect_nothing(&diary);
    end(&flow);
}

DISCO_TEST(a_wrong_password_ends_every_call_that_waits)
{
    flow_t flow;
    diary_t diaries[3];
    size_t i;

    begin(&flow, 2);
    for (i = 0; i < 3; i++)
        get(&flow, &diaries[i]);
    refuse(&flow, expect_question(&flow), 400, 3,
           "etcdserver: authentication failed, invalid user ID or password");
    for (i = 0; i < 3; i++) {
        diary_expect(&diaries[i], "DISCO_EAUTH");
        assert_non_null(strstr(diaries[i].detail.message, "invalid user ID or password"));
        assert_secret(&diaries[i]);
    }
    flow_expect_no_request(&flow);
    /* It may be right by now. */
    flow_advance(&flow, 100);
    get(&flow, &diaries[0]);
    authenticate(&flow, 1);
    answered_with(&flow, &diaries[0], 1);
    end(&flow);
}

DISCO_TEST(where_authentication_is_off_no_token_is_sent)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 1);
    get(&flow, &diary);
    refuse(&flow, expect_question(&flow), 412, 9, "etcdserver: authentication is not enabled");
    request = flow_expect(&flow, TXN);
    assert_null(server_request_field(request.request, "Authorization"));
    flow_answer(&flow, request, 200, 0, FOUND);
    diary_expect(&diary, "OK /a=1@5");
    /* Until it is switched on. */
    get(&flow, &diary);
    request = flow_expect(&flow, TXN);
    assert_null(server_request_field(request.request, "Authorization"));
    refuse(&flow, request, 400, 3, "etcdserver: user name is empty");
    authenticate(&flow, 1);
    answered_with(&flow, &diary, 1);
    end(&flow);
}

DISCO_TEST(without_a_user_a_refusal_is_the_answer)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    flow_open(&flow, 2);
    flow.options.api = DISCO_API_V3;
    flow_start(&flow);
    get(&flow, &diary);
    request = flow_expect(&flow, TXN);
    assert_null(server_request_field(request.request, "Authorization"));
    refuse(&flow, request, 400, 3, "etcdserver: user name is empty");
    diary_expect(&diary, "DISCO_EAUTH");
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(the_version_is_asked_for_without_a_token)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_server_version(flow.client, diary_version_cb, &diary, NULL), 0);
    request = flow_expect(&flow, "GET /version ");
    assert_null(server_request_field(request.request, "Authorization"));
    flow_answer(&flow, request, 200, 0, "{\"etcdserver\":\"3.6.16\",\"etcdcluster\":\"3.6.0\"}");
    diary_expect(&diary, "OK 3.6.16 3.6.0");
    end(&flow);
}

DISCO_TEST(what_the_user_may_not_do_is_no_matter_of_tokens)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    get(&flow, &diary);
    authenticate(&flow, 1);
    refuse(&flow, expect_with(&flow, 1), 403, 7, "etcdserver: permission denied");
    diary_expect(&diary, "DISCO_EAUTH");
    get(&flow, &diary);
    answered_with(&flow, &diary, 1);
    end(&flow);
}

static void bad_answer(int status, const char *body)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    get(&flow, &diary);
    flow_answer(&flow, flow_expect_on(&flow, 0, AUTHENTICATE), status, 0, body);
    give_token(&flow, flow_expect_on(&flow, 1, AUTHENTICATE), 2);
    answered_with(&flow, &diary, 2);
    end(&flow);
}

DISCO_TEST(an_answer_without_a_token_is_the_endpoints_fault)
{
    bad_answer(200, "{" HEADER "}");
    bad_answer(200, "{" HEADER ",\"token\":\"\"}");
    bad_answer(200, "{" HEADER ",\"token\":7}");
    bad_answer(200, "{" HEADER ",\"token\":\"a b\"}");
    bad_answer(200, "{" HEADER ",\"token\":\"a\\r\\nX: y\"}");
    bad_answer(200, "{" HEADER ",\"token\":\"\\u00e9\"}");
    bad_answer(200, "token");
    bad_answer(200, "[]");
    bad_answer(503, "{\"code\":14,\"message\":\"etcdserver: no leader\"}");
    bad_answer(500, "no");
}

DISCO_TEST(a_call_waits_no_longer_than_its_time)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    get(&flow, &diary);
    (void)expect_question(&flow);
    flow_advance(&flow, 14999);
    diary_expect_nothing(&diary);
    flow_advance(&flow, 1);
    diary_expect(&diary, "ETIMEDOUT");
    while (flow_untaken(&flow, AUTHENTICATE) > 0)
        (void)expect_question(&flow);
    /* Nobody waits for a token any more. */
    flow_advance(&flow, 60000);
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(without_any_endpoint_a_call_ends_after_one_round)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    server_stop_listening(flow.servers[1]);
    get(&flow, &diary);
    diary_expect(&diary, "ECONNREFUSED");
    flow_expect_no_request(&flow);
    end(&flow);
}

DISCO_TEST(waiting_is_cancelled_like_anything_else)
{
    disco_request_t *requests[2];
    flow_t flow;
    diary_t diaries[2];
    flow_request_t question;
    size_t i;

    begin(&flow, 1);
    for (i = 0; i < 2; i++) {
        diary_begin(&diaries[i], &flow);
        assert_status(disco_kv_get(flow.client, "/a", NULL, diary_kv_cb, &diaries[i], &requests[i]),
                      0);
    }
    question = expect_question(&flow);
    assert_status(disco_request_cancel(requests[0]), 0);
    diary_expect(&diaries[0], "ECANCELED");
    give_token(&flow, question, 1);
    answered_with(&flow, &diaries[1], 1);
    diary_expect_nothing(&diaries[0]);
    end(&flow);
}

DISCO_TEST(the_last_one_that_waits_takes_the_question_with_it)
{
    disco_request_t *request;
    flow_t flow;
    diary_t diary;
    flow_request_t question;

    begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_kv_get(flow.client, "/a", NULL, diary_kv_cb, &diary, &request), 0);
    question = expect_question(&flow);
    assert_status(disco_request_cancel(request), 0);
    diary_expect(&diary, "ECANCELED");
    server_wait_for_closed(question.server, 1);
    get(&flow, &diary);
    authenticate(&flow, 1);
    answered_with(&flow, &diary, 1);
    end(&flow);
}

/* The client is closed after so many steps. */
static void closed_after(size_t steps)
{
    flow_t flow;
    diary_t diaries[3];
    size_t i;

    begin(&flow, 1);
    for (i = 0; i < 3; i++)
        get(&flow, &diaries[i]);
    if (steps > 0)
        (void)flow_untaken(&flow, "");
    if (steps > 1)
        authenticate(&flow, 1);
    for (i = 0; steps > 2 && i < 3; i++)
        refuse(&flow, expect_with(&flow, 1), 401, 16, "etcdserver: invalid auth token");
    if (steps > 3)
        authenticate_later(&flow, 2);
    if (steps > 4)
        refuse(&flow, expect_with(&flow, 2), 401, 16, "etcdserver: invalid auth token");
    if (steps > 5)
        (void)flow_untaken(&flow, "");
    flow_close_client(&flow);
    for (i = 0; i < 3; i++)
        diary_expect(&diaries[i], "ECANCELED");
    flow_close(&flow);
}

DISCO_TEST(a_client_is_closed_at_each_step)
{
    size_t steps;

    for (steps = 0; steps < 7; steps++)
        closed_after(steps);
}
