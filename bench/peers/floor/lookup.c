/* lookup: what a lookup moves. v2: info and hosts in a row on one connection, as this library asks
 * for them (info=1); or the hosts alone. v3: one transaction. A body of another size than the first
 * is a failure. The first measured lookup begins when all before have ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "http.h"
#include "measure.h"
#include "report.h"

typedef struct caller_s {
    http_t http;
    unsigned waiting; /* requests of this lookup without an answer; the hosts' is the last */
} caller_t;

static struct {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    bench_url_t url;
    caller_t *callers;
    size_t caller_count;
    uint64_t requests; /* a lookup is so many */
    uint64_t least;    /* bytes that the hosts have */
    uint64_t size;     /* of the first body with hosts */
    uint64_t warm;
    uint64_t count;
    uint64_t allowed; /* to begin by now */
    uint64_t begun;
    uint64_t ended;
} all;

static void finish(void)
{
    size_t i;

    bench_measure_stop(&all.measure);
    for (i = 0; i < all.caller_count; i++) {
        if (all.callers[i].http.data != NULL)
            http_close(&all.callers[i].http);
    }
    bench_guard_stop(&all.guard);
}

static void check(const caller_t *caller)
{
    if (all.size == 0)
        all.size = caller->http.body_size;
    if (caller->http.body_size != all.size || all.size < all.least)
        bench_fail("a body of %llu bytes", (unsigned long long)caller->http.body_size);
}

static void begin(caller_t *caller)
{
    all.begun++;
    caller->waiting = (unsigned)all.requests;
    http_send(&caller->http);
}

static void begin_all(void)
{
    size_t i;

    for (i = 0; i < all.caller_count && all.begun < all.allowed; i++)
        begin(&all.callers[i]);
}

static void on_done(http_t *http)
{
    caller_t *caller = http->data;

    if (--caller->waiting > 0)
        return;
    check(caller);
    all.guard.alive++;
    all.ended++;
    if (all.ended == all.warm) {
        all.allowed = all.count;
        bench_measure_start(&all.measure);
        begin_all();
    } else if (all.begun < all.allowed) {
        begin(caller);
    }
    if (all.ended == all.count)
        finish();
}

static void open_caller(caller_t *caller, const char *request)
{
    all.begun++;
    caller->waiting = (unsigned)all.requests;
    caller->http.request = request;
    caller->http.request_size = strlen(request);
    caller->http.data = caller;
    caller->http.on_done = on_done;
    http_open(&caller->http, &all.loop, &all.url);
}

static char *v2_get(const char *format, const char *service)
{
    char target[300];

    (void)snprintf(target, sizeof target, format, service);
    return http_request(&all.url, target, NULL);
}

static char *v2_request(const char *service)
{
    char *hosts = v2_get("/v2/keys/services/%s?sorted=true&recursive=true", service);
    char *info;
    char *both;

    if (all.requests == 1)
        return hosts;
    info = v2_get("/v2/keys/services_infos/%s?sorted=true", service);
    if (asprintf(&both, "%s%s", info, hosts) < 0)
        bench_fail("out of memory");
    free(hosts);
    free(info);
    return both;
}

static char *v3_request(const char *service)
{
    char key[300];
    char body[1200];
    char *base64[3];
    int i;

    (void)snprintf(key, sizeof key, "/services_infos/%s", service);
    base64[0] = http_base64(key);
    (void)snprintf(key, sizeof key, "/services/%s/", service);
    base64[1] = http_base64(key);
    (void)snprintf(key, sizeof key, "/services/%s0", service);
    base64[2] = http_base64(key);
    (void)snprintf(body, sizeof body,
                   "{\"success\":[{\"request_range\":{\"key\":\"%s\",\"serializable\":true}},"
                   "{\"request_range\":{\"key\":\"%s\",\"range_end\":\"%s\",\"serializable\":true}"
                   "}]}",
                   base64[0], base64[1], base64[2]);
    for (i = 0; i < 3; i++)
        free(base64[i]);
    return http_request(&all.url, "/v3/kv/txn", body);
}

void case_lookup(const bench_arguments_t *arguments)
{
    const char *service = bench_text(arguments, "service", NULL);
    int is_v2 = strcmp(bench_text(arguments, "api", "v3"), "v2") == 0;
    char *request;
    size_t i;

    bench_url(arguments, &all.url);
    bench_check(uv_loop_init(&all.loop), "loop");
    bench_guard_start(&all.guard, &all.loop, arguments);
    all.caller_count = bench_number(arguments, "concurrency", 1);
    all.least = bench_number(arguments, "hosts", 0) * 100;
    all.warm = bench_number(arguments, "warm", all.caller_count);
    all.count = all.warm + bench_number(arguments, "count", 1000);
    all.requests = is_v2 ? 1 + bench_number(arguments, "info", 0) : 1;
    all.allowed = all.warm;
    if (all.caller_count == 0 || all.warm == all.count || all.requests > 2)
        bench_fail("concurrency= and count= are at least 1, info= is 0 or 1");
    if (all.warm < all.caller_count)
        bench_fail("warm= is at least concurrency=, for each caller to have its connection");
    all.callers = bench_allocate(all.caller_count, sizeof *all.callers);
    request = is_v2 ? v2_request(service) : v3_request(service);
    for (i = 0; i < all.caller_count; i++)
        open_caller(&all.callers[i], request);
    uv_run(&all.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&all.loop), "closing the loop");
    bench_report(all.count - all.warm, &all.measure);
    bench_report_number("requests", all.ended * all.requests);
    bench_report_end();
    free(request);
    free(all.callers);
}
