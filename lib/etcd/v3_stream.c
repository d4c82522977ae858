/* The stream that all watches of a v3 store share.
 *
 * Happy path: what changes in one turn of the loop is collected, a line is opened for all watches,
 * each from where it is, and once etcd has answered for every one of them it is the live one. With
 * one watch more, another line is opened beside it, and the old one ended when the new one is live;
 * what comes by both is told once. Changes that come while a line is being opened wait until it is
 * live, and then share the next. A watch that is closed stays on the line, unheard, until those
 * outnumber the others. With the last watch the line is ended. Failure modes:
 * - A line cannot be opened, breaks, or etcd ends it: STALE to the watches that are on no other;
 * opened again, on the next endpoint, each watch from where it is; ever more seldom while none
 * lives for long.
 * - Nothing comes for a while: the member must answer a read that needs a majority; then a new line
 * is opened, since the connection may be dead while the member is in order. If either fails, the
 * silent line is given up. The new one shows what the silent one has missed, and then takes its
 * place; else it is ended after a while. For only what is old enough is given etcd's notices of
 * progress, without which idle watches would begin ever further back, where etcd has much to look
 * through, or history is compacted.
 * - etcd cancels a watch since its history is compacted: that watch has a gap, and goes on from
 * now. Refuses one: STALE to that one, which is tried again after a while (backoff), together with
 * all.
 * - The cluster is another one, or a message is over the limit: all watches have a gap. Revision or
 * raft term run backwards, or a message cannot be read: likewise, when it is so again elsewhere,
 * the former for longer than it takes a member that lags behind. etcd itself would wait in silence
 * for a revision of the future. */
#include "etcd/v3_stream.h"

#include <uvdisco/error.h>

/* etcd gives a notice of progress every ten minutes. */
#define PROGRESS_MS 660000

/* So many closed watches cost etcd too little to be worth a new line. */
#define DEAD_AT_LEAST 16

static void end_line(disco__v3_line_t *line)
{
    if (line == NULL)
        return;
    if (line == line->stream->live)
        disco__v3_silence_end(line->stream);
    disco__v3_line_end(line);
}

/* Its watches are to be told of the trouble, unless the other line has them. */
static void shake(const disco__v3_line_t *line)
{
    size_t i;

    for (i = 0; i < line->lane_count; i++) {
        if (line->lanes[i].watch != NULL)
            line->lanes[i].watch->shaken = true;
    }
}

static void give_up(disco__v3_line_t *line)
{
    if (line != NULL)
        shake(line);
    end_line(line);
}

static void end_all(disco__v3_stream_t *stream)
{
    end_line(stream->live);
    end_line(stream->opening);
    end_line(stream->probe);
    disco__v3_silence_end(stream);
    disco__timer_stop(stream->loop, &stream->retry);
    disco__timer_stop(stream->loop, &stream->refused);
    stream->renew = false;
}

/* To the watches of lines that had trouble. Nothing may be done with the stream behind this but
 * by looking at it again. */
static void tell_stale(disco__v3_stream_t *stream, const disco__failure_t *failure)
{
    disco__queue_t waiting;
    disco__queue_t *node;
    bool shaken;

    disco__queue_init(&waiting);
    disco__queue_move(&stream->watches, &waiting);
    /* The owners may close their watches, and others', and begin new ones. */
    while ((node = disco__queue_first(&waiting)) != NULL) {
        disco__v3_watch_t *watch = disco__queue_data(node, disco__v3_watch_t, node);

        disco__queue_remove(node);
        disco__queue_push(&stream->watches, node);
        shaken = watch->shaken;
        watch->shaken = false;
        if (shaken && !disco__v3_watch_is_followed(watch))
            disco__v3_watch_stale(watch, failure);
    }
}

static void start_retry_timer(disco__v3_stream_t *stream)
{
    if (!stream->retry.active)
        disco__timer_start(stream->loop, &stream->retry,
                           disco__backoff_next(&stream->failures, &stream->loop->random));
}

