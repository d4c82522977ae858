/* A registration step by step: writing, heartbeats, loss and recovery, refusals. */
#include "flow/enrolment_bench.h"

DISCO_TESTS_BY_API;

DISCO_TEST(a_private_host_is_written_with_its_info)
{
    bench_t bench;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_WRITE);
    enrol(&bench, &private_host, NULL);
    assert_string_equal(disco_registration_uuid(bench.registration), "u");
    registry_await(&bench.registry, ASK_WRITE, 1);
    registry_told_nothing(&bench.registry);
    assert_false(disco_registration_is_ready(bench.registration));
    registry_release(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "READY");
    assert_true(disco_registration_is_ready(bench.registration));
    assert_string_equal(tiny_etcd_value(bench.etcd, INFO), "{\"name\":\"web\",\"critical\":false}");
    assert_string_equal(tiny_etcd_value(bench.etcd, HOST),
                        "{\"name\":\"n\",\"service_name\":\"web\",\"ports\":{\"http\":\"80\"},"
                        "\"private_hostname\":\"n\",\"private_ports\":{\"http\":\"80\"},"
                        "\"uuid\":\"u\"}");
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    end(&bench);
}

DISCO_TEST_ON(info_and_host_are_written_in_one_transaction, v3)
{
    bench_t bench;
    const server_request_t *request;

    ready(&bench, &private_host);
    request = server_request(tiny_etcd_server(bench.etcd), 0);
    assert_string_equal(request->line, "POST /v3/lease/grant HTTP/1.1");
    assert_string_equal(request->body, "{\"TTL\":\"5\"}");
    request = server_request(tiny_etcd_server(bench.etcd), 1);
    assert_string_equal(request->line, "POST /v3/kv/txn HTTP/1.1");
    /* "/services_infos/web", then "/services/web/u" on lease 701 */
    assert_non_null(strstr(request->body, "{\"request_put\":{\"key\":"
                                          "\"L3NlcnZpY2VzX2luZm9zL3dlYg==\",\"value\":"));
    assert_non_null(strstr(request->body, "{\"request_put\":{\"key\":\"L3NlcnZpY2VzL3dlYi91\","
                                          "\"value\":"));
    assert_non_null(strstr(request->body, ",\"lease\":\"701\"}}]}"));
    assert_int(server_request_count(tiny_etcd_server(bench.etcd)), 2);
    end(&bench);
}

DISCO_TEST(a_public_service_has_the_hosts_name_ports_and_credentials)
{
    bench_t bench;

    ready(&bench, &public_host);
    assert_string_equal(tiny_etcd_value(bench.etcd, INFO), info("me", "mine"));
    assert_string_equal(tiny_etcd_value(bench.etcd, HOST),
                        "{\"name\":\"n\",\"service_name\":\"web\",\"ports\":{\"http\":\"80\"},"
                        "\"user\":\"me\",\"password\":\"mine\",\"public\":true,"
                        "\"private_hostname\":\"p\",\"private_ports\":{\"http\":\"80\"},"
                        "\"uuid\":\"u\"}");
    end(&bench);
}

/* The first wait is a third of five seconds. Those that ask again and again are still before an
 * etcd that has a whole fleet to answer. */
DISCO_TEST(a_silent_etcd_is_given_more_time_in_each_round)
{
    static const uint32_t waits[] = {1666, 2 * 1666, 5000, 5000};
    bench_t bench;
    size_t i;

    memset(&bench, 0, sizeof bench);
    registry_open(&bench.registry);
    bench.flow = &bench.registry.flow;
    bench.etcd = bench.registry.etcd;
    bench.flow->options.backoff_first_ms = bench.flow->options.backoff_most_ms = 1;
    registry_start(&bench.registry);
    registry_hold(&bench.registry, ASK_WRITE);
    enrol(&bench, &private_host, NULL);
    for (i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        registry_await(&bench.registry, ASK_WRITE, i + 1);
        flow_advance(bench.flow, waits[i] - 2);
        registry_told_nothing(&bench.registry);
        flow_advance(bench.flow, 2);
        registry_told_by_each(&bench.registry, "RETRYING ETIMEDOUT");
        flow_advance(bench.flow, 1);
    }
    registry_release(&bench.registry, ASK_WRITE);
    registry_told_later(&bench.registry, "READY");
    end(&bench);
}

