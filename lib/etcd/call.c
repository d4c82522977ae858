#include <string.h>

#include <uvdisco/error.h>

#include "etcd/call_internal.h"
#include "http/writer.h"

/* etcd's listener looks at the first bytes of a connection to tell protocols apart and resets one
 * whose first request line, with its CRLF, is longer (3.4.23 and 3.5.30, plain text). */
#define REQUEST_LINE_MOST 4096
/* Of the memory of a request, and of that of each of its parts and of the answer, from one use of a
 * call to the next: enough for a heartbeat. */
#define REQUEST_KEPT 1024
#define PART_KEPT 256

static disco__call_t *call_of(disco__http_request_t *request)
{
    return disco__container_of(request, disco__call_t, request);
}

void disco__call_stop(disco__call_t *call)
{
    disco__timer_stop(call->endpoints->loop, &call->timer);
    if (call->sending)
        disco__pool_cancel(&call->endpoint->pool, &call->request);
    call->sending = false;
    call->early_error = 0;
    call->troubled = false;
    call->ending = false;
    if (call->auth != NULL)
        disco__auth_leave(call->auth, &call->wait);
}

void disco__call_finish(disco__call_t *call)
{
    disco__call_stop(call);
    call->done(call);
}

void disco__call_time_is_up(disco__call_t *call)
{
    if (call->failure.status == 0)
        disco__failure_set(&call->failure, UV_ETIMEDOUT, "no token within %u ms", call->total_ms);
    call->failure.api = call->api;
    disco__call_finish(call);
}

/* Nothing of the request has left this machine. */
static bool was_not_connected(int status)
{
    switch (status) {
    case UV_ECONNREFUSED:
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_EADDRNOTAVAIL:
    case UV_EAI_NONAME:
    case UV_EAI_AGAIN:
    case UV_EAI_FAIL:
    case UV_EAI_NODATA:
    case DISCO_ETLS:
    case DISCO_ECERTIFICATE:
        return true;
    default:
        return false;
    }
}

/* Not the endpoint's fault, and no better anywhere else. */
bool disco__call_is_final(int status)
{
    return status == UV_ENOMEM || status == DISCO_ETOOLARGE;
}

uint64_t disco__call_time_left(const disco__call_t *call)
{
    uint64_t now = disco__now(call->endpoints->loop);

    if (call->deadline_ms == 0)
        return UINT64_MAX;
    return call->deadline_ms > now ? call->deadline_ms - now : 0;
}

static bool may_try_again(disco__call_t *call, bool round_over)
{
    if (call->pinned != NULL)
        return false;
    if (disco__call_is_final(call->failure.status) && (call->deadline_ms != 0 || call->long_poll))
        return false;
    if (!call->repeatable && !was_not_connected(call->failure.status))
        return false;
    if (call->deadline_ms == 0)
        return true;
    if (round_over && !call->reached)
        return false;
    return disco__call_time_left(call) > 0;
}

void disco__call_say_whose(disco__call_t *call)
{
    call->failure.api = call->api;
    disco__failure_set_endpoint(&call->failure, call->endpoint->url);
}

/* The attempt is over without an answer; call->failure says why. */
static void attempt_failed(disco__call_t *call)
{
    bool round_over;
    uint64_t wait = 0;

    disco__call_stop(call);
    disco__call_say_whose(call);
    if (!disco__call_is_final(call->failure.status))
        disco__endpoints_failed(call->endpoints, call->endpoint, &call->failure);
    call->attempts++;
    call->reached = call->reached || !was_not_connected(call->failure.status);
    round_over = call->attempts % call->endpoints->count == 0;
    call->unreached = round_over && !call->reached;
    if (!may_try_again(call, round_over)) {
        disco__call_finish(call);
        return;
    }
    if (round_over) {
        wait = disco__backoff_next(&call->backoff, &call->endpoints->loop->random);
        if (wait > disco__call_time_left(call))
            wait = disco__call_time_left(call);
        call->reached = false;
    }
    /* Also without a wait the next attempt begins on a turn of its own. */
    disco__timer_start(call->endpoints->loop, &call->timer, wait);
    if (call->retrying != NULL)
        call->retrying(call);
}

/* Twice as long after each round in which all endpoints were silent. */
static uint32_t patience(const disco__call_t *call)
{
    size_t rounds = call->silences / call->endpoints->count;
    uint64_t wait = (uint64_t)call->attempt_ms << (rounds < 16 ? rounds : 16);

    if (call->attempt_most_ms <= call->attempt_ms || !call->sent)
        return call->attempt_ms;
    return wait < call->attempt_most_ms ? (uint32_t)wait : call->attempt_most_ms;
}

static void start_attempt_timer(disco__call_t *call)
{
    uint64_t left = disco__call_time_left(call);
    uint32_t wait = patience(call);

    disco__timer_start(call->endpoints->loop, &call->timer, left < wait ? left : wait);
}

