/* Two requests in a row on one connection. */
#include "support/http_exchange.h"

#define FIRST_OK                                                                                   \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\nX-Trailer: x\r\n\r\n"
#define SECOND_OK "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nsecond"

static void open_two(http_bench_t *bench, exchange_t *exchange)
{
    http_open(bench);
    exchange_init_two(exchange, bench, "/first", "/second");
}

static void close_two(http_bench_t *bench, exchange_t *exchange)
{
    exchange_free(exchange);
    http_close(bench);
}

static void assert_both(const exchange_t *exchange)
{
    exchange_assert_answered(exchange, 404, "second");
    assert_string_equal(exchange->first, "first");
    assert_int(exchange->calls[ON_FIRST], 1);
    assert_int(exchange->calls[ON_DONE], 1);
}

/* What the server got, in order: "1/first" is the first target on connection 1. */
static void assert_requests(const http_bench_t *bench, const char *const *expected)
{
    size_t count = 0;

    for (; expected[count] != NULL; count++) {
        const server_request_t *request = server_request(bench->server, count);

        assert_int(request->connection, expected[count][0] - '0');
        assert_string_equal(request->target, expected[count] + 1);
    }
    assert_int(server_request_count(bench->server), count);
}
#define ASSERT_REQUESTS(bench, ...)                                                                \
    assert_requests((bench), (const char *const[]){__VA_ARGS__, NULL})

DISCO_TEST(both_are_sent_at_once_and_the_connection_is_kept)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    assert_int(exchange.calls[ON_HEAD], 0);
    server_send_text(bench.server, 0, FIRST_OK);
    while (exchange.calls[ON_FIRST] == 0)
        loop_turn(&bench.loop);
    assert_false(exchange.done);
    server_send_text(bench.server, 0, SECOND_OK);
    exchange_wait(&exchange);
    assert_both(&exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 4);
    server_send_text(bench.server, 0, FIRST_OK SECOND_OK);
    exchange_wait(&exchange);
    exchange_assert_answered(&exchange, 404, "second");
    ASSERT_REQUESTS(&bench, "0/first", "0/second", "0/first", "0/second");
    close_two(&bench, &exchange);
}

DISCO_TEST(responses_are_told_apart_wherever_their_bytes_are_split)
{
    static const char both[] = FIRST_OK SECOND_OK;
    http_bench_t bench;
    exchange_t exchange;
    size_t split;

    for (split = 1; split < sizeof both - 1; split++) {
        open_two(&bench, &exchange);
        server_add(bench.server, (server_answer_t){.bytes = both, .split = split});
        server_add(bench.server, (server_answer_t){.bytes = NULL});
        exchange_send(&exchange);
        exchange_wait(&exchange);
        assert_both(&exchange);
        close_two(&bench, &exchange);
    }
}

/* answer: to the first; then the connection ends. */
static void second_comes_alone(server_answer_t answer)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, answer.bytes);
    if (answer.then == SERVER_CLOSE)
        server_hang_up(bench.server, 0);
    server_wait_for_requests(bench.server, 3);
    server_send_text(bench.server, 1, SECOND_OK);
    exchange_wait(&exchange);
    assert_both(&exchange);
    ASSERT_REQUESTS(&bench, "0/first", "0/second", "1/second");
    close_two(&bench, &exchange);
}

DISCO_TEST(a_connection_that_ends_between_both_is_replaced_for_the_second)
{
    second_comes_alone((server_answer_t){.bytes = FIRST_OK, .then = SERVER_CLOSE});
    second_comes_alone((server_answer_t){
        .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nfirst"});
    second_comes_alone(
        (server_answer_t){.bytes = "HTTP/1.1 200 OK\r\n\r\nfirst", .then = SERVER_CLOSE});
    second_comes_alone(
        (server_answer_t){.bytes = "HTTP/1.0 200 OK\r\n\r\nfirst", .then = SERVER_CLOSE});
}

DISCO_TEST(a_kept_connection_that_is_dead_is_replaced_for_both)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, FIRST_OK SECOND_OK);
    exchange_wait(&exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 4);
    server_reset(bench.server, 0);
    server_wait_for_requests(bench.server, 5);
    server_send_text(bench.server, 1, FIRST_OK);
    server_wait_for_requests(bench.server, 6);
    server_hang_up(bench.server, 1);
    server_wait_for_requests(bench.server, 7);
    server_send_text(bench.server, 2, SECOND_OK);
    exchange_wait(&exchange);
    exchange_assert_answered(&exchange, 404, "second");
    ASSERT_REQUESTS(&bench, "0/first", "0/second", "0/first", "0/second", "1/first", "1/second",
                    "2/second");
    close_two(&bench, &exchange);
}

