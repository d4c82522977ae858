#include "net/tls_config.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/base64.h"
#include "net/mbed.h"
#include "net/tls_error.h"

static const char certificate_mark[] = "-----BEGIN CERTIFICATE-----";

/* ChaCha20-Poly1305 first: mbedTLS decrypts it nearly twice as fast as AES-GCM. */
static const int suites[] = {
#if defined(MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256)
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0};

const char *disco__tls_system_path(uv_loop_t *uv, char path[DISCO_TLS_PATH_SIZE])
{
    static const char *const known[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Gentoo */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
        "/etc/pki/tls/certs/ca-bundle.crt",                  /* older Fedora, RHEL */
        "/etc/ssl/ca-bundle.pem",                            /* SUSE */
        "/etc/ssl/cert.pem",                                 /* Alpine, macOS, OpenBSD */
        "/usr/local/etc/ssl/cert.pem",                       /* FreeBSD */
        "/usr/local/share/certs/ca-root-nss.crt"};
    size_t size = DISCO_TLS_PATH_SIZE;
    size_t i;

    if (uv_os_getenv("SSL_CERT_FILE", path, &size) == 0 && path[0] != '\0')
        return path;
    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        disco__stamp_t stamp;

        disco__file_stamp(uv, known[i], &stamp);
        if (stamp.there)
            return known[i];
    }
    return NULL;
}

/* The text of one input, with a NUL behind it. */
static int fetch(disco__tls_t *tls, int input, disco__buffer_t *text, disco__stamp_t *stamp)
{
    const char *from = tls->inputs[input];

    switch (tls->source) {
    case DISCO_TLS_FILES:
        return disco__file_read(tls->loop->uv, from, text, stamp);
    case DISCO_TLS_MEMORY:
        return disco__buffer_append_text(text, from);
    case DISCO_TLS_BASE64:
        /* Room for all, so that no copy is left behind by growing. */
        if (disco__buffer_reserve(text, strlen(from)) != 0)
            return UV_ENOMEM;
        return disco__base64_decode(text, from, strlen(from));
    }
    return UV_EINVAL;
}

static size_t count_marks(const char *text)
{
    size_t count = 0;

    while ((text = strstr(text, certificate_mark)) != NULL) {
        count++;
        text += sizeof certificate_mark - 1;
    }
    return count;
}

static size_t count_certificates(const mbedtls_x509_crt *chain)
{
    size_t count = 0;

    for (; chain != NULL && chain->raw.len > 0; chain = chain->next)
        count++;
    return count;
}

/* Whether the text was cut off inside the line that begins a certificate. */
static bool ends_in_part_of_mark(const disco__buffer_t *text)
{
    size_t size;

    for (size = 1; size < sizeof certificate_mark - 1 && size <= text->size; size++) {
        const char *tail = text->bytes + text->size - size;

        if (memcmp(tail, certificate_mark, size) == 0 && (size == text->size || tail[-1] == '\n'))
            return true;
    }
    return false;
}

/* mbedTLS passes over certificates that it cannot read, and over a last one that is cut off, so
 * they are counted. lenient: some may be unreadable, but not all. */
static int parse_certificates(mbedtls_x509_crt *chain, const disco__buffer_t *text, bool lenient)
{
    size_t expected = count_marks(disco__buffer_text(text));
    size_t before = count_certificates(chain);
    size_t parsed;
    int rv;

    if (expected == 0)
        return DISCO_EPEM;
    rv = mbedtls_x509_crt_parse(chain, (const unsigned char *)text->bytes, text->size + 1);
    if (disco__tls_is_memory_error(rv))
        return UV_ENOMEM;
    parsed = count_certificates(chain) - before;
    if (lenient)
        return parsed > 0 ? 0 : DISCO_EPEM;
    return rv == 0 && parsed == expected && !ends_in_part_of_mark(text) ? 0 : DISCO_EPEM;
}

static int parse_key(disco__tls_config_t *config, const disco__buffer_t *text)
{
    int rv;

    if (strstr(disco__buffer_text(text), "-----BEGIN ") == NULL)
        return DISCO_EPEM;
    rv = disco__mbed_parse_key(&config->key, (const unsigned char *)text->bytes, text->size + 1,
                               &config->tls->random);
    if (disco__tls_is_memory_error(rv))
        return UV_ENOMEM;
    if (rv != 0)
        return DISCO_EPEM;
    rv = disco__mbed_check_pair(&config->certificate.pk, &config->key, &config->tls->random);
    if (disco__tls_is_memory_error(rv))
        return UV_ENOMEM;
    return rv == 0 ? 0 : DISCO_EKEYPAIR;
}

