/* handshake: a connection, one lookup, and the connection is closed again, count= times in turn.
 * resumed=1: the TLS session is kept for the next one. */
#include "cases.h"
#include "listing.h"
#include "measure.h"
#include "report.h"

static struct {
    engine_t engine;
    bench_measure_t measure;
    listing_t listing;
    uint64_t warm;
    uint64_t count;
    uint64_t ended;
} all;

static void on_listed(listing_t *listing)
{
    if (++all.ended == all.warm)
        bench_measure_start(&all.measure);
    if (all.ended < all.count) {
        listing_start(listing);
        return;
    }
    bench_measure_stop(&all.measure);
    listing_close(listing);
    engine_stop(&all.engine);
}

static void close_each_time(const transfer_t *transfer, long resumed)
{
    if (curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 1L) != CURLE_OK ||
        curl_easy_setopt(transfer->easy, CURLOPT_SSL_SESSIONID_CACHE, resumed) != CURLE_OK)
        bench_fail("libcurl cannot close connections");
}

void case_handshake(const bench_arguments_t *arguments)
{
    long resumed = bench_number(arguments, "resumed", 0) != 0;

    all.warm = bench_number(arguments, "warm", 2);
    all.count = all.warm + bench_number(arguments, "count", 50);
    if (all.warm == 0 || all.count == all.warm)
        bench_fail("warm= and count= are at least 1");
    engine_start(&all.engine, arguments, 2);
    listing_open(&all.listing, &all.engine, on_listed, NULL);
    close_each_time(&all.listing.hosts_transfer, resumed);
    if (all.listing.has_info)
        close_each_time(&all.listing.info_transfer, resumed);
    listing_start(&all.listing);
    engine_run(&all.engine);
    bench_report(all.count - all.warm, &all.measure);
    bench_report_end();
}