/* What is sent again, or by a caller that has seen an attempt fail. */
DISCO_TEST(the_second_may_wait_for_the_answer_to_the_first)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange.request.in_turn = true;
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 1);
    server_send_text(bench.server, 0, FIRST_OK);
    while (exchange.calls[ON_FIRST] == 0) {
        assert_int(server_request_count(bench.server), 1);
        loop_turn(&bench.loop);
    }
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, SECOND_OK);
    exchange_wait(&exchange);
    assert_both(&exchange);
    ASSERT_REQUESTS(&bench, "0/first", "0/second");
    close_two(&bench, &exchange);
}

/* bytes: what comes before the connection ends, for good. */
static void fails(const char *bytes, int expected)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, bytes);
    server_hang_up(bench.server, 0);
    exchange_wait(&exchange);
    exchange_assert_failed(&exchange, expected);
    assert_int(server_request_count(bench.server), 2);
    close_two(&bench, &exchange);
}

DISCO_TEST(what_breaks_off_or_is_malformed_fails)
{
    fails("", UV_EOF);
    fails("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirs", UV_EOF);
    fails("no HTTP\r\n\r\n", DISCO_EPROTOCOL);
    fails(FIRST_OK "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecon", UV_EOF);
    fails(FIRST_OK "no HTTP\r\n\r\n", DISCO_EPROTOCOL);
}

/* The second request is sent again once, not without end. */
DISCO_TEST(a_second_that_is_never_answered_fails)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, FIRST_OK);
    server_hang_up(bench.server, 0);
    server_wait_for_requests(bench.server, 3);
    server_hang_up(bench.server, 1);
    exchange_wait(&exchange);
    exchange_assert_failed(&exchange, UV_EOF);
    close_two(&bench, &exchange);
}

DISCO_TEST(bytes_behind_the_second_are_not_taken_for_a_response)
{
    http_bench_t bench;
    exchange_t exchange;

    open_two(&bench, &exchange);
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, FIRST_OK SECOND_OK FIRST_OK);
    exchange_wait(&exchange);
    assert_both(&exchange);
    server_wait_for_closed(bench.server, 1);
    close_two(&bench, &exchange);
}

static exchange_moment_t chosen_moment;
static size_t chosen_call;
static bool send_again;
static bool hook_ran;

static void act(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment != chosen_moment || exchange->calls[moment] != chosen_call || hook_ran)
        return;
    hook_ran = true;
    disco__pool_cancel(&exchange->bench->pool, &exchange->request);
    if (send_again)
        exchange_send(exchange);
}

/* In the chosen call of that callback. */
static void act_inside(exchange_moment_t moment, size_t call)
{
    http_bench_t bench;
    exchange_t exchange;

    chosen_moment = moment;
    chosen_call = call;
    hook_ran = false;
    open_two(&bench, &exchange);
    exchange.hook = act;
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 2);
    server_send_text(bench.server, 0, FIRST_OK SECOND_OK);
    loop_run_until(&bench.loop, &hook_ran);
    if (send_again) {
        server_wait_for_requests(bench.server, 4);
        server_send_text(bench.server, moment == ON_DONE ? 0 : 1, FIRST_OK SECOND_OK);
        exchange_wait(&exchange);
        exchange_assert_answered(&exchange, 404, "second");
    }
    assert_int(exchange.calls[ON_DONE], (moment == ON_DONE) + send_again);
    close_two(&bench, &exchange);
}

static void act_inside_each(void)
{
    size_t call;

    for (call = 1; call <= 2; call++) {
        act_inside(ON_HEAD, call);
        act_inside(ON_BODY, call);
    }
    act_inside(ON_FIRST, 1);
    act_inside(ON_DONE, 1);
}

DISCO_TEST(cancelling_inside_each_callback)
{
    send_again = false;
    act_inside_each();
}

DISCO_TEST(sending_again_inside_each_callback)
{
    send_again = true;
    act_inside_each();
}
