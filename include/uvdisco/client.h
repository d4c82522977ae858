/* The client: one per uv_loop_t (or several), owner of all connections to etcd, all
 * registrations, subscriptions and requests that are made through it.
 *
 * The contract that holds for every function and callback of this library:
 *
 *  1. A call that returns a negative number never calls back. A call that returns 0 calls back,
 *     never before it returned.
 *  2. A one-shot calls back exactly once. A long-lived object calls back any number of times,
 *     then once more with its terminal event, last.
 *  3. Cancelling and closing deliver UV_ECANCELED on a later turn of the loop. The close callback
 *     comes last; nothing of that object is touched after it.
 *  4. Any callback may call any function, closing the object or the client that is calling it
 *     included.
 *  5. One client belongs to one loop and is used from that loop's thread only. Several clients and
 *     several loops may live in one process. The library starts no thread and has no mutable global
 *     state but the allocator hooks. (uv_getaddrinfo uses libuv's own pool; it is called for host
 *     names only, never for IP literals.)
 *  6. Every pointer parameter is documented as copied, borrowed or handed over. What a callback
 *     receives is borrowed until it returns; a service snapshot can be kept with
 *     disco_service_ref().
 *  7. Errors are negative ints: libuv's own where they fit, ours in a disjoint range
 *     (uvdisco/error.h); disco_client_error_detail() says which endpoint, which etcd error code,
 *     which certificate problem. No secret ever appears in a message or log line.
 *
 * A program should ignore SIGPIPE, as every program on libuv that writes to sockets: the library
 * leaves signals alone.
 *
 * Callbacks come from the loop, out of uv_run(). NULL is allowed for a pointer parameter only
 * where its text says so; elsewhere it gives UV_EINVAL, or from functions that return no error
 * it does nothing. */
#ifndef UVDISCO_CLIENT_H
#define UVDISCO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include <uvdisco/error.h>
#include <uvdisco/version.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct disco_client_s disco_client_t;

/* A one-shot under way: a lookup or a key request. Valid until its callback is called. */
typedef struct disco_request_s disco_request_t;

typedef enum disco_log_level_e {
    DISCO_LOG_ERROR = 1, /* a user has to do something */
    DISCO_LOG_WARNING,   /* something failed and is tried again */
    DISCO_LOG_INFO,      /* states change: registered, synced, an endpoint is left */
    DISCO_LOG_DEBUG      /* each request to etcd: method, path, endpoint */
} disco_log_level_t;

/* One line without a newline; borrowed. May be called from inside any function of the library; it
 * must not call the library. */
typedef void (*disco_log_cb)(void *data, disco_log_level_t level, const char *line);

/* Where TLS material comes from: what tls_ca, tls_certificate and tls_key hold. */
typedef enum disco_tls_source_e {
    /* Names of PEM files; what changes on disk is read at the next connection. */
    DISCO_TLS_FILES = 0,
    DISCO_TLS_MEMORY, /* PEM text */
    DISCO_TLS_BASE64  /* base64 of PEM text */
} disco_tls_source_t;

/* Which of etcd's APIs the registry is kept in. They are two stores inside of etcd: what is written
 * by one is not seen by the other. */
typedef enum disco_api_e {
    /* v2 where etcd serves it, be it by one of the endpoints that can be reached, since programs
     * that know v2 alone keep their registry there, else v3. Asked once, with the first request,
     * and kept for the life of the client. With a user that has a ':', v3. */
    DISCO_API_AUTO = 0,
    DISCO_API_V2, /* the v2 keys API: etcd 3.4 and 3.5 with --enable-v2=true */
    DISCO_API_V3, /* the v3 API through its JSON gateway: etcd 3.4, 3.5 and 3.6 */
    /* Hosts are registered on both; lookups and subscriptions see those of either, each once. Keys
     * (uvdisco/kv.h) are v2's. For moving a fleet from v2 to v3. */
    DISCO_API_BOTH
} disco_api_t;

/* Options of a client. Initialise with disco_options_init(), then set what differs. All strings are
 * borrowed until disco_client_new() returns, which copies them; NULL, 0 and false mean the default
 * unless said otherwise. Fields are only ever added at the end. */
