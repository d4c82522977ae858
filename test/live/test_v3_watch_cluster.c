/* A v3 watch on three members, of which one or two are killed or hang: no event is lost or
 * doubled. */
#include <stdio.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "support/live.h"
#include "support/raw_http.h"

#define MEMBERS 3

static live_t live;
static disco_client_t *client;
static live_watch_t watch;
static size_t sent;
static size_t seen;

static disco_client_t *client_at(const char *endpoints)
{
    disco_options_t options = live_options(&live);

    options.api = DISCO_API_V3;
    options.endpoints = endpoints;
    options.watch_check_ms = 1000;
    return live_client_with(&live, &options);
}

static void begin(void)
{
    live_open(&live, &(etcd_options_t){.members = MEMBERS, .without_v2 = true});
    client = client_at(etcd_endpoints(live.etcd));
    live_watch(&live, &watch, client, "/a", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
}

static void end(void)
{
    assert_int(recorder_count(&watch.told, DISCO_WATCH_PUT), sent);
    assert_int(recorder_count(&watch.told, DISCO_WATCH_GAP), 0);
    live_unwatch(&watch);
    live_client_close(&live, client);
    live_close(&live);
}

/* By a member that runs; a write that is sent while there is no leader may count or not. */
static void put(void)
{
    char key[32];
    disco__buffer_t body;

    (void)etcd_leader(live.etcd);
    (void)snprintf(key, sizeof key, "/a/%zu", sent++);
    disco__buffer_init(&body);
    disco__buffer_append_text(&body, "{\"key\":\"");
    disco__base64_encode(&body, key, strlen(key));
    disco__buffer_append_text(&body, "\"}");
    raw_http_expect(&live.loop, etcd_port(live.etcd, live.member), "POST", "/v3/kv/put",
                    disco__buffer_text(&body));
    disco__buffer_free(&body);
}

static void see_all(void)
{
    char key[32];

    for (; seen < sent; seen++) {
        (void)snprintf(key, sizeof key, "/a/%zu", seen);
        assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->key, key);
    }
}

/* Each in turn, the leader among them. */
static void each_member(void (*stop)(etcd_t *etcd, size_t member),
                        void (*start)(etcd_t *etcd, size_t member))
{
    size_t member;

    begin();
    for (member = 0; member < MEMBERS; member++) {
        put();
        stop(live.etcd, member);
        live.member = (member + 1) % MEMBERS;
        put();
        put();
        see_all();
        start(live.etcd, member);
        etcd_wait_until_ready(live.etcd);
        put();
        see_all();
    }
    end();
}

DISCO_TEST(each_member_is_killed)
{
    each_member(etcd_kill, etcd_continue_member);
}

DISCO_TEST(each_member_is_shut_down)
{
    each_member(etcd_terminate, etcd_continue_member);
}

DISCO_TEST(each_member_hangs)
{
    each_member(etcd_stall, etcd_unstall);
}

/* Its client port is open, and it answers; but it belongs to no majority. */
DISCO_TEST(a_member_that_is_alone_says_so)
{
    disco_client_t *alone;
    live_watch_t lonely;

    begin();
    alone = client_at(etcd_endpoint(live.etcd, 0));
    live_watch(&live, &lonely, alone, "/a", true, 0);
    recorder_expect(&lonely.told, DISCO_WATCH_SYNCED);
    etcd_stall(live.etcd, 1);
    etcd_stall(live.etcd, 2);
    recorder_expect(&lonely.told, DISCO_WATCH_STALE);
    etcd_unstall(live.etcd, 1);
    etcd_unstall(live.etcd, 2);
    recorder_await(&lonely.told, DISCO_WATCH_SYNCED);
    put();
    see_all();
    recorder_await(&lonely.told, DISCO_WATCH_PUT);
    assert_int(recorder_count(&lonely.told, DISCO_WATCH_GAP), 0);
    live_unwatch(&lonely);
    live_client_close(&live, alone);
    end();
}
