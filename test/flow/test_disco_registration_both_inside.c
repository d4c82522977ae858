/* A registration in two registries: what its callback may do, and what is left of it when memory is
 * short. */
#include "flow/union_bench.h"

#define INFO UNION_INFO
#define HOST UNION_KEY("u")
#define CHANGED "{\"name\":\"web\",\"user\":\"you\",\"password\":\"yours\",\"public\":true}"

static const disco_port_t ports[] = {{"http", "80"}};
static const disco_host_t host = {.name = "n",
                                  .ports = ports,
                                  .port_count = 1,
                                  .uuid = "u",
                                  .user = "me",
                                  .password = "mine",
                                  .is_public = true};

typedef enum deed_e { CLOSE, UNREGISTER, UPDATE, CLOSE_CLIENT, SHUT_DOWN, REGISTER } deed_t;

typedef struct actor_s {
    flow_t *flow;
    deed_t deed;
    size_t at;    /* the event at which it is done, from 0 */
    size_t count; /* of events */
    size_t closed;
    bool client_ended;
} actor_t;

static void on_client_ended(void *data, int status)
{
    actor_t *actor = data;

    (void)status;
    actor->client_ended = true;
    actor->flow->client = NULL;
}

static void on_other(void *data, disco_registration_t *registration,
                     const disco_registration_event_t *event)
{
    (void)data;
    (void)registration;
    (void)event;
}

static void act(actor_t *actor, disco_registration_t *registration, bool is_over)
{
    disco_client_t *client = actor->flow->client;
    disco_host_t other = host;

    other.uuid = "other";
    other.shard = "s";
    switch (actor->deed) {
    case CLOSE:
        assert_status(disco_registration_close(registration), is_over ? DISCO_ECLOSING : 0);
        break;
    case UNREGISTER:
        assert_status(disco_unregister(registration, 0), is_over ? DISCO_ECLOSING : 0);
        break;
    case UPDATE:
        assert_status(disco_registration_update(registration, &other),
                      is_over ? DISCO_ECLOSING : 0);
        break;
    case CLOSE_CLIENT:
        assert_status(disco_client_close(client, on_client_ended, actor), 0);
        break;
    case SHUT_DOWN:
        assert_status(disco_client_shutdown(client, 0, on_client_ended, actor), 0);
        break;
    case REGISTER:
        assert_status(disco_register(client, "web", &other, NULL, on_other, NULL, NULL), 0);
        break;
    }
}

static void on_event(void *data, disco_registration_t *registration,
                     const disco_registration_event_t *event)
{
    actor_t *actor = data;
    bool is_last = event->type == DISCO_REGISTRATION_CLOSED;

    actor->closed += is_last;
    if (actor->count++ == actor->at)
        act(actor, registration, is_last);
}

static void turns(union_bench_t *bench, size_t count)
{
    while (count-- > 0)
        flow_step(&bench->flow, uv_hrtime(), "a turn", __FILE__, __LINE__);
}

/* False: the deed has ended it, and maybe the stores with it. */
static bool lives_on(union_bench_t *bench, const actor_t *actor)
{
    turns(bench, 6);
    return actor->count <= actor->at || actor->deed == UPDATE || actor->deed == REGISTER;
}

/* Trouble on each side, the loss of the host on each, an update, and new credentials. */
static void live_through(union_bench_t *bench, actor_t *actor)
{
    disco_registration_t *registration;
    disco_host_t changed = host;

    changed.critical = true;
    fake_store_fail(bench->v3, UV_ECONNREFUSED);
    assert_status(
        disco_register(bench->flow.client, "web", &host, NULL, on_event, actor, &registration), 0);
    if (!lives_on(bench, actor))
        return;
    fake_store_work(bench->v3);
    if (!lives_on(bench, actor))
        return;
    fake_store_take_away(bench->v2, HOST);
    if (!lives_on(bench, actor))
        return;
    fake_store_overdue(bench->v3, HOST);
    if (!lives_on(bench, actor))
        return;
    fake_store_beat(bench->v3, HOST);
    if (!lives_on(bench, actor))
        return;
    assert_status(disco_registration_update(registration, &changed), 0);
    if (!lives_on(bench, actor))
        return;
    fake_store_put(bench->v3, INFO, CHANGED);
    if (lives_on(bench, actor))
        assert_status(disco_unregister(registration, 0), 0);
}

