#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "program.h"

static llhttp_settings_t settings;
static char read_buffer[65536];

static int on_begin(llhttp_t *parser)
{
    http_t *http = parser->data;

    http->body_size = 0;
    return 0;
}

static int on_field(llhttp_t *parser, const char *data, size_t size)
{
    http_t *http = parser->data;

    http->index_follows = size == 12 && strncasecmp(data, "X-Etcd-Index", 12) == 0;
    return 0;
}

static int on_value(llhttp_t *parser, const char *data, size_t size)
{
    http_t *http = parser->data;

    (void)size;
    if (http->index_follows)
        http->index = strtoull(data, NULL, 10);
    return 0;
}

static int on_body(llhttp_t *parser, const char *data, size_t size)
{
    http_t *http = parser->data;

    http->body_size += size;
    if (http->on_body != NULL)
        http->on_body(http, data, size);
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    http_t *http = parser->data;

    if (parser->status_code >= 500)
        bench_fail("the answer has status %d", parser->status_code);
    http->on_done(http);
    return 0;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(read_buffer, sizeof read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    http_t *http = stream->data;

    if (size < 0)
        bench_fail("reading: %s", uv_strerror((int)size));
    if (size > 0 && llhttp_execute(&http->parser, buffer->base, (size_t)size) != HPE_OK)
        bench_fail("the answer: %s", llhttp_get_error_reason(&http->parser));
}

void http_send(http_t *http)
{
    uv_buf_t buffer = uv_buf_init((char *)http->request, (unsigned)http->request_size);

    if (uv_try_write((uv_stream_t *)&http->tcp, &buffer, 1) != (int)http->request_size)
        bench_fail("a request was not written at once");
}

static void on_connected(uv_connect_t *connect, int status)
{
    http_t *http = connect->data;

    bench_check(status, "connecting");
    bench_check(uv_tcp_nodelay(&http->tcp, 1), "connecting");
    bench_check(uv_read_start((uv_stream_t *)&http->tcp, on_allocate, on_read), "reading");
    http_send(http);
}

void http_open(http_t *http, uv_loop_t *loop, const bench_url_t *url)
{
    struct sockaddr_in address;

    if (url->is_https)
        bench_decline("TLS is not the floor's");
    settings.on_message_begin = on_begin;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    llhttp_init(&http->parser, HTTP_RESPONSE, &settings);
    http->parser.data = http;
    http->tcp.data = http;
    http->connect.data = http;
    bench_check(uv_ip4_addr(url->host, atoi(url->port), &address), url->host);
    bench_check(uv_tcp_init(loop, &http->tcp), "connecting");
    bench_check(
        uv_tcp_connect(&http->connect, &http->tcp, (const struct sockaddr *)&address, on_connected),
        "connecting");
}

void http_close(http_t *http)
{
    uv_close((uv_handle_t *)&http->tcp, NULL);
}

char *http_request(const bench_url_t *url, const char *target, const char *body)
{
    char *text;
    int rv;

    if (body == NULL)
        rv =
            asprintf(&text, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", target, url->host, url->port);
    else
        rv = asprintf(&text,
                      "POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      target, url->host, url->port, strlen(body), body);
    if (rv < 0)
        bench_fail("out of memory");
    return text;
}

char *http_base64(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text);
    char *out = bench_allocate(size * 2 + 5, 1);
    char *next = out;
    size_t i;

    for (i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)(unsigned char)text[i] << 16;

        if (i + 1 < size)
            three |= (uint32_t)(unsigned char)text[i + 1] << 8;
        if (i + 2 < size)
            three |= (unsigned char)text[i + 2];
        *next++ = digits[three >> 18];
        *next++ = digits[three >> 12 & 63];
        *next++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *next++ = i + 2 < size ? digits[three & 63] : '=';
    }
    return out;
}
