/* Happy path: read, through TLS where that is set up; when llhttp has a whole request, send the
 * recorded answer with one write; go on with the next request. A request that is new waits until
 * etcd has answered it, and so do those behind it on the same connection. Failure modes: etcd does
 * not answer: 502, and nothing is recorded. What is no HTTP, and what breaks, is closed. */
#include "peer.h"

#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "forward.h"
#include "program.h"
#include "streams.h"
#include "tls.h"

typedef struct peer_s {
    uv_tcp_t tcp;
    llhttp_t parser;
    tls_t *tls;
    bytes_t request; /* "METHOD target\nbody" */
    bytes_t unread;  /* came while it waits */
    answer_t *waits_for;
    struct peer_s *next_waiting;
    uv_timer_t events; /* a watch: until its events are sent */
    unsigned open_handles;
} peer_t;

#define EVENTS_AFTER_MS 300

/* What of a write the socket did not take at once. */
typedef struct rest_s {
    uv_write_t write;
    bytes_t owned; /* freed when written; else the bytes stay recorded */
} rest_t;

static struct {
    uv_loop_t *loop;
    const struct sockaddr *etcd;
    llhttp_settings_t settings;
    char buffer[262144];
    bytes_t plain;
    unsigned long long requests;
    unsigned long long connections;
    unsigned long long bytes;
} all;

static void on_closed(uv_handle_t *handle)
{
    peer_t *peer = handle->data;

    if (--peer->open_handles > 0)
        return;
    bytes_free(&peer->request);
    bytes_free(&peer->unread);
    tls_free(peer->tls);
    free(peer);
}

static void peer_close(peer_t *peer)
{
    peer_t **link;

    if (uv_is_closing((uv_handle_t *)&peer->tcp))
        return;
    if (peer->waits_for != NULL) {
        for (link = &peer->waits_for->waiting; *link != peer; link = &(*link)->next_waiting)
            continue;
        *link = peer->next_waiting;
    }
    uv_close((uv_handle_t *)&peer->tcp, on_closed);
    uv_close((uv_handle_t *)&peer->events, on_closed);
}

static void on_written(uv_write_t *write, int status)
{
    rest_t *rest = write->data;

    if (status < 0 && status != UV_ECANCELED)
        peer_close(write->handle->data);
    bytes_free(&rest->owned);
    free(rest);
}

/* owned: bytes that are handed over; else they are recorded ones. */
static void send_bytes(peer_t *peer, const bytes_t *bytes, bytes_t *owned)
{
    uv_stream_t *stream = (uv_stream_t *)&peer->tcp;
    uv_buf_t buffer = uv_buf_init(bytes->data, (unsigned)bytes->size);
    int sent = uv_try_write(stream, &buffer, 1);
    rest_t *rest;

    all.bytes += bytes->size;
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0 || (size_t)sent == bytes->size) {
        if (owned != NULL)
            bytes_free(owned);
        if (sent < 0)
            peer_close(peer);
        return;
    }
    rest = bench_allocate(1, sizeof *rest);
    rest->write.data = rest;
    if (owned != NULL) {
        rest->owned = *owned;
        memset(owned, 0, sizeof *owned);
    }
    buffer.base += sent;
    buffer.len -= (size_t)sent;
    if (uv_write(&rest->write, stream, &buffer, 1, on_written) != 0) {
        bytes_free(&rest->owned);
        free(rest);
        peer_close(peer);
    }
}

static void send_recorded(peer_t *peer, const bytes_t *bytes)
{
    bytes_t out = {NULL, 0, 0};

    if (peer->tls == NULL)
        send_bytes(peer, bytes, NULL);
    else if (tls_give(peer->tls, bytes->data, bytes->size, &out) == 0)
        send_bytes(peer, &out, &out);
    else
        peer_close(peer);
}

/* Takes the bytes. */
static void send_owned(peer_t *peer, bytes_t *bytes)
{
    if (peer->tls == NULL) {
        send_bytes(peer, bytes, bytes);
    } else {
        send_recorded(peer, bytes);
        bytes_free(bytes);
    }
}

static void send_text(peer_t *peer, const char *status, const char *body)
{
    bytes_t out = {NULL, 0, 0};
    char head[200];

    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                   status, strlen(body));
    bytes_append_text(&out, head);
    bytes_append_text(&out, body);
    send_owned(peer, &out);
}

static void send_statistics(peer_t *peer)
{
    char body[200];

    (void)snprintf(body, sizeof body,
                   "{\"requests\": %llu, \"connections\": %llu, \"bytes\": %llu}\n", all.requests,
                   all.connections, all.bytes);
    send_text(peer, "200 OK", body);
}

/* Only what reads is recorded. */
static int may_be_kept(const answer_t *answer, unsigned status)
{
    const char *request = answer->request.data;

    return status < 500 &&
           (strncmp(request, "GET ", 4) == 0 || strncmp(request, "POST /v3/kv/range\n", 18) == 0 ||
            (strncmp(request, "POST /v3/kv/txn\n", 16) == 0 &&
             memmem(request, answer->request.size, "request_put", 11) == NULL &&
             memmem(request, answer->request.size, "request_delete_range", 20) == NULL));
}

static void parse(peer_t *peer, const char *data, size_t size)
{
    llhttp_errno_t result;
    const char *rest = data;

    if (peer->waits_for == NULL && size > 0) {
        result = llhttp_execute(&peer->parser, data, size);
        if (result != HPE_OK && result != HPE_PAUSED)
            peer_close(peer);
        if (result != HPE_PAUSED)
            return;
        rest = llhttp_get_error_pos(&peer->parser);
        llhttp_resume(&peer->parser);
    }
    bytes_append(&peer->unread, rest, size - (size_t)(rest - data));
}

