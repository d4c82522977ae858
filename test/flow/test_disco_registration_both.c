/* A registration in two registries: what is told, and that one that fails holds the other not
 * back. */
#include "flow/union_bench.h"

#define INFO UNION_INFO
#define HOST UNION_KEY("u")
#define YOURS "{\"name\":\"web\",\"user\":\"you\",\"password\":\"yours\",\"public\":true}"

static const disco_port_t ports[] = {{"http", "80"}};
static const disco_host_t private_host = {
    .name = "n", .ports = ports, .port_count = 1, .uuid = "u"};
static const disco_host_t public_host = {.name = "n",
                                         .ports = ports,
                                         .port_count = 1,
                                         .uuid = "u",
                                         .user = "me",
                                         .password = "mine",
                                         .is_public = true};

typedef struct both_s {
    union_bench_t bench;
    disco_registration_t *registration;
} both_t;

static void begin(both_t *both, const disco_host_t *host,
                  const disco_registration_options_t *options)
{
    assert_status(disco_register(both->bench.flow.client, "web", host, options,
                                 diary_registration_cb, &both->bench.diary, &both->registration),
                  0);
}

static void ready(both_t *both, const disco_host_t *host)
{
    union_begin(&both->bench);
    begin(both, host, NULL);
    diary_expect(&both->bench.diary, "READY");
}

static void end(both_t *both)
{
    assert_status(disco_unregister(both->registration, 0), 0);
    diary_expect(&both->bench.diary, "CLOSED OK");
    assert_null(fake_store_value(both->bench.v2, HOST));
    assert_null(fake_store_value(both->bench.v3, HOST));
    union_end(&both->bench);
}

static void assert_user(fake_store_t *fake, const char *key, const char *user)
{
    const char *value = fake_store_value(fake, key);

    assert_non_null(value);
    assert_non_null(strstr(value, flow_text("\"user\":\"%s\"", user)));
}

static void advance(both_t *both)
{
    flow_advance(&both->bench.flow, 100);
}

DISCO_TEST(both_have_the_same)
{
    both_t both;

    ready(&both, &private_host);
    assert_string_equal(fake_store_value(both.bench.v2, HOST),
                        fake_store_value(both.bench.v3, HOST));
    assert_string_equal(fake_store_value(both.bench.v2, INFO),
                        fake_store_value(both.bench.v3, INFO));
    assert_true(disco_registration_is_ready(both.registration));
    end(&both);
}

/* Ready when both have it; what the failing side does meanwhile is told, with its API. */
static void one_is_late(size_t late)
{
    both_t both;
    fake_store_t *first;
    fake_store_t *last;

    union_begin(&both.bench);
    last = late == 0 ? both.bench.v2 : both.bench.v3;
    first = late == 0 ? both.bench.v3 : both.bench.v2;
    fake_store_fail(last, UV_ECONNREFUSED);
    begin(&both, &private_host, NULL);
    diary_expect(&both.bench.diary, "RETRYING ECONNREFUSED");
    assert_string_equal(both.bench.diary.detail.api, late == 0 ? "v2" : "v3");
    flow_settle(&both.bench.flow);
    assert_non_null(fake_store_value(first, HOST));
    assert_null(fake_store_value(last, HOST));
    assert_false(disco_registration_is_ready(both.registration));
    diary_expect_nothing(&both.bench.diary);
    fake_store_work(last);
    diary_expect(&both.bench.diary, "READY");
    assert_non_null(fake_store_value(last, HOST));
    end(&both);
}

DISCO_TEST(one_that_fails_does_not_hold_the_other_back)
{
    one_is_late(0);
    one_is_late(1);
}

DISCO_TEST(one_that_refuses_is_asked_again)
{
    both_t both;

    union_begin(&both.bench);
    fake_store_refuse(both.bench.v3, DISCO_EV3DISABLED);
    begin(&both, &private_host, NULL);
    diary_expect(&both.bench.diary, "RETRYING DISCO_EV3DISABLED");
    flow_settle(&both.bench.flow);
    assert_non_null(fake_store_value(both.bench.v2, HOST));
    advance(&both);
    diary_expect(&both.bench.diary, "RETRYING DISCO_EV3DISABLED");
    fake_store_work(both.bench.v3);
    advance(&both);
    diary_expect(&both.bench.diary, "READY");
    end(&both);
}

