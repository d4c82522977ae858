/* A byte stream that is open: TCP, or TLS over TCP, behind one interface. Made by net/dial.h. */
#ifndef DISCO_NET_STREAM_H
#define DISCO_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "base/loop.h"

typedef struct disco__stream_s disco__stream_t;

/* Both are called from the loop only, never from inside a call on the stream. */
typedef struct disco__stream_events_s {
    /* size > 0; borrowed until it returns. The stream may be closed inside. */
    void (*on_data)(void *data, const char *bytes, size_t size);
    /* The stream is over: UV_EOF (for TLS also without close-notify), or what broke it. Once;
     * the stream must then be closed. failure: borrowed; holds status, and a TLS alert by name
     * where one came. */
    void (*on_end)(void *data, const disco__failure_t *failure);
} disco__stream_events_t;

/* Starts reading. To be called once, in the turn of the loop in which the stream was handed
 * over. events: borrowed, static. */
void disco__stream_start(disco__stream_t *stream, const disco__stream_events_t *events, void *data);

/* Sends. The bytes are borrowed until it returns: what cannot be sent at once is copied, and the
 * copy wiped after use, since they may hold credentials. 0; UV_ENOMEM or what the stream says at
 * once: the stream is then to be closed, and on_end does not come for it. A failure later on comes
 * by on_end. */
int disco__stream_write(disco__stream_t *stream, const char *bytes, size_t size);

/* Closes; no event comes any more. The stream is the library's own from here and frees itself
 * (TLS sends close-notify). */
void disco__stream_close(disco__stream_t *stream);

/* While background, the stream does not keep the user's loop alive. */
void disco__stream_set_background(disco__stream_t *stream, bool background);

#endif
