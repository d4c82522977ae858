/* Registrations: what is written, in which order, and what is told when it does not work. */
#include "base/timer.h"
#include "support/flow.h"

#define PUT_INFO "PUT /v2/keys/services_infos/web HTTP"
#define PUT_HOST "PUT /v2/keys/services/web/u HTTP"
#define DELETE_HOST "DELETE /v2/keys/services/web/u HTTP"
#define GET_INFO "GET /v2/keys/services_infos/web?sorted=true HTTP"
#define POLL_INFO "GET /v2/keys/services_infos/web?wait=true&waitIndex="

#define HEARTBEAT "ttl=5&refresh=true&prevExist=true"

typedef struct bench_s {
    flow_t flow;
    diary_t diary;
    disco_registration_t *registration;
    uint64_t index;
} bench_t;

static const disco_port_t ports[] = {{"http", "80"}};
static const disco_host_t private_host = {
    .name = "n", .ports = ports, .port_count = 1, .uuid = "u"};
static const disco_host_t public_host = {.name = "n",
                                         .ports = ports,
                                         .port_count = 1,
                                         .uuid = "u",
                                         .user = "me",
                                         .password = "mine",
                                         .is_public = true,
                                         .private_hostname = "p"};

static void prepare(bench_t *bench, size_t servers)
{
    memset(bench, 0, sizeof *bench);
    flow_open(&bench->flow, servers);
    bench->flow.options.backoff_first_ms = 100;
    bench->flow.options.backoff_most_ms = 100;
    bench->index = 10;
}

static void begin_with(bench_t *bench, size_t servers, const disco_host_t *host,
                       const disco_registration_options_t *options)
{
    prepare(bench, servers);
    flow_start(&bench->flow);
    diary_begin(&bench->diary, &bench->flow);
    assert_status(disco_register(bench->flow.client, "web", host, options, diary_registration_cb,
                                 &bench->diary, &bench->registration),
                  0);
}

static void accept_put(bench_t *bench, flow_request_t request)
{
    bench->index++;
    flow_answer(&bench->flow, request, 200, bench->index, flow_set("/x", "x", bench->index));
}

static flow_request_t host_put(bench_t *bench)
{
    return flow_expect_later(&bench->flow, PUT_HOST);
}

static void accept_info_and_host(bench_t *bench)
{
    accept_put(bench, flow_expect_later(&bench->flow, PUT_INFO));
    accept_put(bench, host_put(bench));
}

static void ready(bench_t *bench)
{
    begin_with(bench, 1, &private_host, NULL);
    accept_info_and_host(bench);
    diary_expect(&bench->diary, "READY");
}

/* The heartbeat that is due within a third of five seconds. */
static flow_request_t heartbeat(bench_t *bench)
{
    flow_request_t request;

    bench->flow.pace = 10;
    request = flow_expect(&bench->flow, PUT_HOST);
    bench->flow.pace = 0;
    assert_string_equal(request.request->body, HEARTBEAT);
    return request;
}

static void end(bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    flow_expect_no_request(&bench->flow);
    assert_status(disco_registration_close(bench->registration), 0);
    assert_status(disco_registration_close(bench->registration), DISCO_ECLOSING);
    diary_expect(&bench->diary, "CLOSED ECANCELED");
    flow_expect_no_request(&bench->flow);
    flow_close(&bench->flow);
}

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
    while (flow_untaken(&bench.flow, PUT_HOST) > 1)
        (void)flow_expect(&bench.flow, PUT_HOST);
    accept_put(&bench, flow_expect(&bench.flow, PUT_HOST));
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

DISCO_TEST(an_update_during_a_write_gives_a_second_write)
{
    bench_t bench;
    flow_request_t request;

    begin_with(&bench, 1, &private_host, NULL);
    accept_put(&bench, flow_expect(&bench.flow, PUT_INFO));
    request = flow_expect(&bench.flow, PUT_HOST);
    update(&bench, &private_host, "second");
    update(&bench, &private_host, "third");
    flow_expect_no_request(&bench.flow);
    accept_put(&bench, request);
    diary_expect(&bench.diary, "READY");
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_non_null(strstr(flow_parameter(request, "value"), "\"name\":\"third\""));
    diary_expect_nothing(&bench.diary);
    accept_put(&bench, request);
    diary_expect(&bench.diary, "UPDATED");
    end(&bench);
}

