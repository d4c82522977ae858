#include "base/tick.h"

void disco__tick_init(disco__tick_t *tick, void (*run)(disco__tick_t *tick))
{
    disco__queue_init(&tick->node);
    tick->run = run;
}

static void on_idle(uv_idle_t *handle)
{
    disco__loop_t *loop = handle->data;
    disco__queue_t due;
    disco__queue_t *node;

    /* What is scheduled from here on waits for the next turn. */
    disco__queue_init(&due);
    disco__queue_move(&loop->ticks, &due);
    while ((node = disco__queue_first(&due)) != NULL) {
        disco__tick_t *tick = disco__queue_data(node, disco__tick_t, node);

        disco__queue_remove(node);
        tick->run(tick);
        disco__loop_settle(loop);
    }
    /* The handles close only when nothing is pending, so the loop is still there unless closing
     * began above. */
    if (disco__queue_empty(&loop->ticks))
        uv_idle_stop(&loop->tick_handle);
}

void disco__tick_schedule(disco__loop_t *loop, disco__tick_t *tick)
{
    if (disco__tick_scheduled(tick))
        return;
    disco__queue_push(&loop->ticks, &tick->node);
    disco__loop_pend(loop);
    /* Cannot fail with a callback that is not NULL; starting a started handle changes nothing. */
    (void)uv_idle_start(&loop->tick_handle, on_idle);
}

void disco__tick_cancel(disco__loop_t *loop, disco__tick_t *tick)
{
    if (!disco__tick_scheduled(tick))
        return;
    disco__queue_remove(&tick->node);
    disco__loop_settle(loop);
}
