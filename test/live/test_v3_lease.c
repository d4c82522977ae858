/* Leased keys on a real etcd's v3 API, at the store's seam: leases, their heartbeats, and what
 * happens to them behind the library's back. */
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

static disco__store_t *store(void)
{
    return client->stores[0];
}

static void record(leased_key_t *key, int type, const disco__failure_t *failure)
{
    told_t told = {.type = type,
                   .status = failure != NULL ? failure->status : 0,
                   .key = failure != NULL ? failure->message : ""};

    recorder_add(&key->told, &told);
}

static void write_key(leased_key_t *key, const char *value);

static void on_failing(void *data, const disco__failure_t *failure)
{
    record(data, FAILING, failure);
}

static void on_overdue(void *data, const disco__failure_t *failure)
{
    record(data, OVERDUE, failure);
}

static void on_alive(void *data)
{
    record(data, ALIVE, NULL);
}

static void on_gone(void *data, const disco__failure_t *failure)
{
    leased_key_t *key = data;

    record(key, GONE, failure);
    if (key->writes_again)
        write_key(key, "again");
}

static const disco__leased_events_t events = {on_failing, on_overdue, on_alive, on_gone};

static void on_written(void *data, const disco__result_t *result)
{
    leased_key_t *key = data;

    key->op = NULL;
    record(key, WRITTEN, result->failure);
}

static void on_removed(void *data, const disco__result_t *result)
{
    leased_key_t *key = data;

    key->op = NULL;
    record(key, REMOVED, result->failure);
}

static disco__pursuit_t pursuit(leased_key_t *key,
                                void (*done)(void *data, const disco__result_t *result))
{
    return (disco__pursuit_t){.attempt_ms = 3000, .data = key, .done = done};
}

static void write_with(leased_key_t *key, const disco__leased_write_t *write)
{
    disco__pursuit_t how = pursuit(key, on_written);

    assert_status(store()->ops->lease_write(key->leased, write, &how, &key->op), 0);
}

static void write_key(leased_key_t *key, const char *value)
{
    write_with(key, &(disco__leased_write_t){.value = value});
}

static void remove_key(leased_key_t *key)
{
    disco__pursuit_t how = pursuit(key, on_removed);

    assert_status(store()->ops->lease_remove(key->leased, &how, &key->op), 0);
}

static void key_open(leased_key_t *key, const char *name, uint32_t ttl_s)
{
    memset(key, 0, sizeof *key);
    (void)snprintf(key->name, sizeof key->name, "%s", name);
    recorder_init(&key->told, &live.loop, names);
    key->told.passed_over = FAILING;
    assert_status(store()->ops->lease(store(), name, ttl_s, &events, key, &key->leased), 0);
}

static void key_close(leased_key_t *key)
{
    store()->ops->lease_close(key->leased);
    recorder_free(&key->told);
}

static const told_t *expect(leased_key_t *key, int type, int status)
{
    const told_t *told = recorder_expect(&key->told, type);

    assert_status(told->status, status);
    return told;
}

static void count_beats(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    (void)level;
    if (strstr(line, "POST /v3/lease/keepalive") != NULL)
        beats++;
}

static void open_at(const char *endpoints)
{
    disco_options_t options = live_options(&live);

    options.api = DISCO_API_V3;
    options.log = count_beats;
    options.log_level = DISCO_LOG_DEBUG;
    if (endpoints != NULL)
        options.endpoints = endpoints;
    client = live_client_with(&live, &options);
}

static void open_live(void)
{
    etcd_options_t etcd = {.without_v2 = true};

    live_open(&live, &etcd);
    open_at(NULL);
}

static void close_live(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

static raw_reply_t ask(const char *path, const char *body)
{
    raw_reply_t reply = raw_http(&live.loop, etcd_port(live.etcd, live.member), "POST", path, body);

    assert_int(reply.error, 0);
    return reply;
}

static void append_base64(disco__buffer_t *body, const char *name, const char *text)
{
    disco__buffer_append_text(body, "{\"");
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":\"");
    disco__base64_encode(body, text, strlen(text));
    disco__buffer_append_text(body, "\"}");
}

static bool is_there(const char *key, const char *value)
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

static void delete_by_hand(const char *key)
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
static char *leases(size_t *count)
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

static size_t lease_count(void)
{
    size_t count;

    free(leases(&count));
    return count;
}

static void revoke_by_hand(void)
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

