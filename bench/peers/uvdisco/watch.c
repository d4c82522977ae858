/* watch: a subscriber of a service is told of events= changes of its hosts, one after the other.
 * The first counts as the warm-up. */
#include "cases.h"
#include "measure.h"
#include "report.h"

typedef struct watch_s {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    disco_client_t *client;
    uint64_t events;
    uint64_t told;
} watch_t;

static void on_host(watch_t *watch, const disco_host_t *host)
{
    if (host->name[0] == '\0' || host->port_count == 0)
        bench_fail("event %llu is not whole", (unsigned long long)watch->told);
    watch->guard.alive++;
    if (++watch->told == 1)
        bench_measure_start(&watch->measure);
    if (watch->told != watch->events)
        return;
    bench_measure_stop(&watch->measure);
    bench_guard_stop(&watch->guard);
    bench_check(disco_client_close(watch->client, NULL, NULL), "closing");
}

static void on_event(void *data, disco_subscription_t *subscription,
                     const disco_subscription_event_t *event)
{
    watch_t *watch = data;

    (void)subscription;
    switch (event->type) {
    case DISCO_SUBSCRIPTION_UP:
    case DISCO_SUBSCRIPTION_CHANGED:
    case DISCO_SUBSCRIPTION_DOWN:
        if (watch->told < watch->events)
            on_host(watch, event->host);
        return;
    case DISCO_SUBSCRIPTION_STALE:
        if (watch->told < watch->events)
            bench_fail("stale after %llu events: %s", (unsigned long long)watch->told,
                       disco_strerror(event->status));
        return;
    case DISCO_SUBSCRIPTION_SNAPSHOT:
    case DISCO_SUBSCRIPTION_SYNCED:
    case DISCO_SUBSCRIPTION_INFO:
    case DISCO_SUBSCRIPTION_CLOSED:
        return;
    }
}

void case_watch(const bench_arguments_t *arguments)
{
    static watch_t watch;

    bench_check(uv_loop_init(&watch.loop), "loop");
    bench_guard_start(&watch.guard, &watch.loop, arguments);
    watch.events = bench_number(arguments, "events", 0);
    if (watch.events < 2)
        bench_fail("events= is at least 2");
    watch.client = case_client(&watch.loop, arguments);
    case_check(watch.client,
               disco_subscribe(watch.client, bench_text(arguments, "service", NULL), NULL, on_event,
                               &watch, NULL),
               "subscribing");
    uv_run(&watch.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&watch.loop), "closing the loop");
    bench_report(watch.events - 1, &watch.measure);
    bench_report_end();
}
