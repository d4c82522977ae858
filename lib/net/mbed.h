/* The one place where mbedTLS 2.28 and 3.x differ. */
#ifndef DISCO_NET_MBED_H
#define DISCO_NET_MBED_H

#include <stdbool.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

/* TLS 1.3 needs the PSA part of mbedTLS 3; starting it twice is harmless. 0 or an mbedTLS error. */
static inline int disco__mbed_begin(void)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return psa_crypto_init() == PSA_SUCCESS ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
#else
    return 0;
#endif
}

/* size counts the NUL. */
static inline int disco__mbed_parse_key(mbedtls_pk_context *key, const unsigned char *text,
                                        size_t size, mbedtls_ctr_drbg_context *rng)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(key, text, size, NULL, 0, mbedtls_ctr_drbg_random, rng);
#else
    (void)rng;
    return mbedtls_pk_parse_key(key, text, size, NULL, 0);
#endif
}

static inline int disco__mbed_check_pair(const mbedtls_pk_context *public_key,
                                         const mbedtls_pk_context *private_key,
                                         mbedtls_ctr_drbg_context *rng)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(public_key, private_key, mbedtls_ctr_drbg_random, rng);
#else
    (void)rng;
    return mbedtls_pk_check_pair(public_key, private_key);
#endif
}

static inline void disco__mbed_set_versions(mbedtls_ssl_config *config)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    /* Later 3.6 passes over the tickets of TLS 1.3 unless asked not to. */
#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED) &&                              \
    defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
}

static inline bool disco__mbed_is_tls13(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
#else
    (void)ssl;
    return false;
#endif
}

/* The number of the alert that made mbedTLS return MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE; there is no
 * official way to ask for it. */
static inline int disco__mbed_alert(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return ssl->MBEDTLS_PRIVATE(in_msg)[1];
#else
    return ssl->in_msg[1];
#endif
}

#endif
