/* The registry behind the library's back: /v2/keys, and /v3/kv with its base64. */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "support/live.h"
#include "support/raw_http.h"

static const disco_api_t sides[] = {DISCO_API_V2, DISCO_API_V3};

#define SIDE_COUNT (sizeof sides / sizeof sides[0])

bool live_has_side(disco_api_t side)
{
    disco_api_t api = test_api() != DISCO_API_AUTO ? test_api() : DISCO_API_V2;

    return api == side || api == DISCO_API_BOTH;
}

size_t live_side_count(void)
{
    return test_api() == DISCO_API_BOTH ? SIDE_COUNT : 1;
}

disco_api_t live_side_of(const char *key)
{
    if (test_api() != DISCO_API_BOTH)
        return live_has_side(DISCO_API_V3) ? DISCO_API_V3 : DISCO_API_V2;
    return key[strlen(key) - 1] % 2 != 0 ? DISCO_API_V3 : DISCO_API_V2;
}

static bool is_of_a_host(const char *key)
{
    return strncmp(key, "/services/", 10) == 0 && strchr(key + 10, '/') != NULL;
}

static uint16_t port_of(const live_t *live)
{
    return etcd_port(live->etcd, live->member);
}

/* NULL: there is no such key. */
static cJSON *ask(live_t *live, const char *method, const char *path, const char *body)
{
    raw_reply_t reply = raw_http(&live->loop, port_of(live), method, path, body);
    cJSON *json = NULL;

    assert_status(reply.error, 0);
    if (reply.status / 100 == 2) {
        json = cJSON_Parse(reply.body);
        assert_non_null(json);
    } else if (reply.status != 404) {
        fail_msg("%s %s: %d %s", method, path, reply.status, reply.body);
    }
    raw_reply_free(&reply);
    return json;
}

static cJSON *ask_v2(live_t *live, const char *method, const char *key, const char *query,
                     const char *body)
{
    char path[512];

    (void)snprintf(path, sizeof path, "/v2/keys%s%s", key, query);
    return ask(live, method, path, body);
}

static void append_base64(disco__buffer_t *body, const char *name, const char *text)
{
    disco__buffer_append_text(body, body->size == 0 ? "{\"" : ",\"");
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":\"");
    disco__base64_encode(body, text, strlen(text));
    disco__buffer_append_char(body, '"');
}

static void append_number(disco__buffer_t *body, const char *name, uint64_t number)
{
    disco__buffer_append_text(body, body->size == 0 ? "{\"" : ",\"");
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":");
    disco__buffer_append_number(body, number);
}

/* Frees the body. */
static cJSON *ask_v3(live_t *live, const char *path, disco__buffer_t *body)
{
    cJSON *json;

    disco__buffer_append_char(body, '}');
    assert_status(body->error, 0);
    json = ask(live, "POST", path, disco__buffer_text(body));
    assert_non_null(json);
    disco__buffer_free(body);
    return json;
}

/* v3 has its numbers in strings, and leaves 0 out. */
static uint64_t number(const cJSON *node, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, name);
    const char *text = cJSON_GetStringValue(item);

    if (text != NULL)
        return strtoull(text, NULL, 10);
    return item != NULL ? (uint64_t)item->valuedouble : 0;
}

static const char *text_of(const cJSON *node, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(node, name));

    return text != NULL ? text : "";
}

/* Freed by the caller. */
static char *decoded(const cJSON *kv, const char *name)
{
    char *text = strdup(text_of(kv, name));
    size_t size;

    assert_non_null(text);
    size = strlen(text);
    assert_status(disco__base64_decode_in_place(text, &size), 0);
    text[size] = '\0';
    return text;
}

static live_node_t read_v2(live_t *live, const char *key)
{
    live_node_t read = {.there = false};
    cJSON *json = ask_v2(live, "GET", key, "?quorum=true", NULL);
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(json, "node");

    if (node == NULL)
        return read;
    read.there = true;
    (void)snprintf(read.value, sizeof read.value, "%s", text_of(node, "value"));
    read.ttl_s = (int64_t)number(node, "ttl");
    read.created = number(node, "createdIndex");
    read.modified = number(node, "modifiedIndex");
    cJSON_Delete(json);
    return read;
}

