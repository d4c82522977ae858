/* Hosts and services, as they stand in etcd, and URLs made from them.
 *
 * A service is stored under /services_infos/<service>, a host of it under
 * /services/<service>/<uuid>, both as JSON that programs using the Go package
 * github.com/Scalingo/etcd-discovery read and write too. */
#ifndef UVDISCO_MODEL_H
#define UVDISCO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uvdisco/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A scheme and the port it is served on: {"http", "8080"}. */
typedef struct disco_port_s {
    const char *scheme;
    const char *port;
} disco_port_t;

/* A host of a service. In what the library hands out no string is NULL (empty instead), ports are
 * sorted by scheme. In what it is given, NULL counts as empty, and fields that are zero are left
 * out or filled in: see disco_register(). Fields of a size stand together, since there may be very
 * many hosts. */
typedef struct disco_host_s {
    const char *name; /* public host name or IP address */
    const char *service_name;
    const disco_port_t *ports; /* NULL: none, written as null */
    const disco_port_t *private_ports;
    uint16_t port_count;
    uint16_t private_port_count;
    bool is_public;
    bool critical;
    const char *user;
    const char *password;
    const char *private_hostname;
    const char *shard;
    const char *uuid;
    /* etcd's index (v2) or revision (v3) at which the key was made and last written; 0 in what the
     * library is given. With both APIs: v2's for a host that v2 has, else v3's. */
    uint64_t created_revision;
    uint64_t modified_revision;
} disco_host_t;

/* What is known of a service beside its hosts. No string is NULL in what the library hands out. */
typedef struct disco_service_info_s {
    const char *name;
    const char *hostname;
    const char *user;
    const char *password;
    const disco_port_t *ports;
    uint16_t port_count;
    bool critical;
    bool is_public;
} disco_service_info_t;

/* A service and its hosts at one moment. Never changes while a callback has it or a reference is
 * held. To be used from the loop's thread only. */
typedef struct disco_service_s disco_service_t;

/* Keeps a service beyond the callback; to be given back by disco_service_unref(), also after the
 * client was closed. Returns its argument. NULL gives NULL. */
DISCO_EXTERN disco_service_t *disco_service_ref(const disco_service_t *service);
DISCO_EXTERN void disco_service_unref(disco_service_t *service);

/* Never NULL (but for NULL); borrowed from the service. Of a service that is not in
 * /services_infos, only the name is set. */
DISCO_EXTERN const disco_service_info_t *disco_service_info(const disco_service_t *service);

/* 0 when there is a host; DISCO_ENOSERVICE: the service has no directory in etcd (v3, which has no
 * directories: neither an info nor a host); DISCO_ENOHOST: it is there, without a usable host;
 * DISCO_ENOSHARD: it has hosts, but none on the shard that was asked for; UV_EINVAL: NULL. */
DISCO_EXTERN int disco_service_status(const disco_service_t *service);

/* All hosts, oldest first: by the revision at which they were made, then by UUID; of the shard,
 * where one was asked for. With both APIs, whose revisions cannot be compared: first those that v2
 * has, by v2's revisions, then those that v3 alone has, by v3's; which is the same for every caller
 * that uses both. *hosts is borrowed from the service. Gives what disco_service_status()
 * gives; then *count is 0. */
DISCO_EXTERN int disco_service_all(const disco_service_t *service,
                                   const disco_host_t *const **hosts, size_t *count);

/* The host that was registered first: the same for every caller. NULL: there is none;
 * disco_service_status() says why. Borrowed from the service. */
DISCO_EXTERN const disco_host_t *disco_service_first(const disco_service_t *service);

/* A host drawn at random, each as likely as the other. NULL as above. Allocates nothing. */
DISCO_EXTERN const disco_host_t *disco_service_one(const disco_service_t *service);

/* With both APIs: true when one of the two registries could not be read, so that hosts may be
 * missing, and the info, and a service that seems unknown or without hosts may have some. Else, and
 * for NULL, false. */
DISCO_EXTERN bool disco_service_is_partial(const disco_service_t *service);

/* How many hosts were passed over because what etcd holds for them is not a host's JSON; with both
 * APIs, in neither registry. */
DISCO_EXTERN size_t disco_service_broken(const disco_service_t *service);

/* URL writers follow uv_cwd():
 *   scheme  a key of the ports; NULL or "": "http" if it is there, else "https".
 *   path    put behind as it is, a '/' before it if it lacks one; NULL: none.
 *   buffer  receives the text with a NUL; NULL allowed when *size is 0.
 *   size    before: the buffer's size. After: the length of the text without the NUL, or with
 *           UV_ENOBUFS the size needed, the NUL included.
 * User and password are percent-encoded, IPv6 addresses put in brackets.
 * 0; UV_ENOBUFS: too small; UV_EINVAL: NULL; DISCO_ESCHEME; DISCO_EHOSTNAME: there is no host name;
 * UV_ENOMEM. */

/* scheme://[user:password@]name:port/path; user and password when there is a user. */
DISCO_EXTERN int disco_host_url(const disco_host_t *host, const char *scheme, const char *path,
                                char *buffer, size_t *size);

/* The same with the private host name and the private ports; without a private host name, as
 * disco_host_url(). */
DISCO_EXTERN int disco_host_private_url(const disco_host_t *host, const char *scheme,
                                        const char *path, char *buffer, size_t *size);

/* For a public service, if no shard was asked for: the URL of the service. Else the URL of a host
 * drawn at random; the errors of disco_service_status() too. */
DISCO_EXTERN int disco_service_url(const disco_service_t *service, const char *scheme,
                                   const char *path, char *buffer, size_t *size);

/* The private host names of all hosts (of one without: its host name), joined by ", ". A service
 * without hosts gives "". */
DISCO_EXTERN int disco_service_hosts_string(const disco_service_t *service, char *buffer,
                                            size_t *size);

#ifdef __cplusplus
}
#endif

#endif
