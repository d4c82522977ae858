/* Data over TLS, how it ends, and sessions that are resumed. */
#include "support/test.h"

#include <stdlib.h>

#include <uvdisco/error.h>

#include "net/tls.h"
#include "support/net_fixture.h"
#include "support/net_server.h"

static identity_t *ca;
static identity_t *identity;
static net_t net;
static net_server_t *server;
static disco__tls_t *tls;
static disco__target_t target;

static void set_up_options(net_server_options_t options)
{
    disco__tls_options_t trust = {.source = DISCO_TLS_MEMORY};
    const char *at_fault;

    ca = identity_new(&(identity_spec_t){.name = "CA", .ca = true});
    identity = identity_new(
        &(identity_spec_t){.name = "etcd", .names = "localhost,127.0.0.1", .issuer = ca});
    options.identity = identity;
    trust.ca = ca->certificate;
    net_open(&net);
    server = net_server_new(&net.loop, &options);
    assert_non_null(server);
    assert_int(disco__tls_new(&tls, &net.disco, &trust, &at_fault), 0);
    assert_int(disco__target_init(&target, "127.0.0.1", server->port, tls), 0);
}

static void set_up(net_server_way_t way)
{
    set_up_options((net_server_options_t){.way = way});
}

static void tear_down(void)
{
    disco__target_free(&target);
    disco__tls_free(tls);
    net_server_free(server);
    net_close(&net);
}

static void echo_once(void)
{
    talk_t talk = {.say = "hello", .wanted = 5};

    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
}

