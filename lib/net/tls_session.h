/* The TLS session that a target keeps for resumption. It may be resumed only under the
 * configuration under which the server's certificate was verified. */
#ifndef DISCO_NET_TLS_SESSION_H
#define DISCO_NET_TLS_SESSION_H

#include <mbedtls/ssl.h>

#include "net/dial.h"

/* Keeps the session of a verified handshake, in place of the one before. Left out when memory is
 * short: the next handshake is a full one then. */
void disco__session_keep(disco__target_t *target, const mbedtls_ssl_context *ssl,
                         uint64_t generation);

/* Has ssl resume the target's session; forgets one of another generation. True if there is one. */
bool disco__session_offer(disco__target_t *target, mbedtls_ssl_context *ssl, uint64_t generation);

/* Forgets the session; harmless when there is none. */
void disco__session_drop(disco__target_t *target);

#endif
