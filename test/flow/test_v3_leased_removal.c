/* Leased keys on v3: how they are removed, and the lease with the last of them. */
#include "flow/lease_bench.h"

DISCO_TEST(removals_of_a_turn_share_a_transaction_and_the_last_revokes)
{
    bench_t bench;
    flow_request_t revocation;

    begin_with_two(&bench, 1);
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE(A) "," DELETE(B))), 200,
           DONE(DELETE_DONE "," DELETE_DONE));
    told(&bench, "a REMOVED");
    revocation = expect(&bench, REVOKE, "{\"ID\":\"77\"}");
    diary_expect_nothing(&bench.diary);
    answer(&bench, revocation, 200, "{" HEADER "}");
    told(&bench, "b REMOVED");
    flow_advance(&bench.flow, 100000);
    end(&bench);
}

DISCO_TEST(a_lease_that_has_keys_is_not_revoked)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    remove_key(bench.a);
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE(A))), 200, DONE(DELETE_DONE));
    told(&bench, "a REMOVED");
    answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    end(&bench);
}

static void revocation_fails(int status, const char *body)
{
    bench_t bench;

    begin_with_two(&bench, 2);
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(DELETE_DONE "," DELETE_DONE));
    told(&bench, "a REMOVED");
    answer(&bench, flow_expect(&bench.flow, REVOKE), status, body);
    told(&bench, "b REMOVED");
    end(&bench);
}

DISCO_TEST(a_revocation_is_tried_once)
{
    revocation_fails(503, ERROR("14", "etcdserver: request timed out"));
}

DISCO_TEST(a_revocation_may_be_refused)
{
    revocation_fails(404, LEASE_NOT_FOUND);
}

DISCO_TEST(a_lease_that_is_being_revoked_takes_no_keys)
{
    bench_t bench;
    flow_request_t revocation;

    begin_with_two(&bench, 1);
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(DELETE_DONE "," DELETE_DONE));
    told(&bench, "a REMOVED");
    revocation = flow_expect(&bench.flow, REVOKE);
    write_key(bench.a);
    answer(&bench, flow_expect(&bench.flow, GRANT), 200, GRANTED("78", "6"));
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "78"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    answer(&bench, revocation, 200, "{" HEADER "}");
    told(&bench, "b REMOVED");
    end(&bench);
}

DISCO_TEST(a_removal_that_waits_for_the_revocation_is_cancelled)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(DELETE_DONE "," DELETE_DONE));
    told(&bench, "a REMOVED");
    cancel(bench.b);
    answer(&bench, flow_expect(&bench.flow, REVOKE), 200, "{" HEADER "}");
    end(&bench);
}

DISCO_TEST(the_client_is_closed_during_the_revocation)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(DELETE_DONE "," DELETE_DONE));
    told(&bench, "a REMOVED");
    (void)flow_expect(&bench.flow, REVOKE);
    close_keys(&bench);
    flow_close(&bench.flow);
}

DISCO_TEST(a_removal_waits_for_the_write_under_way)
{
    bench_t bench;
    flow_request_t write;

    begin_with_two(&bench, 1);
    write_key(bench.a);
    write = flow_expect(&bench.flow, TXN);
    remove_key(bench.a);
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    answer(&bench, write, 200, DONE(PUT_DONE));
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE(A))), 200, DONE(DELETE_DONE));
    told(&bench, "a REMOVED");
    end(&bench);
}

DISCO_TEST(but_not_longer_than_its_attempt)
{
    bench_t bench;

    begin_with_two(&bench, 2);
    write_key(bench.a);
    write_key(bench.c);
    (void)flow_expect(&bench.flow, TXN);
    remove_key(bench.a);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 3000);
    told(&bench, "c RETRYING ETIMEDOUT");
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(PUT_DONE));
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(PUT_DONE));
    told(&bench, "c WRITTEN");
    told(&bench, "a REMOVED");
    close_keys(&bench);
    flow_close(&bench.flow);
}

DISCO_TEST(a_removal_of_what_was_never_sent_asks_nobody)
{
    bench_t bench;

    begin_granted(&bench, 1);
    remove_key(bench.a);
    told(&bench, "a REMOVED");
    write_key(bench.b);
    remove_key(bench.b);
    told(&bench, "b REMOVED");
    end(&bench);
}

DISCO_TEST(a_removal_before_the_grant_asks_nobody)
{
    bench_t bench;

    begin(&bench, 1);
    write_key(bench.a);
    (void)flow_expect(&bench.flow, GRANT);
    remove_key(bench.a);
    told(&bench, "a REMOVED");
    flow_advance(&bench.flow, 100000);
    end(&bench);
}

DISCO_TEST(a_removal_is_tried_on)
{
    bench_t bench;

    begin_with_two(&bench, 2);
    remove_key(bench.a);
    answer(&bench, flow_expect(&bench.flow, TXN), 503,
           ERROR("14", "etcdserver: request timed out"));
    told(&bench, "a RETRYING DISCO_EUNAVAILABLE");
    answer(&bench, flow_expect(&bench.flow, TXN), 200, DONE(DELETE_DONE));
    told(&bench, "a REMOVED");
    end(&bench);
}

DISCO_TEST(a_removal_that_is_refused_does_not_fail_others)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, flow_expect(&bench.flow, TXN), 403, ERROR("7", "etcdserver: permission denied"));
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE(A))), 403,
           ERROR("7", "etcdserver: permission denied"));
    told(&bench, "a REMOVED DISCO_EAUTH");
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE(B))), 200, DONE(DELETE_DONE));
    told(&bench, "b REMOVED");
    end(&bench);
}

DISCO_TEST(a_removal_when_the_lease_is_gone_deletes_all_the_same)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, beat(&bench), 200, NO_LEASE("77"));
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    remove_key(bench.a);
    remove_key(bench.b);
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE(A) "," DELETE(B))), 200,
           DONE(DELETE_DONE "," DELETE_DONE));
    told(&bench, "a REMOVED");
    told(&bench, "b REMOVED");
    end(&bench);
}
