/* Which request goes over which connection, and for how long a connection is kept. */
#include "support/http_exchange.h"

#include <uvdisco/error.h>

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#define ANSWER_OK ((server_answer_t){.bytes = ok})
#define CLOSE_WITHOUT_A_WORD ((server_answer_t){.then = SERVER_CLOSE})
#define RESET_WITHOUT_A_WORD ((server_answer_t){.then = SERVER_RESET})

static void send_many(http_bench_t *bench, exchange_t *exchanges, size_t count, size_t *order)
{
    static const char *const targets[] = {"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"};
    size_t i;

    assert_true(count <= sizeof targets / sizeof targets[0]);
    *order = 0;
    for (i = 0; i < count; i++) {
        exchange_init(&exchanges[i], bench, targets[i]);
        exchanges[i].order = order;
        exchange_send(&exchanges[i]);
    }
}

static void run_ok(http_bench_t *bench)
{
    exchange_t exchange;

    server_add(bench->server, ANSWER_OK);
    exchange_run(&exchange, bench, "/");
    exchange_assert_answered(&exchange, 200, "ok");
    exchange_free(&exchange);
}

DISCO_TEST(a_connection_is_reused)
{
    http_bench_t bench;

    http_open(&bench);
    run_ok(&bench);
    run_ok(&bench);
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), 1);
    http_close(&bench);
}

DISCO_TEST(over_the_limit_requests_wait_in_order)
{
    enum { COUNT = 7 };
    http_bench_t bench;
    exchange_t exchanges[COUNT];
    size_t order;
    size_t i;

    http_open(&bench);
    send_many(&bench, exchanges, COUNT, &order);
    server_wait_for_requests(bench.server, 2);
    for (i = 0; i < COUNT; i++) {
        const server_request_t *request = server_request(bench.server, i);

        server_respond(bench.server, request, 200, NULL, request->target);
        exchange_wait(&exchanges[i]);
        exchange_assert_answered(&exchanges[i], 200, request->target);
        assert_int(exchanges[i].place, i + 1);
        assert_int(request->target[1] - '0', i);
        if (i + 2 < COUNT)
            server_wait_for_requests(bench.server, i + 3);
        assert_true(server_request_count(bench.server) <= i + 3);
        exchange_free(&exchanges[i]);
    }
    assert_int(server_connection_count(bench.server), 2);
    http_close(&bench);
}

DISCO_TEST(an_idle_connection_is_closed_after_its_time)
{
    http_bench_t bench;

    http_open(&bench);
    run_ok(&bench);
    disco__clock_advance(&bench.base, HTTP_IDLE_MS - 1);
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), 1);
    disco__clock_advance(&bench.base, HTTP_IDLE_MS - 1);
    assert_false(disco__queue_empty(&bench.pool.idle));
    disco__clock_advance(&bench.base, 1);
    assert_true(disco__queue_empty(&bench.pool.idle));
    server_wait_for_closed(bench.server, 1);
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), 2);
    http_close(&bench);
}

DISCO_TEST(an_idle_connection_does_not_keep_the_loop_alive)
{
    http_bench_t bench;

    http_open(&bench);
    run_ok(&bench);
    loop_run(&bench.loop);
    assert_int(server_open_count(bench.server), 1);
    run_ok(&bench);
    loop_run(&bench.loop);
    assert_int(server_connection_count(bench.server), 1);
    http_close(&bench);
}

DISCO_TEST(idle_connections_can_be_dropped)
{
    http_bench_t bench;

    http_open(&bench);
    disco__pool_drop_idle(&bench.pool);
    run_ok(&bench);
    disco__pool_drop_idle(&bench.pool);
    server_wait_for_closed(bench.server, 1);
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), 2);
    http_close(&bench);
}

DISCO_TEST(a_connection_that_died_while_idle_is_replaced)
{
    http_bench_t bench;

    http_open(&bench);
    run_ok(&bench);
    server_hang_up(bench.server, 0);
    run_ok(&bench);
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), 2);
    http_close(&bench);
}

static void die_at_the_next_request(server_answer_t death, bool repeatable, int expected,
                                    size_t requests)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    run_ok(&bench);
    server_add(bench.server, death);
    server_add(bench.server, ANSWER_OK);
    exchange_init(&exchange, &bench, "/again");
    exchange.request.repeatable = repeatable;
    exchange_send(&exchange);
    exchange_wait(&exchange);
    exchange_assert_failed(&exchange, expected);
    assert_int(exchange.calls[ON_DONE], 1);
    assert_int(server_request_count(bench.server), requests);
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_repeatable_request_is_sent_again_when_a_kept_connection_is_dead)
{
    die_at_the_next_request(CLOSE_WITHOUT_A_WORD, true, 0, 3);
    die_at_the_next_request(RESET_WITHOUT_A_WORD, true, 0, 3);
}

