/* Happy path: on a tick of its own the dial takes the literal's address, or has the name resolved;
 * it connects to the first address; with TLS it runs the handshake; then it frees itself and hands
 * the stream over. One timer serves all steps.
 *
 * Failure modes: the name is not resolved, or not in time: the dial fails. An address refuses, or
 * does not answer within its share of the time that is left: the next one is tried, on a fresh
 * handle; with none left, the last failure is told. The handshake fails, or its own deadline
 * passes: the dial fails, since every address leads to the same server or to its like. Cancelled:
 * streams are closed and the dial is freed at once, except while libuv resolves the name: a thread
 * may be in it, so the dial stays, counted as pending, until libuv gives the request back. */
#include "net/dial.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/tick.h"
#include "base/timer.h"
#include "net/address.h"
#include "net/tcp.h"
#include "net/tls_session.h"
#include "net/tls_stream.h"

/* Least time for one address while there are others, in milliseconds. */
#define LEAST_SHARE_MS 250

typedef enum { DIAL_RESOLVING, DIAL_CONNECTING, DIAL_HANDSHAKING } disco__dial_step_t;

struct disco__dial_s {
    disco__loop_t *loop;
    disco__target_t *target;
    disco__dial_cb cb;
    void *data;
    uint64_t connect_due_ms;
    uint32_t tls_ms;
    disco__dial_step_t step;
    disco__timer_t timer;
    disco__tick_t tick;
    uv_getaddrinfo_t resolve;
    bool resolving;
    bool abandoned; /* only waits for libuv to give resolve back */
    disco__addresses_t addresses;
    size_t next_address;
    disco__stream_t *stream; /* TCP, then TLS; NULL between two attempts */
    disco__failure_t failure;
};

int disco__target_init(disco__target_t *target, const char *host, uint16_t port, disco__tls_t *tls)
{
    memset(target, 0, sizeof *target);
    target->host = disco__strdup(host);
    if (target->host == NULL)
        return UV_ENOMEM;
    target->port = port;
    target->tls = tls;
    return 0;
}

void disco__target_free(disco__target_t *target)
{
    disco__session_drop(target);
    disco__free(target->host);
    target->host = NULL;
}

/* Stops all that is under way; frees now, or when libuv lets go. */
static void dispose(disco__dial_t *dial)
{
    disco__timer_stop(dial->loop, &dial->timer);
    disco__tick_cancel(dial->loop, &dial->tick);
    if (dial->stream != NULL)
        disco__stream_close(dial->stream);
    dial->stream = NULL;
    disco__addresses_free(&dial->addresses);
    if (dial->resolving) {
        dial->abandoned = true;
        (void)uv_cancel((uv_req_t *)&dial->resolve);
        return;
    }
    disco__free(dial);
}

static void fail(disco__dial_t *dial)
{
    disco__failure_t failure = dial->failure;
    disco__dial_cb cb = dial->cb;
    void *data = dial->data;

    dispose(dial);
    cb(data, NULL, &failure);
}

static void succeed(disco__dial_t *dial)
{
    disco__failure_t none;
    disco__stream_t *stream = dial->stream;
    disco__dial_cb cb = dial->cb;
    void *data = dial->data;

    disco__failure_clear(&none);
    dial->stream = NULL;
    dispose(dial);
    cb(data, stream, &none);
}

static void on_handshake(void *data, const disco__failure_t *failure)
{
    disco__dial_t *dial = data;

    if (failure == NULL) {
        succeed(dial);
        return;
    }
    dial->failure = *failure;
    fail(dial);
}

static void begin_handshake(disco__dial_t *dial)
{
    disco__stream_t *secure;
    int rv;

    dial->step = DIAL_HANDSHAKING;
    rv =
        disco__tls_stream_open(&secure, dial->loop, dial->stream, dial->target, on_handshake, dial);
    if (rv != 0) {
        disco__failure_set(&dial->failure, rv, NULL);
        fail(dial);
        return;
    }
    dial->stream = secure;
    disco__timer_start(dial->loop, &dial->timer, dial->tls_ms);
}

static void set_connect_failure(disco__dial_t *dial, int status)
{
    char text[DISCO_ADDRESS_SIZE];

    disco__address_text(&dial->addresses.list[dial->next_address - 1], text);
    disco__failure_set(&dial->failure, status, "%s, port %u: %s", text,
                       (unsigned int)dial->target->port, disco_strerror(status));
}

static void on_connected(void *data, int status);

/* What the next address may take of the time that is left. */
static uint64_t share(const disco__dial_t *dial, uint64_t remaining)
{
    uint64_t part = remaining / (dial->addresses.count - dial->next_address);

    if (part < LEAST_SHARE_MS)
        part = LEAST_SHARE_MS;
    return part < remaining ? part : remaining;
}

