/* The stream that the watches of a v3 client share, on a real etcd: nothing is missed or doubled,
 * whatever happens to it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "support/live.h"
#include "support/proxy.h"
#include "support/raw_http.h"

static live_t live;
static disco_client_t *client;

static void open_live_with(const char *const *arguments)
{
    etcd_options_t etcd = {.arguments = arguments, .without_v2 = true};
    disco_options_t options;

    live_open(&live, &etcd);
    options = live_options(&live);
    options.api = DISCO_API_V3;
    client = live_client_with(&live, &options);
}

static void open_live(void)
{
    open_live_with(NULL);
}

static void close_live(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

static void append_base64(disco__buffer_t *body, const char *name, const char *text)
{
    disco__buffer_append_char(body, body->size > 0 ? ',' : '{');
    disco__buffer_append_char(body, '"');
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":\"");
    disco__base64_encode(body, text, strlen(text));
    disco__buffer_append_char(body, '"');
}

static void call(const char *path, disco__buffer_t *body)
{
    disco__buffer_append_char(body, '}');
    raw_http_expect(&live.loop, etcd_port(live.etcd, 0), "POST", path, disco__buffer_text(body));
    disco__buffer_free(body);
}

static void put(const char *key, const char *value)
{
    disco__buffer_t body;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    append_base64(&body, "value", value);
    call("/v3/kv/put", &body);
}

static void delete_key(const char *key)
{
    disco__buffer_t body;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    call("/v3/kv/deleterange", &body);
}

static uint64_t expect_put(live_watch_t *watch, const char *key, const char *value)
{
    const told_t *told = recorder_expect(&watch->told, DISCO_WATCH_PUT);

    assert_string_equal(told->key, key);
    assert_string_equal(told->value, value);
    return told->revision;
}

DISCO_TEST(keys_come_change_and_go)
{
    live_watch_t one;
    live_watch_t all;
    const told_t *told;

    open_live();
    live_watch(&live, &one, client, "/a", false, 0);
    live_watch(&live, &all, client, "/a", true, 0);
    recorder_expect(&one.told, DISCO_WATCH_SYNCED);
    recorder_expect(&all.told, DISCO_WATCH_SYNCED);
    put("/a", "1");
    put("/a/b", "2");
    put("/ab", "3");
    put("/a-b", "4");
    put("/a", "5");
    delete_key("/a");
    (void)expect_put(&one, "/a", "1");
    (void)expect_put(&all, "/a", "1");
    (void)expect_put(&all, "/a/b", "2");
    (void)expect_put(&one, "/a", "5");
    (void)expect_put(&all, "/a", "5");
    told = recorder_expect(&one.told, DISCO_WATCH_DELETE);
    assert_string_equal(told->key, "/a");
    assert_string_equal(told->value, "");
    assert_string_equal(told->previous, "5");
    recorder_expect(&all.told, DISCO_WATCH_DELETE);
    live_unwatch(&one);
    put("/a/b", "");
    (void)expect_put(&all, "/a/b", "");
    live_unwatch(&all);
    close_live();
}

static void compact(uint64_t revision)
{
    disco__buffer_t body;

    disco__buffer_init(&body);
    disco__buffer_append_text(&body, "{\"revision\":");
    disco__buffer_append_number(&body, revision);
    disco__buffer_append_text(&body, ",\"physical\":true");
    call("/v3/kv/compaction", &body);
}

DISCO_TEST(a_history_is_caught_up_with_until_it_is_compacted)
{
    live_watch_t watch;
    live_watch_t late;
    live_watch_t later;
    uint64_t first;
    uint64_t last;

    open_live();
    live_watch(&live, &watch, client, "/a", false, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    put("/a", "1");
    put("/a", "2");
    put("/a", "3");
    first = expect_put(&watch, "/a", "1");
    (void)expect_put(&watch, "/a", "2");
    last = expect_put(&watch, "/a", "3");
    live_watch(&live, &late, client, "/a", false, first);
    recorder_expect(&late.told, DISCO_WATCH_SYNCED);
    (void)expect_put(&late, "/a", "1");
    (void)expect_put(&late, "/a", "2");
    (void)expect_put(&late, "/a", "3");
    compact(last);
    live_watch(&live, &later, client, "/a", false, first);
    assert_status(recorder_await(&later.told, DISCO_WATCH_GAP)->status, DISCO_ECLEARED);
    put("/a", "4");
    (void)expect_put(&watch, "/a", "4");
    (void)expect_put(&late, "/a", "4");
    (void)expect_put(&later, "/a", "4");
    live_unwatch(&watch);
    live_unwatch(&late);
    live_unwatch(&later);
    close_live();
}

static proxy_t *proxy;

static void open_behind_proxy(void)
{
    disco_options_t options;

    live_open(&live, &(etcd_options_t){.without_v2 = true});
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    options = live_options(&live);
    options.api = DISCO_API_V3;
    options.endpoints = proxy_endpoint(proxy);
    client = live_client_with(&live, &options);
}

static void close_behind_proxy(void)
{
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}

DISCO_TEST(compacted_while_it_was_away_is_a_gap)
{
    live_watch_t watch;
    uint64_t revision;
    size_t i;

    open_behind_proxy();
    live_watch(&live, &watch, client, "/a", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    put("/a", "1");
    revision = expect_put(&watch, "/a", "1");
    proxy_set_down(proxy, true);
    recorder_expect(&watch.told, DISCO_WATCH_STALE);
    put("/a", "missed");
    for (i = 0; i < 10; i++)
        put("/b", "x");
    compact(revision + 5);
    proxy_set_down(proxy, false);
    assert_true(recorder_await(&watch.told, DISCO_WATCH_GAP)->revision >= revision + 11);
    put("/a", "2");
    assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->value, "2");
    live_unwatch(&watch);
    close_behind_proxy();
}

DISCO_TEST(a_cut_connection_loses_and_doubles_nothing)
{
    live_watch_t watch;
    size_t cut;
    size_t i = 0;
    char value[24];

    open_behind_proxy();
    live_watch(&live, &watch, client, "/a", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    for (cut = 1; cut < 450; cut += 7) {
        size_t last = i + 3;

        proxy_cut_after(proxy, "/v3/watch", cut, false);
        for (; i < last; i++) {
            (void)snprintf(value, sizeof value, "%zu", i);
            put("/a/x", value);
        }
        for (i = last - 3; i < last; i++) {
            (void)snprintf(value, sizeof value, "%zu", i);
            assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->value, value);
        }
    }
    assert_int(recorder_count(&watch.told, DISCO_WATCH_PUT), i);
    assert_int(recorder_count(&watch.told, DISCO_WATCH_GAP), 0);
    live_unwatch(&watch);
    close_behind_proxy();
}

DISCO_TEST(a_restart_of_etcd_loses_and_doubles_nothing)
{
    live_watch_t watch;
    size_t i;

    open_live();
    live_watch(&live, &watch, client, "/a", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    put("/a/x", "1");
    (void)expect_put(&watch, "/a/x", "1");
    for (i = 0; i < 2; i++) {
        if (i == 0)
            etcd_kill(live.etcd, 0);
        else
            etcd_terminate(live.etcd, 0);
        recorder_await(&watch.told, DISCO_WATCH_STALE);
        etcd_continue_member(live.etcd, 0);
        put("/a/x", "2");
        put("/a/x", "3");
        recorder_await(&watch.told, DISCO_WATCH_SYNCED);
        assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->value, "2");
        assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->value, "3");
    }
    assert_int(recorder_count(&watch.told, DISCO_WATCH_PUT), 5);
    assert_int(recorder_count(&watch.told, DISCO_WATCH_GAP), 0);
    live_unwatch(&watch);
    close_live();
}

#define LARGE 100000
#define LARGE_ONES 40

/* More than etcd puts into one message: it is sent in fragments. */
DISCO_TEST(a_large_history_is_caught_up_with)
{
    live_watch_t first;
    live_watch_t watch;
    char *value = calloc(1, LARGE + 1);
    uint64_t revision;
    char key[32];
    size_t i;

    assert_non_null(value);
    open_live();
    live_watch(&live, &first, client, "/a", false, 0);
    recorder_expect(&first.told, DISCO_WATCH_SYNCED);
    put("/a", "");
    revision = expect_put(&first, "/a", "");
    for (i = 0; i < LARGE_ONES; i++) {
        memset(value, 'a' + (int)(i % 26), LARGE);
        (void)snprintf(key, sizeof key, "/a/%zu", i);
        put(key, value);
    }
    live_watch(&live, &watch, client, "/a", true, revision);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    (void)expect_put(&watch, "/a", "");
    for (i = 0; i < LARGE_ONES; i++) {
        memset(value, 'a' + (int)(i % 26), LARGE);
        (void)snprintf(key, sizeof key, "/a/%zu", i);
        (void)expect_put(&watch, key, value);
    }
    live_unwatch(&first);
    live_unwatch(&watch);
    close_live();
    free(value);
}

