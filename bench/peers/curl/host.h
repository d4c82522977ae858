/* A host as the program keeps it. */
#ifndef CURL_HOST_H
#define CURL_HOST_H

#include <stddef.h>

typedef struct port_s {
    char *scheme;
    char *port;
} port_t;

typedef struct host_s {
    char *name;
    char *service_name;
    port_t *ports;
    size_t port_count;
    char *user;
    char *password;
    char *private_hostname;
    port_t *private_ports;
    size_t private_port_count;
    char *shard;
    char *uuid;
    int is_public;
    int is_critical;
} host_t;

typedef struct hosts_s {
    host_t *host;
    size_t count;
} hosts_t;

/* Reads a host from its JSON. One that is not whole ends the program. */
void host_read(host_t *host, const char *json, size_t size);
void host_free(host_t *host);
void hosts_free(hosts_t *hosts);

#endif
