/* What TLS connections of one client have in common: trust, client certificate, and re-reading
 * both when the files have changed. */
#ifndef DISCO_NET_TLS_H
#define DISCO_NET_TLS_H

#include <uvdisco/client.h>

#include "base/failure.h"
#include "base/loop.h"

typedef struct disco__tls_s disco__tls_t;

typedef struct disco__tls_options_s {
    disco_tls_source_t source;
    const char *ca;          /* NULL: none */
    const char *certificate; /* NULL: none; else key too */
    const char *key;
    bool system_ca;
} disco__tls_options_t;

/* Reads everything. options are copied. On failure *at_fault is "tls_ca", "tls_certificate" or
 * "tls_key". 0; UV_ENOMEM; DISCO_EBASE64; DISCO_EPEM: unreadable or empty PEM, or one of the
 * wrong kind; DISCO_EKEYPAIR; a file error of libuv. */
int disco__tls_new(disco__tls_t **tls, disco__loop_t *loop, const disco__tls_options_t *options,
                   const char **at_fault);

/* Every stream that uses it must be closed; memory that closing streams still need is kept until
 * they are gone. */
void disco__tls_free(disco__tls_t *tls);

#endif
