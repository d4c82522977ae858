/* Happy path: a client is accepted; a connection to etcd is made; what one side sends is written to
 * the other; the end of one ends the other behind what was written. Failure modes: etcd cannot be
 * reached, or a connection breaks: both sides are closed. */
#include "support/proxy.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

#define PIECE 65536
#define MOST_TEXT 64

typedef struct side_s {
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct link_s *link;
    struct side_s *other;
    bool ended; /* nothing more comes from it */
} side_t;

typedef struct link_s {
    struct link_s *next;
    proxy_t *proxy;
    side_t client;
    side_t server;
    uv_connect_t connect;
    bool connected;
    char request[1024]; /* the beginning of the last one */
    bool answering;     /* bytes have come back since then */
    bool closing;
    unsigned open; /* sides not yet closed */
} link_t;

struct proxy_s {
    test_loop_t *loop;
    uv_tcp_t listener;
    uint16_t port;
    char endpoint[64];
    link_t *links;
    bool down;
    bool stalled;
    bool listener_closed;
    bool gone; /* all is closed */
    char aim[MOST_TEXT];
    bool armed;
    bool reset;
    bool has_cut;
    size_t limit;
    size_t passed;
    bool asked_again;
    size_t passed_before; /* that */
    char refused[MOST_TEXT];
    char counted[MOST_TEXT];
    size_t wanted;
    bool counted_all;
    char awaited[MOST_TEXT];
    bool is_answering;
    char piece[PIECE];
};

typedef struct piece_s {
    uv_write_t write;
    side_t *to;
    char bytes[];
} piece_t;

static void look_whether_gone(proxy_t *proxy)
{
    proxy->gone = proxy->listener_closed && proxy->links == NULL;
}

static void on_side_closed(uv_handle_t *handle)
{
    link_t *link = ((side_t *)handle->data)->link;
    proxy_t *proxy = link->proxy;
    link_t **place = &proxy->links;

    if (--link->open > 0)
        return;
    while (*place != link)
        place = &(*place)->next;
    *place = link->next;
    free(link);
    look_whether_gone(proxy);
}

static void link_close(link_t *link, bool reset)
{
    if (link->closing)
        return;
    link->closing = true;
    if (!reset || uv_tcp_close_reset(&link->client.tcp, on_side_closed) != 0)
        uv_close((uv_handle_t *)&link->client.tcp, on_side_closed);
    uv_close((uv_handle_t *)&link->server.tcp, on_side_closed);
}

static void on_written(uv_write_t *write, int status)
{
    piece_t *piece = write->data;

    if (status != 0)
        link_close(piece->to->link, false);
    free(piece);
}

static void send_on(side_t *to, char *bytes, size_t size)
{
    uv_buf_t buffer = uv_buf_init(bytes, (unsigned)size);
    int sent = uv_try_write((uv_stream_t *)&to->tcp, &buffer, 1);
    piece_t *piece;

    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0) {
        link_close(to->link, false);
        return;
    }
    if ((size_t)sent == size)
        return;
    size -= (size_t)sent;
    piece = malloc(sizeof *piece + size);
    assert_non_null(piece);
    memcpy(piece->bytes, bytes + sent, size);
    piece->to = to;
    piece->write.data = piece;
    buffer = uv_buf_init(piece->bytes, (unsigned)size);
    assert_int(uv_write(&piece->write, (uv_stream_t *)&to->tcp, &buffer, 1, on_written), 0);
}

static const char *find(const char *bytes, size_t size, const char *text)
{
    size_t length = strlen(text);
    size_t i;

    for (i = 0; length > 0 && i + length <= size; i++) {
        if (memcmp(bytes + i, text, length) == 0)
            return bytes + i;
    }
    return NULL;
}

static bool is_aimed_at(const link_t *link)
{
    return link->proxy->armed && strstr(link->request, link->proxy->aim) != NULL;
}

static bool is_awaited(const link_t *link)
{
    const char *text = link->proxy->awaited;

    return text[0] != '\0' && !link->closing && link->answering &&
           strstr(link->request, text) != NULL;
}

