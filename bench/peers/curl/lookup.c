/* lookup: callers that each begin the next lookup when their last has ended; the first measured one
 * begins when all before have ended. shared: rounds of callers that ask all at once: with libcurl
 * each is a request of its own. */
#include <stdlib.h>

#include "cases.h"
#include "listing.h"
#include "measure.h"
#include "report.h"

static struct {
    engine_t engine;
    bench_measure_t measure;
    listing_t *callers;
    size_t caller_count;
    size_t waiting; /* shared: callers of this round without an answer */
    uint64_t warm;
    uint64_t count;   /* all operations */
    uint64_t allowed; /* to begin by now */
    uint64_t begun;
    uint64_t ended;
    uint64_t requests; /* in the warm-up */
} all;

static void finish(void)
{
    size_t i;

    bench_measure_stop(&all.measure);
    for (i = 0; i < all.caller_count; i++)
        listing_close(&all.callers[i]);
    engine_stop(&all.engine);
}

static void end_one(void)
{
    all.ended++;
    if (all.ended == all.warm) {
        all.requests = all.engine.requests;
        all.allowed = all.count;
        bench_measure_start(&all.measure);
    }
    if (all.ended == all.count)
        finish();
}

static void begin(listing_t *listing)
{
    all.begun++;
    listing_start(listing);
}

static void begin_all(void)
{
    size_t i;

    for (i = 0; i < all.caller_count && all.begun < all.allowed; i++)
        begin(&all.callers[i]);
}

static void on_listed(listing_t *listing)
{
    end_one();
    if (all.ended == all.warm)
        begin_all();
    else if (all.begun < all.allowed)
        begin(listing);
}

static void begin_round(void)
{
    size_t i;

    all.waiting = all.caller_count;
    for (i = 0; i < all.caller_count; i++)
        listing_start(&all.callers[i]);
}

static void on_shared(listing_t *listing)
{
    (void)listing;
    if (--all.waiting > 0)
        return;
    end_one();
    if (all.ended < all.count)
        begin_round();
}

static void set_up(const bench_arguments_t *arguments, listing_cb on_done)
{
    size_t i;

    all.caller_count = bench_number(arguments, "concurrency", 1);
    all.warm = bench_number(arguments, "warm", all.caller_count);
    all.count = all.warm + bench_number(arguments, "count", 1000);
    all.allowed = all.warm;
    if (all.caller_count == 0 || all.warm == 0 || all.count == all.warm)
        bench_fail("concurrency=, warm= and count= are at least 1");
    engine_start(&all.engine, arguments, all.caller_count * 2);
    all.callers = bench_allocate(all.caller_count, sizeof *all.callers);
    for (i = 0; i < all.caller_count; i++)
        listing_open(&all.callers[i], &all.engine, on_done, NULL);
}

static void run(void)
{
    engine_run(&all.engine);
    bench_report(all.count - all.warm, &all.measure);
    bench_report_number("requests", all.engine.requests - all.requests);
    bench_report_end();
    free(all.callers);
}

void case_lookup(const bench_arguments_t *arguments)
{
    set_up(arguments, on_listed);
    begin_all();
    run();
}

void case_shared(const bench_arguments_t *arguments)
{
    set_up(arguments, on_shared);
    begin_round();
    run();
}
