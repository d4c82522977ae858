/* A password that etcd does not take, and many who ask with it: each is told, and etcd, which
 * calculates long over each, is asked ever more slowly. */
#include "base/timer.h"
#include "support/flow.h"

#define AUTHENTICATE "POST /v3/auth/authenticate "
#define GRANT "POST /v3/lease/grant "
#define REFUSAL                                                                                    \
    400, 0,                                                                                        \
        "{\"code\":3,\"message\":\"etcdserver: authentication failed, invalid user ID or "         \
        "password\"}"
#define HOSTS 20

static void begin(flow_t *flow, diary_t *diaries)
{
    const disco_port_t port = {"http", "80"};
    size_t i;

    flow_open(flow, 1);
    flow->options.api = DISCO_API_V3;
    flow->options.user = "me";
    flow->options.password = "wrong";
    flow_start(flow);
    for (i = 0; i < HOSTS; i++) {
        const disco_host_t host = {
            .name = "n", .ports = &port, .port_count = 1, .uuid = flow_text("u%zu", i)};

        diary_begin(&diaries[i], flow);
        assert_status(disco_register(flow->client, "web", &host, NULL, diary_registration_cb,
                                     &diaries[i], NULL),
                      0);
    }
}

static size_t refuse_all(flow_t *flow)
{
    size_t count = 0;

    while (flow_untaken(flow, AUTHENTICATE) > 0) {
        flow_answer(flow, flow_expect(flow, AUTHENTICATE), REFUSAL);
        count++;
    }
    return count;
}

DISCO_TEST(a_wrong_password_is_not_tried_once_for_each_who_needs_it)
{
    static diary_t diaries[HOSTS];
    flow_t flow;
    size_t count = 0;
    size_t told = 0;
    size_t i;

    begin(&flow, diaries);
    for (i = 0; i < 75; i++) {
        count += refuse_all(&flow);
        flow_advance(&flow, 400);
    }
    /* The bounds are 0.1, 0.2, 0.4, ... and at last 10 seconds. */
    assert_in_range(count, 3, 40);
    for (i = 0; i < HOSTS; i++) {
        assert_true(diaries[i].count > 0);
        assert_string_equal(diaries[i].lines[0], "RETRYING DISCO_EAUTH");
        told += diaries[i].count;
    }
    assert_true(told > count);
    flow_close(&flow);
}

DISCO_TEST(when_it_is_right_all_go_on)
{
    static diary_t diaries[HOSTS];
    flow_t flow;
    size_t i;

    begin(&flow, diaries);
    for (i = 0; i < 10; i++) {
        (void)refuse_all(&flow);
        flow_advance(&flow, 500);
    }
    while (flow_untaken(&flow, AUTHENTICATE) == 0)
        flow_advance(&flow, 500);
    flow_answer(&flow, flow_expect(&flow, AUTHENTICATE), 200, 0, "{\"token\":\"t.1\"}");
    (void)flow_expect_later(&flow, GRANT);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}
