/* Happy path: a request is taken apart, the list of keys is read or changed, who waits for the
 * change is told, and the answer is sent. Failure modes: those of etcd that the library looks at:
 * key not found, key exists, compare failed. Anything else that is asked for fails the test. */
#include "support/tiny_etcd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "support/percent.h"
#include "support/scripted_internal.h"
#include "support/tiny_sender.h"

#define MOST_KEYS 64
#define MOST_CHANGES 256
#define MOST_WAITING 64

typedef struct node_s {
    char *key; /* NULL: unused */
    char *value;
    unsigned created;
    unsigned modified;
} node_t;

typedef struct change_s {
    unsigned index;
    char *key;
    char *json; /* the whole event */
} change_t;

typedef struct waiting_s {
    size_t connection;
    char *key; /* NULL: unused */
    bool recursive;
} waiting_t;

struct tiny_etcd_s {
    server_t *server;
    char endpoint[64];
    node_t nodes[MOST_KEYS];
    change_t changes[MOST_CHANGES];
    size_t change_count;
    waiting_t waiting[MOST_WAITING];
    unsigned index;
    tiny_sender_t sender;
};

static void add_node(text_t *text, const node_t *node, bool with_value)
{
    char numbers[80];

    text_add(text, "{\"key\":");
    text_add_json(text, node->key);
    if (with_value) {
        text_add(text, ",\"value\":");
        text_add_json(text, node->value);
    }
    (void)snprintf(numbers, sizeof numbers, ",\"modifiedIndex\":%u,\"createdIndex\":%u}",
                   node->modified, node->created);
    text_add(text, numbers);
}

static char *event_json(const char *action, const node_t *node, const node_t *previous)
{
    text_t text = {NULL, 0};

    text_add(&text, "{\"action\":\"");
    text_add(&text, action);
    text_add(&text, "\",\"node\":");
    add_node(&text, node, node->value != NULL);
    if (previous != NULL) {
        text_add(&text, ",\"prevNode\":");
        add_node(&text, previous, true);
    }
    text_add(&text, "}\n");
    return text.bytes;
}

/* body NULL: the head of a poll that is held. */
static void answer(tiny_etcd_t *etcd, size_t connection, int status, const char *body)
{
    text_t text = {NULL, 0};
    char head[256];

    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 %d Status\r\nContent-Type: application/json\r\n"
                   "X-Etcd-Cluster-Id: 8cc9da78b36d1115\r\nX-Etcd-Index: %u\r\n"
                   "X-Raft-Index: %u\r\nX-Raft-Term: 2\r\n",
                   status, etcd->index, etcd->index);
    text_add(&text, head);
    if (body != NULL)
        (void)snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", strlen(body));
    else
        (void)snprintf(head, sizeof head, "Transfer-Encoding: chunked\r\n\r\n");
    text_add(&text, head);
    if (body != NULL)
        text_add(&text, body);
    tiny_send(&etcd->sender, connection, text);
}

static void answer_error(tiny_etcd_t *etcd, size_t connection, int code, const char *message)
{
    char body[128];

    (void)snprintf(body, sizeof body,
                   "{\"errorCode\":%d,\"message\":\"%s\",\"cause\":\"/x\",\"index\":%u}\n", code,
                   message, etcd->index);
    answer(etcd, connection, code == 100 ? 404 : 412, body);
}

static bool concerns(const char *watched, bool recursive, const char *key)
{
    size_t size = strlen(watched);

    return strcmp(watched, key) == 0 ||
           (recursive && strncmp(watched, key, size) == 0 && key[size] == '/');
}

static void end_poll(tiny_etcd_t *etcd, waiting_t *waiting, const char *json)
{
    text_t text = {NULL, 0};
    char size[24];

    (void)snprintf(size, sizeof size, "%zx\r\n", strlen(json));
    text_add(&text, size);
    text_add(&text, json);
    text_add(&text, "\r\n0\r\n\r\n");
    free(waiting->key);
    waiting->key = NULL;
    tiny_send(&etcd->sender, waiting->connection, text);
}

static void tell_change(tiny_etcd_t *etcd, const char *key, char *json)
{
    size_t i;

    assert_true(etcd->change_count < MOST_CHANGES);
    etcd->changes[etcd->change_count++] =
        (change_t){etcd->index, scripted_take_text(key, strlen(key)), json};
    for (i = 0; i < MOST_WAITING; i++) {
        waiting_t *waiting = &etcd->waiting[i];

        if (waiting->key != NULL && concerns(waiting->key, waiting->recursive, key))
            end_poll(etcd, waiting, json);
    }
}

static size_t find_index(const tiny_etcd_t *etcd, const char *key)
{
    size_t i;

    for (i = 0; i < MOST_KEYS; i++) {
        if (etcd->nodes[i].key != NULL && strcmp(etcd->nodes[i].key, key) == 0)
            break;
    }
    return i;
}

static node_t *find(tiny_etcd_t *etcd, const char *key)
{
    size_t i = find_index(etcd, key);

    return i < MOST_KEYS ? &etcd->nodes[i] : NULL;
}

