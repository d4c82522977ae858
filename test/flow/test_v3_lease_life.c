/* The life of three leased keys on v3, from their first write to their removal, the lease being
 * lost once, with something done to it at each callback, request and turn; and with each allocation
 * failing. */
#include <cjson/cJSON.h>

#include "flow/lease_bench.h"

#define LIVING 3
#define TURNS_MOST 1000
#define TURNS_STARVED 8

typedef enum when_e { AT_CALLBACK, AT_REQUEST, AT_TURN } when_t;
typedef void (*act_t)(bench_t *bench);

typedef struct life_s {
    bench_t bench;
    disco__leased_write_t write;
    when_t when;
    act_t act; /* NULL: nothing is done */
    size_t moment;
    size_t moments;
    bool acted;
    bool starving; /* an allocation fails, */
    bool starved;  /* or all from one on */
    unsigned id;
    unsigned lost; /* this one is gone */
    size_t written;
    size_t gone;
    size_t removed;
    bool removing;
    bool closed;
} life_t;

static life_t *life_of(bench_t *bench)
{
    return (life_t *)(void *)bench;
}

static void pass(life_t *life, when_t when)
{
    if (life->act == NULL || life->acted || life->when != when || ++life->moments < life->moment)
        return;
    life->acted = true;
    life->act(&life->bench);
}

static void write_one(leased_key_t *key)
{
    life_t *life = life_of(key->bench);
    disco__pursuit_t how = pursuit(key, on_written);
    int rv = store(key->bench)->ops->lease_write(key->leased, &life->write, &how, &key->op);

    if (rv == UV_ENOMEM && life->starving)
        rv = store(key->bench)->ops->lease_write(key->leased, &life->write, &how, &key->op);
    if (rv != 0)
        key->op = NULL;
    assert_status(rv, rv != 0 && life->starved ? UV_ENOMEM : 0);
}

static void remove_one(leased_key_t *key)
{
    life_t *life = life_of(key->bench);
    disco__pursuit_t how = pursuit(key, on_removed);
    int rv = store(key->bench)->ops->lease_remove(key->leased, &how, &key->op);

    if (rv == UV_ENOMEM && life->starving)
        rv = store(key->bench)->ops->lease_remove(key->leased, &how, &key->op);
    assert_status(rv, rv != 0 && life->starved ? UV_ENOMEM : 0);
}

/* A write that has failed is tried again, as its owner would. */
static void heard(bench_t *bench, leased_key_t *key, const char *line)
{
    life_t *life = life_of(bench);

    assert_non_null(key->leased);
    assert_false(life->closed);
    if (strstr(line, "GONE") != NULL)
        life->gone++;
    if (strstr(line, "REMOVED") != NULL)
        life->removed++;
    if (strcmp(line + 1, " WRITTEN") == 0)
        life->written++;
    pass(life, AT_CALLBACK);
    if (life->acted || key->leased == NULL || key->op != NULL)
        return;
    if (strstr(line, "GONE") != NULL || strstr(line, "WRITTEN ") != NULL)
        write_one(key);
}

static const char *done_by(const char *body)
{
    cJSON *tree = cJSON_Parse(body);
    const char *list = "";
    const cJSON *operation;

    assert_non_null(tree);
    cJSON_ArrayForEach(operation, cJSON_GetObjectItem(tree, "success"))
    {
        const char *name = operation->child->string;

        list = flow_text("%s%s%s", list, list[0] != '\0' ? "," : "",
                         strcmp(name, "request_put") == 0   ? PUT_DONE
                         : strcmp(name, "request_txn") == 0 ? NESTED_DONE
                                                            : DELETE_DONE);
    }
    cJSON_Delete(tree);
    return flow_text("{" HEADER ",\"succeeded\":true,\"responses\":[%s]}", list);
}