static void look_at_request(link_t *link, const char *bytes, size_t size)
{
    proxy_t *proxy = link->proxy;
    const char *end = bytes + size;

    if (find(bytes, size, " HTTP/1.1\r\n") != NULL) {
        (void)snprintf(link->request, sizeof link->request, "%.*s", (int)size, bytes);
        link->answering = false;
        proxy->asked_again = proxy->asked_again || (is_aimed_at(link) && proxy->passed > 0);
    }
    while ((bytes = find(bytes, (size_t)(end - bytes), proxy->counted)) != NULL) {
        bytes++;
        if (proxy->wanted > 0 && --proxy->wanted == 0)
            proxy->counted_all = true;
    }
}

static bool is_refused(const link_t *link)
{
    const char *text = link->proxy->refused;

    return text[0] != '\0' && strstr(link->request, text) != NULL;
}

/* How many bytes of an answer may pass; it is cut behind them when they are fewer. */
static size_t allowed(link_t *link, size_t size)
{
    proxy_t *proxy = link->proxy;

    if (!is_aimed_at(link))
        return size;
    if (size > proxy->limit - proxy->passed)
        size = proxy->limit - proxy->passed;
    proxy->passed += size;
    if (!proxy->asked_again)
        proxy->passed_before += size;
    return size;
}

static void from_server(link_t *link, char *bytes, size_t size)
{
    proxy_t *proxy = link->proxy;
    size_t passing = allowed(link, size);

    link->answering = true;
    proxy->is_answering = proxy->is_answering || is_awaited(link);
    if (passing > 0)
        send_on(&link->client, bytes, passing);
    if (!is_aimed_at(link) || proxy->passed < proxy->limit)
        return;
    proxy->armed = false;
    proxy->has_cut = true;
    link_close(link, proxy->reset);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    proxy_t *proxy = ((side_t *)handle->data)->link->proxy;

    (void)suggested;
    *buffer = uv_buf_init(proxy->piece, sizeof proxy->piece);
}

static void on_shut_down(uv_shutdown_t *request, int status)
{
    (void)status;
    link_close(((side_t *)request->data)->link, false);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    side_t *side = stream->data;
    link_t *link = side->link;

    if (size == 0)
        return;
    if (size < 0) {
        side->other->shutdown.data = side->other;
        if (uv_shutdown(&side->other->shutdown, (uv_stream_t *)&side->other->tcp, on_shut_down) !=
            0)
            link_close(link, false);
        (void)uv_read_stop(stream);
        side->ended = true;
        return;
    }
    if (side == &link->client) {
        look_at_request(link, buffer->base, (size_t)size);
        if (is_refused(link)) {
            link_close(link, false);
            return;
        }
        send_on(&link->server, buffer->base, (size_t)size);
    } else {
        from_server(link, buffer->base, (size_t)size);
    }
}

static void read_both(link_t *link)
{
    if (link->closing || !link->connected || link->proxy->stalled)
        return;
    if (!link->client.ended)
        (void)uv_read_start((uv_stream_t *)&link->client.tcp, on_allocate, on_read);
    if (!link->server.ended)
        (void)uv_read_start((uv_stream_t *)&link->server.tcp, on_allocate, on_read);
}

static void on_connected(uv_connect_t *connect, int status)
{
    link_t *link = connect->data;

    if (status == UV_ECANCELED)
        return;
    if (status != 0) {
        link_close(link, false);
        return;
    }
    link->connected = true;
    read_both(link);
}

static void side_init(link_t *link, side_t *side, side_t *other)
{
    assert_int(uv_tcp_init(&link->proxy->loop->uv, &side->tcp), 0);
    assert_int(uv_tcp_nodelay(&side->tcp, 1), 0);
    side->tcp.data = side;
    side->link = link;
    side->other = other;
    link->open++;
}

static void on_connection(uv_stream_t *listener, int status)
{
    proxy_t *proxy = listener->data;
    link_t *link = calloc(1, sizeof *link);
    struct sockaddr_in address;

    assert_int(status, 0);
    assert_non_null(link);
    link->proxy = proxy;
    link->next = proxy->links;
    proxy->links = link;
    side_init(link, &link->client, &link->server);
    side_init(link, &link->server, &link->client);
    assert_int(uv_accept(listener, (uv_stream_t *)&link->client.tcp), 0);
    assert_int(uv_ip4_addr("127.0.0.1", proxy->port, &address), 0);
    link->connect.data = link;
    if (proxy->down || uv_tcp_connect(&link->connect, &link->server.tcp,
                                      (struct sockaddr *)&address, on_connected) != 0)
        link_close(link, false);
}

