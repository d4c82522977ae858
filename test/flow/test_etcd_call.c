/* A request that is answered well, badly, late, or not at all; endpoints in turn. */
#include "flow/call_bench.h"

DISCO_TEST(an_answer_is_read)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    get(&flow, &diary);
    answered_by(&flow, 0, &diary);
    flow_close(&flow);
}

DISCO_TEST(refused_by_one_endpoint_the_next_is_asked)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    get(&flow, &diary);
    answered_by(&flow, 1, &diary);
    flow_close(&flow);
}

DISCO_TEST(a_server_error_has_the_next_asked)
{
    bad_answer("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops", SERVER_GO_ON);
}

DISCO_TEST(unavailable_has_the_next_asked)
{
    bad_answer("HTTP/1.1 503 Oops\r\nContent-Length: 0\r\n\r\n", SERVER_GO_ON);
}

DISCO_TEST(too_many_requests_has_the_next_asked)
{
    bad_answer("HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", SERVER_GO_ON);
}

DISCO_TEST(a_raft_error_has_the_next_asked)
{
    bad_answer("HTTP/1.1 500 Oops\r\nContent-Length: 97\r\n\r\n"
               "{\"errorCode\":300,\"message\":\"Raft Internal Error\","
               "\"cause\":\"etcdserver: request timed out\",\"index\":0}",
               SERVER_GO_ON);
}

DISCO_TEST(garbage_has_the_next_asked)
{
    bad_answer("\x16\x03\x01 what is this\r\n\r\n", SERVER_GO_ON);
}

DISCO_TEST(an_http2_preface_has_the_next_asked)
{
    server_answer_t answer = {.bytes = "\0\0\6\4\0\0\0\0\0", .size = 9, .then = SERVER_RESET};
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_add(flow.servers[0], answer);
    get(&flow, &diary);
    (void)flow_expect_on(&flow, 0, GET);
    answered_by(&flow, 1, &diary);
    flow_close(&flow);
}

DISCO_TEST(an_early_close_has_the_next_asked)
{
    bad_answer("", SERVER_CLOSE);
}

DISCO_TEST(a_close_inside_the_head_has_the_next_asked)
{
    bad_answer("HTTP/1.1 200 OK\r\nContent-Le", SERVER_CLOSE);
}

DISCO_TEST(a_close_inside_the_body_has_the_next_asked)
{
    bad_answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"action\":\"get\"", SERVER_CLOSE);
}

DISCO_TEST(a_close_inside_a_chunk_has_the_next_asked)
{
    bad_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"action\"",
               SERVER_CLOSE);
}

DISCO_TEST(a_broken_chunk_size_has_the_next_asked)
{
    bad_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", SERVER_GO_ON);
}

DISCO_TEST(a_reset_has_the_next_asked)
{
    bad_answer("HTTP/1.1 200 OK\r\n", SERVER_RESET);
}

DISCO_TEST(two_lengths_have_the_next_asked)
{
    bad_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", SERVER_GO_ON);
}

DISCO_TEST(a_head_without_end_is_an_error)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;
    size_t i;

    flow_open(&flow, 2);
    flow.options.max_header_bytes = 4096;
    flow_start(&flow);
    get(&flow, &diary);
    request = flow_expect_on(&flow, 0, GET);
    flow_send(request, "HTTP/1.1 200 OK\r\n");
    for (i = 0; i < 500; i++)
        flow_send(request, flow_text("X-Field-%zu: value\r\n", i));
    diary_expect(&diary, "DISCO_ETOOLARGE");
    flow_close(&flow);
}

DISCO_TEST(an_error_that_is_not_etcds_has_the_next_asked)
{
    bad_answer("HTTP/1.1 418 Teapot\r\nContent-Length: 15\r\n\r\n{\"errorCode\":0}", SERVER_GO_ON);
}

DISCO_TEST(a_redirection_is_never_followed)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_add(flow.servers[0],
               (server_answer_t){.bytes = flow_text("HTTP/1.1 301 Moved\r\nLocation: "
                                                    "http://127.0.0.1:%u/v2/keys/b\r\n"
                                                    "Content-Length: 0\r\n\r\n",
                                                    (unsigned)server_port(flow.servers[1]))});
    get(&flow, &diary);
    (void)flow_expect_on(&flow, 0, GET);
    answered_by(&flow, 1, &diary);
    flow_close(&flow);
}

DISCO_TEST(a_redirection_alone_is_an_error_in_the_end)
{
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_open(&flow, 1);
    flow.options.request_timeout_ms = 20;
    flow_start(&flow);
    for (i = 0; i < 30; i++)
        server_add(flow.servers[0],
                   (server_answer_t){.bytes = "HTTP/1.1 302 Found\r\nLocation: /v2/keys/b\r\n"
                                              "Content-Length: 0\r\n\r\n"});
    get(&flow, &diary);
    while (diary.count == 0) {
        flow_settle(&flow);
        flow_advance(&flow, 1);
    }
    diary_expect(&diary, "DISCO_EPROTOCOL");
    assert_string_equal(diary.detail.message, "HTTP status 302");
    assert_int(flow_untaken(&flow, "GET /v2/keys/b"), 0);
    flow_close(&flow);
}

