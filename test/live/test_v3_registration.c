/* Many registrations of one client on a real etcd's v3 API: they share a lease, its heartbeats, and
 * the transactions that write them. */
#include <stdio.h>
#include <stdlib.h>

#include "support/live.h"
#include "support/proxy.h"
#include "support/raw_http.h"

#define MANY 1000
#define SOME 200

static live_t live;
static disco_client_t *client;
static live_registration_t registrations[MANY];
static size_t beats; /* requests so far, as the log has them */
static size_t transactions;

static void count_requests(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    (void)level;
    beats += strstr(line, "POST /v3/lease/keepalive") != NULL;
    transactions += strstr(line, "POST /v3/kv/txn") != NULL;
}

static void open_client(const char *endpoints)
{
    disco_options_t options = live_options(&live);

    options.api = DISCO_API_V3;
    options.endpoints = endpoints;
    options.log = count_requests;
    options.log_level = DISCO_LOG_DEBUG;
    client = live_client_with(&live, &options);
}

static void register_hosts(size_t count, uint32_t ttl_s)
{
    disco_registration_options_t options;
    char uuid[32];
    size_t i;

    disco_registration_options_init(&options);
    options.ttl_s = ttl_s;
    for (i = 0; i < count; i++) {
        (void)snprintf(uuid, sizeof uuid, "host-%zu", i);
        live_register(&live, &registrations[i], client, "web", live_host(uuid, "node"), &options);
    }
    for (i = 0; i < count; i++)
        recorder_expect(&registrations[i].told, DISCO_REGISTRATION_READY);
}

/* How often a text is in the answer to a question. */
static size_t asked(const char *path, const char *body, const char *text)
{
    raw_reply_t reply = raw_http(&live.loop, etcd_port(live.etcd, 0), "POST", path, body);
    const char *at = reply.body;
    size_t count = 0;

    assert_int(reply.status, 200);
    while ((at = strstr(at, text)) != NULL) {
        count++;
        at++;
    }
    raw_reply_free(&reply);
    return count;
}

static size_t lease_count(void)
{
    return asked("/v3/lease/leases", "{}", "\"ID\"");
}

/* Below "/services/web/". */
static size_t host_count(void)
{
    return asked("/v3/kv/range",
                 "{\"key\":\"L3NlcnZpY2VzL3dlYi8=\",\"range_end\":\"L3NlcnZpY2VzL3dlYjA=\","
                 "\"keys_only\":true}",
                 "\"key\"");
}

static void revoke_by_hand(void)
{
    raw_reply_t reply =
        raw_http(&live.loop, etcd_port(live.etcd, 0), "POST", "/v3/lease/leases", "{}");
    const char *id = strstr(reply.body, "{\"ID\":\"");
    char body[64];

    assert_non_null(id);
    id += strlen("{\"ID\":\"");
    (void)snprintf(body, sizeof body, "{\"ID\":\"%.*s\"}", (int)strspn(id, "0123456789"), id);
    raw_reply_free(&reply);
    raw_http_expect(&live.loop, etcd_port(live.etcd, 0), "POST", "/v3/lease/revoke", body);
}

DISCO_TEST(a_thousand_hosts_need_one_keep_alive)
{
    etcd_options_t etcd = {.without_v2 = true};
    proxy_t *proxy;
    size_t i;

    live_open(&live, &etcd);
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    open_client(proxy_endpoint(proxy));
    register_hosts(MANY, 9);
    assert_int(host_count(), MANY);
    assert_int(lease_count(), 1);
    assert_in_range(transactions, 9, 30);
    beats = 0;
    proxy_await_requests(proxy, "POST /v3/lease/keepalive ", 3);
    assert_int(beats, 3);
    for (i = 0; i < MANY; i++)
        assert_int(registrations[i].told.count, 1);
    transactions = 0;
    live_client_shutdown(&live, client);
    assert_in_range(transactions, 9, 30);
    assert_int(host_count(), 0);
    assert_int(lease_count(), 0);
    proxy_free(proxy);
    live_close(&live);
}

/* What another client sees of it. */
static struct {
    size_t ups;
    size_t downs;
    bool synced;
    bool all_back;
    bool closed;
} seen;

static void on_seen(void *data, disco_subscription_t *handle,
                    const disco_subscription_event_t *event)
{
    (void)data;
    (void)handle;
    seen.ups += event->type == DISCO_SUBSCRIPTION_UP;
    seen.downs += event->type == DISCO_SUBSCRIPTION_DOWN;
    seen.synced = seen.synced || event->type == DISCO_SUBSCRIPTION_SYNCED;
    seen.closed = event->type == DISCO_SUBSCRIPTION_CLOSED;
    seen.all_back = seen.ups == SOME;
}

DISCO_TEST(all_hosts_come_back_when_their_lease_is_revoked)
{
    etcd_options_t etcd = {.without_v2 = true};
    disco_subscription_t *subscription;
    disco_client_t *watcher;
    size_t i;

    live_open(&live, &etcd);
    open_client(etcd_endpoints(live.etcd));
    register_hosts(SOME, 3);
    watcher = live_client_on(&live, DISCO_API_V3);
    assert_status(disco_subscribe(watcher, "web", NULL, on_seen, NULL, &subscription), 0);
    loop_run_until(&live.loop, &seen.synced);
    transactions = 0;
    revoke_by_hand();
    assert_int(host_count(), 0);
    for (i = 0; i < SOME; i++) {
        const told_t *told = recorder_expect(&registrations[i].told, DISCO_REGISTRATION_LOST);

        assert_status(told->status, DISCO_EKEYNOTFOUND);
        recorder_expect(&registrations[i].told, DISCO_REGISTRATION_RECOVERED);
    }
    assert_int(host_count(), SOME);
    assert_int(lease_count(), 1);
    assert_in_range(transactions, 2, 10);
    loop_run_until(&live.loop, &seen.all_back);
    assert_int(seen.downs, SOME);
    assert_status(disco_subscription_close(subscription), 0);
    loop_run_until(&live.loop, &seen.closed);
    assert_int(seen.ups, SOME);
    live_client_close(&live, watcher);
    live_client_shutdown(&live, client);
    live_close(&live);
}

/* The others keep the lease. */
DISCO_TEST(a_host_that_is_closed_expires)
{
    etcd_options_t etcd = {.without_v2 = true};

    live_open(&live, &etcd);
    open_client(etcd_endpoints(live.etcd));
    register_hosts(2, 2);
    assert_status(disco_registration_close(registrations[0].handle), 0);
    recorder_expect(&registrations[0].told, DISCO_REGISTRATION_CLOSED);
    assert_int(host_count(), 2);
    while (host_count() != 1)
        loop_pause(&live.loop);
    assert_int(lease_count(), 1);
    assert_int(registrations[1].told.count, 1);
    live_unregister(&registrations[1]);
    assert_int(lease_count(), 0);
    live_client_close(&live, client);
    live_close(&live);
}
