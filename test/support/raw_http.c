#include "support/raw_http.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

typedef struct exchange_s {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    char *request;
    char *received;
    size_t size;
    int error;
    bool closed;
} exchange_t;

static void on_closed(uv_handle_t *handle)
{
    exchange_t *exchange = handle->data;

    exchange->closed = true;
}

static void finish(exchange_t *exchange, int error)
{
    if (uv_is_closing((uv_handle_t *)&exchange->tcp))
        return;
    exchange->error = error;
    uv_close((uv_handle_t *)&exchange->tcp, on_closed);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    exchange_t *exchange = handle->data;
    char *grown = realloc(exchange->received, exchange->size + suggested + 1);

    if (grown == NULL)
        abort();
    exchange->received = grown;
    *buffer = uv_buf_init(grown + exchange->size, (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    exchange_t *exchange = stream->data;

    (void)buffer;
    if (size > 0)
        exchange->size += (size_t)size;
    else if (size < 0)
        finish(exchange, size == UV_EOF ? 0 : (int)size);
}

static void on_written(uv_write_t *write, int status)
{
    exchange_t *exchange = write->data;

    if (status != 0)
        finish(exchange, status);
}

static void on_connected(uv_connect_t *connect, int status)
{
    exchange_t *exchange = connect->data;
    uv_buf_t buffer = uv_buf_init(exchange->request, (unsigned)strlen(exchange->request));

    if (status != 0) {
        finish(exchange, status);
        return;
    }
    exchange->write.data = exchange;
    assert_int(uv_write(&exchange->write, connect->handle, &buffer, 1, on_written), 0);
    assert_int(uv_read_start(connect->handle, on_allocate, on_read), 0);
}

static char *write_request(const char *method, const char *path, const char *fields,
                           const char *body)
{
    static const char format[] = "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                                 "Content-Type: application/x-www-form-urlencoded\r\n"
                                 "%sContent-Length: %zu\r\n\r\n%s";
    const char *sent = body != NULL ? body : "";
    size_t capacity =
        sizeof format + strlen(method) + strlen(path) + strlen(fields) + strlen(sent) + 32;
    char *request = malloc(capacity);

    if (request == NULL)
        abort();
    (void)snprintf(request, capacity, format, method, path, fields, strlen(sent), sent);
    return request;
}

static raw_reply_t read_reply(const exchange_t *exchange)
{
    raw_reply_t reply = {exchange->error, 0, NULL, NULL, exchange->received};
    char *end;

    if (reply.error != 0)
        return reply;
    if (exchange->size == 0) {
        reply.error = UV_EOF;
        return reply;
    }
    reply.received[exchange->size] = '\0';
    reply.head = reply.received;
    end = strstr(reply.received, "\r\n\r\n");
    if (end == NULL || strncmp(reply.head, "HTTP/1.", 7) != 0) {
        reply.error = UV_EPROTO;
        return reply;
    }
    reply.status = (int)strtol(reply.head + strlen("HTTP/1.1 "), NULL, 10);
    *end = '\0';
    reply.body = end + 4;
    return reply;
}

raw_reply_t raw_http(test_loop_t *loop, uint16_t port, const char *method, const char *path,
                     const char *body)
{
    return raw_http_with(loop, port, method, path, "", body);
}

raw_reply_t raw_http_with(test_loop_t *loop, uint16_t port, const char *method, const char *path,
                          const char *fields, const char *body)
{
    exchange_t exchange;
    struct sockaddr_in address;

    memset(&exchange, 0, sizeof exchange);
    heap_spare_begin();
    exchange.request = write_request(method, path, fields, body);
    assert_int(uv_ip4_addr("127.0.0.1", port, &address), 0);
    assert_int(uv_tcp_init(&loop->uv, &exchange.tcp), 0);
    exchange.tcp.data = exchange.connect.data = &exchange;
    assert_int(
        uv_tcp_connect(&exchange.connect, &exchange.tcp, (struct sockaddr *)&address, on_connected),
        0);
    loop_run_until(loop, &exchange.closed);
    heap_spare_end();
    free(exchange.request);
    return read_reply(&exchange);
}

void raw_reply_free(raw_reply_t *reply)
{
    free(reply->received);
    memset(reply, 0, sizeof *reply);
}

void raw_http_expect(test_loop_t *loop, uint16_t port, const char *method, const char *path,
                     const char *body)
{
    raw_reply_t reply = raw_http(loop, port, method, path, body);

    assert_status(reply.error, 0);
    if (reply.status / 100 != 2)
        fail_msg("%s %s: %d %s", method, path, reply.status, reply.body);
    raw_reply_free(&reply);
}
