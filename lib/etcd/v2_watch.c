/* A watch by long polls: one event a turn, each poll asking for the first event behind the last one
 * delivered.
 *
 * Happy path: poll; the head says that etcd holds the poll (SYNCED); the body is one event; deliver
 * it; poll for the next. stream=true is not used: it stalls silently in two ways (etcd 3.4.23
 * and 3.5.30: a waitIndex that lies in the history delivers one event and then nothing; after 100
 * undelivered events the server drops the watcher).
 *
 * Failure modes:
 * - The poll fails: STALE, and the same poll is tried on the next endpoint until one holds it.
 * - Nothing comes for a while: the connection or the member may have died silently. A read by
 * quorum of a key that need not exist tells whether the member still belongs to a majority; then
 * the poll is begun anew on a new connection.
 * - etcd says that the history is cleared (error 401): GAP, and the watch goes on behind the index
 * that etcd names.
 * - Index, raft term or raft index run backwards, or the cluster's id is another one: it was wiped
 * or restored, or the member lags behind. It is asked a second time, and then it is a GAP, and the
 * watch goes on from now. etcd itself would wait in silence for an index of the future.
 * - An event cannot be read or is too large: asked for again once, then a GAP likewise. */
#include <string.h>

#include <uvdisco/error.h>

#include "base/tick.h"
#include "etcd/v2_event.h"
#include "etcd/v2_internal.h"

/* How often an answer that makes no sense is asked for again, of the next endpoint, before it is
 * taken as it is. */
#define SECOND_CHANCES 2

/* What a member was seen to be at; all of it only grows in the life of a cluster. */
typedef struct position_s {
    uint64_t index;
    uint64_t raft_index;
    uint64_t raft_term;
    char cluster[24];
} position_t;

/* Watches are many, checks few: one has memory only while it is under way. */
typedef struct check_s {
    disco__call_t call;
    struct v2_watch_s *watch;
} check_t;
typedef struct v2_watch_s {
    disco__store_watch_t base;
    disco__v2_store_t *store;
    char *key;
    bool recursive;
    bool previous;       /* is wanted */
    uint64_t next_index; /* the first index not yet delivered; 0: from now on */
    uint64_t poll_index; /* the one that the poll under way asks for */
    position_t seen;
    disco__store_watch_cb cb;
    void *data;

    disco__call_t poll;
    check_t *check;       /* NULL: none */
    disco__timer_t timer; /* until the next check, or until polling again after a refusal */
    disco__tick_t burial;
    disco__backoff_t refusals;
    unsigned strange_answers;
    bool synced;
    disco__troubles_t troubles; /* told since it was synced */
    bool gap;                   /* events were lost: to be said as soon as the next poll is held */
    bool closed;
} v2_watch_t;

static int poll_begin(v2_watch_t *watch);

static v2_watch_t *watch_of_poll(disco__call_t *call)
{
    return disco__container_of(call, v2_watch_t, poll);
}

static disco__loop_t *loop_of(const v2_watch_t *watch)
{
    return watch->store->base.loop;
}

static void tell(v2_watch_t *watch, disco_watch_event_type_t type, uint64_t revision,
                 const disco__failure_t *failure)
{
    disco_watch_event_t event = {.type = type, .revision = revision};

    event.status = failure != NULL ? failure->status : 0;
    watch->cb(watch->data, &event, failure);
}

/* Once for each kind of trouble, not for each attempt. */
static void tell_stale(v2_watch_t *watch, const disco__failure_t *failure)
{
    disco__failure_t copy = *failure;

    watch->synced = false;
    if (disco__troubles_add(&watch->troubles, copy.status))
        tell(watch, DISCO_WATCH_STALE, 0, &copy);
}

static void end_check(v2_watch_t *watch)
{
    if (watch->check != NULL)
        disco__call_end(&watch->check->call);
    disco__free(watch->check);
    watch->check = NULL;
}

static void start_check_timer(v2_watch_t *watch)
{
    uint64_t most = watch->store->options.watch_check_ms;

    disco__timer_start(loop_of(watch), &watch->timer,
                       most - disco__random_below(&loop_of(watch)->random, most / 4 + 1));
}

