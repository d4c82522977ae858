/* Raw watches of a v3 client against scripted servers: what is asked for, and the messages of a
 * watch stream. */
#ifndef TEST_SUPPORT_WATCH_FLOW_H
#define TEST_SUPPORT_WATCH_FLOW_H

#include "support/flow.h"

#define WATCH "POST /v3/watch "
#define RANGE "POST /v3/kv/range "
#define WATCH_FLOW_MOST 40

typedef struct watch_flow_s {
    flow_t flow;
    diary_t diaries[WATCH_FLOW_MOST];
    disco_watch_t *watches[WATCH_FLOW_MOST]; /* NULL: closed */
    size_t count;
    uint64_t cluster; /* what headers say; 0: nothing */
    uint64_t term;
} watch_flow_t;

/* Options may be changed between the two. */
void watch_flow_prepare(watch_flow_t *bench, size_t servers);
void watch_flow_start(watch_flow_t *bench);
/* Closes what is open and asserts that nothing was left unread or unanswered. */
void watch_flow_end(watch_flow_t *bench);

/* Watches a key and all below it; gives its number. */
size_t watch_flow_add(watch_flow_t *bench, const char *key, uint64_t from);
void watch_flow_close(watch_flow_t *bench, size_t number);

/* The create_request of such a watch. start 0: from now. */
const char *watch_asked(size_t id, const char *key, uint64_t start);

/* The next request must be a watch that asks for this. */
#define watch_expect(bench, body) watch_expect_at((bench), (body), false, __FILE__, __LINE__)
/* The same, the clock being turned until it comes. */
#define watch_expect_later(bench, body) watch_expect_at((bench), (body), true, __FILE__, __LINE__)
flow_request_t watch_expect_at(watch_flow_t *bench, const char *body, bool later, const char *file,
                               int line);

/* The head of the answer; then its messages, each in a chunk of its own. */
void watch_begin(flow_request_t request);
void watch_say(flow_request_t request, const char *json);

/* {"result":{"header":...,fields}} */
const char *watch_result(const watch_flow_t *bench, uint64_t revision, const char *fields);
void watch_created(const watch_flow_t *bench, flow_request_t request, size_t id, uint64_t revision);
void watch_events(const watch_flow_t *bench, flow_request_t request, size_t id, uint64_t revision,
                  const char *events);
/* Without events. */
void watch_progress(const watch_flow_t *bench, flow_request_t request, size_t id,
                    uint64_t revision);
const char *watch_put(const char *key, const char *value, uint64_t revision);
const char *watch_deleted(const char *key, uint64_t revision);

#endif