static const char *answer_to(life_t *life, const server_request_t *request)
{
    if (strcmp(request->target, "/v3/lease/grant") == 0)
        return flow_text(GRANTED("%u", "6"), ++life->id);
    if (strcmp(request->target, "/v3/lease/keepalive") == 0) {
        if (strcmp(request->body, flow_text("{\"ID\":\"%u\"}", life->lost)) == 0)
            return flow_text(NO_LEASE("%u"), life->lost);
        return flow_text(BEATEN("%u", "6"), life->id);
    }
    if (strcmp(request->target, "/v3/lease/timetolive") == 0)
        return flow_text(HAS_KEYS("%u", "\"L2E=\",\"L2I=\",\"L2M=\""), life->id);
    if (strcmp(request->target, "/v3/kv/txn") == 0)
        return done_by(request->body);
    return "{" HEADER "}";
}

static void on_request(server_t *server, const server_request_t *request, void *data)
{
    life_t *life = data;

    pass(life, AT_REQUEST);
    heap_spare_begin();
    server_respond(server, request, 200, NULL, answer_to(life, request));
    heap_spare_end();
}

static bool all_idle(life_t *life)
{
    size_t i;

    for (i = 0; i < LIVING; i++) {
        if (life->bench.keys[i].op != NULL)
            return false;
    }
    return true;
}

/* Turns until so many have been heard of, or something was done; not for long when there is no
 * memory. */
static void live(life_t *life, const size_t *count, size_t wanted)
{
    size_t most = life->starved ? TURNS_STARVED : TURNS_MOST;
    size_t i;

    for (i = 0; i < most && (*count < wanted || !all_idle(life)) && !life->acted; i++) {
        flow_step(&life->bench.flow, uv_hrtime(), "", __FILE__, __LINE__);
        pass(life, AT_TURN);
    }
    if (!life->starved && !life->acted)
        assert_true(*count >= wanted);
}

static void on_closed(void *data, int status)
{
    life_t *life = data;

    assert_status(status, 0);
    life->closed = true;
}

static void close_client(life_t *life)
{
    if (life->bench.flow.client == NULL)
        return;
    close_keys(&life->bench);
    assert_status(disco_client_close(life->bench.flow.client, on_closed, life), 0);
    life->bench.flow.client = NULL;
}

static void live_through(life_t *life)
{
    bench_t *bench = &life->bench;
    size_t i;

    bench->flow.pace = 100;
    for (i = 0; i < LIVING && !life->acted; i++)
        write_one(&bench->keys[i]);
    live(life, &life->written, 3);
    life->lost = life->id;
    live(life, &life->gone, 3);
    live(life, &life->written, 6);
    life->removing = !life->acted;
    for (i = 0; i < LIVING && !life->acted; i++) {
        if (bench->keys[i].op == NULL)
            remove_one(&bench->keys[i]);
    }
    live(life, &life->removed, 3);
    if (life->acted)
        flow_settle(&bench->flow);
}

static void life_begin(life_t *life)
{
    static const disco__put_t info = {
        .key = "/i", .value = "1", .condition = DISCO_KV_MUST_NOT_EXIST};

    begin(&life->bench, 1);
    life->write = (disco__leased_write_t){.value = "1", .beside = &info};
    life->bench.hook = heard;
    server_set_handler(life->bench.flow.servers[0], on_request, life);
}

static void life_end(life_t *life)
{
    close_client(life);
    loop_run_until(&life->bench.flow.loop, &life->closed);
    flow_close(&life->bench.flow);
    assert_int(heap_live(), 0);
}

static void series(when_t when, act_t act)
{
    size_t moment = 0;
    bool acted;

    do {
        life_t life = {.when = when, .act = act, .moment = ++moment};

        life_begin(&life);
        live_through(&life);
        acted = life.acted;
        life_end(&life);
    } while (acted);
    assert_true(moment > 5);
}

static void close_all(bench_t *bench)
{
    close_keys(bench);
}

static void close_one(bench_t *bench)
{
    close_key(bench->b);
}

