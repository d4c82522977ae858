/* Requests as the server gets them. */
#include "support/http_exchange.h"

#include <stdlib.h>

#include "http/writer.h"

#define LARGE 1000000

static void echo(server_t *server, const server_request_t *request, void *data)
{
    size_t *handled = data;

    (*handled)++;
    assert_string_equal(request->method, "PUT");
    assert_string_equal(request->target, "/v2/keys/a%20b?c=d");
    assert_string_equal(server_request_field(request, "HOST"), "[::1]:2379");
    assert_string_equal(server_request_field(request, "authorization"), "Basic YTpi");
    assert_string_equal(server_request_field(request, "More"), "yes");
    assert_null(server_request_field(request, "Mor"));
    server_respond(server, request, 201, "X-Etcd-Index: 1\r\n", request->body);
}

static void put(http_bench_t *bench, exchange_t *exchange, const char *body)
{
    disco__http_message_t message = {.method = "PUT",
                                     .target = "/v2/keys/a%20b?c=d",
                                     .host = "[::1]:2379",
                                     .authorization = "Basic YTpi",
                                     .fields = "More: yes\r\n",
                                     .content_type = "application/x-www-form-urlencoded",
                                     .body = body,
                                     .body_size = strlen(body)};

    exchange_init(exchange, bench, "/");
    disco__http_request_free(&exchange->request);
    assert_status(disco__http_write(&exchange->request.bytes, &message), 0);
    exchange->request.body_limit = 2 * LARGE;
    exchange_send(exchange);
    exchange_wait(exchange);
}

DISCO_TEST(a_request_arrives_as_it_was_written)
{
    http_bench_t bench;
    exchange_t exchange;
    size_t handled = 0;

    http_open(&bench);
    server_set_handler(bench.server, echo, &handled);
    put(&bench, &exchange, "value=hello");
    exchange_assert_answered(&exchange, 201, "value=hello");
    exchange_free(&exchange);
    put(&bench, &exchange, "");
    exchange_assert_answered(&exchange, 201, "");
    exchange_free(&exchange);
    assert_int(handled, 2);
    assert_int(server_connection_count(bench.server), 1);
    http_close(&bench);
}

DISCO_TEST(a_large_request_arrives_whole)
{
    http_bench_t bench;
    exchange_t exchange;
    size_t handled = 0;
    char *body = malloc(LARGE + 1);

    assert_non_null(body);
    memset(body, 'x', LARGE);
    body[LARGE] = '\0';
    http_open(&bench);
    server_set_handler(bench.server, echo, &handled);
    put(&bench, &exchange, body);
    exchange_assert_answered(&exchange, 201, body);
    assert_int(server_request(bench.server, 0)->body_size, LARGE);
    exchange_free(&exchange);
    http_close(&bench);
    free(body);
}

DISCO_TEST(requests_do_not_share_a_connection_at_once)
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
    loop_turn(&bench.loop);
    loop_turn(&bench.loop);
    assert_int(server_request_count(bench.server), 2);
    assert_true(server_request(bench.server, 0)->connection !=
                server_request(bench.server, 1)->connection);
    for (i = 0; i < 3; i++) {
        disco__pool_cancel(&bench.pool, &exchanges[i].request);
        exchange_free(&exchanges[i]);
    }
    http_close(&bench);
}
