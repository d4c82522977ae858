/* Happy path: listen; accept; collect the bytes of a request; record it; play the next answer of
 * the script, or call the handler; send, in several turns of the loop where a split asks for it; go
 * on. Failure modes: the client closes or resets: the connection is closed and later sends do
 * nothing. A request that is not what the script expects fails the test. */
#include "support/scripted_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "support/test.h"

#define BACKLOG 128
#define MOST_FIELD 1024
#define HIGH_DESCRIPTOR 250

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

typedef struct write_s {
    uv_write_t request;
    char bytes[];
} write_t;

static void *take(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);

    if (block == NULL)
        abort();
    return block;
}

static char *take_text(const char *bytes, size_t size)
{
    char *text = take(size + 1);

    if (size > 0)
        memcpy(text, bytes, size);
    return text;
}

static void free_answer(answer_t *answer)
{
    free(answer->bytes);
    free(answer);
}

static void look_whether_it_has_come(server_t *server)
{
    if (server->awaited != NULL && *server->awaited >= server->awaited_count)
        server->has_come = true;
}

static void release(server_t *server)
{
    size_t i;

    if (--server->users > 0)
        return;
    for (i = 0; i < server->request_count; i++) {
        free(server->requests[i]->method);
        free(server->requests[i]->target);
        free(server->requests[i]->line);
        free(server->requests[i]->head);
        free(server->requests[i]->body);
        free(server->requests[i]);
    }
    while (server->script != NULL) {
        answer_t *answer = server->script;

        server->script = answer->next;
        free_answer(answer);
    }
    free(server->requests);
    free(server);
}

static connection_t *find(const server_t *server, size_t number)
{
    connection_t *connection = server->connections;

    while (connection != NULL && connection->number != number)
        connection = connection->next;
    return connection != NULL && !connection->closing ? connection : NULL;
}

static void on_handle_closed(uv_handle_t *handle)
{
    connection_t *connection = handle->data;
    server_t *server = connection->server;
    connection_t **at = &server->connections;

    if (--connection->handles > 0)
        return;
    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
    while (connection->pieces != NULL) {
        piece_t *piece = connection->pieces;

        connection->pieces = piece->next;
        free(piece);
    }
    free(connection->input);
    free(connection);
    release(server);
}

