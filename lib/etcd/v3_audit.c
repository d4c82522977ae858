/* Keep-alives say nothing of a key that somebody else has deleted, or has written without the
 * lease: etcd is asked which keys the lease has, now and then, after heartbeats have failed, and
 * when the cluster is another one or was set back.
 *
 * Happy path: the answer has every key that was acknowledged before the question was sent. Failure
 * modes: one that is missing is asked for once more, since the member that answers may not have
 * come to its write yet; when it is missing again, it is told that it is gone. A question that
 * fails is asked again later; one that etcd refuses is not asked any more. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/timer.h"
#include "etcd/v3_lease.h"
#include "json/read.h"

/* So many keys are asked for in each time to live; more of them take longer. */
#define KEYS_OF_TTL 100
/* Of an answer, around the keys. */
#define HEAD_BYTES 4096

static disco__v3_leased_t *leased_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_leased_t, node);
}

static uint64_t pace(const disco__v3_lease_t *lease)
{
    return lease->heartbeat.ttl_ms * (lease->count / KEYS_OF_TTL + 1);
}

void disco__v3_audit_plan(disco__v3_lease_t *lease)
{
    if (!lease->asks_no_more)
        disco__timer_start_at(lease->loop, &lease->question_timer, lease->asked_ms + pace(lease));
}

void disco__v3_audit_stop(disco__v3_lease_t *lease)
{
    disco__timer_stop(lease->loop, &lease->question_timer);
    disco__call_end(&lease->question);
}

/* What the answer may be at most, with room for keys that are ours no more. */
static size_t body_limit(const disco__v3_lease_t *lease)
{
    size_t limit = HEAD_BYTES;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&lease->keys, node, after) limit += strlen(leased_at(node)->key) * 2 + 16;
    return limit * 2;
}

/* What the keys of an answer are compared by. */
static int compare(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

static bool has(const char *const *keys, size_t count, const char *key)
{
    return count > 0 && bsearch(&key, keys, count, sizeof key, compare) != NULL;
}

/* Decoded where they stand, and sorted. */
static int read_keys(const char ***keys, size_t *count, const cJSON *tree)
{
    const cJSON *list = disco__json_member(tree, "keys");
    const cJSON *item;
    size_t most = (size_t)(cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0);

    *count = 0;
    *keys = disco__calloc(most + 1, sizeof **keys);
    if (*keys == NULL)
        return UV_ENOMEM;
    cJSON_ArrayForEach(item, list)
    {
        char *text = cJSON_GetStringValue(item);
        size_t size;

        if (text == NULL || *count >= most)
            continue;
        size = strlen(text);
        if (disco__base64_decode_in_place(text, &size) != 0)
            continue;
        text[size] = '\0';
        (*keys)[(*count)++] = text;
    }
    if (*count > 1)
        qsort(*keys, *count, sizeof **keys, compare);
    return 0;
}

/* Moves the keys that are gone into a list. True: some are to be asked for once more. */
static bool sort_out(disco__v3_lease_t *lease, const char *const *keys, size_t count,
                     disco__queue_t *gone)
{
    bool again = false;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&lease->keys, node, after)
    {
        disco__v3_leased_t *leased = leased_at(node);

        if (!leased->written || leased->write != NULL || leased->asked == lease->questions ||
            has(keys, count, leased->key))
            continue;
        if (leased->missed != 0 && leased->missed + 1 == lease->questions) {
            disco__queue_remove(node);
            disco__queue_push(gone, node);
        } else {
            leased->missed = lease->questions;
            again = true;
        }
    }
    return again;
}

/* As in v3_lease.c: any callback may close any key, and the lease with the last. */
static void tell_gone(disco__queue_t *gone)
{
    disco__failure_t failure;
    disco__queue_t *node;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, DISCO_EKEYNOTFOUND, "not on its lease any more");
    while ((node = disco__queue_first(gone)) != NULL) {
        disco__v3_leased_t *leased = leased_at(node);

        disco__queue_remove(node);
        disco__queue_push(&leased->lease->keys, node);
        leased->written = false;
        leased->troubled = false;
        leased->events.gone(leased->data, &failure);
    }
}

