#include "support/http_exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/writer.h"

void http_open(http_bench_t *bench)
{
    static const disco__pool_options_t options = {.connect_ms = 1000,
                                                  .tls_ms = 1000,
                                                  .idle_ms = HTTP_IDLE_MS,
                                                  .max_connections = 2,
                                                  .max_header_bytes = HTTP_MOST_HEADER,
                                                  .max_body_bytes = HTTP_MOST_BODY};
    disco__log_t silent = {0};

    memset(bench, 0, sizeof *bench);
    loop_open(&bench->loop);
    bench->server = server_new(&bench->loop);
    assert_status(disco__loop_init(&bench->base, &bench->loop.uv, &silent), 0);
    disco__clock_set_manual(&bench->base);
    heap_spare_begin();
    assert_status(disco__target_init(&bench->target, "127.0.0.1", server_port(bench->server), NULL),
                  0);
    heap_spare_end();
    disco__pool_init(&bench->pool, &bench->base, &bench->target, &options);
}

static void on_base_closed(disco__loop_t *base)
{
    disco__container_of(base, http_bench_t, base)->base_closed = true;
}

void http_close(http_bench_t *bench)
{
    if (!bench->pool_closed)
        disco__pool_close(&bench->pool);
    disco__target_free(&bench->target);
    disco__loop_close(&bench->base, on_base_closed);
    loop_run_until(&bench->loop, &bench->base_closed);
    assert_null(bench->base.timers);
    server_free(bench->server);
    loop_close(&bench->loop);
}

static exchange_t *exchange_of(disco__http_request_t *request)
{
    return disco__container_of(request, exchange_t, request);
}

static void told(exchange_t *exchange, exchange_moment_t moment)
{
    exchange->calls[moment]++;
    if (exchange->hook != NULL)
        exchange->hook(exchange, moment);
}

static void on_head(disco__http_request_t *request, const disco__http_head_t *head)
{
    exchange_t *exchange = exchange_of(request);

    assert_false(exchange->has_head);
    exchange->has_head = true;
    exchange->http_status = disco__http_head_status(head);
    told(exchange, ON_HEAD);
}

static void on_body(disco__http_request_t *request, const char *bytes, size_t size)
{
    exchange_t *exchange = exchange_of(request);

    assert_true(exchange->has_head && size > 0);
    exchange->body = realloc(exchange->body, exchange->body_size + size + 1);
    assert_non_null(exchange->body);
    memcpy(exchange->body + exchange->body_size, bytes, size);
    exchange->body_size += size;
    exchange->body[exchange->body_size] = '\0';
    told(exchange, ON_BODY);
}

static void on_first(disco__http_request_t *request)
{
    exchange_t *exchange = exchange_of(request);

    assert_true(exchange->has_head);
    (void)snprintf(exchange->first, sizeof exchange->first, "%s",
                   exchange->body != NULL ? exchange->body : "");
    exchange->has_head = false;
    exchange->body_size = 0;
    told(exchange, ON_FIRST);
}

static void on_done(disco__http_request_t *request, const disco__failure_t *failure)
{
    exchange_t *exchange = exchange_of(request);

    exchange->status = failure->status;
    (void)snprintf(exchange->message, sizeof exchange->message, "%s", failure->message);
    if (exchange->order != NULL)
        exchange->place = ++*exchange->order;
    exchange->done = true;
    told(exchange, ON_DONE);
}

/* second_target: NULL for one alone. */
static void init(exchange_t *exchange, http_bench_t *bench, const char *target,
                 const char *second_target)
{
    disco__http_message_t message = {.method = "GET", .target = target, .host = "test"};
    disco__buffer_t *bytes = &exchange->request.bytes;

    memset(exchange, 0, sizeof *exchange);
    exchange->bench = bench;
    disco__http_request_init(&exchange->request);
    heap_spare_begin();
    if (second_target == NULL)
        assert_status(disco__http_write(bytes, &message), 0);
    else
        assert_status(
            disco__http_write_two(bytes, &message, second_target, &exchange->request.second_at), 0);
    heap_spare_end();
    exchange->request.repeatable = true;
    exchange->request.response_ms = 1000;
    exchange->request.on_head = on_head;
    exchange->request.on_body = on_body;
    exchange->request.on_first = on_first;
    exchange->request.on_done = on_done;
}

void exchange_init(exchange_t *exchange, http_bench_t *bench, const char *target)
{
    init(exchange, bench, target, NULL);
}

void exchange_init_two(exchange_t *exchange, http_bench_t *bench, const char *target,
                       const char *second_target)
{
    init(exchange, bench, target, second_target);
}

void exchange_send(exchange_t *exchange)
{
    size_t calls = exchange->calls[ON_DONE];

    exchange->done = false;
    exchange->has_head = false;
    exchange->http_status = 0;
    exchange->body_size = 0;
    if (exchange->body != NULL)
        exchange->body[0] = '\0';
    disco__pool_send(&exchange->bench->pool, &exchange->request);
    assert_int(exchange->calls[ON_DONE], calls);
}

void exchange_wait(exchange_t *exchange)
{
    loop_run_until(&exchange->bench->loop, &exchange->done);
}

void exchange_free(exchange_t *exchange)
{
    disco__http_request_free(&exchange->request);
    free(exchange->body);
    exchange->body = NULL;
}

void exchange_run(exchange_t *exchange, http_bench_t *bench, const char *target)
{
    exchange_init(exchange, bench, target);
    exchange_send(exchange);
    exchange_wait(exchange);
}

void exchange_assert_failed(const exchange_t *exchange, int status)
{
    assert_true(exchange->done);
    assert_status(exchange->status, status);
}

void exchange_assert_answered(const exchange_t *exchange, int http_status, const char *body)
{
    exchange_assert_failed(exchange, 0);
    assert_int(exchange->http_status, http_status);
    assert_string_equal(exchange->body != NULL ? exchange->body : "", body);
}