static int64_t time_to_live(live_t *live, uint64_t lease)
{
    disco__buffer_t body;
    cJSON *json;
    int64_t ttl_s;

    if (lease == 0)
        return 0;
    disco__buffer_init(&body);
    append_number(&body, "ID", lease);
    json = ask_v3(live, "/v3/lease/timetolive", &body);
    ttl_s = (int64_t)number(json, "TTL");
    cJSON_Delete(json);
    return ttl_s;
}

static live_node_t read_v3(live_t *live, const char *key)
{
    live_node_t read = {.there = false};
    disco__buffer_t body;
    cJSON *json;
    const cJSON *kv;
    char *value;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    json = ask_v3(live, "/v3/kv/range", &body);
    kv = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "kvs"), 0);
    if (kv != NULL) {
        value = decoded(kv, "value");
        read.there = true;
        (void)snprintf(read.value, sizeof read.value, "%s", value);
        free(value);
        read.created = number(kv, "create_revision");
        read.modified = number(kv, "mod_revision");
        read.ttl_s = time_to_live(live, number(kv, "lease"));
    }
    cJSON_Delete(json);
    return read;
}

live_node_t live_read_on(live_t *live, disco_api_t side, const char *key)
{
    return side == DISCO_API_V3 ? read_v3(live, key) : read_v2(live, key);
}

live_node_t live_read(live_t *live, const char *key)
{
    live_node_t read;
    live_node_t other;

    if (test_api() != DISCO_API_BOTH)
        return live_read_on(live, live_side_of(key), key);
    read = read_v2(live, key);
    other = read_v3(live, key);
    assert_int(other.there, read.there);
    assert_string_equal(other.value, read.value);
    assert_int(other.ttl_s > 0, read.ttl_s > 0);
    return read;
}

static void write_v2(live_t *live, const char *key, const char *value, uint32_t ttl_s)
{
    disco__buffer_t body;
    cJSON *json;

    disco__buffer_init(&body);
    disco__buffer_append_text(&body, "value=");
    disco__buffer_append_encoded(&body, value, strlen(value), "");
    if (ttl_s > 0) {
        disco__buffer_append_text(&body, "&ttl=");
        disco__buffer_append_number(&body, ttl_s);
    }
    json = ask_v2(live, "PUT", key, "", disco__buffer_text(&body));
    assert_non_null(json);
    cJSON_Delete(json);
    disco__buffer_free(&body);
}

static uint64_t grant(live_t *live, uint32_t ttl_s)
{
    disco__buffer_t body;
    cJSON *json;
    uint64_t lease;

    disco__buffer_init(&body);
    append_number(&body, "TTL", ttl_s);
    json = ask_v3(live, "/v3/lease/grant", &body);
    lease = number(json, "ID");
    assert_true(lease != 0);
    cJSON_Delete(json);
    return lease;
}

static void write_v3(live_t *live, const char *key, const char *value, uint32_t ttl_s)
{
    disco__buffer_t body;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    append_base64(&body, "value", value);
    if (ttl_s > 0)
        append_number(&body, "lease", grant(live, ttl_s));
    cJSON_Delete(ask_v3(live, "/v3/kv/put", &body));
}

void live_write_on(live_t *live, disco_api_t side, const char *key, const char *value,
                   uint32_t ttl_s)
{
    if (side == DISCO_API_V3)
        write_v3(live, key, value, ttl_s);
    else
        write_v2(live, key, value, ttl_s);
}

void live_write(live_t *live, const char *key, const char *value, uint32_t ttl_s)
{
    size_t i;

    for (i = 0; i < SIDE_COUNT; i++) {
        if (is_of_a_host(key) ? live_side_of(key) == sides[i] : live_has_side(sides[i]))
            live_write_on(live, sides[i], key, value, ttl_s);
    }
}

/* Both "/a" and what begins with "/a/". '0' is the character behind '/'. */
static void range_below(disco__buffer_t *body, const char *key)
{
    char text[512];

    disco__buffer_init(body);
    (void)snprintf(text, sizeof text, "%s/", key);
    append_base64(body, "key", text);
    (void)snprintf(text, sizeof text, "%s0", key);
    append_base64(body, "range_end", text);
}

