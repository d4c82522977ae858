/* A registration step by step: writing, heartbeats, loss and recovery, refusals. */
#include "flow/registration_bench.h"

DISCO_TEST(the_info_is_written_and_then_the_host)
{
    bench_t bench;
    flow_request_t request;

    begin_with(&bench, 1, &private_host, NULL);
    assert_string_equal(disco_registration_uuid(bench.registration), "u");
    assert_false(disco_registration_is_ready(bench.registration));
    request = flow_expect(&bench.flow, PUT_INFO);
    assert_string_equal(request.request->body,
                        "value=%7B%22name%22%3A%22web%22%2C%22critical%22%3Afalse%7D");
    assert_string_equal(server_request_field(request.request, "Content-Type"),
                        "application/x-www-form-urlencoded");
    flow_expect_no_request(&bench.flow);
    accept_put(&bench, request);
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_string_equal(
        request.request->body,
        "value=%7B%22name%22%3A%22n%22%2C%22service_name%22%3A%22web%22%2C%22ports%22%3A%7B%22http"
        "%22%3A%2280%22%7D%2C%22private_hostname%22%3A%22n%22%2C%22private_ports%22%3A%7B%22http"
        "%22%3A%2280%22%7D%2C%22uuid%22%3A%22u%22%7D&ttl=5");
    assert_string_equal(server_request_field(request.request, "Content-Type"),
                        "application/x-www-form-urlencoded");
    diary_expect_nothing(&bench.diary);
    accept_put(&bench, request);
    diary_expect(&bench.diary, "READY");
    assert_true(disco_registration_is_ready(bench.registration));
    end(&bench);
}

DISCO_TEST(a_public_service_has_the_hosts_name_ports_and_credentials)
{
    bench_t bench;
    flow_request_t request;

    begin_with(&bench, 1, &public_host, NULL);
    request = flow_expect(&bench.flow, PUT_INFO);
    assert_string_equal(flow_parameter(request, "value"),
                        "{\"name\":\"web\",\"critical\":false,\"hostname\":\"n\",\"user\":\"me\","
                        "\"password\":\"mine\",\"ports\":{\"http\":\"80\"},\"public\":true}");
    accept_put(&bench, request);
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_string_equal(flow_parameter(request, "value"),
                        "{\"name\":\"n\",\"service_name\":\"web\",\"ports\":{\"http\":\"80\"},"
                        "\"user\":\"me\",\"password\":\"mine\",\"public\":true,"
                        "\"private_hostname\":\"p\",\"private_ports\":{\"http\":\"80\"},"
                        "\"uuid\":\"u\"}");
    accept_put(&bench, request);
    diary_expect(&bench.diary, "READY");
    (void)flow_expect(&bench.flow, GET_INFO);
    end(&bench);
}

DISCO_TEST(heartbeats_come_every_third_of_the_ttl)
{
    bench_t bench;
    size_t i;

    ready(&bench);
    flow_advance(&bench.flow, 1499);
    flow_expect_no_request(&bench.flow);
    for (i = 0; i < 10; i++) {
        flow_request_t request = heartbeat(&bench);

        accept_put(&bench, request);
        flow_settle(&bench.flow);
        flow_advance(&bench.flow, 1400);
        flow_expect_no_request(&bench.flow);
    }
    end(&bench);
}

DISCO_TEST(a_host_that_is_gone_is_written_again)
{
    bench_t bench;
    flow_request_t request;

    ready(&bench);
    flow_refuse(&bench.flow, heartbeat(&bench), 100, 50);
    diary_expect(&bench.diary, "LOST DISCO_EKEYNOTFOUND");
    assert_int(bench.diary.detail.etcd_code, 100);
    assert_false(disco_registration_is_ready(bench.registration));
    request = flow_expect(&bench.flow, PUT_INFO);
    assert_string_equal(flow_parameter(request, "prevExist"), "false");
    accept_put(&bench, request);
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_string_equal(flow_parameter(request, "prevExist"), "");
    assert_string_equal(flow_parameter(request, "ttl"), "5");
    accept_put(&bench, request);
    diary_expect(&bench.diary, "RECOVERED");
    assert_true(disco_registration_is_ready(bench.registration));
    accept_put(&bench, heartbeat(&bench));
    end(&bench);
}

