/* The watches of a v3 store, and the one stream that they share. A stream cannot be changed once it
 * was asked for, so one more watch is one more POST that asks for all of them; the old one goes on
 * until the new one is live.
 *
 * v3_watch.c has one watch: where it is, and what its owner is told. v3_line.c has one POST: which
 * message is whose. v3_stream.c has them all: when a line is opened, and what happens when one
 * fails. v3_silence.c finds out what the silence of the live one means, v3_strange.c when strange
 * answers are to be believed. */
#ifndef DISCO_ETCD_V3_STREAM_H
#define DISCO_ETCD_V3_STREAM_H

#include "base/tick.h"
#include "etcd/v3_internal.h"
#include "etcd/v3_watch_codec.h"
#include "json/split.h"

typedef struct disco__v3_stream_s disco__v3_stream_t;
typedef struct disco__v3_watch_s disco__v3_watch_t;
typedef struct disco__v3_line_s disco__v3_line_t;

/* A watch on a line. Its number there, from 1, is the watch id. */
typedef struct disco__v3_lane_s {
    disco__v3_watch_t *watch; /* NULL: closed since, or refused */
    uint64_t start;           /* the first revision that was asked for; 0: from now on */
    uint64_t revision;        /* of the event that came last */
    uint32_t ordinal;         /* of that event among those of its revision, from 1 */
    bool answered;            /* created or refused */
    bool created;
    bool fragment; /* more of the last message is to come */
} disco__v3_lane_t;

/* A line has one of two slots, so that one can be opened while the other is in use. */
#define DISCO__V3_LINES 2

struct disco__v3_watch_s {
    disco__store_watch_t base;
    disco__v3_stream_t *stream;
    disco__queue_t node;
    disco__v3_lane_t *lanes[DISCO__V3_LINES]; /* by the line's slot; NULL: not on it */
    disco__store_watch_cb cb;
    void *data;

    /* All events before this revision were delivered, and so many of it. Revision 0: from now on,
     * and it is not known yet where that is. */
    uint64_t next_revision;
    size_t delivered;

    disco__tick_t burial;
    disco__troubles_t troubles; /* told since it was synced */
    disco__scope_t scope;
    bool previous;
    bool synced;
    bool gap;     /* events were lost: to be said as soon as it is followed again */
    bool shaken;  /* a line that it was on had trouble, and it was not told yet */
    bool refused; /* waits for refused watches to be tried again */
    bool closed;
    char key[];
};

struct disco__v3_line_s {
    disco__v3_stream_t *stream;
    size_t slot;
    disco__call_t call;
    disco__split_t split;
    disco__buffer_t texts; /* of the message that is being read */
    disco__timer_t timer;  /* until all lanes are answered */
    disco__v3_lane_t *lanes;
    size_t lane_count;
    size_t answered;
    size_t dead; /* lanes whose watch is closed */
    uint64_t heard_ms;
    uint64_t live_ms; /* when it became live; 0: it is not */
    bool was_first;   /* had an event before any other line had it */
    bool ended;
    disco__tick_t burial;
};

/* Answers of one kind that make no sense, one after the other. */
typedef struct disco__v3_doubts_s {
    unsigned count;
    uint64_t since_ms;
} disco__v3_doubts_t;

struct disco__v3_stream_s {
    disco__v3_store_t *store;
    disco__loop_t *loop;
    disco__queue_t watches;
    size_t watch_count;
    disco__v3_line_t *lines[DISCO__V3_LINES]; /* by slot; NULL: free */
    disco__v3_line_t *live;                   /* every watch that it was opened with is on it */
    disco__v3_line_t *opening;
    disco__v3_line_t
        *probe; /* as live, and beside it: to show whether that one has missed anything */

    disco__tick_t changed; /* collects what happens in one turn */
    bool renew;            /* a new line is wanted even if every watch is on the live one */
    bool doubtful;         /* the live line was silent, and a new one is to show that all is well */
    disco__timer_t retry;  /* until a line is opened after a failure */
    disco__backoff_t failures;
    disco__v3_doubts_t strange;
    disco__v3_doubts_t contradicted; /* by the live line, since it became that */
    bool token_refused;              /* since a line was live */
    disco__timer_t refused;          /* until refused watches are tried again */
    disco__backoff_t refusals;
    disco__timer_t silence; /* until the live line is checked */
    disco__call_t check;

    uint64_t cluster_id; /* seen last; 0: none yet */
    uint64_t raft_term;
    bool closed;
    disco__tick_t burial;
};

/* v3_strange.c */

/* The line is of no use any more, since an answer makes no sense: asked again, then every watch has
 * a gap. */
