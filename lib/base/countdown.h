/* The last one out calls back: started at one for whoever starts the work, so that it cannot reach
 * zero before all has been started. */
#ifndef DISCO_BASE_COUNTDOWN_H
#define DISCO_BASE_COUNTDOWN_H

#include <stddef.h>

typedef struct disco__countdown_s {
    size_t left;
    int status; /* the first failure */
    void (*done)(struct disco__countdown_s *countdown);
} disco__countdown_t;

static inline void disco__countdown_init(disco__countdown_t *countdown,
                                         void (*done)(disco__countdown_t *countdown))
{
    countdown->left = 1;
    countdown->status = 0;
    countdown->done = done;
}

static inline void disco__countdown_add(disco__countdown_t *countdown)
{
    countdown->left++;
}

/* The countdown may be gone when this returns. */
static inline void disco__countdown_finish(disco__countdown_t *countdown, int status)
{
    if (status < 0 && countdown->status == 0)
        countdown->status = status;
    if (--countdown->left == 0)
        countdown->done(countdown);
}

#endif
