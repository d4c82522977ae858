#include "support/net_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

#define MINUTE_MS 60000

static void on_line(void *data, disco_log_level_t level, const char *line)
{
    net_t *net = data;

    if (level == DISCO_LOG_WARNING)
        net->warnings++;
    (void)snprintf(net->last_line, sizeof net->last_line, "%s", line);
}

void net_open(net_t *net)
{
    disco__log_t log = {on_line, net, DISCO_LOG_DEBUG};

    memset(net, 0, sizeof *net);
    loop_open(&net->loop);
    assert_int(disco__loop_init(&net->disco, &net->loop.uv, &log), 0);
}

static void on_loop_closed(disco__loop_t *loop)
{
    disco__container_of(loop, net_t, disco)->closed = true;
}

void net_close(net_t *net)
{
    disco__loop_close(&net->disco, on_loop_closed);
    loop_run_until(&net->loop, &net->closed);
    loop_close(&net->loop);
}

uint64_t talk_sum(uint64_t sum, size_t position, const char *bytes, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++)
        sum += (position + i + 1) * (unsigned char)bytes[i];
    return sum;
}

static void on_data(void *data, const char *bytes, size_t size)
{
    talk_t *talk = data;
    size_t room = sizeof talk->first - 1;

    assert_non_null(talk->stream);
    assert_false(talk->ended);
    assert_true(size > 0);
    if (talk->received < room)
        memcpy(talk->first + talk->received, bytes,
               size < room - talk->received ? size : room - talk->received);
    talk->sum = talk_sum(talk->sum, talk->received, bytes, size);
    talk->received += size;
    talk->got = talk->received >= talk->wanted;
    if (talk->close_in == TALK_CLOSE_IN_DATA)
        talk_close(talk);
}

static void on_end(void *data, const disco__failure_t *failure)
{
    talk_t *talk = data;

    assert_non_null(talk->stream);
    assert_false(talk->ended);
    talk->ended = true;
    talk->failure = *failure;
    if (talk->close_in == TALK_CLOSE_IN_END)
        talk_close(talk);
}

static void on_dialled(void *data, disco__stream_t *stream, const disco__failure_t *failure)
{
    static const disco__stream_events_t events = {on_data, on_end};
    talk_t *talk = data;

    assert_non_null(talk->dial);
    talk->dial = NULL;
    talk->calls++;
    talk->done = true;
    talk->failure = *failure;
    talk->stream = stream;
    assert_int(stream == NULL, failure->status != 0);
    if (stream == NULL)
        return;
    if (talk->close_in == TALK_CLOSE_IN_DIAL) {
        talk_close(talk);
        return;
    }
    disco__stream_start(stream, &events, talk);
    if (talk->say != NULL && talk_send(talk, talk->say, strlen(talk->say)) != 0)
        talk->ended = true;
}

int talk_dial_within(talk_t *talk, net_t *net, disco__target_t *target, uint32_t connect_ms,
                     uint32_t tls_ms)
{
    int rv;

    talk->net = net;
    rv = disco__dial(&talk->dial, &net->disco, target, connect_ms, tls_ms, on_dialled, talk);
    assert_false(talk->done);
    return rv;
}

int talk_dial(talk_t *talk, net_t *net, disco__target_t *target)
{
    return talk_dial_within(talk, net, target, MINUTE_MS, MINUTE_MS);
}

int talk_send(talk_t *talk, const char *bytes, size_t size)
{
    /* Gone when it returns, so that what is sent later must have been copied. */
    char *borrowed = malloc(size > 0 ? size : 1);
    int rv;

    assert_non_null(borrowed);
    memcpy(borrowed, bytes, size);
    rv = disco__stream_write(talk->stream, borrowed, size);
    free(borrowed);
    return rv;
}

void talk_close(talk_t *talk)
{
    if (talk->dial != NULL)
        disco__dial_cancel(talk->dial);
    if (talk->stream != NULL)
        disco__stream_close(talk->stream);
    talk->dial = NULL;
    talk->stream = NULL;
}
