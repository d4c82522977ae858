/* User and password: what is sent, and that they are seen nowhere else. */
#include "support/flow.h"

#define PASSWORD "S3cr3t-Pa55word"
#define ENCODED "dXNlcjpTM2NyM3QtUGE1NXdvcmQ="

static void begin(flow_t *flow, size_t servers)
{
    flow_open(flow, servers);
    flow->options.user = "user";
    flow->options.password = PASSWORD;
    flow_start(flow);
}

static void no_trace(const flow_t *flow, const diary_t *diary)
{
    assert_int(flow_logged(flow, PASSWORD), 0);
    assert_int(flow_logged(flow, ENCODED), 0);
    if (diary->detail.message == NULL)
        return;
    assert_null(strstr(diary->detail.message, PASSWORD));
    assert_null(strstr(diary->detail.message, ENCODED));
    assert_null(strstr(diary->detail.endpoint, PASSWORD));
}

static flow_request_t authorized(flow_request_t request)
{
    assert_string_equal(server_request_field(request.request, "Authorization"), "Basic " ENCODED);
    assert_null(strstr(request.request->line, PASSWORD));
    return request;
}

static void get(flow_t *flow, diary_t *diary)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_get(flow->client, "/a", NULL, diary_kv_cb, diary, NULL), 0);
}

DISCO_TEST(every_request_is_authorized)
{
    flow_t flow;
    diary_t diary;
    diary_t watch;

    begin(&flow, 1);
    get(&flow, &diary);
    flow_answer(&flow, authorized(flow_expect(&flow, "GET /v2/keys/a?")), 200, 5,
                flow_set("/a", "1", 5));
    diary_expect(&diary, "OK /a=1@5");
    assert_status(disco_kv_put(flow.client, "/a", "1", NULL, diary_kv_cb, &diary, NULL), 0);
    flow_answer(&flow, authorized(flow_expect(&flow, "PUT /v2/keys/a ")), 200, 6,
                flow_set("/a", "1", 6));
    diary_expect(&diary, "OK /a=1@6");
    diary_begin(&watch, &flow);
    assert_status(disco_kv_watch(flow.client, "/a", NULL, diary_watch_cb, &watch, NULL), 0);
    flow_hold(&flow, authorized(flow_expect(&flow, "GET /v2/keys/a?wait=true ")), 6);
    diary_expect(&watch, "SYNCED");
    no_trace(&flow, &diary);
    flow_close(&flow);
}

DISCO_TEST(without_a_user_nothing_is_said)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    flow_begin(&flow, 1);
    get(&flow, &diary);
    request = flow_expect(&flow, "GET /v2/keys/a?");
    assert_null(server_request_field(request.request, "Authorization"));
    flow_close(&flow);
}

DISCO_TEST(a_refused_user_is_an_error_without_the_password)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    get(&flow, &diary);
    flow_refuse(&flow, authorized(flow_expect(&flow, "GET /v2/keys/a?")), 110, 0);
    diary_expect(&diary, "DISCO_EAUTH");
    flow_expect_no_request(&flow);
    no_trace(&flow, &diary);
    flow_close(&flow);
}

DISCO_TEST(failures_of_every_kind_are_told_without_the_password)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 1);
    get(&flow, &diary);
    flow_send(authorized(flow_expect(&flow, "GET /v2/keys/a?")), "garbage\r\n\r\n");
    request = authorized(flow_expect_later(&flow, "GET /v2/keys/a?"));
    server_reset(request.server, request.request->connection);
    flow_answer(&flow, authorized(flow_expect_later(&flow, "GET /v2/keys/a?")), 500, 0, "no");
    server_stop_listening(flow.servers[0]);
    server_hang_up_all(flow.servers[0]);
    flow.pace = 20;
    diary_expect(&diary, "ECONNREFUSED");
    flow.pace = 0;
    no_trace(&flow, &diary);
    flow_close(&flow);
}

static const disco_port_t ports[] = {{"http", "80"}};

DISCO_TEST(a_hosts_password_is_not_told_either)
{
    disco_host_t host = {.name = "n",
                         .ports = ports,
                         .port_count = 1,
                         .uuid = "u",
                         .user = "me",
                         .password = "host-" PASSWORD,
                         .is_public = true};
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(
        disco_register(flow.client, "web", &host, NULL, diary_registration_cb, &diary, NULL), 0);
    request = authorized(flow_expect(&flow, "PUT /v2/keys/services_infos/web "));
    assert_non_null(strstr(flow_parameter(request, "value"), "host-" PASSWORD));
    flow_refuse(&flow, request, 102, 4);
    diary_expect(&diary, "RETRYING DISCO_EREFUSED");
    no_trace(&flow, &diary);
    request = flow_expect_later(&flow, "PUT /v2/keys/services_infos/web ");
    flow_answer(&flow, request, 200, 5, flow_set("/x", "1", 5));
    request = flow_expect(&flow, "PUT /v2/keys/services/web/u ");
    flow_answer(&flow, request, 200, 5, flow_set("/x", "1", 5));
    diary_expect(&diary, "READY");
    /* A broken info that holds a password. */
    flow_answer(&flow, flow_expect(&flow, "GET /v2/keys/services_infos/web?"), 200, 6,
                flow_set("/services_infos/web", "{\"password\":\"" PASSWORD "\"", 6));
    flow_settle(&flow);
    assert_int(flow_logged(&flow, "passed over"), 1);
    no_trace(&flow, &diary);
    flow_close(&flow);
}
