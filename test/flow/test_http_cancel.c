/* Cancelling and closing at each step and inside each callback, and memory running short. */
#include "support/http_exchange.h"

#include <stdlib.h>

#include <uvdisco/error.h>

static const char ok[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "1\r\no\r\n1\r\nk\r\n0\r\n\r\n";

#define ANSWER_OK ((server_answer_t){.bytes = ok})

static void run_ok(http_bench_t *bench)
{
    exchange_t exchange;

    server_add(bench->server, ANSWER_OK);
    exchange_run(&exchange, bench, "/ok");
    exchange_assert_answered(&exchange, 200, "ok");
    exchange_free(&exchange);
}

/* Frees the request at once, and sees that the pool still works. */
static void cancel(http_bench_t *bench, exchange_t *exchange)
{
    size_t calls = exchange->calls[ON_DONE];

    disco__pool_cancel(&bench->pool, &exchange->request);
    disco__pool_cancel(&bench->pool, &exchange->request);
    loop_run(&bench->loop);
    assert_int(exchange->calls[ON_DONE], calls);
    exchange_free(exchange);
    memset(exchange, 0xee, sizeof *exchange);
    run_ok(bench);
    assert_int(bench->pool.counted, 0);
}

DISCO_TEST(cancelling_while_dialling)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    exchange_send(&exchange);
    cancel(&bench, &exchange);
    exchange_init(&exchange, &bench, "/poll");
    exchange.request.long_poll = true;
    exchange_send(&exchange);
    cancel(&bench, &exchange);
    http_close(&bench);
}

DISCO_TEST(cancelling_once_it_was_sent)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    exchange_send(&exchange);
    server_wait_for_requests(bench.server, 1);
    cancel(&bench, &exchange);
    server_wait_for_closed(bench.server, 1);
    http_close(&bench);
}

DISCO_TEST(cancelling_while_waiting)
{
    http_bench_t bench;
    exchange_t sent[2];
    exchange_t waiting;
    size_t i;

    http_open(&bench);
    for (i = 0; i < 2; i++) {
        exchange_init(&sent[i], &bench, "/sent");
        exchange_send(&sent[i]);
    }
    exchange_init(&waiting, &bench, "/waiting");
    exchange_send(&waiting);
    server_wait_for_requests(bench.server, 2);
    disco__pool_cancel(&bench.pool, &waiting.request);
    for (i = 0; i < 2; i++) {
        server_send_text(bench.server, i, ok);
        exchange_wait(&sent[i]);
        exchange_free(&sent[i]);
    }
    assert_int(server_request_count(bench.server), 2);
    cancel(&bench, &waiting);
    http_close(&bench);
}

DISCO_TEST(cancelling_one_makes_room_for_the_next)
{
    http_bench_t bench;
    exchange_t exchanges[3];
    size_t i;

    http_open(&bench);
    for (i = 0; i < 3; i++) {
        exchange_init(&exchanges[i], &bench, "/");
        exchange_send(&exchanges[i]);
    }
    server_wait_for_requests(bench.server, 2);
    server_add(bench.server, ANSWER_OK);
    disco__pool_cancel(&bench.pool, &exchanges[0].request);
    exchange_wait(&exchanges[2]);
    exchange_assert_answered(&exchanges[2], 200, "ok");
    disco__pool_cancel(&bench.pool, &exchanges[1].request);
    for (i = 0; i < 3; i++)
        exchange_free(&exchanges[i]);
    http_close(&bench);
}

DISCO_TEST(cancelling_before_the_failure_is_told)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    exchange.request.bytes.error = UV_ENOMEM;
    exchange_send(&exchange);
    cancel(&bench, &exchange);
    http_close(&bench);
}

DISCO_TEST(cancelling_what_is_not_under_way_is_harmless)
{
    http_bench_t bench;
    exchange_t exchange;

    http_open(&bench);
    exchange_init(&exchange, &bench, "/");
    disco__pool_cancel(&bench.pool, &exchange.request);
    server_add(bench.server, ANSWER_OK);
    exchange_send(&exchange);
    exchange_wait(&exchange);
    cancel(&bench, &exchange);
    assert_int(server_connection_count(bench.server), 1);
    http_close(&bench);
}

static exchange_moment_t chosen;
static bool hook_ran;

static void cancel_itself(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment != chosen || hook_ran)
        return;
    hook_ran = true;
    disco__pool_cancel(&exchange->bench->pool, &exchange->request);
}

static void cancel_and_send_again(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment != chosen || hook_ran)
        return;
    hook_ran = true;
    disco__pool_cancel(&exchange->bench->pool, &exchange->request);
    exchange_send(exchange);
}

static void close_pool(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment != chosen || hook_ran)
        return;
    hook_ran = true;
    exchange->bench->pool_closed = true;
    disco__pool_close(&exchange->bench->pool);
    memset(&exchange->bench->pool, 0xee, sizeof exchange->bench->pool);
}

DISCO_TEST(cancelling_inside_each_callback)
{
    http_bench_t bench;
    exchange_t exchange;

    for (chosen = ON_HEAD; chosen < MOMENTS; chosen++) {
        http_open(&bench);
        hook_ran = false;
        server_add(bench.server, ANSWER_OK);
        exchange_init(&exchange, &bench, "/");
        exchange.hook = cancel_itself;
        exchange_send(&exchange);
        loop_run_until(&bench.loop, &hook_ran);
        assert_int(exchange.calls[ON_BODY], chosen == ON_HEAD ? 0 : chosen == ON_BODY ? 1 : 2);
        assert_int(exchange.calls[ON_DONE], chosen == ON_DONE);
        cancel(&bench, &exchange);
        http_close(&bench);
    }
}

