/* Leased keys on v3: a lease that is found gone while writes are on their way. */
#include "flow/lease_bench.h"

#define GRANT_OF(id) 200, GRANTED(id, "6")
#define DENIED 403, ERROR("7", "etcdserver: permission denied")

/* "/a" and "/b" are in etcd, a heartbeat is due in a second. */
static void begin_shortly_before_a_beat(bench_t *bench, size_t servers)
{
    begin_with_two(bench, servers);
    flow_settle(&bench->flow);
    flow_advance(&bench->flow, 1000);
}

static void lose(bench_t *bench)
{
    flow_advance(&bench->flow, 1000);
    answer(bench, flow_expect(&bench->flow, BEAT), 200, NO_LEASE("77"));
}

/* Without a lease a key would stay for ever. */
DISCO_TEST(writes_that_are_refused_together_wait_for_another_lease)
{
    bench_t bench;
    flow_request_t write;

    begin_shortly_before_a_beat(&bench, 1);
    write_key(bench.c);
    write_key(bench.d);
    write = flow_expect(&bench.flow, TXN);
    lose(&bench);
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    answer(&bench, write, DENIED);
    answer(&bench, flow_expect(&bench.flow, GRANT), GRANT_OF("78"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(C, "78") "," PUT("\"L2Q=\"", "78"))), DENIED);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(C, "78"))), DENIED);
    told(&bench, "c WRITTEN DISCO_EAUTH");
    answer(&bench, expect(&bench, TXN, REQUEST(PUT("\"L2Q=\"", "78"))), 200, DONE(PUT_DONE));
    told(&bench, "d WRITTEN");
    end(&bench);
}