static void parse_unread(peer_t *peer)
{
    bytes_t unread = peer->unread;

    memset(&peer->unread, 0, sizeof peer->unread);
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        parse(peer, unread.data, unread.size);
    bytes_free(&unread);
}

static void on_forwarded(answer_t *answer, unsigned status)
{
    peer_t *peer;

    if (status != 0)
        streams_learn(&answer->bytes);
    answer->is_ready = status != 0;
    while ((peer = answer->waiting) != NULL) {
        answer->waiting = peer->next_waiting;
        peer->waits_for = NULL;
        if (status == 0) {
            send_text(peer, "502 Bad Gateway", "{}");
        } else {
            bytes_t copy = {NULL, 0, 0};

            bytes_append(&copy, answer->bytes.data, answer->bytes.size);
            send_owned(peer, &copy);
        }
        parse_unread(peer);
    }
    if (status == 0 || !may_be_kept(answer, status))
        answers_drop(answer);
}

static void answer_recorded(peer_t *peer)
{
    int is_new;
    answer_t *answer = answers_find(&peer->request, &is_new);

    if (answer->is_ready) {
        send_recorded(peer, &answer->bytes);
        return;
    }
    peer->waits_for = answer;
    peer->next_waiting = answer->waiting;
    answer->waiting = peer;
    if (is_new)
        forward(all.loop, all.etcd, answer, on_forwarded);
}

static int on_begin(llhttp_t *parser)
{
    peer_t *peer = parser->data;

    peer->request.size = 0;
    return 0;
}

static int on_target(llhttp_t *parser, const char *data, size_t size)
{
    peer_t *peer = parser->data;

    if (peer->request.size == 0) {
        bytes_append_text(&peer->request, llhttp_method_name((llhttp_method_t)parser->method));
        bytes_append_text(&peer->request, " ");
    }
    bytes_append(&peer->request, data, size);
    return 0;
}

static int on_head(llhttp_t *parser)
{
    peer_t *peer = parser->data;

    bytes_append_text(&peer->request, "\n");
    return 0;
}

static int on_body(llhttp_t *parser, const char *data, size_t size)
{
    peer_t *peer = parser->data;

    bytes_append(&peer->request, data, size);
    return 0;
}

static void on_events(uv_timer_t *timer)
{
    peer_t *peer = timer->data;
    bytes_t out = {NULL, 0, 0};

    if (streams_is_v2_wait(&peer->request))
        streams_v2_event(&peer->request, &out);
    else
        streams_v3_events(&peer->request, &out);
    send_owned(peer, &out);
}

static int on_request(llhttp_t *parser)
{
    peer_t *peer = parser->data;
    bytes_t out = {NULL, 0, 0};
    int events_follow = 0;

    if (strncmp(peer->request.data, "GET /replay/statistics\n", 23) == 0) {
        send_statistics(peer);
        return 0;
    }
    all.requests++;
    if (streams_is_v2_wait(&peer->request)) {
        events_follow = streams_v2_answer(&peer->request, &out);
        send_owned(peer, &out);
    } else if (streams_is_v3_watch(&peer->request)) {
        events_follow = 1;
        streams_v3_answer(&peer->request, &out);
        send_owned(peer, &out);
    } else {
        answer_recorded(peer);
    }
    if (events_follow && !uv_is_closing((uv_handle_t *)&peer->events))
        bench_check(uv_timer_start(&peer->events, on_events, EVENTS_AFTER_MS, 0), "timer");
    return peer->waits_for != NULL ? HPE_PAUSED : 0;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    peer_t *peer = stream->data;
    bytes_t out = {NULL, 0, 0};
    int rv;

    if (size < 0) {
        peer_close(peer);
        return;
    }
    if (peer->tls == NULL) {
        parse(peer, buffer->base, (size_t)size);
        return;
    }
    all.plain.size = 0;
    rv = tls_take(peer->tls, buffer->base, (size_t)size, &all.plain, &out);
    if (out.size > 0)
        send_bytes(peer, &out, &out);
    if (!uv_is_closing((uv_handle_t *)&peer->tcp))
        parse(peer, all.plain.data, all.plain.size);
    if (rv != 0)
        peer_close(peer);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(all.buffer, sizeof all.buffer);
}

void peers_set_up(uv_loop_t *loop, const struct sockaddr *etcd)
{
    all.loop = loop;
    all.etcd = etcd;
    llhttp_settings_init(&all.settings);
    all.settings.on_message_begin = on_begin;
    all.settings.on_url = on_target;
    all.settings.on_headers_complete = on_head;
    all.settings.on_body = on_body;
    all.settings.on_message_complete = on_request;
}

void peers_accept(uv_stream_t *listener)
{
    peer_t *peer = bench_allocate(1, sizeof *peer);

    all.connections++;
    peer->tcp.data = peer;
    peer->events.data = peer;
    peer->open_handles = 2;
    bench_check(uv_tcp_init(all.loop, &peer->tcp), "connection");
    bench_check(uv_timer_init(all.loop, &peer->events), "connection");
    llhttp_init(&peer->parser, HTTP_REQUEST, &all.settings);
    peer->parser.data = peer;
    if (tls_is_set_up())
        peer->tls = tls_new();
    if (uv_accept(listener, (uv_stream_t *)&peer->tcp) != 0 || uv_tcp_nodelay(&peer->tcp, 1) != 0 ||
        uv_read_start((uv_stream_t *)&peer->tcp, on_allocate, on_read) != 0)
        peer_close(peer);
}
