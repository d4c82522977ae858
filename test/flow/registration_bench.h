/* A registration against scripted servers: what its tests have in common. */
#ifndef TEST_FLOW_REGISTRATION_BENCH_H
#define TEST_FLOW_REGISTRATION_BENCH_H

#include "base/timer.h"
#include "support/flow.h"

#define PUT_INFO "PUT /v2/keys/services_infos/web HTTP"
#define PUT_HOST "PUT /v2/keys/services/web/u HTTP"
#define DELETE_HOST "DELETE /v2/keys/services/web/u HTTP"
#define GET_INFO "GET /v2/keys/services_infos/web?sorted=true HTTP"
#define POLL_INFO "GET /v2/keys/services_infos/web?wait=true&waitIndex="

#define HEARTBEAT "ttl=5&refresh=true&prevExist=true"

typedef struct bench_s {
    flow_t flow;
    diary_t diary;
    disco_registration_t *registration;
    uint64_t index;
} bench_t;

static const disco_port_t ports[] = {{"http", "80"}};
static const disco_host_t private_host = {
    .name = "n", .ports = ports, .port_count = 1, .uuid = "u"};
static const disco_host_t public_host = {.name = "n",
                                         .ports = ports,
                                         .port_count = 1,
                                         .uuid = "u",
                                         .user = "me",
                                         .password = "mine",
                                         .is_public = true,
                                         .private_hostname = "p"};

static inline void prepare(bench_t *bench, size_t servers)
{
    memset(bench, 0, sizeof *bench);
    flow_open(&bench->flow, servers);
    bench->flow.options.backoff_first_ms = 100;
    bench->flow.options.backoff_most_ms = 100;
    bench->index = 10;
}

static inline void begin_with(bench_t *bench, size_t servers, const disco_host_t *host,
                              const disco_registration_options_t *options)
{
    prepare(bench, servers);
    flow_start(&bench->flow);
    diary_begin(&bench->diary, &bench->flow);
    assert_status(disco_register(bench->flow.client, "web", host, options, diary_registration_cb,
                                 &bench->diary, &bench->registration),
                  0);
}

static inline void accept_put(bench_t *bench, flow_request_t request)
{
    bench->index++;
    flow_answer(&bench->flow, request, 200, bench->index, flow_set("/x", "x", bench->index));
}

static inline flow_request_t host_put(bench_t *bench)
{
    return flow_expect_later(&bench->flow, PUT_HOST);
}

static inline void accept_info_and_host(bench_t *bench)
{
    accept_put(bench, flow_expect_later(&bench->flow, PUT_INFO));
    accept_put(bench, host_put(bench));
}

static inline void ready(bench_t *bench)
{
    begin_with(bench, 1, &private_host, NULL);
    accept_info_and_host(bench);
    diary_expect(&bench->diary, "READY");
}

/* The heartbeat that is due within a third of five seconds. */
static inline flow_request_t heartbeat(bench_t *bench)
{
    flow_request_t request;

    bench->flow.pace = 10;
    request = flow_expect(&bench->flow, PUT_HOST);
    bench->flow.pace = 0;
    assert_string_equal(request.request->body, HEARTBEAT);
    return request;
}

static inline void end(bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    flow_expect_no_request(&bench->flow);
    assert_status(disco_registration_close(bench->registration), 0);
    assert_status(disco_registration_close(bench->registration), DISCO_ECLOSING);
    diary_expect(&bench->diary, "CLOSED ECANCELED");
    flow_expect_no_request(&bench->flow);
    flow_close(&bench->flow);
}

#endif
