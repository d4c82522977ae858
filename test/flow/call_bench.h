/* Requests to etcd on scripted servers: what their tests have in common. */
#ifndef TEST_FLOW_CALL_BENCH_H
#define TEST_FLOW_CALL_BENCH_H

#include "support/flow.h"

#define GET "GET /v2/keys/a?"
#define PUT "PUT /v2/keys/a "
#define ANSWER flow_set("/a", "1", 5)

static inline void get(flow_t *flow, diary_t *diary)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_get(flow->client, "/a", NULL, diary_kv_cb, diary, NULL), 0);
}

static inline void put(flow_t *flow, diary_t *diary, const disco_kv_put_options_t *options)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_put(flow->client, "/a", "1", options, diary_kv_cb, diary, NULL), 0);
}

/* Answers what the server has been asked, and asserts that this was the result. */
static inline void answered_by(flow_t *flow, size_t server, diary_t *diary)
{
    flow_answer(flow, flow_expect_on(flow, server, GET), 200, 5, ANSWER);
    diary_expect(diary, "OK /a=1@5");
    flow_expect_no_request(flow);
    diary_expect_nothing(diary);
}

static inline const char *endpoint(const flow_t *flow, size_t server)
{
    return flow_text("http://127.0.0.1:%u", (unsigned)server_port(flow->servers[server]));
}

/* The first endpoint answers like this, or not at all, and the second is asked. */
static inline void bad_answer(const char *bytes, server_then_t then)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_add(flow.servers[0], (server_answer_t){.bytes = bytes, .then = then});
    get(&flow, &diary);
    (void)flow_expect_on(&flow, 0, GET);
    answered_by(&flow, 1, &diary);
    flow_close(&flow);
}

#endif
