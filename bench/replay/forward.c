/* Happy path: connect, write the request, take the bytes of the answer as they come, until llhttp
 * says that it is whole; close; tell. Failure modes: the connection, or the answer, breaks: told
 * with status 0. */
#include "forward.h"

#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct forward_s {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    llhttp_t parser;
    bytes_t request;
    answer_t *answer;
    forward_cb cb;
    int whole;
    char buffer[65536];
} forward_t;

static llhttp_settings_t settings;

static void on_closed(uv_handle_t *handle)
{
    forward_t *forwarded = handle->data;
    answer_t *answer = forwarded->answer;
    forward_cb cb = forwarded->cb;
    unsigned status = forwarded->whole ? forwarded->parser.status_code : 0;

    bytes_free(&forwarded->request);
    free(forwarded);
    cb(answer, status);
}

static void end(forward_t *forwarded, const char *trouble)
{
    if (uv_is_closing((uv_handle_t *)&forwarded->tcp))
        return;
    if (trouble != NULL)
        (void)fprintf(stderr, "replay-server: asking etcd: %s\n", trouble);
    uv_close((uv_handle_t *)&forwarded->tcp, on_closed);
}

static int on_complete(llhttp_t *parser)
{
    forward_t *forwarded = parser->data;

    forwarded->whole = 1;
    return HPE_PAUSED;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    forward_t *forwarded = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(forwarded->buffer, sizeof forwarded->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    forward_t *forwarded = stream->data;

    if (size < 0) {
        end(forwarded, uv_strerror((int)size));
        return;
    }
    bytes_append(&forwarded->answer->bytes, buffer->base, (size_t)size);
    if (llhttp_execute(&forwarded->parser, buffer->base, (size_t)size) != HPE_OK)
        end(forwarded, forwarded->whole ? NULL : llhttp_get_error_reason(&forwarded->parser));
}

static void on_written(uv_write_t *write, int status)
{
    if (status < 0 && status != UV_ECANCELED)
        end(write->data, uv_strerror(status));
}

static void on_connected(uv_connect_t *connect, int status)
{
    forward_t *forwarded = connect->data;
    uv_stream_t *stream = (uv_stream_t *)&forwarded->tcp;
    uv_buf_t buffer = uv_buf_init(forwarded->request.data, (unsigned)forwarded->request.size);

    if (status == UV_ECANCELED)
        return;
    if (status == 0)
        status = uv_read_start(stream, on_allocate, on_read);
    if (status == 0)
        status = uv_write(&forwarded->write, stream, &buffer, 1, on_written);
    if (status < 0)
        end(forwarded, uv_strerror(status));
}

static void write_request(bytes_t *out, const bytes_t *request)
{
    const char *line_end = memchr(request->data, '\n', request->size);
    size_t line_size = (size_t)(line_end - request->data);
    size_t body_size = request->size - line_size - 1;
    const char *type = "application/x-www-form-urlencoded";
    char head[200];

    if (body_size > 0 && line_end[1] == '{')
        type = "application/json";
    (void)snprintf(
        head, sizeof head,
        " HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type,
        body_size);
    bytes_append(out, request->data, line_size);
    bytes_append_text(out, head);
    bytes_append(out, line_end + 1, body_size);
}

void forward(uv_loop_t *loop, const struct sockaddr *etcd, answer_t *answer, forward_cb cb)
{
    forward_t *forwarded = bench_allocate(1, sizeof *forwarded);
    int rv;

    settings.on_message_complete = on_complete;
    forwarded->answer = answer;
    forwarded->cb = cb;
    forwarded->tcp.data = forwarded;
    forwarded->connect.data = forwarded;
    forwarded->write.data = forwarded;
    llhttp_init(&forwarded->parser, HTTP_RESPONSE, &settings);
    forwarded->parser.data = forwarded;
    write_request(&forwarded->request, &answer->request);
    bench_check(uv_tcp_init(loop, &forwarded->tcp), "forwarding");
    rv = uv_tcp_connect(&forwarded->connect, &forwarded->tcp, etcd, on_connected);
    if (rv != 0)
        end(forwarded, uv_strerror(rv));
}