static void end(connection_t *connection, bool reset)
{
    if (connection->closing)
        return;
    connection->closing = true;
    connection->server->closed++;
    look_whether_it_has_come(connection->server);
    uv_close((uv_handle_t *)&connection->turn, on_handle_closed);
    if (!reset || uv_tcp_close_reset(&connection->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_handle_closed);
}

static void on_written(uv_write_t *request, int status)
{
    (void)status; /* a client that is gone is seen by reading */
    free(request->data);
}

static void send_now(connection_t *connection, const char *bytes, size_t size)
{
    uv_buf_t part;
    write_t *write;
    int sent;

    /* libuv reads only. */
    part.base = take_text(bytes, size);
    part.len = size;
    sent = uv_try_write((uv_stream_t *)&connection->tcp, &part, 1);
    free(part.base);
    if (sent < 0)
        sent = 0;
    if ((size_t)sent == size)
        return;
    write = take(sizeof *write + size);
    write->request.data = write;
    memcpy(write->bytes, bytes + sent, size - (size_t)sent);
    part.base = write->bytes;
    part.len = size - (size_t)sent;
    if (uv_write(&write->request, (uv_stream_t *)&connection->tcp, &part, 1, on_written) != 0)
        free(write);
}

/* Sends the next part. False when nothing is left. */
static bool send_part(connection_t *connection)
{
    piece_t *piece = connection->pieces;
    size_t size;

    if (piece == NULL || connection->closing)
        return false;
    size = piece->size - piece->sent;
    if (piece->split == SERVER_BYTEWISE && size > 1)
        size = 1;
    else if (piece->split > piece->sent && piece->split < piece->size)
        size = piece->split - piece->sent;
    if (size > 0)
        send_now(connection, piece->bytes + piece->sent, size);
    piece->sent += size;
    if (piece->sent < piece->size)
        return true;
    connection->pieces = piece->next;
    if (piece->then != SERVER_GO_ON)
        end(connection, piece->then == SERVER_RESET);
    free(piece);
    return connection->pieces != NULL && !connection->closing;
}

static void on_turn(uv_idle_t *turn)
{
    connection_t *connection = turn->data;

    heap_spare_begin();
    if (!send_part(connection) && !connection->closing)
        (void)uv_idle_stop(turn);
    heap_spare_end();
}

/* Whatever has no split before it is sent at once. */
static void push(connection_t *connection, const char *bytes, size_t size, size_t split,
                 server_then_t then)
{
    piece_t *piece = take(sizeof *piece + size);
    piece_t **at = &connection->pieces;
    bool first = *at == NULL;

    if (size > 0)
        memcpy(piece->bytes, bytes, size);
    piece->size = size;
    piece->split = split;
    piece->then = then;
    while (*at != NULL)
        at = &(*at)->next;
    *at = piece;
    if (first && send_part(connection) && !connection->closing) {
        (void)uv_idle_start(&connection->turn, on_turn);
        uv_unref((uv_handle_t *)&connection->turn);
    }
}

static void play(connection_t *connection, const server_request_t *request)
{
    answer_t *answer = connection->server->script;
    const char *expect;

    if (answer == NULL)
        return;
    connection->server->script = answer->next;
    expect = answer->answer.expect;
    if (expect != NULL && strncmp(request->line, expect, strlen(expect)) != 0)
        fail_msg("expected \"%s\", got \"%s\"", expect, request->line);
    if (answer->answer.size > 0 || answer->answer.then != SERVER_GO_ON)
        push(connection, answer->bytes, answer->answer.size, answer->answer.split,
             answer->answer.then);
    free_answer(answer);
}

static server_request_t *record(connection_t *connection, size_t head_size, size_t body_size)
{
    server_t *server = connection->server;
    server_request_t *request = take(sizeof *request);
    const char *input = connection->input;
    const char *line_end = strstr(input, "\r\n");
    const char *space = strchr(input, ' ');
    const char *second;

    if (space == NULL || space > line_end)
        fail_msg("no request: %.60s", input);
    second = strchr(space + 1, ' ');
    if (second == NULL || second > line_end)
        fail_msg("no request: %.60s", input);
    request->connection = connection->number;
    request->method = take_text(input, (size_t)(space - input));
    request->target = take_text(space + 1, (size_t)(second - space - 1));
    request->line = take_text(input, (size_t)(line_end - input));
    request->head = take_text(line_end + 2, (size_t)(input + head_size - line_end - 4));
    request->body = take_text(input + head_size, body_size);
    request->body_size = body_size;
    server->requests =
        realloc(server->requests, (server->request_count + 1) * sizeof(server_request_t *));
    if (server->requests == NULL)
        abort();
    server->requests[server->request_count++] = request;
    look_whether_it_has_come(server);
    return request;
}

const char *server_request_field(const server_request_t *request, const char *name)
{
    static char value[MOST_FIELD];
    const char *at = request->head;
    size_t name_size = strlen(name);

    while (*at != '\0') {
        const char *line_end = strstr(at, "\r\n");

        if (strncasecmp(at, name, name_size) == 0 && at[name_size] == ':') {
            at += name_size + 1;
            at += strspn(at, " ");
            (void)snprintf(value, sizeof value, "%.*s", (int)(line_end - at), at);
            return value;
        }
        at = line_end + 2;
    }
    return NULL;
}

static size_t body_size_of(const char *input, size_t head_size)
{
    server_request_t probe = {0};
    const char *line_end = strstr(input, "\r\n");
    const char *value;
    size_t size;

    probe.head = take_text(line_end + 2, (size_t)(input + head_size - line_end - 4));
    value = server_request_field(&probe, "Content-Length");
    size = value != NULL ? (size_t)strtoull(value, NULL, 10) : 0;
    free(probe.head);
    return size;
}

/* Takes one whole request off the input; false when there is none. */
static bool next_request(connection_t *connection)
{
    server_t *server = connection->server;
    const char *head_end;
    const server_request_t *request;
    size_t head_size;
    size_t body_size;

    if (connection->closing || connection->input == NULL)
        return false;
    head_end = strstr(connection->input, "\r\n\r\n");
    if (head_end == NULL)
        return false;
    head_size = (size_t)(head_end - connection->input) + 4;
    body_size = body_size_of(connection->input, head_size);
    if (connection->input_size - head_size < body_size)
        return false;
    request = record(connection, head_size, body_size);
    connection->input_size -= head_size + body_size;
    memmove(connection->input, connection->input + head_size + body_size,
            connection->input_size + 1);
    if (server->handler != NULL)
        server->handler(server, request, server->handler_data);
    else
        play(connection, request);
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle;
    buffer->base = take(size);
    buffer->len = size;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    connection_t *connection = stream->data;

    heap_spare_begin();
    if (size < 0) {
        end(connection, false);
    } else if (size > 0) {
        size_t total = connection->input_size + (size_t)size;

        connection->input = realloc(connection->input, total + 1);
        if (connection->input == NULL)
            abort();
        memcpy(connection->input + connection->input_size, buffer->base, (size_t)size);
        connection->input[total] = '\0';
        connection->input_size = total;
        while (next_request(connection))
            ;
    }
    free(buffer->base);
    heap_spare_end();
}

static void on_connection(uv_stream_t *listener, int status)
{
    server_t *server = listener->data;
    connection_t *connection = take(sizeof *connection);

    assert_int(status, 0);
    heap_spare_begin();
    connection->server = server;
    connection->number = server->accepted++;
    connection->handles = 2;
    server->users++;
    assert_int(uv_idle_init(&server->loop->uv, &connection->turn), 0);
    assert_int(uv_tcp_init(&server->loop->uv, &connection->tcp), 0);
    connection->turn.data = connection;
    connection->tcp.data = connection;
    connection->next = server->connections;
    server->connections = connection;
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0) {
        end(connection, false);
    } else {
        look_whether_it_has_come(server);
        (void)uv_tcp_nodelay(&connection->tcp, 1);
        assert_int(uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read), 0);
        uv_unref((uv_handle_t *)&connection->tcp);
    }
    heap_spare_end();
}

