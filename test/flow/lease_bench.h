/* Leased keys on v3, at the store's seam, against scripted servers: what their tests have in
 * common. */
#ifndef TEST_FLOW_LEASE_BENCH_H
#define TEST_FLOW_LEASE_BENCH_H

#include "base/text.h"
#include "support/flow.h"

#define GRANT "POST /v3/lease/grant "
#define TXN "POST /v3/kv/txn "
#define BEAT "POST /v3/lease/keepalive "
#define QUESTION "POST /v3/lease/timetolive "
#define REVOKE "POST /v3/lease/revoke "

#define HEADER "\"header\":{\"cluster_id\":\"1\",\"member_id\":\"2\",\"revision\":\"9\"}"
#define GRANTED(id, ttl) "{" HEADER ",\"ID\":\"" id "\",\"TTL\":\"" ttl "\"}"
#define BEATEN(id, ttl) "{\"result\":{" HEADER ",\"ID\":\"" id "\",\"TTL\":\"" ttl "\"}}\n"
#define NO_LEASE(id) "{\"result\":{" HEADER ",\"ID\":\"" id "\"}}\n"
#define HAS_KEYS(id, keys)                                                                         \
    "{" HEADER ",\"ID\":\"" id "\",\"TTL\":\"5\",\"grantedTTL\":\"6\",\"keys\":[" keys "]}"
#define DONE(responses) "{" HEADER ",\"succeeded\":true,\"responses\":[" responses "]}"
#define PUT_DONE "{\"response_put\":{\"header\":{\"revision\":\"9\"}}}"
#define DELETE_DONE "{\"response_delete_range\":{\"header\":{\"revision\":\"9\"}}}"
#define NESTED_DONE "{\"response_txn\":{\"header\":{},\"succeeded\":true}}"
#define NESTED_NOT "{\"response_txn\":{\"header\":{}}}"
#define ERROR(code, text) "{\"error\":\"" text "\",\"message\":\"" text "\",\"code\":" code "}"
#define LEASE_NOT_FOUND ERROR("5", "etcdserver: requested lease not found")

/* Keys "/a" to "/d". */
#define A "\"L2E=\""
#define B "\"L2I=\""
#define C "\"L2M=\""
#define PUT(key, lease)                                                                            \
    "{\"request_put\":{\"key\":" key ",\"value\":\"MQ==\",\"lease\":\"" lease "\"}}"
#define DELETE(key) "{\"request_delete_range\":{\"key\":" key "}}"
#define REQUEST(operations) "{\"success\":[" operations "]}"

#define KEYS 4

struct bench_s;

typedef struct leased_key_s {
    struct bench_s *bench;
    const char *name;
    disco__leased_t *leased;
    disco__op_t *op;
    bool beside_written; /* as the last write's result says */
} leased_key_t;

typedef struct bench_s {
    flow_t flow;
    diary_t diary;
    leased_key_t keys[KEYS];
    leased_key_t *a;
    leased_key_t *b;
    leased_key_t *c;
    leased_key_t *d;
    /* Called with what was told last, "a GONE DISCO_EKEYNOTFOUND". */
    void (*hook)(struct bench_s *bench, leased_key_t *key, const char *line);
} bench_t;

static inline disco__store_t *store(const bench_t *bench)
{
    return bench->flow.client->stores[0];
}

static inline void note(leased_key_t *key, const char *what, int status)
{
    bench_t *bench = key->bench;
    const char *line = status == 0
                           ? flow_text("%s %s", key->name + 1, what)
                           : flow_text("%s %s %s", key->name + 1, what, disco_err_name(status));

    assert_true(bench->diary.count < FLOW_MOST_LINES);
    bench->diary.lines[bench->diary.count++] = line;
    if (bench->hook != NULL)
        bench->hook(bench, key, line);
}

static inline void on_failing(void *data, const disco__failure_t *failure)
{
    note(data, "FAILING", failure->status);
}

static inline void on_overdue(void *data, const disco__failure_t *failure)
{
    note(data, "OVERDUE", failure->status);
}

static inline void on_alive(void *data)
{
    note(data, "ALIVE", 0);
}

static inline void on_gone(void *data, const disco__failure_t *failure)
{
    note(data, "GONE", failure->status);
}

static const disco__leased_events_t lease_events = {on_failing, on_overdue, on_alive, on_gone};

static inline void on_written(void *data, const disco__result_t *result)
{
    leased_key_t *key = data;

    key->op = NULL;
    key->beside_written = result->beside_written;
    /* That a key is not there is known without an answer when its lease is not. */
    if (result->failure->status == 0 ||
        (result->failure->status == DISCO_EKEYNOTFOUND && result->revision != 0))
        assert_int(result->revision, 9);
    note(key, "WRITTEN", result->failure->status);
}

static inline void on_removed(void *data, const disco__result_t *result)
{
    leased_key_t *key = data;

    key->op = NULL;
    note(key, "REMOVED", result->failure->status);
}

