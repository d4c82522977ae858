/* Streams over TCP. */
#ifndef DISCO_NET_TCP_H
#define DISCO_NET_TCP_H

#include "net/stream.h"

/* Called once, from the loop, with 0 or libuv's error; on an error the stream must still be closed.
 * Does not come once the stream has been closed. */
typedef void (*disco__tcp_connect_cb)(void *data, int status);

/* Opens a stream and connects it. It may be closed at once, but started only when it is connected.
 * 0, or UV_ENOMEM or libuv's error: there is no stream and cb does not come. */
int disco__tcp_connect(disco__stream_t **stream, disco__loop_t *loop,
                       const struct sockaddr *address, disco__tcp_connect_cb cb, void *data);

#endif
