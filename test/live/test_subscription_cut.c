/* Subscribers whose connections are cut at each byte of an event in turn: nothing is missed or
 * doubled. */
#include <stdio.h>

#include "support/live.h"
#include "support/proxy.h"

DISCO_TESTS_BY_API;

static live_t live;

static void write_host(const char *uuid, const char *name)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    live_write(&live, key, live_host_json("s", uuid, name), 0);
}

/* A poll's answer has at least so many bytes before its body. */
#define HEAD_LEAST 200

/* Subscribers that each event is cut for, each at another byte: etcd takes a tenth of a second to
 * bring a new watch of v3 up to date. */
#define CUT_AT_ONCE 8

typedef struct subscriber_s {
    proxy_t *proxy;
    disco_client_t *client;
    live_view_t view;
} subscriber_t;

static subscriber_t subscribers[CUT_AT_ONCE];

static void subscriber_open(subscriber_t *subscriber)
{
    disco_options_t options = live_options(&live);

    subscriber->proxy = proxy_start(&live.loop, etcd_port(live.etcd, 0));
    options.endpoints = proxy_endpoint(subscriber->proxy);
    options.backoff_first_ms = 1;
    options.backoff_most_ms = 2;
    subscriber->client = live_client_with(&live, &options);
    live_subscribe(&live, &subscriber->view, subscriber->client, "s", NULL);
    recorder_expect(&subscriber->view.told, DISCO_SUBSCRIPTION_SNAPSHOT);
    recorder_expect(&subscriber->view.told, DISCO_SUBSCRIPTION_SYNCED);
}

static void subscriber_close(subscriber_t *subscriber)
{
    live_unsubscribe(&subscriber->view);
    live_client_close(&live, subscriber->client);
    proxy_free(subscriber->proxy);
}

/* The next event of the host; each writes another value than the one before it. */
static const char *write_again(const char *uuid)
{
    static size_t turn;
    const char *name = ++turn % 2 == 0 ? "a" : "b";

    write_host(uuid, name);
    return name;
}

static void expect_event(subscriber_t *subscriber, const char *uuid, const char *name)
{
    const told_t *told = recorder_await(&subscriber->view.told, DISCO_SUBSCRIPTION_CHANGED);

    assert_string_equal(told->value, live_host_json("s", uuid, name));
}

/* Behind so many bytes of the event that is written next, or on v2 of the head of the answer that
 * follows it; every second time by a reset. */
static void cut_behind(subscriber_t *subscriber, const char *uuid, size_t bytes)
{
    const char *watch =
        live_side_of(uuid) == DISCO_API_V3 ? "/v3/watch" : "wait=true&recursive=true";

    proxy_await_answer(subscriber->proxy, watch); /* what comes before the event */
    proxy_cut_after(subscriber->proxy, watch, bytes, bytes % 4 > 1);
}

/* Of the event, as it comes from etcd. */
static size_t measure(const char *uuid)
{
    const char *name;
    size_t size;
    size_t i;

    for (i = 0; i < CUT_AT_ONCE; i++)
        cut_behind(&subscribers[i], uuid, SIZE_MAX);
    name = write_again(uuid);
    for (i = 0; i < CUT_AT_ONCE; i++)
        expect_event(&subscribers[i], uuid, name);
    size = proxy_passed(subscribers[0].proxy);
    assert_in_range(size, 100, 1000);
    for (i = 1; i < CUT_AT_ONCE; i++)
        assert_int(proxy_passed(subscribers[i].proxy), size);
    return size;
}

/* Writes a host, and cuts the connections that say so behind the first byte, the next, and so on,
 * as far as the last. */
static void cut_event(const char *uuid, size_t first, size_t last)
{
    const char *name;
    size_t i;

    for (i = 0; i < CUT_AT_ONCE && first + i < last; i++)
        cut_behind(&subscribers[i], uuid, first + i);
    name = write_again(uuid);
    for (i = 0; i < CUT_AT_ONCE; i++)
        expect_event(&subscribers[i], uuid, name);
    for (i = 0; i < CUT_AT_ONCE && first + i < last; i++)
        loop_run_until(&live.loop, proxy_has_cut(subscribers[i].proxy));
}

/* What was told before a host that comes now is all that came before it there. */
static void expect_no_more(const char *uuid, size_t events)
{
    char newcomer[16];
    size_t i;

    (void)snprintf(newcomer, sizeof newcomer, "end-%s", uuid); /* on the same side */
    write_host(newcomer, "e");
    for (i = 0; i < CUT_AT_ONCE; i++) {
        live_view_t *view = &subscribers[i].view;

        assert_string_equal(recorder_await(&view->told, DISCO_SUBSCRIPTION_UP)->key, newcomer);
        assert_int(recorder_count(&view->told, DISCO_SUBSCRIPTION_CHANGED), events);
        assert_int(recorder_count(&view->told, DISCO_SUBSCRIPTION_UP), 1);
        assert_int(recorder_count(&view->told, DISCO_SUBSCRIPTION_DOWN), 0);
        assert_int(view->count, 2);
    }
}

static void cut_at_every_byte(const char *uuid, bool behind)
{
    size_t first;
    size_t last;
    size_t events = 1;
    size_t i;

    live_open(&live, NULL);
    live_flood(&live, 2000); /* so that indexes are as long as they will be */
    write_host(uuid, "a");
    for (i = 0; i < CUT_AT_ONCE; i++)
        subscriber_open(&subscribers[i]);
    last = measure(uuid);
    first = behind ? last : 0;
    if (behind)
        last += HEAD_LEAST;
    for (; first < last; first += CUT_AT_ONCE, events++)
        cut_event(uuid, first, last);
    expect_no_more(uuid, events);
    for (i = 0; i < CUT_AT_ONCE; i++)
        subscriber_close(&subscribers[i]);
    live_close(&live);
}

DISCO_TEST(nothing_is_missed_when_cut_at_a_byte_of_an_event)
{
    cut_at_every_byte("v", false);
}

/* With both APIs "v" is on v2, and this is on v3. */
DISCO_TEST_ON(nothing_is_missed_when_v3_is_cut_at_a_byte_of_an_event, both)
{
    cut_at_every_byte("u", false);
}

/* A stream of v3 says nothing behind an event. */
DISCO_TEST_ON(nothing_is_missed_when_cut_at_a_byte_behind_an_event, v2, both)
{
    cut_at_every_byte("v", true);
}