DISCO_TEST(an_etcd_that_was_wiped_is_a_gap)
{
    live_watch_t watch;
    size_t i;

    open_live();
    live_watch(&live, &watch, client, "/a", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    for (i = 0; i < 20; i++)
        put("/a/x", "1");
    for (i = 0; i < 20; i++)
        (void)expect_put(&watch, "/a/x", "1");
    etcd_wipe(live.etcd);
    recorder_await(&watch.told, DISCO_WATCH_GAP);
    put("/a/x", "2");
    assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->value, "2");
    assert_int(recorder_count(&watch.told, DISCO_WATCH_PUT), 21);
    live_unwatch(&watch);
    close_live();
}

#define MANY 200
#define EVENTS 5000
#define CHANGES 20

/* A watch that knows which event comes next. */
typedef struct follower_s {
    disco_watch_t *watch;
    size_t number;
    size_t next; /* of its events; SIZE_MAX: any */
    bool synced;
    bool closed;
} follower_t;

static follower_t followers[MANY];
static follower_t passers[CHANGES]; /* that come and go while events flow */
static size_t passer_count;
static size_t events;
static size_t synced_count;
static bool all_synced;
static bool all_there;
static bool all_closed;
static size_t still_open;

static void on_passer(void *data, disco_watch_t *watch, const disco_watch_event_t *event);

