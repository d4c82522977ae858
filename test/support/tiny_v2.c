/* Happy path: a request is taken apart, the list of keys is read or changed, who waits for the
 * change is told, and the answer is sent. Failure modes: those of etcd that the library looks at:
 * key not found, key exists, compare failed. */
#include "support/tiny_v2.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/percent.h"
#include "support/scripted_internal.h"

#define MOST_KEYS TINY_V2_MOST_KEYS
#define MOST_CHANGES TINY_V2_MOST_CHANGES
#define MOST_WAITING TINY_V2_MOST_WAITING

typedef tiny_v2_node_t node_t;
typedef tiny_v2_change_t change_t;
typedef tiny_v2_waiting_t waiting_t;

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
static void answer(tiny_v2_t *v2, size_t connection, int status, const char *body)
{
    text_t text = {NULL, 0};
    char head[256];

    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 %d Status\r\nContent-Type: application/json\r\n"
                   "X-Etcd-Cluster-Id: 8cc9da78b36d1115\r\nX-Etcd-Index: %u\r\n"
                   "X-Raft-Index: %u\r\nX-Raft-Term: 2\r\n",
                   status, v2->index, v2->index);
    text_add(&text, head);
    if (body != NULL)
        (void)snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", strlen(body));
    else
        (void)snprintf(head, sizeof head, "Transfer-Encoding: chunked\r\n\r\n");
    text_add(&text, head);
    if (body != NULL)
        text_add(&text, body);
    tiny_send(v2->sender, connection, text);
}

static void answer_error(tiny_v2_t *v2, size_t connection, int code, const char *message)
{
    char body[128];

    (void)snprintf(body, sizeof body,
                   "{\"errorCode\":%d,\"message\":\"%s\",\"cause\":\"/x\",\"index\":%u}\n", code,
                   message, v2->index);
    answer(v2, connection, code == 100 ? 404 : code == 401 ? 400 : 412, body);
}

static bool concerns(const char *watched, bool recursive, const char *key)
{
    size_t size = strlen(watched);

    return strcmp(watched, key) == 0 ||
           (recursive && strncmp(watched, key, size) == 0 && key[size] == '/');
}

static void end_poll(tiny_v2_t *v2, waiting_t *waiting, const char *json)
{
    text_t text = {NULL, 0};
    char size[24];

    (void)snprintf(size, sizeof size, "%zx\r\n", strlen(json));
    text_add(&text, size);
    text_add(&text, json);
    text_add(&text, "\r\n0\r\n\r\n");
    free(waiting->key);
    waiting->key = NULL;
    tiny_send(v2->sender, waiting->connection, text);
}

/* directory: the key was one, and all below it has changed. */
static void tell_change(tiny_v2_t *v2, const char *key, bool directory, char *json)
{
    size_t i;

    assert_true(v2->change_count < MOST_CHANGES);
    v2->changes[v2->change_count++] =
        (change_t){v2->index, scripted_take_text(key, strlen(key)), json};
    for (i = 0; i < MOST_WAITING; i++) {
        waiting_t *waiting = &v2->waiting[i];

        if (waiting->key != NULL && (concerns(waiting->key, waiting->recursive, key) ||
                                     concerns(key, directory, waiting->key)))
            end_poll(v2, waiting, json);
    }
}

static size_t find_index(const tiny_v2_t *v2, const char *key)
{
    size_t i;

    for (i = 0; i < MOST_KEYS; i++) {
        if (v2->nodes[i].key != NULL && strcmp(v2->nodes[i].key, key) == 0)
            break;
    }
    return i;
}

static bool has(const tiny_v2_t *v2, const char *key)
{
    return find_index(v2, key) < MOST_KEYS;
}

static node_t *find(tiny_v2_t *v2, const char *key)
{
    size_t i = find_index(v2, key);

    return i < MOST_KEYS ? &v2->nodes[i] : NULL;
}

static const node_t *look_up(const tiny_v2_t *v2, const char *key)
{
    size_t i = find_index(v2, key);

    return i < MOST_KEYS ? &v2->nodes[i] : NULL;
}

const char *tiny_v2_value(const tiny_v2_t *v2, const char *key)
{
    const node_t *node = look_up(v2, key);

    return node != NULL ? node->value : NULL;
}

/* The event; it belongs to the history. */
static const char *put(tiny_v2_t *v2, const char *key, const char *value)
{
    node_t *node = find(v2, key);
    node_t previous = node != NULL ? *node : (node_t){NULL, NULL, 0, 0};
    char *json;

    v2->index++;
    if (node == NULL) {
        for (node = v2->nodes; node->key != NULL;)
            node++;
        assert_true(node < v2->nodes + MOST_KEYS);
        node->key = scripted_take_text(key, strlen(key));
        node->created = v2->index;
    }
    node->value = scripted_take_text(value, strlen(value));
    node->modified = v2->index;
    json = event_json("set", node, previous.key != NULL ? &previous : NULL);
    free(previous.value);
    tell_change(v2, key, false, json);
    return json;
}

void tiny_v2_put(tiny_v2_t *v2, const char *key, const char *value)
{
    (void)put(v2, key, value);
}

static const char *drop(tiny_v2_t *v2, const char *key, const char *action)
{
    node_t *node = find(v2, key);
    node_t previous = *node;
    node_t gone = {previous.key, NULL, previous.created, ++v2->index};
    char *json = event_json(action, &gone, &previous);

    memset(node, 0, sizeof *node);
    tell_change(v2, previous.key, false, json);
    free(previous.key);
    free(previous.value);
    return json;
}

void tiny_v2_delete(tiny_v2_t *v2, const char *key)
{
    if (has(v2, key))
        (void)drop(v2, key, "delete");
}

