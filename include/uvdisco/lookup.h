/* Looking a service up once. */
#ifndef UVDISCO_LOOKUP_H
#define UVDISCO_LOOKUP_H

#include <uvdisco/client.h>
#include <uvdisco/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All fields may be zero. Strings are copied. */
typedef struct disco_query_s {
    /* Only hosts of this shard; NULL: all. */
    const char *shard;
    /* Ask etcd for what its majority agrees on. Without it the answer is what the asked member has,
     * which is faster, works while etcd has no majority, and may be a moment old. */
    bool quorum;
} disco_query_t;

/* status 0: service is borrowed until the callback returns (disco_service_ref() keeps it); that a
 * service is unknown or has no host is no error here but the service's status. Else service is
 * NULL. */
typedef void (*disco_get_cb)(void *data, int status, const disco_service_t *service);

/* Fetches service info and hosts, both at once. Equal lookups under way share their requests.
 *
 * With DISCO_API_BOTH both registries are asked at once, and the service is what they have
 * together: each host once (by the last segment of its key, which is its UUID), in the order that
 * disco_service_all() says. Of a host that differs in the two, v3's values are taken, since hosts
 * move from v2 to v3; of the info, v2's as long as v2 has one, since programs that know v2 alone
 * write theirs nowhere else. When one registry cannot be read, the lookup succeeds with what the
 * other has, disco_service_is_partial() says so, and a line at DISCO_LOG_WARNING which it is. Once
 * one has answered, the other is waited for at most two attempt_timeout_ms more; if the last lookup
 * already had to go without it, a quarter of one. When both fail, the first failure is told.
 *
 *   service   name; copied.
 *   query     NULL: all hosts, no quorum.
 *   cb, data  called once; data is handed through.
 *   request   receives a handle for disco_request_cancel(), valid until cb is called; NULL allowed.
 * Returns 0; UV_EINVAL; DISCO_ENAME: service, or shard, is no valid name; UV_ENOMEM;
 * DISCO_ECLOSING.
 * cb gets 0; UV_ECANCELED; UV_ENOMEM; or why the last attempt failed: UV_ETIMEDOUT, UV_ECONNREFUSED
 * and others of libuv's, DISCO_ETLS, DISCO_ECERTIFICATE, DISCO_EAUTH, DISCO_EREFUSED,
 * DISCO_EPROTOCOL, DISCO_ETOOLARGE, DISCO_EUNAVAILABLE, DISCO_EV2DISABLED, DISCO_EV3DISABLED. When
 * no endpoint can even be connected to, that is told after each was tried once; else it is tried on
 * until request_timeout_ms have passed. */
DISCO_EXTERN int disco_get(disco_client_t *client, const char *service, const disco_query_t *query,
                           disco_get_cb cb, void *data, disco_request_t **request);

/* disco_get() with a query of this shard alone; shard: copied, not NULL. */
DISCO_EXTERN int disco_get_for_shard(disco_client_t *client, const char *service, const char *shard,
                                     disco_get_cb cb, void *data, disco_request_t **request);

#ifdef __cplusplus
}
#endif

#endif