/* Every watch is on the line, but for refused ones, and not too many others. */
static bool is_as_wanted(const disco__v3_line_t *line)
{
    const disco__v3_stream_t *stream = line->stream;
    const disco__queue_t *node;

    if (line->dead >= DEAD_AT_LEAST && line->dead > stream->watch_count)
        return false;
    for (node = stream->watches.next; node != &stream->watches; node = node->next) {
        const disco__v3_watch_t *watch = disco__queue_data(node, disco__v3_watch_t, node);

        if (watch->lanes[line->slot] == NULL && !watch->refused)
            return false;
    }
    return true;
}

static bool is_opening_needed(const disco__v3_stream_t *stream)
{
    return stream->live == NULL || stream->renew || !is_as_wanted(stream->live);
}

static void open_line(disco__v3_stream_t *stream)
{
    disco__failure_t failure;
    disco__queue_t *node;
    int rv;

    end_line(stream->probe);
    rv = disco__v3_line_open(stream, &stream->opening);
    if (rv == 0) {
        stream->renew = false;
        return;
    }
    disco__failure_clear(&failure);
    disco__failure_set(&failure, rv, NULL);
    start_retry_timer(stream);
    for (node = stream->watches.next; node != &stream->watches; node = node->next)
        disco__queue_data(node, disco__v3_watch_t, node)->shaken = true;
    tell_stale(stream, &failure);
}

static void on_changed(disco__tick_t *tick)
{
    disco__v3_stream_t *stream = disco__container_of(tick, disco__v3_stream_t, changed);
    disco__v3_line_t *opening = stream->opening;

    if (stream->watch_count == 0) {
        end_all(stream);
    } else if (opening != NULL) {
        /* Between two attempts the change can go with the next. Else it waits. */
        if (!opening->call.sending && disco__v3_line_prepare(opening) != 0) {
            disco__failure_t failure = opening->call.failure;

            disco__failure_set(&failure, UV_ENOMEM, NULL);
            disco__v3_stream_lost(opening, &failure, false);
        }
    } else if (!stream->retry.active && is_opening_needed(stream)) {
        open_line(stream);
    }
}

void disco__v3_stream_changed(disco__v3_stream_t *stream)
{
    if (!stream->closed)
        disco__tick_schedule(stream->loop, &stream->changed);
}

static void on_retry(disco__timer_t *timer)
{
    disco__v3_stream_changed(disco__container_of(timer, disco__v3_stream_t, retry));
}

static void on_refused(disco__timer_t *timer)
{
    disco__v3_stream_t *stream = disco__container_of(timer, disco__v3_stream_t, refused);
    disco__queue_t *node;

    for (node = stream->watches.next; node != &stream->watches; node = node->next)
        disco__queue_data(node, disco__v3_watch_t, node)->refused = false;
    disco__v3_stream_changed(stream);
}

bool disco__v3_stream_was_long(const disco__v3_line_t *line)
{
    const disco__v3_stream_t *stream = line->stream;

    return line->live_ms != 0 &&
           disco__now(stream->loop) - line->live_ms > stream->failures.most_ms;
}

void disco__v3_stream_look_back(const disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;

    if (!disco__v3_stream_was_long(line))
        return;
    disco__backoff_reset(&stream->failures);
    stream->strange.count = 0;
}

static void take_place(disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;

    end_line(stream->live);
    stream->live = line;
    stream->opening = NULL;
    stream->probe = NULL;
    disco__timer_stop(stream->loop, &line->timer);
    disco__v3_silence_begin(stream);
    disco__v3_stream_changed(stream);
}

/* Of the live line and the probe one is lost, and the other goes on. */
static bool is_made_good(disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;

    if (stream->probe == NULL || stream->live == NULL)
        return false;
    if (line == stream->live)
        take_place(stream->probe);
    else
        end_line(line);
    return true;
}

