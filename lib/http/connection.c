/* Happy path: dial; on_open; for each request, or two in a row: one write, the response through the
 * parser to the request's callbacks, on_complete; between requests it rests. Failure modes: the
 * dial fails; the response does not come in time; the stream ends before or in the response, or
 * between two of them, which is as if a kept connection turned out to be dead; the response is
 * malformed or too large; bytes come while no request is under way. All end in on_failed. A
 * callback of the request may close the connection while the parser is on the stack: the parser is
 * stopped then, and the memory stays until a later turn. */
#include "http/connection.h"

#include <uvdisco/error.h>

static void fail(disco__connection_t *connection, int status, const char *message)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    if (message != NULL)
        disco__failure_set(&failure, status, "%s", message);
    else
        disco__failure_set(&failure, status, NULL);
    connection->events->on_failed(connection, &failure);
}

static void on_deadline(disco__timer_t *timer)
{
    disco__connection_t *connection = disco__container_of(timer, disco__connection_t, deadline);

    fail(connection, UV_ETIMEDOUT, "no response in time");
}

static void on_idle_over(disco__timer_t *timer)
{
    disco__connection_t *connection = disco__container_of(timer, disco__connection_t, idle);

    fail(connection, UV_ETIMEDOUT, NULL);
}

/* A long poll is held from here on, maybe for days, and there may be very many of them: they do not
 * keep their heads. */
static void on_head(void *data, const disco__http_head_t *head)
{
    disco__connection_t *connection = data;
    disco__http_request_t *request = connection->request;
    bool long_poll = request->long_poll;

    if (long_poll)
        disco__timer_stop(connection->loop, &connection->deadline);
    if (request->on_head != NULL)
        request->on_head(request, head);
    if (long_poll)
        disco__http_head_free(&connection->parser.head);
}

static void on_body(void *data, const char *bytes, size_t size)
{
    disco__connection_t *connection = data;

    connection->request->on_body(connection->request, bytes, size);
}

static const disco__parser_events_t parser_events = {on_head, on_body};

static void complete(disco__connection_t *connection, bool reusable)
{
    disco__http_request_t *request = connection->request;

    disco__timer_stop(connection->loop, &connection->deadline);
    connection->request = NULL;
    connection->kept = true;
    request->connection = NULL;
    connection->events->on_complete(connection, request, reusable);
}

static void start_parser(disco__connection_t *connection)
{
    size_t limit = connection->request->body_limit;

    connection->heard = false;
    disco__parser_start(&connection->parser,
                        limit > 0 ? limit : connection->pool->options.max_body_bytes);
}

/* The response that is awaited is. */
static bool is_first_of_two(const disco__http_request_t *request)
{
    return request->second_at > 0 && !request->in_second;
}

/* What of the request, or of two in a row, is to be sent now. */
static int write_request(disco__connection_t *connection)
{
    const disco__http_request_t *request = connection->request;
    size_t from = request->in_second ? request->second_at : 0;
    size_t end = request->bytes.size;

    if (request->in_turn && is_first_of_two(request))
        end = request->second_at;
    return disco__stream_write(connection->stream, request->bytes.bytes + from, end - from);
}

/* The first of two responses is complete. True: the second is to come. */
static bool go_on(disco__connection_t *connection)
{
    disco__http_request_t *request = connection->request;
    bool keep_alive = connection->parser.keep_alive;
    int rv = 0;

    connection->kept = true;
    request->in_second = true;
    request->sent_again = false;
    request->on_first(request);
    if (connection->closed)
        return false;
    start_parser(connection);
    if (!keep_alive)
        rv = UV_EOF;
    else if (request->in_turn)
        rv = write_request(connection);
    if (rv != 0)
        fail(connection, rv, NULL);
    return rv == 0;
}

static void on_data(void *data, const char *bytes, size_t size)
{
    disco__connection_t *connection = data;
    disco__http_request_t *request = connection->request;
    size_t used;
    int result;

    if (request == NULL) {
        fail(connection, DISCO_EPROTOCOL, "bytes came that belong to no request");
        return;
    }
    do {
        connection->heard = true;
        result = disco__parser_feed(&connection->parser, bytes, size, &used);
        if (connection->closed || result == DISCO__PARSER_MORE)
            return;
        if (result != DISCO__PARSER_COMPLETE) {
            fail(connection, result, connection->parser.reason);
            return;
        }
        bytes += used;
        size -= used;
        if (!is_first_of_two(request)) {
            complete(connection, size == 0 && connection->parser.keep_alive);
            return;
        }
    } while (go_on(connection) && size > 0);
}

