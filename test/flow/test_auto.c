/* The choice of the API by asking the server: what it is made by, and what becomes of what was
 * begun before. */
#include "base/timer.h"
#include "support/flow.h"

#define PROBE "GET /v2/keys/_uvdisco "
#define TXN "POST /v3/kv/txn "
#define V2_ON                                                                                      \
    404, "{\"errorCode\":100,\"message\":\"Key not found\",\"cause\":\"/_uvdisco\",\"index\":7}\n"
#define V2_OFF 404, "404 page not found\n"
#define FOUND_BY_V3                                                                                \
    "{\"header\":{\"revision\":\"9\"},\"succeeded\":true,\"responses\":[{\"response_range\":{"     \
    "\"kvs\":[{\"key\":\"L2E=\",\"mod_revision\":\"5\",\"value\":\"MQ==\"}]}}]}"

static void begin(flow_t *flow, size_t servers)
{
    flow_open(flow, servers);
    flow->options.api = DISCO_API_AUTO;
    flow_start(flow);
}

static void get(flow_t *flow, diary_t *diary)
{
    diary_begin(diary, flow);
    assert_status(disco_kv_get(flow->client, "/a", NULL, diary_kv_cb, diary, NULL), 0);
}

static void answered_by_v2(flow_t *flow, diary_t *diary)
{
    flow_answer(flow, flow_expect(flow, "GET /v2/keys/a?"), 200, 5, flow_set("/a", "1", 5));
    diary_expect(diary, "OK /a=1@5");
}

static void answered_by_v3(flow_t *flow, diary_t *diary)
{
    flow_answer(flow, flow_expect(flow, TXN), 200, 0, FOUND_BY_V3);
    diary_expect(diary, "OK /a=1@5");
}

static void chosen_by(int status, const char *body, void (*answered)(flow_t *, diary_t *),
                      const char *logged)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 1);
    flow_expect_no_request(&flow);
    get(&flow, &diary);
    flow_answer(&flow, flow_expect(&flow, PROBE), status, 0, body);
    answered(&flow, &diary);
    /* For good. */
    get(&flow, &diary);
    answered(&flow, &diary);
    flow_expect_no_request(&flow);
    assert_int(flow_logged(&flow, logged), 1);
    flow_close(&flow);
}

DISCO_TEST(any_answer_of_the_v2_api_means_v2)
{
    static const char served[] = "serves the v2 API, so v2 is used";

    chosen_by(V2_ON, answered_by_v2, served);
    chosen_by(401,
              "{\"errorCode\":110,\"message\":\"The request requires user authentication\","
              "\"cause\":\"Insufficient credentials\",\"index\":0}",
              answered_by_v2, served);
    chosen_by(200,
              "{\"action\":\"get\",\"node\":{\"key\":\"/_uvdisco\",\"value\":\"\","
              "\"modifiedIndex\":4,\"createdIndex\":4}}",
              answered_by_v2, served);
    chosen_by(500, "{\"errorCode\":300,\"message\":\"Raft Internal Error\",\"index\":0}",
              answered_by_v2, served);
}

DISCO_TEST(a_path_that_is_not_found_means_v3)
{
    static const char off[] = "does not serve the v2 API, so v3 is used";

    chosen_by(V2_OFF, answered_by_v3, off);
    chosen_by(404, "{\"code\":5, \"message\":\"Not Found\"}", answered_by_v3, off);
    chosen_by(404, "", answered_by_v3, off);
}

static void choose(flow_t *flow, int status, const char *body)
{
    flow_answer(flow, flow_expect(flow, PROBE), status, 0, body);
}

static void answer_on(flow_t *flow, flow_request_t request)
{
    flow_refuse(flow, request, 100, 7);
}

static void no_choice(int status, const char *body)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    get(&flow, &diary);
    flow_answer(&flow, flow_expect_on(&flow, 0, PROBE), status, 0, body);
    flow_answer(&flow, flow_expect_on(&flow, 1, PROBE), 404, 0, "404 page not found\n");
    answered_by_v3(&flow, &diary);
    flow_close(&flow);
}

