/* memory: what one connection, registration, subscription or host takes, as the library's own hooks
 * count it, and as the process grows. growth: a view of many hosts: time and memory for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "counted.h"
#include "measure.h"
#include "report.h"

typedef struct memory_s {
    uv_loop_t loop;
    bench_guard_t guard;
    bench_measure_t measure;
    const bench_arguments_t *arguments;
    uint64_t count;
    uint64_t there;
    uint64_t more; /* to be made after the first */
    size_t clients;
    disco_client_t **client;
    const disco_service_t *view;
    disco_service_t *empty; /* such as the view of a service that there is not */
    uint64_t bytes;         /* before */
    uint64_t beside;        /* what is not to be counted */
    uint64_t resident;
    void (*made)(struct memory_s *memory); /* when all are there */
} memory_t;

static void open_clients(memory_t *memory, size_t count)
{
    size_t i;

    memory->clients = count;
    memory->client = bench_allocate(count, sizeof(disco_client_t *));
    for (i = 0; i < count; i++)
        memory->client[i] = case_client(&memory->loop, memory->arguments);
}

static void note_before(memory_t *memory)
{
    memory->bytes = counted_bytes();
    memory->resident = bench_resident();
    bench_measure_start(&memory->measure);
}

static void finish(memory_t *memory)
{
    size_t i;

    bench_guard_stop(&memory->guard);
    for (i = 0; i < memory->clients; i++)
        bench_check(disco_client_close(memory->client[i], NULL, NULL), "closing");
}

static void report(memory_t *memory)
{
    uint64_t bytes = counted_bytes() - memory->bytes - memory->beside;
    uint64_t resident = bench_resident();

    bench_measure_stop(&memory->measure);
    resident = resident > memory->resident ? resident - memory->resident : 0;
    bench_report(memory->count, &memory->measure);
    bench_report_fraction("bytes_each", (double)bytes / (double)memory->count);
    bench_report_fraction("resident_each", (double)resident / (double)memory->count);
}

static void report_and_finish(memory_t *memory)
{
    report(memory);
    bench_report_end();
    finish(memory);
}

static void one_more(memory_t *memory)
{
    memory->guard.alive++;
    if (++memory->there == memory->count)
        memory->made(memory);
}

static void on_service(void *data, int status, const disco_service_t *service)
{
    (void)service;
    if (status != 0 && status != DISCO_ENOSERVICE)
        bench_fail("lookup: %s", disco_strerror(status));
    one_more(data);
}

static void look_up_all(memory_t *memory)
{
    size_t i;

    memory->there = 0;
    for (i = 0; i < memory->clients; i++)
        case_check(memory->client[i],
                   disco_get(memory->client[i], bench_text(memory->arguments, "service", NULL),
                             NULL, on_service, memory, NULL),
                   "lookup");
}

/* Lookups of services that there are not, which all are under way at once, each on a connection of
 * its own. */
static void look_up_others(memory_t *memory)
{
    uint64_t i;

    for (i = 0; i < memory->count; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "nothing-%llu", (unsigned long long)i);
        case_check(memory->client[0],
                   disco_get(memory->client[0], name, NULL, on_service, memory, NULL), "lookup");
    }
}

/* What a client has once, such as its read buffer or its lease, it has after its first. */
static void begin_with_one(memory_t *memory, void (*made)(memory_t *memory))
{
    open_clients(memory, 1);
    memory->more = memory->count;
    memory->count = 1;
    memory->made = made;
}

static void go_on(memory_t *memory)
{
    memory->there = 0;
    memory->count = memory->more;
    memory->made = report_and_finish;
    note_before(memory);
}

static void make_more_connections(memory_t *memory)
{
    go_on(memory);
    look_up_others(memory);
}

static void make_connections(memory_t *memory)
{
    begin_with_one(memory, make_more_connections);
    look_up_all(memory);
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    (void)registration;
    if (event->type == DISCO_REGISTRATION_READY)
        one_more(data);
}

static void make_registration(memory_t *memory, uint64_t number)
{
    const disco_port_t ports[] = {{"http", "8080"}};
    char name[64];
    disco_host_t host = {
        .name = name, .ports = ports, .port_count = 1, .user = "moi", .password = "lapin12345"};

    (void)snprintf(name, sizeof name, "node-%llu.example", (unsigned long long)number);
    case_check(
        memory->client[0],
        disco_register(memory->client[0], "memory", &host, NULL, on_registration, memory, NULL),
        "registering");
}

static void make_more_registrations(memory_t *memory)
{
    uint64_t i;

    go_on(memory);
    for (i = 1; i <= memory->count; i++)
        make_registration(memory, i);
}

static void make_registrations(memory_t *memory)
{
    begin_with_one(memory, make_more_registrations);
    make_registration(memory, 0);
}

static void on_subscription(void *data, disco_subscription_t *subscription,
                            const disco_subscription_event_t *event)
{
    memory_t *memory = data;

    (void)subscription;
    if (event->type != DISCO_SUBSCRIPTION_SYNCED)
        return;
    memory->view = event->service;
    one_more(memory);
}

/* Of a service that there is not, so that its view is empty. */
static void make_subscription(memory_t *memory, uint64_t number)
{
    char name[64];

    (void)snprintf(name, sizeof name, "nothing-%llu", (unsigned long long)number);
    case_check(memory->client[0],
               disco_subscribe(memory->client[0], name, NULL, on_subscription, memory, NULL),
               "subscribing");
}

