/* Happy path: the first call that waits has etcd asked for a token; all that wait meanwhile get the
 * same one, and every later call finds it there. When etcd refuses it (it is too old, the member
 * was restarted, the user was changed), it is dropped, and the next one that waits begins anew.
 * Failure modes: no endpoint answers: it is tried on, as a call without an end of its own is, for
 * as long as somebody waits, and who waits is told. User or password are wrong: who waits is told
 * so, and nothing is tried on: the next one that waits asks again, but for a while (backoff with
 * full jitter) it is told the same without asking, since many may try on and etcd calculates long
 * over a password. etcd has authentication switched off: no token is sent, until a request is
 * refused for having none. A new token is refused before it was of any use: the next one is asked
 * for only after a while likewise. */
#include "etcd/auth.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"
#include "etcd/v3_internal.h"
#include "json/read.h"
#include "json/write.h"

/* An answer is a header and a token; a token of the JWT kind has a few hundred bytes. */
#define ANSWER_MOST 65536
#define ANSWER_USUAL 4096

struct disco__auth_s {
    disco__loop_t *loop;
    disco__call_t call;
    disco__queue_t waiting;
    disco__timer_t pause; /* before etcd is asked again */
    disco__backoff_t backoff;
    uint64_t not_before_ms;
    disco__failure_t refusal; /* status not 0: what who waits is told until then */
    uint64_t given_ms;        /* when etcd gave the token */
    uint64_t generation;      /* of what etcd said last */
    char *token;              /* NULL: it wants none, or none is known */
    bool known;               /* what etcd said last has not been refused */
    bool doubted;             /* it was not refused either: it is better than nothing */
    bool worked;              /* it has been of use */
    bool asking;
};

static disco__auth_t *auth_of(disco__call_t *call)
{
    return disco__container_of(call, disco__auth_t, call);
}

static void tell_all(disco__auth_t *auth, disco__auth_news_t news, const disco__failure_t *failure)
{
    bool over = news == DISCO__AUTH_READY || news == DISCO__AUTH_REFUSED;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&auth->waiting, node, after)
    {
        disco__auth_wait_t *wait = disco__queue_data(node, disco__auth_wait_t, node);

        if (over)
            disco__queue_remove(node);
        wait->told(wait, news, failure);
    }
}

static void keep(disco__auth_t *auth, char *token)
{
    disco__free_secret(auth->token);
    auth->token = token;
    auth->known = true;
    auth->doubted = false;
    auth->worked = false;
    auth->generation++;
    auth->given_ms = disco__now(auth->loop);
    disco__log(&auth->loop->log, DISCO_LOG_DEBUG, "%s: %s", auth->call.endpoint->url,
               token != NULL ? "gave a token" : "has authentication switched off");
}

/* NULL: unreadable, or memory is short (*error). Only what can stand in a header field. */
static char *read_token(const disco__call_t *call, int *error)
{
    cJSON *tree = NULL;
    const char *text = NULL;
    char *token = NULL;
    const char *byte;

    *error = disco__json_parse(disco__buffer_text(&call->body), call->body.size, &tree);
    if (*error == 0 && (!disco__json_string(tree, "token", &text) || text == NULL || *text == '\0'))
        *error = DISCO_EPROTOCOL;
    for (byte = text; *error == 0 && *byte != '\0'; byte++) {
        if (*byte <= ' ' || *byte > '~')
            *error = DISCO_EPROTOCOL;
    }
    if (*error == 0) {
        token = disco__strdup(text);
        *error = token != NULL ? 0 : UV_ENOMEM;
    }
    disco__json_free(tree);
    return token;
}

static bool is_switched_off(const disco__failure_t *failure)
{
    return failure->etcd_code == DISCO__V3_PRECONDITION &&
           strstr(failure->message, "authentication is not enabled") != NULL;
}

/* Takes what etcd says, so that an answer which is none counts against the endpoint. */
static disco__verdict_t examine(disco__call_t *call)
{
    disco__verdict_t verdict = disco__v3_examine(call);
    char *token;
    int error;

    if (call->failure.status == 0) {
        token = read_token(call, &error);
        disco__wipe(call->body.bytes, call->body.size);
        if (error != 0) {
            disco__failure_set(&call->failure, error,
                               error == UV_ENOMEM ? NULL : "an answer without a token");
            return DISCO__VERDICT_AT_FAULT;
        }
        keep(auth_of(call), token);
        return DISCO__VERDICT_ANSWER;
    }
    if (is_switched_off(&call->failure)) {
        disco__failure_clear(&call->failure);
        keep(auth_of(call), NULL);
        return DISCO__VERDICT_ANSWER;
    }
    return verdict == DISCO__VERDICT_TOKEN ? DISCO__VERDICT_ANSWER : verdict;
}

static void wait_before_asking(disco__auth_t *auth)
{
    auth->not_before_ms =
        disco__now(auth->loop) + disco__backoff_next(&auth->backoff, &auth->loop->random);
}

static void on_done(disco__call_t *call)
{
    disco__auth_t *auth = auth_of(call);

    auth->asking = false;
    if (auth->known) {
        tell_all(auth, DISCO__AUTH_READY, NULL);
        return;
    }
    auth->doubted = false;
    auth->refusal = call->failure;
    wait_before_asking(auth);
    tell_all(auth, DISCO__AUTH_REFUSED, &auth->refusal);
}

static void on_retrying(disco__call_t *call)
{
    disco__auth_t *auth = auth_of(call);

    if (auth->doubted) {
        disco__call_stop(call);
        auth->asking = false;
        auth->doubted = false;
        auth->known = true;
        tell_all(auth, DISCO__AUTH_READY, NULL);
        return;
    }
    tell_all(auth, call->unreached ? DISCO__AUTH_ALONE : DISCO__AUTH_TROUBLE, &call->failure);
}

