/* Happy path: a request is recognised, counted, and handed to the tiny etcd. Failure modes: it
 * waits instead until it is passed, or is refused in the words of its API. */
#include "support/registry.h"

#include <stdlib.h>

#include "support/tiny_json.h"

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static ask_t ask_of_v2(const server_request_t *request)
{
    bool info = begins_with(request->target, "/v2/keys/services_infos/");

    if (strstr(request->target, "wait=true") != NULL)
        return ASK_WATCH;
    if (strcmp(request->method, "DELETE") == 0)
        return ASK_REMOVAL;
    if (strcmp(request->method, "GET") == 0)
        return info ? ASK_INFO : ASK_HOSTS;
    if (info)
        return ASK_INFO_WRITE;
    return strstr(request->body, "refresh=true") != NULL ? ASK_BEAT : ASK_WRITE;
}

/* One range of the info, and nothing else. */
static bool asks_for_info(const server_request_t *request)
{
    tiny_json_t first = tiny_json_first(tiny_json_member(request->body, "success"));
    char *key = tiny_json_bytes(tiny_json_member(tiny_json_member(first, "request_range"), "key"));
    bool info = begins_with(key, "/services_infos/") && tiny_json_next(first) == NULL;

    free(key);
    return info;
}

static ask_t ask_of_v3(const server_request_t *request)
{
    if (strcmp(request->target, "/v3/watch") == 0)
        return ASK_WATCH;
    if (strcmp(request->target, "/v3/lease/keepalive") == 0)
        return ASK_BEAT;
    if (strcmp(request->target, "/v3/kv/txn") != 0)
        return ASK_OTHER;
    if (strstr(request->body, "request_delete_range") != NULL)
        return ASK_REMOVAL;
    if (strstr(request->body, "request_put") != NULL)
        return strstr(request->body, "\"lease\":") != NULL ? ASK_WRITE : ASK_INFO_WRITE;
    return asks_for_info(request) ? ASK_INFO : ASK_HOSTS;
}

static bool is_v3(const server_request_t *request)
{
    return begins_with(request->target, "/v3/");
}

static void refuse_on_v2(server_t *server, const server_request_t *request, refusal_t how)
{
    static const struct {
        int status;
        const char *body;
    } answers[] = {
        [REFUSE_UNAVAILABLE] = {500, "{\"errorCode\":300,\"message\":\"Raft Internal Error\","
                                     "\"cause\":\"etcdserver: request timed out\",\"index\":0}"},
        [REFUSE_ACCESS] = {401, "{\"errorCode\":110,\"message\":\"The request requires user "
                                "authentication\",\"cause\":\"Insufficient credentials\","
                                "\"index\":0}"},
        [REFUSE_REQUEST] = {403, "{\"errorCode\":102,\"message\":\"Not a file\",\"cause\":\"/x\","
                                 "\"index\":9}"},
        [REFUSE_API] = {404, "404 page not found\n"},
        [REFUSE_SENSE] = {200, "garbage"},
    };

    server_respond(server, request, answers[how].status, NULL, answers[how].body);
}

static void refuse_on_v3(server_t *server, const server_request_t *request, refusal_t how)
{
    static const struct {
        int status;
        const char *body;
    } answers[] = {
        [REFUSE_UNAVAILABLE] = {503, "{\"error\":\"etcdserver: request timed out\",\"code\":14}"},
        [REFUSE_ACCESS] = {403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}"},
        [REFUSE_REQUEST] = {400, "{\"error\":\"etcdserver: key is not provided\",\"code\":3}"},
        [REFUSE_API] = {404, "404 page not found\n"},
        [REFUSE_SENSE] = {200, "garbage"},
    };

    server_respond(server, request, answers[how].status, NULL, answers[how].body);
}

static void on_request(server_t *server, const server_request_t *request, void *data)
{
    registry_t *registry = data;
    bool v3 = is_v3(request);
    ask_t ask = v3 ? ask_of_v3(request) : ask_of_v2(request);
    size_t *refusals = &registry->asks[ask].refusals[v3 ? 1 : 0];

    registry->asks[ask].seen[v3 ? 1 : 0]++;
    if (*refusals > 0) {
        (*refusals)--;
        (v3 ? refuse_on_v3 : refuse_on_v2)(server, request, registry->asks[ask].how);
    } else if (registry->asks[ask].held) {
        assert_true(registry->waiting_count < REGISTRY_MOST_WAITING);
        registry->waiting[registry->waiting_count].request = request;
        registry->waiting[registry->waiting_count].ask = ask;
        registry->waiting_count++;
    } else {
        tiny_etcd_handle(registry->etcd, request);
    }
}

