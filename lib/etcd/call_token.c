/* Happy path: a call that needs a token has one, or waits for it, and goes on. Failure modes: those
 * of etcd/auth.h; a token that is refused, or that may be why an answer is empty, is renewed. */
#include "etcd/call_internal.h"

static void start_deadline_timer(disco__call_t *call)
{
    disco__timer_stop(call->endpoints->loop, &call->timer);
    if (call->deadline_ms != 0)
        disco__timer_start(call->endpoints->loop, &call->timer, disco__call_time_left(call));
}

/* The timer, since nobody may be called back from here. */
void disco__call_told(disco__auth_wait_t *wait, disco__auth_news_t news,
                      const disco__failure_t *failure)
{
    disco__call_t *call = disco__container_of(wait, disco__call_t, wait);

    if (news != DISCO__AUTH_READY)
        call->failure = *failure;
    call->troubled = news == DISCO__AUTH_TROUBLE || news == DISCO__AUTH_ALONE;
    call->ending = news == DISCO__AUTH_REFUSED ||
                   (call->troubled && call->deadline_ms != 0 &&
                    (news == DISCO__AUTH_ALONE || disco__call_is_final(failure->status)));
    disco__timer_start(call->endpoints->loop, &call->timer, 0);
}

void disco__call_wait_for_token(disco__call_t *call)
{
    start_deadline_timer(call);
    disco__auth_wait(call->auth, &call->wait);
}

/* Without a call back: it comes from the timer. */
void disco__call_time_while_waiting(disco__call_t *call)
{
    if (call->troubled && disco__call_time_left(call) > 0) {
        call->troubled = false;
        start_deadline_timer(call);
        if (call->retrying != NULL)
            call->retrying(call);
        return;
    }
    disco__call_time_is_up(call);
}

/* It may be renewed already, by others. */
void disco__call_token_refused(disco__call_t *call)
{
    bool again = call->refusals > 0;

    disco__call_stop(call);
    disco__call_say_whose(call);
    disco__endpoints_succeeded(call->endpoints, call->endpoint);
    if (!disco__call_refuse_token(call) || disco__call_time_left(call) == 0) {
        disco__call_finish(call);
        return;
    }
    disco__call_attempt(call);
    if (again && call->retrying != NULL)
        call->retrying(call);
}

/* The connection ended where the head of an answer was to come (3.4.23 of upstream, to a token that
 * it does not know; all, when they crash). */
static bool is_empty_reply(const disco__call_t *call)
{
    return call->answer.http_status == 0 &&
           (call->failure.status == UV_EOF || call->failure.status == UV_ECONNRESET);
}

/* Once in a call, and by a new token: then it is the endpoint's fault. */
bool disco__call_token_may_be_why(disco__call_t *call)
{
    if (call->auth == NULL || call->doubted || !is_empty_reply(call))
        return false;
    call->doubted = true;
    return disco__auth_doubted(call->auth, call->token) && call->repeatable &&
           disco__call_time_left(call) > 0;
}

bool disco__call_refuse_token(disco__call_t *call)
{
    if (call->auth == NULL)
        return false;
    disco__auth_refused(call->auth, call->token);
    if (call->refusals < UINT32_MAX)
        call->refusals++;
    return true;
}