static uint64_t delete_v3(live_t *live, disco__buffer_t *body)
{
    cJSON *json = ask_v3(live, "/v3/kv/deleterange", body);
    uint64_t deleted = number(json, "deleted");

    cJSON_Delete(json);
    return deleted;
}

bool live_delete_on(live_t *live, disco_api_t side, const char *key)
{
    disco__buffer_t body;
    uint64_t deleted;
    cJSON *json;

    if (side == DISCO_API_V3) {
        range_below(&body, key);
        deleted = delete_v3(live, &body);
        disco__buffer_init(&body);
        append_base64(&body, "key", key);
        return deleted + delete_v3(live, &body) > 0;
    }
    json = ask_v2(live, "DELETE", key, "?recursive=true", NULL);
    deleted = json != NULL;
    cJSON_Delete(json);
    return deleted > 0;
}

void live_delete(live_t *live, const char *key)
{
    bool deleted = false;
    size_t i;

    for (i = 0; i < SIDE_COUNT; i++) {
        if (live_has_side(sides[i]))
            deleted = live_delete_on(live, sides[i], key) || deleted;
    }
    assert_true(deleted);
}

/* v3, which is listed last, has the say. */
static void add_host(live_hosts_t *hosts, const char *key, char *text)
{
    const char *uuid = strrchr(key, '/') + 1;
    size_t i = 0;

    while (i < hosts->count && strcmp(hosts->uuids[i], uuid) != 0)
        i++;
    assert_true(i < LIVE_MOST_HOSTS);
    assert_non_null(text);
    if (i < hosts->count) {
        free(hosts->hosts[i]);
    } else {
        hosts->uuids[i] = strdup(uuid);
        assert_non_null(hosts->uuids[i]);
        hosts->count++;
    }
    hosts->hosts[i] = text;
}

static void list_v2(live_t *live, const char *directory, live_hosts_t *hosts)
{
    cJSON *json = ask_v2(live, "GET", directory, "?quorum=true", NULL);
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(json, "node");
    const cJSON *node;

    cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(found, "nodes"))
        add_host(hosts, text_of(node, "key"), strdup(text_of(node, "value")));
    cJSON_Delete(json);
}

static void list_v3(live_t *live, const char *directory, live_hosts_t *hosts)
{
    disco__buffer_t body;
    cJSON *json;
    const cJSON *kv;

    range_below(&body, directory);
    json = ask_v3(live, "/v3/kv/range", &body);
    cJSON_ArrayForEach(kv, cJSON_GetObjectItemCaseSensitive(json, "kvs"))
    {
        char *key = decoded(kv, "key");

        add_host(hosts, key, decoded(kv, "value"));
        free(key);
    }
    cJSON_Delete(json);
}

void live_list(live_t *live, const char *service, live_hosts_t *hosts)
{
    char directory[256];

    memset(hosts, 0, sizeof *hosts);
    (void)snprintf(directory, sizeof directory, "/services/%s", service);
    if (live_has_side(DISCO_API_V2))
        list_v2(live, directory, hosts);
    if (live_has_side(DISCO_API_V3))
        list_v3(live, directory, hosts);
}

void live_hosts_free(live_hosts_t *hosts)
{
    while (hosts->count > 0) {
        hosts->count--;
        free(hosts->uuids[hosts->count]);
        free(hosts->hosts[hosts->count]);
    }
}

static uint64_t revision(live_t *live)
{
    disco__buffer_t body;
    cJSON *json;
    uint64_t found;

    disco__buffer_init(&body);
    append_base64(&body, "key", "/none");
    json = ask_v3(live, "/v3/kv/range", &body);
    found = number(cJSON_GetObjectItemCaseSensitive(json, "header"), "revision");
    cJSON_Delete(json);
    return found;
}

void live_forget_history(live_t *live)
{
    disco__buffer_t body;

    live_flood(live, live_has_side(DISCO_API_V2) ? 1100 : 10);
    if (!live_has_side(DISCO_API_V3))
        return;
    disco__buffer_init(&body);
    append_number(&body, "revision", revision(live));
    disco__buffer_append_text(&body, ",\"physical\":true");
    cJSON_Delete(ask_v3(live, "/v3/kv/compaction", &body));
}
