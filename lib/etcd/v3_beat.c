/* Happy path: every third of the lease's time to live one keep-alive, which etcd answers with the
 * time to live: no key is looked at. Failure modes: see v3_lease.c. etcd answers with status 200
 * also when the lease is gone, or with an error as a message of a stream. */
#include <string.h>

#include <uvdisco/error.h>

#include "etcd/v3_lease.h"
#include "json/member.h"
#include "json/read.h"

typedef enum event_e { FAILING, OVERDUE, ALIVE } event_t;

static disco__v3_leased_t *leased_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_leased_t, node);
}

static void tell(disco__v3_leased_t *leased, event_t event, const disco__failure_t *failure)
{
    switch (event) {
    case FAILING:
        leased->troubled = true;
        leased->events.failing(leased->data, failure);
        break;
    case OVERDUE:
        leased->troubled = true;
        leased->events.overdue(leased->data, failure);
        break;
    case ALIVE:
        leased->troubled = false;
        leased->events.alive(leased->data);
        break;
    }
}

/* Any callback may close this key and others, and with the last one the lease: they take themselves
 * out of the list, and the lease is not looked at but through a key that is there. */
static void tell_all(disco__v3_lease_t *lease, event_t event, const disco__failure_t *why)
{
    disco__failure_t failure = *why;
    disco__queue_t untold;
    disco__queue_t *node;

    disco__queue_init(&untold);
    disco__queue_move(&lease->keys, &untold);
    while ((node = disco__queue_first(&untold)) != NULL) {
        disco__v3_leased_t *leased = leased_at(node);

        disco__queue_remove(node);
        disco__queue_push(&leased->lease->keys, node);
        if (event == ALIVE ? leased->troubled : leased->written)
            tell(leased, event, &failure);
    }
}

static disco__v3_lease_t *lease_of_beat(disco__call_t *call)
{
    return disco__container_of(call, disco__v3_lease_t, beat);
}

enum { RESULT, ERROR, CODE, GRPC_CODE, ANSWER_COUNT };
static const disco__name_t answer_names[ANSWER_COUNT] = {
    DISCO__NAME("result"),
    DISCO__NAME("error"),
    DISCO__NAME("code"),
    DISCO__NAME("grpc_code"),
};

enum { HEADER, ID, TTL, RESULT_COUNT };
static const disco__name_t result_names[RESULT_COUNT] = {
    DISCO__NAME("header"),
    DISCO__NAME("ID"),
    DISCO__NAME("TTL"),
};

typedef struct result_s {
    bool is_there;
    disco__v3_header_t header;
    disco__number_t id;
    disco__number_t ttl_s;
} result_t;

static void take_result(disco__scan_t *scan, result_t *result)
{
    disco__span_t name;

    memset(result, 0, sizeof *result);
    result->is_there = disco__scan_peek(scan) == '{';
    if (!result->is_there) {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name)) {
        switch (disco__span_which(&name, result_names, RESULT_COUNT)) {
        case HEADER:
            disco__v3_take_header(scan, &result->header);
            break;
        case ID:
            disco__member_number(scan, &result->id);
            break;
        case TTL:
            disco__member_number(scan, &result->ttl_s);
            break;
        default:
            (void)disco__scan_skip(scan);
        }
    }
}

/* Read where it lies, since heartbeats repeat. *may_be_error: it says something of an error. */
static int take_answer(result_t *result, bool *may_be_error, const disco__buffer_t *body)
{
    disco__scan_t scan;
    disco__span_t name;

    memset(result, 0, sizeof *result);
    *may_be_error = false;
    disco__scan_init(&scan, disco__buffer_text(body), body->size, true);
    (void)disco__scan_open(&scan, '{');
    while (disco__scan_name(&scan, &name)) {
        size_t which = disco__span_which(&name, answer_names, ANSWER_COUNT);

        if (which == RESULT) {
            take_result(&scan, result);
        } else {
            *may_be_error = *may_be_error || which < ANSWER_COUNT;
            (void)disco__scan_skip(&scan);
        }
    }
    (void)disco__scan_end(&scan);
    return scan.status;
}

static bool read_error(disco__call_t *call, bool *token)
{
    cJSON *tree = NULL;
    int rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);
    bool read = rv == 0 && disco__v3_read_error(&call->failure, token, tree);

    disco__json_free(tree);
    if (rv == 0)
        return read;
    *token = false;
    disco__failure_set(&call->failure, rv, rv == DISCO_EPROTOCOL ? "unreadable answer" : NULL);
    return true;
}

/* "result" without "TTL" is how etcd says that it has no such lease. */
static int heed(disco__v3_lease_t *lease, const result_t *result)
{
    if (!result->is_there || result->id.is_wrong || result->id.value != lease->id ||
        result->ttl_s.is_wrong)
        return DISCO_EPROTOCOL;
    lease->beat_header = result->header;
    lease->beat_ttl_s = result->ttl_s.value;
    return lease->beat_ttl_s > 0 ? 0 : DISCO_EKEYNOTFOUND;
}

static bool is_at_fault(int status)
{
    return status == DISCO_EUNAVAILABLE || status == DISCO_EPROTOCOL || status == UV_ENOMEM;
}

