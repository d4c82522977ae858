/* Happy path: begin everything; when all is at rest, change what etcd holds; when that was told,
 * change it back; end everything; close the client. An idle handle looks after each turn whether
 * the next stage can begin: what is over, by whatever was done to it, is not waited for. */
#include "support/lifetime_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timer.h"
#include "disco/context.h"

#define MOST_TURNS 120
#define SLEEP_MS 25000 /* more than a third of the time to live */

static const char own_key[] = "/services/shop/own-host";
static const char info_key[] = "/services_infos/shop";
static const char other_host[] =
    "{\"name\":\"o\",\"service_name\":\"shop\",\"ports\":{\"http\":\"80\"},\"user\":\"\","
    "\"password\":\"\",\"private_hostname\":\"o\",\"private_ports\":{\"http\":\"80\"},"
    "\"uuid\":\"other\"}";
static const char changed_host[] = "{\"name\":\"o2\",\"service_name\":\"shop\",\"uuid\":\"other\"}";
static const char new_host[] = "{\"name\":\"new\",\"service_name\":\"shop\",\"uuid\":\"new\"}";
static const char other_info[] =
    "{\"name\":\"shop\",\"critical\":false,\"hostname\":\"shop.test\",\"user\":\"u2\","
    "\"password\":\"p2\",\"ports\":{\"http\":\"80\"},\"public\":true}";

static bool told(const one_t *one, unsigned type)
{
    return one == NULL || one->over || (one->told & (1u << type)) != 0;
}

static bool shots_over(const life_t *life)
{
    size_t i;

    for (i = 0; i < life->one_count; i++) {
        if (life->ones[i].kind == KIND_SHOT && !life->ones[i].over)
            return false;
    }
    return true;
}

static bool all_over(const life_t *life)
{
    size_t i;

    for (i = 0; i < life->one_count; i++) {
        if (!life->ones[i].over)
            return false;
    }
    return true;
}

static bool is_stage_over(const life_t *life)
{
    if (life->client_ending)
        return life->closed;
    switch (life->stage) {
    case 0:
        return shots_over(life) && told(life->registration, DISCO_REGISTRATION_READY) &&
               told(life->subscription, DISCO_SUBSCRIPTION_SYNCED) &&
               told(life->watch, DISCO_WATCH_SYNCED);
    case 1:
        return told(life->registration, DISCO_REGISTRATION_CREDENTIALS) &&
               told(life->registration, DISCO_REGISTRATION_UPDATED) &&
               told(life->subscription, DISCO_SUBSCRIPTION_UP) &&
               told(life->subscription, DISCO_SUBSCRIPTION_INFO) &&
               told(life->watch, DISCO_WATCH_PUT);
    case 2:
        return told(life->registration, DISCO_REGISTRATION_RECOVERED) &&
               told(life->subscription, DISCO_SUBSCRIPTION_DOWN) &&
               told(life->watch, DISCO_WATCH_DELETE);
    case 3:
        return all_over(life);
    default:
        return life->closed;
    }
}

static void on_turn(uv_idle_t *turn)
{
    life_t *life = turn->data;

    life_pass(life, AT_TURN);
    /* What was begun only now has to be ended as well. */
    if (life->stage == 3 && !life->client_ending)
        life_end_all(life, true, true, true);
    if (is_stage_over(life))
        life->stage_over = true;
}

