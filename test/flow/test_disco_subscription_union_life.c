/* Subscriptions with both APIs that are closed at each of their moments, or run short of memory. */
#include "flow/union_bench.h"

/* A life in which every event comes, and at its n-th moment something is done. */
typedef struct life_s {
    union_bench_t bench;
    size_t moment; /* an event, or a turn */
    size_t count;
    bool at_turns;
    bool close_client;
    bool done;
    bool ended;
} life_t;

static void on_client_closed(void *data, int status)
{
    life_t *life = data;

    assert_status(status, 0);
    life->bench.flow.client = NULL;
}

static void act(life_t *life)
{
    if (life->count++ != life->moment || life->ended)
        return;
    life->done = true;
    if (life->close_client)
        assert_status(disco_client_close(life->bench.flow.client, on_client_closed, life), 0);
    else
        assert_status(disco_subscription_close(life->bench.subscription), 0);
}

static void on_event(void *data, disco_subscription_t *subscription,
                     const disco_subscription_event_t *event)
{
    life_t *life = data;

    (void)subscription;
    assert_false(life->ended);
    if (event->type == DISCO_SUBSCRIPTION_CLOSED)
        life->ended = true;
    else
        assert_false(life->done);
    if (!life->at_turns)
        act(life);
}

static void run(life_t *life, size_t turns)
{
    for (; turns > 0 && !life->done; turns--) {
        life->bench.flow.pace = 5;
        flow_step(&life->bench.flow, uv_hrtime(), "", __FILE__, __LINE__);
        if (life->at_turns)
            act(life);
    }
}

/* False: it was over before the moment came. */
static bool live(size_t moment, bool at_turns, bool close_client)
{
    life_t life = {.moment = moment, .at_turns = at_turns, .close_client = close_client};
    union_bench_t *bench = &life.bench;

    union_begin(bench);
    union_put(bench->v2, "a", "one");
    union_put(bench->v2, "b", "two");
    fake_store_refuse(bench->v3, DISCO_EV3DISABLED);
    assert_status(
        disco_subscribe(bench->flow.client, "web", NULL, on_event, &life, &bench->subscription), 0);
    run(&life, 8);
    if (!life.done) {
        union_put(bench->v3, "b", "differs");
        union_put(bench->v3, "c", "three");
        union_put_info(bench->v3, "u");
        fake_store_work(bench->v3);
        run(&life, 20);
    }
    if (!life.done) {
        union_delete(bench->v2, "a");
        union_delete(bench->v3, "b");
        fake_store_lose_events(bench->v3);
        run(&life, 20);
    }
    if (!life.done)
        assert_status(disco_subscription_close(bench->subscription), 0);
    if (close_client && life.done)
        flow_wait(&bench->flow, bench->flow.client == NULL);
    else
        flow_wait(&bench->flow, life.ended);
    assert_true(life.ended);
    flow_close(&bench->flow);
    return life.done;
}

static void live_often(bool at_turns, bool close_client)
{
    size_t moment = 0;

    while (live(moment, at_turns, close_client))
        moment++;
    assert_true(moment >= 8);
}

DISCO_TEST(closed_from_inside_each_callback)
{
    live_often(false, false);
}

DISCO_TEST(closed_at_each_turn)
{
    live_often(true, false);
}

DISCO_TEST(the_client_is_closed_from_inside_each_callback)
{
    live_often(false, true);
}

DISCO_TEST(the_client_is_closed_at_each_turn)
{
    live_often(true, true);
}

static bool shows(const union_bench_t *bench, size_t count, const char *name)
{
    const disco_service_t *view = union_view(bench);
    const disco_host_t *const *hosts;
    size_t found;

    if (disco_subscription_state(bench->subscription, NULL) != DISCO_VIEW_FRESH)
        return false;
    return disco_service_all(view, &hosts, &found) == 0 && found == count &&
           strcmp(hosts[count - 1]->name, name) == 0;
}

static bool begin_starving(union_bench_t *bench)
{
    heap_spare_begin();
    union_begin(bench);
    union_put(bench->v2, "a", "one");
    union_put(bench->v2, "b", "old");
    union_put(bench->v3, "b", "new");
    union_put(bench->v3, "c", "three");
    union_put_info(bench->v2, "u");
    heap_spare_end();
    bench->flow.pace = 5;
    return disco_subscribe(bench->flow.client, "web", NULL, diary_subscription_cb, &bench->diary,
                           &bench->subscription) == 0;
}

static void change_all(union_bench_t *bench)
{
    union_put(bench->v3, "c", "changed");
    union_delete(bench->v2, "a");
    union_put_info(bench->v2, "other");
}

DISCO_TEST(an_allocation_that_fails_leaves_no_difference)
{
    union_bench_t bench;
    disco_service_t *kept;
    size_t n = 0;

    do {
        heap_fail_at(++n);
        if (begin_starving(&bench)) {
            flow_wait(&bench.flow, shows(&bench, 3, "three"));
            kept = disco_service_ref(union_view(&bench));
            change_all(&bench);
            flow_wait(&bench.flow, shows(&bench, 2, "changed"));
            flow_wait(&bench.flow,
                      strcmp(disco_service_info(union_view(&bench))->user, "other") == 0);
            assert_string_equal(disco_service_info(kept)->user, "u");
            disco_service_unref(kept);
        }
        flow_close(&bench.flow);
        heap_fail_never();
        assert_int(heap_live(), 0);
    } while (heap_has_failed());
    assert_true(n > 20);
}

DISCO_TEST(memory_that_is_gone_is_no_end)
{
    union_bench_t bench;
    size_t n = 0;
    size_t i;

    do {
        heap_fail_from(++n);
        if (begin_starving(&bench)) {
            for (i = 0; i < 60; i++) {
                if (i == 30)
                    change_all(&bench);
                flow_step(&bench.flow, uv_hrtime(), "", __FILE__, __LINE__);
            }
            heap_fail_never();
            flow_wait(&bench.flow, shows(&bench, 2, "changed"));
        }
        flow_close(&bench.flow);
        heap_fail_never();
        assert_int(heap_live(), 0);
    } while (heap_has_failed());
    assert_true(n > 15);
}
