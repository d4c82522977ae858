/* A client with a user and a password on the v3 API: what it asks for, and what it is given. */
#ifndef TEST_FLOW_TOKEN_BENCH_H
#define TEST_FLOW_TOKEN_BENCH_H

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

static inline void open_as(flow_t *flow, size_t servers)
{
    flow_open(flow, servers);
    flow->options.api = DISCO_API_V3;
    flow->options.user = "us:er";
    flow->options.password = PASSWORD;
}

static inline void begin(flow_t *flow, size_t servers)
{
    open_as(flow, servers);
    flow_start(flow);
}

/* And no trace of what is secret. */
static inline void end(flow_t *flow)
{
    flow_close_client(flow);
    assert_int(flow_logged(flow, "S3cr3t"), 0);
    assert_int(flow_logged(flow, TOKEN), 0);
    flow_close(flow);
}

static inline void get(flow_t *flow, diary_t *diary)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_get(flow->client, "/a", NULL, diary_kv_cb, diary, NULL), 0);
}

static inline flow_request_t asked(flow_request_t request)
{
    assert_string_equal(request.request->body, CREDENTIALS);
    assert_null(server_request_field(request.request, "Authorization"));
    return request;
}

static inline flow_request_t expect_question(flow_t *flow)
{
    return asked(flow_expect(flow, AUTHENTICATE));
}

/* etcd's tokens: one name and a number. */
static inline void give_token(flow_t *flow, flow_request_t request, int number)
{
    flow_answer(flow, request, 200, 0,
                flow_text("{" HEADER ",\"token\":\"" TOKEN ".%d\"}", number));
}

static inline void authenticate(flow_t *flow, int number)
{
    give_token(flow, expect_question(flow), number);
}

/* After a token that was of no use. */
static inline void authenticate_later(flow_t *flow, int number)
{
    give_token(flow, asked(flow_expect_later(flow, AUTHENTICATE)), number);
}

static inline flow_request_t with_token(flow_request_t request, int number)
{
    const char *sent = server_request_field(request.request, "Authorization");

    assert_non_null(sent);
    assert_string_equal(sent, flow_text(TOKEN ".%d", number));
    return request;
}

static inline flow_request_t expect_with(flow_t *flow, int number)
{
    return with_token(flow_expect(flow, TXN), number);
}

static inline void refuse(flow_t *flow, flow_request_t request, int status, int code,
                          const char *message)
{
    flow_answer(
        flow, request, status, 0,
        flow_text("{\"error\":\"%s\",\"code\":%d,\"message\":\"%s\"}", message, code, message));
}

static inline void answered_with(flow_t *flow, diary_t *diary, int number)
{
    flow_answer(flow, expect_with(flow, number), 200, 0, FOUND);
    diary_expect(diary, "OK /a=1@5");
}

#endif
