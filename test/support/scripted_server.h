/* An HTTP server for tests, on 127.0.0.1 and on the test's own loop. Three ways to use it, in one
 * test if need be:
 *
 * A script: answers, used up one by one as requests come, on whatever connection:
 *
 *     server_t *server = server_new(&loop);
 *     server_add(server, (server_answer_t){.expect = "GET /a ", .bytes = "HTTP/1.1 204 No
 * Content\r\n\r\n"}); server_add(server, (server_answer_t){.bytes = half_a_response, .then =
 * SERVER_CLOSE});
 *     ... let the library ask server_port(server) ...
 *     server_free(server);
 *     loop_close(&loop);
 *
 * A request for which the script has no answer is recorded and left unanswered.
 *
 * A handler, called with each request instead (a small fake etcd): it answers with server_respond()
 * or server_send(), at once or later on, since server_send() takes the number of a connection.
 *
 * By hand: server_send(), server_hang_up() and server_reset() on the connection of that number at
 * any time.
 *
 * The server never keeps a loop alive, so loop_run() ends when the library has nothing more to do;
 * to wait for what the server sees, use the functions named server_wait_... . What it allocates
 * neither fails nor counts in support/heap.h. */
#ifndef TEST_SUPPORT_SCRIPTED_SERVER_H
#define TEST_SUPPORT_SCRIPTED_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"

typedef struct server_s server_t;

/* A request that was received whole, kept until server_free(). */
typedef struct server_request_s {
    size_t
        connection; /* number of the connection that it came on, from 0 in the order of accepting */
    char *method;
    char *target;
    char *line; /* "GET /a HTTP/1.1" */
    char *head; /* the header lines as received, each with its CRLF */
    char *body; /* with a NUL behind it */
    size_t body_size;
} server_request_t;

typedef enum server_then_e {
    SERVER_GO_ON, /* be ready for the next request */
    SERVER_CLOSE,
    SERVER_RESET /* RST; what the client has not read yet may be lost to it */
} server_then_t;

#define SERVER_BYTEWISE SIZE_MAX

typedef struct server_answer_s {
    const char *expect; /* the request's first line must begin so; NULL: any */
    const char *bytes; /* sent as they are, copied; NULL: nothing, and with SERVER_GO_ON the request
                          stalls */
    size_t size;       /* 0: up to the NUL */
    size_t split;      /* 0: sent at once; n: the first n bytes, and the rest in a later turn; or
                          SERVER_BYTEWISE */
    server_then_t then; /* once all is sent */
} server_answer_t;

typedef void (*server_handler_t)(server_t *server, const server_request_t *request, void *data);

/* Listens on a port of its own. */
server_t *server_new(test_loop_t *loop);

/* Closes everything. The memory is freed while loop_close() runs. */
void server_free(server_t *server);

uint16_t server_port(const server_t *server);

/* Refuses connections from now on (open ones stay), and accepts them again, on the same port. */
void server_stop_listening(server_t *server);
void server_listen(server_t *server);

void server_add(server_t *server, server_answer_t answer);

/* From now on each request goes to the handler; NULL: to the script. */
void server_set_handler(server_t *server, server_handler_t handler, void *data);

/* Sends a whole response with a Content-Length. fields: more header lines, each with its CRLF;
 * NULL: none. */
void server_respond(server_t *server, const server_request_t *request, int status,
                    const char *fields, const char *body);

/* Each does nothing on a connection that is closed already. What the split has put off is sent
 * first. */
void server_send(server_t *server, size_t connection, const void *bytes, size_t size);
void server_send_text(server_t *server, size_t connection, const char *text);
void server_send_split(server_t *server, size_t connection, const void *bytes, size_t size,
                       size_t split);
void server_hang_up(server_t *server, size_t connection);
void server_reset(server_t *server, size_t connection);
void server_hang_up_all(server_t *server);

/* Header field of a request, any case; NULL if there is none. Static; until the next call. */
const char *server_request_field(const server_request_t *request, const char *name);

/* What has come so far. */
size_t server_request_count(const server_t *server);
const server_request_t *server_request(const server_t *server, size_t number);
size_t server_connection_count(const server_t *server); /* ever accepted */
size_t server_open_count(const server_t *server);       /* of these, open now */

/* Run the loop until so many have come, or been closed, in all; they fail after a minute. */
void server_wait_for_requests(server_t *server, size_t count);
void server_wait_for_connections(server_t *server, size_t count);
void server_wait_for_closed(server_t *server, size_t count);

#endif