static const node_t *look_up(const tiny_etcd_t *etcd, const char *key)
{
    size_t i = find_index(etcd, key);

    return i < MOST_KEYS ? &etcd->nodes[i] : NULL;
}

const char *tiny_etcd_value(const tiny_etcd_t *etcd, const char *key)
{
    const node_t *node = look_up(etcd, key);

    return node != NULL ? node->value : NULL;
}

/* The event; it belongs to the history. */
static const char *put(tiny_etcd_t *etcd, const char *key, const char *value)
{
    node_t *node = find(etcd, key);
    node_t previous = node != NULL ? *node : (node_t){NULL, NULL, 0, 0};
    char *json;

    etcd->index++;
    if (node == NULL) {
        for (node = etcd->nodes; node->key != NULL;)
            node++;
        assert_true(node < etcd->nodes + MOST_KEYS);
        node->key = scripted_take_text(key, strlen(key));
        node->created = etcd->index;
    }
    node->value = scripted_take_text(value, strlen(value));
    node->modified = etcd->index;
    json = event_json("set", node, previous.key != NULL ? &previous : NULL);
    free(previous.value);
    tell_change(etcd, key, json);
    return json;
}

void tiny_etcd_put(tiny_etcd_t *etcd, const char *key, const char *value)
{
    (void)put(etcd, key, value);
}

static const char *drop(tiny_etcd_t *etcd, const char *key, const char *action)
{
    node_t *node = find(etcd, key);
    node_t previous = *node;
    node_t gone = {previous.key, NULL, previous.created, ++etcd->index};
    char *json = event_json(action, &gone, &previous);

    memset(node, 0, sizeof *node);
    tell_change(etcd, previous.key, json);
    free(previous.key);
    free(previous.value);
    return json;
}

void tiny_etcd_delete(tiny_etcd_t *etcd, const char *key)
{
    if (find(etcd, key) != NULL)
        (void)drop(etcd, key, "delete");
}

void tiny_etcd_expire(tiny_etcd_t *etcd, const char *key)
{
    if (find(etcd, key) != NULL)
        (void)drop(etcd, key, "expire");
}

/* From a query or a form; to be freed. NULL: not there. */
static char *parameter(const char *parameters, const char *name)
{
    size_t size = strlen(name);

    while (parameters != NULL && *parameters != '\0') {
        size_t length = strcspn(parameters, "&");

        if (strncmp(parameters, name, size) == 0 && parameters[size] == '=') {
            char *value = scripted_take_text(parameters + size + 1, length - size - 1);

            percent_decode(value);
            return value;
        }
        parameters += length + (parameters[length] == '&' ? 1 : 0);
    }
    return NULL;
}

static bool is_set(const char *parameters, const char *name, const char *wanted)
{
    char *value = parameter(parameters, name);
    bool is = value != NULL && (wanted == NULL || strcmp(value, wanted) == 0);

    free(value);
    return is;
}

static void handle_wait(tiny_etcd_t *etcd, size_t connection, const char *key, const char *query)
{
    char *since = parameter(query, "waitIndex");
    unsigned long index = since != NULL ? strtoul(since, NULL, 10) : etcd->index + 1;
    bool recursive = is_set(query, "recursive", "true");
    size_t i;

    free(since);
    for (i = 0; i < etcd->change_count; i++) {
        if (etcd->changes[i].index >= index && concerns(key, recursive, etcd->changes[i].key)) {
            answer(etcd, connection, 200, etcd->changes[i].json);
            return;
        }
    }
    for (i = 0; i < MOST_WAITING; i++) {
        if (etcd->waiting[i].key != NULL && etcd->waiting[i].connection != connection)
            continue;
        free(etcd->waiting[i].key);
        etcd->waiting[i] = (waiting_t){connection, scripted_take_text(key, strlen(key)), recursive};
        answer(etcd, connection, 200, NULL);
        return;
    }
    fail_msg("too many wait");
}

/* What lies directly in a directory; deeper keys are left out. */
static void handle_get(tiny_etcd_t *etcd, size_t connection, const char *key)
{
    const node_t *node = look_up(etcd, key);
    text_t text = {NULL, 0};
    size_t size = strlen(key);
    size_t found = 0;

    text_add(&text, "{\"action\":\"get\",\"node\":");
    if (node != NULL) {
        add_node(&text, node, true);
        found++;
    } else {
        text_add(&text, "{\"dir\":true,\"key\":");
        text_add_json(&text, key);
        text_add(&text, ",\"nodes\":[");
        for (node = etcd->nodes; node < etcd->nodes + MOST_KEYS; node++) {
            if (node->key == NULL || strncmp(node->key, key, size) != 0 || node->key[size] != '/' ||
                strchr(node->key + size + 1, '/') != NULL)
                continue;
            if (found++ > 0)
                text_add(&text, ",");
            add_node(&text, node, true);
        }
        text_add(&text, "],\"modifiedIndex\":1,\"createdIndex\":1}");
    }
    text_add(&text, "}\n");
    if (found > 0)
        answer(etcd, connection, 200, text.bytes);
    else
        answer_error(etcd, connection, 100, "Key not found");
    free(text.bytes);
}

