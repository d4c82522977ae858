/* watch: what a watch moves. v3: one stream, whose messages, one event and one line each, are
 * counted by their line ends. v2: one poll for each event, each asking for the next index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "http.h"
#include "measure.h"
#include "report.h"

static struct {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    bench_url_t url;
    http_t http;
    const char *service;
    char *request;
    uint64_t events;
    uint64_t wanted;
    int listed; /* v2: the index to begin with is known */
} all;

static void on_event(void)
{
    all.guard.alive++;
    all.events++;
    if (all.events == 1)
        bench_measure_start(&all.measure);
    if (all.events == all.wanted) {
        bench_measure_stop(&all.measure);
        http_close(&all.http);
        bench_guard_stop(&all.guard);
    }
}

static void on_stream(http_t *http, const char *data, size_t size)
{
    const char *end = data + size;
    const char *line_end;

    while (all.events < all.wanted &&
           (line_end = memchr(data, '\n', (size_t)(end - data))) != NULL) {
        data = line_end + 1;
        /* The first line says that the watch is created. */
        if (http->index++ > 0)
            on_event();
    }
}

static void on_stream_end(http_t *http)
{
    (void)http;
    bench_fail("the stream has ended");
}

static void poll_next(uint64_t index)
{
    char target[400];

    (void)snprintf(target, sizeof target,
                   "/v2/keys/services/%s?wait=true&recursive=true&waitIndex=%llu", all.service,
                   (unsigned long long)index);
    free(all.request);
    all.request = http_request(&all.url, target, NULL);
    all.http.request = all.request;
    all.http.request_size = strlen(all.request);
    http_send(&all.http);
}

static void on_poll(http_t *http)
{
    if (all.listed)
        on_event();
    all.listed = 1;
    if (all.events < all.wanted)
        poll_next(http->index + 1);
}

static char *create_request(void)
{
    char key[300];
    char body[1000];
    char *begin;
    char *end;

    (void)snprintf(key, sizeof key, "/services/%s/", all.service);
    begin = http_base64(key);
    (void)snprintf(key, sizeof key, "/services/%s0", all.service);
    end = http_base64(key);
    (void)snprintf(body, sizeof body,
                   "{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\","
                   "\"start_revision\":\"1\"}}",
                   begin, end);
    free(begin);
    free(end);
    return http_request(&all.url, "/v3/watch", body);
}

void case_watch(const bench_arguments_t *arguments)
{
    char target[300];

    bench_url(arguments, &all.url);
    bench_check(uv_loop_init(&all.loop), "loop");
    bench_guard_start(&all.guard, &all.loop, arguments);
    all.service = bench_text(arguments, "service", NULL);
    all.wanted = bench_number(arguments, "events", 100000);
    if (all.wanted < 2)
        bench_fail("events= is at least 2");
    if (strcmp(bench_text(arguments, "api", "v3"), "v2") == 0) {
        (void)snprintf(target, sizeof target, "/v2/keys/services/%s?sorted=true&recursive=true",
                       all.service);
        all.request = http_request(&all.url, target, NULL);
        all.http.on_done = on_poll;
    } else {
        all.request = create_request();
        all.http.on_body = on_stream;
        all.http.on_done = on_stream_end;
    }
    all.http.request = all.request;
    all.http.request_size = strlen(all.request);
    http_open(&all.http, &all.loop, &all.url);
    uv_run(&all.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&all.loop), "closing the loop");
    bench_report(all.wanted - 1, &all.measure);
    bench_report_end();
    free(all.request);
}
