#include "tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "program.h"

struct tls_s {
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static SSL_CTX *context;

static void check(int good, const char *what)
{
    char text[256];

    if (good)
        return;
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    bench_fail("%s: %s", what, text);
}

void tls_set_up(const char *certificate, const char *key, const char *ca)
{
    static const unsigned char name[] = "replay";

    context = SSL_CTX_new(TLS_server_method());
    check(context != NULL, "TLS");
    check(SSL_CTX_use_certificate_chain_file(context, certificate) == 1, certificate);
    check(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1, key);
    /* Sessions are resumed by tickets, of clients with certificates too. */
    check(SSL_CTX_set_session_id_context(context, name, sizeof name - 1) == 1, "sessions");
    if (ca != NULL) {
        check(SSL_CTX_load_verify_locations(context, ca, NULL) == 1, ca);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
}

int tls_is_set_up(void)
{
    return context != NULL;
}

tls_t *tls_new(void)
{
    tls_t *tls = bench_allocate(1, sizeof *tls);

    tls->ssl = SSL_new(context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    check(tls->ssl != NULL && tls->in != NULL && tls->out != NULL, "TLS connection");
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void tls_free(tls_t *tls)
{
    if (tls == NULL)
        return;
    SSL_free(tls->ssl);
    free(tls);
}

static void drain(tls_t *tls, bytes_t *out)
{
    char *data;
    long size = BIO_get_mem_data(tls->out, &data);

    if (size > 0)
        bytes_append(out, data, (size_t)size);
    (void)BIO_reset(tls->out);
}

int tls_take(tls_t *tls, const char *data, size_t size, bytes_t *plain, bytes_t *out)
{
    char part[16384];
    int count;
    int error;

    check(BIO_write(tls->in, data, (int)size) == (int)size, "TLS input");
    ERR_clear_error();
    while ((count = SSL_read(tls->ssl, part, sizeof part)) > 0)
        bytes_append(plain, part, (size_t)count);
    error = SSL_get_error(tls->ssl, count);
    drain(tls, out);
    return error == SSL_ERROR_WANT_READ ? 0 : -1;
}

int tls_give(tls_t *tls, const char *data, size_t size, bytes_t *out)
{
    size_t done = 0;
    size_t written;

    ERR_clear_error();
    while (done < size) {
        if (SSL_write_ex(tls->ssl, data + done, size - done, &written) != 1)
            return -1;
        done += written;
    }
    drain(tls, out);
    return 0;
}
