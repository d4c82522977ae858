/* Dialling by name, with getaddrinfo() in this file's own hands: several addresses, failures, and
 * answers that do not come. */
#include "support/test.h"

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uvdisco/error.h>

#include "base/timer.h"
#include "support/net_fixture.h"
#include "support/net_server.h"

static struct {
    const char *addresses[8]; /* NULL behind the last */
    int error;
    bool blocked;
    uv_sem_t go_on;
    atomic_int calls;
} resolver;

typedef struct answer_s {
    struct addrinfo entry;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
} answer_t;

/* Both take the place of the system's, for libuv too; so they must be seen from outside. */
__attribute__((visibility("default"))) int getaddrinfo(const char *host, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **result)
{
    struct addrinfo **link = result;
    size_t i;

    (void)host;
    (void)service;
    (void)hints;
    atomic_fetch_add(&resolver.calls, 1);
    if (resolver.blocked)
        uv_sem_wait(&resolver.go_on);
    *result = NULL;
    if (resolver.error != 0)
        return resolver.error;
    for (i = 0; resolver.addresses[i] != NULL; i++) {
        answer_t *answer = calloc(1, sizeof *answer);

        if (answer == NULL)
            return EAI_MEMORY;
        if (uv_ip4_addr(resolver.addresses[i], 0, &answer->address.v4) == 0) {
            answer->entry.ai_family = AF_INET;
            answer->entry.ai_addrlen = sizeof answer->address.v4;
        } else {
            (void)uv_ip6_addr(resolver.addresses[i], 0, &answer->address.v6);
            answer->entry.ai_family = AF_INET6;
            answer->entry.ai_addrlen = sizeof answer->address.v6;
        }
        answer->entry.ai_addr = &answer->address.any;
        *link = &answer->entry;
        link = &answer->entry.ai_next;
    }
    return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *result)
{
    while (result != NULL) {
        struct addrinfo *next = result->ai_next;

        free(result); /* the first member of an answer_t */
        result = next;
    }
}

static net_t net;
static disco__target_t target;
static net_server_t *server;

static void set_up(const char *listening)
{
    net_open(&net);
    server =
        net_server_new(&net.loop, &(net_server_options_t){.way = NET_ECHO, .address = listening});
    if (server == NULL) {
        net_close(&net);
        skip(); /* no IPv6 here */
    }
    assert_int(disco__target_init(&target, "etcd.example", server->port, NULL), 0);
}

static void tear_down(void)
{
    disco__target_free(&target);
    net_server_free(server);
    net_close(&net);
}

static void echo_through(void)
{
    talk_t talk = {.say = "hi", .wanted = 2};

    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_status(talk.failure.status, 0);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
}

DISCO_TEST(only_the_ipv4_address_listens)
{
    resolver.addresses[0] = "::1";
    resolver.addresses[1] = "127.0.0.1";
    set_up("127.0.0.1");
    echo_through();
    tear_down();
}

DISCO_TEST(only_the_ipv6_address_listens)
{
    resolver.addresses[0] = "127.0.0.1";
    resolver.addresses[1] = "::1";
    set_up("::1");
    echo_through();
    tear_down();
}

DISCO_TEST(only_the_last_address_listens)
{
    resolver.addresses[0] = "127.0.0.2";
    resolver.addresses[1] = "127.0.0.3";
    resolver.addresses[2] = "::1";
    resolver.addresses[3] = "127.0.0.1";
    set_up("127.0.0.1");
    echo_through();
    tear_down();
}

DISCO_TEST(no_address_listens)
{
    talk_t talk = {0};

    resolver.addresses[0] = "127.0.0.2";
    resolver.addresses[1] = "127.0.0.3";
    set_up("127.0.0.1");
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_status(talk.failure.status, UV_ECONNREFUSED);
    assert_non_null(strstr(talk.failure.message, "127.0.0.3"));
    tear_down();
}

