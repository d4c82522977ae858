/* Happy path: connect, then start reads into a buffer that all streams of a loop share, each write
 * is one request with the bytes in it, close closes the handle, and the close callback frees.
 *
 * Failure modes: connecting fails: the connect callback says so. Reading or writing fails, or the
 * peer ends: reading stops and on_end comes once; whichever of both notices second is passed over.
 * A failure before start is kept, and told after it. Closed while connecting or with writes under
 * way: libuv gives the requests back with UV_ECANCELED before the close callback, so that they can
 * rely on the stream being there. */
#include "net/tcp.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tick.h"
#include "net/stream_ops.h"

/* Seconds without a byte after which the system asks the peer whether it is still there. */
#define KEEP_ALIVE_S 15

typedef struct disco__tcp_s {
    disco__stream_t stream;
    disco__loop_t *loop;
    uv_tcp_t handle;
    disco__handle_t tracked;
    uv_connect_t connect;
    disco__tcp_connect_cb connected;
    const disco__stream_events_t *events; /* NULL until started */
    void *data;                           /* for connected, later for events */
    disco__tick_t tick;                   /* tells an end that was known inside a call */
    int end_status;                       /* 0 while the stream lives */
    bool told;
    bool closing;
#if defined(_WIN32)
    char *read_buffer;
#endif
} disco__tcp_t;

typedef struct disco__tcp_write_s {
    uv_write_t request;
    disco__tcp_t *tcp;
    size_t size;
    char bytes[];
} disco__tcp_write_t;

static disco__tcp_t *of_stream(disco__stream_t *stream)
{
    return disco__container_of(stream, disco__tcp_t, stream);
}

static void tell_end(disco__tcp_t *tcp)
{
    disco__failure_t failure;

    if (tcp->closing || tcp->told || tcp->events == NULL)
        return;
    tcp->told = true;
    disco__failure_clear(&failure);
    failure.status = tcp->end_status;
    tcp->events->on_end(tcp->data, &failure);
}

static void on_tick(disco__tick_t *tick)
{
    tell_end(disco__container_of(tick, disco__tcp_t, tick));
}

static void end(disco__tcp_t *tcp, int status)
{
    if (tcp->closing || tcp->end_status != 0)
        return;
    tcp->end_status = status;
    (void)uv_read_stop((uv_stream_t *)&tcp->handle);
    tell_end(tcp);
}

/* On Windows the system fills the buffer between two turns of the loop; elsewhere it is filled and
 * handed on before any other stream can ask for it, so that one serves all. */
static char **read_buffer_of(disco__tcp_t *tcp)
{
#if defined(_WIN32)
    return &tcp->read_buffer;
#else
    return &tcp->loop->read_buffer;
#endif
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    char **bytes = read_buffer_of(handle->data);

    (void)suggested;
    if (*bytes == NULL)
        *bytes = disco__malloc(DISCO__READ_BUFFER_SIZE);
    *buffer = uv_buf_init(*bytes, *bytes != NULL ? DISCO__READ_BUFFER_SIZE : 0);
}

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buffer)
{
    disco__tcp_t *tcp = handle->data;

    if (tcp->closing || size == 0)
        return;
    if (size > 0)
        tcp->events->on_data(tcp->data, buffer->base, (size_t)size);
    else
        end(tcp, size == UV_ENOBUFS ? UV_ENOMEM : (int)size);
}

static void tcp_start(disco__stream_t *stream, const disco__stream_events_t *events, void *data)
{
    disco__tcp_t *tcp = of_stream(stream);

    tcp->events = events;
    tcp->data = data;
    if (tcp->end_status == 0)
        tcp->end_status = uv_read_start((uv_stream_t *)&tcp->handle, on_allocate, on_read);
    if (tcp->end_status != 0)
        disco__tick_schedule(tcp->loop, &tcp->tick);
}

static void free_write(disco__tcp_write_t *write)
{
    disco__wipe(write->bytes, write->size);
    disco__free(write);
}

static void on_written(uv_write_t *request, int status)
{
    disco__tcp_write_t *write = disco__container_of(request, disco__tcp_write_t, request);
    disco__tcp_t *tcp = write->tcp;

    free_write(write);
    if (status != 0)
        end(tcp, status);
}