DISCO_TEST(a_key_is_written_and_removed)
{
    leased_key_t key;

    open_live();
    key_open(&key, "/services/web/a", 60);
    write_key(&key, "1");
    expect(&key, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "1"));
    assert_int(lease_count(), 1);
    write_key(&key, "2");
    expect(&key, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "2"));
    remove_key(&key);
    expect(&key, REMOVED, 0);
    assert_false(is_there("/services/web/a", NULL));
    assert_int(lease_count(), 0);
    key_close(&key);
    close_live();
}

DISCO_TEST(infos_are_written_beside)
{
    disco__put_t info = {.key = "/services_infos/web", .value = "info"};
    disco__put_t other = {
        .key = "/services_infos/web", .value = "other", .condition = DISCO_KV_MUST_NOT_EXIST};
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 60);
    key_open(&two, "/services/web/b", 60);
    write_with(&one, &(disco__leased_write_t){.value = "1", .beside = &other});
    write_with(&two, &(disco__leased_write_t){.value = "2", .beside = &other});
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services_infos/web", "other"));
    write_with(&one, &(disco__leased_write_t){.value = "1", .beside = &other});
    write_with(&two, &(disco__leased_write_t){.value = "2", .beside = &info});
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services_infos/web", "info"));
    write_with(&one, &(disco__leased_write_t){.value = "1", .beside = &other});
    expect(&one, WRITTEN, 0);
    assert_true(is_there("/services_infos/web", "info"));
    key_close(&one);
    key_close(&two);
    close_live();
}

DISCO_TEST(a_key_that_must_exist_is_not_made)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 60);
    key_open(&two, "/services/web/b", 60);
    write_key(&one, "1");
    write_with(&two, &(disco__leased_write_t){.value = "2", .must_exist = true});
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, DISCO_EKEYNOTFOUND);
    assert_false(is_there("/services/web/b", NULL));
    write_with(&one, &(disco__leased_write_t){.value = "3", .must_exist = true});
    expect(&one, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "3"));
    key_close(&one);
    key_close(&two);
    close_live();
}

#define MANY 1000

/* One request for a thousand keys, for each of three intervals. */
DISCO_TEST(a_thousand_keys_need_one_keep_alive)
{
    static leased_key_t keys[MANY];
    disco__put_t info = {.key = "/services_infos/web", .value = "info"};
    etcd_options_t etcd = {.without_v2 = true};
    proxy_t *proxy;
    size_t i;

    live_open(&live, &etcd);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    open_at(proxy_endpoint(proxy));
    for (i = 0; i < MANY; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, 9);
        write_with(&keys[i], &(disco__leased_write_t){.value = "1", .beside = &info});
    }
    for (i = 0; i < MANY; i++)
        expect(&keys[i], WRITTEN, 0);
    assert_int(lease_count(), 1);
    beats = 0;
    proxy_await_requests(proxy, "POST /v3/lease/keepalive ", 3);
    assert_int(beats, 3);
    for (i = 0; i < MANY; i++) {
        assert_int(keys[i].told.count, 1);
        remove_key(&keys[i]);
    }
    for (i = 0; i < MANY; i++)
        expect(&keys[i], REMOVED, 0);
    assert_int(lease_count(), 0);
    for (i = 0; i < MANY; i++)
        key_close(&keys[i]);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

#define SOME 300

DISCO_TEST(a_lease_revoked_by_hand_is_granted_anew)
{
    static leased_key_t keys[SOME];
    size_t i;

    open_live();
    for (i = 0; i < SOME; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, 3);
        keys[i].writes_again = true;
        write_key(&keys[i], "1");
    }
    for (i = 0; i < SOME; i++)
        expect(&keys[i], WRITTEN, 0);
    revoke_by_hand();
    for (i = 0; i < SOME; i++) {
        expect(&keys[i], GONE, DISCO_EKEYNOTFOUND);
        expect(&keys[i], WRITTEN, 0);
        assert_true(i % 50 != 0 || is_there(keys[i].name, "again"));
    }
    assert_int(lease_count(), 1);
    for (i = 0; i < SOME; i++)
        key_close(&keys[i]);
    close_live();
}

