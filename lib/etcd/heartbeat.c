#include "etcd/heartbeat.h"

#include <string.h>

#include "base/random.h"

#define ATTEMPT_LEAST_MS 250
#define ATTEMPTS_IN_TTL 6
#define NEVER UINT64_MAX

/* The part of the interval by which a heartbeat may come early, to be sent in one turn of the loop
 * with others: many that are spread over the interval come in no fewer than so many turns. */
#define EARLY_PART 40
#define EARLY_MOST_MS 1000

/* A third of the TTL, so that two may fail, less up to a tenth of it, so that the heartbeats of
 * many do not come together. */
static uint64_t interval(disco__heartbeat_t *heartbeat)
{
    uint64_t third = heartbeat->ttl_ms / 3;

    return third - disco__random_below(&heartbeat->loop->random, third / 10 + 1);
}

static uint32_t early(uint64_t interval_ms)
{
    uint64_t part = interval_ms / EARLY_PART;

    return part < EARLY_MOST_MS ? (uint32_t)part : EARLY_MOST_MS;
}

/* early_ms: of the next one; the end is never early. */
static void plan(disco__heartbeat_t *heartbeat, uint32_t early_ms)
{
    bool ends = heartbeat->end_ms <= heartbeat->next_ms;
    uint64_t due_ms = ends ? heartbeat->end_ms : heartbeat->next_ms;

    heartbeat->timer.early_ms = ends ? 0 : early_ms;
    if (due_ms == NEVER)
        disco__timer_stop(heartbeat->loop, &heartbeat->timer);
    else
        disco__timer_start_at(heartbeat->loop, &heartbeat->timer, due_ms);
}

static void on_timer(disco__timer_t *timer)
{
    disco__heartbeat_t *heartbeat = disco__container_of(timer, disco__heartbeat_t, timer);

    if (heartbeat->end_ms <= heartbeat->next_ms) {
        heartbeat->end_ms = NEVER;
        plan(heartbeat, 0);
        heartbeat->overdue(heartbeat);
    } else {
        heartbeat->next_ms = NEVER;
        plan(heartbeat, 0);
        heartbeat->beat(heartbeat);
    }
}

void disco__heartbeat_init(disco__heartbeat_t *heartbeat, disco__loop_t *loop, uint64_t ttl_ms,
                           void (*beat)(disco__heartbeat_t *heartbeat),
                           void (*overdue)(disco__heartbeat_t *heartbeat))
{
    memset(heartbeat, 0, sizeof *heartbeat);
    heartbeat->loop = loop;
    heartbeat->ttl_ms = ttl_ms;
    heartbeat->beat = beat;
    heartbeat->overdue = overdue;
    heartbeat->next_ms = NEVER;
    heartbeat->end_ms = NEVER;
    disco__timer_init(&heartbeat->timer, on_timer);
}

void disco__heartbeat_acknowledged(disco__heartbeat_t *heartbeat, uint64_t sent_ms)
{
    uint64_t wait_ms = interval(heartbeat);

    heartbeat->end_ms = sent_ms + heartbeat->ttl_ms;
    heartbeat->next_ms = disco__now(heartbeat->loop) + wait_ms;
    plan(heartbeat, early(wait_ms));
}

void disco__heartbeat_again(disco__heartbeat_t *heartbeat, uint64_t wait_ms)
{
    heartbeat->next_ms = disco__now(heartbeat->loop) + wait_ms;
    plan(heartbeat, 0);
}

void disco__heartbeat_stop(disco__heartbeat_t *heartbeat)
{
    heartbeat->next_ms = NEVER;
    heartbeat->end_ms = NEVER;
    plan(heartbeat, 0);
}

uint32_t disco__heartbeat_attempt_ms(uint64_t ttl_ms, uint32_t most_ms)
{
    uint64_t part = ttl_ms / ATTEMPTS_IN_TTL;

    if (part < ATTEMPT_LEAST_MS)
        part = ATTEMPT_LEAST_MS;
    return part < most_ms ? (uint32_t)part : most_ms;
}
