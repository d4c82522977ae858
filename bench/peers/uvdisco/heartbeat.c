/* heartbeat: registrations= hosts of one client; when all are READY and each has sent a heartbeat,
 * which is the warm-up, seconds= of nothing but heartbeats are measured. One operation is one host
 * kept alive for that long. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "counted.h"
#include "measure.h"
#include "report.h"

typedef struct heartbeat_s {
    uv_loop_t loop;
    uv_timer_t timer;
    bench_guard_t guard;
    bench_measure_t measure;
    disco_client_t *client;
    uint64_t count;
    uint64_t ready;
    uint64_t begun_ns;
    uint64_t ready_us;
    uint64_t ttl;
    uint64_t seconds;
    uint64_t allocations;
} heartbeat_t;

static void on_closed(void *data, int status)
{
    heartbeat_t *heartbeat = data;

    bench_check(status, "taking the hosts out of etcd");
    bench_guard_stop(&heartbeat->guard);
}

static void on_over(uv_timer_t *timer)
{
    heartbeat_t *heartbeat = timer->data;

    bench_measure_stop(&heartbeat->measure);
    heartbeat->allocations = counted_allocations() - heartbeat->allocations;
    heartbeat->guard.alive++;
    uv_close((uv_handle_t *)timer, NULL);
    bench_check(disco_client_shutdown(heartbeat->client, 60000, on_closed, heartbeat), "shutdown");
}

static void on_warm(uv_timer_t *timer)
{
    heartbeat_t *heartbeat = timer->data;

    heartbeat->allocations = counted_allocations();
    bench_measure_start(&heartbeat->measure);
    bench_check(uv_timer_start(timer, on_over, heartbeat->seconds * 1000, 0), "timer");
}

static void on_event(void *data, disco_registration_t *registration,
                     const disco_registration_event_t *event)
{
    heartbeat_t *heartbeat = data;

    (void)registration;
    heartbeat->guard.alive++;
    if (event->type == DISCO_REGISTRATION_LOST)
        bench_fail("a host was lost: %s", disco_strerror(event->status));
    if (event->type != DISCO_REGISTRATION_READY || ++heartbeat->ready < heartbeat->count)
        return;
    heartbeat->ready_us = (uv_hrtime() - heartbeat->begun_ns) / 1000;
    heartbeat->guard.seconds += heartbeat->ttl + heartbeat->seconds; /* nothing is told meanwhile */
    bench_check(uv_timer_start(&heartbeat->timer, on_warm, heartbeat->ttl * 1000 / 2, 0), "timer");
}

static void register_all(heartbeat_t *heartbeat, const bench_arguments_t *arguments)
{
    const disco_port_t ports[] = {{"http", "8080"}, {"https", "8443"}};
    disco_registration_options_t options;
    uint64_t i;

    disco_registration_options_init(&options);
    options.ttl_s = (uint32_t)heartbeat->ttl;
    for (i = 0; i < heartbeat->count; i++) {
        char name[64];
        disco_host_t host = {
            .name = name, .ports = ports, .port_count = 2, .user = "moi", .password = "lapin12345"};

        (void)snprintf(name, sizeof name, "node-%llu.beat.internal.example", (unsigned long long)i);
        case_check(heartbeat->client,
                   disco_register(heartbeat->client, bench_text(arguments, "service", "beat"),
                                  &host, &options, on_event, heartbeat, NULL),
                   "registering");
    }
}

void case_heartbeat(const bench_arguments_t *arguments)
{
    static heartbeat_t heartbeat;

    counted_begin();
    bench_check(uv_loop_init(&heartbeat.loop), "loop");
    bench_check(uv_timer_init(&heartbeat.loop, &heartbeat.timer), "timer");
    heartbeat.timer.data = &heartbeat;
    bench_guard_start(&heartbeat.guard, &heartbeat.loop, arguments);
    heartbeat.count = bench_number(arguments, "registrations", 1);
    heartbeat.ttl = bench_number(arguments, "ttl", 5);
    heartbeat.seconds = bench_number(arguments, "seconds", 8);
    heartbeat.client = case_client(&heartbeat.loop, arguments);
    heartbeat.begun_ns = uv_hrtime();
    register_all(&heartbeat, arguments);
    uv_run(&heartbeat.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&heartbeat.loop), "closing the loop");
    if (heartbeat.ready < heartbeat.count)
        bench_fail("%llu of %llu hosts were ready", (unsigned long long)heartbeat.ready,
                   (unsigned long long)heartbeat.count);
    bench_report(heartbeat.count, &heartbeat.measure);
    bench_report_number("ready_us", heartbeat.ready_us);
    bench_report_number("allocations", heartbeat.allocations);
    bench_report_end();
}
