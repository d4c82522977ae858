#include "net/tls_session.h"

struct disco__session_s {
    mbedtls_ssl_session session;
    uint64_t generation;
};

void disco__session_keep(disco__target_t *target, const mbedtls_ssl_context *ssl,
                         uint64_t generation)
{
    struct disco__session_s *kept = disco__malloc(sizeof *kept);

    if (kept == NULL)
        return;
    mbedtls_ssl_session_init(&kept->session);
    kept->generation = generation;
    if (mbedtls_ssl_get_session(ssl, &kept->session) != 0) {
        mbedtls_ssl_session_free(&kept->session);
        disco__free(kept);
        return;
    }
    disco__session_drop(target);
    target->session = kept;
}

bool disco__session_offer(disco__target_t *target, mbedtls_ssl_context *ssl, uint64_t generation)
{
    if (target->session == NULL)
        return false;
    if (target->session->generation == generation &&
        mbedtls_ssl_set_session(ssl, &target->session->session) == 0)
        return true;
    disco__session_drop(target);
    return false;
}

void disco__session_drop(disco__target_t *target)
{
    struct disco__session_s *session = target->session;

    target->session = NULL;
    if (session == NULL)
        return;
    mbedtls_ssl_session_free(&session->session); /* wipes the keys */
    disco__free(session);
}
