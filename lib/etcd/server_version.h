/* What etcd answers to GET /version, whatever API is spoken otherwise. */
#ifndef DISCO_ETCD_SERVER_VERSION_H
#define DISCO_ETCD_SERVER_VERSION_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* {"etcdserver":"3.4.23","etcdcluster":"3.4.0"}; the strings point into *tree, to be freed by
 * disco__json_free(). 0, UV_ENOMEM or DISCO_EPROTOCOL. */
int disco__server_version_read(cJSON **tree, const char **server, const char **cluster,
                               const char *body, size_t size);

#endif
