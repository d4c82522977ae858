/* heartbeat: registrations= hosts are written, and when all are there, seconds= of nothing but
 * heartbeats are measured. v2: each host's whole value is written again at each beat, as the Go
 * package does. v3: one lease holds them all, which is kept alive at each beat, from its grant on;
 * they are written by transactions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "cases.h"
#include "listing.h"
#include "measure.h"
#include "report.h"

#define WORKERS 64
#define VALUE_SIZE 700
#define BODY_SIZE 2400 /* for each host */
#define BATCH 100      /* hosts of a transaction: etcd takes 128 */

typedef struct worker_s {
    transfer_t transfer;
    char *body;
    uint64_t hosts; /* that it writes now */
    int is_busy;
} worker_t;

/* What is done for each host in turn, by the workers that are free. */
typedef enum stage_e { STAGE_WRITING, STAGE_BEATING, STAGE_REMOVING } stage_t;

static struct {
    engine_t engine;
    bench_measure_t measure;
    uv_timer_t beat;
    uv_timer_t end;
    worker_t workers[WORKERS];
    transfer_t lease;
    char lease_body[100];
    char lease_id[32];
    const char *service;
    uint64_t count;
    uint64_t batch; /* hosts of a request */
    uint64_t ttl;
    uint64_t seconds;
    uint64_t begun; /* hosts of this turn */
    uint64_t ended;
    uint64_t late; /* beats whose turn had not ended when the next was due */
    uint64_t begun_ns;
    uint64_t ready_us;
    uint64_t requests;
    stage_t stage;
    int is_over;
} all;

static void write_value(char *value, uint64_t number)
{
    (void)snprintf(
        value, VALUE_SIZE,
        "{\"name\":\"node-%llu.beat.internal.example\",\"service_name\":\"%s\","
        "\"ports\":{\"http\":\"8080\",\"https\":\"8443\"},\"user\":\"moi\","
        "\"password\":\"lapin12345\","
        "\"private_hostname\":\"node-%llu.beat.internal.example\","
        "\"private_ports\":{\"http\":\"8080\",\"https\":\"8443\"},"
        "\"uuid\":\"%08llx-0000-4000-8000-000000000000-node-%llu.beat.internal.example\"}",
        (unsigned long long)number, all.service, (unsigned long long)number,
        (unsigned long long)number, (unsigned long long)number);
}

static void write_key(char *key, size_t size, uint64_t number)
{
    (void)snprintf(
        key, size,
        "/services/%s/%08llx-0000-4000-8000-000000000000-node-%llu.beat.internal.example",
        all.service, (unsigned long long)number, (unsigned long long)number);
}

/* As a form: what JSON has beside letters and digits is escaped. */
static size_t write_form(char *form, uint64_t number)
{
    static const char hex[] = "0123456789ABCDEF";
    char value[VALUE_SIZE];
    const char *next;
    char *out = form + snprintf(form, BODY_SIZE, "ttl=%llu&value=", (unsigned long long)all.ttl);

    write_value(value, number);
    for (next = value; *next != '\0'; next++) {
        if (strchr("{}\":,", *next) == NULL) {
            *out++ = *next;
            continue;
        }
        *out++ = '%';
        *out++ = hex[*next >> 4 & 15];
        *out++ = hex[*next & 15];
    }
    *out = '\0';
    return (size_t)(out - form);
}

static void begin_v2(worker_t *worker, uint64_t number)
{
    char target[500] = "/v2/keys";
    size_t size = 0;

    write_key(target + 8, sizeof target - 8, number);
    if (all.stage == STAGE_REMOVING) {
        worker->body[0] = '\0';
        transfer_send(&worker->transfer, "DELETE", target, "application/x-www-form-urlencoded",
                      worker->body, 0);
    } else {
        size = write_form(worker->body, number);
        transfer_send(&worker->transfer, "PUT", target, "application/x-www-form-urlencoded",
                      worker->body, size);
    }
    transfer_start(&worker->transfer);
}

static size_t write_put(char *body, uint64_t number)
{
    char text[VALUE_SIZE];
    char key[600];
    char value[VALUE_SIZE * 2];

    write_key(text, sizeof text, number);
    base64_encode(text, key);
    write_value(text, number);
    base64_encode(text, value);
    return (size_t)snprintf(body, BODY_SIZE,
                            "{\"request_put\":{\"key\":\"%s\",\"value\":\"%s\",\"lease\":\"%s\"}},",
                            key, value, all.lease_id);
}

static void begin_v3(worker_t *worker, uint64_t number)
{
    static const char begin[] = "{\"success\":[";
    char *out = worker->body;
    uint64_t i;

    memcpy(out, begin, sizeof begin - 1);
    out += sizeof begin - 1;
    for (i = 0; i < worker->hosts; i++)
        out += write_put(out, number + i);
    memcpy(out - 1, "]}", 3); /* instead of the last comma */
    transfer_send(&worker->transfer, "POST", "/v3/kv/txn", NULL, worker->body,
                  (size_t)(out + 1 - worker->body));
    transfer_start(&worker->transfer);
}

static void begin_next(worker_t *worker)
{
    uint64_t left = all.count - all.begun;
    uint64_t number = all.begun;

    worker->is_busy = left > 0;
    if (!worker->is_busy)
        return;
    worker->hosts = left < all.batch ? left : all.batch;
    all.begun += worker->hosts;
    if (all.engine.is_v2)
        begin_v2(worker, number);
    else
        begin_v3(worker, number);
}

