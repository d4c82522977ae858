/* One POST /v3/watch: what it asks for, and which message of the answer is whose.
 *
 * Happy path: one create_request for each watch; etcd answers them in order, each by "created", and
 * then sends the events of each, in any number of messages. When the last is answered the line is
 * live. Failure modes, all told to v3_stream.c:
 * - The call fails, or the answer ends: tried on by the call, or lost.
 * - Not every watch is answered in time: the endpoint is at fault.
 * - An error in the stream, of all of it (an object with "error") or of one watch ("canceled",
 * which may come together with "created", and then without the watch's id).
 * - What is no JSON, or a message over the limit: the place in the stream is lost.
 * - A message of a watch that nobody asked for, or has closed since: passed over. */
#include <string.h>

#include <uvdisco/error.h>

#include "etcd/v3_stream.h"

/* etcd's HTTP server stops reading a request when the first byte of the answer goes out, so that
 * watches which were not read until then would never be created; but not when the connection ends
 * with the request (3.4.23, 3.5.35, 3.6.16). */
#define FIELDS DISCO__V3_NEEDS_LEADER "Connection: close\r\n"

/* Room for what messages say is kept for the next, but not that of a message as large as few
 * are. */
#define TEXTS_KEPT 65536

static disco__v3_line_t *line_of(disco__call_t *call)
{
    return disco__container_of(call, disco__v3_line_t, call);
}

static void take_off(disco__v3_line_t *line, disco__v3_lane_t *lane)
{
    if (lane->watch != NULL)
        lane->watch->lanes[line->slot] = NULL;
    lane->watch = NULL;
}

static void free_lanes(disco__v3_line_t *line)
{
    size_t i;

    for (i = 0; i < line->lane_count; i++)
        take_off(line, &line->lanes[i]);
    disco__free(line->lanes);
    line->lanes = NULL;
    line->lane_count = 0;
}

static void note_answered(disco__v3_line_t *line, disco__v3_lane_t *lane)
{
    if (!lane->answered)
        line->answered++;
    lane->answered = true;
}

/* By the message's id; and where it has none, since the watch was refused, the one whose turn it
 * is. NULL: it is nobody's. */
static disco__v3_lane_t *lane_of(disco__v3_line_t *line, const disco__v3_message_t *message)
{
    size_t i;

    if (message->watch_id > 0 && message->watch_id <= line->lane_count)
        return &line->lanes[message->watch_id - 1];
    if (message->watch_id != DISCO__V3_NO_WATCH || !message->created || !message->canceled)
        return NULL;
    for (i = 0; i < line->lane_count; i++) {
        /* All before are answered, unless etcd were to leave the order. */
        disco__v3_lane_t *lane = &line->lanes[(line->answered + i) % line->lane_count];

        if (!lane->answered)
            return lane;
    }
    return NULL;
}

static void take_canceled(disco__v3_line_t *line, const disco__v3_message_t *message)
{
    disco__v3_lane_t *lane = lane_of(line, message);
    disco__v3_watch_t *watch;
    disco__failure_t failure;
    bool token;
    bool refused;

    disco__failure_clear(&failure);
    token = disco__v3_explain_cancel(&failure, message);
    disco__failure_set_endpoint(&failure, line->call.endpoint->url);
    if (token) {
        disco__v3_stream_token_refused(line, &failure);
        return;
    }
    if (lane == NULL) {
        disco__log(&line->stream->loop->log, DISCO_LOG_WARNING,
                   "watch stream: etcd canceled a watch that there is not");
        return;
    }
    refused = !lane->created;
    note_answered(line, lane);
    watch = lane->watch;
    take_off(line, lane);
    if (watch != NULL)
        disco__v3_stream_canceled(line, watch, &failure, refused);
}

/* A member that lags behind, or etcd was set back. */
static bool ran_backwards(const disco__v3_line_t *line, const disco__v3_lane_t *lane,
                          const disco__v3_header_t *header)
{
    if (header->revision > 0 && lane->start > header->revision + 1)
        return true;
    return header->raft_term > 0 && header->raft_term < line->stream->raft_term;
}

static void take_created(disco__v3_line_t *line, disco__v3_lane_t *lane,
                         const disco__v3_header_t *header)
{
    if (ran_backwards(line, lane, header)) {
        disco__v3_stream_backwards(line, header->revision);
        return;
    }
    if (header->raft_term > 0)
        line->stream->raft_term = header->raft_term;
    note_answered(line, lane);
    lane->created = true;
    if (lane->watch != NULL)
        disco__v3_watch_created(lane->watch, header->revision);
}

static void take_events(disco__v3_line_t *line, disco__v3_lane_t *lane,
                        disco__v3_message_t *message)
{
    disco__v3_event_t event;

    /* Closed, be it by the owner who was just told: then no more is read. */
    while (!line->ended && lane->watch != NULL && disco__v3_next_event(&event, message)) {
        if (event.is_good)
            disco__v3_watch_event(lane->watch, lane, &event);
        else
            disco__v3_watch_lost_event(lane->watch, lane, event.revision);
    }
}