static void cancel_all(bench_t *bench)
{
    size_t i;

    for (i = 0; i < LIVING; i++) {
        if (bench->keys[i].op != NULL)
            cancel(&bench->keys[i]);
    }
}

static void cancel_one(bench_t *bench)
{
    if (bench->b->op != NULL)
        cancel(bench->b);
}

/* A removal follows a write that is under way, but not another removal. */
static void remove_all(bench_t *bench)
{
    size_t i;

    if (life_of(bench)->removing)
        return;
    life_of(bench)->removing = true;
    for (i = 0; i < LIVING; i++)
        remove_key(&bench->keys[i]);
}

static void end_client(bench_t *bench)
{
    close_client(life_of(bench));
}

DISCO_TEST(goes_its_whole_way)
{
    life_t life = {.act = NULL};

    life_begin(&life);
    live_through(&life);
    assert_int(life.removed, 3);
    assert_int(life.id, 2);
    life_end(&life);
}

DISCO_TEST(all_keys_are_closed_from_inside_each_callback)
{
    series(AT_CALLBACK, close_all);
}

DISCO_TEST(all_keys_are_closed_at_each_request)
{
    series(AT_REQUEST, close_all);
}

DISCO_TEST(all_keys_are_closed_at_each_turn)
{
    series(AT_TURN, close_all);
}

DISCO_TEST(one_key_is_closed_from_inside_each_callback)
{
    series(AT_CALLBACK, close_one);
}

DISCO_TEST(one_key_is_closed_at_each_request)
{
    series(AT_REQUEST, close_one);
}

DISCO_TEST(one_key_is_closed_at_each_turn)
{
    series(AT_TURN, close_one);
}

DISCO_TEST(all_is_cancelled_from_inside_each_callback)
{
    series(AT_CALLBACK, cancel_all);
}

DISCO_TEST(all_is_cancelled_at_each_request)
{
    series(AT_REQUEST, cancel_all);
}

DISCO_TEST(all_is_cancelled_at_each_turn)
{
    series(AT_TURN, cancel_all);
}

DISCO_TEST(one_is_cancelled_at_each_turn)
{
    series(AT_TURN, cancel_one);
}

static void removed_at_each(when_t when)
{
    size_t moment = 0;
    bool acted;

    do {
        life_t life = {.when = when, .act = remove_all, .moment = ++moment};
        bool removing;

        life_begin(&life);
        live_through(&life);
        acted = life.acted;
        removing = life.removing;
        life.acted = false;
        if (removing)
            live(&life, &life.removed, 3);
        life_end(&life);
    } while (acted);
    assert_true(moment > 5);
}

DISCO_TEST(all_keys_are_removed_from_inside_each_callback)
{
    removed_at_each(AT_CALLBACK);
}

DISCO_TEST(all_keys_are_removed_at_each_request)
{
    removed_at_each(AT_REQUEST);
}

DISCO_TEST(all_keys_are_removed_at_each_turn)
{
    removed_at_each(AT_TURN);
}

DISCO_TEST(the_client_is_closed_from_inside_each_callback)
{
    series(AT_CALLBACK, end_client);
}

DISCO_TEST(the_client_is_closed_at_each_request)
{
    series(AT_REQUEST, end_client);
}

DISCO_TEST(the_client_is_closed_at_each_turn)
{
    series(AT_TURN, end_client);
}

static void sweep(void (*fail_nth)(size_t n), bool starved)
{
    size_t n = 0;
    bool failed;

    do {
        life_t life = {.act = NULL, .starving = true, .starved = starved};

        life_begin(&life);
        fail_nth(++n);
        live_through(&life);
        failed = heap_has_failed();
        heap_fail_never();
        life_end(&life);
    } while (failed);
    assert_true(n > 50);
}

DISCO_TEST(each_allocation_fails_once)
{
    sweep(heap_fail_at, false);
}

DISCO_TEST(each_allocation_fails_with_all_that_follow)
{
    sweep(heap_fail_from, true);
}
