/* One HTTP/1.1 exchange, as the pool and the connection see it, or two in a row: requests that are
 * sent by one write, on one connection, and answered one after the other (RFC 9112, section 9.3.2).
 * The struct is the caller's and stays where it is until on_done was called or disco__pool_cancel()
 * has returned. */
#ifndef DISCO_HTTP_REQUEST_H
#define DISCO_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "base/queue.h"
#include "base/tick.h"

typedef struct disco__http_head_s disco__http_head_t;
typedef struct disco__http_request_s disco__http_request_t;
struct disco__connection_s;

struct disco__http_request_s {
    /* Set by the caller before each send. */
    disco__buffer_t
        bytes; /* the whole request; kept until the request ends, since it may be sent twice */
    size_t second_at; /* where a second request begins in bytes; then it must be repeatable. 0:
                         there is none */
    bool in_turn;     /* the second is sent when the first is answered; the pool sets this for those
                         that it sends again (RFC 9112, section 9.3.2) */
    bool repeatable;  /* may be sent again when a kept connection turns out to be dead */
    bool long_poll;   /* waits for as long as it takes once the head of the response has come; has a
                        connection beside the limit */
    uint32_t response_ms; /* from sending to the end of the response, or for long_poll to its head;
                             0: no limit */
    size_t body_limit;    /* most bytes of the body; 0: the pool's */
    /* It is being written to a connection, maybe a second time; may come from inside
     * disco__pool_send(). Nothing may be cancelled inside. NULL: nobody asks. */
    void (*on_sent)(disco__http_request_t *request);
    /* All from the loop, never from inside disco__pool_send(). In each the request may be
     * cancelled, or the pool closed. */
    void (*on_head)(disco__http_request_t *request,
                    const disco__http_head_t *head); /* may be NULL */
    void (*on_body)(disco__http_request_t *request, const char *bytes, size_t size);
    /* The first of two responses is complete; head and body of the second follow. */
    void (*on_first)(disco__http_request_t *request);
    /* Last, once: status of failure 0 when the response was complete, else UV_ETIMEDOUT, UV_EOF or
     * UV_ECONNRESET (closed before or in the response), DISCO_EPROTOCOL, DISCO_ETOOLARGE, or a
     * failure to connect. May send the request again, or free it. */
    void (*on_done)(disco__http_request_t *request, const disco__failure_t *failure);

    /* The pool's own. */
    disco__queue_t node;
    struct disco__connection_s *connection;
    disco__tick_t tick;
    int early_error;
    bool sent_again;
    bool in_second;   /* the first of two responses is complete */
    uint64_t arrival; /* the how-manieth it is to wait in the pool */
};

/* Clears the struct. */
void disco__http_request_init(disco__http_request_t *request);

/* Frees the bytes, wiping them. The request must not be under way. */
void disco__http_request_free(disco__http_request_t *request);

/* The head of a response, borrowed during on_head. 1xx responses are passed over. */
int disco__http_head_status(const disco__http_head_t *head);
/* The first field of that name (any case), NULL if there is none. */
const char *disco__http_head_field(const disco__http_head_t *head, const char *name);
/* One field after the other; *at is 0 before the first. False: there is none left. */
bool disco__http_head_next(const disco__http_head_t *head, size_t *at, const char **name,
                           const char **value);

#endif
