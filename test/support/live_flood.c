/* Many writes on one connection, one sent behind the other without waiting for answers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "support/live.h"

typedef struct flood_s {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    char *requests;
    size_t size;
    size_t wanted;  /* answers */
    size_t matched; /* bytes of the word that each answer begins with */
    char piece[65536];
    bool closed;
} flood_t;

#define MOST_BYTES 160 /* of a request */

static const char answer[] = "HTTP/1.1 20";

static void on_closed(uv_handle_t *handle)
{
    ((flood_t *)handle->data)->closed = true;
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    flood_t *flood = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(flood->piece, sizeof flood->piece);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    flood_t *flood = stream->data;
    ssize_t i;

    assert_true(size >= 0);
    for (i = 0; i < size; i++) {
        if (buffer->base[i] == answer[flood->matched])
            flood->matched++;
        else
            flood->matched = buffer->base[i] == answer[0] ? 1 : 0;
        if (flood->matched < sizeof answer - 1)
            continue;
        flood->matched = 0;
        if (--flood->wanted == 0)
            uv_close((uv_handle_t *)stream, on_closed);
    }
}

static void on_written(uv_write_t *write, int status)
{
    (void)write;
    assert_status(status, 0);
}

static void on_connected(uv_connect_t *connect, int status)
{
    flood_t *flood = connect->data;
    uv_buf_t buffer = uv_buf_init(flood->requests, (unsigned)flood->size);

    assert_status(status, 0);
    assert_int(uv_write(&flood->write, connect->handle, &buffer, 1, on_written), 0);
    assert_int(uv_read_start(connect->handle, on_allocate, on_read), 0);
}

void live_send_all(live_t *live, char *requests, size_t size, size_t count)
{
    flood_t *flood = calloc(1, sizeof *flood);
    struct sockaddr_in address;

    assert_non_null(flood);
    flood->requests = requests;
    flood->size = size;
    flood->wanted = count;
    assert_int(uv_ip4_addr("127.0.0.1", etcd_port(live->etcd, live->member), &address), 0);
    assert_int(uv_tcp_init(&live->loop.uv, &flood->tcp), 0);
    flood->tcp.data = flood->connect.data = flood;
    assert_int(
        uv_tcp_connect(&flood->connect, &flood->tcp, (struct sockaddr *)&address, on_connected), 0);
    loop_run_until(&live->loop, &flood->closed);
    free(flood);
}

static size_t write_request(char *text, disco_api_t side, size_t i)
{
    char body[64];

    if (side == DISCO_API_V2)
        return (size_t)sprintf(text,
                               "PUT /v2/keys/flood/%zu?value=%zu HTTP/1.1\r\nHost: x\r\n"
                               "Content-Length: 0\r\n\r\n",
                               i % 10, i);
    /* "/flood/0" to "/flood/9", and "x" */
    (void)snprintf(body, sizeof body, "{\"key\":\"L2Zsb29kLz%c=\",\"value\":\"eA==\"}",
                   "AEIMQUYcgk"[i % 10]);
    return (size_t)sprintf(text,
                           "POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                           strlen(body), body);
}

static void flood(live_t *live, disco_api_t side, size_t count)
{
    char *requests = calloc(count, MOST_BYTES);
    size_t size = 0;
    size_t i;

    assert_non_null(requests);
    for (i = 0; i < count; i++)
        size += write_request(requests + size, side, i);
    live_send_all(live, requests, size, count);
    free(requests);
}

void live_flood(live_t *live, size_t count)
{
    if (live_has_side(DISCO_API_V2))
        flood(live, DISCO_API_V2, count);
    if (live_has_side(DISCO_API_V3))
        flood(live, DISCO_API_V3, count);
}

static void append_base64(disco__buffer_t *body, const char *name, const char *text)
{
    disco__buffer_append_char(body, body->size > 0 ? ',' : '{');
    disco__buffer_append_char(body, '"');
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":\"");
    disco__base64_encode(body, text, strlen(text));
    disco__buffer_append_char(body, '"');
}

void live_put_all(live_t *live, size_t count,
                  void (*write)(size_t number, char key[LIVE_MOST_KEY],
                                char value[LIVE_MOST_VALUE]))
{
    disco__buffer_t all;
    size_t i;

    disco__buffer_init(&all);
    for (i = 0; i < count; i++) {
        char key[LIVE_MOST_KEY];
        char value[LIVE_MOST_VALUE];
        disco__buffer_t body;

        write(i, key, value);
        disco__buffer_init(&body);
        append_base64(&body, "key", key);
        append_base64(&body, "value", value);
        disco__buffer_append_char(&body, '}');
        disco__buffer_append_text(&all, "POST /v3/kv/put HTTP/1.1\r\nHost: x\r\nContent-Length: ");
        disco__buffer_append_number(&all, body.size);
        disco__buffer_append_text(&all, "\r\n\r\n");
        disco__buffer_append(&all, body.bytes, body.size);
        disco__buffer_free(&body);
    }
    assert_status(all.error, 0);
    live_send_all(live, all.bytes, all.size, count);
    disco__buffer_free(&all);
}
