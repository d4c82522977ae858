/* What the two files of the scripted server share. */
#ifndef TEST_SUPPORT_SCRIPTED_INTERNAL_H
#define TEST_SUPPORT_SCRIPTED_INTERNAL_H

#include "support/scripted_server.h"
#include "support/test.h"

typedef struct piece_s {
    struct piece_s *next;
    size_t size;
    size_t sent;
    size_t split; /* bytes in the first part, SERVER_BYTEWISE, or 0 */
    server_then_t then;
    char bytes[];
} piece_t;

typedef struct connection_s {
    struct connection_s *next;
    server_t *server;
    size_t number;
    uv_tcp_t tcp;
    uv_idle_t turn; /* active while parts are to be sent in later turns */
    piece_t *pieces;
    char *input;
    size_t input_size;
    size_t handles; /* not closed yet */
    size_t writes;  /* under way in libuv */
    bool end_when_written;
    bool closing;
} connection_t;

typedef struct answer_s {
    struct answer_s *next;
    server_answer_t answer;
    char *bytes;
} answer_t;

struct server_s {
    test_loop_t *loop;
    uv_tcp_t *listener; /* NULL while not listening */
    uint16_t port;
    connection_t *connections;
    size_t accepted;
    size_t closed;
    server_request_t **requests;
    size_t request_count;
    answer_t *script;
    server_handler_t handler;
    void *handler_data;
    size_t users;          /* itself until freed, and each handle */
    const size_t *awaited; /* one of the counts above, while one is waited for */
    size_t awaited_count;
    bool has_come;
};

/* Memory that is not counted; zeroed. They abort when there is none. */
void *scripted_take(size_t size);
char *scripted_take_text(const char *bytes, size_t size);

/* Called when a count has changed. */
void scripted_look_whether_it_has_come(server_t *server);

void scripted_release(server_t *server);

/* A request was received whole. */
void scripted_handle(connection_t *connection, server_request_t *request);

/* Takes over the connection that is waiting at the listener. */
void scripted_accept(server_t *server, uv_stream_t *listener);

/* Sends; at once if nothing that has a split is before it. */
void scripted_push(connection_t *connection, const char *bytes, size_t size, size_t split,
                   server_then_t then);

void scripted_end(connection_t *connection, bool reset);

#endif
