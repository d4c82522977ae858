/* Leased keys on v3: leases and heartbeats. */
#include "flow/lease_bench.h"

DISCO_TEST(writes_of_a_turn_share_a_grant_and_a_transaction)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    end(&bench);
}

DISCO_TEST(nothing_is_sent_before_the_first_write)
{
    bench_t bench;

    begin(&bench, 1);
    flow_advance(&bench.flow, 100000);
    end(&bench);
}

DISCO_TEST(writes_that_come_during_the_grant_wait_for_it)
{
    bench_t bench;
    flow_request_t request;

    begin(&bench, 1);
    write_key(bench.a);
    request = flow_expect(&bench.flow, GRANT);
    write_key(bench.b);
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    answer(&bench, request, 200, GRANTED("77", "6"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77") "," PUT(B, "77"))), 200,
           DONE(PUT_DONE "," PUT_DONE));
    told(&bench, "a WRITTEN");
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(failing_grants_are_told_to_those_that_wait)
{
    bench_t bench;

    begin(&bench, 2);
    write_key(bench.a);
    write_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, GRANT), 503,
           ERROR("14", "etcdserver: request timed out"));
    told(&bench, "a RETRYING DISCO_EUNAVAILABLE");
    told(&bench, "b RETRYING DISCO_EUNAVAILABLE");
    cancel(bench.b);
    grant(&bench);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    end(&bench);
}

DISCO_TEST(a_grant_that_nobody_waits_for_is_not_repeated)
{
    bench_t bench;
    flow_request_t request;

    begin(&bench, 2);
    write_key(bench.a);
    request = flow_expect(&bench.flow, GRANT);
    cancel(bench.a);
    answer(&bench, request, 503, ERROR("14", "etcdserver: request timed out"));
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 100000);
    flow_expect_no_request(&bench.flow);
    write_key(bench.a);
    grant(&bench);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    end(&bench);
}

static void grant_fails(int status, const char *body, const char *error)
{
    bench_t bench;

    begin(&bench, 1);
    write_key(bench.a);
    write_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, GRANT), status, body);
    told(&bench, flow_text("a WRITTEN %s", error));
    told(&bench, flow_text("b WRITTEN %s", error));
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    write_key(bench.a);
    grant(&bench);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    end(&bench);
}

DISCO_TEST(a_grant_that_is_refused_is_the_result)
{
    grant_fails(429, ERROR("8", "etcdserver: mvcc: database space exceeded"), "DISCO_EREFUSED");
}

DISCO_TEST(a_grant_without_an_id_is_unreadable)
{
    grant_fails(200, "{" HEADER ",\"TTL\":\"6\"}", "DISCO_EPROTOCOL");
}

DISCO_TEST(a_grant_without_time_is_unreadable)
{
    grant_fails(200, "{" HEADER ",\"ID\":\"6\"}", "DISCO_EPROTOCOL");
}

DISCO_TEST(a_grant_that_is_no_json_is_unreadable)
{
    grant_fails(200, "ID", "DISCO_EPROTOCOL");
}

DISCO_TEST(one_heartbeat_is_for_all_keys)
{
    bench_t bench;
    size_t i;

    begin_with_two(&bench, 1);
    for (i = 0; i < 2; i++) {
        answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
        flow_settle(&bench.flow);
        flow_expect_no_request(&bench.flow);
    }
    end(&bench);
}

DISCO_TEST(heartbeats_are_as_etcd_grants)
{
    bench_t bench;

    begin(&bench, 1);
    write_key(bench.a);
    answer(&bench, flow_expect(&bench.flow, GRANT), 200, GRANTED("77", "60"));
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    flow_advance(&bench.flow, 17000);
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    flow_advance(&bench.flow, 3000);
    answer(&bench, flow_expect(&bench.flow, BEAT), 200, BEATEN("77", "60"));
    end(&bench);
}

static void on_the_next_lease(bench_t *bench)
{
    answer(bench, flow_expect(&bench->flow, GRANT), 200, GRANTED("78", "6"));
    answer(bench, expect(bench, TXN, REQUEST(PUT(A, "78") "," PUT(B, "78"))), 200,
           DONE(PUT_DONE "," PUT_DONE));
    told(bench, "a WRITTEN");
    told(bench, "b WRITTEN");
    flow_advance(&bench->flow, 2000);
    answer(bench, expect(bench, BEAT, "{\"ID\":\"78\"}"), 200, BEATEN("78", "6"));
}

static void lease_is_gone(int status, const char *body)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = rewrite;
    answer(&bench, beat(&bench), status, body);
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    on_the_next_lease(&bench);
    end(&bench);
}

DISCO_TEST(a_heartbeat_without_time_says_that_the_lease_is_gone)
{
    lease_is_gone(200, NO_LEASE("77"));
}

DISCO_TEST(a_heartbeat_refused_for_its_lease_says_so_too)
{
    lease_is_gone(404, LEASE_NOT_FOUND);
}