/* A third of five seconds, less a tenth of it at most. */
DISCO_TEST(heartbeats_come_every_third_of_the_ttl)
{
    bench_t bench;
    disco__loop_t *loop;
    uint64_t began;
    size_t side;

    ready(&bench, &private_host);
    loop = &bench.flow->client->loop;
    began = disco__now(loop);
    flow_advance(bench.flow, 1499);
    registry_assert_seen(&bench.registry, ASK_BEAT, 0);
    bench.flow->pace = 10;
    flow_wait(bench.flow, disco__now(loop) >= began + 16900);
    bench.flow->pace = 0;
    for (side = 0; side < 2; side++) {
        size_t beats = bench.registry.asks[ASK_BEAT].seen[side];

        if (registry_is_on(side))
            assert_in_range(beats, 10, 11);
        else
            assert_int(beats, 0);
    }
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    end(&bench);
}

/* The host is gone, and what each side does about it is held until both have found out. */
static void lose(bench_t *bench)
{
    tiny_etcd_expire(bench->etcd, HOST);
    registry_hold(&bench->registry, ASK_WRITE);
    registry_told_later(&bench->registry, "LOST DISCO_EKEYNOTFOUND");
    if (registry_sides() == 2)
        registry_told_later(&bench->registry, "LOST DISCO_EKEYNOTFOUND");
    assert_false(disco_registration_is_ready(bench->registration));
    registry_await(&bench->registry, ASK_WRITE, 2);
    registry_told_nothing(&bench->registry);
    registry_release(&bench->registry, ASK_WRITE);
    registry_told(&bench->registry, "RECOVERED");
    assert_true(disco_registration_is_ready(bench->registration));
    assert_has(bench, HOST, "\"uuid\":\"u\"");
}

DISCO_TEST(a_host_that_is_gone_is_written_again)
{
    bench_t bench;
    size_t beats;

    ready(&bench, &private_host);
    tiny_etcd_delete(bench.etcd, INFO);
    lose(&bench);
    assert_string_equal(tiny_etcd_value(bench.etcd, INFO), "{\"name\":\"web\",\"critical\":false}");
    for (beats = 2; beats < 4; beats++)
        registry_await_later(&bench.registry, ASK_BEAT, beats);
    end(&bench);
}

DISCO_TEST(an_info_that_is_there_already_is_left_alone)
{
    bench_t bench;

    ready(&bench, &private_host);
    tiny_etcd_put(bench.etcd, INFO, "{\"name\":\"web\",\"critical\":true}");
    lose(&bench);
    assert_has(&bench, INFO, "\"critical\":true");
    end(&bench);
}

DISCO_TEST(heartbeats_that_hang_lose_it_when_the_ttl_is_over)
{
    bench_t bench;
    uint64_t sent;

    ready(&bench, &private_host);
    sent = disco__now(&bench.flow->client->loop);
    registry_hold(&bench.registry, ASK_BEAT);
    registry_told_later(&bench.registry, "RETRYING ETIMEDOUT");
    bench.flow->pace = 10;
    flow_wait(bench.flow, flow_logged(bench.flow, ": lost") == registry_sides());
    bench.flow->pace = 0;
    skip_retrying(&bench);
    registry_told_by_each(&bench.registry, "LOST DISCO_ELOST");
    assert_true(disco__now(&bench.flow->client->loop) >= sent + 4900);
    assert_true(disco__now(&bench.flow->client->loop) <= sent + 5000 + 300);
    registry_release(&bench.registry, ASK_BEAT);
    bench.flow->pace = 10;
    flow_wait(bench.flow, flow_logged(bench.flow, "registered again") > 0);
    bench.flow->pace = 0;
    skip_retrying(&bench);
    registry_told(&bench.registry, "RECOVERED");
    end(&bench);
}

DISCO_TEST(the_ttl_counts_from_when_the_heartbeat_was_sent)
{
    bench_t bench;
    server_t *server;

    ready(&bench, &private_host);
    server = tiny_etcd_server(bench.etcd);
    registry_hold(&bench.registry, ASK_BEAT);
    registry_await_later(&bench.registry, ASK_BEAT, 1);
    flow_advance(bench.flow, 600);
    registry_pass(&bench.registry, ASK_BEAT);
    flow_settle(bench.flow);
    server_stop_listening(server);
    registry_cut(&bench.registry);
    flow_settle(bench.flow);
    flow_advance(bench.flow, 3900);
    assert_int(flow_logged(bench.flow, ": lost"), 0);
    flow_advance(bench.flow, 500);
    assert_int(flow_logged(bench.flow, ": lost"), registry_sides());
    bench.registry.diary.read = bench.registry.diary.count;
    assert_status(disco_registration_close(bench.registration), 0);
    registry_told(&bench.registry, "CLOSED ECANCELED");
    registry_end(&bench.registry);
}

