/* Leased keys on v3: how they are written, and what becomes of it. */
#include "flow/lease_bench.h"

static const disco__put_t info = {.key = "/i", .value = "1"};
static const disco__put_t other_info = {.key = "/i", .value = "2"};
static const disco__put_t new_info = {
    .key = "/i", .value = "3", .condition = DISCO_KV_MUST_NOT_EXIST};

#define INFO(value) "{\"request_put\":{\"key\":\"L2k=\",\"value\":\"" value "\"}}"
#define NEW_INFO                                                                                   \
    "{\"request_txn\":{\"compare\":[{\"key\":\"L2k=\",\"target\":\"CREATE\",\"result\":"           \
    "\"EQUAL\",\"create_revision\":\"0\"}],\"success\":[" INFO("Mw==") "]}}"
#define REPLACE(key)                                                                               \
    "{\"request_txn\":{\"compare\":[{\"key\":" key ",\"target\":\"CREATE\",\"result\":"            \
    "\"GREATER\",\"create_revision\":\"0\"}],\"success\":[" PUT(key, "77") "]}}"

static void write_beside(leased_key_t *key, const disco__put_t *beside)
{
    write_with(key, &(disco__leased_write_t){.value = "1", .beside = beside});
}

static void replace(leased_key_t *key)
{
    write_with(key, &(disco__leased_write_t){.value = "1", .must_exist = true});
}

DISCO_TEST(what_is_beside_is_written_once_in_a_transaction)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_beside(bench.a, &info);
    write_beside(bench.b, &new_info);
    write_beside(bench.c, &other_info);
    answer(&bench,
           expect(&bench, TXN,
                  REQUEST(INFO("Mg==") "," PUT(A, "77") "," PUT(B, "77") "," PUT(C, "77"))),
           200, DONE(PUT_DONE "," PUT_DONE "," PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    told(&bench, "c WRITTEN");
    assert_true(bench.a->beside_written);
    assert_true(bench.c->beside_written);
    end(&bench);
}

DISCO_TEST(what_is_beside_may_be_there_already)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_beside(bench.a, &new_info);
    write_beside(bench.b, &new_info);
    answer(&bench, expect(&bench, TXN, REQUEST(NEW_INFO "," PUT(A, "77") "," PUT(B, "77"))), 200,
           DONE(NESTED_NOT "," PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(what_is_beside_is_written_even_if_the_key_is_not)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_with(bench.a,
               &(disco__leased_write_t){.value = "1", .must_exist = true, .beside = &info});
    answer(&bench, expect(&bench, TXN, REQUEST(INFO("MQ==") "," REPLACE(A))), 200,
           DONE(PUT_DONE "," NESTED_NOT));
    told(&bench, "a WRITTEN DISCO_EKEYNOTFOUND");
    assert_true(bench.a->beside_written);
    write_beside(bench.a, &info);
    answer(&bench, flow_expect(&bench.flow, TXN), 429,
           ERROR("8", "etcdserver: mvcc: database space exceeded"));
    told(&bench, "a WRITTEN DISCO_EREFUSED");
    assert_false(bench.a->beside_written);
    end(&bench);
}

DISCO_TEST(what_must_exist_is_only_replaced)
{
    bench_t bench;

    begin_granted(&bench, 1);
    replace(bench.a);
    write_key(bench.b);
    replace(bench.c);
    answer(&bench, expect(&bench, TXN, REQUEST(REPLACE(A) "," PUT(B, "77") "," REPLACE(C))), 200,
           DONE(NESTED_DONE "," PUT_DONE "," NESTED_NOT));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    told(&bench, "c WRITTEN DISCO_EKEYNOTFOUND");
    end(&bench);
}

/* etcd takes a key once in a transaction. */
DISCO_TEST(two_writes_of_a_key_are_in_two_transactions)
{
    leased_key_t twin;
    bench_t bench;

    begin_granted(&bench, 1);
    open_key(&bench, &twin, "/a", 6);
    write_key(bench.a);
    write_key(&twin);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "a WRITTEN");
    close_key(&twin);
    end(&bench);
}

#define MANY 300

static size_t operations(flow_request_t request)
{
    const char *at = request.request->body;
    size_t count = 0;

    while ((at = strstr(at, "request_")) != NULL) {
        count++;
        at++;
    }
    return count;
}

DISCO_TEST(many_writes_are_in_several_transactions)
{
    static leased_key_t keys[MANY];
    size_t wanted[] = {121, 121, 61};
    bench_t bench;
    size_t i;

    begin_granted(&bench, 1);
    for (i = 0; i < MANY; i++) {
        open_key(&bench, &keys[i], flow_text("/%zu", i), 6);
        write_beside(&keys[i], &info);
    }
    for (i = 0; i < 3; i++)
        assert_int(operations(flow_expect(&bench.flow, TXN)), wanted[i]);
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    for (i = 0; i < MANY; i++)
        close_key(&keys[i]);
    end(&bench);
}

/* With what is beside each of them twice as many operations. */
DISCO_TEST(what_is_beside_counts_for_the_limit)
{
    static leased_key_t keys[MANY];
    bench_t bench;
    size_t count = 0;
    size_t i;

    begin_granted(&bench, 1);
    for (i = 0; i < 100; i++) {
        disco__put_t beside = {.key = flow_text("/i/%zu", i), .value = "1"};

        open_key(&bench, &keys[i], flow_text("/%zu", i), 6);
        write_beside(&keys[i], &beside);
    }
    for (i = 0; i < 2; i++) {
        size_t more = operations(flow_expect(&bench.flow, TXN));

        assert_true(more < 128);
        count += more;
    }
    assert_int(count, 200);
    for (i = 0; i < 100; i++)
        close_key(&keys[i]);
    end(&bench);
}

DISCO_TEST(large_values_are_in_transactions_of_their_own)
{
    static char large[300 * 1024];
    bench_t bench;

    begin_granted(&bench, 1);
    memset(large, 'x', sizeof large - 1);
    write_with(bench.a, &(disco__leased_write_t){.value = large});
    write_with(bench.b, &(disco__leased_write_t){.value = large});
    write_key(bench.c);
    assert_int(operations(flow_expect(&bench.flow, TXN)), 1);
    assert_int(operations(flow_expect(&bench.flow, TXN)), 2);
    end(&bench);
}

DISCO_TEST(a_write_is_tried_on_and_each_is_told)
{
    bench_t bench;

    begin_granted(&bench, 2);
    write_key(bench.a);
    write_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 503,
           ERROR("14", "etcdserver: request timed out"));
    told(&bench, "a RETRYING DISCO_EUNAVAILABLE");
    told(&bench, "b RETRYING DISCO_EUNAVAILABLE");
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77") "," PUT(B, "77"))), 200,
           DONE(PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(a_write_that_is_refused_alone_does_not_fail_others)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_key(bench.a);
    write_key(bench.b);
    write_key(bench.c);
    answer(&bench, flow_expect(&bench.flow, TXN), 403, ERROR("7", "etcdserver: permission denied"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77") "," PUT(B, "77"))), 403,
           ERROR("7", "etcdserver: permission denied"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(C, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "c WRITTEN");
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(B, "77"))), 403,
           ERROR("7", "etcdserver: permission denied"));
    told(&bench, "b WRITTEN DISCO_EAUTH");
    end(&bench);
}

DISCO_TEST(a_full_etcd_refuses_all)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_key(bench.a);
    write_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 429,
           ERROR("8", "etcdserver: mvcc: database space exceeded"));
    told(&bench, "a WRITTEN DISCO_EREFUSED");
    told(&bench, "b WRITTEN DISCO_EREFUSED");
    end(&bench);
}

