/* Happy path: listen; accept; record each request; play the next answer of the script, or call the
 * handler. Failure mode: a request that is not what the script expects fails the test. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/scripted_internal.h"

#define BACKLOG 128
#define HIGH_DESCRIPTOR 250

void *scripted_take(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);

    if (block == NULL)
        abort();
    return block;
}

char *scripted_take_text(const char *bytes, size_t size)
{
    char *text = scripted_take(size + 1);

    if (bytes != NULL && size > 0)
        memcpy(text, bytes, size);
    return text;
}

static void free_answer(answer_t *answer)
{
    free(answer->bytes);
    free(answer);
}

void scripted_look_whether_it_has_come(server_t *server)
{
    if (server->awaited != NULL && *server->awaited >= server->awaited_count)
        server->has_come = true;
}

void scripted_release(server_t *server)
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
        scripted_push(connection, answer->bytes, answer->answer.size, answer->answer.split,
                      answer->answer.then);
    free_answer(answer);
}

void scripted_handle(connection_t *connection, server_request_t *request)
{
    server_t *server = connection->server;

    server->requests =
        realloc(server->requests, (server->request_count + 1) * sizeof(server_request_t *));
    if (server->requests == NULL)
        abort();
    server->requests[server->request_count++] = request;
    scripted_look_whether_it_has_come(server);
    if (server->handler != NULL)
        server->handler(server, request, server->handler_data);
    else
        play(connection, request);
}

static void on_connection(uv_stream_t *listener, int status)
{
    assert_int(status, 0);
    scripted_accept(listener->data, listener);
}

static void on_listener_closed(uv_handle_t *listener)
{
    server_t *server = listener->data;

    free(listener);
    scripted_release(server);
}

void server_listen(server_t *server)
{
    struct sockaddr_in address;
    int size = sizeof address;

    if (server->listener != NULL)
        return;
    heap_spare_begin();
    server->listener = scripted_take(sizeof *server->listener);
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
    uv_poll_t *poll = scripted_take(sizeof *poll);
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
    server_t *server = scripted_take(sizeof *server);

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
        scripted_end(connection, false);
}

void server_free(server_t *server)
{
    server_stop_listening(server);
    server_hang_up_all(server);
    scripted_release(server);
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
    *at = scripted_take(sizeof **at);
    (*at)->answer = answer;
    (*at)->bytes = scripted_take_text(answer.bytes, answer.size);
}

void server_set_handler(server_t *server, server_handler_t handler, void *data)
{
    server->handler = handler;
    server->handler_data = data;
}

void server_respond(server_t *server, const server_request_t *request, int status,
                    const char *fields, const char *body)
{
    size_t size = strlen(body) + strlen(fields != NULL ? fields : "") + 128;
    char *bytes = scripted_take(size);
    int used = snprintf(bytes, size, "HTTP/1.1 %d Status\r\n%sContent-Length: %zu\r\n\r\n%s",
                        status, fields != NULL ? fields : "", strlen(body), body);

    server_send(server, request->connection, bytes, (size_t)used);
    free(bytes);
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
    uv_prepare_t *keep = scripted_take(sizeof *keep);

    assert_int(uv_prepare_init(&server->loop->uv, keep), 0);
    assert_int(uv_prepare_start(keep, on_keep), 0);
    server->awaited = count;
    server->awaited_count = wanted;
    server->has_come = false;
    scripted_look_whether_it_has_come(server);
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