/* What the system did not take at once. */
static int write_rest(disco__tcp_t *tcp, const char *bytes, size_t size)
{
    disco__tcp_write_t *write;
    uv_buf_t buffer;
    size_t total;
    int rv;

    if (!disco__size_add(sizeof *write, size, &total))
        return UV_ENOMEM;
    write = disco__malloc(total);
    if (write == NULL)
        return UV_ENOMEM;
    write->tcp = tcp;
    write->size = size;
    memcpy(write->bytes, bytes, size);
    buffer = uv_buf_init(write->bytes, (unsigned int)size);
    rv = uv_write(&write->request, (uv_stream_t *)&tcp->handle, &buffer, 1, on_written);
    if (rv != 0)
        free_write(write);
    return rv;
}

/* A write that the system takes at once needs no request of libuv, which would cost a call of
 * epoll_ctl() each time, too. An error is left to the request to tell. */
static int tcp_write(disco__stream_t *stream, const char *bytes, size_t size)
{
    disco__tcp_t *tcp = of_stream(stream);
    uv_buf_t buffer;
    int taken;

    if (tcp->closing || tcp->end_status != 0)
        return UV_EPIPE;
    if (size > INT_MAX)
        return UV_E2BIG;
    /* Read only, though libuv has no constant buffers. */
    buffer = uv_buf_init((char *)bytes, (unsigned int)size);
    taken = uv_try_write((uv_stream_t *)&tcp->handle, &buffer, 1);
    if (taken < 0)
        taken = 0;
    return (size_t)taken < size ? write_rest(tcp, bytes + taken, size - (size_t)taken) : 0;
}

static void on_closed(uv_handle_t *handle)
{
    disco__tcp_t *tcp = handle->data;

    disco__handle_forget(tcp->loop, &tcp->tracked);
#if defined(_WIN32)
    if (tcp->read_buffer != NULL)
        disco__wipe(tcp->read_buffer, DISCO__READ_BUFFER_SIZE);
    disco__free(tcp->read_buffer);
#endif
    disco__free(tcp);
}

static void tcp_close(disco__stream_t *stream)
{
    disco__tcp_t *tcp = of_stream(stream);

    if (tcp->closing)
        return;
    tcp->closing = true;
    disco__tick_cancel(tcp->loop, &tcp->tick);
    uv_close((uv_handle_t *)&tcp->handle, on_closed);
}

static void tcp_set_background(disco__stream_t *stream, bool background)
{
    disco__tcp_t *tcp = of_stream(stream);

    disco__handle_set_background(tcp->loop, &tcp->tracked, background);
}

static const disco__stream_ops_t tcp_ops = {tcp_start, tcp_write, tcp_close, tcp_set_background};

static void on_connected(uv_connect_t *request, int status)
{
    disco__tcp_t *tcp = disco__container_of(request, disco__tcp_t, connect);

    if (tcp->closing)
        return;
    if (status == 0) {
        /* A stream without these works, only less well. */
        (void)uv_tcp_nodelay(&tcp->handle, 1);
        (void)uv_tcp_keepalive(&tcp->handle, 1, KEEP_ALIVE_S);
    }
    tcp->connected(tcp->data, status);
}

int disco__tcp_connect(disco__stream_t **stream, disco__loop_t *loop,
                       const struct sockaddr *address, disco__tcp_connect_cb cb, void *data)
{
    disco__tcp_t *tcp = disco__calloc(1, sizeof *tcp);
    int rv;

    if (tcp == NULL)
        return UV_ENOMEM;
    tcp->stream.ops = &tcp_ops;
    tcp->loop = loop;
    tcp->connected = cb;
    tcp->data = data;
    disco__tick_init(&tcp->tick, on_tick);
    rv = uv_tcp_init(loop->uv, &tcp->handle);
    if (rv != 0) {
        disco__free(tcp);
        return rv;
    }
    tcp->handle.data = tcp;
    disco__handle_track(loop, &tcp->tracked, (uv_handle_t *)&tcp->handle);
    rv = uv_tcp_connect(&tcp->connect, &tcp->handle, address, on_connected);
    if (rv != 0) {
        tcp_close(&tcp->stream);
        return rv;
    }
    *stream = &tcp->stream;
    return 0;
}
