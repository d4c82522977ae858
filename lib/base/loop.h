/* The library's place on the user's uv_loop_t: one timer handle and one idle handle carry all
 * timers and all deferred calls of a client, and one count says when everything that libuv still
 * holds has come back.
 *
 * Closing, for every object of every floor: the owner's call closes at once and is never called
 * back. What libuv still holds (a handle, a name being resolved) or what may still be on the stack
 * frees itself on a later turn, and is counted here as pending; disco__loop_close() calls back when
 * nothing is pending any more. */
#ifndef DISCO_BASE_LOOP_H
#define DISCO_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"
#include "base/queue.h"
#include "base/random.h"

struct disco__timer_s;

/* Where the time comes from. Tests turn it by hand: see base/timer.h. */
typedef struct disco__clock_s {
    bool manual;
    uint64_t manual_ms;
    uint64_t slept_ms;     /* time that the machine slept, which uv_hrtime() leaves out */
    int64_t wall_ahead_ms; /* wall clock less monotonic clock when last looked at */
} disco__clock_t;

#define DISCO__READ_BUFFER_SIZE 65536

typedef struct disco__loop_s {
    uv_loop_t *uv;
    uv_timer_t timer_handle;
    uv_idle_t tick_handle;
    disco__clock_t clock;
    struct disco__timer_s *timers; /* heap: the first one due */
    size_t foreground_timers;
    disco__queue_t ticks;
    disco__queue_t handles;
    bool referenced; /* the user's wish: what runs by itself keeps the loop alive */
    size_t holds;    /* calls under way that keep the loop alive whatever the wish */
    size_t pending;
    size_t open_handles;
    void (*closed)(struct disco__loop_s *loop); /* NULL until disco__loop_close() */
    bool closing_handles;
    /* Of the net floor: DISCO__READ_BUFFER_SIZE bytes for all streams; NULL until one reads. */
    char *read_buffer;
    disco__random_t random;
    disco__log_t log;
} disco__loop_t;

/* In two steps, so that what is built on a loop can fail without leaving a handle on it: after
 * prepare everything can be set up, and thrown away, but nothing started; open cannot fail.
 * prepare: 0 or libuv's error. log is copied. */
int disco__loop_prepare(disco__loop_t *loop, uv_loop_t *uv, const disco__log_t *log);
void disco__loop_open(disco__loop_t *loop);

/* Both at once. */
int disco__loop_init(disco__loop_t *loop, uv_loop_t *uv, const disco__log_t *log);

/* Calls closed, from the loop and last of all, once nothing is pending. Every timer must be
 * stopped. */
void disco__loop_close(disco__loop_t *loop, void (*closed)(disco__loop_t *loop));

/* The user's ref and unref. */
void disco__loop_set_referenced(disco__loop_t *loop, bool referenced);

/* While held, the handles keep the user's loop alive even after unref: a call under way is waited
 * for. */
void disco__loop_hold(disco__loop_t *loop);
void disco__loop_release(disco__loop_t *loop);

/* Counts something that libuv holds and will give back. */
void disco__loop_pend(disco__loop_t *loop);
void disco__loop_settle(disco__loop_t *loop);

/* An open libuv handle: follows ref and unref, and is pending until it is forgotten (in its close
 * callback). */
typedef struct disco__handle_s {
    disco__queue_t node;
    uv_handle_t *handle;
    bool background; /* never keeps the loop alive, such as an idle connection */
} disco__handle_t;

void disco__handle_track(disco__loop_t *loop, disco__handle_t *entry, uv_handle_t *handle);
void disco__handle_set_background(disco__loop_t *loop, disco__handle_t *entry, bool background);
void disco__handle_forget(disco__loop_t *loop, disco__handle_t *entry);

/* For base/timer.c: whether the loop is to be kept alive. */
bool disco__loop_is_kept_alive(const disco__loop_t *loop);

#endif