/* Tries the addresses that are left until one does not fail at once. */
static void connect_next(disco__dial_t *dial)
{
    disco__timer_stop(dial->loop, &dial->timer);
    if (dial->stream != NULL)
        disco__stream_close(dial->stream);
    dial->stream = NULL;
    dial->step = DIAL_CONNECTING;
    while (dial->next_address < dial->addresses.count) {
        uint64_t now = disco__now(dial->loop);
        uint64_t due = dial->connect_due_ms;
        uint64_t time = share(dial, due > now ? due - now : 0);
        int rv;

        if (due <= now && dial->next_address > 0)
            break;
        rv = disco__tcp_connect(&dial->stream, dial->loop,
                                &dial->addresses.list[dial->next_address].any, on_connected, dial);
        dial->next_address++;
        if (rv == 0) {
            disco__timer_start(dial->loop, &dial->timer, time);
            return;
        }
        dial->stream = NULL;
        set_connect_failure(dial, rv);
    }
    fail(dial);
}

static void on_connected(void *data, int status)
{
    disco__dial_t *dial = data;

    if (status != 0) {
        set_connect_failure(dial, status);
        connect_next(dial);
        return;
    }
    disco__timer_stop(dial->loop, &dial->timer);
    disco__addresses_free(&dial->addresses);
    if (dial->target->tls == NULL)
        succeed(dial);
    else
        begin_handshake(dial);
}

static void on_timer(disco__timer_t *timer)
{
    disco__dial_t *dial = disco__container_of(timer, disco__dial_t, timer);

    switch (dial->step) {
    case DIAL_CONNECTING:
        set_connect_failure(dial, UV_ETIMEDOUT);
        connect_next(dial);
        return;
    case DIAL_RESOLVING:
        disco__failure_set(&dial->failure, UV_ETIMEDOUT, "%s: name resolution took too long",
                           dial->target->host);
        break;
    case DIAL_HANDSHAKING:
        disco__failure_set(&dial->failure, UV_ETIMEDOUT, "the TLS handshake took too long");
        break;
    }
    fail(dial);
}

static void after_resolving(disco__dial_t *dial, int status)
{
    if (status == 0) {
        connect_next(dial);
        return;
    }
    disco__failure_set(&dial->failure, status, "%s: %s", dial->target->host,
                       disco_strerror(status));
    fail(dial);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *resolved)
{
    disco__dial_t *dial = disco__container_of(request, disco__dial_t, resolve);
    disco__loop_t *loop = dial->loop;
    bool abandoned = dial->abandoned;

    dial->resolving = false;
    if (status == UV_EAI_MEMORY)
        status = UV_ENOMEM;
    if (abandoned)
        disco__free(dial);
    else if (status == 0)
        status = disco__addresses_from_resolved(&dial->addresses, resolved, dial->target->port);
    uv_freeaddrinfo(resolved);
    disco__loop_settle(loop);
    if (!abandoned)
        after_resolving(dial, status);
}

static void resolve(disco__dial_t *dial)
{
    struct addrinfo hints;
    int rv;

    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    rv = uv_getaddrinfo(dial->loop->uv, &dial->resolve, on_resolved, dial->target->host, NULL,
                        &hints);
    if (rv != 0) {
        after_resolving(dial, rv);
        return;
    }
    dial->resolving = true;
    disco__loop_pend(dial->loop);
    disco__timer_start_at(dial->loop, &dial->timer, dial->connect_due_ms);
}

static void on_tick(disco__tick_t *tick)
{
    disco__dial_t *dial = disco__container_of(tick, disco__dial_t, tick);
    int rv =
        disco__addresses_from_literal(&dial->addresses, dial->target->host, dial->target->port);

    if (rv == UV_EINVAL) {
        resolve(dial);
    } else if (rv != 0) {
        disco__failure_set(&dial->failure, rv, NULL);
        fail(dial);
    } else {
        connect_next(dial);
    }
}

int disco__dial(disco__dial_t **dial, disco__loop_t *loop, disco__target_t *target,
                uint32_t connect_ms, uint32_t tls_ms, disco__dial_cb cb, void *data)
{
    disco__dial_t *made = disco__calloc(1, sizeof *made);

    if (made == NULL)
        return UV_ENOMEM;
    made->loop = loop;
    made->target = target;
    made->cb = cb;
    made->data = data;
    made->connect_due_ms = disco__now(loop) + connect_ms;
    made->tls_ms = tls_ms;
    disco__timer_init(&made->timer, on_timer);
    disco__tick_init(&made->tick, on_tick);
    disco__tick_schedule(loop, &made->tick);
    *dial = made;
    return 0;
}

void disco__dial_cancel(disco__dial_t *dial)
{
    dispose(dial);
}