/* A member that lags behind, or etcd was wiped or set back. */
static bool ran_backwards(const v2_watch_t *watch, const disco__answer_t *answer)
{
    const position_t *seen = &watch->seen;

    if (answer->index > 0 && watch->next_index > answer->index + 1)
        return true;
    if (answer->raft_term == 0 || seen->raft_term == 0)
        return false;
    return answer->raft_term < seen->raft_term ||
           (answer->raft_term == seen->raft_term && answer->raft_index < seen->raft_index);
}

static bool other_cluster(const v2_watch_t *watch, const disco__answer_t *answer)
{
    return watch->seen.cluster[0] != '\0' && answer->cluster[0] != '\0' &&
           strcmp(watch->seen.cluster, answer->cluster) != 0;
}

static void remember(v2_watch_t *watch, const disco__answer_t *answer)
{
    watch->seen.index = answer->index;
    watch->seen.raft_index = answer->raft_index;
    watch->seen.raft_term = answer->raft_term;
    memcpy(watch->seen.cluster, answer->cluster, sizeof watch->seen.cluster);
}

/* Begins anew where etcd is now. What lies between is lost, which is said once the poll is held. */
static void jump(v2_watch_t *watch)
{
    disco__log(&loop_of(watch)->log, DISCO_LOG_WARNING, "watch of %s: etcd has another history now",
               watch->key);
    watch->gap = true;
    watch->next_index = 0;
    watch->strange_answers = 0;
    memset(&watch->seen, 0, sizeof watch->seen);
}

static void poll_again_later(v2_watch_t *watch)
{
    disco__call_end(&watch->poll);
    disco__timer_start(loop_of(watch), &watch->timer,
                       disco__backoff_next(&watch->refusals, &loop_of(watch)->random));
}

/* The endpoint is left for the next one, if there is one, and asked again later. */
static void leave_endpoint(v2_watch_t *watch, int status, const char *what)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, status, "%s", what);
    disco__failure_set_endpoint(&failure, watch->poll.endpoint->url);
    disco__endpoints_failed(watch->store->endpoints, watch->poll.endpoint, &failure);
    poll_again_later(watch);
    tell_stale(watch, &failure);
}

/* An answer that may be a passing fault: asked for again, then taken for a new history. */
static void answer_is_strange(v2_watch_t *watch, int status, const char *what)
{
    if (watch->strange_answers++ >= SECOND_CHANCES)
        jump(watch);
    leave_endpoint(watch, status, what);
}

/* etcd holds the poll: everything up to its index has been delivered, or is on its way in this
 * poll's body. */
static void on_poll_head(disco__call_t *call)
{
    v2_watch_t *watch = watch_of_poll(call);
    bool gap = watch->gap;

    if (other_cluster(watch, &call->answer)) {
        jump(watch);
        poll_again_later(watch);
        return;
    }
    if (ran_backwards(watch, &call->answer)) {
        answer_is_strange(watch, DISCO_EUNAVAILABLE, "the member's index lies in the past");
        return;
    }
    remember(watch, &call->answer);
    if (watch->next_index == 0 && call->answer.index > 0)
        watch->next_index = call->answer.index + 1;
    start_check_timer(watch);
    watch->gap = false;
    if (gap) {
        disco__failure_t failure;

        disco__failure_clear(&failure);
        disco__failure_set(&failure, DISCO_ECLEARED, "events were lost");
        tell(watch, DISCO_WATCH_GAP, call->answer.index, &failure);
        if (watch->closed)
            return;
    }
    if (!watch->synced) {
        watch->synced = true;
        watch->troubles.count = 0;
        tell(watch, DISCO_WATCH_SYNCED, call->answer.index, NULL);
    }
}

static void on_poll_retrying(disco__call_t *call)
{
    v2_watch_t *watch = watch_of_poll(call);

    disco__timer_stop(loop_of(watch), &watch->timer);
    end_check(watch);
    /* It asked from now on; what happens until it is asked again must not be passed over. */
    if (watch->poll_index != watch->next_index) {
        disco__call_end(&watch->poll);
        disco__timer_start(loop_of(watch), &watch->timer, 0);
    }
    tell_stale(watch, &call->failure);
}

static void deliver(v2_watch_t *watch, const disco__v2_event_t *change)
{
    disco_watch_event_t event = {
        .entry = &change->entry,
        .previous = change->has_previous ? &change->previous : NULL,
        .revision = change->entry.modified_revision,
    };

    switch (change->action) {
    case DISCO__V2_PUT:
        event.type = DISCO_WATCH_PUT;
        break;
    case DISCO__V2_DELETE:
        event.type = DISCO_WATCH_DELETE;
        break;
    case DISCO__V2_EXPIRE:
        event.type = DISCO_WATCH_EXPIRE;
        break;
    case DISCO__V2_OTHER:
        return;
    }
    watch->cb(watch->data, &event, NULL);
}

