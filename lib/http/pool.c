/* Happy path: a request takes the connection that was used last, or waits, first come first served,
 * for one to become free or to be dialled; after its response the connection serves the next one
 * waiting, or rests. Failure modes: a dial fails: the request that has waited longest (or the one
 * it was dialled for) is told. A kept connection turns out to be dead: the request goes to a
 * connection dialled for it, once, if nothing was sent or it is repeatable; else it is told. What
 * is known inside disco__pool_send() is told on a later turn.
 *
 * A connection is dialled either for whichever request waits first when it is open, or, for long
 * polls and second attempts, for one request, which then is its request from the start. */
#include "http/pool.h"

#include <string.h>

#include "http/connection.h"

static const disco__connection_events_t connection_events;

static void pump(disco__pool_t *pool);

static void on_early_error(disco__tick_t *tick)
{
    disco__http_request_t *request = disco__container_of(tick, disco__http_request_t, tick);
    disco__failure_t failure;

    disco__queue_remove(&request->node);
    disco__failure_clear(&failure);
    disco__failure_set(&failure, request->early_error, NULL);
    request->on_done(request, &failure);
}

static void fail_later(disco__pool_t *pool, disco__http_request_t *request, int error)
{
    request->early_error = error;
    disco__queue_push(&pool->failed, &request->node);
    disco__tick_init(&request->tick, on_early_error);
    disco__tick_schedule(pool->loop, &request->tick);
}

static void set_counted(disco__pool_t *pool, disco__connection_t *connection, bool counted)
{
    if (counted && !connection->counted)
        pool->counted++;
    if (!counted && connection->counted)
        pool->counted--;
    connection->counted = counted;
}

static bool is_for_anyone(const disco__connection_t *connection)
{
    return connection->dial != NULL && connection->request == NULL;
}

static void drop(disco__pool_t *pool, disco__connection_t *connection)
{
    if (is_for_anyone(connection))
        pool->dialled_for_anyone--;
    set_counted(pool, connection, false);
    disco__connection_close(connection);
}

/* request: NULL for whoever waits first. */
static int dial(disco__pool_t *pool, disco__http_request_t *request)
{
    disco__connection_t *connection;
    int rv = disco__connection_new(&connection, pool, &connection_events);

    if (rv != 0)
        return rv;
    connection->arrivals = pool->arrivals;
    disco__queue_push(&pool->busy, &connection->node);
    set_counted(pool, connection, request == NULL || !request->long_poll);
    if (request != NULL)
        disco__connection_promise(connection, request);
    else
        pool->dialled_for_anyone++;
    return 0;
}

static void dial_for(disco__pool_t *pool, disco__http_request_t *request)
{
    int rv = dial(pool, request);

    if (rv != 0)
        fail_later(pool, request, rv);
}

/* A kept connection turned out to be dead. */
static void send_again(disco__pool_t *pool, disco__http_request_t *request)
{
    request->sent_again = true;
    request->in_turn = true;
    dial_for(pool, request);
}

/* The connection is open and its own. */
static void send_on(disco__pool_t *pool, disco__connection_t *connection,
                    disco__http_request_t *request)
{
    int rv = disco__connection_send(connection, request);
    bool kept = connection->kept;

    if (rv == 0)
        return;
    drop(pool, connection);
    if (rv == UV_ENOMEM || !kept || request->sent_again) {
        fail_later(pool, request, rv);
        return;
    }
    send_again(pool, request);
}

static void send_on_idle(disco__pool_t *pool, disco__http_request_t *request)
{
    disco__connection_t *connection =
        disco__queue_data(disco__queue_first(&pool->idle), disco__connection_t, node);

    disco__queue_remove(&connection->node);
    disco__queue_push(&pool->busy, &connection->node);
    set_counted(pool, connection, !request->long_poll);
    send_on(pool, connection, request);
}

static disco__http_request_t *take_waiting(disco__pool_t *pool)
{
    disco__queue_t *node = disco__queue_first(&pool->waiting);

    if (node == NULL)
        return NULL;
    disco__queue_remove(node);
    pool->waiting_count--;
    return disco__queue_data(node, disco__http_request_t, node);
}

/* The longest waiting of those who waited already when the dial began: to whoever came later its
 * failure is yesterday's news. */
static disco__http_request_t *take_waiting_for(disco__pool_t *pool,
                                               const disco__connection_t *connection)
{
    disco__queue_t *node = disco__queue_first(&pool->waiting);

    if (node == NULL ||
        disco__queue_data(node, disco__http_request_t, node)->arrival > connection->arrivals)
        return NULL;
    return take_waiting(pool);
}

/* Gives connections to those who wait, as far as the limit allows. Calls nobody back. */
static void pump(disco__pool_t *pool)
{
    while (pool->waiting_count > 0 && pool->counted < pool->options.max_connections) {
        if (!disco__queue_empty(&pool->idle)) {
            send_on_idle(pool, take_waiting(pool));
        } else if (pool->dialled_for_anyone < pool->waiting_count) {
            int rv = dial(pool, NULL);

            if (rv != 0)
                fail_later(pool, take_waiting(pool), rv);
        } else {
            break;
        }
    }
}