static void on_listener_closed(uv_handle_t *listener)
{
    server_t *server = listener->data;

    free(listener);
    release(server);
}

void server_listen(server_t *server)
{
    struct sockaddr_in address;
    int size = sizeof address;

    if (server->listener != NULL)
        return;
    heap_spare_begin();
    server->listener = take(sizeof *server->listener);
    server->users++;
    assert_int(uv_tcp_init(&server->loop->uv, server->listener), 0);
    server->listener->data = server;
    assert_int(uv_ip4_addr("127.0.0.1", server->port, &address), 0);
    assert_int(uv_tcp_bind(server->listener, (const struct sockaddr *)&address, 0), 0);
    assert_int(uv_listen((uv_stream_t *)server->listener, BACKLOG, on_connection), 0);
    assert_int(uv_tcp_getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    uv_unref((uv_handle_t *)server->listener);
    heap_spare_end();
}

void server_stop_listening(server_t *server)
{
    if (server->listener == NULL)
        return;
    uv_close((uv_handle_t *)server->listener, on_listener_closed);
    server->listener = NULL;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void on_poll_closed(uv_handle_t *poll)
{
    free(poll);
}

/* libuv aborts when it cannot grow its table of file descriptors: grown here, it does not have to
 * be in a test that makes allocations fail. */
static void grow_watchers(test_loop_t *loop)
{
    uv_poll_t *poll = take(sizeof *poll);
    int ends[2];
    int high;

    assert_int(pipe(ends), 0);
    high = dup2(ends[0], HIGH_DESCRIPTOR);
    assert_int(high, HIGH_DESCRIPTOR);
    heap_spare_begin();
    assert_int(uv_poll_init(&loop->uv, poll, high), 0);
    assert_int(uv_poll_start(poll, UV_READABLE, on_poll), 0);
    uv_close((uv_handle_t *)poll, on_poll_closed);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    heap_spare_end();
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(high);
}

server_t *server_new(test_loop_t *loop)
{
    server_t *server = take(sizeof *server);

    server->loop = loop;
    server->users = 1;
    grow_watchers(loop);
    server_listen(server);
    return server;
}

void server_hang_up_all(server_t *server)
{
    connection_t *connection;

    for (connection = server->connections; connection != NULL; connection = connection->next)
        end(connection, false);
}

void server_free(server_t *server)
{
    server_stop_listening(server);
    server_hang_up_all(server);
    release(server);
}

uint16_t server_port(const server_t *server)
{
    return server->port;
}

void server_add(server_t *server, server_answer_t answer)
{
    answer_t **at = &server->script;

    while (*at != NULL)
        at = &(*at)->next;
    if (answer.bytes != NULL && answer.size == 0)
        answer.size = strlen(answer.bytes);
    *at = take(sizeof **at);
    (*at)->answer = answer;
    (*at)->bytes = take_text(answer.bytes, answer.size);
}

void server_set_handler(server_t *server, server_handler_t handler, void *data)
{
    server->handler = handler;
    server->handler_data = data;
}

void server_send_split(server_t *server, size_t number, const void *bytes, size_t size,
                       size_t split)
{
    connection_t *connection = find(server, number);

    if (connection == NULL)
        return;
    heap_spare_begin();
    push(connection, bytes, size, split, SERVER_GO_ON);
    heap_spare_end();
}

void server_send(server_t *server, size_t number, const void *bytes, size_t size)
{
    server_send_split(server, number, bytes, size, 0);
}

void server_send_text(server_t *server, size_t number, const char *text)
{
    server_send(server, number, text, strlen(text));
}

void server_respond(server_t *server, const server_request_t *request, int status,
                    const char *fields, const char *body)
{
    size_t size = strlen(body) + strlen(fields != NULL ? fields : "") + 128;
    char *bytes = take(size);
    int used = snprintf(bytes, size, "HTTP/1.1 %d Status\r\n%sContent-Length: %zu\r\n\r\n%s",
                        status, fields != NULL ? fields : "", strlen(body), body);

    server_send(server, request->connection, bytes, (size_t)used);
    free(bytes);
}

/* Behind what is still to be sent. */
static void end_after_pieces(server_t *server, size_t number, server_then_t then)
{
    connection_t *connection = find(server, number);

    if (connection == NULL)
        return;
    heap_spare_begin();
    push(connection, NULL, 0, 0, then);
    heap_spare_end();
}

void server_hang_up(server_t *server, size_t number)
{
    end_after_pieces(server, number, SERVER_CLOSE);
}

void server_reset(server_t *server, size_t number)
{
    end_after_pieces(server, number, SERVER_RESET);
}

size_t server_request_count(const server_t *server)
{
    return server->request_count;
}

const server_request_t *server_request(const server_t *server, size_t number)
{
    if (number >= server->request_count)
        fail_msg("request %zu has not come, only %zu", number, server->request_count);
    return server->requests[number];
}

size_t server_connection_count(const server_t *server)
{
    return server->accepted;
}

size_t server_open_count(const server_t *server)
{
    return server->accepted - server->closed;
}

static void on_keep(uv_prepare_t *keep)
{
    (void)keep;
}

static void on_keep_closed(uv_handle_t *keep)
{
    free(keep);
}

/* Keeps the loop alive meanwhile, which the server's own handles do not. */
static void wait_for(server_t *server, const size_t *count, size_t wanted, const char *what)
{
    uv_prepare_t *keep = take(sizeof *keep);

    assert_int(uv_prepare_init(&server->loop->uv, keep), 0);
    assert_int(uv_prepare_start(keep, on_keep), 0);
    server->awaited = count;
    server->awaited_count = wanted;
    server->has_come = false;
    look_whether_it_has_come(server);
    test_loop_run_until(server->loop, &server->has_come, what, __FILE__, __LINE__);
    server->awaited = NULL;
    uv_close((uv_handle_t *)keep, on_keep_closed);
}

void server_wait_for_requests(server_t *server, size_t count)
{
    wait_for(server, &server->request_count, count, "requests at the server");
}

void server_wait_for_connections(server_t *server, size_t count)
{
    wait_for(server, &server->accepted, count, "connections to the server");
}

void server_wait_for_closed(server_t *server, size_t count)
{
    wait_for(server, &server->closed, count, "closed connections at the server");
}
