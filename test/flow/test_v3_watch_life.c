/* The life of three v3 watches on one stream, which is opened anew for the third, breaks, and
 * cancels one of them, with something done at each callback, request and turn; and with each
 * allocation failing. */
#include "support/watch_flow.h"

#define LIVING 3
#define MORE 4 /* begun by an act */
#define TURNS_MOST 3000
#define TURNS_STARVED 8
#define TURNS_AFTER 60

typedef enum when_e { AT_CALLBACK, AT_REQUEST, AT_TURN } when_t;

typedef struct life_s life_t;
typedef void (*act_t)(life_t *life);

typedef struct alive_s {
    life_t *life;
    disco_watch_t *watch; /* NULL: not begun, or closing */
    size_t synced;
    size_t gaps;
    uint64_t last; /* revision of the last event */
    bool ended;
} alive_t;

struct life_s {
    flow_t flow;
    watch_flow_t words; /* what messages are made of */
    alive_t all[LIVING + MORE];
    when_t when;
    act_t act; /* NULL: nothing is done */
    size_t moment;
    size_t moments;
    bool acted;
    bool starved; /* memory is short, for good */
    bool broken;
    bool canceled;
    size_t lines;
    size_t final; /* the first line after all that */
    bool closed;
};

static void pass(life_t *life, when_t when)
{
    if (life->act == NULL || life->acted || life->when != when || ++life->moments < life->moment)
        return;
    life->acted = true;
    life->act(life);
}

static void on_event(void *data, disco_watch_t *watch, const disco_watch_event_t *event)
{
    alive_t *alive = data;

    (void)watch;
    assert_false(alive->ended);
    assert_false(alive->life->closed);
    assert_true(alive->watch != NULL || event->type == DISCO_WATCH_CLOSED);
    switch (event->type) {
    case DISCO_WATCH_PUT:
        assert_true(event->revision > alive->last);
        alive->last = event->revision;
        break;
    case DISCO_WATCH_SYNCED:
        alive->synced++;
        break;
    case DISCO_WATCH_GAP:
        alive->gaps++;
        break;
    case DISCO_WATCH_CLOSED:
        alive->ended = true;
        break;
    case DISCO_WATCH_STALE:
        break;
    case DISCO_WATCH_DELETE:
    case DISCO_WATCH_EXPIRE:
        fail_msg("nothing was deleted");
    }
    if (event->type != DISCO_WATCH_CLOSED || alive->watch != NULL)
        pass(alive->life, AT_CALLBACK);
}

static void begin_one(life_t *life, size_t number)
{
    static const disco_kv_watch_options_t options = {.recursive = true, .from_revision = 5};
    alive_t *alive = &life->all[number];
    int rv;

    alive->life = life;
    rv = disco_kv_watch(life->flow.client, "/w", &options, on_event, alive, &alive->watch);
    if (rv != 0 && !life->starved)
        rv = disco_kv_watch(life->flow.client, "/w", &options, on_event, alive, &alive->watch);
    if (rv != 0)
        *alive = (alive_t){.life = NULL};
    assert_status(rv, rv != 0 && life->starved ? UV_ENOMEM : 0);
}

static void close_at(life_t *life, size_t number)
{
    disco_watch_t *watch = life->all[number].watch;

    life->all[number].watch = NULL;
    if (watch != NULL)
        assert_status(disco_watch_close(watch), 0);
}

static size_t count_asked(const char *body)
{
    size_t count = 0;

    while ((body = strstr(body, "create_request")) != NULL) {
        body++;
        count++;
    }
    return count;
}

/* Events first of those that cannot be missed: of the revisions that this line begins with. */
static void serve(life_t *life, flow_request_t line, size_t count)
{
    uint64_t revision = 10 * ++life->lines;
    size_t i;

    watch_begin(line);
    for (i = 1; i <= count; i++)
        watch_created(&life->words, line, i, revision);
    if (count < LIVING && !life->acted)
        return;
    for (i = 1; i <= count; i++)
        watch_events(&life->words, line, i, revision + 5, watch_put("/w/a", "x", revision + 5));
    if (!life->broken) {
        watch_say(line, "{\"error\":{\"code\":14,\"message\":\"no leader\"}}");
        life->broken = true;
    } else if (!life->canceled) {
        watch_say(line, watch_result(&life->words, 0,
                                     "\"watch_id\":\"1\",\"canceled\":true,"
                                     "\"compact_revision\":\"9\""));
        life->canceled = true;
    } else if (life->final == 0) {
        life->final = life->lines;
    }
}

static void on_request(server_t *server, const server_request_t *request, void *data)
{
    life_t *life = data;

    pass(life, AT_REQUEST);
    heap_spare_begin();
    serve(life, (flow_request_t){server, request}, count_asked(request->body));
    heap_spare_end();
}

static bool all_synced(const life_t *life)
{
    return life->all[0].synced > 0 && life->all[1].synced > 0;
}

static bool all_done(const life_t *life)
{
    size_t i;

    for (i = 0; i < LIVING; i++) {
        if (life->final == 0 || life->all[i].last < 10 * life->final)
            return false;
    }
    return true;
}