DISCO_TEST(what_one_loses_before_the_other_has_it_is_not_ready)
{
    both_t both;

    union_begin(&both.bench);
    fake_store_hold(both.bench.v3);
    begin(&both, &private_host, NULL);
    flow_settle(&both.bench.flow);
    fake_store_hold(both.bench.v2);
    fake_store_take_away(both.bench.v2, HOST);
    fake_store_work(both.bench.v3);
    flow_settle(&both.bench.flow);
    assert_non_null(fake_store_value(both.bench.v3, HOST));
    assert_false(disco_registration_is_ready(both.registration));
    diary_expect_nothing(&both.bench.diary);
    fake_store_work(both.bench.v2);
    diary_expect(&both.bench.diary, "READY");
    end(&both);
}

static void lost_on(size_t side)
{
    both_t both;
    fake_store_t *fake;

    ready(&both, &private_host);
    fake = side == 0 ? both.bench.v2 : both.bench.v3;
    fake_store_hold(fake);
    fake_store_take_away(fake, HOST);
    diary_expect(&both.bench.diary, "LOST DISCO_EKEYNOTFOUND");
    assert_string_equal(both.bench.diary.detail.api, side == 0 ? "v2" : "v3");
    assert_false(disco_registration_is_ready(both.registration));
    diary_expect_nothing(&both.bench.diary);
    fake_store_work(fake);
    diary_expect(&both.bench.diary, "RECOVERED");
    assert_non_null(fake_store_value(fake, HOST));
    assert_true(disco_registration_is_ready(both.registration));
    end(&both);
}

DISCO_TEST(lost_on_one_it_is_written_there_again)
{
    lost_on(0);
    lost_on(1);
}

DISCO_TEST(lost_on_both_it_has_recovered_when_both_have_it)
{
    both_t both;

    ready(&both, &private_host);
    fake_store_overdue(both.bench.v2, HOST);
    diary_expect(&both.bench.diary, "LOST DISCO_ELOST");
    fake_store_overdue(both.bench.v3, HOST);
    diary_expect(&both.bench.diary, "LOST DISCO_ELOST");
    fake_store_fail_beat(both.bench.v3, HOST, UV_ETIMEDOUT);
    diary_expect(&both.bench.diary, "RETRYING ETIMEDOUT");
    fake_store_beat(both.bench.v2, HOST);
    diary_expect_nothing(&both.bench.diary);
    fake_store_beat(both.bench.v3, HOST);
    diary_expect(&both.bench.diary, "RECOVERED");
    end(&both);
}

DISCO_TEST(trouble_with_a_heartbeat_of_one_is_no_loss)
{
    both_t both;

    ready(&both, &private_host);
    fake_store_fail_beat(both.bench.v2, HOST, UV_ECONNRESET);
    diary_expect(&both.bench.diary, "RETRYING ECONNRESET");
    fake_store_beat(both.bench.v2, HOST);
    diary_expect_nothing(&both.bench.diary);
    assert_true(disco_registration_is_ready(both.registration));
    end(&both);
}

DISCO_TEST(an_update_is_told_when_both_have_it)
{
    both_t both;
    disco_host_t host = private_host;

    ready(&both, &private_host);
    fake_store_hold(both.bench.v2);
    host.shard = "s";
    assert_status(disco_registration_update(both.registration, &host), 0);
    flow_settle(&both.bench.flow);
    assert_non_null(strstr(fake_store_value(both.bench.v3, HOST), "\"shard\":\"s\""));
    diary_expect_nothing(&both.bench.diary);
    fake_store_work(both.bench.v2);
    diary_expect(&both.bench.diary, "UPDATED");
    assert_non_null(strstr(fake_store_value(both.bench.v2, HOST), "\"shard\":\"s\""));
    end(&both);
}

static void changed_on(size_t side)
{
    both_t both;

    ready(&both, &public_host);
    flow_settle(&both.bench.flow);
    fake_store_put(side == 0 ? both.bench.v2 : both.bench.v3, INFO, YOURS);
    diary_expect(&both.bench.diary, "CREDENTIALS you:yours");
    flow_settle(&both.bench.flow);
    assert_user(both.bench.v2, INFO, "you");
    assert_user(both.bench.v3, INFO, "you");
    assert_user(both.bench.v2, HOST, "you");
    assert_user(both.bench.v3, HOST, "you");
    flow_settle(&both.bench.flow);
    diary_expect_nothing(&both.bench.diary);
    end(&both);
}

DISCO_TEST(credentials_that_change_on_one_are_written_to_the_other)
{
    changed_on(0);
    changed_on(1);
}

