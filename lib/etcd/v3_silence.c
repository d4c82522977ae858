/* The sign of life of the live line.
 *
 * Happy path: nothing has come for a while; the member answers a read that needs a majority; the
 * line is doubted all the same, since its connection may be dead, and checked again later on, be it
 * that another line is still being opened. Failure modes: the member does not answer, or says that
 * it cannot: the line is given up. Memory is short: checked later. */
#include <uvdisco/error.h>

#include "etcd/v3_stream.h"

void disco__v3_silence_begin(disco__v3_stream_t *stream)
{
    uint64_t most = stream->store->options.watch_check_ms;

    disco__timer_start(stream->loop, &stream->silence,
                       most - disco__random_below(&stream->loop->random, most / 4 + 1));
}

void disco__v3_silence_end(disco__v3_stream_t *stream)
{
    disco__call_end(&stream->check);
    disco__timer_stop(stream->loop, &stream->silence);
    stream->doubtful = false;
}

static void on_check_done(disco__call_t *call)
{
    disco__v3_stream_t *stream = disco__container_of(call, disco__v3_stream_t, check);
    disco__failure_t failure = call->failure;

    switch (failure.status) {
    case UV_ENOMEM:
        disco__v3_silence_begin(stream);
        return;
    case 0:
    case DISCO_EKEYNOTFOUND:
    case DISCO_EAUTH:
    case DISCO_EREFUSED:
        disco__v3_silence_begin(stream);
        disco__v3_stream_doubt(stream);
        return;
    default:
        disco__v3_stream_silent(stream, &failure);
    }
}

/* A read that only a member with a majority behind it answers. */
static void check_begin(disco__v3_stream_t *stream)
{
    disco__call_t *call = &stream->check;
    const disco__queue_t *node = disco__queue_first(&stream->watches);

    disco__call_end(call);
    disco__v3_call_init(call, stream->store, "/v3/kv/range");
    call->pinned = stream->live->call.endpoint;
    call->done = on_check_done;
    disco__buffer_append_char(&call->content, '{');
    disco__v3_write_range(&call->content, disco__queue_data(node, disco__v3_watch_t, node)->key,
                          DISCO__SCOPE_KEY);
    disco__v3_write_true(&call->content, "count_only");
    disco__buffer_append_char(&call->content, '}');
    if (disco__call_start(call) != 0)
        disco__v3_silence_begin(stream);
}

static void on_silence(disco__timer_t *timer)
{
    disco__v3_stream_t *stream = disco__container_of(timer, disco__v3_stream_t, silence);
    uint64_t due = stream->live->heard_ms + stream->store->options.watch_check_ms / 4 * 3;

    if (due > disco__now(stream->loop))
        disco__timer_start_at(stream->loop, timer, due);
    else if (stream->watch_count == 0)
        disco__v3_silence_begin(stream);
    else
        check_begin(stream);
}

void disco__v3_silence_init(disco__v3_stream_t *stream)
{
    disco__timer_init(&stream->silence, on_silence);
    disco__v3_call_init(&stream->check, stream->store, "/v3/kv/range");
}
