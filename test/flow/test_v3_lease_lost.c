/* Leased keys on v3: a lease that is found gone while writes are on their way. */
#include "flow/lease_bench.h"

#define GRANT_OF(id) 200, GRANTED(id, "6")
#define DENIED 403, ERROR("7", "etcdserver: permission denied")
#define REPLACE(key, lease)                                                                        \
    "{\"request_txn\":{\"compare\":[{\"key\":" key ",\"target\":\"CREATE\",\"result\":"            \
    "\"GREATER\",\"create_revision\":\"0\"}],\"success\":[" PUT(key, lease) "]}}"

static void replace(leased_key_t *key)
{
    write_with(key, &(disco__leased_write_t){.value = "1", .must_exist = true});
}

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

/* Its owner has to know, whatever would have become of the write. */
DISCO_TEST(a_replacement_under_way_is_told_at_once)
{
    bench_t bench;

    begin_shortly_before_a_beat(&bench, 1);
    bench.hook = rewrite;
    replace(bench.a);
    (void)expect(&bench, TXN, REQUEST(REPLACE(A, "77")));
    lose(&bench);
    told(&bench, "a WRITTEN DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    answer(&bench, flow_expect(&bench.flow, GRANT), GRANT_OF("78"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(B, "78"))), 200, DONE(PUT_DONE));
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(so_is_one_that_finds_it_gone_itself)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    replace(bench.a);
    replace(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 404, LEASE_NOT_FOUND);
    told(&bench, "a WRITTEN DISCO_EKEYNOTFOUND");
    told(&bench, "b WRITTEN DISCO_EKEYNOTFOUND");
    end(&bench);
}

static void write_again(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)bench;
    if (strstr(line, "KEYNOTFOUND") != NULL)
        write_key(key);
}

DISCO_TEST(a_replacement_among_other_writes_leaves_them)
{
    bench_t bench;
    flow_request_t write;

    begin_shortly_before_a_beat(&bench, 1);
    bench.hook = write_again;
    replace(bench.a);
    write_key(bench.c);
    write = flow_expect(&bench.flow, TXN);
    lose(&bench);
    told(&bench, "a WRITTEN DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    answer(&bench, write, 404, LEASE_NOT_FOUND);
    answer(&bench, flow_expect(&bench.flow, GRANT), GRANT_OF("78"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "78") "," PUT(B, "78") "," PUT(C, "78"))),
           200, DONE(PUT_DONE "," PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    told(&bench, "c WRITTEN");
    end(&bench);
}

static void close_all(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)key;
    (void)line;
    close_keys(bench);
}

DISCO_TEST(all_keys_are_closed_when_a_replacement_is_told)
{
    bench_t bench;

    begin_shortly_before_a_beat(&bench, 1);
    bench.hook = close_all;
    replace(bench.a);
    (void)flow_expect(&bench.flow, TXN);
    lose(&bench);
    told(&bench, "a WRITTEN DISCO_EKEYNOTFOUND");
    end(&bench);
}
