/* What all calls of the JSON gateway have in common. */
#include <string.h>

#include <uvdisco/error.h>

#include "etcd/v3_internal.h"
#include "json/read.h"

/* An answer that is not JSON: of the HTTP server around the gateway, or of a proxy before it. */
static disco__verdict_t examine_text(disco__call_t *call)
{
    int status = call->answer.http_status;
    const char *text = disco__buffer_text(&call->body);

    if (status == 404 || status == 405 || status == 501) {
        disco__failure_set(&call->failure, DISCO_EV3DISABLED, NULL);
        return DISCO__VERDICT_ELSEWHERE;
    }
    if (status == 401 || status == 403 || strstr(text, "CommonName of client") != NULL) {
        /* etcd with authentication takes no client certificate that has a common name here. */
        disco__failure_set(&call->failure, DISCO_EAUTH, "HTTP status %d: %.120s", status, text);
        return DISCO__VERDICT_ANSWER;
    }
    if (status == 429 || status >= 500) {
        disco__failure_set(&call->failure, DISCO_EUNAVAILABLE, "HTTP status %d", status);
        return DISCO__VERDICT_AT_FAULT;
    }
    disco__failure_set(&call->failure, DISCO_EPROTOCOL, "HTTP status %d", status);
    return DISCO__VERDICT_AT_FAULT;
}

disco__verdict_t disco__v3_examine(disco__call_t *call)
{
    cJSON *tree = NULL;
    bool token = false;
    bool read = false;
    int rv;

    if (call->answer.http_status == 200) {
        disco__failure_clear(&call->failure);
        return DISCO__VERDICT_ANSWER;
    }
    rv = disco__json_parse_answer(disco__buffer_text(&call->body), call->body.size, &tree);
    if (rv == 0)
        read = disco__v3_read_error(&call->failure, &token, tree);
    disco__json_free(tree);
    if (rv == UV_ENOMEM) {
        disco__failure_set(&call->failure, rv, NULL);
        return DISCO__VERDICT_AT_FAULT;
    }
    if (!read)
        return examine_text(call);
    if (token)
        return DISCO__VERDICT_TOKEN;
    if (call->failure.status == DISCO_EV3DISABLED)
        return DISCO__VERDICT_ELSEWHERE;
    return call->failure.status == DISCO_EUNAVAILABLE ? DISCO__VERDICT_AT_FAULT
                                                      : DISCO__VERDICT_ANSWER;
}

void disco__v3_call_init(disco__call_t *call, disco__v3_store_t *store, const char *target)
{
    disco__call_init(call, store->endpoints);
    call->api = store->base.api;
    call->method = "POST";
    call->content_type = "application/json";
    call->auth = store->auth;
    call->fields = DISCO__V3_NEEDS_LEADER;
    call->repeatable = true;
    call->attempt_ms = store->options.attempt_ms;
    call->examine = disco__v3_examine;
    disco__buffer_append_text(&call->target, target);
}

void disco__v3_call_pursue(disco__call_t *call, const disco__pursuit_t *pursuit)
{
    call->attempt_ms = pursuit->attempt_ms;
    call->attempt_most_ms = pursuit->attempt_most_ms;
    call->total_ms = pursuit->total_ms;
    call->backoff_most_ms = pursuit->backoff_most_ms;
}

void disco__v3_call_hurry(disco__call_t *call, const disco__pursuit_t *pursuit)
{
    if (pursuit->attempt_ms < call->attempt_ms)
        call->attempt_ms = pursuit->attempt_ms;
    if (pursuit->attempt_most_ms < call->attempt_most_ms)
        call->attempt_most_ms = pursuit->attempt_most_ms;
    if (pursuit->backoff_most_ms > 0 &&
        (call->backoff_most_ms == 0 || pursuit->backoff_most_ms < call->backoff_most_ms))
        call->backoff_most_ms = pursuit->backoff_most_ms;
}
