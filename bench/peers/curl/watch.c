/* watch: the service is listed, and then followed from there: v3: by one stream of messages, a line
 * each; v2: by one poll for each event. Each event is decoded into a host. The first counts as the
 * warm-up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "cases.h"
#include "listing.h"
#include "measure.h"
#include "report.h"

static struct {
    engine_t engine;
    bench_measure_t measure;
    listing_t listing;
    transfer_t transfer;
    const char *service;
    char request[2000];
    char *line; /* what there is of a line that has not come to its end */
    size_t line_size;
    size_t line_room;
    uint64_t events;
    uint64_t wanted;
} all;

static void count_event(void)
{
    all.engine.guard.alive++;
    if (++all.events == 1)
        bench_measure_start(&all.measure);
    if (all.events == all.wanted)
        bench_measure_stop(&all.measure);
}

static void read_host(const char *json, size_t size)
{
    host_t host;

    host_read(&host, json, size);
    host_free(&host);
}

static void read_v3_event(const cJSON *event)
{
    const cJSON *kv = cJSON_GetObjectItemCaseSensitive(event, "kv");
    char *value;
    long size;

    /* Without a type it is a PUT; else a host has gone, which its key says. */
    if (cJSON_GetObjectItemCaseSensitive(event, "type") != NULL) {
        (void)listing_text(kv, "key");
    } else {
        value = listing_text(kv, "value");
        size = base64_decode(value);
        if (size < 0)
            bench_fail("a value is no base64");
        read_host(value, (size_t)size);
    }
    count_event();
}

static void read_message(const char *text, size_t size)
{
    cJSON *tree = cJSON_ParseWithLength(text, size);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(tree, "result");
    const cJSON *event;

    if (result == NULL || cJSON_GetObjectItemCaseSensitive(result, "canceled") != NULL)
        bench_fail("the watch says %.*s", size < 300 ? (int)size : 300, text);
    cJSON_ArrayForEach(event, cJSON_GetObjectItemCaseSensitive(result, "events"))
    {
        if (all.events < all.wanted)
            read_v3_event(event);
    }
    cJSON_Delete(tree);
}

static void keep(const char *data, size_t size)
{
    if (all.line_room - all.line_size < size) {
        all.line_room = (all.line_size + size) * 2;
        all.line = realloc(all.line, all.line_room);
        if (all.line == NULL)
            bench_fail("out of memory");
    }
    memcpy(all.line + all.line_size, data, size);
    all.line_size += size;
}

/* Lines that are whole in libcurl's buffer are read there. */
static void on_stream(transfer_t *transfer, const char *data, size_t size)
{
    const char *end = data + size;
    const char *stop;

    while (all.events < all.wanted && (stop = memchr(data, '\n', (size_t)(end - data))) != NULL) {
        if (all.line_size > 0) {
            keep(data, (size_t)(stop - data));
            read_message(all.line, all.line_size);
            all.line_size = 0;
        } else if (stop > data) {
            read_message(data, (size_t)(stop - data));
        }
        data = stop + 1;
    }
    keep(data, (size_t)(end - data));
    transfer->is_enough = all.events == all.wanted;
}

static void close_all(void)
{
    transfer_close(&all.transfer);
    listing_close(&all.listing);
    engine_stop(&all.engine);
}

static void on_stream_end(transfer_t *transfer)
{
    if (!transfer->is_enough)
        bench_fail("the stream has ended");
    close_all();
}

static void begin_stream(void)
{
    char key[600];
    char end[600];

    listing_keys(all.service, key, end);
    (void)snprintf(all.request, sizeof all.request,
                   "{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\","
                   "\"start_revision\":\"%llu\"}}",
                   key, end, (unsigned long long)all.listing.index + 1);
    transfer_open(&all.transfer, &all.engine, on_stream_end, NULL);
    all.transfer.on_body = on_stream;
    transfer_send(&all.transfer, "POST", "/v3/watch", NULL, all.request, strlen(all.request));
    transfer_start(&all.transfer);
}

static void poll_next(uint64_t index)
{
    char target[400];

    (void)snprintf(target, sizeof target,
                   "/v2/keys/services/%s?wait=true&recursive=true&waitIndex=%llu", all.service,
                   (unsigned long long)index);
    transfer_get(&all.transfer, target);
    transfer_start(&all.transfer);
}

static uint64_t read_v2_event(const transfer_t *transfer)
{
    cJSON *tree = cJSON_ParseWithLength(transfer->body, transfer->size);
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(tree, "node");
    const char *action = listing_text(tree, "action");
    const cJSON *index = cJSON_GetObjectItemCaseSensitive(node, "modifiedIndex");
    uint64_t read;
    const char *value;

    if (!cJSON_IsNumber(index))
        bench_fail("an event has no index");
    read = (uint64_t)index->valuedouble;
    if (strcmp(action, "delete") == 0 || strcmp(action, "expire") == 0) {
        (void)listing_text(node, "key");
    } else {
        value = listing_text(node, "value");
        read_host(value, strlen(value));
    }
    cJSON_Delete(tree);
    return read;
}

static void on_poll(transfer_t *transfer)
{
    uint64_t index = read_v2_event(transfer);

    count_event();
    if (all.events < all.wanted)
        poll_next(index + 1);
    else
        close_all();
}

static void on_listed(listing_t *listing)
{
    if (!all.engine.is_v2) {
        begin_stream();
        return;
    }
    transfer_open(&all.transfer, &all.engine, on_poll, NULL);
    poll_next(listing->index + 1);
}

void case_watch(const bench_arguments_t *arguments)
{
    all.service = bench_text(arguments, "service", NULL);
    all.wanted = bench_number(arguments, "events", 100000);
    if (all.wanted < 2)
        bench_fail("events= is at least 2");
    engine_start(&all.engine, arguments, 4);
    listing_open(&all.listing, &all.engine, on_listed, NULL);
    listing_start(&all.listing);
    engine_run(&all.engine);
    bench_report(all.wanted - 1, &all.measure);
    bench_report_end();
    free(all.line);
}
