/* What a heartbeat takes of the heap once its connection and its buffers are there. */
#include "flow/enrolment_bench.h"

DISCO_TESTS_BY_API;

#define WARM_UP 4
#define MEASURED 8

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
