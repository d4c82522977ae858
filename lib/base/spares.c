#include "base/spares.h"

#include "base/alloc.h"

/* As many as a snapshot of some hundred hosts takes, several times. */
#define MOST 16
#define UNUSED_MS 1000

typedef struct disco__spare_s {
    struct disco__spare_s *next;
} spare_t;

static void free_some(disco__spares_t *spares, size_t count)
{
    for (; count > 0; count--) {
        spare_t *spare = spares->first;

        spares->first = spare->next;
        spares->count--;
        disco__free(spare);
    }
}

static void start_timer(disco__spares_t *spares)
{
    spares->unused = spares->count;
    if (spares->count > 0)
        disco__timer_start(spares->loop, &spares->timer, UNUSED_MS);
}

static void on_timer(disco__timer_t *timer)
{
    disco__spares_t *spares = disco__container_of(timer, disco__spares_t, timer);

    free_some(spares, spares->unused);
    start_timer(spares);
}

disco__spares_t *disco__spares_new(disco__loop_t *loop)
{
    disco__spares_t *spares = disco__calloc(1, sizeof *spares);

    if (spares == NULL)
        return NULL;
    spares->loop = loop;
    spares->references = 1;
    disco__timer_init_background(&spares->timer, on_timer);
    return spares;
}

void disco__spares_close(disco__spares_t *spares)
{
    if (spares == NULL)
        return;
    disco__timer_stop(spares->loop, &spares->timer);
    free_some(spares, spares->count);
    spares->loop = NULL;
    disco__spares_unref(spares);
}

disco__spares_t *disco__spares_ref(disco__spares_t *spares)
{
    if (spares != NULL)
        spares->references++;
    return spares;
}

void disco__spares_unref(disco__spares_t *spares)
{
    if (spares != NULL && --spares->references == 0)
        disco__free(spares);
}

void *disco__spares_take(disco__spares_t *spares)
{
    spare_t *spare = spares->first;

    if (spare == NULL)
        return disco__malloc(DISCO__SPARE_SIZE);
    spares->first = spare->next;
    spares->count--;
    if (spares->count < spares->unused)
        spares->unused = spares->count;
    return spare;
}

void disco__spares_give(disco__spares_t *spares, void *block)
{
    spare_t *spare = block;

    if (spares->loop == NULL || spares->count == MOST) {
        disco__free(block);
        return;
    }
    spare->next = spares->first;
    spares->first = spare;
    spares->count++;
    if (spares->count == 1)
        start_timer(spares);
}