/* By the machine's own clock: a client that has come with flow_start() would not look at it. */
DISCO_TEST(a_machine_that_slept_loses_it)
{
    bench_t bench;
    diary_t *diary = &bench.registry.diary;
    size_t i;

    memset(&bench, 0, sizeof bench);
    registry_open(&bench.registry);
    bench.flow = &bench.registry.flow;
    bench.etcd = bench.registry.etcd;
    assert_status(disco_client_new(&bench.flow->client, &bench.flow->loop.uv, &bench.flow->options),
                  0);
    diary_begin(diary, bench.flow);
    enrol(&bench, &private_host, NULL);
    while (diary->count == 0)
        (void)uv_run(&bench.flow->loop.uv, UV_RUN_ONCE);
    assert_string_equal(diary->lines[0], "READY");
    tiny_etcd_expire(bench.etcd, HOST);
    registry_hold(&bench.registry, ASK_WRITE);
    disco__clock_pretend_slept(&bench.flow->client->loop, 60000);
    while (diary->count < 1 + registry_sides())
        (void)uv_run(&bench.flow->loop.uv, UV_RUN_ONCE);
    for (i = 0; i < registry_sides(); i++)
        assert_string_equal(diary->lines[1 + i], "LOST DISCO_ELOST");
    while (bench.registry.waiting_count < registry_sides())
        (void)uv_run(&bench.flow->loop.uv, UV_RUN_ONCE);
    registry_release(&bench.registry, ASK_WRITE);
    while (diary->count < 2 + registry_sides())
        (void)uv_run(&bench.flow->loop.uv, UV_RUN_ONCE);
    assert_string_equal(diary->lines[1 + i], "RECOVERED");
    diary->read = diary->count;
    assert_has(&bench, HOST, "\"uuid\":\"u\"");
    disco__clock_set_manual(&bench.flow->client->loop);
    end(&bench);
}

DISCO_TEST(a_server_error_is_retried)
{
    bench_t bench;

    prepare(&bench);
    registry_refuse(&bench.registry, ASK_WRITE, REFUSE_UNAVAILABLE, 1);
    enrol(&bench, &private_host, NULL);
    registry_told_by_each(&bench.registry, "RETRYING DISCO_EUNAVAILABLE");
    registry_told_later(&bench.registry, "READY");
    registry_assert_seen(&bench.registry, ASK_WRITE, 2);
    end(&bench);
}

DISCO_TEST(a_refusal_is_retried_after_a_while)
{
    bench_t bench;
    size_t i;

    prepare(&bench);
    registry_refuse(&bench.registry, ASK_WRITE, REFUSE_REQUEST, 10);
    enrol(&bench, &private_host, NULL);
    for (i = 0; i < 10 * registry_sides(); i++)
        registry_told_later(&bench.registry, "RETRYING DISCO_EREFUSED");
    registry_told_later(&bench.registry, "READY");
    registry_assert_seen(&bench.registry, ASK_WRITE, 11);
    assert_true(server_connection_count(tiny_etcd_server(bench.etcd)) <= registry_sides());
    end(&bench);
}

DISCO_TEST(while_etcd_refuses_there_is_no_hot_loop)
{
    bench_t bench;
    server_t *server;
    size_t before;
    size_t i;

    prepare(&bench);
    server = tiny_etcd_server(bench.etcd);
    registry_refuse(&bench.registry, ASK_WRITE, REFUSE_ACCESS, 100);
    enrol(&bench, &private_host, NULL);
    for (i = 0; i < 5 * registry_sides(); i++)
        registry_told_later(&bench.registry, "RETRYING DISCO_EAUTH");
    before = server_request_count(server);
    flow_settle(bench.flow);
    /* By chance one wait may be nought. */
    assert_true(server_request_count(server) <= before + registry_sides());
    bench.registry.diary.read = bench.registry.diary.count;
    assert_status(disco_registration_close(bench.registration), 0);
    registry_told(&bench.registry, "CLOSED ECANCELED");
    registry_end(&bench.registry);
}

DISCO_TEST(a_heartbeat_that_is_refused_is_retried)
{
    bench_t bench;
    size_t i;

    ready(&bench, &private_host);
    registry_refuse(&bench.registry, ASK_BEAT, REFUSE_ACCESS, 1);
    for (i = 0; i < registry_sides(); i++)
        registry_told_later(&bench.registry, "RETRYING DISCO_EAUTH");
    registry_await_later(&bench.registry, ASK_BEAT, 2);
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    assert_true(disco_registration_is_ready(bench.registration));
    end(&bench);
}