static inline void on_retrying(void *data, const disco__failure_t *failure)
{
    note(data, "RETRYING", failure->status);
}

static inline disco__pursuit_t pursuit(leased_key_t *key,
                                       void (*done)(void *data, const disco__result_t *result))
{
    return (disco__pursuit_t){
        .attempt_ms = 3000, .data = key, .done = done, .retrying = on_retrying};
}

static inline void write_with(leased_key_t *key, const disco__leased_write_t *write)
{
    disco__pursuit_t how = pursuit(key, on_written);

    assert_status(store(key->bench)->ops->lease_write(key->leased, write, &how, &key->op), 0);
}

static inline void write_key(leased_key_t *key)
{
    write_with(key, &(disco__leased_write_t){.value = "1"});
}

static inline void remove_key(leased_key_t *key)
{
    disco__pursuit_t how = pursuit(key, on_removed);

    assert_status(store(key->bench)->ops->lease_remove(key->leased, &how, &key->op), 0);
}

static inline void cancel(leased_key_t *key)
{
    store(key->bench)->ops->cancel(key->op);
    key->op = NULL;
}

static inline void close_key(leased_key_t *key)
{
    if (key->leased != NULL)
        store(key->bench)->ops->lease_close(key->leased);
    key->leased = NULL;
}

static inline void open_key(bench_t *bench, leased_key_t *key, const char *name, uint64_t ttl_s)
{
    *key = (leased_key_t){.bench = bench, .name = name};
    assert_status(
        store(bench)->ops->lease(store(bench), name, ttl_s, &lease_events, key, &key->leased), 0);
}

/* All keys with a time to live of six seconds. */
static inline void begin(bench_t *bench, size_t servers)
{
    static const char *const key_names[KEYS] = {"/a", "/b", "/c", "/d"};
    size_t i;

    memset(bench, 0, sizeof *bench);
    flow_open(&bench->flow, servers);
    bench->flow.options.api = DISCO_API_V3;
    bench->flow.options.backoff_first_ms = 100;
    bench->flow.options.backoff_most_ms = 100;
    flow_start(&bench->flow);
    diary_begin(&bench->diary, &bench->flow);
    for (i = 0; i < KEYS; i++)
        open_key(bench, &bench->keys[i], key_names[i], 6);
    bench->a = &bench->keys[0];
    bench->b = &bench->keys[1];
    bench->c = &bench->keys[2];
    bench->d = &bench->keys[3];
}

static inline void close_keys(bench_t *bench)
{
    size_t i;

    for (i = 0; i < KEYS; i++)
        close_key(&bench->keys[i]);
}

static inline void end(bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    flow_expect_no_request(&bench->flow);
    close_keys(bench);
    flow_settle(&bench->flow);
    flow_expect_no_request(&bench->flow);
    flow_close(&bench->flow);
}

static inline flow_request_t expect(bench_t *bench, const char *line, const char *body)
{
    flow_request_t request = flow_expect(&bench->flow, line);

    assert_string_equal(request.request->body, body);
    return request;
}

static inline void answer(bench_t *bench, flow_request_t request, int status, const char *body)
{
    flow_answer(&bench->flow, request, status, 0, body);
}

static inline void grant(bench_t *bench)
{
    answer(bench, expect(bench, GRANT, "{\"TTL\":\"6\"}"), 200, GRANTED("77", "6"));
}

static inline void told(bench_t *bench, const char *line)
{
    diary_expect(&bench->diary, line);
}

/* "/a" and "/b" are in etcd, on lease 77. */
static inline void begin_with_two(bench_t *bench, size_t servers)
{
    begin(bench, servers);
    write_key(bench->a);
    write_key(bench->b);
    grant(bench);
    answer(bench, expect(bench, TXN, REQUEST(PUT(A, "77") "," PUT(B, "77"))), 200,
           DONE(PUT_DONE "," PUT_DONE));
    told(bench, "a WRITTEN");
    told(bench, "b WRITTEN");
}

/* "/d" is. */
static inline void begin_granted(bench_t *bench, size_t servers)
{
    begin(bench, servers);
    write_key(bench->d);
    grant(bench);
    answer(bench, flow_expect(&bench->flow, TXN), 200, DONE(PUT_DONE));
    told(bench, "d WRITTEN");
}

/* The one that is due within a third of six seconds. */
static inline flow_request_t beat(bench_t *bench)
{
    flow_settle(&bench->flow);
    flow_advance(&bench->flow, 2000);
    return expect(bench, BEAT, "{\"ID\":\"77\"}");
}

/* Hooks. */

static inline void rewrite(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)bench;
    if (strstr(line, "GONE") != NULL)
        write_key(key);
}

static inline void close_both(bench_t *bench, leased_key_t *key, const char *line)
{
    (void)key;
    if (strstr(line, "WRITTEN") != NULL)
        return;
    close_key(bench->b);
    close_key(bench->a);
}

#endif
