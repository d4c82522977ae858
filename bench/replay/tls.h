/* The server's side of TLS, on memory: no socket is seen here. */
#ifndef REPLAY_TLS_H
#define REPLAY_TLS_H

#include "bytes.h"

typedef struct tls_s tls_t;

/* Certificate and key of the server; ca, or NULL: whose certificates clients must have. What cannot
 * be read ends the program. */
void tls_set_up(const char *certificate, const char *key, const char *ca);
int tls_is_set_up(void);

tls_t *tls_new(void);
void tls_free(tls_t *tls);

/* Takes what came from the network; plain receives what it says, out what is to be sent. 0, or -1:
 * the connection is to be closed, after out was sent. */
int tls_take(tls_t *tls, const char *data, size_t size, bytes_t *plain, bytes_t *out);

/* Puts plain bytes into the form in which they are sent. */
int tls_give(tls_t *tls, const char *data, size_t size, bytes_t *out);

#endif
