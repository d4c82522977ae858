/* Many subscriptions of one client on a real etcd's v3 API: they share one stream, and bear that
 * others come and go while events flow. */
#include <stdio.h>
#include <stdlib.h>

#include "support/live.h"
#include "support/proxy.h"

#define MANY 200
#define EVENTS 5000
#define CHANGES 20

static live_t live;
static disco_client_t *client;
static proxy_t *proxy;

/* A subscription that knows which event comes next. */
typedef struct follower_s {
    disco_subscription_t *handle;
    size_t next; /* number of the event; SIZE_MAX: any */
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
static size_t still_open;
static bool all_closed;

static size_t number_of(const disco_host_t *host)
{
    assert_string_equal(host->uuid, "h");
    return strtoul(host->name, NULL, 10);
}

/* Each event is the one behind the last, of which it says what it was. */
static void follow(follower_t *follower, const disco_subscription_event_t *event)
{
    size_t number = number_of(event->host);

    assert_ptr_equal(disco_service_first(event->service), event->host);
    if (follower->next == SIZE_MAX) {
        assert_int(event->type, DISCO_SUBSCRIPTION_UP);
    } else {
        assert_int(number, follower->next);
        assert_int(event->type, number < MANY ? DISCO_SUBSCRIPTION_UP : DISCO_SUBSCRIPTION_CHANGED);
        if (event->previous != NULL)
            assert_int(number_of(event->previous), number - MANY);
    }
    follower->next = number + MANY;
}

static void note_closed(follower_t *follower)
{
    follower->closed = true;
    all_closed = --still_open == 0;
}

static void on_passer(void *data, disco_subscription_t *handle,
                      const disco_subscription_event_t *event)
{
    follower_t *passer = data;

    (void)handle;
    assert_false(passer->closed);
    if (event->type == DISCO_SUBSCRIPTION_CLOSED)
        note_closed(passer);
    else if (event->type == DISCO_SUBSCRIPTION_SNAPSHOT &&
             disco_service_first(event->service) != NULL)
        passer->next = number_of(disco_service_first(event->service)) + MANY;
    else if (event->host != NULL)
        follow(passer, event);
    else
        assert_int(event->status, 0);
}

/* One more and one less, every so many events. */
static void change(void)
{
    follower_t *passer = &passers[passer_count];
    char service[16];

    if (events % (EVENTS / CHANGES) == EVENTS / CHANGES / 2 && passer_count < CHANGES) {
        passer->next = SIZE_MAX;
        (void)snprintf(service, sizeof service, "s%zu", passer_count * 7);
        assert_status(disco_subscribe(client, service, NULL, on_passer, passer, &passer->handle),
                      0);
        passer_count++;
        still_open++;
    } else if (events % (EVENTS / CHANGES) == 0 && passer_count > 1) {
        assert_status(disco_subscription_close(passers[passer_count - 2].handle), 0);
    }
}

static void on_follower(void *data, disco_subscription_t *handle,
                        const disco_subscription_event_t *event)
{
    follower_t *follower = data;

    (void)handle;
    if (event->type == DISCO_SUBSCRIPTION_CLOSED) {
        note_closed(follower);
    } else if (event->type == DISCO_SUBSCRIPTION_SYNCED) {
        assert_false(follower->synced);
        follower->synced = true;
        all_synced = ++synced_count == MANY;
    } else if (event->host != NULL) {
        follow(follower, event);
        all_there = ++events == EVENTS;
        change();
    } else {
        assert_int(event->type, DISCO_SUBSCRIPTION_SNAPSHOT);
    }
}

/* Event i is about the one host of service i % MANY, whose name is i. */
static void write_event(size_t number, char key[LIVE_MOST_KEY], char value[LIVE_MOST_VALUE])
{
    (void)snprintf(key, LIVE_MOST_KEY, "/services/s%zu/h", number % MANY);
    (void)snprintf(value, LIVE_MOST_VALUE, "{\"name\":\"%zu\",\"uuid\":\"h\"}", number);
}

DISCO_TEST(two_hundred_subscriptions_hold_one_connection_and_bear_changes)
{
    disco_options_t options;
    char service[16];
    size_t i;

    live_open(&live, &(etcd_options_t){.without_v2 = true});
    proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    options = live_options(&live);
    options.api = DISCO_API_V3;
    options.endpoints = proxy_endpoint(proxy);
    client = live_client_with(&live, &options);
    still_open = MANY;
    for (i = 0; i < MANY; i++) {
        followers[i].next = i;
        (void)snprintf(service, sizeof service, "s%zu", i);
        assert_status(disco_subscribe(client, service, NULL, on_follower, &followers[i],
                                      &followers[i].handle),
                      0);
    }
    loop_run_until(&live.loop, &all_synced);
    /* The one before it is being closed. */
    while (proxy_open_count(proxy, "POST /v3/watch ") > 1)
        (void)uv_run(&live.loop.uv, UV_RUN_ONCE);
    assert_int(proxy_open_count(proxy, "POST /v3/watch "), 1);
    live_put_all(&live, EVENTS, write_event);
    loop_run_until(&live.loop, &all_there);
    assert_int(passer_count, CHANGES);
    for (i = 0; i < MANY; i++)
        assert_int(followers[i].next, i + EVENTS);
    assert_status(disco_subscription_close(passers[CHANGES - 1].handle), 0);
    for (i = 0; i < MANY; i++)
        assert_status(disco_subscription_close(followers[i].handle), 0);
    loop_run_until(&live.loop, &all_closed);
    live_client_close(&live, client);
    proxy_free(proxy);
    live_close(&live);
}
