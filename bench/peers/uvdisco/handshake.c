/* handshake: a connection by TLS, one lookup, and the connection is closed again, count= times in
 * turn. resumed=1: by one client, which keeps the session for the next connection; else by a new
 * client each time. */
#include "cases.h"
#include "measure.h"
#include "report.h"

typedef struct handshake_s {
    uv_loop_t loop;
    uv_timer_t pause;
    bench_guard_t guard;
    bench_measure_t measure;
    const bench_arguments_t *arguments;
    disco_client_t *client;
    uint64_t resumed;
    uint64_t warm;
    uint64_t count;
    uint64_t ended;
} handshake_t;

static void begin(handshake_t *handshake);

static void on_client_closed(void *data, int status)
{
    handshake_t *handshake = data;

    (void)status;
    handshake->client = NULL;
    begin(handshake);
}

static void on_paused(uv_timer_t *timer)
{
    begin(timer->data);
}

/* An unused connection of this client lives for a millisecond. */
static void go_on(handshake_t *handshake)
{
    if (handshake->resumed != 0)
        bench_check(uv_timer_start(&handshake->pause, on_paused, 5, 0), "timer");
    else
        bench_check(disco_client_close(handshake->client, on_client_closed, handshake), "closing");
}

static void on_service(void *data, int status, const disco_service_t *service)
{
    handshake_t *handshake = data;

    (void)service;
    case_check(handshake->client, status, "lookup");
    handshake->guard.alive++;
    if (++handshake->ended == handshake->warm)
        bench_measure_start(&handshake->measure);
    if (handshake->ended < handshake->count) {
        go_on(handshake);
        return;
    }
    bench_measure_stop(&handshake->measure);
    bench_guard_stop(&handshake->guard);
    uv_close((uv_handle_t *)&handshake->pause, NULL);
    bench_check(disco_client_close(handshake->client, NULL, NULL), "closing");
}

static void begin(handshake_t *handshake)
{
    if (handshake->client == NULL)
        handshake->client = case_client(&handshake->loop, handshake->arguments);
    case_check(handshake->client,
               disco_get(handshake->client, bench_text(handshake->arguments, "service", NULL), NULL,
                         on_service, handshake, NULL),
               "lookup");
}

void case_handshake(const bench_arguments_t *arguments)
{
    static handshake_t handshake;

    bench_check(uv_loop_init(&handshake.loop), "loop");
    bench_check(uv_timer_init(&handshake.loop, &handshake.pause), "timer");
    handshake.pause.data = &handshake;
    bench_guard_start(&handshake.guard, &handshake.loop, arguments);
    handshake.arguments = arguments;
    handshake.resumed = bench_number(arguments, "resumed", 0);
    handshake.warm = bench_number(arguments, "warm", 2);
    handshake.count = handshake.warm + bench_number(arguments, "count", 50);
    begin(&handshake);
    uv_run(&handshake.loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&handshake.loop), "closing the loop");
    bench_report(handshake.count - handshake.warm, &handshake.measure);
    bench_report_end();
}
