/* Responses as they come over a connection: in pieces, late, broken, or not at all. */
#include "support/http_exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

static const char with_length[] =
    "HTTP/1.1 200 OK\r\nX-Etcd-Index: 4\r\nContent-Length: 5\r\n\r\nhello";
static const char chunked[] =
    "HTTP/1.1 404 Not Found\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n"
    "\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n";
static const char until_close[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nhello";

static void answer_in_pieces(const char *bytes, int http_status, server_then_t then)
{
    http_bench_t bench;
    exchange_t exchange;
    size_t split;

    http_open(&bench);
    for (split = 1; split <= strlen(bytes); split++) {
        server_add(bench.server, (server_answer_t){.bytes = bytes, .split = split, .then = then});
        exchange_run(&exchange, &bench, "/");
        exchange_assert_answered(&exchange, http_status, "hello");
        exchange_free(&exchange);
    }
    server_add(bench.server,
               (server_answer_t){.bytes = bytes, .split = SERVER_BYTEWISE, .then = then});
    exchange_run(&exchange, &bench, "/");
    exchange_assert_answered(&exchange, http_status, "hello");
    exchange_free(&exchange);
    assert_int(server_connection_count(bench.server), then == SERVER_GO_ON ? 1 : split);
    http_close(&bench);
}

DISCO_TEST(a_response_with_a_length_in_every_two_pieces)
{
    answer_in_pieces(with_length, 200, SERVER_GO_ON);
}

DISCO_TEST(a_chunked_response_with_a_trailer_in_every_two_pieces)
{
    answer_in_pieces(chunked, 404, SERVER_GO_ON);
}

DISCO_TEST(a_response_until_close_in_every_two_pieces)
{
    answer_in_pieces(until_close, 400, SERVER_CLOSE);
}

static void end_early(const char *bytes, server_then_t then, int expected)
{
    http_bench_t bench;
    exchange_t exchange;
    size_t size;

    http_open(&bench);
    for (size = 0; size < strlen(bytes); size++) {
        server_answer_t answer = {.bytes = bytes, .size = size, .then = then};

        if (size == 0)
            answer.bytes = NULL;
        server_add(bench.server, answer);
        exchange_run(&exchange, &bench, "/");
        /* libuv reports an end when the reset comes together with the last bytes. */
        if (then == SERVER_RESET && size > 0 && exchange.status == UV_EOF)
            exchange.status = UV_ECONNRESET;
        exchange_assert_failed(&exchange, expected);
        assert_int(exchange.calls[ON_DONE], 1);
        exchange_free(&exchange);
    }
    assert_int(server_request_count(bench.server), size);
    http_close(&bench);
}

DISCO_TEST(closed_at_every_byte_of_a_response_with_a_length)
{
    end_early(with_length, SERVER_CLOSE, UV_EOF);
}

DISCO_TEST(closed_at_every_byte_of_a_chunked_response)
{
    end_early(chunked, SERVER_CLOSE, UV_EOF);
}

DISCO_TEST(reset_at_every_byte_of_a_response)
{
    end_early(with_length, SERVER_RESET, UV_ECONNRESET);
}

DISCO_TEST(a_reset_does_not_end_a_response_until_close)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    server_add(bench.server, (server_answer_t){.bytes = until_close});
    exchange_init(&exchange, &bench, "/");
    exchange_send(&exchange);
    loop_run_until(&bench.loop, &exchange.has_head);
    server_reset(bench.server, 0);
    exchange_wait(&exchange);
    exchange_assert_failed(&exchange, UV_ECONNRESET);
    exchange_free(&exchange);
    http_close(&bench);
}

/* Gives the failure, and makes sure that the connection is gone. */
static void assert_refused(const char *bytes, int expected)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    server_add(bench.server, (server_answer_t){.bytes = bytes});
    exchange_run(&exchange, &bench, "/");
    exchange_assert_failed(&exchange, expected);
    assert_true(exchange.message[0] != '\0');
    server_wait_for_closed(bench.server, 1);
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(garbage_is_refused)
{
    assert_refused("garbage\r\n\r\n", DISCO_EPROTOCOL);
    assert_refused("\x15\x03\x01\x02\x02\x16", DISCO_EPROTOCOL);
    assert_refused("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket"
                   "\r\n\r\n",
                   DISCO_EPROTOCOL);
    assert_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nworld",
                   DISCO_EPROTOCOL);
}

static char *repeat(const char *begin, const char *part, size_t size)
{
    size_t used = strlen(begin);
    char *text = malloc(size + used + strlen(part) + 1);

    assert_non_null(text);
    memcpy(text, begin, used);
    while (used < size) {
        memcpy(text + used, part, strlen(part));
        used += strlen(part);
    }
    text[used] = '\0';
    return text;
}

DISCO_TEST(endless_headers_are_refused)
{
    char *bytes = repeat("HTTP/1.1 200 OK\r\n", "Name: value\r\n", 100 * HTTP_MOST_HEADER);

    assert_refused(bytes, DISCO_ETOOLARGE);
    free(bytes);
}

