/* What mbedTLS leaves open when it verifies a server's certificate: the comparison of IP addresses,
 * and words for what is wrong. */
#ifndef DISCO_NET_TLS_VERIFY_H
#define DISCO_NET_TLS_VERIFY_H

#include <mbedtls/ssl.h>

#include "base/failure.h"

typedef struct disco__tls_peer_s {
    const char *host;          /* borrowed */
    unsigned char address[16]; /* as bytes, if host is a literal */
    size_t address_size;       /* 4 or 16; 0: host is a name */
    bool self_signed;          /* the certificate that was shown */
} disco__tls_peer_t;

/* Has ssl accept only a certificate for that host; tells names to the server (SNI), addresses not.
 * peer stays where it is as long as ssl. 0 or an mbedTLS error. */
int disco__tls_expect(mbedtls_ssl_context *ssl, disco__tls_peer_t *peer, const char *host);

/* Sets DISCO_ECERTIFICATE. flags: of mbedtls_ssl_get_verify_result(). */
void disco__tls_explain_certificate(disco__failure_t *failure, const disco__tls_peer_t *peer,
                                    uint32_t flags);

#endif
