/* Happy path: by its path a request goes to the keys, the watches, or the leases here. Failure
 * modes: a lease that is not there, as etcd 3.4 says it. Anything else that is asked for fails the
 * test. */
#include "support/tiny_v3.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

void tiny_v3_add_header(text_t *text, const tiny_v3_t *v3)
{
    text_addf(text,
              "\"header\":{\"cluster_id\":\"10144879847569953045\",\"member_id\":\"8\","
              "\"revision\":\"%u\",\"raft_term\":\"2\"}",
              v3->revision);
}

void tiny_v3_answer(tiny_v3_t *v3, size_t connection, int status, text_t body)
{
    text_t text = {NULL, 0};

    text_addf(&text,
              "HTTP/1.1 %d Status\r\nContent-Type: application/json\r\n"
              "Content-Length: %zu\r\n\r\n",
              status, body.size);
    text_add(&text, body.bytes);
    free(body.bytes);
    tiny_send(v3->sender, connection, text);
}

static size_t find_lease(const tiny_v3_t *v3, uint64_t id)
{
    size_t i = 0;

    while (i < TINY_V3_MOST_LEASES && v3->leases[i].id != id)
        i++;
    return i;
}

bool tiny_v3_has_lease(const tiny_v3_t *v3, uint64_t id)
{
    return find_lease(v3, id) < TINY_V3_MOST_LEASES;
}

static void end_lease(tiny_v3_t *v3, uint64_t id)
{
    v3->leases[find_lease(v3, id)].id = 0;
    tiny_v3_drop_leased(v3, id);
}

static const tiny_v3_key_t *find(const tiny_v3_t *v3, const char *key)
{
    size_t i;

    for (i = 0; i < v3->key_count; i++) {
        if (strcmp(v3->keys[i].key, key) == 0)
            return &v3->keys[i];
    }
    return NULL;
}

const char *tiny_v3_value(const tiny_v3_t *v3, const char *key)
{
    const tiny_v3_key_t *found = find(v3, key);

    return found != NULL ? found->value : NULL;
}

void tiny_v3_expire(tiny_v3_t *v3, const char *key)
{
    const tiny_v3_key_t *found = find(v3, key);

    if (found != NULL && found->lease != 0)
        end_lease(v3, found->lease);
    else
        tiny_v3_delete(v3, key);
}

static void handle_grant(tiny_v3_t *v3, const server_request_t *request)
{
    size_t i = find_lease(v3, 0);
    text_t text = {NULL, 0};

    if (i == TINY_V3_MOST_LEASES)
        fail_msg("too many leases");
    v3->leases[i].id = ++v3->last_lease;
    v3->leases[i].ttl_s = tiny_json_number(tiny_json_member(request->body, "TTL"));
    text_add(&text, "{");
    tiny_v3_add_header(&text, v3);
    text_addf(&text, ",\"ID\":\"%llu\",\"TTL\":\"%llu\"}", (unsigned long long)v3->leases[i].id,
              (unsigned long long)v3->leases[i].ttl_s);
    tiny_v3_answer(v3, request->connection, 200, text);
}

/* Without "TTL" where there is none. */
static void add_lease(text_t *text, const tiny_v3_t *v3, uint64_t id, const char *granted)
{
    size_t i = find_lease(v3, id);

    text_add(text, "{");
    tiny_v3_add_header(text, v3);
    text_addf(text, ",\"ID\":\"%llu\"", (unsigned long long)id);
    if (i < TINY_V3_MOST_LEASES)
        text_addf(text, ",\"TTL\":\"%llu\"", (unsigned long long)v3->leases[i].ttl_s);
    if (granted != NULL && i < TINY_V3_MOST_LEASES)
        text_addf(text, ",\"%s\":\"%llu\"", granted, (unsigned long long)v3->leases[i].ttl_s);
    else if (granted != NULL)
        text_add(text, ",\"TTL\":\"-1\"");
}

static void handle_keepalive(tiny_v3_t *v3, const server_request_t *request)
{
    text_t text = {NULL, 0};

    text_add(&text, "{\"result\":");
    add_lease(&text, v3, tiny_json_number(tiny_json_member(request->body, "ID")), NULL);
    text_add(&text, "}}\n");
    tiny_v3_answer(v3, request->connection, 200, text);
}

static void handle_timetolive(tiny_v3_t *v3, const server_request_t *request)
{
    uint64_t id = tiny_json_number(tiny_json_member(request->body, "ID"));
    text_t text = {NULL, 0};
    size_t count = 0;
    size_t i;

    add_lease(&text, v3, id, "grantedTTL");
    for (i = 0; i < v3->key_count; i++) {
        char *key = tiny_json_base64(v3->keys[i].key);

        if (v3->keys[i].lease == id)
            text_addf(&text, "%s%s", count++ == 0 ? ",\"keys\":[" : ",", key);
        free(key);
    }
    text_add(&text, count > 0 ? "]}" : "}");
    tiny_v3_answer(v3, request->connection, 200, text);
}

static void handle_revoke(tiny_v3_t *v3, const server_request_t *request)
{
    uint64_t id = tiny_json_number(tiny_json_member(request->body, "ID"));
    text_t text = {NULL, 0};

    if (!tiny_v3_has_lease(v3, id)) {
        text_add(&text, "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}");
        tiny_v3_answer(v3, request->connection, 404, text);
        return;
    }
    end_lease(v3, id);
    text_add(&text, "{");
    tiny_v3_add_header(&text, v3);
    text_add(&text, "}");
    tiny_v3_answer(v3, request->connection, 200, text);
}

/* Anybody is who he says he is. */
static void handle_authenticate(tiny_v3_t *v3, const server_request_t *request)
{
    text_t text = {NULL, 0};

    text_add(&text, "{");
    tiny_v3_add_header(&text, v3);
    text_add(&text, ",\"token\":\"tiny.1\"}");
    tiny_v3_answer(v3, request->connection, 200, text);
}

void tiny_v3_handle(tiny_v3_t *v3, const server_request_t *request)
{
    static const struct {
        const char *path;
        void (*handle)(tiny_v3_t *v3, const server_request_t *request);
    } calls[] = {
        {"/v3/kv/range", tiny_v3_handle_range},    {"/v3/kv/txn", tiny_v3_handle_txn},
        {"/v3/watch", tiny_v3_handle_watch},       {"/v3/lease/grant", handle_grant},
        {"/v3/lease/keepalive", handle_keepalive}, {"/v3/lease/timetolive", handle_timetolive},
        {"/v3/lease/revoke", handle_revoke},       {"/v3/auth/authenticate", handle_authenticate},
    };
    size_t i;

    assert_string_equal(request->method, "POST");
    for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].path, request->target) == 0) {
            calls[i].handle(v3, request);
            return;
        }
    }
    fail_msg("the tiny etcd has no %s", request->target);
}

void tiny_v3_init(tiny_v3_t *v3, tiny_sender_t *sender)
{
    memset(v3, 0, sizeof *v3);
    v3->sender = sender;
    v3->revision = 10;
    v3->last_lease = 700;
}

void tiny_v3_free(tiny_v3_t *v3)
{
    tiny_v3_free_keys(v3);
    tiny_v3_free_watches(v3);
}
