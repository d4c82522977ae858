/* The choice of the API on a real etcd: v2 where it is served, else v3. */
#include "support/live.h"

static live_t live;
static disco_client_t *client;
static int chosen; /* 2 or 3 */

static void on_log(void *data, disco_log_level_t level, const char *line)
{
    (void)data;
    if (level != DISCO_LOG_INFO || strstr(line, " is used") == NULL)
        return;
    assert_int(chosen, 0);
    chosen = strstr(line, "v3 is used") != NULL ? 3 : 2;
}

static void begin(const etcd_options_t *etcd)
{
    disco_options_t options;

    live_open(&live, etcd);
    options = live_options(&live);
    options.api = DISCO_API_AUTO;
    options.log = on_log;
    client = live_client_with(&live, &options);
}

/* Everything is begun at once, before the choice. */
static void register_subscribe_and_look_up(void)
{
    static live_registration_t registration;
    static live_view_t view;
    disco_service_t *service;

    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    if (view.count == 0)
        recorder_await(&view.told, DISCO_SUBSCRIPTION_UP);
    assert_status(live_get(&live, client, "s", NULL, &service), 0);
    assert_string_equal(disco_service_first(service)->uuid, "u");
    disco_service_unref(service);
    live_unregister(&registration);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_DOWN);
}

static void end(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(v2_is_used_where_it_is_served)
{
    begin(NULL);
    register_subscribe_and_look_up();
    assert_int(chosen, 2);
    end();
}

DISCO_TEST(v3_is_used_where_v2_is_not_served)
{
    etcd_options_t etcd = {.without_v2 = true};

    begin(&etcd);
    register_subscribe_and_look_up();
    assert_int(chosen, 3);
    end();
}

DISCO_TEST(what_was_begun_while_etcd_was_down_goes_on_when_it_is_up)
{
    etcd_options_t etcd = {.without_v2 = true};
    static live_registration_t registration;
    static live_view_t view;

    begin(&etcd);
    etcd_kill(live.etcd, 0);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    registration.told.passed_over = 0;
    live_subscribe(&live, &view, client, "s", NULL);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_STALE);
    recorder_await(&registration.told, DISCO_REGISTRATION_RETRYING);
    registration.told.passed_over = DISCO_REGISTRATION_RETRYING;
    assert_status(live_get(&live, client, "s", NULL, NULL), UV_ECONNREFUSED);
    etcd_continue_member(live.etcd, 0);
    recorder_expect(&registration.told, DISCO_REGISTRATION_READY);
    recorder_await(&view.told, DISCO_SUBSCRIPTION_SYNCED);
    assert_int(chosen, 3);
    end();
}