DISCO_TEST(an_info_that_is_there_already_is_left_alone)
{
    bench_t bench;

    ready(&bench);
    flow_refuse(&bench.flow, heartbeat(&bench), 100, 50);
    diary_expect(&bench.diary, "LOST DISCO_EKEYNOTFOUND");
    flow_refuse(&bench.flow, flow_expect(&bench.flow, PUT_INFO), 105, 51);
    accept_put(&bench, flow_expect(&bench.flow, PUT_HOST));
    diary_expect(&bench.diary, "RECOVERED");
    end(&bench);
}

DISCO_TEST(heartbeats_that_hang_lose_it_when_the_ttl_is_over)
{
    bench_t bench;
    uint64_t sent;

    ready(&bench);
    sent = disco__now(&bench.flow.client->loop);
    bench.flow.pace = 10;
    diary_expect(&bench.diary, "RETRYING ETIMEDOUT");
    flow_wait(&bench.flow, flow_logged(&bench.flow, ": lost") > 0);
    bench.flow.pace = 0;
    while (strncmp(bench.diary.lines[bench.diary.read], "RETRYING", 8) == 0)
        bench.diary.read++;
    diary_expect(&bench.diary, "LOST DISCO_ELOST");
    assert_true(disco__now(&bench.flow.client->loop) >= sent + 4900);
    assert_true(disco__now(&bench.flow.client->loop) <= sent + 5000 + 300);
    /* The last one may just have been given up; then the next one is heard. */
    while (flow_logged(&bench.flow, "registered again") == 0) {
        accept_put(&bench, flow_expect_later(&bench.flow, PUT_HOST));
        flow_settle(&bench.flow);
    }
    while (strncmp(bench.diary.lines[bench.diary.read], "RETRYING", 8) == 0)
        bench.diary.read++;
    diary_expect(&bench.diary, "RECOVERED");
    end(&bench);
}

DISCO_TEST(the_ttl_counts_from_when_the_heartbeat_was_sent)
{
    bench_t bench;
    flow_request_t request;

    ready(&bench);
    request = heartbeat(&bench);
    flow_advance(&bench.flow, 800);
    accept_put(&bench, request);
    flow_settle(&bench.flow);
    server_stop_listening(bench.flow.servers[0]);
    server_hang_up_all(bench.flow.servers[0]);
    flow_settle(&bench.flow);
    flow_advance(&bench.flow, 3900);
    assert_int(flow_logged(&bench.flow, ": lost"), 0);
    flow_advance(&bench.flow, 300);
    assert_int(flow_logged(&bench.flow, ": lost"), 1);
    flow_close(&bench.flow);
}

