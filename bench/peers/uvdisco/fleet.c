/* fleet: clients= clients, each with a host, whose etcd goes away for longer than a time to live
 * and comes back, which is somebody else's work: the hosts are LOST while it is away, and RECOVERED
 * when it is there again. Told are the times of the first and of the last RECOVERED; when etcd was
 * there again is known to who has started it. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "measure.h"
#include "report.h"

typedef struct fleet_s {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    disco_client_t **clients;
    uint64_t count;
    uint64_t ready;
    uint64_t lost;
    uint64_t recovered;
    uint64_t closed;
    uint64_t first_ns; /* the first RECOVERED */
    uint64_t last_ns;
} fleet_t;

static void on_closed(void *data, int status)
{
    fleet_t *fleet = data;

    (void)status;
    if (++fleet->closed == fleet->count)
        bench_guard_stop(&fleet->guard);
}

static void finish(fleet_t *fleet)
{
    uint64_t i;

    bench_measure_stop(&fleet->measure);
    for (i = 0; i < fleet->count; i++)
        bench_check(disco_client_close(fleet->clients[i], on_closed, fleet), "closing");
}

static void on_event(void *data, disco_registration_t *registration,
                     const disco_registration_event_t *event)
{
    fleet_t *fleet = data;

    (void)registration;
    fleet->guard.alive++;
    if (event->type == DISCO_REGISTRATION_READY && ++fleet->ready == fleet->count)
        bench_measure_start(&fleet->measure);
    if (event->type == DISCO_REGISTRATION_LOST)
        fleet->lost++;
    if (event->type != DISCO_REGISTRATION_RECOVERED)
        return;
    fleet->last_ns = uv_hrtime();
    if (fleet->recovered++ == 0)
        fleet->first_ns = fleet->last_ns;
    if (fleet->ready == fleet->count && fleet->recovered == fleet->lost)
        finish(fleet);
}

void case_fleet(const bench_arguments_t *arguments)
{
    static fleet_t fleet;
    const disco_port_t ports[] = {{"http", "8080"}};
    disco_registration_options_t options;
    uint64_t i;

    bench_check(uv_loop_init(&fleet.loop), "loop");
    bench_guard_start(&fleet.guard, &fleet.loop, arguments);
    fleet.count = bench_number(arguments, "clients", 2000);
    fleet.clients = bench_allocate((size_t)fleet.count, sizeof(disco_client_t *));
    disco_registration_options_init(&options);
    options.ttl_s = (uint32_t)bench_number(arguments, "ttl", 5);
    for (i = 0; i < fleet.count; i++) {
        char name[64];
        disco_host_t host = {.name = name, .ports = ports, .port_count = 1};

        (void)snprintf(name, sizeof name, "node-%llu.example", (unsigned long long)i);
        fleet.clients[i] = case_client(&fleet.loop, arguments);
        case_check(
            fleet.clients[i],
            disco_register(fleet.clients[i], "fleet", &host, &options, on_event, &fleet, NULL),
            "registering");
    }
    uv_run(&fleet.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&fleet.loop), "closing the loop");
    if (fleet.closed < fleet.count)
        bench_fail("%llu of %llu hosts have come back", (unsigned long long)fleet.recovered,
                   (unsigned long long)fleet.lost);
    bench_report(fleet.count, &fleet.measure);
    bench_report_number("spread_us", (fleet.last_ns - fleet.first_ns) / 1000);
    bench_report_number("last_ns", fleet.last_ns);
    bench_report_end();
    free(fleet.clients);
}
