/* A registration, whatever the API: what its tests have in common. */
#ifndef TEST_FLOW_ENROLMENT_BENCH_H
#define TEST_FLOW_ENROLMENT_BENCH_H

#include "base/timer.h"
#include "support/registry.h"

#define INFO "/services_infos/web"
#define HOST "/services/web/u"

typedef struct bench_s {
    registry_t registry;
    flow_t *flow;
    tiny_etcd_t *etcd;
    disco_registration_t *registration;
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

static inline const char *info(const char *user, const char *password)
{
    return flow_text("{\"name\":\"web\",\"critical\":false,\"hostname\":\"n\",\"user\":\"%s\","
                     "\"password\":\"%s\",\"ports\":{\"http\":\"80\"},\"public\":true}",
                     user, password);
}

static inline void prepare(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    registry_begin(&bench->registry);
    bench->flow = &bench->registry.flow;
    bench->etcd = bench->registry.etcd;
}

static inline void enrol(bench_t *bench, const disco_host_t *host,
                         const disco_registration_options_t *options)
{
    assert_status(disco_register(bench->flow->client, "web", host, options, diary_registration_cb,
                                 &bench->registry.diary, &bench->registration),
                  0);
}

static inline void ready(bench_t *bench, const disco_host_t *host)
{
    prepare(bench);
    enrol(bench, host, NULL);
    registry_told(&bench->registry, "READY");
    flow_settle(bench->flow);
}

static inline void update(bench_t *bench, const disco_host_t *host, const char *name)
{
    disco_host_t changed = *host;

    changed.name = name;
    assert_status(disco_registration_update(bench->registration, &changed), 0);
}

static inline void assert_has(const bench_t *bench, const char *key, const char *text)
{
    if (!tiny_etcd_has(bench->etcd, key, text))
        fail_msg("%s has no %s", key, text);
}

/* Lines that tell of this may have come in between, any number of them. */
static inline void skip_retrying(bench_t *bench)
{
    diary_t *diary = &bench->registry.diary;

    while (diary->read < diary->count && strncmp(diary->lines[diary->read], "RETRYING", 8) == 0)
        diary->read++;
}

static inline void end(bench_t *bench)
{
    registry_told_nothing(&bench->registry);
    assert_status(disco_registration_close(bench->registration), 0);
    assert_status(disco_registration_close(bench->registration), DISCO_ECLOSING);
    registry_told(&bench->registry, "CLOSED ECANCELED");
    registry_end(&bench->registry);
}

#endif