DISCO_TEST(credentials_are_told_while_one_hangs)
{
    both_t both;

    ready(&both, &public_host);
    flow_settle(&both.bench.flow);
    fake_store_hold(both.bench.v2);
    fake_store_put(both.bench.v3, INFO, YOURS);
    diary_expect(&both.bench.diary, "CREDENTIALS you:yours");
    assert_user(both.bench.v3, HOST, "you");
    assert_user(both.bench.v2, HOST, "me");
    fake_store_work(both.bench.v2);
    flow_settle(&both.bench.flow);
    assert_user(both.bench.v2, HOST, "you");
    assert_user(both.bench.v2, INFO, "you");
    diary_expect_nothing(&both.bench.diary);
    end(&both);
}

DISCO_TEST(credentials_are_followed_on_one_before_the_other_answers)
{
    both_t both;

    union_begin(&both.bench);
    fake_store_hold(both.bench.v3);
    begin(&both, &public_host, NULL);
    flow_settle(&both.bench.flow);
    fake_store_put(both.bench.v2, INFO, YOURS);
    flow_settle(&both.bench.flow);
    assert_user(both.bench.v2, HOST, "you");
    diary_expect_nothing(&both.bench.diary);
    fake_store_work(both.bench.v3);
    diary_expect(&both.bench.diary, "READY");
    diary_expect(&both.bench.diary, "CREDENTIALS you:yours");
    flow_settle(&both.bench.flow);
    assert_user(both.bench.v3, HOST, "you");
    assert_user(both.bench.v3, INFO, "you");
    assert_user(both.bench.v2, INFO, "you");
    end(&both);
}

DISCO_TEST(credentials_that_change_on_both_at_once_come_to_rest)
{
    both_t both;
    size_t begun;
    size_t turns;

    ready(&both, &public_host);
    flow_settle(&both.bench.flow);
    fake_store_put(both.bench.v2, INFO, "{\"name\":\"web\",\"user\":\"a\",\"public\":true}");
    fake_store_put(both.bench.v3, INFO, "{\"name\":\"web\",\"user\":\"b\",\"public\":true}");
    for (turns = 0; turns < 20; turns++)
        flow_settle(&both.bench.flow);
    begun = fake_store_begun(both.bench.v2) + fake_store_begun(both.bench.v3);
    flow_settle(&both.bench.flow);
    assert_int(fake_store_begun(both.bench.v2) + fake_store_begun(both.bench.v3), begun);
    assert_string_equal(fake_store_value(both.bench.v2, HOST),
                        fake_store_value(both.bench.v3, HOST));
    assert_status(disco_registration_close(both.registration), 0);
    flow_close(&both.bench.flow);
}

DISCO_TEST(an_info_that_is_gone_on_one_is_created_there)
{
    both_t both;

    ready(&both, &public_host);
    flow_settle(&both.bench.flow);
    fake_store_delete(both.bench.v3, INFO);
    flow_wait(&both.bench.flow, fake_store_value(both.bench.v3, INFO) != NULL);
    assert_user(both.bench.v3, INFO, "me");
    end(&both);
}

static void adopted(const char *v2_user, const char *v3_user, const char *user)
{
    disco_registration_options_t options;
    both_t both;

    disco_registration_options_init(&options);
    options.adopt = true;
    union_begin(&both.bench);
    if (v2_user != NULL)
        fake_store_put(both.bench.v2, INFO,
                       flow_text("{\"name\":\"web\",\"user\":\"%s\",\"public\":true}", v2_user));
    if (v3_user != NULL)
        fake_store_put(both.bench.v3, INFO,
                       flow_text("{\"name\":\"web\",\"user\":\"%s\",\"public\":true}", v3_user));
    begin(&both, &public_host, &options);
    diary_expect(&both.bench.diary, "READY");
    flow_settle(&both.bench.flow);
    assert_user(both.bench.v2, INFO, user);
    assert_user(both.bench.v3, INFO, user);
    assert_user(both.bench.v2, HOST, user);
    assert_user(both.bench.v3, HOST, user);
    assert_status(disco_registration_close(both.registration), 0);
    flow_close(&both.bench.flow);
}

DISCO_TEST(what_one_has_is_adopted_on_both)
{
    adopted("a", NULL, "a");
    adopted(NULL, "b", "b");
    adopted("a", "b", "a");
    adopted("a", "a", "a");
    adopted(NULL, NULL, "me");
}