void disco__v3_stream_retrying(disco__v3_line_t *line, const disco__failure_t *failure)
{
    disco__v3_stream_t *stream = line->stream;
    disco__failure_t copy = *failure;

    disco__v3_stream_look_back(line);
    if (is_made_good(line))
        return;
    /* The call would take the head of the answer for a success, and try on at once for ever. */
    if (line->call.answer.http_status == 200 && !disco__v3_stream_was_long(line)) {
        disco__v3_stream_lost(line, &copy, false);
        return;
    }
    shake(line);
    if (line != stream->live) {
        if (stream->doubtful)
            give_up(stream->live);
    } else if (stream->opening != NULL) {
        end_line(line);
    } else {
        disco__v3_silence_end(stream);
        stream->live = NULL;
        stream->opening = line;
    }
    /* Where a token was refused, the next attempt is under way already, asking for the same. */
    if (!line->ended && !line->call.sending && disco__v3_line_prepare(line) != 0) {
        disco__failure_set(&copy, UV_ENOMEM, NULL);
        disco__v3_stream_lost(line, &copy, false);
        return;
    }
    tell_stale(stream, &copy);
}

static void lose(disco__v3_line_t *line, const disco__failure_t *failure, bool blame, bool quiet)
{
    disco__v3_stream_t *stream = line->stream;
    disco__failure_t copy = *failure;

    if (line->call.endpoint != NULL)
        disco__failure_set_endpoint(&copy, line->call.endpoint->url);
    if (blame && line->call.endpoint != NULL)
        disco__endpoints_failed(stream->store->endpoints, line->call.endpoint, &copy);
    disco__v3_stream_look_back(line);
    if (is_made_good(line))
        return;
    if (line != stream->live && stream->doubtful)
        give_up(stream->live);
    give_up(line);
    if (stream->opening == NULL)
        start_retry_timer(stream);
    /* A gap is told instead. */
    if (copy.status != DISCO_ECLEARED && !quiet)
        tell_stale(stream, &copy);
}

void disco__v3_stream_lost(disco__v3_line_t *line, const disco__failure_t *failure, bool blame)
{
    lose(line, failure, blame, false);
}

void disco__v3_stream_begin_anew(disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;
    disco__queue_t *node;

    stream->strange.count = 0;
    stream->cluster_id = 0;
    stream->raft_term = 0;
    for (node = stream->watches.next; node != &stream->watches; node = node->next)
        disco__v3_watch_jump(disco__queue_data(node, disco__v3_watch_t, node));
    /* Other lines would go on from where they were. */
    if (line != stream->probe)
        end_line(stream->probe);
    give_up(line == stream->live ? stream->opening : stream->live);
}

void disco__v3_stream_jump(disco__v3_line_t *line, const disco__failure_t *failure)
{
    disco__v3_stream_begin_anew(line);
    disco__v3_stream_lost(line, failure, false);
}

void disco__v3_stream_token_refused(disco__v3_line_t *line, const disco__failure_t *failure)
{
    disco__v3_stream_t *stream = line->stream;
    bool quiet = disco__call_refuse_token(&line->call) && !stream->token_refused;

    /* Tokens have an end: the first time is nothing to be told of. */
    stream->token_refused = true;
    lose(line, failure, false, quiet);
}

void disco__v3_stream_canceled(disco__v3_line_t *line, disco__v3_watch_t *watch,
                               const disco__failure_t *failure, bool refused)
{
    disco__v3_stream_t *stream = line->stream;
    const disco__v3_line_t *other = NULL;
    bool was_live = line == stream->live;

    disco__log(&stream->loop->log, DISCO_LOG_WARNING, "watch of %s: %s: %s", watch->key,
               disco_strerror(failure->status), failure->message);
    if (stream->probe != NULL)
        take_place(stream->probe);
    if (line == stream->live)
        other = stream->opening;
    else if (was_live)
        other = stream->live;
    if (other != NULL && watch->lanes[other->slot] != NULL)
        return; /* it goes on there, from where it is */
    if (failure->status == DISCO_ECLEARED || !refused) {
        disco__v3_watch_jump(watch);
        start_retry_timer(stream);
        return;
    }
    watch->refused = true;
    if (!stream->refused.active)
        disco__timer_start(stream->loop, &stream->refused,
                           stream->refusals.first_ms +
                               disco__backoff_next(&stream->refusals, &stream->loop->random));
    disco__v3_watch_stale(watch, failure);
}