static void on_timer(disco__timer_t *timer)
{
    disco__call_t *call = disco__container_of(timer, disco__call_t, timer);

    if (call->ending) {
        disco__call_finish(call);
        return;
    }
    if (disco__queue_linked(&call->wait.node)) {
        disco__call_time_while_waiting(call);
        return;
    }
    if (call->early_error != 0) {
        disco__failure_set(&call->failure, call->early_error, NULL);
        call->early_error = 0; /* the timer is next started until the next attempt */
        attempt_failed(call);
        return;
    }
    if (!call->sending) {
        if (disco__call_time_left(call) > 0)
            disco__call_attempt(call);
        else
            disco__call_time_is_up(call);
        return;
    }
    if (call->endpoint->avoid_until_ms == 0 && disco__call_time_left(call) > 0 &&
        disco__pool_is_queued(&call->endpoint->pool, &call->request)) {
        start_attempt_timer(call); /* so many are before it that it was not sent yet */
        return;
    }
    disco__failure_set(&call->failure, UV_ETIMEDOUT, "no answer within %u ms", patience(call));
    if (call->sent && call->silences < SIZE_MAX)
        call->silences++;
    attempt_failed(call);
}

/* Waiting for a connection was not waiting for an answer. */
static void on_sent(disco__http_request_t *request)
{
    disco__call_t *call = call_of(request);

    call->sent_ms = disco__now(call->endpoints->loop);
    call->sent = true;
    start_attempt_timer(call);
}

static void on_head(disco__http_request_t *request, const disco__http_head_t *head)
{
    disco__call_t *call = call_of(request);

    call->answer.http_status = disco__http_head_status(head);
    if (call->has_position)
        disco__answer_read_position(&call->answer, head);
    if (call->answer.http_status != 200)
        return;
    if (call->long_poll) {
        disco__timer_stop(call->endpoints->loop, &call->timer);
        disco__endpoints_succeeded(call->endpoints, call->endpoint);
        disco__backoff_reset(&call->backoff);
        call->doubted = false;
        /* It may be held for days, and is not sent again. */
        disco__buffer_free_secret(&call->request.bytes);
    }
    if (call->head != NULL)
        call->head(call);
}

static void on_body(disco__http_request_t *request, const char *bytes, size_t size)
{
    disco__call_t *call = call_of(request);

    if (call->chunk != NULL && call->answer.http_status == 200) {
        call->chunk(call, bytes, size);
        return;
    }
    (void)disco__buffer_append(&call->body, bytes,
                               size); /* an error is looked at when all is there */
}

/* No more often than there are endpoints. */
static bool ask_elsewhere(disco__call_t *call)
{
    if (call->pinned != NULL || ++call->lacking >= call->endpoints->count ||
        disco__call_time_left(call) == 0 ||
        !disco__endpoints_passed(call->endpoints, call->endpoint))
        return false;
    disco__call_stop(call);
    disco__call_attempt(call);
    return true;
}

/* What is complete counts. False: it does not, and the call has gone on, or is over. */
static bool is_answer(disco__call_t *call)
{
    disco__verdict_t verdict;

    if (call->body.error != 0) {
        disco__failure_set(&call->failure, call->body.error, NULL);
        attempt_failed(call);
        return false;
    }
    verdict = call->examine(call);
    if (verdict == DISCO__VERDICT_AT_FAULT) {
        attempt_failed(call);
        return false;
    }
    if (verdict == DISCO__VERDICT_ELSEWHERE && ask_elsewhere(call))
        return false;
    if (verdict == DISCO__VERDICT_TOKEN && call->auth != NULL) {
        disco__call_token_refused(call);
        return false;
    }
    disco__call_say_whose(call);
    return true;
}

static void clear_answer(disco__call_t *call)
{
    memset(&call->answer, 0, sizeof call->answer);
    disco__buffer_clear(&call->body);
}

/* The body is emptied before the owner is told, who may end the call. */
static void on_first(disco__http_request_t *request)
{
    disco__call_t *call = call_of(request);

    if (!is_answer(call))
        return;
    clear_answer(call);
    call->first(call);
}

static void on_done(disco__http_request_t *request, const disco__failure_t *failure)
{
    disco__call_t *call = call_of(request);

    call->sending = false;
    call->silences = 0;
    disco__timer_stop(call->endpoints->loop, &call->timer);
    call->failure = *failure;
    if (failure->status != 0) {
        if (disco__call_token_may_be_why(call))
            disco__call_attempt(call);
        else
            attempt_failed(call);
        return;
    }
    if (!is_answer(call))
        return;
    disco__endpoints_succeeded(call->endpoints, call->endpoint);
    disco__backoff_reset(&call->backoff);
    call->doubted = false;
    if (call->auth != NULL)
        disco__auth_worked(call->auth, call->token);
    disco__call_finish(call);
}