DISCO_TEST(ended_when_both_have_removed_it)
{
    both_t both;

    ready(&both, &private_host);
    fake_store_hold(both.bench.v2);
    assert_status(disco_unregister(both.registration, 0), 0);
    flow_wait(&both.bench.flow, fake_store_value(both.bench.v3, HOST) == NULL);
    diary_expect_nothing(&both.bench.diary);
    fake_store_work(both.bench.v2);
    diary_expect(&both.bench.diary, "CLOSED OK");
    assert_null(fake_store_value(both.bench.v2, HOST));
    union_end(&both.bench);
}

DISCO_TEST(one_that_refuses_the_removal_is_told_at_the_end)
{
    both_t both;

    ready(&both, &private_host);
    fake_store_refuse(both.bench.v2, DISCO_EAUTH);
    assert_status(disco_unregister(both.registration, 0), 0);
    diary_expect(&both.bench.diary, "CLOSED DISCO_EAUTH");
    assert_string_equal(both.bench.diary.detail.api, "v2");
    assert_null(fake_store_value(both.bench.v3, HOST));
    union_end(&both.bench);
}

DISCO_TEST(one_that_cannot_be_reached_ends_by_the_time_out)
{
    both_t both;

    ready(&both, &private_host);
    fake_store_hold(both.bench.v3);
    assert_status(disco_unregister(both.registration, 500), 0);
    flow_wait(&both.bench.flow, fake_store_value(both.bench.v2, HOST) == NULL);
    flow_advance(&both.bench.flow, 501);
    diary_expect(&both.bench.diary, "CLOSED ETIMEDOUT");
    union_end(&both.bench);
}

/* A step is what one store has been asked for when the other has done so many. */
static void close_at(size_t held, size_t turns, bool unregister)
{
    both_t both;
    size_t i;

    union_begin(&both.bench);
    fake_store_hold(held == 0 ? both.bench.v2 : both.bench.v3);
    begin(&both, &public_host, NULL);
    for (i = 0; i < turns; i++)
        flow_step(&both.bench.flow, uv_hrtime(), "a turn", __FILE__, __LINE__);
    if (unregister) {
        assert_status(disco_unregister(both.registration, 0), 0);
        fake_store_work(held == 0 ? both.bench.v2 : both.bench.v3);
        flow_settle(&both.bench.flow);
        assert_null(fake_store_value(both.bench.v2, HOST));
        assert_null(fake_store_value(both.bench.v3, HOST));
    } else {
        assert_status(disco_registration_close(both.registration), 0);
    }
    flow_close(&both.bench.flow);
}

DISCO_TEST(it_can_be_closed_and_unregistered_at_any_turn)
{
    size_t held;
    size_t turns;

    for (held = 0; held < 2; held++) {
        for (turns = 0; turns < 8; turns++) {
            close_at(held, turns, false);
            close_at(held, turns, true);
        }
    }
}

static void close_inside(void *data, disco_registration_t *registration,
                         const disco_registration_event_t *event)
{
    disco_registration_event_type_t *type = data;

    if (event->type == *type) {
        *type = 0;
        assert_status(disco_registration_close(registration), 0);
    }
}

static void closed_inside(disco_registration_event_type_t type)
{
    both_t both;
    disco_registration_event_type_t wanted = type;

    union_begin(&both.bench);
    if (type == DISCO_REGISTRATION_RETRYING)
        fake_store_fail(both.bench.v2, UV_ECONNREFUSED);
    assert_status(disco_register(both.bench.flow.client, "web", &public_host, NULL, close_inside,
                                 &wanted, &both.registration),
                  0);
    flow_settle(&both.bench.flow);
    if (type == DISCO_REGISTRATION_LOST)
        fake_store_take_away(both.bench.v3, HOST);
    if (type == DISCO_REGISTRATION_CREDENTIALS)
        fake_store_put(both.bench.v3, INFO, "{\"name\":\"web\",\"user\":\"b\",\"public\":true}");
    flow_wait(&both.bench.flow, wanted == 0);
    flow_close(&both.bench.flow);
}

DISCO_TEST(it_can_be_closed_from_inside_its_callback)
{
    closed_inside(DISCO_REGISTRATION_READY);
    closed_inside(DISCO_REGISTRATION_LOST);
    closed_inside(DISCO_REGISTRATION_RETRYING);
    closed_inside(DISCO_REGISTRATION_CREDENTIALS);
}