/* What etcd says of the lease itself. A lease that is about to expire has no "TTL". */
static int read_lease(disco__v3_lease_t *lease, const cJSON *tree, bool *alive)
{
    uint64_t id = 0;
    uint64_t ttl_s = 0;
    uint64_t granted_s = 0;

    if (!disco__json_u64(tree, "ID", &id) || id != lease->id ||
        !disco__json_u64(tree, "grantedTTL", &granted_s))
        return DISCO_EPROTOCOL;
    if (!disco__json_u64(tree, "TTL", &ttl_s))
        return granted_s == 0 ? DISCO_EKEYNOTFOUND : DISCO_EPROTOCOL; /* "-1" */
    *alive = ttl_s > 0;
    return 0;
}

static int read_answer(disco__v3_lease_t *lease, const disco__call_t *call, disco__queue_t *gone,
                       bool *again)
{
    const char **keys = NULL;
    size_t count = 0;
    bool alive = false;
    cJSON *tree = NULL;
    int rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);

    if (rv == 0)
        rv = read_lease(lease, tree, &alive);
    if (rv == 0 && alive)
        rv = read_keys(&keys, &count, tree);
    if (rv == 0 && alive) {
        disco__v3_leftover_look(lease, keys, count);
        *again = sort_out(lease, keys, count, gone);
    }
    disco__free(keys);
    disco__json_free(tree);
    return rv;
}

/* For good: not for want of a token that is still good. */
static bool is_refused(int status, const disco__failure_t *failure)
{
    return status == DISCO_EREFUSED || status == DISCO_ETOOLARGE ||
           failure->etcd_code == DISCO__V3_DENIED;
}

static void on_answer(disco__call_t *call)
{
    disco__v3_lease_t *lease = disco__container_of(call, disco__v3_lease_t, question);
    bool again = false;
    disco__queue_t gone;
    int rv = call->failure.status;

    disco__queue_init(&gone);
    if (rv == 0)
        rv = read_answer(lease, call, &gone, &again);
    if (rv == DISCO_EKEYNOTFOUND) {
        if (call->failure.status == 0)
            disco__failure_set(&call->failure, rv, "the lease is gone");
        disco__v3_lease_lost(lease, &call->failure);
        return;
    }
    if (is_refused(rv, &call->failure)) {
        lease->asks_no_more = true;
        disco__log(&lease->loop->log, DISCO_LOG_WARNING,
                   "%s: keys of a lease cannot be asked for (%s): one that somebody else deletes "
                   "is not noticed",
                   call->endpoint->url, disco_strerror(rv));
        return;
    }
    if (again)
        disco__v3_audit_now(lease);
    else
        disco__v3_audit_plan(lease);
    tell_gone(&gone);
}

void disco__v3_audit_now(disco__v3_lease_t *lease)
{
    disco__call_t *call = &lease->question;

    if (lease->asks_no_more)
        return;
    disco__v3_audit_stop(lease);
    disco__v3_call_init(call, lease->store, "/v3/lease/timetolive");
    disco__buffer_append_char(&call->content, '{');
    disco__v3_write_number(&call->content, "ID", lease->id);
    disco__v3_write_true(&call->content, "keys");
    disco__buffer_append_char(&call->content, '}');
    call->total_ms = lease->store->options.attempt_ms * 2;
    call->body_limit = body_limit(lease);
    call->done = on_answer;
    lease->questions++;
    lease->asked_ms = disco__now(lease->loop);
    if (disco__call_start(call) != 0)
        disco__v3_audit_plan(lease);
}

static void on_timer(disco__timer_t *timer)
{
    disco__v3_lease_t *lease = disco__container_of(timer, disco__v3_lease_t, question_timer);

    if (disco__now(lease->loop) >= lease->asked_ms + pace(lease))
        disco__v3_audit_now(lease);
    else
        disco__v3_audit_plan(lease); /* there are more keys than there were */
}

void disco__v3_audit_init(disco__v3_lease_t *lease)
{
    disco__call_init(&lease->question, lease->store->endpoints);
    disco__timer_init(&lease->question_timer, on_timer);
}