DISCO_TEST(a_write_finds_the_lease_revoked)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 60);
    key_open(&two, "/services/web/b", 60);
    two.writes_again = true;
    write_key(&one, "1");
    write_key(&two, "1");
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    revoke_by_hand();
    write_key(&one, "2");
    expect(&one, WRITTEN, 0);
    expect(&two, GONE, DISCO_EKEYNOTFOUND);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "2"));
    assert_true(is_there("/services/web/b", "again"));
    assert_int(lease_count(), 1);
    assert_int(one.told.count, 2);
    key_close(&one);
    key_close(&two);
    close_live();
}

DISCO_TEST(a_key_deleted_by_hand_is_told)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 2);
    key_open(&two, "/services/web/b", 2);
    two.writes_again = true;
    write_key(&one, "1");
    write_key(&two, "1");
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    delete_by_hand("/services/web/b");
    expect(&two, GONE, DISCO_EKEYNOTFOUND);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services/web/b", "again"));
    assert_int(one.told.count, 1);
    assert_int(lease_count(), 1);
    key_close(&one);
    key_close(&two);
    close_live();
}

/* etcd takes no request of more than 1.5 MiB: only the key that is to blame fails. */
DISCO_TEST(a_value_too_large_is_refused_alone)
{
    static char large[2 * 1024 * 1024];
    leased_key_t keys[9];
    size_t i;

    open_live();
    memset(large, 'x', sizeof large - 1);
    for (i = 0; i < 9; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, 60);
        write_key(&keys[i], i == 4 ? large : "1");
    }
    for (i = 0; i < 9; i++) {
        expect(&keys[i], WRITTEN, i == 4 ? DISCO_EREFUSED : 0);
        assert_int(is_there(keys[i].name, NULL), i != 4);
    }
    for (i = 0; i < 9; i++)
        key_close(&keys[i]);
    close_live();
}

DISCO_TEST(each_time_to_live_has_its_lease)
{
    leased_key_t keys[4];
    size_t i;

    open_live();
    for (i = 0; i < 4; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, i % 2 == 0 ? 60 : 30);
        write_key(&keys[i], "1");
    }
    for (i = 0; i < 4; i++)
        expect(&keys[i], WRITTEN, 0);
    assert_int(lease_count(), 2);
    remove_key(&keys[0]);
    remove_key(&keys[2]);
    expect(&keys[0], REMOVED, 0);
    expect(&keys[2], REMOVED, 0);
    assert_int(lease_count(), 1);
    for (i = 0; i < 4; i++)
        key_close(&keys[i]);
    close_live();
}

/* etcd gives two seconds at least. */
DISCO_TEST(a_key_lives_longer_than_a_short_time_to_live)
{
    etcd_options_t etcd = {.without_v2 = true};
    proxy_t *proxy;
    leased_key_t key;

    live_open(&live, &etcd);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    open_at(proxy_endpoint(proxy));
    key_open(&key, "/services/web/a", 1);
    write_key(&key, "1");
    expect(&key, WRITTEN, 0);
    proxy_await_requests(proxy, "POST /v3/lease/keepalive ", 5);
    assert_true(is_there("/services/web/a", "1"));
    assert_int(key.told.count, 1);
    key_close(&key);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

DISCO_TEST(an_outage_is_overdue_and_then_gone)
{
    etcd_options_t etcd = {.without_v2 = true};
    proxy_t *proxy;
    leased_key_t key;

    live_open(&live, &etcd);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    open_at(proxy_endpoint(proxy));
    key_open(&key, "/services/web/a", 2);
    key.writes_again = true;
    write_key(&key, "1");
    expect(&key, WRITTEN, 0);
    proxy_set_down(proxy, true);
    expect(&key, OVERDUE, DISCO_ELOST);
    while (is_there("/services/web/a", NULL))
        loop_pause(&live.loop);
    proxy_set_down(proxy, false);
    expect(&key, GONE, DISCO_EKEYNOTFOUND);
    expect(&key, WRITTEN, 0);
    assert_true(recorder_count(&key.told, FAILING) > 0);
    assert_true(is_there("/services/web/a", "again"));
    key_close(&key);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

/* The other key keeps the lease. */
DISCO_TEST(a_closed_key_goes_by_itself)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 2);
    key_open(&two, "/services/web/b", 2);
    write_key(&one, "1");
    write_key(&two, "1");
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    key_close(&one);
    assert_true(is_there("/services/web/a", "1"));
    while (is_there("/services/web/a", NULL))
        loop_pause(&live.loop);
    assert_true(is_there("/services/web/b", "1"));
    assert_int(lease_count(), 1);
    assert_int(two.told.count, 1);
    key_close(&two);
    close_live();
}
