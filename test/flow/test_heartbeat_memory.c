/* What a heartbeat takes of the heap once its connection and its buffers are there. */
#include "flow/enrolment_bench.h"

DISCO_TESTS_BY_API;

#define WARM_UP 4
#define MEASURED 8
/* More than there are connections, and than are under way at once. */
#define MANY 60
/* All are due when so much has passed, and none is a second time. */
#define INTERVAL_MS 1700

/* Until so many more have come on each side, and their answers. */
static void pass_heartbeats(bench_t *bench, size_t count)
{
    size_t seen[2] = {bench->registry.asks[ASK_BEAT].seen[0],
                      bench->registry.asks[ASK_BEAT].seen[1]};
    size_t side;

    bench->flow->pace = 10;
    for (side = 0; side < 2; side++) {
        if (registry_is_on(side))
            flow_wait(bench->flow, bench->registry.asks[ASK_BEAT].seen[side] >= seen[side] + count);
    }
    bench->flow->pace = 0;
    flow_settle(bench->flow);
}

DISCO_TEST(a_heartbeat_allocates_nothing)
{
    bench_t bench;
    size_t before;

    ready(&bench, &private_host);
    /* On v3 etcd is asked for the lease's keys now and then, which is no heartbeat: a refusal ends
     * that. */
    registry_refuse(&bench.registry, ASK_OTHER, REFUSE_REQUEST, 1);
    pass_heartbeats(&bench, WARM_UP);
    before = heap_count();
    pass_heartbeats(&bench, MEASURED);
    assert_int(heap_count() - before, 0);
    end(&bench);
}

static void enrol_many(bench_t *bench, disco_registration_t **registrations)
{
    size_t i;

    for (i = 0; i < MANY; i++) {
        disco_host_t host = private_host;

        host.uuid = flow_text("u%d", (int)i);
        enrol(bench, &host, NULL);
        registrations[i] = bench->registration;
    }
    for (i = 0; i < MANY; i++)
        registry_told(&bench->registry, "READY");
    flow_settle(bench->flow);
}

static void pass_intervals(bench_t *bench, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        size_t v2 = bench->registry.asks[ASK_BEAT].seen[0];
        size_t v3 = bench->registry.asks[ASK_BEAT].seen[1];

        flow_advance(bench->flow, INTERVAL_MS);
        if (registry_is_on(0))
            flow_wait(bench->flow, bench->registry.asks[ASK_BEAT].seen[0] >= v2 + MANY);
        if (registry_is_on(1))
            flow_wait(bench->flow, bench->registry.asks[ASK_BEAT].seen[1] >= v3 + 1);
        flow_settle(bench->flow);
    }
}

static void close_many(bench_t *bench, disco_registration_t **registrations)
{
    size_t i;

    registry_told_nothing(&bench->registry);
    for (i = 0; i < MANY; i++) {
        assert_status(disco_registration_close(registrations[i]), 0);
        registry_told(&bench->registry, "CLOSED ECANCELED");
    }
    registry_end(&bench->registry);
}

DISCO_TEST(heartbeats_of_many_that_are_due_together_allocate_nothing)
{
    bench_t bench;
    disco_registration_t *registrations[MANY];
    size_t before;

    prepare(&bench);
    enrol_many(&bench, registrations);
    registry_refuse(&bench.registry, ASK_OTHER, REFUSE_REQUEST, 1);
    pass_intervals(&bench, WARM_UP);
    before = heap_count();
    pass_intervals(&bench, MEASURED / 2);
    assert_int(heap_count() - before, 0);
    close_many(&bench, registrations);
}

/* Where etcd is slow, the user's number of connections is what counts. */
DISCO_TEST(heartbeats_of_many_have_all_connections_there_may_be)
{
    bench_t bench;
    disco_registration_t *registrations[MANY];

    memset(&bench, 0, sizeof bench);
    registry_open(&bench.registry);
    bench.flow = &bench.registry.flow;
    bench.etcd = bench.registry.etcd;
    bench.flow->options.max_connections = MANY + 1; /* and one for v3 */
    registry_start(&bench.registry);
    enrol_many(&bench, registrations);
    registry_hold(&bench.registry, ASK_BEAT);
    flow_advance(bench.flow, INTERVAL_MS);
    if (registry_is_on(0))
        flow_wait(bench.flow, bench.registry.asks[ASK_BEAT].seen[0] == MANY);
    registry_release(&bench.registry, ASK_BEAT);
    flow_settle(bench.flow);
    close_many(&bench, registrations);
}