/* One more and one less, every so many events. */
static void change(void)
{
    static const disco_kv_watch_options_t options = {.recursive = true};
    follower_t *passer = &passers[passer_count];

    if (events % (EVENTS / CHANGES) == EVENTS / CHANGES / 2 && passer_count < CHANGES) {
        assert_status(disco_kv_watch(client, "/c", &options, on_passer, passer, &passer->watch), 0);
        passer->next = SIZE_MAX;
        passer_count++;
        still_open++;
    } else if (events % (EVENTS / CHANGES) == 0 && passer_count > 1) {
        assert_status(disco_watch_close(passers[passer_count - 2].watch), 0);
    }
}

static void note_closed(follower_t *follower)
{
    follower->closed = true;
    all_closed = --still_open == 0;
}

/* Of all keys, so it sees a run of events: each number follows the one before. */
static void on_passer(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    follower_t *passer = data;
    size_t number;

    (void)watch;
    assert_false(passer->closed);
    if (event->type == DISCO_WATCH_CLOSED) {
        note_closed(passer);
        return;
    }
    assert_true(event->type == DISCO_WATCH_SYNCED || event->type == DISCO_WATCH_PUT);
    if (event->type != DISCO_WATCH_PUT)
        return;
    number = strtoul(event->entry->value, NULL, 10);
    assert_true(passer->next == SIZE_MAX || passer->next == number);
    passer->next = number + 1;
}

static void on_follower(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    follower_t *follower = data;

    (void)watch;
    if (event->type == DISCO_WATCH_CLOSED) {
        note_closed(follower);
        return;
    }
    if (event->type == DISCO_WATCH_SYNCED) {
        assert_false(follower->synced);
        follower->synced = true;
        all_synced = ++synced_count == MANY;
        return;
    }
    assert_int(event->type, DISCO_WATCH_PUT);
    assert_int(strtoul(event->entry->value, NULL, 10), follower->next);
    follower->next += MANY;
    all_there = ++events == EVENTS;
    change();
}

/* The value of event i is i; its key is below that of follower i % MANY. */
static void write_event(size_t number, char key[LIVE_MOST_KEY], char value[LIVE_MOST_VALUE])
{
    (void)snprintf(key, LIVE_MOST_KEY, "/c/%zu/x", number % MANY);
    (void)snprintf(value, LIVE_MOST_VALUE, "%zu", number);
}

DISCO_TEST(two_hundred_watches_hold_one_connection_and_bear_changes)
{
    static const disco_kv_watch_options_t options = {.recursive = true};
    char key[32];
    size_t i;

    open_behind_proxy();
    still_open = MANY;
    for (i = 0; i < MANY; i++) {
        follower_t *follower = &followers[i];

        (void)snprintf(key, sizeof key, "/c/%zu", i);
        follower->number = follower->next = i;
        assert_status(
            disco_kv_watch(client, key, &options, on_follower, follower, &follower->watch), 0);
    }
    loop_run_until(&live.loop, &all_synced);
    assert_int(proxy_open_count(proxy, ""), 1);
    live_put_all(&live, EVENTS, write_event);
    loop_run_until(&live.loop, &all_there);
    assert_int(passer_count, CHANGES);
    for (i = 0; i < MANY; i++)
        assert_int(followers[i].next, i + EVENTS);
    assert_status(disco_watch_close(passers[CHANGES - 1].watch), 0);
    for (i = 0; i < MANY; i++)
        assert_status(disco_watch_close(followers[i].watch), 0);
    loop_run_until(&live.loop, &all_closed);
    close_behind_proxy();
}
