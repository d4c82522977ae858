/* Members of one cluster that do not all serve the API, as while it is switched on or off on one
 * after the other. */
#include "flow/call_bench.h"

#define TXN "POST /v3/kv/txn "
#define FOUND_BY_V3                                                                                \
    "{\"header\":{\"revision\":\"9\"},\"succeeded\":true,\"responses\":[{\"response_range\":{"     \
    "\"kvs\":[{\"key\":\"L2E=\",\"mod_revision\":\"5\",\"value\":\"MQ==\"}]}}]}"

/* As etcd's HTTP server answers whatever it has no handler for. */
static void lacking(flow_t *flow, size_t server, const char *line)
{
    flow_answer(flow, flow_expect_on(flow, server, line), 404, 0, "404 page not found\n");
}

DISCO_TEST(another_endpoint_may_serve_it)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 3);
    get(&flow, &diary);
    lacking(&flow, 0, GET);
    lacking(&flow, 1, GET);
    answered_by(&flow, 2, &diary);
    /* That one is kept, and nobody was at fault. */
    get(&flow, &diary);
    answered_by(&flow, 2, &diary);
    assert_int(flow_logged(&flow, "does not serve"), 0);
    flow_close(&flow);
}

DISCO_TEST(each_endpoint_is_asked_once)
{
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 3);
    get(&flow, &diary);
    for (i = 0; i < 3; i++)
        lacking(&flow, i, GET);
    diary_expect(&diary, "DISCO_EV2DISABLED");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(one_that_failed_lately_is_not_waited_for)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    get(&flow, &diary);
    lacking(&flow, 1, GET);
    diary_expect(&diary, "DISCO_EV2DISABLED");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

/* It was not carried out. */
DISCO_TEST(a_write_with_a_condition_is_sent_on)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    put(&flow, &diary, &(disco_kv_put_options_t){.condition = DISCO_KV_MUST_NOT_EXIST});
    lacking(&flow, 0, PUT);
    flow_answer(&flow, flow_expect_on(&flow, 1, PUT), 201, 5, ANSWER);
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

static void on_v3(const char *body)
{
    flow_t flow;
    diary_t diary;

    flow_open(&flow, 2);
    flow.options.api = DISCO_API_V3;
    flow_start(&flow);
    get(&flow, &diary);
    flow_answer(&flow, flow_expect_on(&flow, 0, TXN), 404, 0, body);
    flow_answer(&flow, flow_expect_on(&flow, 1, TXN), 200, 0, FOUND_BY_V3);
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

DISCO_TEST(so_it_is_with_the_gateway)
{
    on_v3("404 page not found\n");
    on_v3("{\"code\":5, \"message\":\"Not Found\"}");
}
