/* memory: what=connection: callers with a connection each, on v2 with info=1 two, that has been
 * used and is idle now. what=snapshot: the hosts of a service, decoded. Bytes as the C library has
 * them allocated, of this program, libcurl and its TLS alike, and as the process has grown. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "listing.h"
#include "measure.h"
#include "report.h"

static struct {
    engine_t engine;
    bench_measure_t measure;
    listing_t *callers;
    size_t caller_count;
    uint64_t count;
    size_t there;
    uint64_t bytes; /* before */
    uint64_t resident;
    int is_snapshot;
} all;

static uint64_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void drop_body(transfer_t *transfer)
{
    free(transfer->body);
    transfer->body = NULL;
    transfer->size = 0;
    transfer->room = 0;
}

/* What a connection does not need when it is idle. */
static void drop_bodies(void)
{
    size_t i;

    for (i = 0; i < all.caller_count; i++) {
        drop_body(&all.callers[i].hosts_transfer);
        drop_body(&all.callers[i].info_transfer);
        if (!all.is_snapshot)
            hosts_free(&all.callers[i].hosts);
    }
}

static void report(void)
{
    uint64_t bytes;
    uint64_t resident;

    bench_measure_stop(&all.measure);
    drop_bodies();
    bytes = allocated() - all.bytes;
    resident = bench_resident();
    resident = resident > all.resident ? resident - all.resident : 0;
    bench_report(all.count, &all.measure);
    bench_report_fraction("bytes_each", (double)bytes / (double)all.count);
    bench_report_fraction("resident_each", (double)resident / (double)all.count);
    bench_report_end();
}

/* When all have listed at once, each has a connection of its own. */
static void on_listed(listing_t *listing)
{
    size_t i;

    if (++all.there < all.caller_count)
        return;
    if (all.is_snapshot)
        all.count = listing->hosts.count;
    report();
    for (i = 0; i < all.caller_count; i++)
        listing_close(&all.callers[i]);
    engine_stop(&all.engine);
}

void case_memory(const bench_arguments_t *arguments)
{
    const char *what = bench_text(arguments, "what", NULL);
    size_t i;

    all.is_snapshot = strcmp(what, "snapshot") == 0;
    if (!all.is_snapshot && strcmp(what, "connection") != 0)
        bench_decline("what=%s", what);
    all.count = bench_number(arguments, "count", 1);
    all.caller_count = all.is_snapshot ? 1 : all.count;
    if (all.caller_count == 0)
        bench_fail("count= is at least 1");
    all.callers = bench_allocate(all.caller_count, sizeof *all.callers);
    engine_start(&all.engine, arguments, all.caller_count * 2);
    all.bytes = allocated();
    all.resident = bench_resident();
    bench_measure_start(&all.measure);
    for (i = 0; i < all.caller_count; i++) {
        listing_open(&all.callers[i], &all.engine, on_listed, NULL);
        listing_start(&all.callers[i]);
    }
    engine_run(&all.engine);
    free(all.callers);
}