DISCO_TEST(a_huge_body_is_refused)
{
    char *bytes =
        repeat("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "0123456789", 10 * HTTP_MOST_BODY);

    assert_refused(bytes, DISCO_ETOOLARGE);
    free(bytes);
    assert_refused("HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n", DISCO_ETOOLARGE);
}

DISCO_TEST(a_request_has_a_body_limit_of_its_own)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    server_add(bench.server, (server_answer_t){.bytes = with_length});
    exchange_init(&exchange, &bench, "/");
    exchange.request.body_limit = 4;
    exchange_send(&exchange);
    exchange_wait(&exchange);
    exchange_assert_failed(&exchange, DISCO_ETOOLARGE);
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_large_body_comes_whole)
{
    http_bench_t bench;
    exchange_t exchange;
    char *bytes = repeat("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "0123456789", 100043);

    http_open(&bench);
    server_add(bench.server, (server_answer_t){.bytes = bytes});
    exchange_run(&exchange, &bench, "/");
    exchange_assert_failed(&exchange, 0);
    assert_int(exchange.body_size, HTTP_MOST_BODY);
    assert_string_equal(exchange.body, strstr(bytes, "\r\n\r\n") + 4);
    exchange_free(&exchange);
    http_close(&bench);
    free(bytes);
}

static void assert_taken(const char *bytes, int http_status, const char *body, size_t connections)
{
    http_bench_t bench;
    exchange_t exchange;
    int i;

    http_open(&bench);
    for (i = 0; i < 2; i++) {
        server_add(bench.server, (server_answer_t){.bytes = bytes});
        exchange_run(&exchange, &bench, "/");
        exchange_assert_answered(&exchange, http_status, body);
        exchange_free(&exchange);
    }
    assert_int(server_connection_count(bench.server), connections);
    http_close(&bench);
}

DISCO_TEST(interim_responses_are_passed_over)
{
    assert_taken("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                 200, "ok", 1);
}

DISCO_TEST(responses_without_a_body_leave_the_connection_reusable)
{
    assert_taken("HTTP/1.1 204 No Content\r\n\r\n", 204, "", 1);
    assert_taken("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, "", 1);
}

DISCO_TEST(a_connection_that_the_server_closes_is_not_reused)
{
    assert_taken("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok",
                 2);
    assert_taken("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", 2);
}

DISCO_TEST(a_connection_with_surplus_bytes_is_not_reused)
{
    assert_taken("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", 200, "ok", 2);
    assert_taken("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
                 200, "ok", 2);
}

DISCO_TEST(bytes_on_an_idle_connection_close_it)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    server_add(bench.server, (server_answer_t){.bytes = with_length});
    exchange_run(&exchange, &bench, "/");
    server_send_text(bench.server, 0, with_length);
    server_wait_for_closed(bench.server, 1);
    server_add(bench.server, (server_answer_t){.bytes = chunked});
    exchange_send(&exchange);
    exchange_wait(&exchange);
    exchange_assert_answered(&exchange, 404, "hello");
    assert_int(server_connection_count(bench.server), 2);
    exchange_free(&exchange);
    http_close(&bench);
}

static void assert_times_out(http_bench_t *bench, exchange_t *exchange, size_t connection)
{
    disco__clock_advance(&bench->base, 999);
    assert_false(exchange->done);
    disco__clock_advance(&bench->base, 1);
    exchange_assert_failed(exchange, UV_ETIMEDOUT);
    server_wait_for_closed(bench->server, connection + 1);
}

DISCO_TEST(a_response_that_stalls_times_out)
{
    http_bench_t bench;
    exchange_t exchange;
    size_t body_begins = sizeof with_length - sizeof "hello";
    size_t size;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    for (size = 0; size < sizeof with_length - 1; size++) {
        if (size > 0)
            server_add(bench.server, (server_answer_t){.bytes = with_length, .size = size});
        exchange_send(&exchange);
        server_wait_for_requests(bench.server, size + 1);
        if (size >= body_begins)
            loop_run_until(&bench.loop, &exchange.has_head);
        assert_times_out(&bench, &exchange, size);
    }
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(without_a_response_time_nothing_times_out)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    exchange.request.response_ms = 0;
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 1);
    disco__clock_advance(&bench.base, 1000000000);
    assert_false(exchange.done);
    server_send_text(bench.server, 0, with_length);
    exchange_wait(&exchange);
    exchange_assert_answered(&exchange, 200, "hello");
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_long_poll_may_take_its_time_once_its_head_has_come)
{
    http_bench_t bench;
    exchange_t exchange;
    size_t body_begins = sizeof with_length - sizeof "hello";

    http_open(&bench);
    server_add(bench.server, (server_answer_t){.bytes = with_length, .size = body_begins});
    exchange_init(&exchange, &bench, "/");
    exchange.request.long_poll = true;
    exchange_send(&exchange);
    loop_run_until(&bench.loop, &exchange.has_head);
    disco__clock_advance(&bench.base, 1000000000);
    assert_false(exchange.done);
    server_send_text(bench.server, 0, "hello");
    exchange_wait(&exchange);
    exchange_assert_answered(&exchange, 200, "hello");
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_long_poll_without_a_head_times_out)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    exchange.request.long_poll = true;
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 1);
    assert_times_out(&bench, &exchange, 0);
    exchange_free(&exchange);
    http_close(&bench);
}