DISCO_TEST(an_update_during_a_heartbeat_waits_for_it)
{
    bench_t bench;
    flow_request_t beat;

    ready(&bench);
    beat = heartbeat(&bench);
    update(&bench, &private_host, "new");
    flow_expect_no_request(&bench.flow);
    accept_put(&bench, beat);
    accept_put(&bench, flow_expect_later(&bench.flow, PUT_HOST));
    diary_expect(&bench.diary, "UPDATED");
    end(&bench);
}

DISCO_TEST(an_update_of_a_host_that_is_gone_recovers_it)
{
    bench_t bench;
    flow_request_t request;

    ready(&bench);
    update(&bench, &private_host, "new");
    flow_refuse(&bench.flow, flow_expect(&bench.flow, PUT_HOST), 100, 50);
    diary_expect(&bench.diary, "LOST DISCO_EKEYNOTFOUND");
    accept_put(&bench, flow_expect(&bench.flow, PUT_INFO));
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_string_equal(flow_parameter(request, "prevExist"), "");
    accept_put(&bench, request);
    diary_expect(&bench.diary, "RECOVERED");
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

DISCO_TEST(credentials_that_changed_before_the_listing_are_followed)
{
    bench_t bench;
    flow_request_t request;

    begin_with(&bench, 1, &public_host, NULL);
    accept_info_and_host(&bench);
    diary_expect(&bench.diary, "READY");
    bench.index++;
    flow_answer(&bench.flow, flow_expect(&bench.flow, GET_INFO), 200, bench.index,
                flow_set("/services_infos/web", info("you", "yours"), bench.index));
    request = flow_expect(&bench.flow, PUT_HOST);
    accept_put(&bench, request);
    diary_expect(&bench.diary, "CREDENTIALS you:yours");
    (void)flow_expect(&bench.flow, POLL_INFO);
    end(&bench);
}

DISCO_TEST(a_broken_info_changes_nothing)
{
    bench_t bench;
    flow_request_t poll = followed(&bench);

    flow_event(poll, flow_set("/services_infos/web", "{", ++bench.index));
    poll = flow_expect(&bench.flow, POLL_INFO);
    flow_hold(&bench.flow, poll, bench.index);
    flow_event(poll, flow_set("/services_infos/web", info("me", "mine"), ++bench.index));
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

DISCO_TEST(an_update_of_a_public_host_writes_the_info)
{
    bench_t bench;
    flow_request_t request;

    (void)followed(&bench);
    update(&bench, &public_host, "new");
    request = flow_expect(&bench.flow, PUT_INFO);
    assert_string_equal(flow_parameter(request, "prevExist"), "");
    assert_non_null(strstr(flow_parameter(request, "value"), "\"hostname\":\"new\""));
    accept_put(&bench, request);
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_non_null(strstr(flow_parameter(request, "value"), "\"name\":\"new\""));
    diary_expect_nothing(&bench.diary);
    accept_put(&bench, request);
    diary_expect(&bench.diary, "UPDATED");
    end(&bench);
}

DISCO_TEST(an_update_keeps_the_services_credentials)
{
    bench_t bench;
    disco_host_t changed = public_host;
    flow_request_t request;

    (void)followed(&bench);
    changed.user = "other";
    changed.password = "others";
    changed.shard = "7";
    assert_status(disco_registration_update(bench.registration, &changed), 0);
    request = flow_expect(&bench.flow, PUT_HOST);
    assert_non_null(
        strstr(flow_parameter(request, "value"), "\"user\":\"me\",\"password\":\"mine\""));
    accept_put(&bench, request);
    diary_expect(&bench.diary, "UPDATED");
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

DISCO_TEST(none_to_adopt_is_created_and_never_overwritten)
{
    bench_t bench;
    disco_registration_options_t options;
    flow_request_t request;

    disco_registration_options_init(&options);
    options.adopt = true;
    begin_with(&bench, 1, &private_host, &options);
    flow_refuse(
        &bench.flow,
        flow_expect(&bench.flow, "GET /v2/keys/services_infos/web?sorted=true&quorum=true HTTP"),
        100, 10);
    request = flow_expect(&bench.flow, PUT_INFO);
    assert_string_equal(flow_parameter(request, "prevExist"), "false");
    flow_refuse(&bench.flow, request, 105, 11);
    accept_put(&bench, flow_expect(&bench.flow, PUT_HOST));
    diary_expect(&bench.diary, "READY");
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