DISCO_TEST(large_data_goes_through_whole)
{
    const size_t size = 3 * 1024 * 1024 + 1;
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

/* But for what mbedTLS itself takes. */
DISCO_TEST(small_writes_that_repeat_allocate_nothing)
{
    static const char request[400] = "x";
    talk_t talk = {.wanted = 3 * sizeof request};
    size_t before;

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_int(talk_send(&talk, request, sizeof request), 0);
    before = heap_count();
    assert_int(talk_send(&talk, request, sizeof request), 0);
    assert_int(talk_send(&talk, request, sizeof request), 0);
    assert_int(heap_count() - before, 0);
    loop_run_until(&net.loop, &talk.got);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(several_writes_in_one_turn_keep_their_order)
{
    talk_t talk = {.wanted = 6};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_int(talk_send(&talk, "ab", 2), 0);
    assert_int(talk_send(&talk, "", 0), 0);
    assert_int(talk_send(&talk, "cd", 2), 0);
    assert_int(talk_send(&talk, "ef", 2), 0);
    loop_run_until(&net.loop, &talk.got);
    assert_string_equal(talk.first, "abcdef");
    talk_close(&talk);
    tear_down();
}

/* Data that comes together with the end of the handshake is not lost. */
DISCO_TEST(server_speaks_first)
{
    talk_t talk = {.wanted = 5};

    set_up(NET_GREET);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    assert_string_equal(talk.first, "hello");
    talk_close(&talk);
    tear_down();
}

static void expect_end(net_server_way_t way, int status, const char *words)
{
    talk_t talk = {.say = "bye", .wanted = 3};

    set_up(way);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.ended);
    assert_string_equal(talk.first, "bye");
    assert_status(talk.failure.status, status);
    assert_non_null(strstr(talk.failure.message, words));
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(ends_by_close_notify)
{
    expect_end(NET_ECHO_AND_NOTIFY, UV_EOF, "");
}

DISCO_TEST(ends_without_close_notify)
{
    expect_end(NET_ECHO_AND_CLOSE, UV_EOF, "");
}

DISCO_TEST(ends_by_alert)
{
    expect_end(NET_ECHO_AND_ALERT, DISCO_ETLS, "alert internal_error");
}

DISCO_TEST(garbage_after_the_handshake)
{
    talk_t talk = {.say = "x", .wanted = 1};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    server->way = NET_SAY_TEXT;
    assert_int(talk_send(&talk, "y", 1), 0);
    loop_run_until(&net.loop, &talk.ended);
    assert_status(talk.failure.status, DISCO_ETLS);
    assert_status(talk_send(&talk, "z", 1), UV_EPIPE);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(reset_after_the_handshake)
{
    talk_t talk = {.say = "x", .wanted = 1};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    server->way = NET_RESET_ON_BYTES;
    assert_int(talk_send(&talk, "y", 1), 0);
    loop_run_until(&net.loop, &talk.ended);
    assert_status(talk.failure.status, UV_ECONNRESET);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(close_sends_close_notify)
{
    set_up(NET_ECHO);
    echo_once();
    while (server->open > 0)
        (void)uv_run(&net.loop.uv, UV_RUN_ONCE);
    assert_int(server->close_notifies, 1);
    tear_down();
}

static void close_in(talk_close_t where, net_server_way_t way)
{
    talk_t talk = {.close_in = where, .say = "x"};

    set_up(way);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    while (talk.stream != NULL)
        (void)uv_run(&net.loop.uv, UV_RUN_ONCE);
    tear_down();
}

DISCO_TEST(closed_in_dial_callback)
{
    close_in(TALK_CLOSE_IN_DIAL, NET_ECHO);
}

DISCO_TEST(closed_in_dial_callback_with_data_held)
{
    close_in(TALK_CLOSE_IN_DIAL, NET_GREET);
}

DISCO_TEST(closed_in_data_callback)
{
    close_in(TALK_CLOSE_IN_DATA, NET_ECHO);
}

DISCO_TEST(closed_in_data_callback_of_data_held)
{
    close_in(TALK_CLOSE_IN_DATA, NET_GREET);
}

DISCO_TEST(closed_in_end_callback)
{
    close_in(TALK_CLOSE_IN_END, NET_ECHO_AND_NOTIFY);
}

DISCO_TEST(background_stream_does_not_keep_the_loop_alive)
{
    talk_t talk = {.say = "x", .wanted = 1};

    set_up(NET_ECHO);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.got);
    disco__stream_set_background(talk.stream, true);
    loop_run(&net.loop);
    talk_close(&talk);
    tear_down();
}

DISCO_TEST(session_is_resumed)
{
    set_up(NET_ECHO);
    echo_once();
    assert_non_null(target.session);
    assert_int(server->resumed, 0);
    echo_once();
    assert_int(server->resumed, 1);
    echo_once();
    assert_int(server->resumed, 2);
    assert_int(server->handshakes, 3);
    tear_down();
}

DISCO_TEST(session_is_resumed_with_a_name)
{
    set_up(NET_ECHO);
    disco__target_free(&target);
    assert_int(disco__target_init(&target, "localhost", server->port, tls), 0);
    echo_once();
    echo_once();
    assert_int(server->resumed, 1);
    tear_down();
}

/* Another target may be another server, even at the same address. */
DISCO_TEST(session_belongs_to_its_target)
{
    set_up(NET_ECHO);
    echo_once();
    disco__target_free(&target);
    assert_int(disco__target_init(&target, "localhost", server->port, tls), 0);
    echo_once();
    assert_int(server->resumed, 0);
    tear_down();
}

DISCO_TEST(server_that_resumes_nothing)
{
    set_up_options((net_server_options_t){.way = NET_ECHO, .without_resumption = true});
    echo_once();
    echo_once();
    assert_int(server->resumed, 0);
    assert_int(server->handshakes, 2);
    tear_down();
}

/* The server has started anew and shows another certificate: the old session is of no use to it,
 * and the new certificate is verified. */
DISCO_TEST(session_does_not_hide_a_new_certificate)
{
    talk_t talk = {0};
    net_server_options_t options = {.way = NET_ECHO};
    uint16_t port;

    set_up(NET_ECHO);
    echo_once();
    assert_non_null(target.session);
    port = server->port;
    while (server->open > 0)
        (void)uv_run(&net.loop.uv, UV_RUN_ONCE);
    net_server_free(server);
    loop_turn(&net.loop);
    options.port = port;
    options.identity = identity_new(&(identity_spec_t){.name = "etcd", .names = "127.0.0.1"});
    server = net_server_new(&net.loop, &options);
    assert_non_null(server);
    assert_int(talk_dial(&talk, &net, &target), 0);
    loop_run_until(&net.loop, &talk.done);
    assert_status(talk.failure.status, DISCO_ECERTIFICATE);
    assert_null(target.session);
    tear_down();
}

static identity_t *sweep_identity;

static void echo_or_fail(void *data)
{
    const char *host = data;
    disco__tls_options_t trust = {.source = DISCO_TLS_MEMORY, .ca = ca->certificate};
    talk_t talk = {.say = "hello", .wanted = 5};
    const char *at_fault;

    net_open(&net);
    server = net_server_new(&net.loop, &(net_server_options_t){.identity = sweep_identity});
    if (disco__tls_new(&tls, &net.disco, &trust, &at_fault) == 0) {
        if (disco__target_init(&target, host, server->port, tls) == 0) {
            if (talk_dial(&talk, &net, &target) == 0) {
                while (!talk.got && !talk.ended && !(talk.done && talk.stream == NULL))
                    (void)uv_run(&net.loop.uv, UV_RUN_ONCE);
                if (!talk.got) {
                    assert_true(heap_has_failed());
                    if (talk.failure.status != 0)
                        assert_status(talk.failure.status, UV_ENOMEM);
                }
                talk_close(&talk);
            }
            disco__target_free(&target);
        }
        disco__tls_free(tls);
    }
    net_server_free(server);
    net_close(&net);
}

DISCO_TEST(each_allocation_fails)
{
    char host[] = "127.0.0.1";

    ca = identity_new(&(identity_spec_t){.name = "CA", .ca = true});
    sweep_identity =
        identity_new(&(identity_spec_t){.name = "etcd", .names = "127.0.0.1", .issuer = ca});
    heap_sweep(echo_or_fail, host);
}
