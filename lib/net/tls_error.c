#include "net/tls_error.h"

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/error.h>
#include <mbedtls/pem.h>
#include <mbedtls/x509.h>
#include <uvdisco/error.h>

#include "net/mbed.h"

/* An error is a sum: one of a module, and one of what that stands on. */
#define LOW_PART 0x7f

bool disco__tls_is_memory_error(int error)
{
    int high = -(-error & ~LOW_PART);
    int low = -(-error & LOW_PART);

    return error < 0 &&
           (high == MBEDTLS_ERR_SSL_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
            high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
            high == MBEDTLS_ERR_MD_ALLOC_FAILED || high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED ||
            high == MBEDTLS_ERR_PEM_ALLOC_FAILED || low == MBEDTLS_ERR_MPI_ALLOC_FAILED ||
            low == MBEDTLS_ERR_ASN1_ALLOC_FAILED);
}

/* Names as in RFC 8446, section 6, and RFC 5246, section 7.2. */
static const char *alert_name(int alert)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{0, "close_notify"},
                 {10, "unexpected_message"},
                 {20, "bad_record_mac"},
                 {21, "decryption_failed"},
                 {22, "record_overflow"},
                 {40, "handshake_failure"},
                 {42, "bad_certificate"},
                 {43, "unsupported_certificate"},
                 {44, "certificate_revoked"},
                 {45, "certificate_expired"},
                 {46, "certificate_unknown"},
                 {47, "illegal_parameter"},
                 {48, "unknown_ca"},
                 {49, "access_denied"},
                 {50, "decode_error"},
                 {51, "decrypt_error"},
                 {70, "protocol_version"},
                 {71, "insufficient_security"},
                 {80, "internal_error"},
                 {86, "inappropriate_fallback"},
                 {90, "user_canceled"},
                 {100, "no_renegotiation"},
                 {109, "missing_extension"},
                 {110, "unsupported_extension"},
                 {112, "unrecognized_name"},
                 {115, "unknown_psk_identity"},
                 {116, "certificate_required"},
                 {120, "no_application_protocol"}};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].number == alert)
            return names[i].name;
    }
    return "of an unknown kind";
}

static const char *certificate_hint(const disco__tls_scene_t *scene)
{
    return scene->has_certificate ? "the server may not accept the client certificate"
                                  : "the server may want a client certificate";
}

static void explain_alert(disco__failure_t *failure, const disco__tls_scene_t *scene)
{
    int alert = disco__mbed_alert(scene->ssl);
    /* handshake_failure, and all that speak of certificates */
    bool about_certificate =
        alert == 40 || (alert >= 42 && alert <= 49 && alert != 47) || alert == 116;

    disco__failure_set(failure, DISCO_ETLS, "the server sent the alert %s%s%s", alert_name(alert),
                       about_certificate ? ": " : "",
                       about_certificate ? certificate_hint(scene) : "");
}

/* Every TLS record begins with its kind, from change_cipher_spec (20) to heartbeat (24). */
static bool speaks_tls(const disco__tls_scene_t *scene)
{
    return scene->first_byte >= 20 && scene->first_byte <= 24;
}

void disco__tls_explain(disco__failure_t *failure, const disco__tls_scene_t *scene, int error)
{
    char text[160] = "";

    if (disco__tls_is_memory_error(error)) {
        disco__failure_set(failure, UV_ENOMEM, NULL);
    } else if (error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        disco__tls_explain_certificate(failure, scene->peer,
                                       mbedtls_ssl_get_verify_result(scene->ssl));
    } else if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        explain_alert(failure, scene);
    } else if (scene->received && !speaks_tls(scene)) {
        disco__failure_set(failure, DISCO_ETLS, "the server does not speak TLS");
    } else {
        mbedtls_strerror(error, text, sizeof text);
        disco__failure_set(failure, DISCO_ETLS, "%s", text);
    }
}

void disco__tls_explain_end(disco__failure_t *failure, const disco__tls_scene_t *scene, int status)
{
    const char *how = status == UV_EOF ? "the connection was closed" : disco_strerror(status);

    if (status == UV_ENOMEM)
        disco__failure_set(failure, UV_ENOMEM, NULL);
    else if (!scene->received)
        disco__failure_set(failure, DISCO_ETLS,
                           "%s before the server answered: it may not speak TLS", how);
    else
        disco__failure_set(failure, DISCO_ETLS, "%s in the TLS handshake: %s", how,
                           certificate_hint(scene));
}

void disco__tls_explain_early_end(disco__failure_t *failure, const disco__tls_scene_t *scene)
{
    if (!disco__mbed_is_tls13(scene->ssl) || failure->message[0] != '\0')
        return;
    disco__failure_set(failure, failure->status, "closed before the first answer: %s",
                       certificate_hint(scene));
}
