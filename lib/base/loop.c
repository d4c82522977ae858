/* Happy path: init opens the two handles; objects track handles, start timers and schedule ticks;
 * close waits until the pending count is zero, closes the two handles and calls back from the
 * second one's close callback. Failure modes: none after init; nothing here allocates. */
#include "base/loop.h"

#include <string.h>

#include "base/tick.h"
#include "base/timer.h"

int disco__loop_prepare(disco__loop_t *loop, uv_loop_t *uv, const disco__log_t *log)
{
    memset(loop, 0, sizeof *loop);
    loop->uv = uv;
    loop->log = *log;
    loop->referenced = true;
    disco__queue_init(&loop->ticks);
    disco__queue_init(&loop->handles);
    disco__clock_init(loop);
    return disco__random_init(&loop->random);
}

void disco__loop_open(disco__loop_t *loop)
{
    /* Neither can fail (libuv 1.x): they only fill in the struct. */
    (void)uv_timer_init(loop->uv, &loop->timer_handle);
    (void)uv_idle_init(loop->uv, &loop->tick_handle);
    loop->timer_handle.data = loop;
    loop->tick_handle.data = loop;
}

int disco__loop_init(disco__loop_t *loop, uv_loop_t *uv, const disco__log_t *log)
{
    int rv = disco__loop_prepare(loop, uv, log);

    if (rv == 0)
        disco__loop_open(loop);
    return rv;
}

bool disco__loop_is_kept_alive(const disco__loop_t *loop)
{
    return loop->referenced || loop->holds > 0 || loop->closed != NULL;
}

static void set_reference(uv_handle_t *handle, bool on)
{
    if (on)
        uv_ref(handle);
    else
        uv_unref(handle);
}

static void update_references(disco__loop_t *loop)
{
    bool alive = disco__loop_is_kept_alive(loop);
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&loop->handles, node, after)
    {
        disco__handle_t *entry = disco__queue_data(node, disco__handle_t, node);

        set_reference(entry->handle, alive && !entry->background);
    }
    disco__timer_update_reference(loop);
}

void disco__loop_set_referenced(disco__loop_t *loop, bool referenced)
{
    loop->referenced = referenced;
    update_references(loop);
}

void disco__loop_hold(disco__loop_t *loop)
{
    if (loop->holds++ == 0 && !loop->referenced)
        update_references(loop);
}

void disco__loop_release(disco__loop_t *loop)
{
    if (--loop->holds == 0 && !loop->referenced)
        update_references(loop);
}

static void on_handle_closed(uv_handle_t *handle)
{
    disco__loop_t *loop = handle->data;

    if (--loop->open_handles > 0)
        return;
    if (loop->read_buffer != NULL)
        disco__wipe(loop->read_buffer, DISCO__READ_BUFFER_SIZE); /* answers with credentials */
    disco__free(loop->read_buffer);
    loop->read_buffer = NULL;
    loop->closed(loop);
}

static void close_handles_when_settled(disco__loop_t *loop)
{
    if (loop->closed == NULL || loop->pending > 0 || loop->closing_handles)
        return;
    loop->closing_handles = true;
    loop->open_handles = 2;
    uv_close((uv_handle_t *)&loop->timer_handle, on_handle_closed);
    uv_close((uv_handle_t *)&loop->tick_handle, on_handle_closed);
}

void disco__loop_close(disco__loop_t *loop, void (*closed)(disco__loop_t *loop))
{
    loop->closed = closed;
    update_references(loop);
    close_handles_when_settled(loop);
}

void disco__loop_pend(disco__loop_t *loop)
{
    loop->pending++;
}

void disco__loop_settle(disco__loop_t *loop)
{
    loop->pending--;
    close_handles_when_settled(loop);
}

void disco__handle_track(disco__loop_t *loop, disco__handle_t *entry, uv_handle_t *handle)
{
    entry->handle = handle;
    entry->background = false;
    disco__queue_push(&loop->handles, &entry->node);
    set_reference(handle, disco__loop_is_kept_alive(loop));
    disco__loop_pend(loop);
}

void disco__handle_set_background(disco__loop_t *loop, disco__handle_t *entry, bool background)
{
    entry->background = background;
    set_reference(entry->handle, !background && disco__loop_is_kept_alive(loop));
}

void disco__handle_forget(disco__loop_t *loop, disco__handle_t *entry)
{
    disco__queue_remove(&entry->node);
    disco__loop_settle(loop);
}