typedef struct disco_options_s {
    size_t size; /* set by disco_options_init(); do not touch */

    /* Endpoints, comma separated, spaces allowed around each: "http[s]://host[:port]" or
     * "host[:port]" (http; port 2379). An IPv6 address stands in brackets. No path, no user. NULL
     * or "": http://container_address:container_port if that is set, else http://localhost:2379.
     * With tls_ca, tls_certificate or tls_system_ca set, every endpoint is spoken to by TLS,
     * "http://" ones too. */
    const char *endpoints;
    const char *container_address;
    const char *container_port; /* default "2379" */

    disco_api_t api; /* default DISCO_API_AUTO */

    disco_tls_source_t tls_source;
    /* One or several CA certificates. Without it, and for tls_system_ca beside it, the system's CA
     * store is trusted. */
    const char *tls_ca;
    /* Client certificate, with its chain, and its private key, not encrypted: both or none. */
    const char *tls_certificate;
    const char *tls_key;
    bool tls_system_ca;

    /* etcd user; NULL: no authentication. v2 sends both with each request (Basic), and cannot have
     * a ':' in the user; v3 sends them once in a while, for a token, and wants UTF-8. */
    const char *user;
    const char *password;

    /* This machine's name, for hosts registered without one. NULL: the system's host name. */
    const char *hostname;

    uint32_t connect_timeout_ms; /* name resolution and TCP connection; default 5,000 */
    uint32_t tls_timeout_ms;     /* TLS handshake; default 10,000 */
    /* Connecting to one endpoint, and then its answer, before the next one is asked; default 3,000.
     * A registration waits for no longer than a third of its time to live; but when all endpoints
     * have taken its request and none has answered, twice as long in the next round, up to four
     * times and its time to live. */
    uint32_t attempt_timeout_ms;
    uint32_t request_timeout_ms; /* a whole lookup or key request, all attempts; default 15,000 */
    uint32_t idle_timeout_ms;    /* unused connections are closed after this; default 60,000 */
    /* A watch on which nothing has come for so long (less up to a quarter, at random) is checked
     * and asked anew, so that a connection or a member that died silently is noticed; default
     * 30,000. */
    uint32_t watch_check_ms;
    /* Between attempts: evenly from 0 to a bound that starts here and doubles up to the most;
     * defaults 100 and 10,000. */
    uint32_t backoff_first_ms;
    uint32_t backoff_most_ms;

    uint32_t max_connections;  /* per endpoint, watches not counted; default 16 */
    size_t max_header_bytes;   /* of one response; default 65,536 */
    size_t max_response_bytes; /* of one listing; default 67,108,864 */
    size_t max_event_bytes;    /* of one event of a watch; default 16,777,216 */
    /* Of one host or service: larger ones are passed over as broken; default 262,144. */
    size_t max_value_bytes;

    disco_log_cb log; /* NULL: silent */
    void *log_data;
    disco_log_level_t log_level; /* default DISCO_LOG_INFO */

    /* Set by disco_options_from_env() and disco_client_new() when they fail: the environment
     * variable or option at fault, such as "ETCD_CACERT" or "endpoints"; static. Else NULL. */
    const char *at_fault;
} disco_options_t;

/* Sets every field to its default. size is sizeof(disco_options_t) as the caller's header has it: a
 * smaller, older struct is filled as far as it goes. 0, UV_EINVAL (NULL), or DISCO_EOPTIONS (a size
 * that no version has had). */
DISCO_EXTERN int disco_options_init_sized(disco_options_t *options, size_t size);
#define disco_options_init(options) disco_options_init_sized((options), sizeof(*(options)))

/* Sets what the environment says, and leaves the rest as it is:
 *   ETCD_HOSTS, else ETCD_HOST             endpoints
 *   else ETCD_1_PORT_2379_TCP_ADDR, _PORT  container_address, container_port
 *   ETCD_CACERT                            tls_ca
 *   ETCD_TLS_CERT, ETCD_TLS_KEY            tls_certificate, tls_key: only when both are set
 *   ETCD_TLS_INMEMORY                      "true": tls_source is DISCO_TLS_BASE64;
 *                                          "false": DISCO_TLS_FILES
 *   UVDISCO_API                            api: "auto", "v2", "v3" or "both"
 *   HOSTNAME                               hostname
 * Empty variables count as unset. The strings are the environment's own: do not change it before
 * disco_client_new().
 * 0; UV_EINVAL: NULL, or a variable with a value it cannot have; DISCO_EOPTIONS; DISCO_EENDPOINT;
 * at_fault then names the variable; UV_ENOMEM. */
DISCO_EXTERN int disco_options_from_env(disco_options_t *options);