DISCO_TEST(literal_is_not_resolved)
{
    set_up("127.0.0.1");
    disco__target_free(&target);
    assert_int(disco__target_init(&target, "127.0.0.1", server->port, NULL), 0);
    echo_through();
    assert_int(atomic_load(&resolver.calls), 0);
    tear_down();
}

static void resolve_to_nothing(int error, int expected)
{
    talk_t talk = {0};

    resolver.error = error;
    set_up("127.0.0.1");
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_status(talk.failure.status, expected);
    tear_down();
}

DISCO_TEST(name_is_not_known)
{
    resolve_to_nothing(EAI_NONAME, UV_EAI_NONAME);
}

DISCO_TEST(resolver_is_out_of_memory)
{
    resolve_to_nothing(EAI_MEMORY, UV_ENOMEM);
}

DISCO_TEST(resolver_gives_an_empty_list)
{
    resolve_to_nothing(0, UV_EAI_NODATA);
}

static void block(void)
{
    assert_int(uv_sem_init(&resolver.go_on, 0), 0);
    resolver.blocked = true;
}

/* Until the pool's thread is in getaddrinfo(), where libuv can no longer cancel it. */
static void run_until_resolving(void)
{
    while (atomic_load(&resolver.calls) == 0)
        loop_turn(&net.loop);
}

static void unblock(void)
{
    uv_sem_post(&resolver.go_on);
}

DISCO_TEST(resolving_takes_too_long)
{
    talk_t talk = {0};

    resolver.addresses[0] = "127.0.0.1";
    block();
    set_up("127.0.0.1");
    disco__clock_set_manual(&net.disco);
    assert_int(talk_dial_within(&talk, &net, &target, 1000, 1000), 0);
    run_until_resolving();
    disco__clock_advance(&net.disco, 999);
    assert_false(talk.done);
    disco__clock_advance(&net.disco, 1);
    assert_true(talk.done);
    assert_status(talk.failure.status, UV_ETIMEDOUT);
    unblock();
    tear_down();
    assert_int(talk.calls, 1);
    uv_sem_destroy(&resolver.go_on);
}

/* The loop must not close while the pool's thread may still write to the dial. */
DISCO_TEST(cancelled_while_the_resolver_is_blocked)
{
    talk_t talk = {0};
    int i;

    resolver.addresses[0] = "127.0.0.1";
    block();
    set_up("127.0.0.1");
    assert_int(talk_dial(&talk, &net, &target), 0);
    run_until_resolving();
    talk_close(&talk);
    disco__target_free(&target);
    assert_true(net.disco.pending > 0);
    for (i = 0; i < 5; i++)
        loop_turn(&net.loop);
    assert_true(net.disco.pending > 0);
    unblock();
    net_server_free(server);
    net_close(&net);
    assert_int(talk.calls, 0);
    uv_sem_destroy(&resolver.go_on);
}

/* More names than libuv's pool has threads: the last ones are still in its queue. */
DISCO_TEST(cancelled_while_waiting_for_the_resolver)
{
    talk_t talks[8];
    int i;

    memset(talks, 0, sizeof talks);
    resolver.addresses[0] = "127.0.0.1";
    block();
    set_up("127.0.0.1");
    for (i = 0; i < 8; i++)
        assert_int(talk_dial(&talks[i], &net, &target), 0);
    run_until_resolving();
    for (i = 0; i < 8; i++)
        talk_close(&talks[i]);
    for (i = 0; i < 8; i++)
        unblock();
    tear_down();
    for (i = 0; i < 8; i++)
        assert_int(talks[i].calls, 0);
}

/* A listener whose queue is full: Linux drops what comes, so that connecting takes forever. */
typedef struct full_s {
    int listener;
    int in_queue[4];
} full_t;

