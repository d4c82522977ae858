/* Addresses to connect to, in the order in which they are tried. */
#ifndef DISCO_NET_ADDRESS_H
#define DISCO_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

typedef union disco__address_u {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} disco__address_t;

typedef struct disco__addresses_s {
    disco__address_t *list;
    size_t count;
} disco__addresses_t;

/* From an IPv4 or IPv6 literal. 0; UV_ENOMEM; UV_EINVAL: it is none. */
int disco__addresses_from_literal(disco__addresses_t *addresses, const char *host, uint16_t port);

/* From what was resolved: IPv6 and IPv4 take turns, each in the order given, without doubles.
 * 0; UV_ENOMEM; UV_EAI_NODATA: none of a usable kind. */
int disco__addresses_from_resolved(disco__addresses_t *addresses, const struct addrinfo *resolved,
                                   uint16_t port);

void disco__addresses_free(disco__addresses_t *addresses);

/* The 4 or 16 bytes of a literal, as a certificate holds them; 0 when it is none. */
size_t disco__address_bytes(const char *host, unsigned char bytes[16]);

#define DISCO_ADDRESS_SIZE 64

/* "127.0.0.1" or "::1". */
void disco__address_text(const disco__address_t *address, char text[DISCO_ADDRESS_SIZE]);

#endif