/* 0, or the code of etcd's error. */
static int check_conditions(const tiny_etcd_t *etcd, const char *key, const char *parameters)
{
    const node_t *node = look_up(etcd, key);
    char *index = parameter(parameters, "prevIndex");
    bool other_index = index != NULL && node != NULL && strtoul(index, NULL, 10) != node->modified;
    bool needs_one = index != NULL || is_set(parameters, "prevExist", "true") ||
                     is_set(parameters, "prevValue", NULL);

    free(index);
    if (node == NULL)
        return needs_one ? 100 : 0;
    if (is_set(parameters, "prevExist", "false"))
        return 105;
    if (other_index ||
        (is_set(parameters, "prevValue", NULL) && !is_set(parameters, "prevValue", node->value)))
        return 101;
    return 0;
}

static void handle_put(tiny_etcd_t *etcd, const server_request_t *request, const char *key)
{
    int code = check_conditions(etcd, key, request->body);
    char *value = parameter(request->body, "value");

    if (code != 0) {
        answer_error(etcd, request->connection, code, "No");
    } else if (is_set(request->body, "refresh", "true")) {
        etcd->index++;
        answer(etcd, request->connection, 200, "{\"action\":\"update\",\"node\":{\"key\":\"/x\"}}");
    } else {
        answer(etcd, request->connection, find(etcd, key) != NULL ? 200 : 201,
               put(etcd, key, value != NULL ? value : ""));
    }
    free(value);
}

static void handle_delete(tiny_etcd_t *etcd, size_t connection, const char *key, const char *query)
{
    int code = check_conditions(etcd, key, query);

    if (code == 0 && find(etcd, key) == NULL)
        code = 100;
    if (code != 0)
        answer_error(etcd, connection, code, "No");
    else
        answer(etcd, connection, 200, drop(etcd, key, "delete"));
}

static void on_request(server_t *server, const server_request_t *request, void *data)
{
    tiny_etcd_t *etcd = data;
    char *key = scripted_take_text(request->target, strlen(request->target));
    char *query = strchr(key, '?');
    size_t prefix = strlen("/v2/keys");

    (void)server;
    if (query != NULL)
        *query++ = '\0';
    if (etcd->sender.hook != NULL)
        etcd->sender.hook(etcd->sender.hook_data, TINY_REQUEST);
    if (strcmp(key, "/version") == 0) {
        answer(etcd, request->connection, 200,
               "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}");
    } else if (strncmp(key, "/v2/keys", prefix) != 0) {
        fail_msg("the tiny etcd has no %s", key);
    } else {
        percent_decode(key);
        if (strcmp(request->method, "PUT") == 0)
            handle_put(etcd, request, key + prefix);
        else if (strcmp(request->method, "DELETE") == 0)
            handle_delete(etcd, request->connection, key + prefix, query);
        else if (is_set(query, "wait", "true"))
            handle_wait(etcd, request->connection, key + prefix, query);
        else
            handle_get(etcd, request->connection, key + prefix);
    }
    free(key);
}

tiny_etcd_t *tiny_etcd_new(test_loop_t *loop)
{
    tiny_etcd_t *etcd = scripted_take(sizeof *etcd);

    etcd->index = 10;
    etcd->server = server_new(loop);
    server_set_handler(etcd->server, on_request, etcd);
    (void)snprintf(etcd->endpoint, sizeof etcd->endpoint, "http://127.0.0.1:%u",
                   (unsigned)server_port(etcd->server));
    tiny_sender_init(&etcd->sender, loop, etcd->server);
    return etcd;
}

static void on_closed(tiny_sender_t *sender)
{
    tiny_etcd_t *etcd = disco__container_of(sender, tiny_etcd_t, sender);
    size_t i;

    for (i = 0; i < MOST_KEYS; i++) {
        free(etcd->nodes[i].key);
        free(etcd->nodes[i].value);
    }
    for (i = 0; i < etcd->change_count; i++) {
        free(etcd->changes[i].key);
        free(etcd->changes[i].json);
    }
    for (i = 0; i < MOST_WAITING; i++)
        free(etcd->waiting[i].key);
    free(etcd);
}

void tiny_etcd_free(tiny_etcd_t *etcd)
{
    server_set_handler(etcd->server, NULL, NULL);
    server_free(etcd->server);
    tiny_sender_close(&etcd->sender, on_closed);
}

const char *tiny_etcd_endpoint(const tiny_etcd_t *etcd)
{
    return etcd->endpoint;
}

server_t *tiny_etcd_server(tiny_etcd_t *etcd)
{
    return etcd->server;
}

void tiny_etcd_set_hook(tiny_etcd_t *etcd, tiny_hook_t hook, void *data)
{
    etcd->sender.hook = hook;
    etcd->sender.hook_data = data;
}
