/* Three members, of which one is cut off from the others while its clients still reach it: it
 * accepts their connections, and cannot do anything for them. */
#include <stdio.h>

#include "disco/context.h"
#include "etcd/v2_internal.h"
#include "etcd/v3_internal.h"
#include "support/live.h"

#define MEMBERS 3
/* Long enough for the others to find a leader on a machine that has much else to do. */
#define TTL_S 20

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;
static live_registration_t registration;
static live_view_t view;

static disco__endpoints_t *endpoints_of(disco__store_t *store)
{
    if (strcmp(store->api, "v2") == 0)
        return disco__v2_store_of(store)->endpoints;
    return disco__v3_store_of(store)->endpoints;
}

/* Everything goes to that member, as long as it answers. */
static void begin_at(size_t member)
{
    disco_registration_options_t options;
    disco_options_t client_options = live_options(&live);

    client_options.watch_check_ms = 2000;
    client = live_client_with(&live, &client_options);
    endpoints_of(client->stores[0])->current = member;
    disco_registration_options_init(&options);
    options.ttl_s = live_seconds(TTL_S);
    live_register(&live, &registration, client, "s", live_host("u", "a"), &options);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
}

static void write_host(const char *uuid)
{
    char key[64];

    (void)snprintf(key, sizeof key, "/services/s/%s", uuid);
    live_write(&live, key, live_host_json("s", uuid, "a"), 0);
}

/* A key that goes when its time has passed, which the others see to. */
static void let_a_time_to_live_pass(void)
{
    static live_watch_t watch;

    live_watch(&live, &watch, client, "/clock", false, 0);
    recorder_await(&watch.told, DISCO_WATCH_SYNCED);
    live_write(&live, "/clock", "", live_seconds(TTL_S) + 1);
    recorder_await(&watch.told, (int)live_expired());
    live_unwatch(&watch);
}

static void cut_off(size_t member)
{
    begin_at(member);
    etcd_cut_off(live.etcd, member);
    live.member = (member + 1) % MEMBERS;
    while (etcd_leader(live.etcd) == member)
        loop_pause(&live.loop);
    write_host("new");
    while (strcmp(recorder_await(&view.told, DISCO_SUBSCRIPTION_UP)->key, "new") != 0)
        continue;
    let_a_time_to_live_pass();
    assert_int(recorder_count(&registration.told, DISCO_REGISTRATION_LOST), 0);
    assert_int(recorder_count(&view.told, DISCO_SUBSCRIPTION_DOWN), 0);
    etcd_rejoin(live.etcd);
    etcd_wait_until_ready(live.etcd);
    assert_int(recorder_count(&registration.told, DISCO_REGISTRATION_LOST), 0);
    live_view_check(&live, &view);
    assert_int(view.count, 2);
    live_unsubscribe(&view);
    live_client_shutdown(&live, client);
    live_close(&live);
}

DISCO_TEST(the_leader_is_cut_off)
{
    live_open(&live, &(etcd_options_t){.members = MEMBERS, .can_be_cut_off = true});
    cut_off(etcd_leader(live.etcd));
}

DISCO_TEST(a_follower_is_cut_off)
{
    live_open(&live, &(etcd_options_t){.members = MEMBERS, .can_be_cut_off = true});
    cut_off((etcd_leader(live.etcd) + 1) % MEMBERS);
}
