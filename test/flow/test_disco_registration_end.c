/* How a registration ends: unregistering, closing, shutdown. */
#include "flow/enrolment_bench.h"

DISCO_TESTS_BY_API;

DISCO_TEST(unregistering_deletes_the_host)
{
    bench_t bench;

    ready(&bench, &private_host);
    assert_status(disco_unregister(bench.registration, 0), 0);
    assert_status(disco_unregister(bench.registration, 0), DISCO_ECLOSING);
    assert_status(disco_registration_update(bench.registration, &private_host), DISCO_ECLOSING);
    assert_false(disco_registration_is_ready(bench.registration));
    registry_told(&bench.registry, "CLOSED OK");
    assert_null(tiny_etcd_value(bench.etcd, HOST));
    assert_has(&bench, INFO, "web");
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 1);
    flow_advance(bench.flow, 5000);
    registry_assert_seen(&bench.registry, ASK_BEAT, 0);
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_what_is_gone_succeeds)
{
    bench_t bench;

    ready(&bench, &private_host);
    tiny_etcd_expire(bench.etcd, HOST);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_told(&bench.registry, "CLOSED OK");
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_before_anything_was_sent_sends_nothing)
{
    bench_t bench;

    prepare(&bench);
    enrol(&bench, &private_host, NULL);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_told(&bench.registry, "CLOSED OK");
    flow_settle(bench.flow);
    assert_int(server_connection_count(tiny_etcd_server(bench.etcd)), 0);
    registry_end(&bench.registry);
}

/* v2: while the info is written; v3: while a lease is granted. */
DISCO_TEST(unregistering_before_the_host_was_written_deletes_nothing)
{
    bench_t bench;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_INFO_WRITE);
    registry_hold(&bench.registry, ASK_OTHER);
    enrol(&bench, &private_host, NULL);
    flow_wait(bench.flow, bench.registry.waiting_count == registry_sides());
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_told(&bench.registry, "CLOSED OK");
    registry_release(&bench.registry, ASK_INFO_WRITE);
    registry_release(&bench.registry, ASK_OTHER);
    registry_assert_seen(&bench.registry, ASK_WRITE, 0);
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 0);
    assert_null(tiny_etcd_value(bench.etcd, HOST));
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_waits_for_a_write_under_way)
{
    bench_t bench;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_WRITE);
    enrol(&bench, &private_host, NULL);
    registry_await(&bench.registry, ASK_WRITE, 1);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 0);
    registry_told_nothing(&bench.registry);
    registry_release(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "CLOSED OK");
    assert_null(tiny_etcd_value(bench.etcd, HOST));
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 1);
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_waits_for_a_write_no_longer_than_its_attempt)
{
    bench_t bench;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_WRITE);
    enrol(&bench, &private_host, NULL);
    registry_await(&bench.registry, ASK_WRITE, 1);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 0);
    flow_advance(bench.flow, 3000);
    registry_await(&bench.registry, ASK_REMOVAL, 1);
    registry_told(&bench.registry, "CLOSED OK");
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_is_tried_on)
{
    bench_t bench;
    size_t i;

    ready(&bench, &private_host);
    registry_refuse(&bench.registry, ASK_REMOVAL, REFUSE_UNAVAILABLE, 2);
    assert_status(disco_unregister(bench.registration, 0), 0);
    for (i = 0; i < 2 * registry_sides(); i++)
        registry_told_later(&bench.registry, "RETRYING DISCO_EUNAVAILABLE");
    registry_told_later(&bench.registry, "CLOSED OK");
    assert_null(tiny_etcd_value(bench.etcd, HOST));
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 3);
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_ends_when_its_time_is_up)
{
    bench_t bench;

    ready(&bench, &private_host);
    registry_hold(&bench.registry, ASK_REMOVAL);
    assert_status(disco_unregister(bench.registration, 1000), 0);
    registry_await(&bench.registry, ASK_REMOVAL, 1);
    flow_advance(bench.flow, 999);
    registry_told_nothing(&bench.registry);
    flow_advance(bench.flow, 1);
    registry_told(&bench.registry, "CLOSED ETIMEDOUT");
    registry_end(&bench.registry);
}

DISCO_TEST(unregistering_that_is_refused_says_so)
{
    bench_t bench;
    const disco_error_detail_t *detail = &bench.registry.diary.detail;

    ready(&bench, &private_host);
    registry_refuse(&bench.registry, ASK_REMOVAL, REFUSE_ACCESS, 1);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_told(&bench.registry, "CLOSED DISCO_EAUTH");
    assert_int(detail->etcd_code, strcmp(detail->api, "v3") == 0 ? 7 : 110);
    registry_end(&bench.registry);
}

DISCO_TEST(closing_cuts_unregistering_short)
{
    bench_t bench;

    ready(&bench, &private_host);
    registry_hold(&bench.registry, ASK_REMOVAL);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_await(&bench.registry, ASK_REMOVAL, 1);
    assert_status(disco_registration_close(bench.registration), 0);
    registry_told(&bench.registry, "CLOSED ECANCELED");
    registry_end(&bench.registry);
}

DISCO_TEST(closing_leaves_the_host_to_its_time_to_live)
{
    bench_t bench;

    ready(&bench, &private_host);
    assert_status(disco_registration_close(bench.registration), 0);
    registry_told(&bench.registry, "CLOSED ECANCELED");
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 0);
    assert_has(&bench, HOST, "\"uuid\":\"u\"");
    registry_end(&bench.registry);
}

static void on_shut_down(void *data, int status)
{
    *(int *)data = status;
}

DISCO_TEST(a_shutdown_deletes_the_hosts)
{
    bench_t bench;
    int status = 1;

    ready(&bench, &private_host);
    assert_status(disco_client_shutdown(bench.flow->client, 0, on_shut_down, &status), 0);
    registry_told(&bench.registry, "CLOSED OK");
    bench.flow->client = NULL;
    flow_wait(bench.flow, status != 1);
    assert_status(status, 0);
    assert_null(tiny_etcd_value(bench.etcd, HOST));
    registry_end(&bench.registry);
}

DISCO_TEST(a_shutdown_ends_when_its_time_is_up)
{
    bench_t bench;
    int status = 1;

    ready(&bench, &private_host);
    registry_hold(&bench.registry, ASK_REMOVAL);
    assert_status(disco_client_shutdown(bench.flow->client, 700, on_shut_down, &status), 0);
    registry_await(&bench.registry, ASK_REMOVAL, 1);
    flow_advance(bench.flow, 699);
    registry_told_nothing(&bench.registry);
    assert_int(status, 1);
    flow_advance(bench.flow, 1);
    registry_told(&bench.registry, "CLOSED ETIMEDOUT");
    bench.flow->client = NULL;
    flow_wait(bench.flow, status != 1);
    assert_status(status, UV_ETIMEDOUT);
    registry_end(&bench.registry);
}
