/* The inside of disco__tls_t: the configuration in force, shared by the streams that began under
 * it. */
#ifndef DISCO_NET_TLS_CONFIG_H
#define DISCO_NET_TLS_CONFIG_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include "net/file.h"
#include "net/tls.h"

/* What a configuration is read from. */
enum { DISCO_TLS_FROM_SYSTEM, DISCO_TLS_FROM_CA, DISCO_TLS_FROM_CERTIFICATE, DISCO_TLS_FROM_KEY };
#define DISCO_TLS_INPUTS 4

typedef struct disco__tls_config_s {
    size_t references;
    disco__tls_t *tls;   /* a reference: the random numbers come from there */
    uint64_t generation; /* differs between any two of one disco__tls_t */
    mbedtls_ssl_config ssl;
    mbedtls_x509_crt ca;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    bool has_certificate;
} disco__tls_config_t;

struct disco__tls_s {
    size_t references; /* the owner's, and one for each configuration */
    disco__loop_t *loop;
    disco_tls_source_t source;
    char *inputs[DISCO_TLS_INPUTS]; /* as in the options; NULL: none. Kept for files only. */
    bool system_ca;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    disco__tls_config_t *config;
    uint64_t generation;
    disco__stamp_t stamps[DISCO_TLS_INPUTS]; /* of the files that config was read from */
    disco__stamp_t broken[DISCO_TLS_INPUTS]; /* of the files last warned about */
};

/* The configuration in force, after a look at the files; release it when the stream is gone. */
disco__tls_config_t *disco__tls_acquire(disco__tls_t *tls);
void disco__tls_release(disco__tls_config_t *config);

/* For tls.c. Reads everything anew; on success the stamps of what was read are in stamps. Errors as
 * of disco__tls_new(), and *at_fault is the number of the input. */
int disco__tls_config_read(disco__tls_config_t **config, disco__tls_t *tls,
                           disco__stamp_t stamps[DISCO_TLS_INPUTS], int *at_fault);

/* Where the system keeps its CA certificates; NULL when nowhere. path receives it, if it is from
 * the environment. */
#define DISCO_TLS_PATH_SIZE 4096
const char *disco__tls_system_path(uv_loop_t *uv, char path[DISCO_TLS_PATH_SIZE]);

/* Drops a reference. */
void disco__tls_unref(disco__tls_t *tls);

#endif
