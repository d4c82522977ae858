#include "support/watch_flow.h"

#include "base/base64.h"

void watch_flow_prepare(watch_flow_t *bench, size_t servers)
{
    memset(bench, 0, sizeof *bench);
    flow_open(&bench->flow, servers);
    bench->flow.options.api = DISCO_API_V3;
    bench->flow.options.backoff_first_ms = 20;
    bench->flow.options.backoff_most_ms = 20;
    bench->cluster = 7;
    bench->term = 2;
}

void watch_flow_start(watch_flow_t *bench)
{
    flow_start(&bench->flow);
}

size_t watch_flow_add(watch_flow_t *bench, const char *key, uint64_t from)
{
    disco_kv_watch_options_t options = {.recursive = true, .from_revision = from};
    size_t number = bench->count++;

    assert_true(number < WATCH_FLOW_MOST);
    diary_begin(&bench->diaries[number], &bench->flow);
    assert_status(disco_kv_watch(bench->flow.client, key, &options, diary_watch_cb,
                                 &bench->diaries[number], &bench->watches[number]),
                  0);
    return number;
}

void watch_flow_close(watch_flow_t *bench, size_t number)
{
    assert_status(disco_watch_close(bench->watches[number]), 0);
    bench->watches[number] = NULL;
    diary_expect(&bench->diaries[number], "CLOSED ECANCELED");
}

void watch_flow_end(watch_flow_t *bench)
{
    size_t i;

    flow_expect_no_request(&bench->flow);
    for (i = 0; i < bench->count; i++) {
        diary_expect_nothing(&bench->diaries[i]);
        if (bench->watches[i] != NULL)
            watch_flow_close(bench, i);
    }
    flow_settle(&bench->flow);
    for (i = 0; i < bench->flow.server_count; i++)
        assert_int(server_open_count(bench->flow.servers[i]), 0);
    flow_close(&bench->flow);
}

static const char *base64(const char *text)
{
    disco__buffer_t out;
    const char *copy;

    disco__buffer_init(&out);
    assert_status(disco__base64_encode(&out, text, strlen(text)), 0);
    copy = flow_text("%s", disco__buffer_text(&out));
    disco__buffer_free(&out);
    return copy;
}

const char *watch_asked(size_t id, const char *key, uint64_t start)
{
    return flow_text(
        "{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\",%s\"watch_id\":"
        "\"%zu\",\"progress_notify\":true,\"fragment\":true,\"prev_kv\":true}}",
        base64(key), base64(flow_text("%s0", key)),
        start > 0 ? flow_text("\"start_revision\":\"%llu\",", (unsigned long long)start) : "", id);
}

flow_request_t watch_expect_at(watch_flow_t *bench, const char *body, bool later, const char *file,
                               int line)
{
    flow_request_t request = later ? flow_expect_later_at(&bench->flow, WATCH, file, line)
                                   : flow_expect_at(&bench->flow, SIZE_MAX, WATCH, file, line);

    if (strcmp(request.request->body, body) != 0) {
        print_error("asked for \"%s\"\nand not    \"%s\"\n", request.request->body, body);
        _fail(file, line);
    }
    return request;
}

void watch_begin(flow_request_t request)
{
    flow_send(request, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
}

void watch_say(flow_request_t request, const char *json)
{
    flow_send(request, flow_text("%zx\r\n%s\n\r\n", strlen(json) + 1, json));
}

const char *watch_result(const watch_flow_t *bench, uint64_t revision, const char *fields)
{
    const char *cluster = bench->cluster > 0 ? flow_text("\"cluster_id\":\"%llu\",",
                                                         (unsigned long long)bench->cluster)
                                             : "";
    const char *term = bench->term > 0
                           ? flow_text("\"raft_term\":\"%llu\",", (unsigned long long)bench->term)
                           : "";
    const char *number =
        revision > 0 ? flow_text("\"revision\":\"%llu\",", (unsigned long long)revision) : "";

    return flow_text("{\"result\":{\"header\":{%s%s%s\"member_id\":\"8\"},%s}}", cluster, number,
                     term, fields);
}

void watch_created(const watch_flow_t *bench, flow_request_t request, size_t id, uint64_t revision)
{
    watch_say(request, watch_result(bench, revision,
                                    flow_text("\"watch_id\":\"%zu\",\"created\":true", id)));
}

void watch_events(const watch_flow_t *bench, flow_request_t request, size_t id, uint64_t revision,
                  const char *events)
{
    watch_say(request, watch_result(bench, revision,
                                    flow_text("\"watch_id\":\"%zu\",\"events\":[%s]", id, events)));
}

void watch_progress(const watch_flow_t *bench, flow_request_t request, size_t id, uint64_t revision)
{
    watch_say(request, watch_result(bench, revision, flow_text("\"watch_id\":\"%zu\"", id)));
}

const char *watch_put(const char *key, const char *value, uint64_t revision)
{
    return flow_text("{\"kv\":{\"key\":\"%s\",\"value\":\"%s\",\"mod_revision\":\"%llu\","
                     "\"create_revision\":\"1\",\"version\":\"2\"}}",
                     base64(key), base64(value), (unsigned long long)revision);
}

const char *watch_deleted(const char *key, uint64_t revision)
{
    return flow_text("{\"type\":\"DELETE\",\"kv\":{\"key\":\"%s\",\"mod_revision\":\"%llu\"}}",
                     base64(key), (unsigned long long)revision);
}