static void on_event(v2_watch_t *watch, const disco__v2_event_t *change)
{
    uint64_t index = change->entry.modified_revision;

    if (index == 0 || index < watch->next_index) {
        answer_is_strange(watch, DISCO_EPROTOCOL, "an event that was not asked for");
        return;
    }
    watch->next_index = index + 1;
    watch->strange_answers = 0;
    disco__backoff_reset(&watch->refusals);
    (void)poll_begin(watch);
    /* The next poll is on its way while the user is told; closing inside ends it. */
    deliver(watch, change);
}

static void on_body(v2_watch_t *watch, disco__buffer_t *body)
{
    disco__v2_event_t change;
    int rv = disco__v2_read_event(&change, watch->previous, body->bytes, body->size);

    if (rv == 0) {
        on_event(watch, &change);
    } else if (rv == UV_ENOMEM) {
        disco__failure_t failure = watch->poll.failure;

        disco__failure_set(&failure, UV_ENOMEM, NULL);
        poll_again_later(watch);
        tell_stale(watch, &failure);
    } else {
        answer_is_strange(watch, rv, "an event that cannot be read");
    }
}

static void on_refusal(v2_watch_t *watch)
{
    disco__failure_t failure = watch->poll.failure;

    if (failure.status == DISCO_ECLEARED && watch->poll.answer.index > 0) {
        watch->gap = true;
        watch->next_index = watch->poll.answer.index + 1;
        (void)poll_begin(watch);
        return;
    }
    if (failure.status == DISCO_ETOOLARGE) {
        answer_is_strange(watch, failure.status, "an event over the limit");
        return;
    }
    poll_again_later(watch);
    tell_stale(watch, &failure);
}

static void on_poll_done(disco__call_t *call)
{
    v2_watch_t *watch = watch_of_poll(call);
    disco__buffer_t body;

    disco__timer_stop(loop_of(watch), &watch->timer);
    end_check(watch);
    if (call->failure.status != 0) {
        on_refusal(watch);
        return;
    }
    if (call->body.size == 0) {
        leave_endpoint(watch, UV_EOF, "the poll ended without an event"); /* it is shutting down */
        return;
    }
    /* What the event says lies in it, and the next poll begins before the user is told. */
    disco__buffer_init(&body);
    disco__buffer_move(&call->body, &body);
    on_body(watch, &body);
    disco__buffer_free_secret(&body);
}

static void poll_failed_to_start(v2_watch_t *watch, int status)
{
    disco__log(&loop_of(watch)->log, DISCO_LOG_ERROR, "watch of %s: %s", watch->key,
               disco_strerror(status));
    poll_again_later(watch);
}

/* What it gives is for the one who can tell the user; the poll is tried again in any case. */
static int poll_begin(v2_watch_t *watch)
{
    disco__call_t *call = &watch->poll;
    int rv;

    disco__call_end(call);
    disco__buffer_clear(&call->target);
    disco__v2_write_target(&call->target, watch->key);
    disco__v2_write_parameter(&call->target, '?', "wait", "true");
    if (watch->recursive)
        disco__v2_write_parameter(&call->target, '&', "recursive", "true");
    watch->poll_index = watch->next_index;
    if (watch->next_index > 0) {
        disco__v2_write_parameter(&call->target, '&', "waitIndex", "");
        disco__buffer_append_number(&call->target, watch->next_index);
    }
    rv = disco__call_start(call);
    if (rv != 0)
        poll_failed_to_start(watch, rv);
    return rv;
}

/* The poll is begun anew in any case, since its connection may be dead while the member is in
 * order: on this endpoint if it answered, which any answer of its majority shows, and else on the
 * next. */
static void on_check_done(disco__call_t *call)
{
    v2_watch_t *watch = disco__container_of(call, check_t, call)->watch;
    disco__failure_t failure = call->failure;

    end_check(watch);
    if (watch->poll_index != watch->next_index)
        (void)poll_begin(watch);
    else
        disco__call_restart(&watch->poll);
    if (failure.status != 0 && failure.status != DISCO_EKEYNOTFOUND &&
        failure.status != DISCO_EAUTH && failure.status != DISCO_EREFUSED)
        tell_stale(watch, &failure);
}

