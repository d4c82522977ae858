#include "net/address.h"

#include <string.h>

#include "base/alloc.h"
#include "net/dial.h"

/* More than this is no list of servers but an attack or a mistake. */
#define MOST_ADDRESSES 64

size_t disco__address_bytes(const char *host, unsigned char bytes[16])
{
    if (uv_inet_pton(AF_INET, host, bytes) == 0)
        return 4;
    if (uv_inet_pton(AF_INET6, host, bytes) == 0)
        return 16;
    return 0;
}

bool disco__host_is_address(const char *host)
{
    unsigned char bytes[16];

    return disco__address_bytes(host, bytes) != 0;
}

int disco__addresses_from_literal(disco__addresses_t *addresses, const char *host, uint16_t port)
{
    disco__address_t address;

    memset(&address, 0, sizeof address);
    if (uv_ip4_addr(host, port, &address.v4) != 0 && uv_ip6_addr(host, port, &address.v6) != 0)
        return UV_EINVAL;
    addresses->list = disco__malloc(sizeof address);
    if (addresses->list == NULL)
        return UV_ENOMEM;
    addresses->list[0] = address;
    addresses->count = 1;
    return 0;
}

static bool same(const disco__address_t *a, const disco__address_t *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_port == b->v4.sin_port &&
               memcmp(&a->v4.sin_addr, &b->v4.sin_addr, sizeof a->v4.sin_addr) == 0;
    return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
           memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

static bool has(const disco__addresses_t *addresses, const disco__address_t *address)
{
    size_t i;

    for (i = 0; i < addresses->count; i++) {
        if (same(&addresses->list[i], address))
            return true;
    }
    return false;
}

static bool convert(disco__address_t *address, const struct addrinfo *entry, uint16_t port)
{
    unsigned char network_order[2] = {(unsigned char)(port >> 8), (unsigned char)(port & 0xff)};

    memset(address, 0, sizeof *address);
    if (entry->ai_family == AF_INET && entry->ai_addrlen == sizeof address->v4) {
        memcpy(&address->v4, entry->ai_addr, sizeof address->v4);
        memcpy(&address->v4.sin_port, network_order, sizeof network_order);
        return true;
    }
    if (entry->ai_family == AF_INET6 && entry->ai_addrlen == sizeof address->v6) {
        memcpy(&address->v6, entry->ai_addr, sizeof address->v6);
        memcpy(&address->v6.sin6_port, network_order, sizeof network_order);
        return true;
    }
    return false;
}

/* The next entry of that family, from entry on; or NULL. */
static const struct addrinfo *next_of(const struct addrinfo *entry, int family)
{
    while (entry != NULL && entry->ai_family != family)
        entry = entry->ai_next;
    return entry;
}

int disco__addresses_from_resolved(disco__addresses_t *addresses, const struct addrinfo *resolved,
                                   uint16_t port)
{
    const struct addrinfo *next[2];
    int family[2];
    size_t turn = 0;

    addresses->count = 0;
    addresses->list = disco__calloc(MOST_ADDRESSES, sizeof *addresses->list);
    if (addresses->list == NULL)
        return UV_ENOMEM;
    family[0] = resolved != NULL ? resolved->ai_family : AF_INET6;
    family[1] = family[0] == AF_INET6 ? AF_INET : AF_INET6;
    next[0] = next_of(resolved, family[0]);
    next[1] = next_of(resolved, family[1]);
    while ((next[0] != NULL || next[1] != NULL) && addresses->count < MOST_ADDRESSES) {
        const struct addrinfo *entry = next[turn];
        disco__address_t *address = &addresses->list[addresses->count];

        if (entry != NULL) {
            disco__address_t candidate;

            if (convert(&candidate, entry, port) && !has(addresses, &candidate)) {
                *address = candidate;
                addresses->count++;
            }
            next[turn] = next_of(entry->ai_next, family[turn]);
        }
        turn = 1 - turn;
    }
    if (addresses->count > 0)
        return 0;
    disco__addresses_free(addresses);
    return UV_EAI_NODATA;
}

void disco__addresses_free(disco__addresses_t *addresses)
{
    disco__free(addresses->list);
    addresses->list = NULL;
    addresses->count = 0;
}

void disco__address_text(const disco__address_t *address, char text[DISCO_ADDRESS_SIZE])
{
    int rv = address->any.sa_family == AF_INET
                 ? uv_ip4_name(&address->v4, text, DISCO_ADDRESS_SIZE)
                 : uv_ip6_name(&address->v6, text, DISCO_ADDRESS_SIZE);

    if (rv != 0)
        text[0] = '\0';
}