static disco__verdict_t examine_beat(disco__call_t *call)
{
    disco__verdict_t verdict = disco__v3_examine(call);
    result_t result;
    bool may_be_error;
    bool token = false;
    int rv;

    if (call->failure.status != 0)
        return verdict;
    rv = take_answer(&result, &may_be_error, &call->body);
    if (rv == 0 && may_be_error && read_error(call, &token)) {
        if (token)
            return DISCO__VERDICT_TOKEN;
        return is_at_fault(call->failure.status) ? DISCO__VERDICT_AT_FAULT : DISCO__VERDICT_ANSWER;
    }
    if (rv == 0)
        rv = heed(lease_of_beat(call), &result);
    if (rv != 0)
        disco__failure_set(&call->failure, rv,
                           rv == DISCO_EPROTOCOL      ? "unreadable answer"
                           : rv == DISCO_EKEYNOTFOUND ? "the lease is gone"
                                                      : NULL);
    return rv == 0 || rv == DISCO_EKEYNOTFOUND ? DISCO__VERDICT_ANSWER : DISCO__VERDICT_AT_FAULT;
}

static void beat_failed(disco__v3_lease_t *lease, const disco__failure_t *failure)
{
    lease->troubled = true;
    tell_all(lease, FAILING, failure);
}

static void beat_later(disco__v3_lease_t *lease, const disco__failure_t *failure)
{
    disco__heartbeat_again(&lease->heartbeat,
                           disco__backoff_next(&lease->backoff, &lease->loop->random));
    beat_failed(lease, failure);
}

static void on_beat_retrying(disco__call_t *call)
{
    beat_failed(lease_of_beat(call), &call->failure);
}

/* Another cluster, or one that was restored from a backup, may have the lease and not the keys. */
static bool was_set_back(disco__v3_lease_t *lease)
{
    const disco__v3_header_t *seen = &lease->seen;
    const disco__v3_header_t *now = &lease->beat_header;
    bool is_back = now->cluster_id != seen->cluster_id || now->revision < seen->revision ||
                   now->raft_term < seen->raft_term;

    is_back = is_back && seen->cluster_id != 0;
    lease->seen = *now;
    return is_back;
}

static void on_beat_done(disco__call_t *call)
{
    disco__v3_lease_t *lease = lease_of_beat(call);

    if (call->failure.status == DISCO_EKEYNOTFOUND) {
        disco__v3_lease_lost(lease, &call->failure);
        return;
    }
    if (call->failure.status != 0) {
        beat_later(lease, &call->failure);
        return;
    }
    disco__backoff_reset(&lease->backoff);
    if (lease->beat_ttl_s <= DISCO__V3_TTL_MOST_S)
        lease->heartbeat.ttl_ms = lease->beat_ttl_s * 1000;
    disco__heartbeat_acknowledged(&lease->heartbeat, call->sent_ms);
    if (was_set_back(lease) || lease->troubled)
        disco__v3_audit_now(lease);
    if (!lease->troubled)
        return;
    lease->troubled = false;
    tell_all(lease, ALIVE, &call->failure);
}

/* The request is the same each time, until the lease is another one. */
static void prepare(disco__v3_lease_t *lease)
{
    disco__v3_lease_ask(lease, &lease->beat, "/v3/lease/keepalive", "ID", lease->id);
    lease->beat.backoff_most_ms = lease->backoff.most_ms;
    lease->beat.examine = examine_beat;
    lease->beat.retrying = on_beat_retrying;
    lease->beat.done = on_beat_done;
}

static void on_beat(disco__heartbeat_t *heartbeat)
{
    disco__v3_lease_t *lease = disco__container_of(heartbeat, disco__v3_lease_t, heartbeat);
    disco__failure_t failure;
    int rv;

    if (lease->beat.content.size == 0)
        prepare(lease);
    lease->beat.attempt_ms =
        disco__heartbeat_attempt_ms(heartbeat->ttl_ms, lease->store->options.attempt_ms);
    rv = disco__call_start(&lease->beat);
    if (rv == 0)
        return;
    disco__call_end(&lease->beat);
    disco__failure_clear(&failure);
    failure.status = rv;
    beat_later(lease, &failure);
}

static void on_overdue(disco__heartbeat_t *heartbeat)
{
    disco__v3_lease_t *lease = disco__container_of(heartbeat, disco__v3_lease_t, heartbeat);
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = DISCO_ELOST;
    lease->troubled = true;
    tell_all(lease, OVERDUE, &failure);
}

void disco__v3_beat_init(disco__v3_lease_t *lease)
{
    const disco__endpoints_t *endpoints = lease->store->endpoints;
    uint64_t ttl_ms = lease->ttl_s * 1000;
    uint32_t most_ms = endpoints->backoff_most_ms;

    disco__backoff_init(&lease->backoff, endpoints->backoff_first_ms,
                        ttl_ms / 2 < most_ms ? (uint32_t)(ttl_ms / 2) : most_ms);
    disco__call_init(&lease->beat, lease->store->endpoints);
    disco__heartbeat_init(&lease->heartbeat, lease->loop, ttl_ms, on_beat, on_overdue);
}