DISCO_TEST(without_an_answer_the_next_is_asked_after_the_attempts_time)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    get(&flow, &diary);
    (void)flow_expect_on(&flow, 0, GET);
    flow_advance(&flow, 2999);
    flow_expect_no_request(&flow);
    flow_advance(&flow, 1);
    answered_by(&flow, 1, &diary);
    flow_close(&flow);
}

DISCO_TEST(half_an_answer_counts_as_none)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    flow_begin(&flow, 2);
    get(&flow, &diary);
    request = flow_expect_on(&flow, 0, GET);
    flow_send(request, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");
    flow_advance(&flow, 2999);
    flow_send(request, "\"action\":\"get\",");
    flow_expect_no_request(&flow);
    flow_advance(&flow, 1);
    answered_by(&flow, 1, &diary);
    flow_close(&flow);
}

DISCO_TEST(a_late_answer_is_not_taken_for_another_request)
{
    flow_t flow;
    diary_t diary;
    flow_request_t request;

    flow_begin(&flow, 1);
    get(&flow, &diary);
    request = flow_expect(&flow, GET);
    flow_advance(&flow, 3000);
    flow_answer(&flow, request, 200, 5, flow_set("/a", "late", 4));
    diary_expect_nothing(&diary);
    flow_advance(&flow, 200);
    answered_by(&flow, 0, &diary);
    flow_close(&flow);
}

DISCO_TEST(a_healthy_endpoint_is_kept)
{
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 3);
    server_stop_listening(flow.servers[0]);
    for (i = 0; i < 10; i++) {
        get(&flow, &diary);
        answered_by(&flow, 1, &diary);
        flow_advance(&flow, 60000);
        server_listen(flow.servers[0]);
    }
    assert_int(server_connection_count(flow.servers[1]), 1);
    assert_int(server_connection_count(flow.servers[2]), 0);
    flow_close(&flow);
}

DISCO_TEST(a_failed_endpoint_is_used_again_when_its_time_is_up)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    server_stop_listening(flow.servers[0]);
    get(&flow, &diary);
    answered_by(&flow, 1, &diary);
    server_listen(flow.servers[0]);
    server_stop_listening(flow.servers[1]);
    server_hang_up_all(flow.servers[1]);
    flow_settle(&flow);
    flow_advance(&flow, 60000);
    get(&flow, &diary);
    answered_by(&flow, 0, &diary);
    assert_int(flow_logged(&flow, ": answers again"), 1);
    flow_close(&flow);
}

DISCO_TEST(all_refusing_is_an_error_after_one_round)
{
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 3);
    server_stop_listening(flow.servers[0]);
    server_stop_listening(flow.servers[1]);
    server_stop_listening(flow.servers[2]);
    get(&flow, &diary);
    diary_expect(&diary, "ECONNREFUSED");
    assert_string_equal(diary.detail.endpoint, endpoint(&flow, 2));
    assert_int(diary.detail.etcd_code, 0);
    for (i = 0; i < 3; i++)
        assert_int(flow_logged(&flow, flow_text("%s: connection refused", endpoint(&flow, i))), 1);
    flow_close(&flow);
}

DISCO_TEST(after_a_round_of_errors_it_waits_and_goes_round_again)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    get(&flow, &diary);
    flow_refuse(&flow, flow_expect_on(&flow, 0, GET), 300, 0);
    flow_refuse(&flow, flow_expect_on(&flow, 1, GET), 300, 0);
    flow_settle(&flow);
    flow_advance(&flow, 100);
    flow_answer(&flow, flow_expect(&flow, GET), 200, 5, ANSWER);
    diary_expect(&diary, "OK /a=1@5");
    flow_close(&flow);
}

