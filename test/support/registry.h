/* A client and the registries that its tests' API has, a tiny etcd's, on one loop. Requests are
 * recognised by what they are for, whatever the API; those of each kind are answered at once, or
 * held, or refused, as the test says.
 *
 * With both APIs all of it is done on each: what is held is held on both, and what comes is waited
 * for on both. */
#ifndef TEST_SUPPORT_REGISTRY_H
#define TEST_SUPPORT_REGISTRY_H

#include "support/flow.h"
#include "support/tiny_etcd.h"

typedef enum ask_e {
    ASK_INFO,       /* the info of a service, by itself */
    ASK_HOSTS,      /* on v3 a lookup has the info beside them, in one request */
    ASK_WATCH,      /* v2: each poll; v3: each stream */
    ASK_INFO_WRITE, /* by itself; on v3 only where there is no host to be written */
    ASK_WRITE,      /* of a host */
    ASK_BEAT,
    ASK_REMOVAL, /* of a host */
    ASK_OTHER,
    ASK_COUNT
} ask_t;

typedef enum refusal_e {
    REFUSE_UNAVAILABLE, /* DISCO_EUNAVAILABLE */
    REFUSE_ACCESS,      /* DISCO_EAUTH */
    REFUSE_REQUEST,     /* DISCO_EREFUSED */
    REFUSE_API,         /* there is no such API */
    REFUSE_SENSE        /* DISCO_EPROTOCOL */
} refusal_t;

#define REGISTRY_MOST_WAITING 64

typedef struct registry_s {
    flow_t flow;
    diary_t diary;
    tiny_etcd_t *etcd;
    struct {
        bool held;
        size_t seen[2]; /* by the side */
        size_t refusals[2];
        refusal_t how;
    } asks[ASK_COUNT];
    struct {
        const server_request_t *request;
        ask_t ask;
    } waiting[REGISTRY_MOST_WAITING]; /* those that are held */
    size_t waiting_count;
} registry_t;

/* flow.options may be changed in between. */
void registry_open(registry_t *registry);
void registry_start(registry_t *registry);
/* Both. */
void registry_begin(registry_t *registry);
/* Everything that was told was read. Closes the client, and all else. */
void registry_end(registry_t *registry);

/* How many APIs the test is on. */
size_t registry_sides(void);
/* Whether v2 (0) or v3 (1) is one of them. */
bool registry_is_on(size_t side);

void registry_hold(registry_t *registry, ask_t ask);
/* Answers what waits. */
void registry_pass(registry_t *registry, ask_t ask);
/* The same, and holds no longer. */
void registry_release(registry_t *registry, ask_t ask);
/* So many, from now on, on each side. */
void registry_refuse(registry_t *registry, ask_t ask, refusal_t how, size_t times);

/* Until so many have come on each side, since the beginning. */
#define registry_await(registry, ask, count)                                                       \
    registry_await_at((registry), (ask), (count), __FILE__, __LINE__)
void registry_await_at(registry_t *registry, ask_t ask, size_t count, const char *file, int line);
/* The same, the clock being turned. */
#define registry_await_later(registry, ask, count)                                                 \
    registry_await_later_at((registry), (ask), (count), __FILE__, __LINE__)
void registry_await_later_at(registry_t *registry, ask_t ask, size_t count, const char *file,
                             int line);

/* After settling, so many had come on each side. */
#define registry_assert_seen(registry, ask, count)                                                 \
    registry_assert_seen_at((registry), (ask), (count), __FILE__, __LINE__)
void registry_assert_seen_at(registry_t *registry, ask_t ask, size_t count, const char *file,
                             int line);

/* What waits of a kind, one on each side, is to be answered with a majority of etcd's members. */
void registry_assert_by_quorum(const registry_t *registry, ask_t ask);

/* The next line of the diary is this one; the next lines are, one for each side. */
#define registry_told(registry, line) diary_expect(&(registry)->diary, (line))
#define registry_told_by_each(registry, line)                                                      \
    registry_told_by_each_at((registry), (line), __FILE__, __LINE__)
void registry_told_by_each_at(registry_t *registry, const char *line, const char *file,
                              int line_number);
#define registry_told_nothing(registry) diary_expect_nothing(&(registry)->diary)

/* The same, the clock being turned. */
#define registry_told_later(registry, line)                                                        \
    registry_told_later_at((registry), (line), __FILE__, __LINE__)
void registry_told_later_at(registry_t *registry, const char *line, const char *file,
                            int line_number);

/* Breaks all connections. */
void registry_cut(registry_t *registry);

#endif