DISCO_TEST(sending_again_inside_each_callback)
{
    http_bench_t bench;
    exchange_t exchange;

    for (chosen = ON_HEAD; chosen < MOMENTS; chosen++) {
        http_open(&bench);
        hook_ran = false;
        server_add(bench.server, ANSWER_OK);
        server_add(bench.server, ANSWER_OK);
        exchange_init(&exchange, &bench, "/");
        exchange.hook = cancel_and_send_again;
        exchange_send(&exchange);
        loop_run_until(&bench.loop, &hook_ran);
        exchange_wait(&exchange);
        exchange_assert_answered(&exchange, 200, "ok");
        assert_int(server_connection_count(bench.server), chosen == ON_DONE ? 1 : 2);
        exchange_free(&exchange);
        http_close(&bench);
    }
}

/* With others dialling, waiting and failing meanwhile. */
DISCO_TEST(closing_the_pool_inside_each_callback)
{
    enum { OTHERS = 4 };
    http_bench_t bench;
    exchange_t exchange;
    exchange_t others[OTHERS];
    size_t i;

    for (chosen = ON_HEAD; chosen < MOMENTS; chosen++) {
        http_open(&bench);
        run_ok(&bench);
        hook_ran = false;
        server_add(bench.server, ANSWER_OK);
        exchange_init(&exchange, &bench, "/");
        exchange.hook = close_pool;
        exchange_send(&exchange);
        for (i = 0; i < OTHERS; i++) {
            exchange_init(&others[i], &bench, "/other");
            others[i].request.long_poll = i == 0;
            exchange_send(&others[i]);
        }
        loop_run_until(&bench.loop, &hook_ran);
        for (i = 0; i < OTHERS; i++)
            exchange_free(&others[i]);
        loop_run(&bench.loop);
        assert_int(exchange.calls[ON_DONE], chosen == ON_DONE);
        exchange_free(&exchange);
        http_close(&bench);
    }
}

DISCO_TEST(closing_the_pool_drops_everything_under_way)
{
    enum { COUNT = 5 };
    http_bench_t bench;
    exchange_t exchanges[COUNT];
    size_t turns;
    size_t i;

    for (turns = 0; turns < 8; turns++) {
        http_open(&bench);
        for (i = 0; i < COUNT; i++) {
            exchange_init(&exchanges[i], &bench, "/");
            exchanges[i].request.long_poll = i == 1;
            if (i == 2)
                exchanges[i].request.bytes.error = UV_ENOMEM;
            exchange_send(&exchanges[i]);
        }
        for (i = 0; i < turns; i++)
            loop_turn(&bench.loop);
        disco__pool_close(&bench.pool);
        bench.pool_closed = true;
        for (i = 0; i < COUNT; i++)
            exchange_free(&exchanges[i]);
        http_close(&bench);
    }
}

static void free_itself(exchange_t *exchange, exchange_moment_t moment)
{
    if (moment != ON_DONE)
        return;
    hook_ran = true;
    exchange_free(exchange);
    free(exchange);
}

static void free_in_on_done(server_answer_t answer)
{
    http_bench_t bench;
    exchange_t *exchange = malloc(sizeof *exchange);

    assert_non_null(exchange);
    http_open(&bench);
    hook_ran = false;
    server_add(bench.server, answer);
    exchange_init(exchange, &bench, "/");
    exchange->hook = free_itself;
    exchange_send(exchange);
    loop_run_until(&bench.loop, &hook_ran);
    run_ok(&bench);
    http_close(&bench);
}

DISCO_TEST(a_request_may_be_freed_when_it_is_done)
{
    free_in_on_done(ANSWER_OK);
    free_in_on_done((server_answer_t){.bytes = "garbage"});
    free_in_on_done((server_answer_t){.then = SERVER_CLOSE});
}

static void assert_answered_or_short_of_memory(exchange_t *exchange)
{
    exchange_wait(exchange);
    if (exchange->status == 0)
        exchange_assert_answered(exchange, 200, "ok");
    else
        exchange_assert_failed(exchange, UV_ENOMEM);
    if (!heap_has_failed())
        assert_status(exchange->status, 0);
    exchange_free(exchange);
}

/* A request on a fresh connection, one that finds it dead and is sent again, and a long poll. */
static void exchanges_of_each_kind(void *data)
{
    http_bench_t bench;
    exchange_t exchange;
    exchange_t poll;

    (void)data;
    http_open(&bench);
    server_add(bench.server, ANSWER_OK);
    exchange_init(&exchange, &bench, "/");
    exchange_send(&exchange);
    assert_answered_or_short_of_memory(&exchange);
    if (!disco__queue_empty(&bench.pool.idle))
        server_add(bench.server, (server_answer_t){.then = SERVER_CLOSE});
    server_add(bench.server, ANSWER_OK);
    server_add(bench.server, ANSWER_OK);
    server_add(bench.server, ANSWER_OK);
    exchange_init(&exchange, &bench, "/");
    exchange_send(&exchange);
    exchange_init(&poll, &bench, "/poll");
    poll.request.long_poll = true;
    exchange_send(&poll);
    exchange_wait(&exchange);
    exchange_wait(&poll);
    assert_int(exchange.calls[ON_DONE], 1);
    assert_int(poll.calls[ON_DONE], 1);
    exchange_free(&exchange);
    exchange_free(&poll);
    assert_int(bench.pool.counted, 0);
    assert_int(bench.pool.dialled_for_anyone, 0);
    http_close(&bench);
}

DISCO_TEST(memory_running_short_is_told)
{
    heap_sweep(exchanges_of_each_kind, NULL);
}
