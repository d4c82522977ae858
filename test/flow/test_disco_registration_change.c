/* A registration that is changed: updates, credentials that are followed, adoption. */
#include "flow/registration_bench.h"

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
