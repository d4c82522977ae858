/* Leased keys on a real etcd's v3 API, at the store's seam: what their tests have in common. */
#ifndef TEST_LIVE_LEASED_KEYS_H
#define TEST_LIVE_LEASED_KEYS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "disco/context.h"
#include "support/live.h"
#include "support/proxy.h"
#include "support/raw_http.h"

enum { NOTHING, WRITTEN, REMOVED, FAILING, OVERDUE, ALIVE, GONE };

static const char *const names[] = {"nothing", "written", "removed", "failing",
                                    "overdue", "alive",   "gone",    NULL};

typedef struct key_s {
    recorder_t told;
    disco__leased_t *leased;
    disco__op_t *op;
    char name[64];
    bool writes_again; /* when it is gone */
} leased_key_t;

static live_t live;
static disco_client_t *client;
static size_t beats; /* sent so far, as the log has it */

static inline disco__store_t *store(void)
{
    return client->stores[0];
}

static inline void record(leased_key_t *key, int type, const disco__failure_t *failure)
{
    told_t told = {.type = type,
                   .status = failure != NULL ? failure->status : 0,
                   .key = failure != NULL ? failure->message : ""};

    recorder_add(&key->told, &told);
}

static inline void write_key(leased_key_t *key, const char *value);

static inline void on_failing(void *data, const disco__failure_t *failure)
{
    record(data, FAILING, failure);
}

static inline void on_overdue(void *data, const disco__failure_t *failure)
{
    record(data, OVERDUE, failure);
}

static inline void on_alive(void *data)
{
    record(data, ALIVE, NULL);
}

static inline void on_gone(void *data, const disco__failure_t *failure)
{
    leased_key_t *key = data;

    record(key, GONE, failure);
    if (key->writes_again)
        write_key(key, "again");
}

static const disco__leased_events_t events = {on_failing, on_overdue, on_alive, on_gone};

static inline void on_written(void *data, const disco__result_t *result)
{
    leased_key_t *key = data;

    key->op = NULL;
    record(key, WRITTEN, result->failure);
}

static inline void on_removed(void *data, const disco__result_t *result)
{
    leased_key_t *key = data;

    key->op = NULL;
    record(key, REMOVED, result->failure);
}

static inline disco__pursuit_t pursuit(leased_key_t *key,
                                       void (*done)(void *data, const disco__result_t *result))
{
    return (disco__pursuit_t){.attempt_ms = 3000, .data = key, .done = done};
}

static inline void write_with(leased_key_t *key, const disco__leased_write_t *write)
{
    disco__pursuit_t how = pursuit(key, on_written);

    assert_status(store()->ops->lease_write(key->leased, write, &how, &key->op), 0);
}

static inline void write_key(leased_key_t *key, const char *value)
{
    write_with(key, &(disco__leased_write_t){.value = value});
}

static inline void remove_key(leased_key_t *key)
{
    disco__pursuit_t how = pursuit(key, on_removed);

    assert_status(store()->ops->lease_remove(key->leased, &how, &key->op), 0);
}

static inline void key_open(leased_key_t *key, const char *name, uint32_t ttl_s)
{
    memset(key, 0, sizeof *key);
    (void)snprintf(key->name, sizeof key->name, "%s", name);
    recorder_init(&key->told, &live.loop, names);
    key->told.passed_over = FAILING;
    assert_status(store()->ops->lease(store(), name, ttl_s, &events, key, &key->leased), 0);
}

static inline void key_close(leased_key_t *key)
{
    store()->ops->lease_close(key->leased);
    recorder_free(&key->told);
}

static inline const told_t *expect(leased_key_t *key, int type, int status)
{
    const told_t *told = recorder_expect(&key->told, type);

    assert_status(told->status, status);
    return told;
}

static inline void count_beats(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    (void)level;
    if (strstr(line, "POST /v3/lease/keepalive") != NULL)
        beats++;
}

static inline void open_at(const char *endpoints)
{
    disco_options_t options = live_options(&live);

    options.api = DISCO_API_V3;
    options.log = count_beats;
    options.log_level = DISCO_LOG_DEBUG;
    if (endpoints != NULL)
        options.endpoints = endpoints;
    client = live_client_with(&live, &options);
}

static inline void open_live(void)
{
    etcd_options_t etcd = {.without_v2 = true};

    live_open(&live, &etcd);
    open_at(NULL);
}

static inline void close_live(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

static inline proxy_t *open_behind_proxy(void)
{
    etcd_options_t etcd = {.without_v2 = true};
    proxy_t *proxy;

    live_open(&live, &etcd);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    open_at(proxy_endpoint(proxy));
    return proxy;
}

static inline void close_behind_proxy(proxy_t *proxy)
{
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

static inline raw_reply_t ask(const char *path, const char *body)
{
    raw_reply_t reply = raw_http(&live.loop, etcd_port(live.etcd, live.member), "POST", path, body);

    assert_int(reply.error, 0);
    return reply;
}

static inline void append_base64(disco__buffer_t *body, const char *name, const char *text)
{
    disco__buffer_append_text(body, "{\"");
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":\"");
    disco__base64_encode(body, text, strlen(text));
    disco__buffer_append_text(body, "\"}");
}

static inline bool is_there(const char *key, const char *value)
{
    disco__buffer_t body;
    disco__buffer_t wanted;
    raw_reply_t reply;
    bool there;

    disco__buffer_init(&body);
    disco__buffer_init(&wanted);
    append_base64(&body, "key", key);
    reply = ask("/v3/kv/range", disco__buffer_text(&body));
    if (value != NULL)
        disco__base64_encode(&wanted, value, strlen(value));
    there = strstr(reply.body, value != NULL ? disco__buffer_text(&wanted) : "kvs") != NULL;
    raw_reply_free(&reply);
    disco__buffer_free(&body);
    disco__buffer_free(&wanted);
    return there;
}

static inline void delete_by_hand(const char *key)
{
    disco__buffer_t body;
    raw_reply_t reply;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    reply = ask("/v3/kv/deleterange", disco__buffer_text(&body));
    assert_int(reply.status, 200);
    raw_reply_free(&reply);
    disco__buffer_free(&body);
}

/* The leases that etcd has; the first of them, freed by the caller. */
static inline char *leases(size_t *count)
{
    raw_reply_t reply = ask("/v3/lease/leases", "{}");
    const char *at = reply.body;
    char *first = NULL;

    *count = 0;
    assert_int(reply.status, 200);
    while ((at = strstr(at, "{\"ID\":\"")) != NULL) {
        at += strlen("{\"ID\":\"");
        if ((*count)++ == 0) {
            size_t size = strspn(at, "0123456789");

            first = calloc(1, size + 1);
            assert_non_null(first);
            memcpy(first, at, size);
        }
    }
    raw_reply_free(&reply);
    return first;
}

static inline size_t lease_count(void)
{
    size_t count;

    free(leases(&count));
    return count;
}

static inline void revoke_by_hand(void)
{
    size_t count;
    char *id = leases(&count);
    char body[64];
    raw_reply_t reply;

    assert_int(count, 1);
    (void)snprintf(body, sizeof body, "{\"ID\":\"%s\"}", id);
    free(id);
    reply = ask("/v3/lease/revoke", body);
    assert_int(reply.status, 200);
    raw_reply_free(&reply);
}

#endif
