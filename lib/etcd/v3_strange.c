/* Answers of a watch stream that make no sense, and when they are believed all the same.
 *
 * Happy path: none. Failure modes: a message cannot be read, or a member's revision or raft term
 * lies before what was seen: asked again, of the next endpoint; when it is so again and again, of
 * the latter for longer than it takes a member that lags behind, every watch has a gap. Beside a
 * line that has been live for long it is not believed; but a watch that this one has not may begin
 * in etcd's future, and then has a gap. */
#include <uvdisco/error.h>

#include "etcd/v3_stream.h"

/* How often an answer that makes no sense is asked for again, of the next endpoint, before it is
 * taken as it is. */
#define SECOND_CHANCES 2

/* Counts the answer. True: it has been so for so long that it is to be believed. */
static bool is_convinced(const disco__v3_stream_t *stream, disco__v3_doubts_t *doubts,
                         uint64_t patience_ms)
{
    uint64_t now = disco__now(stream->loop);

    if (doubts->count == 0)
        doubts->since_ms = now;
    return doubts->count++ >= SECOND_CHANCES && now - doubts->since_ms >= patience_ms;
}

/* What one says that has been live for long weighs more than what another says that is opened. */
static bool is_contradicted(const disco__v3_line_t *line)
{
    const disco__v3_stream_t *stream = line->stream;
    const disco__v3_line_t *live = stream->live;

    return live != NULL && live != line && !stream->doubtful && disco__v3_stream_was_long(live);
}

/* It is not etcd that was set back: these begin in its future. */
static void jump_ahead(disco__v3_line_t *line, uint64_t revision)
{
    const disco__v3_stream_t *stream = line->stream;
    size_t i;

    for (i = 0; i < line->lane_count; i++) {
        disco__v3_watch_t *watch = line->lanes[i].watch;

        if (watch != NULL && watch->lanes[stream->live->slot] == NULL && revision > 0 &&
            line->lanes[i].start > revision + 1)
            disco__v3_watch_jump(watch);
    }
}

static void strange(disco__v3_line_t *line, int status, const char *what)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, status, "%s", what);
    disco__v3_stream_lost(line, &failure, true);
}

void disco__v3_stream_unreadable(disco__v3_line_t *line, int status, const char *what)
{
    disco__v3_stream_look_back(line);
    if (is_contradicted(line))
        line->stream->strange.count = 0;
    else if (is_convinced(line->stream, &line->stream->strange, 0))
        disco__v3_stream_begin_anew(line);
    strange(line, status, what);
}

/* A member that was just started needs an election and more until it knows what the others know. */
void disco__v3_stream_backwards(disco__v3_line_t *line, uint64_t revision)
{
    disco__v3_stream_t *stream = line->stream;
    uint64_t patience_ms = stream->store->options.attempt_ms;

    disco__v3_stream_look_back(line);
    if (!is_contradicted(line)) {
        if (is_convinced(stream, &stream->strange, patience_ms))
            disco__v3_stream_begin_anew(line);
    } else {
        stream->strange.count = 0;
        if (is_convinced(stream, &stream->contradicted, patience_ms))
            jump_ahead(line, revision);
    }
    strange(line, DISCO_EUNAVAILABLE, "the member's revision or raft term lies in the past");
}
