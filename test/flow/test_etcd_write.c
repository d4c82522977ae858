/* Writes: which are sent a second time, and how conditions are written. */
#include "flow/call_bench.h"

/* How a write is not answered. */
typedef enum break_e { CLOSED, WAS_RESET, TIMED_OUT, UNAVAILABLE } break_t;

static void break_write(flow_t *flow, flow_request_t request, break_t how)
{
    switch (how) {
    case CLOSED:
        server_hang_up(request.server, request.request->connection);
        break;
    case WAS_RESET:
        server_reset(request.server, request.request->connection);
        break;
    case TIMED_OUT:
        flow_advance(flow, 3000);
        break;
    case UNAVAILABLE:
        flow_refuse(flow, request, 300, 0);
        break;
    }
}

static void sent_once(const disco_kv_put_options_t *options, break_t how, bool kept,
                      const char *error)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    if (kept) {
        get(&flow, &diary);
        answered_by(&flow, 0, &diary);
    }
    put(&flow, &diary, options);
    break_write(&flow, flow_expect_on(&flow, 0, PUT), how);
    diary_expect(&diary, error);
    flow_advance(&flow, 100000);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

#define REVISION (&(disco_kv_put_options_t){.condition = DISCO_KV_REVISION, .previous_revision = 4})
#define VALUE (&(disco_kv_put_options_t){.condition = DISCO_KV_VALUE, .previous_value = "0"})
#define CREATE (&(disco_kv_put_options_t){.condition = DISCO_KV_MUST_NOT_EXIST})
#define REPLACE (&(disco_kv_put_options_t){.condition = DISCO_KV_MUST_EXIST})

DISCO_TEST(a_conditional_write_is_not_sent_again_after_a_close)
{
    sent_once(REVISION, CLOSED, false, "EOF");
}

DISCO_TEST(nor_after_a_close_of_a_kept_connection)
{
    sent_once(REVISION, CLOSED, true, "EOF");
}

DISCO_TEST(nor_after_a_reset)
{
    sent_once(VALUE, WAS_RESET, false, "ECONNRESET");
}

DISCO_TEST(nor_after_a_reset_of_a_kept_connection)
{
    sent_once(VALUE, WAS_RESET, true, "ECONNRESET");
}

DISCO_TEST(nor_after_a_time_out)
{
    sent_once(CREATE, TIMED_OUT, false, "ETIMEDOUT");
}

DISCO_TEST(nor_after_a_raft_error)
{
    sent_once(CREATE, UNAVAILABLE, false, "DISCO_EUNAVAILABLE");
}

static void sent_twice(const disco_kv_put_options_t *options, break_t how, bool kept)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    if (kept) {
        get(&flow, &diary);
        answered_by(&flow, 0, &diary);
    }
    put(&flow, &diary, options);
    break_write(&flow, flow_expect_on(&flow, 0, PUT), how);
    flow_answer(&flow, flow_expect_on(&flow, kept ? 0 : 1, PUT), 201, 5, ANSWER);
    diary_expect(&diary, "OK /a=1@5");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(an_unconditional_write_is_sent_again_after_a_close)
{
    sent_twice(NULL, CLOSED, false);
}

DISCO_TEST(on_a_connection_of_its_own_when_it_was_a_kept_one)
{
    sent_twice(NULL, CLOSED, true);
}

DISCO_TEST(an_unconditional_write_is_sent_again_after_a_reset)
{
    sent_twice(NULL, WAS_RESET, false);
}

DISCO_TEST(an_unconditional_write_is_sent_again_after_a_time_out)
{
    sent_twice(NULL, TIMED_OUT, false);
}

DISCO_TEST(an_unconditional_write_is_sent_again_after_a_raft_error)
{
    sent_twice(NULL, UNAVAILABLE, false);
}

DISCO_TEST(that_the_key_must_exist_may_be_asked_again)
{
    sent_twice(REPLACE, CLOSED, false);
}

DISCO_TEST(a_conditional_write_that_was_not_sent_goes_to_the_next)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    put(&flow, &diary, CREATE);
    flow_answer(&flow, flow_expect_on(&flow, 1, PUT), 201, 5, ANSWER);
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

DISCO_TEST(conditions_are_written_as_etcd_reads_them)
{
    static const struct {
        disco_kv_put_options_t options;
        const char *body;
    } cases[] = {
        {{0}, "value=1"},
        {{.ttl_s = 30}, "value=1&ttl=30"},
        {{.condition = DISCO_KV_MUST_EXIST}, "value=1&prevExist=true"},
        {{.condition = DISCO_KV_MUST_NOT_EXIST}, "value=1&prevExist=false"},
        {{.condition = DISCO_KV_REVISION, .previous_revision = UINT64_MAX},
         "value=1&prevIndex=18446744073709551615"},
        {{.condition = DISCO_KV_VALUE, .previous_value = "a&b; =+%", .ttl_s = 1},
         "value=1&ttl=1&prevValue=a%26b%3B%20%3D%2B%25"},
    };
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 1);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flow_request_t request;

        put(&flow, &diary, &cases[i].options);
        request = flow_expect(&flow, PUT);
        assert_string_equal(request.request->body, cases[i].body);
        assert_string_equal(server_request_field(request.request, "Content-Type"),
                            "application/x-www-form-urlencoded");
        flow_answer(&flow, request, 200, 5, ANSWER);
        diary_expect(&diary, "OK /a=1@5");
    }
    flow_close(&flow);
}

DISCO_TEST(a_condition_too_long_for_a_request_line_is_refused_at_once)
{
    char value[5000];
    disco_kv_delete_options_t options = {.condition = DISCO_KV_VALUE, .previous_value = value};
    flow_t flow;
    diary_t diary;

    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    flow_begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_true(disco_kv_delete(flow.client, "/a", &options, diary_kv_cb, &diary, NULL) < 0);
    diary_expect_nothing(&diary);
    flow_expect_no_request(&flow);
    flow_close(&flow);
}