static void unreadable(const char *body)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_key(bench.a);
    write_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 200, body);
    told(&bench, "a WRITTEN DISCO_EPROTOCOL");
    told(&bench, "b WRITTEN DISCO_EPROTOCOL");
    end(&bench);
}

DISCO_TEST(an_answer_that_is_no_json_is_unreadable)
{
    unreadable("{\"succeeded\":true");
}

DISCO_TEST(an_answer_without_responses_is_unreadable)
{
    unreadable("{" HEADER ",\"succeeded\":true}");
}

DISCO_TEST(an_answer_with_too_few_responses_is_unreadable)
{
    unreadable(DONE(PUT_DONE));
}

DISCO_TEST(an_answer_without_a_revision_is_unreadable)
{
    unreadable("{\"responses\":[" PUT_DONE "," PUT_DONE "]}");
}

DISCO_TEST(a_write_that_finds_the_lease_gone_is_repeated_on_another)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = rewrite;
    write_key(bench.a);
    answer(&bench, flow_expect(&bench.flow, TXN), 404, LEASE_NOT_FOUND);
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    answer(&bench, flow_expect(&bench.flow, GRANT), 200, GRANTED("78", "6"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "78") "," PUT(B, "78"))), 200,
           DONE(PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(but_not_for_ever)
{
    bench_t bench;
    size_t i;

    begin(&bench, 1);
    write_key(bench.a);
    for (i = 0; i < 4; i++) {
        grant(&bench);
        answer(&bench, flow_expect(&bench.flow, TXN), 404, LEASE_NOT_FOUND);
    }
    told(&bench, "a WRITTEN DISCO_EREFUSED");
    end(&bench);
}

/* The heartbeat finds the lease gone while a write is on its way. */
DISCO_TEST(a_write_is_worth_nothing_when_its_lease_is_found_gone)
{
    bench_t bench;
    flow_request_t write;

    begin_with_two(&bench, 1);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 1000);
    write_key(bench.a);
    replace(bench.c);
    write = flow_expect(&bench.flow, TXN);
    flow_advance(&bench.flow, 1000);
    answer(&bench, flow_expect(&bench.flow, BEAT), 200, NO_LEASE("77"));
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    answer(&bench, write, 200, DONE(PUT_DONE "," NESTED_NOT));
    told(&bench, "c WRITTEN DISCO_EKEYNOTFOUND");
    answer(&bench, flow_expect(&bench.flow, GRANT), 200, GRANTED("78", "6"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "78"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    end(&bench);
}

DISCO_TEST(a_write_that_is_cancelled_at_once_is_not_sent)
{
    bench_t bench;

    begin_granted(&bench, 1);
    write_key(bench.a);
    write_key(bench.b);
    cancel(bench.a);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(B, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(the_answer_to_a_cancelled_write_is_not_told)
{
    bench_t bench;
    flow_request_t request;

    begin_granted(&bench, 1);
    write_key(bench.a);
    replace(bench.b);
    replace(bench.c);
    request = flow_expect(&bench.flow, TXN);
    cancel(bench.b);
    answer(&bench, request, 200, DONE(PUT_DONE "," NESTED_DONE "," NESTED_NOT));
    told(&bench, "a WRITTEN");
    told(&bench, "c WRITTEN DISCO_EKEYNOTFOUND");
    end(&bench);
}

DISCO_TEST(a_cancelled_write_is_not_repeated_with_the_others)
{
    bench_t bench;
    flow_request_t request;

    begin_granted(&bench, 2);
    write_key(bench.a);
    write_beside(bench.b, &info);
    write_beside(bench.c, &new_info);
    request = flow_expect(&bench.flow, TXN);
    cancel(bench.b);
    answer(&bench, request, 503, ERROR("14", "etcdserver: request timed out"));
    told(&bench, "a RETRYING DISCO_EUNAVAILABLE");
    told(&bench, "c RETRYING DISCO_EUNAVAILABLE");
    answer(&bench, expect(&bench, TXN, REQUEST(NEW_INFO "," PUT(A, "77") "," PUT(C, "77"))), 200,
           DONE(NESTED_NOT "," PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "c WRITTEN");
    end(&bench);
}

static void cancel_b(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)key;
    if (strcmp(line, "a RETRYING DISCO_EUNAVAILABLE") == 0)
        cancel(bench->b);
}

DISCO_TEST(nor_is_one_that_is_cancelled_when_another_is_told)
{
    bench_t bench;

    begin_granted(&bench, 2);
    bench.hook = cancel_b;
    write_key(bench.a);
    write_key(bench.b);
    write_key(bench.c);
    answer(&bench, flow_expect(&bench.flow, TXN), 503,
           ERROR("14", "etcdserver: request timed out"));
    told(&bench, "a RETRYING DISCO_EUNAVAILABLE");
    told(&bench, "c RETRYING DISCO_EUNAVAILABLE");
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77") "," PUT(C, "77"))), 200,
           DONE(PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "c WRITTEN");
    end(&bench);
}

static void close_all(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)key;
    if (strcmp(line, "d WRITTEN") != 0)
        close_keys(bench);
}

static void all_closed_when_told(int status, const char *body, const char *line)
{
    bench_t bench;

    begin_granted(&bench, 2);
    bench.hook = close_all;
    write_key(bench.a);
    write_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), status, body);
    told(&bench, line);
    end(&bench);
}

DISCO_TEST(all_are_closed_when_one_is_written)
{
    all_closed_when_told(200, DONE(PUT_DONE "," PUT_DONE), "a WRITTEN");
}

DISCO_TEST(all_are_closed_when_one_is_refused)
{
    all_closed_when_told(429, ERROR("8", "etcdserver: mvcc: database space exceeded"),
                         "a WRITTEN DISCO_EREFUSED");
}

DISCO_TEST(all_are_closed_when_one_is_tried_on)
{
    all_closed_when_told(503, ERROR("14", "etcdserver: request timed out"),
                         "a RETRYING DISCO_EUNAVAILABLE");
}

DISCO_TEST(all_are_closed_when_another_is_gone)
{
    all_closed_when_told(404, LEASE_NOT_FOUND, "d GONE DISCO_EKEYNOTFOUND");
}