static int read_input(disco__tls_config_t *config, int input, disco__stamp_t *stamp)
{
    disco__buffer_t text;
    int rv;

    disco__buffer_init(&text);
    rv = fetch(config->tls, input, &text, stamp);
    if (rv == 0 && input == DISCO_TLS_FROM_CA)
        rv = parse_certificates(&config->ca, &text, false);
    if (rv == 0 && input == DISCO_TLS_FROM_CERTIFICATE)
        rv = parse_certificates(&config->certificate, &text, false);
    if (rv == 0 && input == DISCO_TLS_FROM_KEY)
        rv = parse_key(config, &text);
    disco__buffer_free_secret(&text);
    return rv;
}

/* The system's store is not the user's work: what is unreadable in it is passed over, and if there
 * are certificates of the user's own, it may be missing. */
static int read_system(disco__tls_config_t *config, disco__stamp_t *stamp)
{
    disco__tls_t *tls = config->tls;
    char space[DISCO_TLS_PATH_SIZE];
    const char *path = disco__tls_system_path(tls->loop->uv, space);
    disco__buffer_t text;
    int rv = UV_ENOENT;

    disco__buffer_init(&text);
    if (path != NULL)
        rv = disco__file_read(tls->loop->uv, path, &text, stamp);
    if (rv == 0)
        rv = parse_certificates(&config->ca, &text, true);
    disco__buffer_free(&text);
    if (rv == 0 || rv == UV_ENOMEM || tls->inputs[DISCO_TLS_FROM_CA] == NULL)
        return rv;
    if (path != NULL)
        disco__file_stamp(tls->loop->uv, path, stamp);
    disco__log(&tls->loop->log, DISCO_LOG_WARNING, "TLS: the system's CA certificates: %s",
               disco_strerror(rv));
    return 0;
}

static int read_inputs(disco__tls_config_t *config, disco__stamp_t stamps[DISCO_TLS_INPUTS],
                       int *at_fault)
{
    int input;

    for (input = 0; input < DISCO_TLS_INPUTS; input++) {
        int rv = 0;

        *at_fault = input;
        memset(&stamps[input], 0, sizeof stamps[input]);
        if (input == DISCO_TLS_FROM_SYSTEM && config->tls->system_ca)
            rv = read_system(config, &stamps[input]);
        else if (config->tls->inputs[input] != NULL)
            rv = read_input(config, input, &stamps[input]);
        if (rv != 0)
            return rv;
    }
    config->has_certificate = config->tls->inputs[DISCO_TLS_FROM_CERTIFICATE] != NULL;
    return 0;
}

static int set_up(disco__tls_config_t *config)
{
    static const char *protocols[] = {"http/1.1", NULL};
    int rv = mbedtls_ssl_config_defaults(&config->ssl, MBEDTLS_SSL_IS_CLIENT,
                                         MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

    if (rv != 0)
        return rv;
    disco__mbed_set_versions(&config->ssl);
    mbedtls_ssl_conf_ciphersuites(&config->ssl, suites);
    mbedtls_ssl_conf_authmode(&config->ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(&config->ssl, mbedtls_ctr_drbg_random, &config->tls->random);
    mbedtls_ssl_conf_ca_chain(&config->ssl, &config->ca, NULL);
    rv = mbedtls_ssl_conf_alpn_protocols(&config->ssl, protocols);
    if (rv == 0 && config->has_certificate)
        rv = mbedtls_ssl_conf_own_cert(&config->ssl, &config->certificate, &config->key);
    return rv;
}

int disco__tls_config_read(disco__tls_config_t **config, disco__tls_t *tls,
                           disco__stamp_t stamps[DISCO_TLS_INPUTS], int *at_fault)
{
    disco__tls_config_t *made = disco__calloc(1, sizeof *made);
    int rv;

    *at_fault = DISCO_TLS_FROM_CA;
    if (made == NULL)
        return UV_ENOMEM;
    made->references = 1;
    made->tls = tls;
    tls->references++;
    made->generation = ++tls->generation;
    mbedtls_ssl_config_init(&made->ssl);
    mbedtls_x509_crt_init(&made->ca);
    mbedtls_x509_crt_init(&made->certificate);
    mbedtls_pk_init(&made->key);
    rv = read_inputs(made, stamps, at_fault);
    if (rv == 0 && set_up(made) != 0)
        rv = UV_ENOMEM; /* all that can fail there */
    if (rv != 0) {
        disco__tls_release(made);
        return rv;
    }
    *config = made;
    return 0;
}

void disco__tls_release(disco__tls_config_t *config)
{
    disco__tls_t *tls = config->tls;

    if (--config->references > 0)
        return;
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_x509_crt_free(&config->ca);
    mbedtls_x509_crt_free(&config->certificate);
    mbedtls_pk_free(&config->key);
    disco__free(config);
    disco__tls_unref(tls);
}
