/* latency: a host is written, and a subscriber in the same process is told; count= times in turn:
 * the time from sending the write to the callback. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "measure.h"
#include "report.h"

typedef struct latency_s {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    disco_client_t *client;
    const char *service;
    uint64_t count;
    uint64_t told;
    uint64_t sent_ns;
    uint64_t *times_ns;
} latency_t;

static void on_written(void *data, int status, const disco_kv_result_t *result)
{
    (void)data;
    (void)result;
    if (status != 0 && status != UV_ECANCELED)
        bench_fail("writing: %s", disco_strerror(status));
}

static void write_host(latency_t *latency)
{
    char key[128];
    char value[256];

    (void)snprintf(key, sizeof key, "/services/%s/one", latency->service);
    (void)snprintf(value, sizeof value,
                   "{\"name\":\"node-%llu.example\",\"service_name\":\"%s\","
                   "\"ports\":{\"http\":\"80\"},\"uuid\":\"one\"}",
                   (unsigned long long)latency->told, latency->service);
    latency->sent_ns = uv_hrtime();
    case_check(latency->client,
               disco_kv_put(latency->client, key, value, NULL, on_written, NULL, NULL), "writing");
}

static int compare(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;

    return (first > second) - (first < second);
}

static double microseconds_at(const latency_t *latency, uint64_t place)
{
    return (double)latency->times_ns[place] / 1000;
}

static void finish(latency_t *latency)
{
    bench_measure_stop(&latency->measure);
    qsort(latency->times_ns, (size_t)latency->count, sizeof *latency->times_ns, compare);
    bench_report(latency->count, &latency->measure);
    bench_report_fraction("median_us", microseconds_at(latency, latency->count / 2));
    bench_report_fraction("p99_us", microseconds_at(latency, latency->count * 99 / 100));
    bench_report_end();
    bench_guard_stop(&latency->guard);
    bench_check(disco_client_close(latency->client, NULL, NULL), "closing");
}

static void on_event(void *data, disco_subscription_t *subscription,
                     const disco_subscription_event_t *event)
{
    latency_t *latency = data;

    (void)subscription;
    latency->guard.alive++;
    if (event->type == DISCO_SUBSCRIPTION_SYNCED && latency->told == 0) {
        bench_measure_start(&latency->measure);
        write_host(latency);
    }
    if ((event->type != DISCO_SUBSCRIPTION_UP && event->type != DISCO_SUBSCRIPTION_CHANGED) ||
        latency->told == latency->count)
        return;
    latency->times_ns[latency->told++] = uv_hrtime() - latency->sent_ns;
    if (latency->told < latency->count)
        write_host(latency);
    else
        finish(latency);
}

void case_latency(const bench_arguments_t *arguments)
{
    static latency_t latency;

    bench_check(uv_loop_init(&latency.loop), "loop");
    bench_guard_start(&latency.guard, &latency.loop, arguments);
    latency.service = bench_text(arguments, "service", "latency");
    latency.count = bench_number(arguments, "count", 1000);
    latency.times_ns = bench_allocate((size_t)latency.count, sizeof *latency.times_ns);
    latency.client = case_client(&latency.loop, arguments);
    case_check(latency.client,
               disco_subscribe(latency.client, latency.service, NULL, on_event, &latency, NULL),
               "subscribing");
    uv_run(&latency.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&latency.loop), "closing the loop");
    free(latency.times_ns);
}
