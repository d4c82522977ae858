/* How a registration ends: unregistering, closing, shutdown. */
#include "flow/registration_bench.h"

DISCO_TEST(unregistering_deletes_the_host)
{
    bench_t bench;

    ready(&bench);
    assert_status(disco_unregister(bench.registration, 0), 0);
    assert_status(disco_unregister(bench.registration, 0), DISCO_ECLOSING);
    assert_status(disco_registration_update(bench.registration, &private_host), DISCO_ECLOSING);
    assert_false(disco_registration_is_ready(bench.registration));
    flow_answer(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 200, 50,
                flow_gone("delete", "/services/web/u", 50));
    diary_expect(&bench.diary, "CLOSED OK");
    flow_expect_no_request(&bench.flow);
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_what_is_gone_succeeds)
{
    bench_t bench;

    ready(&bench);
    assert_status(disco_unregister(bench.registration, 0), 0);
    flow_refuse(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 100, 50);
    diary_expect(&bench.diary, "CLOSED OK");
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_before_anything_was_sent_sends_nothing)
{
    bench_t bench;

    begin_with(&bench, 1, &private_host, NULL);
    assert_status(disco_unregister(bench.registration, 0), 0);
    diary_expect(&bench.diary, "CLOSED OK");
    flow_expect_no_request(&bench.flow);
    assert_int(server_connection_count(bench.flow.servers[0]), 0);
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_while_the_info_is_written_deletes_nothing)
{
    bench_t bench;

    begin_with(&bench, 1, &private_host, NULL);
    (void)flow_expect(&bench.flow, PUT_INFO);
    assert_status(disco_unregister(bench.registration, 0), 0);
    diary_expect(&bench.diary, "CLOSED OK");
    flow_expect_no_request(&bench.flow);
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_waits_for_a_write_under_way)
{
    bench_t bench;
    flow_request_t request;

    begin_with(&bench, 1, &private_host, NULL);
    accept_put(&bench, flow_expect(&bench.flow, PUT_INFO));
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_status(disco_unregister(bench.registration, 0), 0);
    flow_expect_no_request(&bench.flow);
    accept_put(&bench, request);
    flow_answer(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 200, 50,
                flow_gone("delete", "/services/web/u", 50));
    diary_expect(&bench.diary, "CLOSED OK");
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_waits_for_a_write_no_longer_than_its_attempt)
{
    bench_t bench;

    begin_with(&bench, 2, &private_host, NULL);
    accept_put(&bench, flow_expect(&bench.flow, PUT_INFO));
    (void)flow_expect(&bench.flow, PUT_HOST);
    assert_status(disco_unregister(bench.registration, 0), 0);
    flow_expect_no_request(&bench.flow);
    flow_advance(&bench.flow, 3000);
    flow_answer(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 200, 50,
                flow_gone("delete", "/services/web/u", 50));
    diary_expect(&bench.diary, "CLOSED OK");
    flow_expect_no_request(&bench.flow);
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_is_tried_on)
{
    bench_t bench;

    begin_with(&bench, 2, &private_host, NULL);
    accept_info_and_host(&bench);
    diary_expect(&bench.diary, "READY");
    assert_status(disco_unregister(bench.registration, 0), 0);
    flow_refuse(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 300, 0);
    flow_refuse(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 300, 0);
    flow_answer(&bench.flow, flow_expect_later(&bench.flow, DELETE_HOST), 200, 50,
                flow_gone("delete", "/services/web/u", 50));
    diary_expect(&bench.diary, "RETRYING DISCO_EUNAVAILABLE");
    diary_expect(&bench.diary, "RETRYING DISCO_EUNAVAILABLE");
    diary_expect(&bench.diary, "CLOSED OK");
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_ends_when_its_time_is_up)
{
    bench_t bench;

    ready(&bench);
    assert_status(disco_unregister(bench.registration, 1000), 0);
    (void)flow_expect(&bench.flow, DELETE_HOST);
    flow_advance(&bench.flow, 999);
    diary_expect_nothing(&bench.diary);
    flow_advance(&bench.flow, 1);
    diary_expect(&bench.diary, "CLOSED ETIMEDOUT");
    flow_close(&bench.flow);
}

DISCO_TEST(unregistering_that_is_refused_says_so)
{
    bench_t bench;

    ready(&bench);
    assert_status(disco_unregister(bench.registration, 0), 0);
    flow_refuse(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 110, 0);
    diary_expect(&bench.diary, "CLOSED DISCO_EAUTH");
    assert_int(bench.diary.detail.etcd_code, 110);
    flow_close(&bench.flow);
}

DISCO_TEST(closing_cuts_unregistering_short)
{
    bench_t bench;

    ready(&bench);
    assert_status(disco_unregister(bench.registration, 0), 0);
    (void)flow_expect(&bench.flow, DELETE_HOST);
    assert_status(disco_registration_close(bench.registration), 0);
    diary_expect(&bench.diary, "CLOSED ECANCELED");
    flow_close(&bench.flow);
}

static void on_shut_down(void *data, int status)
{
    *(int *)data = status;
}

DISCO_TEST(a_shutdown_deletes_the_hosts)
{
    bench_t bench;
    int status = 1;

    ready(&bench);
    assert_status(disco_client_shutdown(bench.flow.client, 0, on_shut_down, &status), 0);
    flow_answer(&bench.flow, flow_expect(&bench.flow, DELETE_HOST), 200, 50,
                flow_gone("delete", "/services/web/u", 50));
    diary_expect(&bench.diary, "CLOSED OK");
    bench.flow.client = NULL;
    flow_wait(&bench.flow, status != 1);
    assert_status(status, 0);
    flow_close(&bench.flow);
}

DISCO_TEST(a_shutdown_ends_when_its_time_is_up)
{
    bench_t bench;
    int status = 1;

    ready(&bench);
    assert_status(disco_client_shutdown(bench.flow.client, 700, on_shut_down, &status), 0);
    (void)flow_expect(&bench.flow, DELETE_HOST);
    flow_advance(&bench.flow, 699);
    diary_expect_nothing(&bench.diary);
    assert_int(status, 1);
    flow_advance(&bench.flow, 1);
    diary_expect(&bench.diary, "CLOSED ETIMEDOUT");
    bench.flow.client = NULL;
    flow_wait(&bench.flow, status != 1);
    assert_status(status, UV_ETIMEDOUT);
    flow_close(&bench.flow);
}
