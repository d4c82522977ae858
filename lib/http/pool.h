/* Keep-alive connections to one target, and the requests that wait for one. */
#ifndef DISCO_HTTP_POOL_H
#define DISCO_HTTP_POOL_H

#include "http/request.h"
#include "net/dial.h"

typedef struct disco__pool_options_s {
    uint32_t connect_ms;
    uint32_t tls_ms;
    uint32_t idle_ms;       /* a connection unused for so long is closed */
    size_t max_connections; /* at once, long polls not counted */
    size_t max_header_bytes;
    size_t max_body_bytes;
} disco__pool_options_t;

typedef struct disco__pool_s {
    disco__loop_t *loop;
    disco__target_t *target;
    disco__pool_options_t options;
    disco__queue_t idle; /* last used first */
    disco__queue_t busy; /* dialling, or with a request */
    disco__queue_t waiting;
    disco__queue_t failed; /* requests that will be told so on a later turn */
    size_t waiting_count;
    size_t dialled_for_anyone; /* connections being opened for whoever waits first then */
    size_t counted;    /* connections being opened, or with a request, less those of long polls */
    uint64_t arrivals; /* how many requests have come to wait */
} disco__pool_t;

/* target is borrowed until close; options are copied. */
void disco__pool_init(disco__pool_t *pool, disco__loop_t *loop, disco__target_t *target,
                      const disco__pool_options_t *options);

/* Closes every connection. Requests under way are dropped without a call back. The struct may be
 * freed at once. */
void disco__pool_close(disco__pool_t *pool);

/* Every failure comes by on_done, on a later turn. */
void disco__pool_send(disco__pool_t *pool, disco__http_request_t *request);

/* Without a call back; a request that was sent takes its connection with it. Harmless for one that
 * is not under way. */
void disco__pool_cancel(disco__pool_t *pool, disco__http_request_t *request);

/* True while the request waits for one of the connections that are open to become free: its time
 * has not begun yet, and the target is not to blame. */
bool disco__pool_is_queued(const disco__pool_t *pool, const disco__http_request_t *request);

/* Closes the idle connections: for an endpoint that has just failed, whose kept connections are
 * likely dead. */
void disco__pool_drop_idle(disco__pool_t *pool);

#endif
