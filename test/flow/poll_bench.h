/* A watch of v2, and its polls. */
#ifndef TEST_FLOW_POLL_BENCH_H
#define TEST_FLOW_POLL_BENCH_H

#include "support/flow.h"

#define NOW "GET /v2/keys/w?wait=true&recursive=true HTTP"
#define FROM(index) "GET /v2/keys/w?wait=true&recursive=true&waitIndex=" #index " HTTP"
#define CHECK "GET /v2/keys/w/_uvdisco?quorum=true HTTP"

typedef struct bench_s {
    flow_t flow;
    diary_t diary;
    disco_watch_t *watch;
} bench_t;

static inline void prepare(bench_t *bench, size_t servers)
{
    flow_open(&bench->flow, servers);
    bench->flow.options.backoff_first_ms = 20;
    bench->flow.options.backoff_most_ms = 20;
}

static inline void start(bench_t *bench, uint64_t from)
{
    flow_start(&bench->flow);
    diary_begin(&bench->diary, &bench->flow);
    assert_status(
        disco_kv_watch(bench->flow.client, "/w",
                       &(disco_kv_watch_options_t){.recursive = true, .from_revision = from},
                       diary_watch_cb, &bench->diary, &bench->watch),
        0);
}

static inline void begin(bench_t *bench, size_t servers, uint64_t from)
{
    prepare(bench, servers);
    start(bench, from);
}

static inline void end(bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    flow_expect_no_request(&bench->flow);
    assert_status(disco_watch_close(bench->watch), 0);
    diary_expect(&bench->diary, "CLOSED ECANCELED");
    flow_close(&bench->flow);
}

/* Follows from now on, where now is 6. */
static inline flow_request_t synced(bench_t *bench)
{
    flow_request_t poll = flow_expect(&bench->flow, NOW);

    flow_hold(&bench->flow, poll, 6);
    diary_expect(&bench->diary, "SYNCED");
    return poll;
}

#endif