void registry_open(registry_t *registry)
{
    memset(registry, 0, sizeof *registry);
    flow_open(&registry->flow, 0);
    registry->etcd = tiny_etcd_new(&registry->flow.loop);
    server_set_handler(tiny_etcd_server(registry->etcd), on_request, registry);
    registry->flow.options.api = test_api();
    registry->flow.options.endpoints = tiny_etcd_endpoint(registry->etcd);
    registry->flow.options.backoff_first_ms = 100;
    registry->flow.options.backoff_most_ms = 100;
}

void registry_start(registry_t *registry)
{
    flow_start(&registry->flow);
    diary_begin(&registry->diary, &registry->flow);
}

void registry_begin(registry_t *registry)
{
    registry_open(registry);
    registry_start(registry);
}

void registry_end(registry_t *registry)
{
    registry_told_nothing(registry);
    if (registry->flow.client != NULL)
        flow_close_client(&registry->flow);
    tiny_etcd_free(registry->etcd);
    flow_close(&registry->flow);
}

size_t registry_sides(void)
{
    return test_api() == DISCO_API_BOTH ? 2 : 1;
}

bool registry_is_on(size_t side)
{
    return test_api() == DISCO_API_BOTH || test_api() == (side == 0 ? DISCO_API_V2 : DISCO_API_V3);
}

void registry_hold(registry_t *registry, ask_t ask)
{
    registry->asks[ask].held = true;
}

void registry_pass(registry_t *registry, ask_t ask)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < registry->waiting_count; i++) {
        if (registry->waiting[i].ask == ask)
            tiny_etcd_handle(registry->etcd, registry->waiting[i].request);
        else
            registry->waiting[kept++] = registry->waiting[i];
    }
    registry->waiting_count = kept;
}

void registry_release(registry_t *registry, ask_t ask)
{
    registry->asks[ask].held = false;
    registry_pass(registry, ask);
}

void registry_refuse(registry_t *registry, ask_t ask, refusal_t how, size_t times)
{
    registry->asks[ask].how = how;
    registry->asks[ask].refusals[0] = times;
    registry->asks[ask].refusals[1] = times;
}

static bool has_come(const registry_t *registry, ask_t ask, size_t count)
{
    const size_t *seen = registry->asks[ask].seen;

    return (!registry_is_on(0) || seen[0] >= count) && (!registry_is_on(1) || seen[1] >= count);
}

void registry_await_at(registry_t *registry, ask_t ask, size_t count, const char *file, int line)
{
    uint64_t began = uv_hrtime();

    while (!has_come(registry, ask, count))
        flow_step(&registry->flow, began, "requests", file, line);
}

void registry_await_later_at(registry_t *registry, ask_t ask, size_t count, const char *file,
                             int line)
{
    registry->flow.pace = 10;
    registry_await_at(registry, ask, count, file, line);
    registry->flow.pace = 0;
}

void registry_assert_seen_at(registry_t *registry, ask_t ask, size_t count, const char *file,
                             int line)
{
    const size_t *seen = registry->asks[ask].seen;

    flow_settle(&registry->flow);
    if (registry_is_on(0))
        test_assert_int((intmax_t)seen[0], (intmax_t)count, "requests on v2", file, line);
    if (registry_is_on(1))
        test_assert_int((intmax_t)seen[1], (intmax_t)count, "requests on v3", file, line);
}

void registry_assert_by_quorum(const registry_t *registry, ask_t ask)
{
    size_t asked = 0;
    size_t i;

    for (i = 0; i < registry->waiting_count; i++) {
        const server_request_t *request = registry->waiting[i].request;

        if (registry->waiting[i].ask != ask)
            continue;
        assert_null(strstr(request->body, "serializable"));
        if (strcmp(request->method, "GET") == 0)
            assert_non_null(strstr(request->target, "quorum=true"));
        asked++;
    }
    assert_int(asked, registry_sides());
}

void registry_told_by_each_at(registry_t *registry, const char *line, const char *file,
                              int line_number)
{
    size_t i;

    for (i = 0; i < registry_sides(); i++)
        diary_expect_at(&registry->diary, line, file, line_number);
}

void registry_told_later_at(registry_t *registry, const char *line, const char *file,
                            int line_number)
{
    registry->flow.pace = 10;
    diary_expect_at(&registry->diary, line, file, line_number);
    registry->flow.pace = 0;
}

void registry_cut(registry_t *registry)
{
    server_hang_up_all(tiny_etcd_server(registry->etcd));
    registry->waiting_count = 0;
}
