/* A subscription, whatever the API: what its tests have in common. */
#ifndef TEST_FLOW_FOLLOWER_BENCH_H
#define TEST_FLOW_FOLLOWER_BENCH_H

#include "base/timer.h"
#include "support/registry.h"

#define INFO "/services_infos/web"

typedef struct bench_s {
    registry_t registry;
    flow_t *flow;
    tiny_etcd_t *etcd;
    disco_subscription_t *subscription;
} bench_t;

static inline void put(bench_t *bench, const char *uuid, const char *json)
{
    tiny_etcd_put(bench->etcd, flow_text("/services/web/%s", uuid), json);
}

static inline void put_host(bench_t *bench, const char *uuid, const char *name, const char *shard)
{
    put(bench, uuid,
        flow_text("{\"name\":\"%s\",\"shard\":\"%s\",\"uuid\":\"%s\"}", name, shard, uuid));
}

static inline void delete_host(bench_t *bench, const char *uuid)
{
    tiny_etcd_delete(bench->etcd, flow_text("/services/web/%s", uuid));
}

static inline void put_info(bench_t *bench, const char *user)
{
    tiny_etcd_put(bench->etcd, INFO,
                  flow_text("{\"name\":\"web\",\"critical\":false,\"user\":\"%s\"}", user));
}

static inline void prepare(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    registry_open(&bench->registry);
    bench->flow = &bench->registry.flow;
    bench->etcd = bench->registry.etcd;
    bench->flow->options.backoff_first_ms = 20;
    bench->flow->options.backoff_most_ms = 20;
    registry_start(&bench->registry);
    put_info(bench, "u");
}

static inline void subscribe(bench_t *bench, const disco_subscription_options_t *options)
{
    assert_status(disco_subscribe(bench->flow->client, "web", options, diary_subscription_cb,
                                  &bench->registry.diary, &bench->subscription),
                  0);
}

static inline void told(bench_t *bench, const char *line)
{
    registry_told_later(&bench->registry, line);
}

static inline void told_nothing(bench_t *bench)
{
    registry_told_nothing(&bench->registry);
}

static inline void follow(bench_t *bench, const disco_subscription_options_t *options,
                          const char *snapshot)
{
    subscribe(bench, options);
    told(bench, snapshot);
    told(bench, "SYNCED");
    flow_settle(bench->flow);
}

/* With the host "a", named "one". */
static inline void follow_one(bench_t *bench)
{
    prepare(bench);
    put_host(bench, "a", "one", "");
    follow(bench, NULL, "SNAPSHOT 1");
}

static inline const disco_service_t *view(const bench_t *bench)
{
    return disco_subscription_service(bench->subscription);
}

static inline void expect_state(const bench_t *bench, disco_view_state_t state)
{
    assert_int(disco_subscription_state(bench->subscription, NULL), state);
}

static inline bool take_line(const char *line, const char **lines, size_t *count)
{
    size_t i;

    for (i = 0; i < *count; i++) {
        if (strcmp(lines[i], line) != 0)
            continue;
        lines[i] = lines[--*count];
        return true;
    }
    return false;
}

static inline bool is_about_sight(const char *line)
{
    return strncmp(line, "STALE ", 6) == 0 || strcmp(line, "SYNCED") == 0;
}

/* These lines, in any order, and beside them those of sight that is lost and had again. */
#define told_all(bench, ...)                                                                       \
    told_lines((bench), (const char *[]){__VA_ARGS__},                                             \
               sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))
static inline void told_lines(bench_t *bench, const char **lines, size_t count)
{
    diary_t *diary = &bench->registry.diary;

    while (count > 0) {
        const char *line;

        bench->flow->pace = 10;
        flow_wait(bench->flow, diary->read < diary->count);
        bench->flow->pace = 0;
        line = diary->lines[diary->read];
        if (take_line(line, lines, &count) || is_about_sight(line))
            diary->read++;
        else
            registry_told(&bench->registry, lines[0]); /* fails, and says why */
    }
}

/* Breaks the connections, and has nothing followed until the watches are released. */
static inline void lose_sight(bench_t *bench)
{
    registry_hold(&bench->registry, ASK_WATCH);
    registry_cut(&bench->registry);
    bench->flow->pace = 10;
    flow_wait(bench->flow, disco_subscription_state(bench->subscription, NULL) == DISCO_VIEW_STALE);
    flow_settle(bench->flow);
    bench->flow->pace = 0;
}

/* What happened while nothing was followed cannot be had event by event. */
static inline void see_again_behind_a_gap(bench_t *bench)
{
    tiny_etcd_put(bench->etcd, "/other", "1");
    tiny_etcd_put(bench->etcd, "/other", "2");
    tiny_etcd_forget_history(bench->etcd);
    registry_release(&bench->registry, ASK_WATCH);
    registry_await_later(&bench->registry, ASK_HOSTS, 2);
}

/* Sight is had again, which is the last that is told of it. */
static inline void expect_sight(bench_t *bench)
{
    diary_t *diary = &bench->registry.diary;
    size_t last;

    bench->flow->pace = 10;
    flow_settle(bench->flow);
    flow_wait(bench->flow, disco_subscription_state(bench->subscription, NULL) != DISCO_VIEW_STALE);
    bench->flow->pace = 0;
    while (diary->read < diary->count && is_about_sight(diary->lines[diary->read]))
        diary->read++;
    told_nothing(bench);
    for (last = diary->count - 1; !is_about_sight(diary->lines[last]);)
        last--;
    assert_string_equal(diary->lines[last], "SYNCED");
}

static inline void end(bench_t *bench)
{
    told_nothing(bench);
    assert_status(disco_subscription_close(bench->subscription), 0);
    registry_told(&bench->registry, "CLOSED ECANCELED");
    registry_end(&bench->registry);
}

#endif
