/* A fleet that moves from v2 to v3, one program at a time, as examples/migrate.md says: all of it
 * sees all of it at every step, and sees nothing go but what goes. */
#include <stdio.h>

#include "support/live.h"

#define FLEET 3
#define PROGRAMS (FLEET * 3)

/* What one process would be: a host that also follows the service. */
typedef struct program_s {
    disco_client_t *client;
    char uuid[16];
    live_registration_t registration;
    live_view_t view;
    size_t downs; /* that it has to have been told */
    bool running;
} program_t;

static live_t live;
static program_t programs[PROGRAMS];
static size_t started;
static size_t running;

static void await_host(program_t *program, int type, const char *uuid)
{
    while (strcmp(recorder_await(&program->view.told, type)->key, uuid) != 0)
        continue;
}

/* Each sees as many as there are; which they are is what UP and DOWN have told. */
static void check_all(void)
{
    size_t i;

    for (i = 0; i < started; i++) {
        if (!programs[i].running)
            continue;
        assert_int(programs[i].view.count, running);
        assert_int(recorder_count(&programs[i].view.told, DISCO_SUBSCRIPTION_DOWN),
                   programs[i].downs);
        assert_int(recorder_count(&programs[i].registration.told, DISCO_REGISTRATION_LOST), 0);
    }
}

static program_t *start(disco_api_t api)
{
    program_t *program = &programs[started++];
    size_t i;

    (void)snprintf(program->uuid, sizeof program->uuid, "host-%zu", started);
    program->client = live_client_on(&live, api);
    live_register(&live, &program->registration, program->client, "web",
                  live_host(program->uuid, "node"), NULL);
    recorder_expect(&program->registration.told, DISCO_REGISTRATION_READY);
    for (i = 0; i + 1 < started; i++) {
        if (programs[i].running)
            await_host(&programs[i], DISCO_SUBSCRIPTION_UP, program->uuid);
    }
    live_subscribe(&live, &program->view, program->client, "web", NULL);
    recorder_await(&program->view.told, DISCO_SUBSCRIPTION_SYNCED);
    program->running = true;
    running++;
    check_all();
    return program;
}

static void stop(program_t *program)
{
    size_t i;

    live_unsubscribe(&program->view);
    live_client_shutdown(&live, program->client);
    program->running = false;
    running--;
    for (i = 0; i < started; i++) {
        if (!programs[i].running)
            continue;
        programs[i].downs++;
        await_host(&programs[i], DISCO_SUBSCRIPTION_DOWN, program->uuid);
    }
    check_all();
}

DISCO_TEST(a_fleet_moves_from_v2_to_v3_program_by_program)
{
    program_t *fleet[FLEET];
    size_t i;

    live_open(&live, NULL);
    for (i = 0; i < FLEET; i++)
        fleet[i] = start(DISCO_API_V2);
    for (i = 0; i < FLEET; i++) {
        program_t *before = fleet[i];

        fleet[i] = start(DISCO_API_BOTH);
        stop(before);
    }
    for (i = 0; i < FLEET; i++) {
        program_t *before = fleet[i];

        fleet[i] = start(DISCO_API_V3);
        stop(before);
    }
    /* Nothing of it is left on v2, nor is anything missing on v3. */
    for (i = 0; i < PROGRAMS; i++) {
        char key[64];

        (void)snprintf(key, sizeof key, "/services/web/%s", programs[i].uuid);
        assert_false(live_read_on(&live, DISCO_API_V2, key).there);
        assert_int(live_read_on(&live, DISCO_API_V3, key).there, programs[i].running);
    }
    for (i = 0; i < FLEET; i++)
        stop(fleet[i]);
    live_close(&live);
}

/* With programs of all three kinds at once, those on both see every host, and are seen by all. */
DISCO_TEST(old_and_new_programs_meet_on_both)
{
    program_t *both;
    live_view_t old;
    live_view_t new;
    disco_client_t *v2;
    disco_client_t *v3;

    live_open(&live, NULL);
    v2 = live_client_on(&live, DISCO_API_V2);
    v3 = live_client_on(&live, DISCO_API_V3);
    live_subscribe(&live, &old, v2, "web", NULL);
    live_subscribe(&live, &new, v3, "web", NULL);
    recorder_await(&old.told, DISCO_SUBSCRIPTION_SYNCED);
    recorder_await(&new.told, DISCO_SUBSCRIPTION_SYNCED);
    both = start(DISCO_API_BOTH);
    assert_string_equal(recorder_await(&old.told, DISCO_SUBSCRIPTION_UP)->key, both->uuid);
    assert_string_equal(recorder_await(&new.told, DISCO_SUBSCRIPTION_UP)->key, both->uuid);
    live_write_on(&live, DISCO_API_V2, "/services/web/old", live_host_json("web", "old", "o"), 0);
    await_host(both, DISCO_SUBSCRIPTION_UP, "old");
    live_write_on(&live, DISCO_API_V3, "/services/web/new", live_host_json("web", "new", "n"), 0);
    await_host(both, DISCO_SUBSCRIPTION_UP, "new");
    assert_int(both->view.count, 3);
    assert_string_equal(recorder_await(&old.told, DISCO_SUBSCRIPTION_UP)->key, "old");
    assert_string_equal(recorder_await(&new.told, DISCO_SUBSCRIPTION_UP)->key, "new");
    live_unsubscribe(&old);
    live_unsubscribe(&new);
    stop(both);
    live_client_close(&live, v2);
    live_client_close(&live, v3);
    live_close(&live);
}