/* Beside their views, which are empty. */
static void report_subscriptions(memory_t *memory)
{
    uint64_t before = counted_bytes();

    disco_service_unref(memory->empty);
    memory->beside = (before - counted_bytes()) * memory->count;
    memory->bytes -= before - counted_bytes();
    report_and_finish(memory);
}

static void make_more_subscriptions(memory_t *memory)
{
    uint64_t i;

    go_on(memory);
    memory->made = report_subscriptions;
    for (i = 1; i <= memory->count; i++)
        make_subscription(memory, i);
}

static void on_empty(void *data, int status, const disco_service_t *service)
{
    memory_t *memory = data;

    if (status != 0)
        bench_fail("lookup of what there is not: %s", disco_strerror(status));
    memory->empty = disco_service_ref(service);
    make_subscription(memory, 0);
}

static void make_subscriptions(memory_t *memory)
{
    begin_with_one(memory, make_more_subscriptions);
    case_check(memory->client[0],
               disco_get(memory->client[0], "nothing", NULL, on_empty, memory, NULL), "lookup");
}

static uint64_t text_size(const char *text)
{
    return strlen(text) + 1;
}

static uint64_t ports_size(const disco_port_t *ports, size_t count)
{
    uint64_t size = 0;
    size_t i;

    for (i = 0; i < count; i++)
        size += text_size(ports[i].scheme) + text_size(ports[i].port);
    return size;
}

/* All strings of all hosts, each with its NUL. */
static uint64_t strings_of(const disco_service_t *service, size_t *count)
{
    const disco_host_t *const *hosts;
    uint64_t size = 0;
    size_t i;

    bench_check(disco_service_all(service, &hosts, count), "hosts");
    for (i = 0; i < *count; i++)
        size += text_size(hosts[i]->name) + text_size(hosts[i]->service_name) +
                text_size(hosts[i]->user) + text_size(hosts[i]->password) +
                text_size(hosts[i]->private_hostname) + text_size(hosts[i]->shard) +
                text_size(hosts[i]->uuid) + ports_size(hosts[i]->ports, hosts[i]->port_count) +
                ports_size(hosts[i]->private_ports, hosts[i]->private_port_count);
    return size;
}

static void report_hosts(memory_t *memory, const disco_service_t *service)
{
    uint64_t bytes = counted_bytes() - memory->bytes;
    uint64_t strings;
    size_t count;

    report(memory);
    strings = strings_of(service, &count);
    if (count != memory->count)
        bench_fail("%zu hosts instead of %llu", count, (unsigned long long)memory->count);
    bench_report_fraction("strings_each", (double)strings / (double)count);
    bench_report_fraction("times_strings", (double)bytes / (double)strings);
    bench_report_end();
    finish(memory);
}

static void on_view(void *data, disco_subscription_t *subscription,
                    const disco_subscription_event_t *event)
{
    (void)subscription;
    if (event->type == DISCO_SUBSCRIPTION_SYNCED)
        report_hosts(data, event->service);
}

static void begin_view(memory_t *memory)
{
    note_before(memory);
    case_check(memory->client[0],
               disco_subscribe(memory->client[0], bench_text(memory->arguments, "service", NULL),
                               NULL, on_view, memory, NULL),
               "subscribing");
}

static void on_snapshot(void *data, int status, const disco_service_t *service)
{
    memory_t *memory = data;

    case_check(memory->client[0], status, "lookup");
    report_hosts(memory, service);
}

static void begin_snapshot(memory_t *memory)
{
    note_before(memory);
    case_check(memory->client[0],
               disco_get(memory->client[0], bench_text(memory->arguments, "service", NULL), NULL,
                         on_snapshot, memory, NULL),
               "lookup");
}

static void on_warm(void *data, int status, const disco_service_t *service)
{
    memory_t *memory = data;

    (void)status;
    (void)service;
    memory->made(memory);
}

/* The client has its connection already, and what else it has once. */
static void warm_up(memory_t *memory, void (*next)(memory_t *memory))
{
    open_clients(memory, 1);
    memory->made = next;
    case_check(memory->client[0],
               disco_get(memory->client[0], "nothing", NULL, on_warm, memory, NULL), "lookup");
}

static void make_view(memory_t *memory)
{
    warm_up(memory, begin_view);
}

static void make_snapshot(memory_t *memory)
{
    warm_up(memory, begin_snapshot);
}

static void run(const bench_arguments_t *arguments, void (*make)(memory_t *memory))
{
    static memory_t memory;

    counted_begin();
    memory.arguments = arguments;
    memory.count = bench_number(arguments, "count", 1);
    bench_check(uv_loop_init(&memory.loop), "loop");
    bench_guard_start(&memory.guard, &memory.loop, arguments);
    make(&memory);
    uv_run(&memory.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&memory.loop), "closing the loop");
    free(memory.client);
}

void case_memory(const bench_arguments_t *arguments)
{
    static const struct {
        const char *what;
        void (*make)(memory_t *memory);
    } makers[] = {
        {"connection", make_connections},     {"registration", make_registrations},
        {"subscription", make_subscriptions}, {"view", make_view},
        {"snapshot", make_snapshot},
    };
    const char *what = bench_text(arguments, "what", NULL);
    size_t i;

    for (i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strcmp(what, makers[i].what) == 0) {
            run(arguments, makers[i].make);
            return;
        }
    }
    bench_decline("what=%s", what);
}