DISCO_TEST(or_inside_the_answer)
{
    lease_is_gone(200, "{\"error\":{\"grpc_code\":5,\"http_code\":404,\"message\":\"etcdserver: "
                       "requested lease not found\"}}\n");
}

DISCO_TEST(keys_that_are_gone_are_left_alone_until_they_are_written)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, beat(&bench), 200, NO_LEASE("77"));
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    flow_advance(&bench.flow, 100000);
    end(&bench);
}

static void beat_fails(int status, const char *body, const char *error)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, beat(&bench), status, body);
    told(&bench, flow_text("a FAILING %s", error));
    told(&bench, flow_text("b FAILING %s", error));
    answer(&bench, flow_expect_later(&bench.flow, BEAT), 200, BEATEN("77", "6"));
    told(&bench, "a ALIVE");
    told(&bench, "b ALIVE");
    answer(&bench, expect(&bench, QUESTION, "{\"ID\":\"77\",\"keys\":true}"), 200,
           HAS_KEYS("77", A "," B));
    answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    end(&bench);
}

DISCO_TEST(a_heartbeat_that_cannot_be_served_is_repeated)
{
    beat_fails(503, ERROR("14", "etcdserver: no leader"), "DISCO_EUNAVAILABLE");
}

DISCO_TEST(also_when_the_answer_says_so_inside)
{
    beat_fails(200, "{\"error\":{\"code\":14,\"message\":\"etcdserver: no leader\"}}\n",
               "DISCO_EUNAVAILABLE");
}

DISCO_TEST(or_when_there_is_nothing_in_it)
{
    beat_fails(200, "", "DISCO_EPROTOCOL");
}

DISCO_TEST(or_when_it_is_of_another_lease)
{
    beat_fails(200, BEATEN("78", "6"), "DISCO_EPROTOCOL");
}

DISCO_TEST(a_heartbeat_that_is_refused_is_repeated)
{
    beat_fails(403, ERROR("7", "etcdserver: permission denied"), "DISCO_EAUTH");
}

/* What comes before it is passed over, but no overdue a second time. */
static void await(bench_t *bench, const char *line)
{
    diary_t *diary = &bench->diary;

    for (;;) {
        flow_wait(&bench->flow, diary->read < diary->count);
        if (strcmp(diary->lines[diary->read], line) == 0)
            break;
        assert_non_null(strstr(diary->lines[diary->read++], "FAILING"));
    }
    told(bench, line);
}

DISCO_TEST(a_lease_without_heartbeats_is_overdue)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    (void)beat(&bench);
    server_stop_listening(bench.flow.servers[0]);
    bench.flow.pace = 10;
    await(&bench, "a OVERDUE DISCO_ELOST");
    told(&bench, "b OVERDUE DISCO_ELOST");
    flow_settle(&bench.flow);
    server_listen(bench.flow.servers[0]);
    answer(&bench, flow_expect(&bench.flow, BEAT), 200, BEATEN("77", "6"));
    await(&bench, "a ALIVE");
    told(&bench, "b ALIVE");
    bench.flow.pace = 0;
    answer(&bench, flow_expect(&bench.flow, QUESTION), 200, HAS_KEYS("77", A "," B));
    end(&bench);
}

/* The clock jumps over everything that was planned. */
DISCO_TEST(a_loop_that_was_blocked_is_overdue_and_asks)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = rewrite;
    bench.flow.client->loop.clock.manual_ms += 100000;
    await(&bench, "a OVERDUE DISCO_ELOST");
    told(&bench, "b OVERDUE DISCO_ELOST");
    (void)flow_expect(&bench.flow, QUESTION); /* due as well */
    answer(&bench, flow_expect(&bench.flow, BEAT), 200, NO_LEASE("77"));
    await(&bench, "a GONE DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    on_the_next_lease(&bench);
    end(&bench);
}

DISCO_TEST(closed_keys_need_no_heartbeat)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    close_key(bench.a);
    answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    close_key(bench.b);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 100000);
    end(&bench);
}

static void close_other(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)key;
    if (strstr(line, "WRITTEN") == NULL)
        close_key(bench->b);
}

DISCO_TEST(another_key_is_closed_when_one_is_gone)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = close_other;
    answer(&bench, beat(&bench), 200, NO_LEASE("77"));
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    end(&bench);
}

DISCO_TEST(all_keys_are_closed_when_one_is_gone)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = close_both;
    answer(&bench, beat(&bench), 200, NO_LEASE("77"));
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    end(&bench);
}

DISCO_TEST(all_keys_are_closed_when_a_heartbeat_fails)
{
    bench_t bench;

    begin_with_two(&bench, 2);
    bench.hook = close_both;
    answer(&bench, beat(&bench), 503, ERROR("14", "etcdserver: no leader"));
    told(&bench, "a FAILING DISCO_EUNAVAILABLE");
    end(&bench);
}
