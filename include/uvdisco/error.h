/* Errors are negative ints. Where one of libuv's own codes says it (UV_ECONNREFUSED, UV_ETIMEDOUT,
 * UV_ECANCELED, UV_ENOMEM, UV_EINVAL, UV_ENOBUFS, ...) it is used; the codes below lie in a range
 * that libuv does not use. */
#ifndef UVDISCO_ERROR_H
#define UVDISCO_ERROR_H

#include <uvdisco/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, number, message). The one place where the library's own errors are listed. */
#define DISCO_ERROR_MAP(X)                                                                         \
    X(ENOSERVICE, -20001, "service not found")                                                     \
    X(ENOHOST, -20002, "no host found for this service")                                           \
    X(ENOSHARD, -20003, "no host found for this service on this shard")                            \
    X(ESCHEME, -20004, "unknown scheme")                                                           \
    X(ENAME, -20005, "name is empty, '.', '..', over 255 bytes, or holds '/' or a control byte")   \
    X(EPORT, -20006, "port is not a number from 1 to 65535")                                       \
    X(EHOSTNAME, -20007, "host has no host name, or one that is not valid")                        \
    X(ETTL, -20008, "TTL is zero or too large")                                                    \
    X(EENDPOINT, -20009, "endpoint is not a URL of the form http[s]://host[:port]")                \
    X(EOPTIONS, -20010, "options were not initialised, or come from a newer header")               \
    X(EBASE64, -20011, "not base64")                                                               \
    X(EPEM, -20012, "certificate or key cannot be read as PEM")                                    \
    X(EKEYPAIR, -20013, "private key does not fit the certificate")                                \
    X(ETLS, -20014, "TLS handshake or record failed")                                              \
    X(ECERTIFICATE, -20015, "the server's certificate was not accepted")                           \
    X(EPROTOCOL, -20016, "the answer is not what etcd sends")                                      \
    X(ETOOLARGE, -20017, "the answer is larger than the limit")                                    \
    X(EAUTH, -20018, "authentication failed, or the user may not do this")                         \
    X(EREFUSED, -20019, "etcd refused the request")                                                \
    X(EKEYNOTFOUND, -20020, "key not found")                                                       \
    X(EKEYEXISTS, -20021, "key already exists")                                                    \
    X(ECONFLICT, -20022, "the key is not in the state that was asked for")                         \
    X(ECLEARED, -20023, "etcd's history of this revision is gone")                                 \
    X(EUNAVAILABLE, -20024, "etcd cannot serve the request now")                                   \
    X(EV2DISABLED, -20025, "this etcd does not serve the v2 API (start it with --enable-v2=true)") \
    X(ENOTREADY, -20026, "not ready")                                                              \
    X(ELOST, -20027, "registration lost: its time to live passed without a heartbeat")             \
    X(EVALUE, -20028, "value cannot be stored: it is not UTF-8, or holds a NUL byte")              \
    X(ECLOSING, -20029, "the object is being closed")                                              \
    X(EV3DISABLED, -20030,                                                                         \
      "this etcd does not serve the v3 API as JSON (it is older than 3.4, or its gRPC gateway is " \
      "off)")

typedef enum disco_error_e {
#define DISCO_ERROR_ENUM_(name, number, message) DISCO_##name = (number),
    DISCO_ERROR_MAP(DISCO_ERROR_ENUM_)
#undef DISCO_ERROR_ENUM_
        DISCO_ERROR_LAST_ = -20100
} disco_error_t;

/* What an error means, in English: for the library's own codes and for libuv's. Never NULL; static.
 * 0 gives "success". May be called at any time and from any thread. */
DISCO_EXTERN const char *disco_strerror(int error);

/* The name of an error, such as "DISCO_ENOHOST" or "ECONNREFUSED". Never NULL; static.
 * 0 gives "OK", a number that is no error "UNKNOWN". May be called at any time and from any thread.
 */
DISCO_EXTERN const char *disco_err_name(int error);

#ifdef __cplusplus
}
#endif

#endif
