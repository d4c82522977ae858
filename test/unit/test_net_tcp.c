#include "support/test.h"

#include <stdlib.h>

#include <uvdisco/error.h>

#include "base/timer.h"
#include "support/net_fixture.h"
#include "support/net_server.h"

static net_t net;
static disco__target_t target;
static net_server_t *server;

static void set_up(net_server_way_t way)
{
    net_open(&net);
    server = net_server_new(&net.loop, &(net_server_options_t){.way = way});
    assert_non_null(server);
    assert_int(disco__target_init(&target, "127.0.0.1", server->port, NULL), 0);
}

static void tear_down(void)
{
    disco__target_free(&target);
    net_server_free(server);
    net_close(&net);
}

DISCO_TEST(echo)
{
    talk_t talk = {.say = "hello", .wanted = 5};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    assert_string_equal(talk.first, "hello");
    talk_close(&talk);
    assert_int(talk.calls, 1);
    tear_down();
}

DISCO_TEST(large_data_goes_through_whole)
{
    const size_t size = 12 * 1024 * 1024;
    talk_t talk = {.wanted = size};
    char *bytes = malloc(size);
    size_t i;

    assert_non_null(bytes);
    for (i = 0; i < size; i++)
        bytes[i] = (char)(i * 7 + i / 253);
    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_int(talk_send(&talk, bytes, size), 0);
    loop_run_until(&net.loop, &talk.got);
    assert_int(talk.received, size);
    assert_true(talk.sum == talk_sum(0, 0, bytes, size));
    talk_close(&talk);
    free(bytes);
    tear_down();
}

