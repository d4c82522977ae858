/* libcurl's multi interface on a libuv loop, and requests that keep their easy handle, their buffer
 * and, libcurl willing, their connection. */
#ifndef CURL_ENGINE_H
#define CURL_ENGINE_H

#include <curl/curl.h>
#include <uv.h>

#include "arguments.h"
#include "program.h"

typedef struct engine_s {
    uv_loop_t loop;
    uv_timer_t timer;
    bench_guard_t guard;
    CURLM *multi;
    const bench_arguments_t *arguments;
    const char *url;
    int is_v2;
    uint64_t requests; /* that were answered */
} engine_t;

typedef struct transfer_s transfer_t;
typedef void (*transfer_cb)(transfer_t *transfer);

/* A part of a body that never ends. */
typedef void (*transfer_body_cb)(transfer_t *transfer, const char *data, size_t size);

struct transfer_s {
    engine_t *engine;
    CURL *easy;
    struct curl_slist *headers;
    char *body; /* of the answer, complete when on_done is called */
    size_t size;
    size_t room;
    transfer_cb on_done;
    transfer_body_cb on_body; /* NULL: the body is gathered */
    void *data;
    int is_running;
    int is_enough; /* set by on_body: the rest is not wanted, and on_done is called */
};

/* By url= api= timeout=; connections: so many are kept. */
void engine_start(engine_t *engine, const bench_arguments_t *arguments, size_t connections);

/* Closes the connections; the loop then ends by itself, once no transfer is there any more. */
void engine_stop(engine_t *engine);

/* Runs the loop until engine_stop(). */
void engine_run(engine_t *engine);

/* With ca= cert= key=. on_done is called for answers with status 200 and 201 only: any other, and
 * all failures, end the program. */
void transfer_open(transfer_t *transfer, engine_t *engine, transfer_cb on_done, void *data);
void transfer_close(transfer_t *transfer);

/* What is asked. The body stays with the caller. type: NULL: of JSON. */
void transfer_get(transfer_t *transfer, const char *target);
void transfer_send(transfer_t *transfer, const char *method, const char *target, const char *type,
                   const char *body, size_t size);

void transfer_start(transfer_t *transfer);
void transfer_cancel(transfer_t *transfer);

#endif
