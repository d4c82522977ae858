/* An etcd that is set back to a backup: what came behind it has never been, revisions and all. */
#include "support/live.h"

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;
static live_registration_t steady; /* in the backup, and not about to expire; */
static live_registration_t early;  /* in the backup; */
static live_registration_t late;   /* and not in it */
static live_view_t view;

#define TTL_S 5
#define STEADY_TTL_S 60

static void await_host(int type, const char *uuid)
{
    while (strcmp(recorder_await(&view.told, type)->key, uuid) != 0)
        continue;
}

static void register_host(live_registration_t *registration, const char *uuid, uint32_t ttl_s)
{
    disco_registration_options_t options;

    disco_registration_options_init(&options);
    options.ttl_s = live_seconds(ttl_s);
    live_register(&live, registration, client, "web", live_host(uuid, "node"), &options);
    recorder_expect(&registration->told, DISCO_REGISTRATION_READY);
    await_host(DISCO_SUBSCRIPTION_UP, uuid);
}

/* And not about to expire, as what comes out of a backup may be. */
static bool is_kept_on(disco_api_t side, const char *key)
{
    live_node_t node;

    if (!live_has_side(side))
        return true;
    node = live_read_on(&live, side, key);
    return node.there && 2 * node.ttl_s > (int64_t)live_seconds(TTL_S);
}

/* Each side finds out by itself that its etcd was set back: RECOVERED may come, and the host be
 * ready, before the other side does. */
static void await_kept(live_registration_t *registration, const char *key)
{
    while (!is_kept_on(DISCO_API_V2, key) || !is_kept_on(DISCO_API_V3, key))
        loop_pause(&live.loop);
    live_await_ready(registration);
}

static bool went_down(const char *uuid)
{
    size_t i;

    for (i = 0; i < view.told.count; i++) {
        if (view.told.list[i].type == DISCO_SUBSCRIPTION_DOWN &&
            strcmp(view.told.list[i].key, uuid) == 0)
            return true;
    }
    return false;
}

DISCO_TEST(hosts_come_back_and_views_become_right)
{
    live_open(&live, NULL);
    client = live_client(&live);
    live_subscribe(&live, &view, client, "web", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    register_host(&steady, "steady", STEADY_TTL_S);
    register_host(&early, "early", TTL_S);
    live_write(&live, "/services/web/old", live_host_json("web", "old", "node"), 0);
    await_host(DISCO_SUBSCRIPTION_UP, "old");
    etcd_save(live.etcd);
    register_host(&late, "late", TTL_S);
    live_flood(&live, 50);
    live_write(&live, "/services/web/new", live_host_json("web", "new", "node"), 0);
    await_host(DISCO_SUBSCRIPTION_UP, "new");
    live_delete(&live, "/services/web/old");
    await_host(DISCO_SUBSCRIPTION_DOWN, "old");

    etcd_restore(live.etcd);
    recorder_await(&late.told, DISCO_REGISTRATION_LOST);
    recorder_await(&late.told, DISCO_REGISTRATION_RECOVERED);
    await_host(DISCO_SUBSCRIPTION_UP, "old");
    await_kept(&late, "/services/web/late");
    await_kept(&early, "/services/web/early");
    live_view_check(&live, &view);
    assert_int(view.count, 4);
    assert_false(went_down("steady"));
    assert_int(recorder_count(&steady.told, DISCO_REGISTRATION_LOST), 0);
    assert_true(live_read(&live, "/services/web/steady").there);
    assert_true(live_read(&live, "/services/web/early").there);
    assert_true(live_read(&live, "/services/web/late").there);
    live_unsubscribe(&view);
    live_client_shutdown(&live, client);
    live_close(&live);
}