/* Makes a client. Nothing is sent yet.
 *   client   receives the client; not touched on failure.
 *   loop     borrowed until the close callback.
 *   options  borrowed for the call; NULL: all defaults. at_fault is set on failure.
 * 0; UV_EINVAL: NULL, or an option out of its range; DISCO_EOPTIONS: not initialised or from a
 * newer header; DISCO_EENDPOINT; DISCO_EBASE64, DISCO_EPEM, DISCO_EKEYPAIR, or libuv's file error
 * (UV_ENOENT, UV_EACCES, ...): TLS material; UV_ENOMEM; what uv_random() says. */
DISCO_EXTERN int disco_client_new(disco_client_t **client, uv_loop_t *loop,
                                  disco_options_t *options);

/* Called last, from the loop; the client is gone. status: 0, or from disco_client_shutdown() the
 * first failure. */
typedef void (*disco_close_cb)(void *data, int status);

/* Closes at once: whatever is under way ends with UV_ECANCELED, then the callback comes. Hosts that
 * are registered stay in etcd until their time to live has passed. A host name that is just being
 * resolved is waited for, since libuv cannot interrupt that.
 *   cb, data  called last; cb may be NULL.
 * 0; UV_EINVAL; DISCO_ECLOSING: is being closed already. During a shutdown the first call makes it
 * immediate and returns 0; its cb is not called, the shutdown's is, with UV_ECANCELED. */
DISCO_EXTERN int disco_client_close(disco_client_t *client, disco_close_cb cb, void *data);

/* Unregisters all hosts of this client, waits until etcd has confirmed, then closes.
 *   timeout_ms  after so long it closes all the same (UV_ETIMEDOUT); 0: request_timeout_ms.
 *   cb          may be NULL.
 * 0; UV_EINVAL; DISCO_ECLOSING: is being closed already. New calls on the client give
 * DISCO_ECLOSING from here on. */
DISCO_EXTERN int disco_client_shutdown(disco_client_t *client, uint32_t timeout_ms,
                                       disco_close_cb cb, void *data);

/* After unref, heartbeats, watches, their timers and connections no longer keep the loop alive:
 * uv_run() returns when nothing else is active. One-shots, unregistering and closing still do until
 * they have called back. Idle connections never do. Idempotent. */
DISCO_EXTERN void disco_client_ref(disco_client_t *client);
DISCO_EXTERN void disco_client_unref(disco_client_t *client);

/* The loop given to disco_client_new(); NULL for NULL. */
DISCO_EXTERN uv_loop_t *disco_client_loop(const disco_client_t *client);

/* What is known of an error beside its code. */
typedef struct disco_error_detail_s {
    int status;
    int etcd_code;        /* v2: errorCode; v3: gRPC's code; 0 if it was not etcd that spoke */
    const char *endpoint; /* "https://host:2379"; "" if none is concerned */
    const char *message;  /* what etcd, or the TLS library, said; "" if the code says it all */
    /* "v2" or "v3": which of etcd's APIs was spoken ("auto": not chosen yet); "" if none is
     * concerned. */
    const char *api;
} disco_error_detail_t;

/* Detail of the error that the callback now running was given. Outside of a callback, of the last
 * error given. Never NULL, but for NULL; borrowed until the callback returns. */
DISCO_EXTERN const disco_error_detail_t *disco_client_error_detail(const disco_client_t *client);

/* Cancels a one-shot: its callback comes with UV_ECANCELED on a later turn of the loop. What was
 * sent may still take effect.
 * 0; UV_EINVAL: NULL; DISCO_ECLOSING: is cancelled already. */
DISCO_EXTERN int disco_request_cancel(disco_request_t *request);

/* Allocation hooks, for all of the library's own memory (libuv, mbedTLS and cJSON have hooks of
 * their own). The four behave as malloc, realloc, calloc and free. Set them before any other call
 * and from one thread; memory must be freed by the hooks it came from. 0, or UV_EINVAL: one is
 * NULL. */
typedef void *(*disco_malloc_cb)(size_t size);
typedef void *(*disco_realloc_cb)(void *block, size_t size);
typedef void *(*disco_calloc_cb)(size_t count, size_t size);
typedef void (*disco_free_cb)(void *block);
DISCO_EXTERN int disco_replace_allocator(disco_malloc_cb malloc_cb, disco_realloc_cb realloc_cb,
                                         disco_calloc_cb calloc_cb, disco_free_cb free_cb);

#ifdef __cplusplus
}
#endif

#endif