DISCO_TEST(an_endpoint_that_cannot_say_is_no_choice)
{
    no_choice(500, "no");
    no_choice(503, "{\"code\":14,\"message\":\"etcdserver: no leader\"}");
    no_choice(429, "slow down");
    no_choice(403, "<html>");
    no_choice(200, "<html>");
    no_choice(200, "{}");
    no_choice(301, "");
}

DISCO_TEST(what_one_endpoint_serves_is_served)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 3);
    get(&flow, &diary);
    flow_answer(&flow, flow_expect_on(&flow, 0, PROBE), 404, 0, "404 page not found\n");
    answer_on(&flow, flow_expect_on(&flow, 1, PROBE));
    answered_by_v2(&flow, &diary);
    flow_close(&flow);
}

DISCO_TEST(what_no_endpoint_serves_is_not)
{
    flow_t flow;
    diary_t diary;
    size_t i;

    begin(&flow, 3);
    get(&flow, &diary);
    for (i = 0; i < 3; i++)
        flow_answer(&flow, flow_expect_on(&flow, i, PROBE), 404, 0, "404 page not found\n");
    answered_by_v3(&flow, &diary);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(a_dead_endpoint_is_no_choice)
{
    flow_t flow;
    diary_t diary;

    begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    get(&flow, &diary);
    choose(&flow, V2_ON);
    answered_by_v2(&flow, &diary);
    flow_close(&flow);
}

typedef struct all_s {
    diary_t got, put, removed, version, watch, looked_up, registration, subscription;
    disco_request_t *requests[5];
    disco_watch_t *watched;
    disco_registration_t *registered;
    disco_subscription_t *subscribed;
} all_t;

/* Everything that can be begun; what is borrowed only while a call lasts is overwritten behind
 * it. */
static void begin_keys(flow_t *flow, all_t *all)
{
    disco_kv_put_options_t put = {.condition = DISCO_KV_VALUE, .ttl_s = 5};
    disco_kv_delete_options_t remove = {.condition = DISCO_KV_REVISION, .previous_revision = 3};
    char key[] = "/b";
    char value[] = "value";
    char old[] = "old";

    diary_begin(&all->got, flow);
    diary_begin(&all->put, flow);
    diary_begin(&all->removed, flow);
    diary_begin(&all->version, flow);
    diary_begin(&all->watch, flow);
    put.previous_value = old;
    assert_status(disco_kv_get(flow->client, "/a", NULL, diary_kv_cb, &all->got, &all->requests[0]),
                  0);
    assert_status(
        disco_kv_put(flow->client, key, value, &put, diary_kv_cb, &all->put, &all->requests[1]), 0);
    memset(value, 'x', sizeof value - 1);
    memset(old, 'x', sizeof old - 1);
    assert_status(
        disco_kv_delete(flow->client, key, &remove, diary_kv_cb, &all->removed, &all->requests[2]),
        0);
    memset(key, 'x', sizeof key - 1);
    assert_status(
        disco_server_version(flow->client, diary_version_cb, &all->version, &all->requests[3]), 0);
    assert_status(
        disco_kv_watch(flow->client, "/w", NULL, diary_watch_cb, &all->watch, &all->watched), 0);
}

static void begin_discovery(flow_t *flow, all_t *all)
{
    static const disco_port_t ports[] = {{"http", "80"}};
    disco_host_t host = {.name = "n", .uuid = "u", .ports = ports, .port_count = 1};

    diary_begin(&all->looked_up, flow);
    diary_begin(&all->registration, flow);
    diary_begin(&all->subscription, flow);
    assert_status(
        disco_get(flow->client, "web", NULL, diary_get_cb, &all->looked_up, &all->requests[4]), 0);
    assert_status(disco_register(flow->client, "web", &host, NULL, diary_registration_cb,
                                 &all->registration, &all->registered),
                  0);
    assert_status(disco_subscribe(flow->client, "web", NULL, diary_subscription_cb,
                                  &all->subscription, &all->subscribed),
                  0);
}

static void begin_all(flow_t *flow, all_t *all)
{
    begin_keys(flow, all);
    begin_discovery(flow, all);
}

DISCO_TEST(what_is_held_is_handed_on_in_its_order)
{
    flow_t flow;
    all_t all;
    flow_request_t request;

    flow_open(&flow, 1);
    flow.options.api = DISCO_API_AUTO;
    flow.options.max_connections = 1;
    flow_start(&flow);
    begin_keys(&flow, &all);
    request = flow_expect(&flow, PROBE);
    flow_expect_no_request(&flow);
    answer_on(&flow, request);
    answered_by_v2(&flow, &all.got);
    request = flow_expect(&flow, "PUT /v2/keys/b ");
    assert_string_equal(request.request->body, "value=value&ttl=5&prevValue=old");
    flow_answer(&flow, request, 200, 6, flow_set("/b", "value", 6));
    diary_expect(&all.put, "OK /b=value@6");
    request = flow_expect(&flow, "DELETE /v2/keys/b?prevIndex=3 ");
    flow_answer(&flow, request, 200, 7, flow_gone("delete", "/b", 7));
    diary_expect(&all.removed, "OK /b=old@1");
    flow_answer(&flow, flow_expect(&flow, "GET /version "), 200, 0,
                "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}");
    diary_expect(&all.version, "OK 3.4.23 3.4.0");
    flow_hold(&flow, flow_expect(&flow, "GET /v2/keys/w?wait=true "), 8);
    diary_expect(&all.watch, "SYNCED");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(one_question_is_for_all)
{
    flow_t flow;
    all_t all;

    begin(&flow, 1);
    begin_all(&flow, &all);
    assert_int(flow_untaken(&flow, ""), 1);
    choose(&flow, V2_ON);
    (void)flow_expect(&flow, "GET /v2/keys/a?");
    (void)flow_expect(&flow, "PUT /v2/keys/services");
    assert_int(flow_untaken(&flow, PROBE), 0);
    flow_close(&flow);
}

DISCO_TEST(what_is_held_is_cancelled_one_by_one)
{
    flow_t flow;
    all_t all;
    flow_request_t request;
    size_t i;

    begin(&flow, 1);
    begin_all(&flow, &all);
    request = flow_expect(&flow, PROBE);
    for (i = 0; i < sizeof all.requests / sizeof all.requests[0]; i++)
        assert_status(disco_request_cancel(all.requests[i]), 0);
    diary_expect(&all.got, "ECANCELED");
    diary_expect(&all.put, "ECANCELED");
    diary_expect(&all.removed, "ECANCELED");
    diary_expect(&all.version, "ECANCELED");
    diary_expect(&all.looked_up, "ECANCELED");
    assert_status(disco_subscription_close(all.subscribed), 0);
    assert_status(disco_registration_close(all.registered), 0);
    diary_expect(&all.subscription, "CLOSED ECANCELED");
    diary_expect(&all.registration, "CLOSED ECANCELED");
    assert_int(server_open_count(request.server), 1);
    /* The last takes the question with it. */
    assert_status(disco_watch_close(all.watched), 0);
    diary_expect(&all.watch, "CLOSED ECANCELED");
    server_wait_for_closed(request.server, 1);
    get(&flow, &all.got);
    choose(&flow, V2_OFF);
    answered_by_v3(&flow, &all.got);
    flow_close(&flow);
}

DISCO_TEST(a_host_that_is_held_is_unregistered_without_a_word)
{
    flow_t flow;
    all_t all;

    begin(&flow, 1);
    begin_discovery(&flow, &all);
    (void)flow_expect(&flow, PROBE);
    assert_status(disco_unregister(all.registered, 0), 0);
    diary_expect(&all.registration, "CLOSED OK");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(the_time_of_what_is_held_runs)
{
    flow_t flow;
    all_t all;

    begin(&flow, 1);
    begin_keys(&flow, &all);
    (void)flow_expect(&flow, PROBE);
    flow_advance(&flow, 14999);
    diary_expect_nothing(&all.got);
    diary_expect(&all.watch, "STALE ETIMEDOUT");
    flow_advance(&flow, 1);
    diary_expect(&all.got, "ETIMEDOUT");
    diary_expect(&all.put, "ETIMEDOUT");
    diary_expect(&all.removed, "ETIMEDOUT");
    diary_expect(&all.version, "ETIMEDOUT");
    /* A watch has no end. */
    diary_expect_nothing(&all.watch);
    while (flow_untaken(&flow, "") > 1)
        (void)flow_expect(&flow, PROBE);
    answer_on(&flow, flow_expect_later(&flow, PROBE));
    flow_hold(&flow, flow_expect(&flow, "GET /v2/keys/w?wait=true "), 8);
    diary_expect(&all.watch, "SYNCED");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(what_was_handed_on_has_the_time_that_is_left)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    begin(&flow, 1);
    get(&flow, &diary);
    request = flow_expect(&flow, PROBE);
    flow_advance(&flow, 2000);
    answer_on(&flow, request);
    (void)flow_expect(&flow, "GET /v2/keys/a?");
    flow_advance(&flow, 12999);
    diary_expect_nothing(&diary);
    flow_advance(&flow, 1);
    diary_expect(&diary, "ETIMEDOUT");
    flow_close(&flow);
}

DISCO_TEST(without_any_endpoint_what_has_an_end_ends)
{
    flow_t flow;
    all_t all;

    begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    server_stop_listening(flow.servers[1]);
    begin_all(&flow, &all);
    diary_expect(&all.got, "ECONNREFUSED");
    assert_string_equal(all.got.detail.api, "auto");
    diary_expect(&all.put, "ECONNREFUSED");
    diary_expect(&all.removed, "ECONNREFUSED");
    diary_expect(&all.version, "ECONNREFUSED");
    diary_expect(&all.looked_up, "ECONNREFUSED");
    diary_expect(&all.watch, "STALE ECONNREFUSED");
    diary_expect(&all.registration, "RETRYING ECONNREFUSED");
    diary_expect(&all.subscription, "STALE ECONNREFUSED");
    server_listen(flow.servers[1]);
    answer_on(&flow, flow_expect_later(&flow, PROBE));
    flow_hold(&flow, flow_expect(&flow, "GET /v2/keys/w?wait=true "), 8);
    diary_expect(&all.watch, "SYNCED");
    flow_close(&flow);
}

static void close_inside(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    diary_t *diary = data;

    diary_watch_cb(data, watch, event);
    if (event->type == DISCO_WATCH_STALE)
        assert_status(disco_client_close(diary->flow->client, NULL, NULL), 0);
}

DISCO_TEST(a_client_is_closed_by_one_that_is_held)
{
    flow_t flow;
    all_t all;
    diary_t watch;

    begin(&flow, 1);
    server_stop_listening(flow.servers[0]);
    diary_begin(&watch, &flow);
    assert_status(disco_kv_watch(flow.client, "/w", NULL, close_inside, &watch, NULL), 0);
    begin_all(&flow, &all);
    diary_expect(&watch, "STALE ECONNREFUSED");
    diary_expect(&watch, "CLOSED ECANCELED");
    diary_expect(&all.got, "ECANCELED");
    diary_expect(&all.registration, "CLOSED ECANCELED");
    diary_expect(&all.subscription, "CLOSED ECANCELED");
    flow.client = NULL;
    flow_close(&flow);
}

/* Steps: nothing was sent yet, the question was, there is a choice, it was begun upon. */
DISCO_TEST(a_client_is_closed_at_each_step)
{
    flow_t flow;
    all_t all;
    size_t step;

    for (step = 0; step < 4; step++) {
        begin(&flow, 1);
        begin_all(&flow, &all);
        if (step > 0)
            (void)flow_untaken(&flow, PROBE);
        if (step > 1)
            choose(&flow, V2_ON);
        if (step > 2)
            (void)flow_untaken(&flow, "");
        flow_close_client(&flow);
        diary_expect(&all.got, "ECANCELED");
        diary_expect(&all.version, "ECANCELED");
        diary_expect(&all.watch, "CLOSED ECANCELED");
        diary_expect(&all.registration, "CLOSED ECANCELED");
        diary_expect(&all.subscription, "CLOSED ECANCELED");
        flow_close(&flow);
    }
}