static void begin_stage(life_t *life)
{
    switch (life->stage) {
    case 0:
        tiny_etcd_put(life->etcd, "/gone", "x");
        tiny_etcd_put(life->etcd, LIFE_OTHER_KEY, other_host);
        if ((life->parts & LIFE_REGISTRATION) != 0)
            life->registration = life_begin_registration(life, LIFE_SERVICE, LIFE_UUID);
        if ((life->parts & LIFE_SUBSCRIPTION) != 0)
            life->subscription = life_begin_subscription(life);
        if ((life->parts & LIFE_WATCH) != 0)
            life->watch = life_begin_watch(life);
        if ((life->parts & LIFE_ONE_SHOTS) != 0)
            life_begin_one_shots(life);
        break;
    case 1:
        tiny_etcd_put(life->etcd, info_key, other_info);
        tiny_etcd_put(life->etcd, LIFE_OTHER_KEY, changed_host);
        tiny_etcd_put(life->etcd, "/services/shop/new", new_host);
        tiny_etcd_put(life->etcd, LIFE_WATCHED_KEY, "v");
        life_update(life, "c");
        break;
    case 2:
        tiny_etcd_delete(life->etcd, LIFE_OTHER_KEY);
        tiny_etcd_delete(life->etcd, LIFE_WATCHED_KEY);
        if (life->registration != NULL && !life->registration->over) {
            tiny_etcd_expire(life->etcd, own_key);
            disco__clock_pretend_slept(&life->client->loop, SLEEP_MS);
        }
        break;
    case 3:
        life_end_all(life, true, true, true);
        break;
    default:
        life_close_client(life);
    }
}

static void on_step(void *data, tiny_moment_t moment)
{
    (void)moment;
    life_pass(data, AT_STEP);
}

static void life_open(life_t *life)
{
    disco_options_t options;

    loop_open(&life->loop);
    life->etcd = tiny_etcd_new(&life->loop);
    if (life->when == AT_STEP)
        tiny_etcd_set_hook(life->etcd, on_step, life);
    assert_status(disco_options_init(&options), 0);
    options.api = test_api();
    options.endpoints = tiny_etcd_endpoint(life->etcd);
    options.attempt_timeout_ms = options.request_timeout_ms = 600000;
    options.watch_check_ms = 600000;
    options.backoff_first_ms = options.backoff_most_ms = 1;
    assert_status(disco_client_new(&life->client, &life->loop.uv, &options), 0);
    assert_int(uv_idle_init(&life->loop.uv, &life->turn), 0);
    assert_int(uv_idle_start(&life->turn, on_turn), 0);
    life->turn.data = life;
}

/* Whether the moment came. */
static bool live(unsigned parts, life_when_t when, life_act_t act, size_t moment)
{
    life_t *life = calloc(1, sizeof *life);
    bool acted;

    assert_non_null(life);
    life->parts = parts;
    life->when = when;
    life->act = act;
    life->moment = moment;
    life_open(life);
    for (life->stage = 0; !life->closed; life->stage++) {
        if (!life->client_ending)
            begin_stage(life);
        life->stage_over = false;
        loop_run_until(&life->loop, &life->stage_over);
    }
    if (moment == 0 && life->registration != NULL)
        assert_int(life->registration->told & ~(1u << DISCO_REGISTRATION_RETRYING),
                   (1u << DISCO_REGISTRATION_READY) | (1u << DISCO_REGISTRATION_LOST) |
                       (1u << DISCO_REGISTRATION_RECOVERED) |
                       (1u << DISCO_REGISTRATION_CREDENTIALS) | (1u << DISCO_REGISTRATION_UPDATED) |
                       (1u << DISCO_REGISTRATION_CLOSED));
    tiny_etcd_free(life->etcd);
    uv_close((uv_handle_t *)&life->turn, NULL);
    loop_close(&life->loop);
    acted = life->acted;
    free(life);
    if (heap_live() != 0)
        fail_msg("at moment %zu blocks left over: %s", moment, heap_describe());
    return acted;
}

void lifetime_undisturbed(unsigned parts)
{
    (void)live(parts, AT_CALLBACK, ACT_UPDATE, 0);
    (void)live(parts, AT_STEP, ACT_UPDATE, 0);
}

void lifetime_series(unsigned parts, life_when_t when, life_act_t act)
{
    size_t moment = 1;

    while (live(parts, when, act, moment) && (when != AT_TURN || moment < MOST_TURNS))
        moment++;
    assert_true(moment > 1);
}