void tiny_v2_expire(tiny_v2_t *v2, const char *key)
{
    if (has(v2, key))
        (void)drop(v2, key, "expire");
}

/* One event, which who watches what was in it gets, too. */
void tiny_v2_delete_directory(tiny_v2_t *v2, const char *key)
{
    char *name = scripted_take_text(key, strlen(key));
    node_t gone = {name, NULL, 1, ++v2->index};
    node_t *node;

    for (node = v2->nodes; node < v2->nodes + MOST_KEYS; node++) {
        if (node->key == NULL || !concerns(key, true, node->key))
            continue;
        free(node->key);
        free(node->value);
        memset(node, 0, sizeof *node);
    }
    tell_change(v2, key, true, event_json("delete", &gone, NULL));
    free(name);
}

/* What came later has never been. */
void tiny_v2_set_index(tiny_v2_t *v2, unsigned index)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < v2->change_count; i++) {
        if (v2->changes[i].index <= index) {
            v2->changes[kept++] = v2->changes[i];
        } else {
            free(v2->changes[i].key);
            free(v2->changes[i].json);
        }
    }
    v2->change_count = kept;
    v2->index = index;
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

static void handle_wait(tiny_v2_t *v2, size_t connection, const char *key, const char *query)
{
    char *since = parameter(query, "waitIndex");
    unsigned long index = since != NULL ? strtoul(since, NULL, 10) : v2->index + 1;
    bool recursive = is_set(query, "recursive", "true");
    size_t i;

    free(since);
    if (index <= v2->forgotten) {
        answer_error(v2, connection, 401, "The event in requested index is outdated and cleared");
        return;
    }
    for (i = 0; i < v2->change_count; i++) {
        if (v2->changes[i].index >= index && concerns(key, recursive, v2->changes[i].key)) {
            answer(v2, connection, 200, v2->changes[i].json);
            return;
        }
    }
    for (i = 0; i < MOST_WAITING; i++) {
        if (v2->waiting[i].key != NULL && v2->waiting[i].connection != connection)
            continue;
        free(v2->waiting[i].key);
        v2->waiting[i] = (waiting_t){connection, scripted_take_text(key, strlen(key)), recursive};
        answer(v2, connection, 200, NULL);
        return;
    }
    fail_msg("too many wait");
}

/* What lies directly in a directory; deeper keys are left out. */
static void handle_get(tiny_v2_t *v2, size_t connection, const char *key)
{
    const node_t *node;
    text_t text = {NULL, 0};
    size_t size = strlen(key);
    size_t found = 0;
    size_t i;

    text_add(&text, "{\"action\":\"get\",\"node\":");
    if (has(v2, key)) {
        add_node(&text, &v2->nodes[find_index(v2, key)], true);
        found++;
    } else {
        text_add(&text, "{\"dir\":true,\"key\":");
        text_add_json(&text, key);
        text_add(&text, ",\"nodes\":[");
        for (i = 0; i < MOST_KEYS; i++) {
            node = &v2->nodes[i];
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
        answer(v2, connection, 200, text.bytes);
    else
        answer_error(v2, connection, 100, "Key not found");
    free(text.bytes);
}

/* 0, or the code of etcd's error. */
static int check_conditions(const tiny_v2_t *v2, const char *key, const char *parameters)
{
    const node_t *node = look_up(v2, key);
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

static void handle_put(tiny_v2_t *v2, const server_request_t *request, const char *key)
{
    int code = check_conditions(v2, key, request->body);
    char *value = parameter(request->body, "value");

    if (code != 0) {
        answer_error(v2, request->connection, code, "No");
    } else if (is_set(request->body, "refresh", "true")) {
        v2->index++;
        answer(v2, request->connection, 200, "{\"action\":\"update\",\"node\":{\"key\":\"/x\"}}");
    } else {
        answer(v2, request->connection, has(v2, key) ? 200 : 201,
               put(v2, key, value != NULL ? value : ""));
    }
    free(value);
}

static void handle_delete(tiny_v2_t *v2, size_t connection, const char *key, const char *query)
{
    int code = check_conditions(v2, key, query);

    if (code == 0 && !has(v2, key))
        code = 100;
    if (code != 0)
        answer_error(v2, connection, code, "No");
    else
        answer(v2, connection, 200, drop(v2, key, "delete"));
}

void tiny_v2_handle(tiny_v2_t *v2, const server_request_t *request)
{
    char *key = scripted_take_text(request->target, strlen(request->target));
    char *query = strchr(key, '?');
    size_t prefix = strlen("/v2/keys");

    if (query != NULL)
        *query++ = '\0';
    assert_true(strncmp(key, "/v2/keys", prefix) == 0);
    percent_decode(key);
    if (strcmp(request->method, "PUT") == 0)
        handle_put(v2, request, key + prefix);
    else if (strcmp(request->method, "DELETE") == 0)
        handle_delete(v2, request->connection, key + prefix, query);
    else if (is_set(query, "wait", "true"))
        handle_wait(v2, request->connection, key + prefix, query);
    else
        handle_get(v2, request->connection, key + prefix);
    free(key);
}

void tiny_v2_init(tiny_v2_t *v2, tiny_sender_t *sender)
{
    memset(v2, 0, sizeof *v2);
    v2->sender = sender;
    v2->index = 10;
}

void tiny_v2_free(tiny_v2_t *v2)
{
    size_t i;

    for (i = 0; i < MOST_KEYS; i++) {
        free(v2->nodes[i].key);
        free(v2->nodes[i].value);
    }
    for (i = 0; i < v2->change_count; i++) {
        free(v2->changes[i].key);
        free(v2->changes[i].json);
    }
    for (i = 0; i < MOST_WAITING; i++)
        free(v2->waiting[i].key);
}
