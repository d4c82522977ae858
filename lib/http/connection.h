/* One connection, dialled when it is made, that carries one exchange after another. Which request
 * goes where is the pool's business. */
#ifndef DISCO_HTTP_CONNECTION_H
#define DISCO_HTTP_CONNECTION_H

#include "base/timer.h"
#include "http/parser.h"
#include "http/pool.h"

typedef struct disco__connection_s disco__connection_t;

/* From the loop only, each as the last thing that the connection does in that turn. */
typedef struct disco__connection_events_s {
    void (*on_open)(disco__connection_t *connection);
    /* The response is complete and the connection without a request; reusable or to be closed. */
    void (*on_complete)(disco__connection_t *connection, disco__http_request_t *request,
                        bool reusable);
    /* The dial or the exchange failed, or the connection was idle and is over. To be closed; still
     * has its request. */
    void (*on_failed)(disco__connection_t *connection, const disco__failure_t *failure);
} disco__connection_events_t;

struct disco__connection_s {
    disco__pool_t *pool;
    const disco__connection_events_t *events;
    disco__queue_t node;            /* in a list of the pool */
    disco__loop_t *loop;            /* outlives the pool */
    disco__dial_t *dial;            /* until it is open */
    disco__stream_t *stream;        /* from then on */
    disco__http_request_t *request; /* being answered, or to be sent once open; NULL: none */
    disco__parser_t parser;
    disco__timer_t deadline;
    disco__timer_t idle;
    disco__tick_t freeing;
    uint64_t arrivals; /* how many had come to wait in the pool when the dial began */
    bool counted;      /* against the pool's limit */
    bool kept;         /* has answered a request before */
    bool heard;        /* of the response at least one byte has come */
    bool closed;
};

/* Dials. 0 or UV_ENOMEM. */
int disco__connection_new(disco__connection_t **connection, disco__pool_t *pool,
                          const disco__connection_events_t *events);

/* Ties a request to a connection that is still being dialled; sent by disco__connection_send() once
 * it is open. */
void disco__connection_promise(disco__connection_t *connection, disco__http_request_t *request);

/* Sends on a connection that is open; of two requests, those without a response. 0; or UV_ENOMEM or
 * the stream's error, nothing having been sent: the connection is then to be closed, and still has
 * the request. */
int disco__connection_send(disco__connection_t *connection, disco__http_request_t *request);

/* Nothing to do: does not keep the loop alive, and fails with UV_ETIMEDOUT after the pool's idle
 * time. */
void disco__connection_rest(disco__connection_t *connection);

/* Closes at once and lets go of its request; frees itself on a later turn, so this may be called
 * from inside any event. */
void disco__connection_close(disco__connection_t *connection);

#endif