static void live(life_t *life, bool (*until)(const life_t *life))
{
    size_t most = life->starved ? TURNS_STARVED : TURNS_MOST;
    size_t i;

    for (i = 0; i < most && !until(life) && !life->acted; i++) {
        flow_step(&life->flow, uv_hrtime(), "", __FILE__, __LINE__);
        pass(life, AT_TURN);
    }
    if (!life->starved && !life->acted)
        assert_true(until(life));
}

static void live_through(life_t *life)
{
    size_t i;

    life->flow.pace = 5;
    begin_one(life, 0);
    begin_one(life, 1);
    live(life, all_synced);
    if (!life->acted)
        begin_one(life, 2);
    live(life, all_done);
    for (i = 0; i < TURNS_AFTER && life->acted && life->flow.client != NULL; i++)
        flow_step(&life->flow, uv_hrtime(), "", __FILE__, __LINE__);
}

static void on_closed(void *data, int status)
{
    life_t *life = data;

    assert_status(status, 0);
    life->closed = true;
}

static void close_client(life_t *life)
{
    size_t i;

    if (life->flow.client == NULL)
        return;
    assert_status(disco_client_close(life->flow.client, on_closed, life), 0);
    life->flow.client = NULL;
    for (i = 0; i < LIVING + MORE; i++)
        life->all[i].watch = NULL;
}

static void life_begin(life_t *life)
{
    flow_open(&life->flow, 1);
    life->flow.options.api = DISCO_API_V3;
    life->flow.options.backoff_first_ms = life->flow.options.backoff_most_ms = 1;
    life->words.cluster = 7;
    life->words.term = 2;
    server_set_handler(life->flow.servers[0], on_request, life);
    flow_start(&life->flow);
}

static void life_end(life_t *life)
{
    size_t i;

    close_client(life);
    loop_run_until(&life->flow.loop, &life->closed);
    for (i = 0; i < LIVING + MORE; i++)
        assert_int(life->all[i].ended, life->all[i].life != NULL);
    flow_close(&life->flow);
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
    assert_true(moment > 4);
}

DISCO_TEST(goes_its_whole_way)
{
    life_t life = {.act = NULL};

    life_begin(&life);
    live_through(&life);
    assert_int(life.lines, 4);
    assert_int(life.all[0].gaps, 1);
    assert_int(life.all[1].gaps + life.all[2].gaps, 0);
    assert_int(life.all[0].last, 45);
    assert_int(life.all[2].last, 45);
    life_end(&life);
}

static void close_all(life_t *life)
{
    size_t i;

    for (i = 0; i < LIVING + MORE; i++)
        close_at(life, i);
}

static void close_first(life_t *life)
{
    close_at(life, 0);
}

static void begin_more(life_t *life)
{
    size_t i;

    for (i = LIVING; i < LIVING + MORE; i++)
        begin_one(life, i);
    close_at(life, LIVING);
    close_at(life, 1);
}

static void cut(life_t *life)
{
    server_hang_up_all(life->flow.servers[0]);
}

DISCO_TEST(all_are_closed_from_inside_each_callback)
{
    series(AT_CALLBACK, close_all);
}

DISCO_TEST(all_are_closed_at_each_request)
{
    series(AT_REQUEST, close_all);
}

DISCO_TEST(all_are_closed_at_each_turn)
{
    series(AT_TURN, close_all);
}

DISCO_TEST(one_is_closed_from_inside_each_callback)
{
    series(AT_CALLBACK, close_first);
}

DISCO_TEST(one_is_closed_at_each_request)
{
    series(AT_REQUEST, close_first);
}

DISCO_TEST(one_is_closed_at_each_turn)
{
    series(AT_TURN, close_first);
}

DISCO_TEST(more_are_begun_from_inside_each_callback)
{
    series(AT_CALLBACK, begin_more);
}

DISCO_TEST(more_are_begun_at_each_request)
{
    series(AT_REQUEST, begin_more);
}

DISCO_TEST(more_are_begun_at_each_turn)
{
    series(AT_TURN, begin_more);
}

DISCO_TEST(connections_are_cut_from_inside_each_callback)
{
    series(AT_CALLBACK, cut);
}

DISCO_TEST(connections_are_cut_at_each_turn)
{
    series(AT_TURN, cut);
}

DISCO_TEST(the_client_is_closed_from_inside_each_callback)
{
    series(AT_CALLBACK, close_client);
}

DISCO_TEST(the_client_is_closed_at_each_request)
{
    series(AT_REQUEST, close_client);
}

DISCO_TEST(the_client_is_closed_at_each_turn)
{
    series(AT_TURN, close_client);
}

static void sweep(void (*fail_nth)(size_t n), bool starved)
{
    size_t n = 0;
    bool failed;

    do {
        life_t life = {.starved = starved};

        life_begin(&life);
        fail_nth(++n);
        live_through(&life);
        failed = heap_has_failed();
        heap_fail_never();
        if (!starved) {
            assert_true(life.all[0].gaps <= 1); /* the line may be lost before it is canceled */
            assert_int(life.all[1].gaps + life.all[2].gaps, 0);
        }
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
