/* lookup: callers that each begin the next lookup when their last has ended, each with a client of
 * its own, so that nothing is shared; the first measured one begins when all before have ended.
 * shared: callers that ask all at once through one client; when
 * all have their answer, the next round begins. */
#include <stdlib.h>

#include "cases.h"
#include "measure.h"
#include "report.h"

typedef struct lookups_s {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    const char *service;
    size_t hosts;
    uint64_t warm;    /* operations before the measured ones */
    uint64_t count;   /* all operations */
    uint64_t allowed; /* to begin by now */
    uint64_t begun;
    uint64_t ended;
    size_t callers;
    size_t waiting; /* shared: callers of this round without an answer */
    struct caller_s *caller;
} lookups_t;

typedef struct caller_s {
    lookups_t *lookups;
    disco_client_t *client;
} caller_t;

static void begin(caller_t *caller);

/* That the hosts are there is looked at, so that they are known to be decoded. */
static void check_hosts(const caller_t *caller, int status, const disco_service_t *service)
{
    const disco_host_t *const *hosts;
    size_t count;
    size_t i;

    case_check(caller->client, status, "lookup");
    case_check(caller->client, disco_service_all(service, &hosts, &count), "hosts");
    if (count != caller->lookups->hosts)
        bench_fail("%zu hosts instead of %zu", count, caller->lookups->hosts);
    for (i = 0; i < count; i++)
        if (hosts[i]->name[0] == '\0' || hosts[i]->port_count == 0 || hosts[i]->uuid[0] == '\0')
            bench_fail("host %zu is not whole", i);
}

static void finish(lookups_t *lookups)
{
    size_t i;

    bench_measure_stop(&lookups->measure);
    for (i = 0; i < lookups->callers; i++)
        if (lookups->caller[i].client != NULL)
            disco_client_close(lookups->caller[i].client, NULL, NULL);
    bench_guard_stop(&lookups->guard);
}

static void begin_all(lookups_t *lookups)
{
    size_t i;

    for (i = 0; i < lookups->callers && lookups->begun < lookups->allowed; i++)
        begin(&lookups->caller[i]);
}

static void end_one(lookups_t *lookups)
{
    lookups->ended++;
    lookups->guard.alive++;
    if (lookups->ended == lookups->warm) {
        lookups->allowed = lookups->count;
        bench_measure_start(&lookups->measure);
    }
    if (lookups->ended == lookups->count)
        finish(lookups);
}

static void on_service(void *data, int status, const disco_service_t *service)
{
    caller_t *caller = data;
    lookups_t *lookups = caller->lookups;

    check_hosts(caller, status, service);
    end_one(lookups);
    if (lookups->ended == lookups->warm)
        begin_all(lookups);
    else if (lookups->begun < lookups->allowed)
        begin(caller);
}

static void begin(caller_t *caller)
{
    caller->lookups->begun++;
    case_check(caller->client,
               disco_get(caller->client, caller->lookups->service, NULL, on_service, caller, NULL),
               "lookup");
}

static void begin_round(lookups_t *lookups);

static void on_shared_service(void *data, int status, const disco_service_t *service)
{
    lookups_t *lookups = data;

    check_hosts(&lookups->caller[0], status, service);
    if (--lookups->waiting > 0)
        return;
    end_one(lookups);
    if (lookups->begun < lookups->allowed)
        begin_round(lookups);
}

static void begin_round(lookups_t *lookups)
{
    disco_client_t *client = lookups->caller[0].client;
    size_t i;

    lookups->begun++;
    lookups->waiting = lookups->callers;
    for (i = 0; i < lookups->callers; i++)
        case_check(client,
                   disco_get(client, lookups->service, NULL, on_shared_service, lookups, NULL),
                   "lookup");
}

static void set_up(lookups_t *lookups, const bench_arguments_t *arguments)
{
    bench_check(uv_loop_init(&lookups->loop), "loop");
    bench_guard_start(&lookups->guard, &lookups->loop, arguments);
    lookups->service = bench_text(arguments, "service", NULL);
    lookups->hosts = bench_number(arguments, "hosts", 0);
    lookups->callers = bench_number(arguments, "concurrency", 1);
    /* Each caller's first lookup opens its connection. */
    lookups->warm = bench_number(arguments, "warm", lookups->callers);
    lookups->count = lookups->warm + bench_number(arguments, "count", 1000);
    lookups->allowed = lookups->warm;
    if (lookups->callers == 0 || lookups->warm == 0 || lookups->count == lookups->warm)
        bench_fail("concurrency=, warm= and count= are at least 1");
    lookups->caller = bench_allocate(lookups->callers, sizeof *lookups->caller);
}

static void run(lookups_t *lookups)
{
    uv_run(&lookups->loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&lookups->loop), "closing the loop");
    if (lookups->ended != lookups->count)
        bench_fail("ended after %llu operations", (unsigned long long)lookups->ended);
    bench_report(lookups->count - lookups->warm, &lookups->measure);
    bench_report_end();
    free(lookups->caller);
}

void case_lookup(const bench_arguments_t *arguments)
{
    static lookups_t lookups;
    size_t i;

    set_up(&lookups, arguments);
    for (i = 0; i < lookups.callers; i++) {
        lookups.caller[i].lookups = &lookups;
        lookups.caller[i].client = case_client(&lookups.loop, arguments);
    }
    begin_all(&lookups);
    run(&lookups);
}

void case_shared(const bench_arguments_t *arguments)
{
    static lookups_t lookups;

    set_up(&lookups, arguments);
    lookups.caller[0].lookups = &lookups;
    lookups.caller[0].client = case_client(&lookups.loop, arguments);
    begin_round(&lookups);
    run(&lookups);
}