static void begin_turn(stage_t stage)
{
    size_t i;

    all.stage = stage;
    all.begun = 0;
    all.ended = 0;
    for (i = 0; i < WORKERS; i++)
        if (!all.workers[i].is_busy)
            begin_next(&all.workers[i]);
}

static void finish(void)
{
    size_t i;

    for (i = 0; i < WORKERS; i++) {
        transfer_close(&all.workers[i].transfer);
        free(all.workers[i].body);
    }
    transfer_close(&all.lease);
    engine_stop(&all.engine);
}

static void send_lease(const char *target, const char *name, const char *text)
{
    /* Its parts are short: an id of 20 digits at most, or a number. */
    (void)snprintf(all.lease_body, sizeof all.lease_body, "{\"%s\":\"%s\"}", name, text);
    transfer_send(&all.lease, "POST", target, NULL, all.lease_body, strlen(all.lease_body));
    transfer_start(&all.lease);
}

static void remove_all(void)
{
    if (all.engine.is_v2)
        begin_turn(STAGE_REMOVING);
    else
        send_lease("/v3/lease/revoke", "ID", all.lease_id);
}

/* The end waits for what is under way, so that nothing is left out of the figures. */
static void end_measuring(void)
{
    bench_measure_stop(&all.measure);
    all.requests = all.engine.requests - all.requests;
    uv_close((uv_handle_t *)&all.beat, NULL);
    uv_close((uv_handle_t *)&all.end, NULL);
    remove_all();
}

static int is_busy(void)
{
    return all.engine.is_v2 ? all.ended < all.count : all.lease.is_running;
}

static void on_end(uv_timer_t *timer)
{
    (void)timer;
    all.is_over = 1;
    if (!is_busy())
        end_measuring();
}

static void on_beat(uv_timer_t *timer)
{
    (void)timer;
    if (all.is_over)
        return;
    if (is_busy()) {
        all.late++;
        return;
    }
    if (all.engine.is_v2)
        begin_turn(STAGE_BEATING);
    else
        send_lease("/v3/lease/keepalive", "ID", all.lease_id);
}

static void begin_beating(void)
{
    uint64_t interval = all.ttl * 800;

    bench_check(uv_timer_start(&all.beat, on_beat, interval, interval), "timer");
}

static void begin_measuring(void)
{
    all.ready_us = (uv_hrtime() - all.begun_ns) / 1000;
    all.requests = all.engine.requests;
    all.engine.guard.seconds += all.seconds;
    all.stage = STAGE_BEATING;
    bench_measure_start(&all.measure);
    if (all.engine.is_v2)
        begin_beating();
    bench_check(uv_timer_start(&all.end, on_end, all.seconds * 1000, 0), "timer");
}

static void on_turn_end(void)
{
    if (all.stage == STAGE_WRITING)
        begin_measuring();
    else if (all.stage == STAGE_REMOVING)
        finish();
    else if (all.is_over)
        end_measuring();
}

static void on_written(transfer_t *transfer)
{
    worker_t *worker = transfer->data;

    all.ended += worker->hosts;
    begin_next(worker);
    if (all.ended == all.count)
        on_turn_end();
}

static void check_kept(const cJSON *tree)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(tree, "result");

    if (cJSON_GetObjectItemCaseSensitive(result, "TTL") == NULL)
        bench_fail("the lease is lost");
}

static void on_lease(transfer_t *transfer)
{
    cJSON *tree = cJSON_ParseWithLength(transfer->body, transfer->size);

    if (all.lease_id[0] == '\0') {
        (void)snprintf(all.lease_id, sizeof all.lease_id, "%s", listing_text(tree, "ID"));
        begin_beating();
        begin_turn(STAGE_WRITING);
    } else if (uv_is_closing((uv_handle_t *)&all.end)) {
        finish();
    } else {
        check_kept(tree);
        if (all.is_over)
            end_measuring();
    }
    cJSON_Delete(tree);
}

void case_heartbeat(const bench_arguments_t *arguments)
{
    char ttl[24];
    size_t i;

    all.service = bench_text(arguments, "service", "beat");
    all.count = bench_number(arguments, "registrations", 1);
    all.ttl = bench_number(arguments, "ttl", 5);
    all.seconds = bench_number(arguments, "seconds", 8);
    if (all.count == 0 || all.ttl == 0 || all.seconds == 0 || strlen(all.service) > 100)
        bench_fail("registrations=, ttl= and seconds= are at least 1, service= is short");
    engine_start(&all.engine, arguments, WORKERS + 1);
    bench_check(uv_timer_init(&all.engine.loop, &all.beat), "timer");
    bench_check(uv_timer_init(&all.engine.loop, &all.end), "timer");
    all.batch = all.engine.is_v2 ? 1 : BATCH;
    for (i = 0; i < WORKERS; i++) {
        transfer_open(&all.workers[i].transfer, &all.engine, on_written, &all.workers[i]);
        all.workers[i].body = bench_allocate(all.batch, BODY_SIZE);
    }
    transfer_open(&all.lease, &all.engine, on_lease, NULL);
    all.begun_ns = uv_hrtime();
    (void)snprintf(ttl, sizeof ttl, "%llu", (unsigned long long)all.ttl);
    if (all.engine.is_v2)
        begin_turn(STAGE_WRITING);
    else
        send_lease("/v3/lease/grant", "TTL", ttl);
    engine_run(&all.engine);
    bench_report(all.count, &all.measure);
    bench_report_number("ready_us", all.ready_us);
    bench_report_number("requests", all.requests);
    bench_report_number("late", all.late);
    bench_report_end();
}