static check_t *check_new(v2_watch_t *watch)
{
    check_t *check = disco__malloc(sizeof *check);
    disco__call_t *call;

    if (check == NULL)
        return NULL;
    check->watch = watch;
    call = &check->call;
    disco__call_init(call, watch->store->endpoints);
    call->has_position = true;
    call->api = watch->store->base.api;
    call->method = "GET";
    call->authorization = watch->store->endpoints->authorization;
    call->repeatable = true;
    call->attempt_ms = watch->store->options.attempt_ms;
    call->examine = disco__v2_examine;
    call->done = on_check_done;
    disco__v2_write_target(&call->target, watch->key);
    /* Hidden keys are in no listing; that it does not exist is as good an answer, and a small one.
     */
    if (watch->recursive)
        disco__buffer_append_text(&call->target,
                                  strcmp(watch->key, "/") == 0 ? "_uvdisco" : "/_uvdisco");
    disco__v2_write_parameter(&call->target, '?', "quorum", "true");
    call->pinned = watch->poll.endpoint;
    return check;
}

static void check_begin(v2_watch_t *watch)
{
    end_check(watch);
    watch->check = check_new(watch);
    if (watch->check == NULL || disco__call_start(&watch->check->call) != 0) {
        end_check(watch);
        start_check_timer(watch);
    }
}

static void on_timer(disco__timer_t *timer)
{
    v2_watch_t *watch = disco__container_of(timer, v2_watch_t, timer);
    disco__failure_t failure;
    int rv;

    if (watch->poll.sending) {
        check_begin(watch);
        return;
    }
    rv = poll_begin(watch);
    if (rv == 0)
        return;
    disco__failure_clear(&failure);
    failure.status = rv;
    tell_stale(watch, &failure);
}

static void on_burial(disco__tick_t *tick)
{
    v2_watch_t *watch = disco__container_of(tick, v2_watch_t, burial);

    disco__free(watch->key);
    disco__free(watch);
}

static void init_calls(v2_watch_t *watch)
{
    disco__call_init(&watch->poll, watch->store->endpoints);
    watch->poll.has_position = true;
    watch->poll.api = watch->store->base.api;
    watch->poll.method = "GET";
    watch->poll.authorization = watch->store->endpoints->authorization;
    watch->poll.repeatable = true;
    watch->poll.long_poll = true;
    watch->poll.body_limit = watch->store->options.max_event_bytes;
    watch->poll.attempt_ms = watch->store->options.attempt_ms;
    watch->poll.examine = disco__v2_examine;
    watch->poll.head = on_poll_head;
    watch->poll.retrying = on_poll_retrying;
    watch->poll.done = on_poll_done;
}

int disco__v2_watch(disco__store_t *store, const disco__watch_request_t *request,
                    disco__store_watch_cb cb, void *data, disco__store_watch_t **out)
{
    disco__v2_store_t *v2 = disco__v2_store_of(store);
    v2_watch_t *watch = disco__calloc(1, sizeof *watch);

    if (watch == NULL)
        return UV_ENOMEM;
    watch->key = disco__strdup(request->key);
    if (watch->key == NULL) {
        disco__free(watch);
        return UV_ENOMEM;
    }
    watch->base.store = store;
    watch->store = v2;
    watch->recursive = request->scope != DISCO__SCOPE_KEY;
    watch->previous = request->previous;
    watch->next_index = request->from_revision;
    watch->cb = cb;
    watch->data = data;
    disco__timer_init(&watch->timer, on_timer);
    disco__tick_init(&watch->burial, on_burial);
    disco__backoff_init(&watch->refusals, v2->endpoints->backoff_first_ms,
                        v2->endpoints->backoff_most_ms);
    init_calls(watch);
    (void)poll_begin(watch);
    *out = &watch->base;
    return 0;
}

void disco__v2_watch_close(disco__store_watch_t *base)
{
    v2_watch_t *watch = disco__container_of(base, v2_watch_t, base);

    watch->closed = true;
    disco__call_end(&watch->poll);
    end_check(watch);
    disco__timer_stop(loop_of(watch), &watch->timer);
    disco__tick_schedule(loop_of(watch), &watch->burial);
}