proxy_t *proxy_start(test_loop_t *loop, uint16_t port)
{
    proxy_t *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in address;
    int size = sizeof address;

    assert_non_null(proxy);
    proxy->loop = loop;
    proxy->port = port;
    assert_int(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int(uv_tcp_init(&loop->uv, &proxy->listener), 0);
    proxy->listener.data = proxy;
    assert_int(uv_tcp_bind(&proxy->listener, (struct sockaddr *)&address, 0), 0);
    assert_int(uv_listen((uv_stream_t *)&proxy->listener, 64, on_connection), 0);
    assert_int(uv_tcp_getsockname(&proxy->listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(proxy->endpoint, sizeof proxy->endpoint, "http://127.0.0.1:%u",
                   ntohs(address.sin_port));
    return proxy;
}

static void on_listener_closed(uv_handle_t *handle)
{
    proxy_t *proxy = handle->data;

    proxy->listener_closed = true;
    look_whether_gone(proxy);
}

static void cut_all(proxy_t *proxy)
{
    link_t *link;

    for (link = proxy->links; link != NULL; link = link->next)
        link_close(link, false);
}

void proxy_free(proxy_t *proxy)
{
    cut_all(proxy);
    uv_close((uv_handle_t *)&proxy->listener, on_listener_closed);
    loop_run_until(proxy->loop, &proxy->gone);
    free(proxy);
}

const char *proxy_endpoint(const proxy_t *proxy)
{
    return proxy->endpoint;
}

void proxy_set_down(proxy_t *proxy, bool down)
{
    proxy->down = down;
    if (down)
        cut_all(proxy);
}

void proxy_refuse(proxy_t *proxy, const char *text)
{
    link_t *link;

    assert_true(text == NULL || strlen(text) < sizeof proxy->refused);
    (void)snprintf(proxy->refused, sizeof proxy->refused, "%s", text != NULL ? text : "");
    for (link = proxy->links; link != NULL; link = link->next) {
        if (is_refused(link))
            link_close(link, false);
    }
}

void proxy_set_stalled(proxy_t *proxy, bool stalled)
{
    link_t *link;

    proxy->stalled = stalled;
    for (link = proxy->links; link != NULL; link = link->next) {
        if (link->closing)
            continue;
        if (stalled) {
            (void)uv_read_stop((uv_stream_t *)&link->client.tcp);
            (void)uv_read_stop((uv_stream_t *)&link->server.tcp);
        } else {
            read_both(link);
        }
    }
}

void proxy_cut_after(proxy_t *proxy, const char *request, size_t bytes, bool reset)
{
    assert_true(strlen(request) < sizeof proxy->aim);
    (void)snprintf(proxy->aim, sizeof proxy->aim, "%s", request);
    proxy->armed = true;
    proxy->has_cut = false;
    proxy->limit = bytes;
    proxy->passed = 0;
    proxy->asked_again = false;
    proxy->passed_before = 0;
    proxy->reset = reset;
}

const bool *proxy_has_cut(const proxy_t *proxy)
{
    return &proxy->has_cut;
}

size_t proxy_passed(const proxy_t *proxy)
{
    return proxy->passed_before;
}

size_t proxy_open_count(const proxy_t *proxy, const char *request)
{
    const link_t *link;
    size_t count = 0;

    for (link = proxy->links; link != NULL; link = link->next)
        count += !link->closing && strstr(link->request, request) != NULL;
    return count;
}

void proxy_await_requests(proxy_t *proxy, const char *request, size_t count)
{
    assert_true(strlen(request) < sizeof proxy->counted);
    (void)snprintf(proxy->counted, sizeof proxy->counted, "%s", request);
    proxy->wanted = count;
    proxy->counted_all = false;
    loop_run_until(proxy->loop, &proxy->counted_all);
    proxy->counted[0] = '\0';
}

void proxy_await_answer(proxy_t *proxy, const char *request)
{
    const link_t *link;

    assert_true(strlen(request) < sizeof proxy->awaited);
    (void)snprintf(proxy->awaited, sizeof proxy->awaited, "%s", request);
    proxy->is_answering = false;
    for (link = proxy->links; link != NULL; link = link->next)
        proxy->is_answering = proxy->is_answering || is_awaited(link);
    loop_run_until(proxy->loop, &proxy->is_answering);
    proxy->awaited[0] = '\0';
}