static bool has_the_same(const disco__v3_line_t *line, const disco__v3_line_t *other)
{
    const disco__v3_stream_t *stream = line->stream;
    const disco__queue_t *node;

    for (node = stream->watches.next; node != &stream->watches; node = node->next) {
        const disco__v3_watch_t *watch = disco__queue_data(node, disco__v3_watch_t, node);

        if ((watch->lanes[line->slot] == NULL) != (watch->lanes[other->slot] == NULL))
            return false;
    }
    return true;
}

/* The live one is as good as this one, as long as it has missed nothing. */
static bool is_probe(const disco__v3_line_t *line)
{
    const disco__v3_line_t *live = line->stream->live;

    return live != NULL && !line->was_first && is_as_wanted(live) && has_the_same(live, line) &&
           disco__now(line->stream->loop) - live->heard_ms < PROGRESS_MS;
}

void disco__v3_stream_live(disco__v3_line_t *line)
{
    disco__v3_stream_t *stream = line->stream;

    stream->contradicted.count = 0;
    stream->token_refused = false;
    if (line->call.auth != NULL)
        disco__auth_worked(line->call.auth, line->call.token);
    line->live_ms = disco__now(stream->loop);
    if (line->live_ms == 0)
        line->live_ms = 1;
    if (!stream->refused.active)
        disco__backoff_reset(&stream->refusals);
    disco__buffer_free(&line->call.content); /* is written anew for another attempt */
    if (!is_probe(line)) {
        take_place(line);
        return;
    }
    stream->opening = NULL;
    stream->probe = line;
    stream->doubtful = false;
    disco__timer_start(stream->loop, &line->timer, line->call.attempt_ms);
    disco__v3_stream_changed(stream);
}

void disco__v3_stream_was_first(disco__v3_line_t *line)
{
    line->was_first = true;
    if (line == line->stream->probe)
        take_place(line);
}

void disco__v3_stream_probed(disco__v3_stream_t *stream)
{
    end_line(stream->probe);
}

void disco__v3_stream_doubt(disco__v3_stream_t *stream)
{
    stream->doubtful = true;
    /* Else the one that is being opened shows it. */
    if (stream->opening == NULL)
        stream->renew = true;
    disco__v3_stream_changed(stream);
}

void disco__v3_stream_silent(disco__v3_stream_t *stream, const disco__failure_t *failure)
{
    end_line(stream->probe);
    give_up(stream->live);
    disco__v3_stream_changed(stream);
    tell_stale(stream, failure);
}

static void on_burial(disco__tick_t *tick)
{
    disco__free(disco__container_of(tick, disco__v3_stream_t, burial));
}

disco__v3_stream_t *disco__v3_stream_of(disco__v3_store_t *store)
{
    disco__v3_stream_t *stream = store->stream;

    if (stream != NULL)
        return stream;
    stream = disco__calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->store = store;
    stream->loop = store->base.loop;
    disco__queue_init(&stream->watches);
    disco__tick_init(&stream->changed, on_changed);
    disco__tick_init(&stream->burial, on_burial);
    disco__timer_init(&stream->retry, on_retry);
    disco__timer_init(&stream->refused, on_refused);
    disco__backoff_init(&stream->failures, store->endpoints->backoff_first_ms,
                        store->endpoints->backoff_most_ms);
    disco__backoff_init(&stream->refusals, store->endpoints->backoff_first_ms,
                        store->endpoints->backoff_most_ms);
    disco__v3_silence_init(stream);
    store->stream = stream;
    return stream;
}

void disco__v3_stream_free(disco__v3_store_t *store)
{
    disco__v3_stream_t *stream = store->stream;

    if (stream == NULL)
        return;
    store->stream = NULL;
    stream->closed = true;
    end_all(stream);
    disco__tick_cancel(stream->loop, &stream->changed);
    disco__tick_schedule(stream->loop, &stream->burial);
}