DISCO_TEST(empty_write_is_nothing)
{
    talk_t talk = {.wanted = 1};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_int(talk_send(&talk, "", 0), 0);
    assert_int(talk_send(&talk, "x", 1), 0);
    loop_run_until(&net.loop, &talk.got);
    assert_int(talk.received, 1);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(writes_that_are_sent_at_once_allocate_nothing)
{
    static const char request[400] = "x";
    talk_t talk = {.wanted = 2 * sizeof request};
    size_t before;

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    before = heap_count();
    assert_int(talk_send(&talk, request, sizeof request), 0);
    assert_int(talk_send(&talk, request, sizeof request), 0);
    assert_int(heap_count() - before, 0);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(peer_ends)
{
    talk_t talk = {.close_in = TALK_CLOSE_IN_END};

    set_up(NET_CLOSE_AT_ONCE);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.ended);
    assert_status(talk.failure.status, UV_EOF);
    tear_down();
}

DISCO_TEST(peer_resets)
{
    talk_t talk = {.say = "x"};

    set_up(NET_RESET_ON_BYTES);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.ended);
    assert_status(talk.failure.status, UV_ECONNRESET);
    assert_status(talk_send(&talk, "y", 1), UV_EPIPE);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(refused)
{
    talk_t talk = {0};

    set_up(NET_ECHO);
    net_server_free(server);
    loop_turn(&net.loop);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_status(talk.failure.status, UV_ECONNREFUSED);
    assert_non_null(strstr(talk.failure.message, "127.0.0.1"));
    disco__target_free(&target);
    net_close(&net);
}

DISCO_TEST(name)
{
    talk_t talk = {.say = "hi", .wanted = 2};

    set_up(NET_ECHO);
    disco__target_free(&target);
    assert_int(disco__target_init(&target, "localhost", server->port, NULL), 0);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(ipv6_literal)
{
    talk_t talk = {.say = "hi", .wanted = 2};

    net_open(&net);
    server = net_server_new(&net.loop, &(net_server_options_t){.way = NET_ECHO, .address = "::1"});
    if (server == NULL) {
        net_close(&net);
        skip();
    }
    assert_int(disco__target_init(&target, "::1", server->port, NULL), 0);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(unknown_name)
{
    talk_t talk = {0};

    net_open(&net);
    assert_int(disco__target_init(&target, "no-such-host.invalid", 1, NULL), 0);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_true(talk.failure.status < 0);
    assert_non_null(strstr(talk.failure.message, "no-such-host.invalid"));
    disco__target_free(&target);
    net_close(&net);
}

/* A name that no resolver takes, so that libuv refuses at once; still told on a later turn. */
DISCO_TEST(name_that_is_too_long)
{
    char name[400];
    talk_t talk = {0};

    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    net_open(&net);
    assert_int(disco__target_init(&target, name, 1, NULL), 0);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_true(talk.failure.status < 0);
    disco__target_free(&target);
    net_close(&net);
}

/* After n turns of the loop, for every n until the dial is through. */
static void cancel_after_turns(const char *host)
{
    bool finished = false;
    int turns;

    for (turns = 0; !finished; turns++) {
        talk_t talk = {.say = "x", .wanted = 1};
        int i;

        net_open(&net);
        server = net_server_new(&net.loop, &(net_server_options_t){.way = NET_ECHO});
        assert_int(disco__target_init(&target, host, server->port, NULL), 0);
        assert_int(talk_dial(&talk, &net, &target), 0);
        for (i = 0; i < turns && !talk.got; i++)
            (void)uv_run(&net.loop.uv, i == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        finished = talk.got;
        assert_false(talk.done && talk.failure.status != 0);
        talk_close(&talk);
        tear_down();
        assert_true(talk.calls <= 1);
    }
}

DISCO_TEST(cancelled_at_each_step)
{
    cancel_after_turns("127.0.0.1");
}

DISCO_TEST(cancelled_at_each_step_with_a_name)
{
    cancel_after_turns("localhost");
}

DISCO_TEST(closed_in_dial_callback)
{
    talk_t talk = {.close_in = TALK_CLOSE_IN_DIAL};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    tear_down();
}

DISCO_TEST(closed_in_data_callback)
{
    talk_t talk = {.close_in = TALK_CLOSE_IN_DATA, .say = "x", .wanted = 1};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    tear_down();
}

DISCO_TEST(closed_with_writes_under_way)
{
    const size_t size = 12 * 1024 * 1024;
    talk_t talk = {0};
    char *bytes = calloc(1, size);

    assert_non_null(bytes);
    set_up(NET_STALL);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_int(talk_send(&talk, bytes, size), 0);
    assert_int(talk_send(&talk, bytes, size), 0);
    talk_close(&talk);
    free(bytes);
    tear_down();
}

DISCO_TEST(background_stream_does_not_keep_the_loop_alive)
{
    talk_t talk = {0};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    disco__stream_set_background(talk.stream, true);
    loop_run(&net.loop);
    disco__stream_set_background(talk.stream, false);
    assert_int(uv_loop_alive(&net.loop.uv), 1);
    talk_close(&talk);
    tear_down();
}

/* Connections that wait hold no buffer; all share one. */
DISCO_TEST(idle_streams_share_one_buffer)
{
    talk_t talks[8];
    size_t before;
    size_t i;

    memset(talks, 0, sizeof talks);
    set_up(NET_ECHO);
    before = heap_live();
    for (i = 0; i < 8; i++) {
        talks[i].say = "x";
        talks[i].wanted = 1;
        assert_int(talk_dial(&talks[i], &net, &target), 0);
        loop_run_until(&net.loop, &talks[i].got);
    }
    /* one block a stream, and the buffer */
    assert_int(heap_live() - before, 9);
    for (i = 0; i < 8; i++)
        talk_close(&talks[i]);
    tear_down();
}

static void echo_or_fail(void *data)
{
    const char *host = data;
    talk_t talk = {.say = "hello", .wanted = 5};

    net_open(&net);
    server = net_server_new(&net.loop, &(net_server_options_t){.way = NET_ECHO});
    if (disco__target_init(&target, host, server->port, NULL) == 0) {
        if (talk_dial(&talk, &net, &target) == 0) {
            while (!talk.got && !talk.ended && !(talk.done && talk.stream == NULL))
                (void)uv_run(&net.loop.uv, UV_RUN_ONCE);
            assert_true(talk.got || heap_has_failed());
            talk_close(&talk);
        }
        disco__target_free(&target);
    }
    net_server_free(server);
    net_close(&net);
}

DISCO_TEST(each_allocation_fails)
{
    char host[] = "127.0.0.1";

    heap_sweep(echo_or_fail, host);
}

DISCO_TEST(each_allocation_fails_with_a_name)
{
    char host[] = "localhost";

    heap_sweep(echo_or_fail, host);
}
