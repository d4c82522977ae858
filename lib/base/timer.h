/* Clock and timers. All timers of a client hang on one libuv timer, so starting, stopping and
 * freeing one is done at once. A machine that slept is noticed by comparing the clocks: timers then
 * count the sleep. */
#ifndef DISCO_BASE_TIMER_H
#define DISCO_BASE_TIMER_H

#include "base/loop.h"

typedef struct disco__timer_s {
    struct disco__timer_s *child; /* pairing heap */
    struct disco__timer_s *next;
    struct disco__timer_s *previous; /* the parent for a first child */
    uint64_t due_ms;
    uint32_t early_ms; /* the owner's to set before it is started; 0 at first */
    bool active;
    bool background; /* does not keep the user's loop alive */
    void (*run)(struct disco__timer_s *timer);
} disco__timer_t;

void disco__clock_init(disco__loop_t *loop);

/* Milliseconds that never run backwards and that include time slept, as far as it has been noticed.
 */
uint64_t disco__now(const disco__loop_t *loop);
/* What it was when libuv last looked, which costs nothing: for what happens often. */
uint64_t disco__now_roughly(const disco__loop_t *loop);

/* The wall clock, milliseconds since 1970. */
uint64_t disco__wall_clock(void);

void disco__timer_init(disco__timer_t *timer, void (*run)(disco__timer_t *timer));
void disco__timer_init_background(disco__timer_t *timer, void (*run)(disco__timer_t *timer));

/* Runs once, that many milliseconds from now; an active timer is started anew. It may run up to
 * early_ms before that, when another timer wakes the loop then: where many are due one after the
 * other, the loop wakes once for all that may run, and not for each. */
void disco__timer_start(disco__loop_t *loop, disco__timer_t *timer, uint64_t delay_ms);
void disco__timer_start_at(disco__loop_t *loop, disco__timer_t *timer, uint64_t due_ms);

/* Nothing happens when it is not active. */
void disco__timer_stop(disco__loop_t *loop, disco__timer_t *timer);

/* For base/loop.c. */
void disco__timer_update_reference(disco__loop_t *loop);

/* For tests: from now on the time stands still, and advancing it runs what is due, in order. */
void disco__clock_set_manual(disco__loop_t *loop);
void disco__clock_advance(disco__loop_t *loop, uint64_t ms);

/* For tests: as if the wall clock had moved by so much while the monotonic one stood. */
void disco__clock_pretend_slept(disco__loop_t *loop, uint64_t ms);

#endif
