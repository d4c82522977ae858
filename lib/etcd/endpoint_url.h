/* The text of an endpoint, taken apart. */
#ifndef DISCO_ETCD_ENDPOINT_URL_H
#define DISCO_ETCD_ENDPOINT_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISCO_DEFAULT_PORT 2379

typedef struct disco__endpoint_url_s {
    bool tls;
    const char *host; /* into the text, without brackets */
    size_t host_size;
    uint16_t port;
} disco__endpoint_url_t;

/* "http[s]://host[:port]" or "host[:port]", a '/' behind it allowed. DISCO_EENDPOINT: an unknown
 * scheme, a user, a path, a query, a bad port, a host that is empty or no name. */
int disco__endpoint_url_parse(const char *text, size_t size, disco__endpoint_url_t *url);

/* Gives the next item of a comma separated list without the spaces around it, and moves *list
 * behind it; false at the end. */
bool disco__endpoint_list_next(const char **list, const char **item, size_t *size);

#endif