static void release(disco__pool_t *pool, disco__connection_t *connection)
{
    set_counted(pool, connection, false);
    disco__queue_remove(&connection->node);
    disco__queue_push_front(&pool->idle, &connection->node);
    disco__connection_rest(connection);
}

static void on_open(disco__connection_t *connection)
{
    disco__pool_t *pool = connection->pool;

    if (connection->request != NULL) {
        send_on(pool, connection, connection->request);
    } else {
        pool->dialled_for_anyone--;
        release(pool, connection);
    }
    pump(pool);
}

static void on_complete(disco__connection_t *connection, disco__http_request_t *request,
                        bool reusable)
{
    disco__pool_t *pool = connection->pool;
    disco__failure_t none;

    if (reusable)
        release(pool, connection);
    else
        drop(pool, connection);
    pump(pool);
    disco__failure_clear(&none);
    request->on_done(request, &none);
}

/* A request on a kept connection crosses with the server's closing it. */
static bool may_send_again(const disco__connection_t *connection,
                           const disco__http_request_t *request, int status)
{
    return connection->kept && !connection->heard && request->repeatable && !request->sent_again &&
           status != UV_ETIMEDOUT;
}

static void on_failed(disco__connection_t *connection, const disco__failure_t *failure)
{
    disco__pool_t *pool = connection->pool;
    disco__http_request_t *request = connection->request;
    disco__failure_t kept_failure = *failure; /* the stream's own goes with the stream */
    bool again = request != NULL && may_send_again(connection, request, failure->status);

    /* A dial is over when its failure is told, so drop() cannot tell whom it was for. */
    if (connection->stream == NULL && request == NULL) {
        pool->dialled_for_anyone--;
        request = take_waiting_for(pool, connection);
    }
    drop(pool, connection);
    if (again)
        send_again(pool, request);
    pump(pool);
    if (request != NULL && !again)
        request->on_done(request, &kept_failure);
}

static const disco__connection_events_t connection_events = {on_open, on_complete, on_failed};

void disco__pool_init(disco__pool_t *pool, disco__loop_t *loop, disco__target_t *target,
                      const disco__pool_options_t *options)
{
    memset(pool, 0, sizeof *pool);
    pool->loop = loop;
    pool->target = target;
    pool->options = *options;
    if (pool->options.max_connections == 0)
        pool->options.max_connections = 1;
    disco__queue_init(&pool->idle);
    disco__queue_init(&pool->busy);
    disco__queue_init(&pool->waiting);
    disco__queue_init(&pool->failed);
}

static void drop_all(disco__pool_t *pool, disco__queue_t *list)
{
    disco__queue_t *node;

    while ((node = disco__queue_first(list)) != NULL)
        drop(pool, disco__queue_data(node, disco__connection_t, node));
}

void disco__pool_close(disco__pool_t *pool)
{
    disco__queue_t *node;

    drop_all(pool, &pool->busy);
    drop_all(pool, &pool->idle);
    while (take_waiting(pool) != NULL)
        ;
    while ((node = disco__queue_first(&pool->failed)) != NULL) {
        disco__http_request_t *request = disco__queue_data(node, disco__http_request_t, node);

        disco__queue_remove(node);
        disco__tick_cancel(pool->loop, &request->tick);
    }
}

void disco__pool_send(disco__pool_t *pool, disco__http_request_t *request)
{
    request->early_error = 0;
    request->sent_again = false;
    request->in_second = false;
    if (request->bytes.error != 0) {
        fail_later(pool, request, request->bytes.error);
    } else if (!request->long_poll) {
        disco__queue_push(&pool->waiting, &request->node);
        pool->waiting_count++;
        request->arrival = ++pool->arrivals;
        pump(pool);
    } else if (!disco__queue_empty(&pool->idle)) {
        send_on_idle(pool, request);
    } else {
        dial_for(pool, request);
    }
}

void disco__pool_cancel(disco__pool_t *pool, disco__http_request_t *request)
{
    if (request->connection != NULL) {
        drop(pool, request->connection);
        pump(pool);
    } else if (disco__tick_scheduled(&request->tick)) {
        disco__queue_remove(&request->node);
        disco__tick_cancel(pool->loop, &request->tick);
    } else if (disco__queue_linked(&request->node)) {
        disco__queue_remove(&request->node);
        pool->waiting_count--;
    }
}

bool disco__pool_is_queued(const disco__pool_t *pool, const disco__http_request_t *request)
{
    const disco__queue_t *node;

    if (request->connection != NULL || !disco__queue_linked(&request->node))
        return false;
    for (node = pool->busy.next; node != &pool->busy; node = node->next) {
        const disco__connection_t *connection = disco__queue_data(node, disco__connection_t, node);

        if (connection->counted && connection->stream != NULL)
            return true;
    }
    return false;
}

void disco__pool_drop_idle(disco__pool_t *pool)
{
    drop_all(pool, &pool->idle);
}
