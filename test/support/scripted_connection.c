/* A connection of the scripted server: collects the bytes of a request, sends what it is given, in
 * several turns of the loop where a split asks for it, and closes. When the client closes or
 * resets, later sends do nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "support/scripted_internal.h"

#define MOST_FIELD 1024

typedef struct write_s {
    uv_write_t request;
    connection_t *connection;
    char bytes[];
} write_t;

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
    scripted_release(server);
}

void scripted_end(connection_t *connection, bool reset)
{
    if (connection->closing)
        return;
    connection->closing = true;
    connection->server->closed++;
    scripted_look_whether_it_has_come(connection->server);
    uv_close((uv_handle_t *)&connection->turn, on_handle_closed);
    if (!reset || uv_tcp_close_reset(&connection->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_handle_closed);
}

static void on_written(uv_write_t *request, int status)
{
    write_t *write = request->data;
    connection_t *connection = write->connection;

    (void)status; /* a client that is gone is seen by reading */
    free(write);
    if (--connection->writes == 0 && connection->end_when_written)
        scripted_end(connection, false);
}

static void send_now(connection_t *connection, const char *bytes, size_t size)
{
    uv_buf_t part;
    write_t *write;
    int sent;

    /* libuv reads only. */
    part.base = scripted_take_text(bytes, size);
    part.len = size;
    sent = uv_try_write((uv_stream_t *)&connection->tcp, &part, 1);
    free(part.base);
    if (sent < 0)
        sent = 0;
    if ((size_t)sent == size)
        return;
    write = scripted_take(sizeof *write + size);
    write->request.data = write;
    write->connection = connection;
    memcpy(write->bytes, bytes + sent, size - (size_t)sent);
    part.base = write->bytes;
    part.len = size - (size_t)sent;
    connection->writes++;
    assert_int(uv_write(&write->request, (uv_stream_t *)&connection->tcp, &part, 1, on_written), 0);
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
    if (piece->then == SERVER_CLOSE && connection->writes > 0)
        connection->end_when_written = true;
    else if (piece->then != SERVER_GO_ON)
        scripted_end(connection, piece->then == SERVER_RESET);
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
void scripted_push(connection_t *connection, const char *bytes, size_t size, size_t split,
                   server_then_t then)
{
    piece_t *piece = scripted_take(sizeof *piece + size);
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

static server_request_t *record(connection_t *connection, size_t head_size, size_t body_size)
{
    server_request_t *request = scripted_take(sizeof *request);
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
    request->method = scripted_take_text(input, (size_t)(space - input));
    request->target = scripted_take_text(space + 1, (size_t)(second - space - 1));
    request->line = scripted_take_text(input, (size_t)(line_end - input));
    request->head = scripted_take_text(line_end + 2, (size_t)(input + head_size - line_end - 4));
    request->body = scripted_take_text(input + head_size, body_size);
    request->body_size = body_size;
    return request;
}

static size_t body_size_of(const char *input, size_t head_size)
{
    server_request_t probe = {0};
    const char *line_end = strstr(input, "\r\n");
    const char *value;
    size_t size;

    probe.head = scripted_take_text(line_end + 2, (size_t)(input + head_size - line_end - 4));
    value = server_request_field(&probe, "Content-Length");
    size = value != NULL ? (size_t)strtoull(value, NULL, 10) : 0;
    free(probe.head);
    return size;
}

/* Takes one whole request off the input; false when there is none. */
static bool next_request(connection_t *connection)
{
    const char *head_end;
    server_request_t *request;
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
    scripted_handle(connection, request);
    return true;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle;
    buffer->base = scripted_take(size);
    buffer->len = size;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    connection_t *connection = stream->data;

    heap_spare_begin();
    if (size < 0) {
        scripted_end(connection, false);
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

void scripted_accept(server_t *server, uv_stream_t *listener)
{
    connection_t *connection = scripted_take(sizeof *connection);

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
        scripted_end(connection, false);
    } else {
        scripted_look_whether_it_has_come(server);
        (void)uv_tcp_nodelay(&connection->tcp, 1);
        assert_int(uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read), 0);
        uv_unref((uv_handle_t *)&connection->tcp);
    }
    heap_spare_end();
}

void server_send_split(server_t *server, size_t number, const void *bytes, size_t size,
                       size_t split)
{
    connection_t *connection = find(server, number);

    if (connection == NULL)
        return;
    heap_spare_begin();
    scripted_push(connection, bytes, size, split, SERVER_GO_ON);
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

/* Behind what is still to be sent. */
static void end_after_pieces(server_t *server, size_t number, server_then_t then)
{
    connection_t *connection = find(server, number);

    if (connection == NULL)
        return;
    heap_spare_begin();
    scripted_push(connection, NULL, 0, 0, then);
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
