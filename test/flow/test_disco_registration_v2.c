/* Registrations on v2, by their bytes. */
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

static void update(bench_t *bench, const disco_host_t *host, const char *name)
{
    disco_host_t changed = *host;

    changed.name = name;
    assert_status(disco_registration_update(bench->registration, &changed), 0);
}

DISCO_TEST(an_update_writes_the_host_in_place)
{
    bench_t bench;
    flow_request_t request;

    ready(&bench);
    update(&bench, &private_host, "new");
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_string_equal(flow_parameter(request, "prevExist"), "true");
    assert_string_equal(flow_parameter(request, "ttl"), "5");
    assert_non_null(strstr(flow_parameter(request, "value"), "\"name\":\"new\""));
    diary_expect_nothing(&bench.diary);
    accept_put(&bench, request);
    diary_expect(&bench.diary, "UPDATED");
    accept_put(&bench, heartbeat(&bench));
    end(&bench);
}

DISCO_TEST(an_update_takes_the_place_of_a_heartbeat_under_way)
{
    bench_t bench;

    ready(&bench);
    (void)heartbeat(&bench);
    update(&bench, &private_host, "new");
    accept_put(&bench, flow_expect(&bench.flow, PUT_HOST));
    diary_expect(&bench.diary, "UPDATED");
    end(&bench);
}

static const char *info(const char *user, const char *password)
{
    return flow_text("{\"name\":\"web\",\"critical\":false,\"hostname\":\"n\",\"user\":\"%s\","
                     "\"password\":\"%s\",\"ports\":{\"http\":\"80\"},\"public\":true}",
                     user, password);
}

/* A public host; the poll of its info is held. */
static flow_request_t followed(bench_t *bench)
{
    flow_request_t poll;

    begin_with(bench, 1, &public_host, NULL);
    accept_info_and_host(bench);
    diary_expect(&bench->diary, "READY");
    flow_answer(&bench->flow, flow_expect(&bench->flow, GET_INFO), 200, bench->index,
                flow_set("/services_infos/web", info("me", "mine"), bench->index));
    poll = flow_expect(&bench->flow, POLL_INFO);
    flow_hold(&bench->flow, poll, bench->index);
    flow_expect_no_request(&bench->flow);
    return poll;
}

DISCO_TEST(credentials_are_followed)
{
    bench_t bench;
    flow_request_t poll = followed(&bench);
    flow_request_t request;
    const char *user;
    const char *password;

    flow_event(poll, flow_set("/services_infos/web", info("you", "yours"), ++bench.index));
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_string_equal(flow_parameter(request, "prevExist"), "true");
    assert_non_null(
        strstr(flow_parameter(request, "value"), "\"user\":\"you\",\"password\":\"yours\""));
    accept_put(&bench, request);
    diary_expect(&bench.diary, "CREDENTIALS you:yours");
    assert_status(disco_registration_credentials(bench.registration, &user, &password), 0);
    assert_string_equal(user, "you");
    assert_string_equal(password, "yours");
    flow_hold(&bench.flow, flow_expect(&bench.flow, POLL_INFO), bench.index);
    end(&bench);
}

DISCO_TEST(an_info_that_is_gone_is_created_again)
{
    bench_t bench;
    flow_request_t poll = followed(&bench);
    flow_request_t request;

    flow_event(poll, flow_gone("delete", "/services_infos/web", ++bench.index));
    request = flow_expect(&bench.flow, PUT_INFO);
    assert_string_equal(flow_parameter(request, "prevExist"), "false");
    assert_string_equal(flow_parameter(request, "value"), info("me", "mine"));
    accept_put(&bench, request);
    flow_hold(&bench.flow, flow_expect(&bench.flow, POLL_INFO), bench.index);
    end(&bench);
}

DISCO_TEST(an_info_that_is_there_can_be_adopted)
{
    bench_t bench;
    disco_registration_options_t options;
    flow_request_t request;

    disco_registration_options_init(&options);
    options.adopt = true;
    options.ttl_s = 30;
    begin_with(&bench, 1, &public_host, &options);
    flow_answer(
        &bench.flow,
        flow_expect(&bench.flow, "GET /v2/keys/services_infos/web?sorted=true&quorum=true HTTP"),
        200, 10, flow_set("/services_infos/web", info("you", "yours"), 10));
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_non_null(
        strstr(flow_parameter(request, "value"), "\"user\":\"you\",\"password\":\"yours\""));
    assert_string_equal(flow_parameter(request, "ttl"), "30");
    accept_put(&bench, request);
    diary_expect(&bench.diary, "READY");
    (void)flow_expect(&bench.flow, GET_INFO);
    end(&bench);
}

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
