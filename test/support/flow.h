/* Conversations between a client and scripted servers, on one loop: the client is asked for
 * something, the test waits for the request that this gives, answers it as etcd would, or worse,
 * and reads what the user is told.
 *
 * The client's clock stands still but for flow_advance(). What its timers have due at once runs
 * while the test waits for something.
 *
 * The functions that wait run the loop, so none of them may be called from inside a callback. */
#ifndef TEST_SUPPORT_FLOW_H
#define TEST_SUPPORT_FLOW_H

#include <uvdisco.h>

#include "disco/context.h"
#include "support/scripted_server.h"
#include "support/test.h"

#define FLOW_MOST_SERVERS 3
#define FLOW_MOST_REQUESTS 1024
#define FLOW_MOST_LINES 512

typedef struct flow_s {
    test_loop_t loop;
    server_t *servers[FLOW_MOST_SERVERS];
    size_t server_count;
    char endpoints[128];
    disco_options_t options; /* to be changed before flow_start() */
    disco_client_t *client;
    uv_timer_t pulse;
    bool closed;
    uint64_t pace; /* milliseconds that the clock is turned by at each turn of the loop */
    char *log;     /* every line at every level */
    size_t log_size;
    bool taken[FLOW_MOST_SERVERS][FLOW_MOST_REQUESTS];

    /* What the heads of answers say. */
    const char *cluster; /* NULL: nothing */
    uint64_t raft_term;
    uint64_t raft_index; /* 0: the index of the answer */
} flow_t;

/* A request, and the server that has it. */
typedef struct flow_request_s {
    server_t *server;
    const server_request_t *request;
} flow_request_t;

/* Options: all servers as endpoints, and a watch that is not checked. */
void flow_open(flow_t *flow, size_t servers);
/* Makes the client. Its first endpoint is the first server. */
void flow_start(flow_t *flow);
/* Both. */
void flow_begin(flow_t *flow, size_t servers);
/* Closes the client if there is one, and all else. */
void flow_close(flow_t *flow);
/* Closes the client and waits. */
void flow_close_client(flow_t *flow);

/* Runs the loop until the condition holds; fails after a minute. */
#define flow_wait(flow, condition)                                                                 \
    do {                                                                                           \
        uint64_t began_ = uv_hrtime();                                                             \
        while (!(condition))                                                                       \
            flow_step((flow), began_, #condition, __FILE__, __LINE__);                             \
    } while (0)
void flow_step(flow_t *flow, uint64_t began, const char *what, const char *file, int line);

/* Runs the loop for so long that whatever is on its way between client and servers has come. */
void flow_settle(flow_t *flow);

/* Turns the client's clock. */
void flow_advance(flow_t *flow, uint64_t ms);

/* Waits for a request that was not taken yet, on any server, whose first line begins so: "GET
 * /v2/keys/a?". */
#define flow_expect(flow, line) flow_expect_at((flow), SIZE_MAX, (line), __FILE__, __LINE__)
#define flow_expect_on(flow, server, line)                                                         \
    flow_expect_at((flow), (server), (line), __FILE__, __LINE__)
flow_request_t flow_expect_at(flow_t *flow, size_t server, const char *line, const char *file,
                              int line_number);

/* The same, the clock being turned by little and little until it comes. */
#define flow_expect_later(flow, line) flow_expect_later_at((flow), (line), __FILE__, __LINE__)
flow_request_t flow_expect_later_at(flow_t *flow, const char *line, const char *file,
                                    int line_number);

/* How many requests there are that were not taken; with this beginning; after settling. */
size_t flow_untaken(flow_t *flow, const char *line);
#define flow_expect_no_request(flow) assert_int(flow_untaken((flow), ""), 0)

/* Whole answers, with etcd's header fields. index 0: no field. */
void flow_answer(flow_t *flow, flow_request_t request, int status, uint64_t index,
                 const char *body);
/* {"errorCode":...}, with the status that belongs to it. */
void flow_refuse(flow_t *flow, flow_request_t request, int code, uint64_t index);
/* A poll that is held, and later its event. */
void flow_hold(flow_t *flow, flow_request_t request, uint64_t index);
void flow_event(flow_request_t request, const char *json);
void flow_send(flow_request_t request, const char *bytes);

/* Text that is made as by printf; freed by flow_close(). */
__attribute__((format(printf, 1, 2))) const char *flow_text(const char *format, ...);

/* {"action":"set","node":{"key":...,"value":...}}; both with the same index. */
const char *flow_set(const char *key, const char *value, uint64_t index);
/* action: "delete" or "expire". */
const char *flow_gone(const char *action, const char *key, uint64_t index);

/* Value of a parameter in the body of a request, decoded; "" if there is none. Text as above. */
const char *flow_parameter(flow_request_t request, const char *name);

/* How often a text is in the log. */
size_t flow_logged(const flow_t *flow, const char *text);

/* What a user was told, one line each. */
typedef struct diary_s {
    flow_t *flow;
    size_t count;
    size_t read;
    disco_error_detail_t detail; /* of the last line that has a status; message and endpoint as
                                    texts of flow_text() */
    const char *lines[FLOW_MOST_LINES];
} diary_t;

/* The next line must be this one; waits for it. */
#define diary_expect(diary, line) diary_expect_at((diary), (line), __FILE__, __LINE__)
void diary_expect_at(diary_t *diary, const char *line, const char *file, int line_number);
/* After settling, every line was read. */
#define diary_expect_nothing(diary) diary_expect_nothing_at((diary), __FILE__, __LINE__)
void diary_expect_nothing_at(diary_t *diary, const char *file, int line_number);
void diary_begin(diary_t *diary, flow_t *flow);

/* "PUT /a 1 @7", "DELETE /a @8", "EXPIRE /a @8", "SYNCED", "STALE ETIMEDOUT", "GAP @9",
 * "CLOSED ECANCELED" */
void diary_watch_cb(void *diary, disco_watch_t *watch, const disco_watch_event_t *event);
/* "SNAPSHOT 2", "SYNCED", "UP uuid name", "CHANGED uuid old new", "DOWN uuid name", "INFO user",
 * "STALE ETIMEDOUT", "CLOSED ECANCELED" */
void diary_subscription_cb(void *diary, disco_subscription_t *subscription,
                           const disco_subscription_event_t *event);
/* "READY", "LOST DISCO_ELOST", "RECOVERED", "CREDENTIALS user:password", "UPDATED", "RETRYING
 * ETIMEDOUT", "CLOSED OK" */
void diary_registration_cb(void *diary, disco_registration_t *registration,
                           const disco_registration_event_t *event);
/* "OK" and the entries, " /a=1@7" each, a directory as " /a/"; or the error's name. */
void diary_kv_cb(void *diary, int status, const disco_kv_result_t *result);
/* "OK", the UUIDs of the hosts, and what else there is to say; or the error's name. */
void diary_get_cb(void *diary, int status, const disco_service_t *service);
/* "OK 3.4.23 3.4.0", or the error's name. */
void diary_version_cb(void *diary, int status, const char *server, const char *cluster);

#endif