/* Says in words what a bare end of the stream means for the request. A server that speaks TLS 1.3
 * may refuse the client's certificate after the handshake, without an alert. */
static void explain_end(const disco__connection_t *connection, disco__failure_t *failure)
{
    const char *text = "connection closed before the response was complete";

    if (connection->request == NULL || failure->message[0] != '\0')
        return;
    if (!connection->heard)
        text = "connection closed before the response";
    if (!connection->heard && !connection->kept && connection->pool->target->tls != NULL)
        text = "connection closed before the response: is a client certificate asked for?";
    disco__failure_set(failure, failure->status, "%s", text);
}

static void on_end(void *data, const disco__failure_t *failure)
{
    disco__connection_t *connection = data;
    disco__failure_t known = *failure;

    if (connection->request != NULL && failure->status == UV_EOF &&
        disco__parser_finish(&connection->parser) == DISCO__PARSER_COMPLETE) {
        if (is_first_of_two(connection->request))
            (void)go_on(connection);
        else
            complete(connection, false);
        return;
    }
    /* A write that failed says the same as a read that failed. */
    if (known.status == UV_EPIPE || known.status == UV_ECONNABORTED)
        known.status = UV_ECONNRESET;
    explain_end(connection, &known);
    connection->events->on_failed(connection, &known);
}

static const disco__stream_events_t stream_events = {on_data, on_end};

static void on_dialled(void *data, disco__stream_t *stream, const disco__failure_t *failure)
{
    disco__connection_t *connection = data;

    connection->dial = NULL;
    if (stream == NULL) {
        connection->events->on_failed(connection, failure);
        return;
    }
    connection->stream = stream;
    disco__stream_start(stream, &stream_events, connection);
    connection->events->on_open(connection);
}

static void on_free(disco__tick_t *tick)
{
    disco__connection_t *connection = disco__container_of(tick, disco__connection_t, freeing);

    disco__parser_free(&connection->parser);
    disco__free(connection);
}

int disco__connection_new(disco__connection_t **result, disco__pool_t *pool,
                          const disco__connection_events_t *events)
{
    disco__connection_t *connection = disco__calloc(1, sizeof *connection);
    int rv;

    if (connection == NULL)
        return UV_ENOMEM;
    connection->pool = pool;
    connection->loop = pool->loop;
    connection->events = events;
    disco__queue_init(&connection->node);
    disco__parser_init(&connection->parser, pool->options.max_header_bytes, &parser_events,
                       connection);
    disco__timer_init(&connection->deadline, on_deadline);
    disco__timer_init_background(&connection->idle, on_idle_over);
    disco__tick_init(&connection->freeing, on_free);
    rv = disco__dial(&connection->dial, pool->loop, pool->target, pool->options.connect_ms,
                     pool->options.tls_ms, on_dialled, connection);
    if (rv != 0) {
        disco__parser_free(&connection->parser);
        disco__free(connection);
        return rv;
    }
    *result = connection;
    return 0;
}

void disco__connection_promise(disco__connection_t *connection, disco__http_request_t *request)
{
    connection->request = request;
    request->connection = connection;
}

int disco__connection_send(disco__connection_t *connection, disco__http_request_t *request)
{
    int rv;

    disco__connection_promise(connection, request);
    disco__timer_stop(connection->loop, &connection->idle);
    disco__stream_set_background(connection->stream, false);
    start_parser(connection);
    rv = write_request(connection);
    if (rv == 0 && request->response_ms > 0)
        disco__timer_start(connection->loop, &connection->deadline, request->response_ms);
    if (rv == 0 && request->on_sent != NULL)
        request->on_sent(request);
    return rv;
}

void disco__connection_rest(disco__connection_t *connection)
{
    disco__stream_set_background(connection->stream, true);
    disco__timer_start(connection->loop, &connection->idle, connection->pool->options.idle_ms);
}

void disco__connection_close(disco__connection_t *connection)
{
    if (connection->closed)
        return;
    connection->closed = true;
    connection->pool = NULL;
    disco__queue_remove(&connection->node);
    disco__timer_stop(connection->loop, &connection->deadline);
    disco__timer_stop(connection->loop, &connection->idle);
    disco__parser_stop(&connection->parser);
    if (connection->request != NULL)
        connection->request->connection = NULL;
    connection->request = NULL;
    if (connection->dial != NULL)
        disco__dial_cancel(connection->dial);
    if (connection->stream != NULL)
        disco__stream_close(connection->stream);
    connection->dial = NULL;
    connection->stream = NULL;
    disco__tick_schedule(connection->loop, &connection->freeing);
}