static void full_open(full_t *full, const char *address, uint16_t port)
{
    struct sockaddr_in at;
    size_t i;

    assert_int(uv_ip4_addr(address, port, &at), 0);
    full->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(full->listener >= 0);
    assert_int(bind(full->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int(listen(full->listener, 0), 0);
    for (i = 0; i < 4; i++) {
        full->in_queue[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        assert_true(full->in_queue[i] >= 0);
        if (connect(full->in_queue[i], (struct sockaddr *)&at, sizeof at) != 0)
            assert_int(errno, EINPROGRESS);
    }
}

static void full_close(full_t *full)
{
    size_t i;

    for (i = 0; i < 4; i++)
        (void)close(full->in_queue[i]);
    (void)close(full->listener);
}

/* Until the dial has its answer from the resolver and a handle to connect. */
static void run_until_connecting(void)
{
    while (disco__queue_empty(&net.disco.handles))
        (void)uv_run(&net.loop.uv, UV_RUN_ONCE);
}

DISCO_TEST(address_that_does_not_answer_gets_its_share_of_the_time)
{
    talk_t talk = {.say = "hi", .wanted = 2};
    full_t full;

    resolver.addresses[0] = "127.0.0.2";
    resolver.addresses[1] = "127.0.0.1";
    set_up("127.0.0.1");
    full_open(&full, "127.0.0.2", server->port);
    disco__clock_set_manual(&net.disco);
    assert_int(talk_dial_within(&talk, &net, &target, 1000, 1000), 0);
    loop_turn(&net.loop);
    run_until_resolving();
    run_until_connecting();
    disco__clock_advance(&net.disco, 499);
    assert_int(server->accepted, 0);
    disco__clock_advance(&net.disco, 1);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
    full_close(&full);
    tear_down();
}

DISCO_TEST(no_address_answers_in_time)
{
    talk_t talk = {0};
    full_t full;

    resolver.addresses[0] = "127.0.0.2";
    set_up("127.0.0.1");
    full_open(&full, "127.0.0.2", server->port);
    disco__clock_set_manual(&net.disco);
    assert_int(talk_dial_within(&talk, &net, &target, 1000, 1000), 0);
    loop_turn(&net.loop);
    run_until_resolving();
    run_until_connecting();
    disco__clock_advance(&net.disco, 999);
    assert_false(talk.done);
    disco__clock_advance(&net.disco, 1);
    assert_true(talk.done);
    assert_status(talk.failure.status, UV_ETIMEDOUT);
    full_close(&full);
    tear_down();
}

/* Little time and many addresses: each gets the least share, and the last ones none. */
DISCO_TEST(time_is_up_before_all_addresses_are_tried)
{
    talk_t talk = {0};
    full_t first;
    full_t second;

    resolver.addresses[0] = "127.0.0.2";
    resolver.addresses[1] = "127.0.0.3";
    resolver.addresses[2] = "127.0.0.1";
    set_up("127.0.0.1");
    full_open(&first, "127.0.0.2", server->port);
    full_open(&second, "127.0.0.3", server->port);
    disco__clock_set_manual(&net.disco);
    assert_int(talk_dial_within(&talk, &net, &target, 400, 1000), 0);
    loop_turn(&net.loop);
    run_until_resolving();
    run_until_connecting();
    disco__clock_advance(&net.disco, 250);
    assert_false(talk.done);
    disco__clock_advance(&net.disco, 150);
    assert_true(talk.done);
    assert_status(talk.failure.status, UV_ETIMEDOUT);
    assert_non_null(strstr(talk.failure.message, "127.0.0.3"));
    assert_int(server->accepted, 0);
    full_close(&first);
    full_close(&second);
    tear_down();
}

DISCO_TEST(cancelled_while_connecting)
{
    talk_t talk = {0};
    full_t full;

    resolver.addresses[0] = "127.0.0.2";
    set_up("127.0.0.1");
    full_open(&full, "127.0.0.2", server->port);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_turn(&net.loop);
    run_until_resolving();
    run_until_connecting();
    talk_close(&talk);
    assert_int(talk.calls, 0);
    full_close(&full);
    tear_down();
}
