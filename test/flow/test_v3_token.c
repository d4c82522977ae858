/* User and password on the v3 API: a token is fetched once for all who need it, sent with each
 * request, renewed in every way that etcd refuses one, and seen nowhere else. */
#include "flow/token_bench.h"

#define STORM 100

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
