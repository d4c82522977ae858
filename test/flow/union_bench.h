/* A client of both APIs, whose stores are in memory. */
#ifndef TEST_FLOW_UNION_BENCH_H
#define TEST_FLOW_UNION_BENCH_H

#include "support/fake_store.h"
#include "support/flow.h"

#define UNION_INFO "/services_infos/web"
#define UNION_KEY(uuid) "/services/web/" uuid

typedef struct union_bench_s {
    flow_t flow;
    diary_t diary;
    fake_store_t *v2;
    fake_store_t *v3;
    disco_subscription_t *subscription;
} union_bench_t;

static inline const char *union_host(const char *uuid, const char *name, const char *shard)
{
    return flow_text("{\"name\":\"%s\",\"shard\":\"%s\",\"uuid\":\"%s\"}", name, shard, uuid);
}

static inline void union_put(fake_store_t *fake, const char *uuid, const char *name)
{
    fake_store_put(fake, flow_text(UNION_KEY("%s"), uuid), union_host(uuid, name, ""));
}

static inline void union_delete(fake_store_t *fake, const char *uuid)
{
    fake_store_delete(fake, flow_text(UNION_KEY("%s"), uuid));
}

static inline void union_put_info(fake_store_t *fake, const char *user)
{
    fake_store_put(fake, UNION_INFO, flow_text("{\"name\":\"web\",\"user\":\"%s\"}", user));
}

static inline void union_begin(union_bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    flow_open(&bench->flow, 0);
    bench->flow.options.api = DISCO_API_BOTH;
    bench->flow.options.endpoints = "http://127.0.0.1:1"; /* which nobody asks */
    bench->flow.options.backoff_first_ms = 20;
    bench->flow.options.backoff_most_ms = 20;
    flow_start(&bench->flow);
    bench->v2 = fake_store_install(bench->flow.client, 0);
    bench->v3 = fake_store_install(bench->flow.client, 1);
    diary_begin(&bench->diary, &bench->flow);
}

static inline const disco_service_t *union_view(const union_bench_t *bench)
{
    return disco_subscription_service(bench->subscription);
}

static inline void union_end(union_bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    flow_close(&bench->flow);
}

#endif
