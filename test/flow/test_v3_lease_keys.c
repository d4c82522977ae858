/* Leased keys on v3: the question which keys etcd has on the lease, and what is deleted of them. */
#include "flow/lease_bench.h"

/* The question that is due after a time to live; heartbeats meanwhile. */
static flow_request_t question(bench_t *bench)
{
    size_t i;

    for (i = 0; i < 3; i++)
        answer(bench, beat(bench), 200, BEATEN("77", "6"));
    flow_settle(&bench->flow);
    return expect(bench, QUESTION, "{\"ID\":\"77\",\"keys\":true}");
}

static void set_back(const char *header)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, beat(&bench), 200,
           flow_text("{\"result\":{\"header\":{%s},\"ID\":\"77\",\"TTL\":\"6\"}}", header));
    answer(&bench, flow_expect(&bench.flow, QUESTION), 200, HAS_KEYS("77", A "," B));
    end(&bench);
}

DISCO_TEST(another_cluster_is_asked_at_once)
{
    set_back("\"cluster_id\":\"3\",\"revision\":\"9\"");
}

DISCO_TEST(a_restored_cluster_is_asked_at_once)
{
    set_back("\"cluster_id\":\"1\",\"revision\":\"8\"");
}

DISCO_TEST(keys_that_etcd_has_are_not_told)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, question(&bench), 200, HAS_KEYS("77", B "," A));
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    answer(&bench, question(&bench), 200, HAS_KEYS("77", A "," B));
    end(&bench);
}

DISCO_TEST(a_key_that_is_missing_twice_is_gone)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = rewrite;
    answer(&bench, question(&bench), 200, HAS_KEYS("77", A));
    answer(&bench, expect(&bench, QUESTION, "{\"ID\":\"77\",\"keys\":true}"), 200,
           HAS_KEYS("77", A));
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(B, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "b WRITTEN");
    end(&bench);
}

DISCO_TEST(a_key_that_is_missing_once_is_not)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, question(&bench), 200, HAS_KEYS("77", ""));
    answer(&bench, flow_expect(&bench.flow, QUESTION), 200, HAS_KEYS("77", B "," A));
    end(&bench);
}

/* One that is written while the question is under way need not be in its answer. */
DISCO_TEST(a_key_younger_than_the_question_is_not)
{
    bench_t bench;
    flow_request_t request;

    begin_with_two(&bench, 1);
    request = question(&bench);
    write_key(bench.c);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(C, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "c WRITTEN");
    answer(&bench, request, 200, HAS_KEYS("77", A "," B));
    end(&bench);
}

DISCO_TEST(a_question_may_say_that_the_lease_is_gone)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, question(&bench), 200, "{" HEADER ",\"ID\":\"77\",\"TTL\":\"-1\"}");
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    end(&bench);
}

DISCO_TEST(a_lease_about_to_expire_says_nothing_of_its_keys)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    answer(&bench, question(&bench), 200, "{" HEADER ",\"ID\":\"77\",\"grantedTTL\":\"6\"}");
    end(&bench);
}

static void question_fails(int status, const char *body, bool for_good)
{
    bench_t bench;
    size_t i;

    begin_with_two(&bench, 1);
    answer(&bench, question(&bench), status, body);
    flow_settle(&bench.flow);
    assert_int(flow_logged(&bench.flow, "keys of a lease cannot be asked for"), for_good);
    if (for_good) {
        for (i = 0; i < 8; i++)
            answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    } else {
        answer(&bench, question(&bench), 200, HAS_KEYS("77", A "," B));
    }
    end(&bench);
}

DISCO_TEST(a_question_that_is_refused_is_not_asked_again)
{
    question_fails(403, ERROR("7", "etcdserver: permission denied"), true);
}

DISCO_TEST(one_that_is_answered_unreadably_is)
{
    question_fails(200, "{\"ID\":", false);
}

DISCO_TEST(one_that_is_answered_for_another_lease_is)
{
    question_fails(200, HAS_KEYS("78", A), false);
}

DISCO_TEST(all_keys_are_closed_when_a_question_finds_one_missing)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    bench.hook = close_both;
    answer(&bench, question(&bench), 200, HAS_KEYS("77", ""));
    answer(&bench, flow_expect(&bench.flow, QUESTION), 200, HAS_KEYS("77", ""));
    told(&bench, "a GONE DISCO_EKEYNOTFOUND");
    end(&bench);
}

#define DELETE_IF_LEASED(key)                                                                      \
    "{\"request_txn\":{\"compare\":[{\"key\":" key                                                 \
    ",\"target\":\"LEASE\",\"result\":\"EQUAL\",\"lease\":\"77\"}],\"success\":[" DELETE(          \
        key) "]}}"

/* Other keys keep the lease alive, so that it does not expire with it. */
DISCO_TEST(a_closed_key_goes_when_its_time_has_passed)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    close_key(bench.a);
    answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    answer(&bench, beat(&bench), 200, BEATEN("77", "6"));
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE_IF_LEASED(A))), 200, DONE(NESTED_DONE));
    answer(&bench, flow_expect(&bench.flow, QUESTION), 200, HAS_KEYS("77", B));
    answer(&bench, question(&bench), 200, HAS_KEYS("77", B));
    end(&bench);
}

DISCO_TEST(but_not_when_it_is_leased_again)
{
    leased_key_t again;
    bench_t bench;

    begin_with_two(&bench, 1);
    close_key(bench.a);
    open_key(&bench, &again, "/a", 6);
    write_key(&again);
    answer(&bench, expect(&bench, TXN, REQUEST(PUT(A, "77"))), 200, DONE(PUT_DONE));
    told(&bench, "a WRITTEN");
    answer(&bench, question(&bench), 200, HAS_KEYS("77", B "," A));
    flow_settle(&bench.flow);
    flow_expect_no_request(&bench.flow);
    close_key(&again);
    end(&bench);
}

DISCO_TEST(a_closed_key_is_forgotten_when_the_lease_is_gone)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    close_key(bench.a);
    answer(&bench, beat(&bench), 200, NO_LEASE("77"));
    told(&bench, "b GONE DISCO_EKEYNOTFOUND");
    flow_advance(&bench.flow, 100000);
    end(&bench);
}

/* As a write leaves it that was given up and took effect behind the removal. */
DISCO_TEST(a_key_that_nobody_knows_of_is_deleted)
{
    bench_t bench;
    flow_request_t request;

    begin_with_two(&bench, 1);
    answer(&bench, question(&bench), 200, HAS_KEYS("77", "\"L3g=\"," B "," A));
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 0);
    request = expect(&bench, TXN, REQUEST(DELETE_IF_LEASED("\"L3g=\"")));
    answer(&bench, request, 500, ERROR("2", "context deadline exceeded"));
    answer(&bench, flow_expect_later(&bench.flow, TXN), 200, DONE(NESTED_NOT));
    end(&bench);
}

DISCO_TEST(a_deletion_that_fails_is_put_off)
{
    bench_t bench;

    begin_with_two(&bench, 1);
    close_key(bench.a);
    answer(&bench, question(&bench), 200, HAS_KEYS("77", B "," A));
    (void)flow_expect(&bench.flow, TXN);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 1500);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 500);
    answer(&bench, flow_expect(&bench.flow, BEAT), 200, BEATEN("77", "6"));
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 1000);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 1000);
    answer(&bench, flow_expect(&bench.flow, BEAT), 200, BEATEN("77", "6"));
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 1000);
    answer(&bench, expect(&bench, TXN, REQUEST(DELETE_IF_LEASED(A))), 200, DONE(NESTED_DONE));
    end(&bench);
}
