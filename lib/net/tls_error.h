/* mbedTLS's errors as the library's, in words. */
#ifndef DISCO_NET_TLS_ERROR_H
#define DISCO_NET_TLS_ERROR_H

#include <stdbool.h>

#include "net/tls_verify.h"

bool disco__tls_is_memory_error(int error);

/* What is known of a connection when it fails. */
typedef struct disco__tls_scene_s {
    const mbedtls_ssl_context *ssl;
    const disco__tls_peer_t *peer;
    bool has_certificate;     /* of the client */
    bool received;            /* something has come */
    unsigned char first_byte; /* the first that came */
} disco__tls_scene_t;

/* error: mbedTLS's. Sets UV_ENOMEM, DISCO_ECERTIFICATE or DISCO_ETLS. */
void disco__tls_explain(disco__failure_t *failure, const disco__tls_scene_t *scene, int error);

/* The connection ended during the handshake; status: libuv's. Sets UV_ENOMEM or DISCO_ETLS. */
void disco__tls_explain_end(disco__failure_t *failure, const disco__tls_scene_t *scene, int status);

/* The connection ended after the handshake; failure holds how. Adds words to an end that TLS 1.3
 * gives no other reason for: there the client is done before the server has seen its
 * certificate. */
void disco__tls_explain_early_end(disco__failure_t *failure, const disco__tls_scene_t *scene);

#endif
