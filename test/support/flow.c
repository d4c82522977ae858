#include "support/flow.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timer.h"
#include "etcd/auto_internal.h"
#include "etcd/v2_internal.h"
#include "etcd/v3_internal.h"
#include "support/percent.h"

#define PATIENCE_NS 60000000000u
#define SETTLING_STEPS 30

typedef struct text_s {
    struct text_s *next;
    char bytes[];
} text_t;

static text_t *texts; /* of this process, that is of this test */

static text_t *new_text(size_t size)
{
    text_t *text = malloc(sizeof *text + size);

    if (text == NULL)
        abort();
    text->next = texts;
    texts = text;
    return text;
}

const char *flow_text(const char *format, ...)
{
    va_list arguments;
    text_t *text;
    int size;

    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert_true(size >= 0);
    text = new_text((size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf(text->bytes, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text->bytes;
}

static void free_texts(void)
{
    while (texts != NULL) {
        text_t *text = texts;

        texts = text->next;
        free(text);
    }
}

static void on_log(void *data, disco_log_level_t level, const char *line)
{
    flow_t *flow = data;
    size_t size = strlen(line);

    (void)level;
    flow->log = realloc(flow->log, flow->log_size + size + 2);
    if (flow->log == NULL)
        abort();
    memcpy(flow->log + flow->log_size, line, size);
    memcpy(flow->log + flow->log_size + size, "\n", 2);
    flow->log_size += size + 1;
}

size_t flow_logged(const flow_t *flow, const char *text)
{
    const char *at = flow->log;
    size_t count = 0;

    while (at != NULL && (at = strstr(at, text)) != NULL) {
        count++;
        at += strlen(text);
    }
    return count;
}

static void on_pulse(uv_timer_t *pulse)
{
    (void)pulse;
}

void flow_open(flow_t *flow, size_t servers)
{
    size_t used = 0;

    memset(flow, 0, sizeof *flow);
    loop_open(&flow->loop);
    heap_spare_begin();
    assert_int(uv_timer_init(&flow->loop.uv, &flow->pulse), 0);
    heap_spare_end();
    for (; flow->server_count < servers; flow->server_count++) {
        server_t *server = server_new(&flow->loop);

        flow->servers[flow->server_count] = server;
        used +=
            (size_t)snprintf(flow->endpoints + used, sizeof flow->endpoints - used,
                             "%s127.0.0.1:%u", used > 0 ? "," : "", (unsigned)server_port(server));
    }
    flow->cluster = "8cc9da78b36d1115";
    flow->raft_term = 2;
    assert_int(disco_options_init(&flow->options), 0);
    flow->options.api = DISCO_API_V2;
    flow->options.endpoints = flow->endpoints;
    flow->options.hostname = "machine";
    flow->options.watch_check_ms = 1000000000;
    flow->options.idle_timeout_ms = 1000000000;
    flow->options.log = on_log;
    flow->options.log_data = flow;
    flow->options.log_level = DISCO_LOG_DEBUG;
}

static disco__endpoints_t *endpoints_of(disco__store_t *store)
{
    if (strcmp(store->api, "auto") == 0)
        return disco__auto_store_of(store)->endpoints;
    if (strcmp(store->api, "v3") == 0)
        return disco__v3_store_of(store)->endpoints;
    return disco__v2_store_of(store)->endpoints;
}

/* How long a backoff is, say, is the same in each run: a test that holds only for most draws fails
 * always or never. UVDISCO_TEST_SEED gives other draws. */
static void seed(disco__random_t *random)
{
    const char *number = getenv("UVDISCO_TEST_SEED");

    random->state[0] = (number != NULL ? strtoull(number, NULL, 10) : 1) * 0x9E3779B97F4A7C15U | 1;
    random->state[1] = ~random->state[0];
}

void flow_start(flow_t *flow)
{
    assert_status(disco_client_new(&flow->client, &flow->loop.uv, &flow->options), 0);
    seed(&flow->client->loop.random);
    disco__clock_set_manual(&flow->client->loop);
    endpoints_of(flow->client->stores[0])->current = 0;
}

void flow_begin(flow_t *flow, size_t servers)
{
    flow_open(flow, servers);
    flow_start(flow);
}

static void on_client_closed(void *data, int status)
{
    flow_t *flow = data;

    assert_status(status, 0);
    flow->closed = true;
}

void flow_close_client(flow_t *flow)
{
    assert_status(disco_client_close(flow->client, on_client_closed, flow), 0);
    loop_run_until(&flow->loop, &flow->closed);
    flow->client = NULL;
}

void flow_close(flow_t *flow)
{
    size_t i;

    if (flow->client != NULL)
        flow_close_client(flow);
    for (i = 0; i < flow->server_count; i++)
        server_free(flow->servers[i]);
    uv_close((uv_handle_t *)&flow->pulse, NULL);
    loop_close(&flow->loop);
    free(flow->log);
    free_texts();
}

static void turn(flow_t *flow)
{
    assert_int(uv_timer_start(&flow->pulse, on_pulse, 1, 1), 0); /* ONCE may block after it */
    if (flow->client != NULL)
        disco__clock_advance(&flow->client->loop, flow->pace);
    (void)uv_run(&flow->loop.uv, UV_RUN_ONCE);
    assert_int(uv_timer_stop(&flow->pulse), 0);
}

static void print_requests(const flow_t *flow)
{
    size_t server;
    size_t i;

    for (server = 0; server < flow->server_count; server++) {
        for (i = 0; i < server_request_count(flow->servers[server]); i++)
            print_error("%s %zu: %s %s\n", flow->taken[server][i] ? "  " : "->", server,
                        server_request(flow->servers[server], i)->line,
                        server_request(flow->servers[server], i)->body);
    }
}

void flow_step(flow_t *flow, uint64_t began, const char *what, const char *file, int line)
{
    if (uv_hrtime() - began > PATIENCE_NS) {
        print_error("waited too long for %s\n", what);
        print_requests(flow);
        print_error("%s", flow->log != NULL ? flow->log : "");
        _fail(file, line);
    }
    turn(flow);
}

void flow_settle(flow_t *flow)
{
    size_t i;

    for (i = 0; i < SETTLING_STEPS; i++)
        turn(flow);
}

void flow_advance(flow_t *flow, uint64_t ms)
{
    disco__clock_advance(&flow->client->loop, ms);
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool take_request(flow_t *flow, size_t server, const char *line, flow_request_t *found)
{
    size_t count = server_request_count(flow->servers[server]);
    size_t i;

    assert_true(count <= FLOW_MOST_REQUESTS);
    for (i = 0; i < count; i++) {
        const server_request_t *request = server_request(flow->servers[server], i);

        if (flow->taken[server][i] || !begins_with(request->line, line))
            continue;
        flow->taken[server][i] = true;
        *found = (flow_request_t){flow->servers[server], request};
        return true;
    }
    return false;
}

flow_request_t flow_expect_at(flow_t *flow, size_t server, const char *line, const char *file,
                              int line_number)
{
    uint64_t began = uv_hrtime();
    flow_request_t found;
    size_t i;

    for (;;) {
        for (i = 0; i < flow->server_count; i++) {
            if ((server == SIZE_MAX || server == i) && take_request(flow, i, line, &found))
                return found;
        }
        flow_step(flow, began, line, file, line_number);
    }
}

flow_request_t flow_expect_later_at(flow_t *flow, const char *line, const char *file,
                                    int line_number)
{
    flow_request_t request;

    flow->pace = 5;
    request = flow_expect_at(flow, SIZE_MAX, line, file, line_number);
    flow->pace = 0;
    return request;
}

size_t flow_untaken(flow_t *flow, const char *line)
{
    size_t found = 0;
    size_t server;
    size_t i;

    flow_settle(flow);
    for (server = 0; server < flow->server_count; server++) {
        for (i = 0; i < server_request_count(flow->servers[server]); i++)
            found += !flow->taken[server][i] &&
                     begins_with(server_request(flow->servers[server], i)->line, line);
    }
    return found;
}

static const char *head_fields(const flow_t *flow, uint64_t index)
{
    const char *cluster =
        flow->cluster != NULL ? flow_text("X-Etcd-Cluster-Id: %s\r\n", flow->cluster) : "";

    if (index == 0)
        return cluster;
    return flow_text("Content-Type: application/json\r\n%sX-Etcd-Index: %llu\r\n"
                     "X-Raft-Index: %llu\r\nX-Raft-Term: %llu\r\n",
                     cluster, (unsigned long long)index,
                     (unsigned long long)(flow->raft_index > 0 ? flow->raft_index : index),
                     (unsigned long long)flow->raft_term);
}

void flow_answer(flow_t *flow, flow_request_t request, int status, uint64_t index, const char *body)
{
    server_respond(request.server, request.request, status, head_fields(flow, index), body);
}

void flow_refuse(flow_t *flow, flow_request_t request, int code, uint64_t index)
{
    int status = code == 100                  ? 404
                 : code == 101 || code == 105 ? 412
                 : code == 102 || code == 108 ? 403
                 : code == 110                ? 401
                 : code == 300                ? 500
                                              : 400;

    flow_answer(flow, request, status, index,
                flow_text("{\"errorCode\":%d,\"message\":\"Message %d\",\"cause\":\"/cause\","
                          "\"index\":%llu}\n",
                          code, code, (unsigned long long)index));
}

void flow_hold(flow_t *flow, flow_request_t request, uint64_t index)
{
    flow_send(request, flow_text("HTTP/1.1 200 OK\r\n%sTransfer-Encoding: chunked\r\n\r\n",
                                 head_fields(flow, index)));
}

void flow_event(flow_request_t request, const char *json)
{
    flow_send(request, flow_text("%zx\r\n%s\r\n0\r\n\r\n", strlen(json), json));
}

void flow_send(flow_request_t request, const char *bytes)
{
    server_send_text(request.server, request.request->connection, bytes);
}

static const char *quoted(const char *value)
{
    text_t *text = new_text(2 * strlen(value) + 3);
    char *out = text->bytes;

    *out++ = '"';
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            *out++ = '\\';
        *out++ = *value;
    }
    *out++ = '"';
    *out = '\0';
    return text->bytes;
}

const char *flow_set(const char *key, const char *value, uint64_t index)
{
    return flow_text("{\"action\":\"set\",\"node\":{\"key\":\"%s\",\"value\":%s,"
                     "\"modifiedIndex\":%llu,\"createdIndex\":%llu}}\n",
                     key, quoted(value), (unsigned long long)index, (unsigned long long)index);
}

const char *flow_gone(const char *action, const char *key, uint64_t index)
{
    return flow_text("{\"action\":\"%s\",\"node\":{\"key\":\"%s\",\"modifiedIndex\":%llu,"
                     "\"createdIndex\":1},\"prevNode\":{\"key\":\"%s\",\"value\":\"old\","
                     "\"modifiedIndex\":1,\"createdIndex\":1}}\n",
                     action, key, (unsigned long long)index, key);
}

const char *flow_parameter(flow_request_t request, const char *name)
{
    const char *at = request.request->body;
    size_t size = strlen(name);
    text_t *text = new_text(request.request->body_size + 1);
    char *out = text->bytes;

    while (at != NULL && !(strncmp(at, name, size) == 0 && at[size] == '=')) {
        at = strchr(at, '&');
        at = at != NULL ? at + 1 : NULL;
    }
    for (at = at != NULL ? at + size + 1 : ""; *at != '\0' && *at != '&'; at++)
        *out++ = *at;
    *out = '\0';
    percent_decode(text->bytes);
    return text->bytes;
}