/* How many events there were. */
static size_t run(deed_t deed, size_t at)
{
    union_bench_t bench;
    actor_t actor = {.deed = deed, .at = at, .flow = &bench.flow};
    bool ends_client = deed == CLOSE_CLIENT || deed == SHUT_DOWN;

    union_begin(&bench);
    live_through(&bench, &actor);
    turns(&bench, 6);
    if (ends_client && actor.count > at) {
        if (!actor.client_ended)
            fake_store_work(bench.v3); /* it waits for the host to be removed there */
        flow_wait(&bench.flow, actor.client_ended);
    }
    flow_close(&bench.flow);
    assert_int(actor.closed, 1);
    return actor.count;
}

static void do_at_each(deed_t deed)
{
    size_t at = 0;

    while (run(deed, at) > at)
        at++;
    assert_true(at > 6);
}

DISCO_TEST(it_can_be_closed_at_each_event)
{
    do_at_each(CLOSE);
}

DISCO_TEST(it_can_be_unregistered_at_each_event)
{
    do_at_each(UNREGISTER);
}

DISCO_TEST(it_can_be_updated_at_each_event)
{
    do_at_each(UPDATE);
}

DISCO_TEST(the_client_can_be_closed_at_each_event)
{
    do_at_each(CLOSE_CLIENT);
}

DISCO_TEST(the_client_can_be_shut_down_at_each_event)
{
    do_at_each(SHUT_DOWN);
}

DISCO_TEST(others_can_be_registered_at_each_event)
{
    do_at_each(REGISTER);
}

static void note(void *data, disco_registration_t *registration,
                 const disco_registration_event_t *event)
{
    unsigned *told = data;

    (void)registration;
    *told |= 1u << event->type;
}

static bool has(const fake_store_t *fake, const char *key, const char *user)
{
    const char *value = fake_store_value(fake, key);

    return value != NULL && strstr(value, user) != NULL;
}

static bool all_have(const union_bench_t *bench, const char *user)
{
    return has(bench->v2, INFO, user) && has(bench->v2, HOST, user) && has(bench->v3, INFO, user) &&
           has(bench->v3, HOST, user);
}

static bool begin_starving(union_bench_t *bench, unsigned *told,
                           disco_registration_t **registration)
{
    int rv;

    *told = 0;
    heap_spare_begin();
    union_begin(bench);
    heap_spare_end();
    bench->flow.pace = 5;
    rv = disco_register(bench->flow.client, "web", &host, NULL, note, told, registration);
    if (rv != 0)
        assert_status(rv, UV_ENOMEM);
    return rv == 0;
}

#define TOLD(type) (told & (1u << DISCO_REGISTRATION_##type))

DISCO_TEST(an_allocation_that_fails_leaves_no_difference)
{
    disco_registration_t *registration;
    union_bench_t bench;
    unsigned told;
    size_t n = 0;

    do {
        heap_fail_at(++n);
        if (begin_starving(&bench, &told, &registration)) {
            flow_wait(&bench.flow, TOLD(READY) && all_have(&bench, "\"me\""));
            fake_store_put(bench.v2, INFO, CHANGED);
            flow_wait(&bench.flow, TOLD(CREDENTIALS) && all_have(&bench, "\"you\""));
            assert_status(disco_unregister(registration, 0), 0);
            flow_wait(&bench.flow, TOLD(CLOSED));
            assert_null(fake_store_value(bench.v2, HOST));
            assert_null(fake_store_value(bench.v3, HOST));
        }
        flow_close(&bench.flow);
        heap_fail_never();
        assert_int(heap_live(), 0);
    } while (heap_has_failed());
    assert_true(n > 20);
}

DISCO_TEST(memory_that_is_gone_is_no_end)
{
    disco_registration_t *registration;
    union_bench_t bench;
    unsigned told;
    size_t n = 0;

    do {
        heap_fail_from(++n);
        if (begin_starving(&bench, &told, &registration)) {
            turns(&bench, 30);
            fake_store_put(bench.v3, INFO, CHANGED);
            turns(&bench, 30);
            heap_fail_never();
            flow_wait(&bench.flow,
                      TOLD(READY) && has(bench.v2, HOST, "\"n\"") && has(bench.v3, HOST, "\"n\""));
        }
        flow_close(&bench.flow);
        heap_fail_never();
        assert_int(heap_live(), 0);
    } while (heap_has_failed());
    assert_true(n > 20);
}
