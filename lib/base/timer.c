/* Happy path: a timer goes into a pairing heap ordered by due time; the libuv timer is armed for
 * the first; when it fires, everything due runs, and what may run early and comes next, and it is
 * armed again. Failure modes: the loop was
 * blocked, so several are due at once: they run in due order, each seeing the true time. The
 * machine slept: the wall clock has moved ahead of the monotonic one; the difference is added to
 * the time. */
#include "base/timer.h"

#include <string.h>

/* A wall clock that was set forward by this much is taken for sleep: noticing a sleep late costs a
 * registration, while a clock set by hand only makes timers run early once. */
#define SLEEP_NOTICED_MS 2000

static uint64_t monotonic_ms(void)
{
    return uv_hrtime() / 1000000;
}

uint64_t disco__wall_clock(void)
{
    uv_timeval64_t now;

    if (uv_gettimeofday(&now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
}

void disco__clock_init(disco__loop_t *loop)
{
    loop->clock.wall_ahead_ms = (int64_t)disco__wall_clock() - (int64_t)monotonic_ms();
}

static void notice_sleep(disco__loop_t *loop)
{
    int64_t ahead;
    int64_t slept;

    if (loop->clock.manual)
        return;
    ahead = (int64_t)disco__wall_clock() - (int64_t)monotonic_ms();
    slept = ahead - loop->clock.wall_ahead_ms;
    loop->clock.wall_ahead_ms = ahead;
    if (slept >= SLEEP_NOTICED_MS)
        loop->clock.slept_ms += (uint64_t)slept;
}

uint64_t disco__now(const disco__loop_t *loop)
{
    if (loop->clock.manual)
        return loop->clock.manual_ms;
    return monotonic_ms() + loop->clock.slept_ms;
}

uint64_t disco__now_roughly(const disco__loop_t *loop)
{
    if (loop->clock.manual)
        return loop->clock.manual_ms;
    return uv_now(loop->uv) + loop->clock.slept_ms;
}

void disco__timer_init(disco__timer_t *timer, void (*run)(disco__timer_t *timer))
{
    memset(timer, 0, sizeof *timer);
    timer->run = run;
}

void disco__timer_init_background(disco__timer_t *timer, void (*run)(disco__timer_t *timer))
{
    disco__timer_init(timer, run);
    timer->background = true;
}

/* The one due first becomes the parent; both are roots without siblings. */
static disco__timer_t *meld(disco__timer_t *a, disco__timer_t *b)
{
    disco__timer_t *first = a;
    disco__timer_t *second = b;

    if (a == NULL)
        return b;
    if (b == NULL)
        return a;
    if (b->due_ms < a->due_ms) {
        first = b;
        second = a;
    }
    second->previous = first;
    second->next = first->child;
    if (first->child != NULL)
        first->child->previous = second;
    first->child = second;
    return first;
}

/* Melds a list of siblings in pairs, then the pairs. */
static disco__timer_t *meld_siblings(disco__timer_t *sibling)
{
    disco__timer_t *pairs = NULL;
    disco__timer_t *root = NULL;

    while (sibling != NULL) {
        disco__timer_t *a = sibling;
        disco__timer_t *b = a->next;
        disco__timer_t *pair;

        sibling = b != NULL ? b->next : NULL;
        a->next = a->previous = NULL;
        if (b != NULL)
            b->next = b->previous = NULL;
        pair = meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs != NULL) {
        disco__timer_t *pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        root = meld(root, pair);
    }
    return root;
}

static void heap_remove(disco__loop_t *loop, disco__timer_t *timer)
{
    disco__timer_t *rest = meld_siblings(timer->child);

    timer->child = NULL;
    if (loop->timers == timer) {
        loop->timers = rest;
    } else {
        if (timer->previous->child == timer)
            timer->previous->child = timer->next;
        else
            timer->previous->next = timer->next;
        if (timer->next != NULL)
            timer->next->previous = timer->previous;
        loop->timers = meld(loop->timers, rest);
    }
    timer->next = timer->previous = NULL;
    timer->active = false;
    if (!timer->background)
        loop->foreground_timers--;
}

void disco__timer_update_reference(disco__loop_t *loop)
{
    if (loop->foreground_timers > 0 && disco__loop_is_kept_alive(loop))
        uv_ref((uv_handle_t *)&loop->timer_handle);
    else
        uv_unref((uv_handle_t *)&loop->timer_handle);
}

static bool may_run(const disco__timer_t *timer, uint64_t now)
{
    return timer != NULL && (timer->due_ms <= now || timer->due_ms - now <= timer->early_ms);
}

static void run_due(disco__loop_t *loop)
{
    /* What a callback starts with no delay is due at once but must not keep this turn from ending.
     */
    uint64_t now = disco__now(loop);

    while (may_run(loop->timers, now)) {
        disco__timer_t *timer = loop->timers;

        heap_remove(loop, timer);
        timer->run(timer);
    }
}

static void on_timer(uv_timer_t *handle);

/* The libuv timer may be armed too early, which costs one idle wake-up, but never too late. */
static void arm(disco__loop_t *loop)
{
    uint64_t now;

    disco__timer_update_reference(loop);
    if (loop->clock.manual || loop->closing_handles)
        return;
    if (loop->timers == NULL) {
        (void)uv_timer_stop(&loop->timer_handle);
        return;
    }
    now = disco__now(loop);
    /* Cannot fail: the callback is not NULL and the handle is not closing. */
    (void)uv_timer_start(&loop->timer_handle, on_timer,
                         loop->timers->due_ms > now ? loop->timers->due_ms - now : 0, 0);
}

static void on_timer(uv_timer_t *handle)
{
    disco__loop_t *loop = handle->data;

    notice_sleep(loop);
    disco__loop_pend(
        loop); /* keeps the handles open until the last line, whatever a callback closes */
    run_due(loop);
    arm(loop);
    disco__loop_settle(loop);
}

void disco__timer_start_at(disco__loop_t *loop, disco__timer_t *timer, uint64_t due_ms)
{
    bool had_first = loop->timers != NULL && loop->timers != timer;
    uint64_t first = had_first ? loop->timers->due_ms : 0;

    if (timer->active && timer->due_ms == due_ms)
        return;
    if (timer->active)
        heap_remove(loop, timer);
    timer->due_ms = due_ms;
    timer->active = true;
    if (!timer->background)
        loop->foreground_timers++;
    loop->timers = meld(loop->timers, timer);
    if (!had_first || due_ms < first)
        arm(loop);
    else
        disco__timer_update_reference(loop);
}

void disco__timer_start(disco__loop_t *loop, disco__timer_t *timer, uint64_t delay_ms)
{
    uint64_t now = disco__now(loop);

    disco__timer_start_at(loop, timer, delay_ms > UINT64_MAX - now ? UINT64_MAX : now + delay_ms);
}

void disco__timer_stop(disco__loop_t *loop, disco__timer_t *timer)
{
    if (!timer->active)
        return;
    heap_remove(loop, timer);
    if (loop->timers == NULL)
        arm(loop);
    else
        disco__timer_update_reference(loop);
}

void disco__clock_set_manual(disco__loop_t *loop)
{
    loop->clock.manual_ms = disco__now(loop);
    loop->clock.manual = true;
    (void)uv_timer_stop(&loop->timer_handle);
}

void disco__clock_advance(disco__loop_t *loop, uint64_t ms)
{
    uint64_t until = loop->clock.manual_ms + ms;

    disco__loop_pend(loop);
    while (loop->timers != NULL && loop->timers->due_ms <= until) {
        if (loop->timers->due_ms > loop->clock.manual_ms)
            loop->clock.manual_ms = loop->timers->due_ms;
        run_due(loop);
    }
    loop->clock.manual_ms = until;
    disco__loop_settle(loop);
}

void disco__clock_pretend_slept(disco__loop_t *loop, uint64_t ms)
{
    loop->clock.wall_ahead_ms -= (int64_t)ms;
    (void)uv_timer_start(&loop->timer_handle, on_timer, 0, 0);
}
