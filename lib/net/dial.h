/* Opening a stream: name resolution, all addresses in turn, TCP, and TLS where asked for. */
#ifndef DISCO_NET_DIAL_H
#define DISCO_NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "net/stream.h"
#include "net/tls.h"

/* Whom to connect to, and the TLS session to resume. Outlives the streams dialled to it. */
typedef struct disco__target_s {
    char *host; /* name, or IP literal without brackets */
    uint16_t port;
    disco__tls_t *tls;                /* borrowed; NULL: plain TCP */
    struct disco__session_s *session; /* TLS session kept for resumption; NULL: none yet */
} disco__target_t;

/* Copies host. 0 or UV_ENOMEM. */
int disco__target_init(disco__target_t *target, const char *host, uint16_t port, disco__tls_t *tls);
void disco__target_free(disco__target_t *target);

/* True for an IPv4 or IPv6 literal. */
bool disco__host_is_address(const char *host);

typedef struct disco__dial_s disco__dial_t;

/* Called once, from the loop. status 0: stream is open (TLS: handshake done, certificate
 * verified) and now the receiver's; start it at once. Else stream is NULL and failure (borrowed)
 * says why: libuv's error, UV_ETIMEDOUT, DISCO_ETLS, DISCO_ECERTIFICATE with the certificate's
 * problem as message. */
typedef void (*disco__dial_cb)(void *data, disco__stream_t *stream,
                               const disco__failure_t *failure);

/* connect_ms: name resolution and TCP over all addresses, each getting its share; tls_ms: the
 * handshake. 0 or UV_ENOMEM; other failures come by callback. */
int disco__dial(disco__dial_t **dial, disco__loop_t *loop, disco__target_t *target,
                uint32_t connect_ms, uint32_t tls_ms, disco__dial_cb cb, void *data);

/* No callback comes; the dial frees itself. Not to be called after the callback has been called. */
void disco__dial_cancel(disco__dial_t *dial);

#endif
