/* The least that an HTTP client on libuv and llhttp has to do: one write for a request, one read
 * buffer for all connections, the body only looked at in passing. */
#ifndef FLOOR_HTTP_H
#define FLOOR_HTTP_H

#include <llhttp.h>
#include <stdint.h>
#include <uv.h>

#include "arguments.h"

typedef struct http_s http_t;

/* A part of a body; and that an answer is whole. */
typedef void (*http_body_cb)(http_t *http, const char *data, size_t size);
typedef void (*http_done_cb)(http_t *http);

struct http_s {
    uv_tcp_t tcp;
    uv_connect_t connect;
    llhttp_t parser;
    const char *request; /* the bytes that are sent */
    size_t request_size;
    uint64_t body_size; /* of the answer under way */
    uint64_t index;     /* X-Etcd-Index of the last answer */
    int index_follows;
    http_body_cb on_body; /* NULL: the body is counted and nothing else */
    http_done_cb on_done;
    void *data;
};

/* Connects, and sends the request when it has. All failures end the program. */
void http_open(http_t *http, uv_loop_t *loop, const bench_url_t *url);
void http_send(http_t *http);
void http_close(http_t *http);

/* The text of a request with this body; NULL: GET. To be freed. */
char *http_request(const bench_url_t *url, const char *target, const char *body);

/* base64 of a text; to be freed. */
char *http_base64(const char *text);

#endif
