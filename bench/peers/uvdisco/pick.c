/* pick: hosts from a live view in memory: the first and one at random, of the whole service, and at
 * random of one shard of several, which is a view of its own. Nothing is asked meanwhile. */
#include "cases.h"
#include "counted.h"
#include "measure.h"
#include "report.h"

#define VIEWS 2

typedef struct pick_s {
    uv_loop_t loop;
    bench_guard_t guard;
    disco_client_t *client;
    disco_subscription_t *views[VIEWS]; /* all, a shard */
    size_t synced;
    uint64_t count;
} pick_t;

static volatile uintptr_t seen; /* so that no pick is left out */

typedef const disco_host_t *(*picker_t)(const disco_service_t *service);

/* Nanoseconds for each. */
static double time_picks(const pick_t *pick, const disco_subscription_t *view, picker_t picker)
{
    uintptr_t picked = 0;
    uint64_t begin;
    uint64_t i;

    begin = uv_hrtime();
    for (i = 0; i < pick->count; i++) {
        const disco_host_t *host = picker(disco_subscription_service(view));

        picked ^= (uintptr_t)host->uuid;
    }
    seen = picked;
    return (double)(uv_hrtime() - begin) / (double)pick->count;
}

static void measure(pick_t *pick)
{
    bench_measure_t whole;
    uint64_t allocations = counted_allocations();
    double first;
    double random;
    double shard;

    if (disco_service_first(disco_subscription_service(pick->views[0])) == NULL ||
        disco_service_first(disco_subscription_service(pick->views[1])) == NULL)
        bench_fail("there is no host to be picked");
    (void)time_picks(pick, pick->views[0], disco_service_one); /* the warm-up */
    bench_measure_start(&whole);
    first = time_picks(pick, pick->views[0], disco_service_first);
    random = time_picks(pick, pick->views[0], disco_service_one);
    shard = time_picks(pick, pick->views[1], disco_service_one);
    bench_measure_stop(&whole);
    bench_report(3 * pick->count, &whole);
    bench_report_fraction("first_ns", first);
    bench_report_fraction("random_ns", random);
    bench_report_fraction("shard_ns", shard);
    bench_report_number("allocations", counted_allocations() - allocations);
    bench_report_end();
    bench_guard_stop(&pick->guard);
    bench_check(disco_client_close(pick->client, NULL, NULL), "closing");
}

static void on_event(void *data, disco_subscription_t *subscription,
                     const disco_subscription_event_t *event)
{
    pick_t *pick = data;

    (void)subscription;
    if (event->type == DISCO_SUBSCRIPTION_SYNCED && ++pick->synced == VIEWS)
        measure(pick);
}

void case_pick(const bench_arguments_t *arguments)
{
    static pick_t pick;
    const char *service = bench_text(arguments, "service", NULL);
    disco_subscription_options_t of_shard = {.shard = bench_text(arguments, "shard", NULL)};

    counted_begin();
    bench_check(uv_loop_init(&pick.loop), "loop");
    bench_guard_start(&pick.guard, &pick.loop, arguments);
    pick.count = bench_number(arguments, "count", 10000000);
    pick.client = case_client(&pick.loop, arguments);
    case_check(pick.client,
               disco_subscribe(pick.client, service, NULL, on_event, &pick, &pick.views[0]),
               "subscribing");
    case_check(pick.client,
               disco_subscribe(pick.client, service, &of_shard, on_event, &pick, &pick.views[1]),
               "subscribing");
    uv_run(&pick.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&pick.loop), "closing the loop");
    if (pick.synced < VIEWS)
        bench_fail("the views were not synced");
}