DISCO_TEST(a_request_that_is_not_repeatable_is_not_sent_again)
{
    die_at_the_next_request(CLOSE_WITHOUT_A_WORD, false, UV_EOF, 2);
    die_at_the_next_request(RESET_WITHOUT_A_WORD, false, UV_ECONNRESET, 2);
}

DISCO_TEST(a_request_is_not_sent_again_once_the_response_has_begun)
{
    die_at_the_next_request((server_answer_t){.bytes = "H", .then = SERVER_CLOSE}, true, UV_EOF, 2);
}

DISCO_TEST(a_request_is_sent_again_once_only)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    run_ok(&bench);
    server_add(bench.server, CLOSE_WITHOUT_A_WORD);
    server_add(bench.server, CLOSE_WITHOUT_A_WORD);
    exchange_run(&exchange, &bench, "/");
    exchange_assert_failed(&exchange, UV_EOF);
    assert_int(server_request_count(bench.server), 3);
    assert_int(server_connection_count(bench.server), 2);
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_request_on_a_fresh_connection_is_not_sent_again)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    server_add(bench.server, CLOSE_WITHOUT_A_WORD);
    exchange_run(&exchange, &bench, "/");
    exchange_assert_failed(&exchange, UV_EOF);
    assert_int(server_request_count(bench.server), 1);
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_request_that_is_sent_again_keeps_to_the_limit)
{
    enum { COUNT = 5 };
    http_bench_t bench;
    exchange_t exchanges[COUNT];
    size_t order;
    size_t i;

    http_open(&bench);
    run_ok(&bench);
    server_add(bench.server, CLOSE_WITHOUT_A_WORD);
    for (i = 0; i < COUNT; i++)
        server_add(bench.server, ANSWER_OK);
    send_many(&bench, exchanges, COUNT, &order);
    for (i = 0; i < COUNT; i++) {
        exchange_wait(&exchanges[i]);
        exchange_assert_answered(&exchanges[i], 200, "ok");
        exchange_free(&exchanges[i]);
    }
    assert_int(server_connection_count(bench.server), 3);
    assert_int(bench.pool.counted, 0);
    http_close(&bench);
}

DISCO_TEST(every_waiting_request_is_told_that_the_connection_was_refused)
{
    enum { COUNT = 5 };
    http_bench_t bench;
    exchange_t exchanges[COUNT];
    size_t order;
    size_t i;

    http_open(&bench);
    server_stop_listening(bench.server);
    send_many(&bench, exchanges, COUNT, &order);
    for (i = 0; i < COUNT; i++) {
        exchange_wait(&exchanges[i]);
        exchange_assert_failed(&exchanges[i], UV_ECONNREFUSED);
        assert_int(exchanges[i].place, i + 1);
        exchange_free(&exchanges[i]);
    }
    server_listen(bench.server);
    run_ok(&bench);
    http_close(&bench);
}

DISCO_TEST(a_dial_that_was_refused_before_a_request_came_is_not_its_failure)
{
    http_bench_t bench;
    exchange_t exchanges[2];
    size_t order;

    http_open(&bench);
    server_stop_listening(bench.server);
    send_many(&bench, exchanges, 1, &order);
    loop_turn(&bench.loop); /* the dial is on its way, and refused by the time that is looked at */
    disco__pool_cancel(&bench.pool, &exchanges[0].request);
    server_listen(bench.server);
    server_add(bench.server, ANSWER_OK);
    exchange_init(&exchanges[1], &bench, "/");
    exchange_send(&exchanges[1]);
    exchange_wait(&exchanges[1]);
    exchange_assert_answered(&exchanges[1], 200, "ok");
    exchange_free(&exchanges[0]);
    exchange_free(&exchanges[1]);
    http_close(&bench);
}

