#include "net/tls_verify.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/x509_crt.h>
#include <uvdisco/error.h>

#include "net/address.h"

/* iPAddress among the kinds of a GeneralName (RFC 5280, section 4.2.1.6). */
#define NAME_IS_ADDRESS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)

static bool names_address(const mbedtls_x509_crt *certificate, const disco__tls_peer_t *peer)
{
    const mbedtls_x509_sequence *name;

    for (name = &certificate->subject_alt_names; name != NULL; name = name->next) {
        if (name->buf.tag == NAME_IS_ADDRESS && name->buf.len == peer->address_size &&
            memcmp(name->buf.p, peer->address, peer->address_size) == 0)
            return true;
    }
    return false;
}

/* Called by mbedTLS for each certificate of the chain; depth 0 is the server's own. */
static int on_verify(void *data, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    disco__tls_peer_t *peer = data;

    if (depth > 0)
        return 0;
    peer->self_signed = certificate->issuer_raw.len == certificate->subject_raw.len &&
                        memcmp(certificate->issuer_raw.p, certificate->subject_raw.p,
                               certificate->subject_raw.len) == 0;
    if (peer->address_size > 0 && !names_address(certificate, peer))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return 0;
}

int disco__tls_expect(mbedtls_ssl_context *ssl, disco__tls_peer_t *peer, const char *host)
{
    peer->host = host;
    peer->address_size = disco__address_bytes(host, peer->address);
    peer->self_signed = false;
    mbedtls_ssl_set_verify(ssl, on_verify, peer);
    /* NULL must be said too: mbedTLS 3.6 refuses to verify for a host it was told nothing about. */
    return mbedtls_ssl_set_hostname(ssl, peer->address_size > 0 ? NULL : host);
}

typedef struct sentence_s {
    char text[200];
    size_t size;
} sentence_t;

static void say(sentence_t *sentence, const char *words, const char *more)
{
    size_t room = sizeof sentence->text - sentence->size;
    int size = snprintf(sentence->text + sentence->size, room, "%s%s%s",
                        sentence->size > 0 ? ", " : "", words, more);

    if (size > 0)
        sentence->size += (size_t)size < room ? (size_t)size : room - 1;
}

void disco__tls_explain_certificate(disco__failure_t *failure, const disco__tls_peer_t *peer,
                                    uint32_t flags)
{
    sentence_t sentence = {"", 0};
    const uint32_t weak =
        MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY;
    const uint32_t use = MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
                         MBEDTLS_X509_BADCERT_NS_CERT_TYPE;

    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        say(&sentence, "has expired", "");
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        say(&sentence, "is not valid yet", "");
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        say(&sentence, "is not for ", peer->host);
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        say(&sentence,
            peer->self_signed ? "is self-signed and not trusted" : "is of a CA that is not trusted",
            "");
    if (flags & MBEDTLS_X509_BADCERT_REVOKED)
        say(&sentence, "has been revoked", "");
    if (flags & weak)
        say(&sentence, "uses a weak key or algorithm", "");
    if (flags & use)
        say(&sentence, "is not meant for a server", "");
    disco__failure_set(failure, DISCO_ECERTIFICATE, "the server's certificate %s",
                       sentence.size > 0 ? sentence.text : "could not be verified");
}
