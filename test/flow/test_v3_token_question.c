/* The question for a token that is answered badly, late or never, or that nobody waits for any
 * more. */
#include "flow/token_bench.h"

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