void disco__v3_stream_unreadable(disco__v3_line_t *line, int status, const char *what);
/* The same for a member whose revision or raft term lies before what was seen; revision: its own,
 * 0: that is not known. With a live line that says otherwise, only watches that it has not, and
 * that begin in the member's future, have a gap. */
void disco__v3_stream_backwards(disco__v3_line_t *line, uint64_t revision);

/* v3_stream.c */

/* The store's stream, made at need; NULL when memory is short. */
disco__v3_stream_t *disco__v3_stream_of(disco__v3_store_t *store);
/* The set of watches is another one, or one is not on a line any more. */
void disco__v3_stream_changed(disco__v3_stream_t *stream);
/* From a line. The call itself tries on; it is to be asked for what is wanted now. */
void disco__v3_stream_retrying(disco__v3_line_t *line, const disco__failure_t *failure);
/* The line is of no use any more, and is ended. blame: the endpoint is at fault. */
void disco__v3_stream_lost(disco__v3_line_t *line, const disco__failure_t *failure, bool blame);
/* The same: every watch has a gap. */
void disco__v3_stream_jump(disco__v3_line_t *line, const disco__failure_t *failure);
/* Every watch begins anew where etcd is now. What lies between is lost, which is said once it is
 * followed again. No other line goes on. */
void disco__v3_stream_begin_anew(disco__v3_line_t *line);
/* It has been live for so long that what ends it is new trouble. */
bool disco__v3_stream_was_long(const disco__v3_line_t *line);
/* What was counted before it was live for long is forgotten: trouble right after the last is the
 * same trouble. */
void disco__v3_stream_look_back(const disco__v3_line_t *line);
/* The line's authentication was refused. */
void disco__v3_stream_token_refused(disco__v3_line_t *line, const disco__failure_t *failure);
/* Every lane is answered. */
void disco__v3_stream_live(disco__v3_line_t *line);
/* It was the first to have an event. */
void disco__v3_stream_was_first(disco__v3_line_t *line);
/* The probe's time is up. */
void disco__v3_stream_probed(disco__v3_stream_t *stream);
/* A watch was taken off the line by etcd, for that reason. */
void disco__v3_stream_canceled(disco__v3_line_t *line, disco__v3_watch_t *watch,
                               const disco__failure_t *failure, bool refused);

/* The live line was silent, and its member is in order: a new line is to show that the connection
 * is, too; or was opened in vain, and this one is given up. */
void disco__v3_stream_doubt(disco__v3_stream_t *stream);
/* The live line was silent, since its member is not in order. */
void disco__v3_stream_silent(disco__v3_stream_t *stream, const disco__failure_t *failure);

/* v3_silence.c */

void disco__v3_silence_init(disco__v3_stream_t *stream);
/* There is a live line, which is checked when it is silent, until the end. */
void disco__v3_silence_begin(disco__v3_stream_t *stream);
void disco__v3_silence_end(disco__v3_stream_t *stream);

/* v3_line.c */

/* Opens a line for all watches. 0 or UV_ENOMEM. */
int disco__v3_line_open(disco__v3_stream_t *stream, disco__v3_line_t **line);
/* Asks for the watches that there are now, from where they are now. Between two attempts only. 0 or
 * UV_ENOMEM. */
int disco__v3_line_prepare(disco__v3_line_t *line);
/* Ends it at once; it frees itself on a later turn. */
void disco__v3_line_end(disco__v3_line_t *line);
void disco__v3_line_forget(disco__v3_line_t *line, disco__v3_watch_t *watch);

/* v3_watch.c */

bool disco__v3_watch_is_followed(const disco__v3_watch_t *watch);
/* In each of these the watch may be closed. */
void disco__v3_watch_created(disco__v3_watch_t *watch, uint64_t revision);
void disco__v3_watch_event(disco__v3_watch_t *watch, disco__v3_lane_t *lane,
                           const disco__v3_event_t *event);
/* An event that could not be read. */
void disco__v3_watch_lost_event(disco__v3_watch_t *watch, disco__v3_lane_t *lane,
                                uint64_t revision);
void disco__v3_watch_stale(disco__v3_watch_t *watch, const disco__failure_t *failure);
/* The message whose events were the last ones is complete. */
void disco__v3_watch_message_end(disco__v3_watch_t *watch, const disco__v3_lane_t *lane);
/* The last event that was delivered came by this lane. */
bool disco__v3_watch_is_led_by(const disco__v3_watch_t *watch, const disco__v3_lane_t *lane);
/* Every event up to this revision has been delivered. */
void disco__v3_watch_progress(disco__v3_watch_t *watch, uint64_t revision);
/* Goes on from now; GAP is told when it is followed again. */
void disco__v3_watch_jump(disco__v3_watch_t *watch);

#endif