DISCO_TEST(a_machine_that_slept_loses_it)
{
    bench_t bench;

    prepare(&bench, 1);
    assert_status(disco_client_new(&bench.flow.client, &bench.flow.loop.uv, &bench.flow.options),
                  0);
    diary_begin(&bench.diary, &bench.flow);
    assert_status(disco_register(bench.flow.client, "web", &private_host, NULL,
                                 diary_registration_cb, &bench.diary, &bench.registration),
                  0);
    server_wait_for_requests(bench.flow.servers[0], 1);
    accept_put(&bench,
               (flow_request_t){bench.flow.servers[0], server_request(bench.flow.servers[0], 0)});
    server_wait_for_requests(bench.flow.servers[0], 2);
    accept_put(&bench,
               (flow_request_t){bench.flow.servers[0], server_request(bench.flow.servers[0], 1)});
    while (bench.diary.count == 0)
        (void)uv_run(&bench.flow.loop.uv, UV_RUN_ONCE);
    assert_string_equal(bench.diary.lines[0], "READY");
    disco__clock_pretend_slept(&bench.flow.client->loop, 60000);
    while (bench.diary.count == 1)
        (void)uv_run(&bench.flow.loop.uv, UV_RUN_ONCE);
    assert_string_equal(bench.diary.lines[1], "LOST DISCO_ELOST");
    server_wait_for_requests(bench.flow.servers[0], 3);
    flow_refuse(&bench.flow,
                (flow_request_t){bench.flow.servers[0], server_request(bench.flow.servers[0], 2)},
                100, 50);
    server_wait_for_requests(bench.flow.servers[0], 4);
    assert_true(
        strncmp(server_request(bench.flow.servers[0], 3)->line, PUT_INFO, strlen(PUT_INFO)) == 0);
    assert_int(bench.diary.count, 2);
    flow_close(&bench.flow);
}

DISCO_TEST(a_server_error_is_retried)
{
    bench_t bench;

    begin_with(&bench, 2, &private_host, NULL);
    flow_refuse(&bench.flow, flow_expect_on(&bench.flow, 0, PUT_INFO), 300, 0);
    diary_expect(&bench.diary, "RETRYING DISCO_EUNAVAILABLE");
    accept_put(&bench, flow_expect_on(&bench.flow, 1, PUT_INFO));
    flow_refuse(&bench.flow, flow_expect_on(&bench.flow, 1, PUT_HOST), 300, 0);
    diary_expect(&bench.diary, "RETRYING DISCO_EUNAVAILABLE");
    accept_put(&bench, flow_expect_later(&bench.flow, PUT_HOST));
    diary_expect(&bench.diary, "READY");
    end(&bench);
}

DISCO_TEST(a_refusal_is_retried_after_a_while)
{
    bench_t bench;
    size_t refusals;

    begin_with(&bench, 1, &private_host, NULL);
    accept_put(&bench, flow_expect(&bench.flow, PUT_INFO));
    for (refusals = 0; refusals < 10; refusals++) {
        flow_refuse(&bench.flow, flow_expect_later(&bench.flow, PUT_HOST), 102, 9);
        diary_expect(&bench.diary, "RETRYING DISCO_EREFUSED");
        assert_int(bench.diary.detail.etcd_code, 102);
    }
    assert_int(server_connection_count(bench.flow.servers[0]), 1);
    accept_put(&bench, flow_expect_later(&bench.flow, PUT_HOST));
    diary_expect(&bench.diary, "READY");
    end(&bench);
}

DISCO_TEST(while_etcd_refuses_there_is_no_hot_loop)
{
    bench_t bench;
    size_t before;
    size_t turns;

    begin_with(&bench, 1, &private_host, NULL);
    for (turns = 0; turns < 5; turns++) {
        flow_refuse(&bench.flow, flow_expect_later(&bench.flow, PUT_INFO), 110, 0);
        diary_expect(&bench.diary, "RETRYING DISCO_EAUTH");
    }
    before = server_request_count(bench.flow.servers[0]);
    flow_settle(&bench.flow);
    /* By chance one wait may be nought. */
    assert_true(server_request_count(bench.flow.servers[0]) <= before + 1);
    flow_close(&bench.flow);
}

DISCO_TEST(a_heartbeat_that_is_refused_is_retried)
{
    bench_t bench;
    flow_request_t request;

    ready(&bench);
    flow_refuse(&bench.flow, heartbeat(&bench), 110, 0);
    diary_expect(&bench.diary, "RETRYING DISCO_EAUTH");
    request = flow_expect_later(&bench.flow, PUT_HOST);
    assert_string_equal(request.request->body, HEARTBEAT);
    accept_put(&bench, request);
    end(&bench);
}
