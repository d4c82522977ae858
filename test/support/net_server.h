/* A server for tests below HTTP, on the test's own loop: TCP, or TLS by mbedTLS, that behaves or
 * misbehaves as told. It never keeps the loop alive. */
#ifndef TEST_SUPPORT_NET_SERVER_H
#define TEST_SUPPORT_NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/certs.h"
#include "support/fixture.h"

typedef enum net_server_way_e {
    NET_ECHO,
    NET_CLOSE_AT_ONCE, /* after accepting */
    NET_RESET_AT_ONCE,
    NET_STALL,          /* reads nothing, says nothing */
    NET_CLOSE_ON_BYTES, /* the first bytes that come, before any TLS */
    NET_RESET_ON_BYTES,
    NET_SAY_TEXT,        /* plain text, to the first bytes */
    NET_ALERT,           /* a fatal alert handshake_failure, to the first bytes */
    NET_ECHO_AND_CLOSE,  /* for TLS without close-notify */
    NET_ECHO_AND_NOTIFY, /* for TLS close-notify, then closes */
    NET_ECHO_AND_ALERT,  /* for TLS: a fatal alert internal_error in place of what follows */
    NET_GREET            /* says "hello" as soon as the handshake is done */
} net_server_way_t;

typedef struct net_server_options_s {
    net_server_way_t way;
    const char *address;        /* NULL: "127.0.0.1" */
    uint16_t port;              /* 0: any */
    const identity_t *identity; /* NULL: plain TCP */
    const char *chain;          /* PEM, in place of the identity's certificate; NULL: that */
    const char *client_ca;      /* PEM: clients must show a certificate; NULL: none wanted */
    bool without_resumption;
    bool only_tls12;
} net_server_options_t;

typedef struct net_server_s {
    uint16_t port;
    net_server_way_t way; /* may be changed at any time */
    size_t accepted;
    size_t open;
    size_t handshakes;     /* finished */
    size_t resumed;        /* of these */
    size_t close_notifies; /* received */
    size_t received;       /* bytes */
    char name[128];        /* last name that a client asked for (SNI); "" none */
    char protocol[32];     /* last protocol agreed on (ALPN) */
    struct net_server_inside_s *inside;
} net_server_t;

/* Gives it back listening. NULL: the address cannot be bound. */
net_server_t *net_server_new(test_loop_t *loop, const net_server_options_t *options);

/* Other certificates from the next connection on. */
void net_server_set_identity(net_server_t *server, const identity_t *identity);

/* Closes everything; freed while loop_close() runs. */
void net_server_free(net_server_t *server);

#endif
