/* Streams over TLS, on top of another stream. */
#ifndef DISCO_NET_TLS_STREAM_H
#define DISCO_NET_TLS_STREAM_H

#include "net/dial.h"
#include "net/stream.h"

/* Called once, from the loop: the handshake is done and the certificate is verified (failure NULL),
 * or why not (borrowed); then the stream must still be closed. Does not come once the stream has
 * been closed. */
typedef void (*disco__tls_stream_cb)(void *data, const disco__failure_t *failure);

/* Begins the handshake on a connected stream that was not started. Resumes the target's session if
 * there is one, and keeps the new one there, while the stream is open.
 * 0: lower is the TLS stream's own. Else lower is still the caller's, and cb does not come:
 * UV_ENOMEM; DISCO_ETLS. */
int disco__tls_stream_open(disco__stream_t **stream, disco__loop_t *loop, disco__stream_t *lower,
                           disco__target_t *target, disco__tls_stream_cb cb, void *data);

#endif