static int write_request(disco__call_t *call, const char *authorization)
{
    disco__http_message_t message = {
        .method = call->method,
        .target = disco__buffer_text(&call->target),
        .host = call->endpoint->host,
        .authorization = authorization,
        .fields = call->fields,
        .content_type = call->content_type,
        .body = disco__buffer_text(&call->content),
        .body_size = call->content.size,
    };

    if (call->content.error != 0)
        return call->content.error;
    disco__buffer_reuse(&call->request.bytes, REQUEST_KEPT);
    if (call->second_target != NULL)
        return disco__http_write_two(&call->request.bytes, &message, call->second_target,
                                     &call->request.second_at);
    call->request.second_at = 0;
    return disco__http_write(&call->request.bytes, &message);
}

/* Without the query, which may hold a value. */
static void log_attempt(const disco__call_t *call)
{
    const char *target = disco__buffer_text(&call->target);

    disco__log(&call->endpoints->loop->log, DISCO_LOG_DEBUG, "%s: %s %.*s", call->endpoint->url,
               call->method, (int)strcspn(target, "?"), target);
}

void disco__call_attempt(disco__call_t *call)
{
    const char *authorization = call->authorization;

    if (call->auth != NULL && !disco__auth_ready(call->auth, &authorization, &call->token)) {
        disco__call_wait_for_token(call);
        return;
    }
    call->endpoint = call->pinned != NULL ? call->pinned : disco__endpoints_pick(call->endpoints);
    clear_answer(call);
    call->early_error = write_request(call, authorization);
    if (call->early_error != 0) {
        disco__timer_start(call->endpoints->loop, &call->timer, 0);
        return;
    }
    call->request.repeatable = call->repeatable;
    call->request.in_turn = call->attempts > 0;
    call->request.long_poll = call->long_poll;
    call->request.response_ms = 0; /* the attempt's timer has connecting and waiting in it too */
    call->request.body_limit = call->body_limit;
    call->request.on_sent = on_sent;
    call->request.on_head = on_head;
    call->request.on_body = on_body;
    call->request.on_first = on_first;
    call->request.on_done = on_done;
    call->sending = true;
    call->sent = false;
    call->sent_ms = disco__now(call->endpoints->loop);
    log_attempt(call);
    start_attempt_timer(call);
    disco__pool_send(&call->endpoint->pool, &call->request);
}

void disco__call_init(disco__call_t *call, disco__endpoints_t *endpoints)
{
    memset(call, 0, sizeof *call);
    call->endpoints = endpoints;
    disco__buffer_init(&call->target);
    disco__buffer_init(&call->content);
    disco__buffer_init(&call->body);
    disco__http_request_init(&call->request);
    disco__timer_init(&call->timer, on_timer);
    disco__queue_init(&call->wait.node);
    call->wait.told = disco__call_told;
    disco__backoff_init(&call->backoff, endpoints->backoff_first_ms, endpoints->backoff_most_ms);
}

static bool is_short_enough(const disco__call_t *call, size_t target_size)
{
    return strlen(call->method) + target_size + sizeof "  HTTP/1.1\r\n" - 1 <= REQUEST_LINE_MOST;
}

int disco__call_start(disco__call_t *call)
{
    if (call->target.error != 0 || call->content.error != 0)
        return UV_ENOMEM;
    if (!is_short_enough(call, call->target.size) ||
        (call->second_target != NULL && !is_short_enough(call, strlen(call->second_target))))
        return UV_ENAMETOOLONG;
    if (call->backoff_most_ms > 0)
        call->backoff.most_ms = call->backoff_most_ms;
    call->deadline_ms = 0;
    if (call->total_ms > 0)
        call->deadline_ms = disco__now(call->endpoints->loop) + call->total_ms;
    call->attempts = 0;
    call->lacking = 0;
    call->silences = 0;
    call->reached = false;
    call->refusals = 0;
    call->doubted = false;
    call->troubled = false;
    call->ending = false;
    disco__failure_clear(&call->failure);
    disco__call_attempt(call);
    return 0;
}

void disco__call_restart(disco__call_t *call)
{
    disco__call_stop(call);
    disco__call_attempt(call);
}

void disco__call_renew(disco__call_t *call)
{
    disco__call_t old;

    disco__call_stop(call);
    disco__buffer_reuse(&call->target, PART_KEPT);
    disco__buffer_reuse(&call->content, PART_KEPT);
    disco__buffer_reuse(&call->body, PART_KEPT);
    disco__buffer_reuse(&call->request.bytes, REQUEST_KEPT);
    old = *call;
    disco__call_init(call, old.endpoints);
    call->target = old.target;
    call->content = old.content;
    call->body = old.body;
    call->request.bytes = old.request.bytes;
}

void disco__call_end(disco__call_t *call)
{
    disco__call_stop(call);
    disco__buffer_free(&call->target);
    disco__buffer_free_secret(&call->content);
    disco__buffer_free_secret(&call->body);
    disco__http_request_free(&call->request);
}