static void ask(disco__auth_t *auth)
{
    int rv;

    disco__timer_stop(auth->loop, &auth->pause);
    disco__failure_clear(&auth->refusal);
    auth->asking = true;
    rv = disco__call_start(&auth->call);
    if (rv == 0)
        return;
    auth->asking = false;
    disco__failure_set(&auth->call.failure, rv, NULL);
    tell_all(auth, DISCO__AUTH_REFUSED, &auth->call.failure);
}

static void on_pause_over(disco__timer_t *timer)
{
    ask(disco__container_of(timer, disco__auth_t, pause));
}

/* Room for a token first, as for the credentials: growing leaves bytes behind. */
static int write_credentials(disco__buffer_t *out, const char *user, const char *password)
{
    disco__json_object_t object;
    size_t size;

    if (!disco__size_add(strlen(user), strlen(password), &size) ||
        !disco__size_mul(size, 6, &size) || !disco__size_add(size, 64, &size))
        return UV_ENOMEM;
    if (disco__buffer_reserve(out, size) != 0)
        return UV_ENOMEM;
    disco__json_object_begin(&object, out);
    disco__json_object_string(&object, "name", user);
    disco__json_object_string(&object, "password", password);
    disco__json_object_end(&object);
    return out->error;
}

int disco__auth_new(disco__auth_t **result, disco__endpoints_t *endpoints, const char *user,
                    const char *password, uint32_t attempt_ms)
{
    disco__auth_t *auth;
    disco__call_t *call;
    int rv;

    password = disco__text_or_empty(password);
    if (!disco__text_is_utf8(user, strlen(user)) ||
        !disco__text_is_utf8(password, strlen(password)))
        return UV_EINVAL;
    auth = disco__calloc(1, sizeof *auth);
    if (auth == NULL)
        return UV_ENOMEM;
    auth->loop = endpoints->loop;
    disco__queue_init(&auth->waiting);
    disco__timer_init(&auth->pause, on_pause_over);
    disco__backoff_init(&auth->backoff, endpoints->backoff_first_ms, endpoints->backoff_most_ms);
    call = &auth->call;
    disco__call_init(call, endpoints);
    call->api = "v3";
    call->method = "POST";
    call->content_type = "application/json";
    call->fields = DISCO__V3_NEEDS_LEADER;
    call->repeatable = true;
    call->attempt_ms = attempt_ms;
    call->body_limit = ANSWER_MOST;
    call->examine = examine;
    call->retrying = on_retrying;
    call->done = on_done;
    disco__buffer_append_text(&call->target, "/v3/auth/authenticate");
    rv = write_credentials(&call->content, user, password);
    if (rv == 0)
        rv = disco__buffer_reserve(&call->body, ANSWER_USUAL);
    if (rv == 0)
        rv = call->target.error;
    if (rv != 0) {
        disco__auth_free(auth);
        return rv;
    }
    *result = auth;
    return 0;
}

void disco__auth_free(disco__auth_t *auth)
{
    if (auth == NULL)
        return;
    disco__timer_stop(auth->loop, &auth->pause);
    disco__call_end(&auth->call);
    disco__free_secret(auth->token);
    disco__free(auth);
}

bool disco__auth_ready(const disco__auth_t *auth, const char **token, uint64_t *generation)
{
    *token = auth->token;
    *generation = auth->generation;
    return auth->known;
}

void disco__auth_wait(disco__auth_t *auth, disco__auth_wait_t *wait)
{
    disco__queue_push(&auth->waiting, &wait->node);
    if (auth->asking)
        return;
    if (disco__now(auth->loop) >= auth->not_before_ms)
        ask(auth);
    else if (auth->refusal.status != 0)
        tell_all(auth, DISCO__AUTH_REFUSED, &auth->refusal);
    else
        disco__timer_start_at(auth->loop, &auth->pause, auth->not_before_ms);
}

void disco__auth_leave(disco__auth_t *auth, disco__auth_wait_t *wait)
{
    if (!disco__queue_linked(&wait->node))
        return;
    disco__queue_remove(&wait->node);
    if (!disco__queue_empty(&auth->waiting))
        return;
    disco__timer_stop(auth->loop, &auth->pause);
    if (auth->asking)
        disco__call_stop(&auth->call);
    auth->asking = false;
}

void disco__auth_worked(disco__auth_t *auth, uint64_t generation)
{
    if (generation != auth->generation)
        return;
    auth->worked = true;
    disco__backoff_reset(&auth->backoff);
}

/* What etcd said last does not hold. That is as expected when it was of use, or is old; else it is
 * a reason to go slowly. */
static void drop(disco__auth_t *auth)
{
    auth->known = false;
    if (auth->worked || disco__now(auth->loop) - auth->given_ms >= auth->backoff.most_ms) {
        disco__backoff_reset(&auth->backoff);
        auth->not_before_ms = 0;
    } else {
        wait_before_asking(auth);
    }
}

void disco__auth_refused(disco__auth_t *auth, uint64_t generation)
{
    if (generation != auth->generation)
        return;
    if (auth->known)
        drop(auth);
    auth->doubted = false;
    disco__free_secret(auth->token);
    auth->token = NULL;
}

bool disco__auth_doubted(disco__auth_t *auth, uint64_t generation)
{
    if (generation != auth->generation || !auth->known)
        return true; /* others have seen to it */
    if (auth->token == NULL)
        return false;
    drop(auth);
    auth->doubted = true;
    return true;
}