/* Events, or a notice of progress, which is a message without any. */
static void take_result(disco__v3_line_t *line, disco__v3_lane_t *lane,
                        disco__v3_message_t *message)
{
    if (!message->has_events) {
        if (!lane->fragment)
            disco__v3_watch_progress(lane->watch, message->header.revision);
        return;
    }
    lane->fragment = message->fragment;
    take_events(line, lane, message);
    if (line->ended || lane->watch == NULL)
        return;
    if (disco__v3_watch_is_led_by(lane->watch, lane))
        disco__v3_stream_was_first(line);
    if (!lane->fragment)
        disco__v3_watch_message_end(lane->watch, lane);
}

static bool is_other_cluster(const disco__v3_line_t *line, uint64_t id)
{
    uint64_t *seen = &line->stream->cluster_id;

    if (id == 0)
        return false;
    if (*seen == 0)
        *seen = id;
    return *seen != id;
}

/* The stream has failed, all of it. */
static void take_error(disco__v3_line_t *line, const disco__v3_message_t *message)
{
    disco__failure_t failure = message->failure;

    disco__failure_set_endpoint(&failure, line->call.endpoint->url);
    if (message->token)
        disco__v3_stream_token_refused(line, &failure);
    else
        disco__v3_stream_lost(line, &failure, true);
}

static void take_other_cluster(disco__v3_line_t *line)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    disco__failure_set(&failure, DISCO_ECLEARED, "the cluster is another one");
    disco__failure_set_endpoint(&failure, line->call.endpoint->url);
    disco__v3_stream_jump(line, &failure);
}

static void take_message(disco__v3_line_t *line, disco__v3_message_t *message)
{
    disco__v3_lane_t *lane;

    if (message->failure.status != 0) {
        take_error(line, message);
        return;
    }
    if (is_other_cluster(line, message->header.cluster_id)) {
        take_other_cluster(line);
        return;
    }
    if (message->header.revision >= DISCO__V3_REVISION_MOST)
        message->header.revision = 0; /* nobody is there */
    lane = lane_of(line, message);
    if (message->canceled) {
        take_canceled(line, message);
    } else if (lane == NULL || (!message->created && !lane->created)) {
        if (message->watch_id != DISCO__V3_NO_WATCH)
            disco__log(&line->stream->loop->log, DISCO_LOG_WARNING,
                       "watch stream: a message of a watch that nobody asked for");
    } else if (message->created) {
        take_created(line, lane, &message->header);
    } else if (lane->watch != NULL) {
        take_result(line, lane, message);
    }
}

static void message_failed(disco__v3_line_t *line, int status)
{
    disco__failure_t failure;

    if (status != UV_ENOMEM) {
        disco__v3_stream_unreadable(line, status, "a message that cannot be read");
        return;
    }
    disco__failure_clear(&failure);
    disco__failure_set(&failure, status, NULL);
    disco__v3_stream_lost(line, &failure, false);
}

/* True: more messages are welcome. */
static bool message_taken(disco__v3_line_t *line)
{
    if (line->texts.capacity > TEXTS_KEPT)
        disco__buffer_free_secret(&line->texts);
    if (!line->ended && line->live_ms == 0 && line->answered == line->lane_count) {
        disco__timer_stop(line->stream->loop, &line->timer);
        disco__v3_stream_live(line);
    }
    return !line->ended;
}

/* Events, nearly always. */
static size_t on_begin(void *data, const char *text, size_t size, bool *more)
{
    disco__v3_line_t *line = data;
    disco__v3_message_t message;
    size_t used = disco__v3_read_plain_message(&message, &line->texts, text, size);

    if (used > 0) {
        take_message(line, &message);
        *more = message_taken(line);
    }
    return used;
}

static bool on_value(void *data, const char *text, size_t size)
{
    disco__v3_line_t *line = data;
    disco__v3_message_t message;
    int rv = disco__v3_read_message(&message, &line->texts, text, size);

    if (rv == 0)
        take_message(line, &message);
    else
        message_failed(line, rv);
    return message_taken(line);
}

static void on_head(disco__call_t *call)
{
    disco__v3_line_t *line = line_of(call);

    /* Large with many watches, and written anew before another attempt. */
    disco__buffer_free(&call->content);
    disco__http_request_free(&call->request);
    disco__timer_start(line->stream->loop, &line->timer, call->attempt_ms);
}

static void on_chunk(disco__call_t *call, const char *bytes, size_t size)
{
    disco__v3_line_t *line = line_of(call);
    disco__failure_t failure;
    int rv;

    line->heard_ms = disco__now_roughly(line->stream->loop);
    if (line == line->stream->live)
        line->stream->doubtful = false;
    rv = disco__split_feed(&line->split, bytes, size);
    if (rv == 0 || line->ended)
        return;
    if (rv == DISCO_EPROTOCOL) {
        disco__v3_stream_unreadable(line, rv, "bytes between the messages");
        return;
    }
    disco__failure_clear(&failure);
    disco__failure_set(&failure, rv, rv == DISCO_ETOOLARGE ? "a message over the limit" : NULL);
    disco__failure_set_endpoint(&failure, call->endpoint->url);
    if (rv == DISCO_ETOOLARGE)
        disco__v3_stream_jump(line, &failure);
    else
        disco__v3_stream_lost(line, &failure, false);
}