DISCO_TEST(missing_rights_are_an_error_at_once)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    get(&flow, &diary);
    flow_refuse(&flow, flow_expect_on(&flow, 0, GET), 110, 0);
    diary_expect(&diary, "DISCO_EAUTH");
    assert_int(diary.detail.etcd_code, 110);
    assert_string_equal(diary.detail.message, "etcd: Message 110 (/cause)");
    assert_string_equal(diary.detail.endpoint, endpoint(&flow, 0));
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(a_401_without_etcds_body_is_an_error_at_once)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 2);
    get(&flow, &diary);
    flow_answer(&flow, flow_expect_on(&flow, 0, GET), 401, 0, "<html>who are you?</html>");
    diary_expect(&diary, "DISCO_EAUTH");
    assert_int(diary.detail.etcd_code, 0);
    assert_string_equal(diary.detail.message, "HTTP status 401");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(etcds_refusal_is_an_error_at_once)
{
    static const struct {
        int code;
        const char *name;
    } cases[] = {
        {100, "DISCO_EKEYNOTFOUND"}, {101, "DISCO_ECONFLICT"}, {105, "DISCO_EKEYEXISTS"},
        {102, "DISCO_EREFUSED"},     {203, "DISCO_EREFUSED"},  {210, "DISCO_EREFUSED"},
        {401, "DISCO_ECLEARED"},     {107, "DISCO_EREFUSED"},
    };
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 2);
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put(&flow, &diary, NULL);
        flow_refuse(&flow, flow_expect_on(&flow, 0, PUT), cases[i].code, 9);
        diary_expect(&diary, cases[i].name);
        assert_int(diary.detail.etcd_code, cases[i].code);
        assert_string_equal(diary.detail.message,
                            flow_text("etcd: Message %d (/cause)", cases[i].code));
        assert_string_equal(diary.detail.endpoint, endpoint(&flow, 0));
    }
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(the_v2_api_switched_off_has_an_error_of_its_own)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    get(&flow, &diary);
    server_respond(flow.servers[0], flow_expect_on(&flow, 0, GET).request, 404,
                   "Content-Type: text/plain; charset=utf-8\r\n", "404 page not found\n");
    diary_expect(&diary, "DISCO_EV2DISABLED");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(a_good_status_with_a_body_that_is_none_is_an_error)
{
    static const char *const bodies[] = {
        "",           "{",
        "null",       "[]",
        "{}",         "{\"action\":\"get\"}",
        "404 page",   "{\"node\":7}",
        "{\"node\":", "{\"action\":\"get\",\"node\":{\"key\":7}}",
    };
    flow_t flow;
    diary_t diary;
    size_t i;

    flow_begin(&flow, 1);
    for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        get(&flow, &diary);
        flow_answer(&flow, flow_expect(&flow, GET), 200, 5, bodies[i]);
        diary_expect(&diary, "DISCO_EPROTOCOL");
        assert_string_equal(diary.detail.message, "unreadable answer");
    }
    flow_close(&flow);
}

DISCO_TEST(a_body_over_the_limit_is_an_error_at_once)
{
    flow_t flow;
    diary_t diary;

    flow_open(&flow, 2);
    flow.options.max_response_bytes = 1000;
    flow_start(&flow);
    get(&flow, &diary);
    flow_send(flow_expect_on(&flow, 0, GET),
              "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{");
    diary_expect(&diary, "DISCO_ETOOLARGE");
    get(&flow, &diary);
    flow_send(
        flow_expect_on(&flow, 0, GET),
        flow_text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n", 0));
    diary_expect(&diary, "DISCO_ETOOLARGE");
    flow_expect_no_request(&flow);
    flow_close(&flow);
}

DISCO_TEST(a_request_ends_when_its_time_is_up)
{
    flow_t flow;
    diary_t diary;
    uint64_t passed;

    flow_open(&flow, 2);
    flow.options.request_timeout_ms = 7000;
    flow_start(&flow);
    get(&flow, &diary);
    for (passed = 0; passed < 6900; passed += 100) {
        flow_settle(&flow);
        flow_advance(&flow, 100);
        assert_int(diary.count, 0);
    }
    flow_settle(&flow);
    flow_advance(&flow, 100);
    diary_expect(&diary, "ETIMEDOUT");
    flow_close(&flow);
}

DISCO_TEST(the_version_is_told)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_server_version(flow.client, diary_version_cb, &diary, NULL), 0);
    flow_answer(&flow, flow_expect(&flow, "GET /version "), 200, 0,
                "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}");
    diary_expect(&diary, "OK 3.4.23 3.4.0");
    assert_status(disco_server_version(flow.client, diary_version_cb, &diary, NULL), 0);
    flow_answer(&flow, flow_expect(&flow, "GET /version "), 200, 0, "{\"etcdserver\":7}");
    diary_expect(&diary, "DISCO_EPROTOCOL");
    flow_close(&flow);
}

DISCO_TEST(deletions_are_written_as_etcd_reads_them)
{
    flow_t flow;
    diary_t diary;

    flow_begin(&flow, 1);
    diary_begin(&diary, &flow);
    assert_status(disco_kv_delete(flow.client, "/a b", NULL, diary_kv_cb, &diary, NULL), 0);
    flow_answer(&flow, flow_expect(&flow, "DELETE /v2/keys/a%20b HTTP"), 200, 6,
                flow_gone("delete", "/a b", 6));
    diary_expect(&diary, "OK /a b=old@1");
    assert_status(disco_kv_delete(flow.client, "/d",
                                  &(disco_kv_delete_options_t){.recursive = true,
                                                               .condition = DISCO_KV_REVISION,
                                                               .previous_revision = 3},
                                  diary_kv_cb, &diary, NULL),
                  0);
    flow_refuse(&flow, flow_expect(&flow, "DELETE /v2/keys/d?recursive=true&prevIndex=3 HTTP"), 101,
                6);
    diary_expect(&diary, "DISCO_ECONFLICT");
    flow_close(&flow);
}
