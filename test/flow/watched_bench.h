/* A watch of "/w" on a v3 stream, and what the stream says. */
#ifndef TEST_FLOW_WATCHED_BENCH_H
#define TEST_FLOW_WATCHED_BENCH_H

#include "support/watch_flow.h"

static watch_flow_t bench;

#define DIARY (&bench.diaries[0])

static inline flow_request_t asks_later_from(uint64_t start)
{
    return watch_expect_later(&bench, watch_asked(1, "/w", start));
}

static inline void created(flow_request_t line, uint64_t revision)
{
    watch_begin(line);
    watch_created(&bench, line, 1, revision);
}

static inline void put(flow_request_t line, uint64_t revision)
{
    watch_events(&bench, line, 1, revision, watch_put("/w/a", "on", revision));
}

/* After trouble it is asked from 7 on, and an event comes. */
static inline void goes_on_from_7(void)
{
    flow_request_t line = asks_later_from(7);

    created(line, 8);
    put(line, 7);
    diary_expect(DIARY, "SYNCED");
    diary_expect(DIARY, "PUT /w/a on @7");
}

#endif