DISCO_TEST(a_dial_that_nobody_needs_any_more_becomes_an_idle_connection)
{
    http_bench_t bench;
    exchange_t exchanges[2];
    size_t order;

    http_open(&bench);
    send_many(&bench, exchanges, 2, &order);
    disco__pool_cancel(&bench.pool, &exchanges[1].request);
    server_add(bench.server, ANSWER_OK);
    exchange_wait(&exchanges[0]);
    exchange_assert_answered(&exchanges[0], 200, "ok");
    server_wait_for_connections(bench.server, 2);
    loop_run(&bench.loop);
    assert_int(server_open_count(bench.server), 2);
    assert_int(exchanges[1].calls[ON_DONE], 0);
    exchange_free(&exchanges[0]);
    exchange_free(&exchanges[1]);
    server_add(bench.server, ANSWER_OK);
    server_add(bench.server, ANSWER_OK);
    send_many(&bench, exchanges, 2, &order);
    exchange_wait(&exchanges[0]);
    exchange_wait(&exchanges[1]);
    assert_int(server_connection_count(bench.server), 2);
    exchange_free(&exchanges[0]);
    exchange_free(&exchanges[1]);
    http_close(&bench);
}

static void start_long_poll(http_bench_t *bench, exchange_t *exchange)
{
    exchange_init(exchange, bench, "/poll");
    exchange->request.long_poll = true;
    exchange_send(exchange);
}

DISCO_TEST(long_polls_have_connections_beside_the_limit)
{
    enum { POLLS = 3 };
    http_bench_t bench;
    exchange_t polls[POLLS];
    size_t i;

    http_open(&bench);
    for (i = 0; i < POLLS; i++)
        start_long_poll(&bench, &polls[i]);
    server_wait_for_requests(bench.server, POLLS);
    run_ok(&bench);
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), POLLS + 1);
    for (i = 0; i < POLLS; i++) {
        server_respond(bench.server, server_request(bench.server, i), 200, NULL, "event");
        exchange_wait(&polls[i]);
        exchange_assert_answered(&polls[i], 200, "event");
        exchange_free(&polls[i]);
    }
    run_ok(&bench);
    assert_int(server_connection_count(bench.server), POLLS + 1);
    assert_int(bench.pool.counted, 0);
    http_close(&bench);
}

static void poll_again(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment == ON_DONE && exchange->calls[ON_DONE] < 5)
        exchange_send(exchange);
}

DISCO_TEST(a_long_poll_sent_again_stays_on_its_connection_while_others_wait)
{
    http_bench_t bench;
    exchange_t poll;
    exchange_t others[4];
    size_t order;
    size_t i;

    http_open(&bench);
    start_long_poll(&bench, &poll);
    poll.hook = poll_again;
    server_wait_for_requests(bench.server, 1);
    send_many(&bench, others, 4, &order);
    server_wait_for_requests(bench.server, 3);
    for (i = 0; i < 5; i++) {
        server_send_text(bench.server, 0, ok);
        if (i < 4)
            server_wait_for_requests(bench.server, i + 4);
    }
    exchange_wait(&poll);
    assert_int(poll.calls[ON_DONE], 5);
    for (i = 0; i < 4; i++)
        assert_int(server_request(bench.server, i + 3)->connection, 0);
    assert_int(server_connection_count(bench.server), 3);
    for (i = 0; i < 4; i++) {
        disco__pool_cancel(&bench.pool, &others[i].request);
        exchange_free(&others[i]);
    }
    exchange_free(&poll);
    http_close(&bench);
}

static void send_thrice(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment == ON_DONE && exchange->calls[ON_DONE] < 3)
        exchange_send(exchange);
}

DISCO_TEST(a_request_may_be_sent_again_when_it_is_done)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    server_add(bench.server, ANSWER_OK);
    server_add(bench.server, (server_answer_t){.bytes = "garbage"});
    server_add(bench.server, ANSWER_OK);
    exchange_init(&exchange, &bench, "/");
    exchange.hook = send_thrice;
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 3);
    exchange_wait(&exchange);
    exchange_assert_answered(&exchange, 200, "ok");
    assert_int(exchange.calls[ON_DONE], 3);
    assert_int(server_connection_count(bench.server), 2);
    exchange_free(&exchange);
    http_close(&bench);
}

DISCO_TEST(a_request_that_cannot_be_sent_fails_on_a_later_turn)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    exchange.request.bytes.error = UV_ENOMEM;
    exchange_send(&exchange);
    exchange_wait(&exchange);
    exchange_assert_failed(&exchange, UV_ENOMEM);
    assert_int(server_connection_count(bench.server), 0);
    exchange_free(&exchange);
    http_close(&bench);
}