static void on_timer(disco__timer_t *timer)
{
    disco__v3_line_t *line = disco__container_of(timer, disco__v3_line_t, timer);
    disco__failure_t failure;

    if (line == line->stream->probe) {
        disco__v3_stream_probed(line->stream);
        return;
    }
    disco__failure_clear(&failure);
    disco__failure_set(&failure, UV_ETIMEDOUT, "%zu of %zu watches were not created within %u ms",
                       line->lane_count - line->answered, line->lane_count, line->call.attempt_ms);
    disco__v3_stream_lost(line, &failure, true);
}

static void on_retrying(disco__call_t *call)
{
    disco__v3_line_t *line = line_of(call);

    disco__timer_stop(line->stream->loop, &line->timer);
    disco__v3_stream_retrying(line, &call->failure);
}

static void on_done(disco__call_t *call)
{
    disco__failure_t failure = call->failure;

    if (failure.status == 0)
        disco__failure_set(&failure, UV_EOF, "the stream has ended"); /* it is shutting down */
    disco__v3_stream_lost(line_of(call), &failure, failure.status == UV_EOF);
}

static void on_burial(disco__tick_t *tick)
{
    disco__v3_line_t *line = disco__container_of(tick, disco__v3_line_t, burial);

    disco__split_free(&line->split);
    disco__buffer_free_secret(&line->texts);
    disco__free(line->lanes);
    disco__free(line);
}

int disco__v3_line_prepare(disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;
    disco__buffer_t *content = &line->call.content;
    disco__queue_t *node;

    free_lanes(line);
    disco__split_reset(&line->split);
    line->answered = line->dead = 0;
    line->live_ms = 0;
    line->was_first = false;
    disco__buffer_clear(content);
    line->lanes = disco__calloc(stream->watch_count, sizeof *line->lanes);
    if (line->lanes == NULL)
        return UV_ENOMEM;
    for (node = stream->watches.next; node != &stream->watches; node = node->next) {
        disco__v3_watch_t *watch = disco__queue_data(node, disco__v3_watch_t, node);
        disco__v3_lane_t *lane = &line->lanes[line->lane_count++];
        disco__v3_create_t create = {
            .key = watch->key,
            .scope = watch->scope,
            .id = line->lane_count,
            .start_revision = watch->next_revision,
            .previous = watch->previous,
        };

        watch->refused = false;
        lane->watch = watch;
        lane->start = watch->next_revision;
        watch->lanes[line->slot] = lane;
        disco__v3_write_create(content, &create);
    }
    return content->error;
}

/* Two are never needed at a time but while the one takes the other's place. */
static size_t free_slot(const disco__v3_stream_t *stream)
{
    return stream->lines[0] == NULL ? 0 : 1;
}

int disco__v3_line_open(disco__v3_stream_t *stream, disco__v3_line_t **out)
{
    disco__v3_line_t *line = disco__calloc(1, sizeof *line);
    int rv;

    if (line == NULL)
        return UV_ENOMEM;
    line->stream = stream;
    line->slot = free_slot(stream);
    stream->lines[line->slot] = line;
    disco__split_init(&line->split, stream->store->options.max_event_bytes, on_value, line);
    line->split.begin = on_begin;
    disco__buffer_init(&line->texts);
    disco__timer_init(&line->timer, on_timer);
    disco__tick_init(&line->burial, on_burial);
    disco__v3_call_init(&line->call, stream->store, "/v3/watch");
    line->call.fields = FIELDS;
    line->call.long_poll = true;
    line->call.body_limit = SIZE_MAX; /* the splitter has a limit for each message */
    disco__buffer_init_limited(&line->call.body, stream->store->options.max_event_bytes);
    line->call.head = on_head;
    line->call.chunk = on_chunk;
    line->call.retrying = on_retrying;
    line->call.done = on_done;
    rv = disco__v3_line_prepare(line);
    if (rv == 0)
        rv = disco__call_start(&line->call);
    if (rv != 0) {
        disco__v3_line_end(line);
        return rv;
    }
    *out = line;
    return 0;
}

void disco__v3_line_end(disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;
    size_t i;

    line->ended = true;
    stream->lines[line->slot] = NULL;
    if (stream->live == line)
        stream->live = NULL;
    if (stream->opening == line)
        stream->opening = NULL;
    if (stream->probe == line)
        stream->probe = NULL;
    disco__call_end(&line->call);
    disco__timer_stop(stream->loop, &line->timer);
    for (i = 0; i < line->lane_count; i++)
        take_off(line, &line->lanes[i]); /* what is being read may be one of these */
    disco__tick_schedule(stream->loop, &line->burial);
}

void disco__v3_line_forget(disco__v3_line_t *line, disco__v3_watch_t *watch)
{
    take_off(line, watch->lanes[line->slot]);
    line->dead++;
}
