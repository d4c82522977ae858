/* What the store in memory writes for the library. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "support/fake_store_internal.h"
#include "support/test.h"

static fake_leased_t *leased_of(disco__leased_t *base)
{
    return disco__container_of(base, fake_leased_t, base);
}

/* The op is over. */
static void answer(fake_store_t *fake, fake_op_t *op, int status, const char *key,
                   bool beside_written)
{
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure;
    disco__result_t result = {.failure = &failure,
                              .revision = fake->revision,
                              .sent_ms = disco__now(fake->base.loop),
                              .beside_written = beside_written};
    disco_kv_t entry;

    disco__failure_clear(&failure);
    failure.status = status;
    if (status == 0 && fake_find(fake, key, &entry)) {
        result.entries = &entry;
        result.entry_count = 1;
    }
    fake_op_free(op);
    pursuit.done(pursuit.data, &result);
}

static int condition_status(fake_store_t *fake, const fake_op_t *op)
{
    disco_kv_t entry;
    bool there = fake_find(fake, op->key, &entry);

    if (op->condition == DISCO_KV_MUST_EXIST && !there)
        return DISCO_EKEYNOTFOUND;
    if (op->condition == DISCO_KV_MUST_NOT_EXIST && there)
        return DISCO_EKEYEXISTS;
    return 0;
}

static void work_write(fake_store_t *fake, fake_op_t *op)
{
    char *key = fake_copy(op->key);
    int status = condition_status(fake, op);
    bool beside = status == 0 && op->beside_key != NULL;

    if (beside && !(op->beside_once && fake_store_value(fake, op->beside_key) != NULL))
        fake_store_put(fake, op->beside_key, op->beside_value);
    if (status == 0)
        fake_store_put(fake, op->key, op->value);
    answer(fake, op, status, key, beside);
    free(key);
}

static void work_remove(fake_store_t *fake, fake_op_t *op)
{
    char *key = fake_copy(op->key);

    if (fake_store_value(fake, key) != NULL)
        fake_store_delete(fake, key);
    answer(fake, op, 0, key, false);
    free(key);
}

int fake_put(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
             disco__op_t **out)
{
    fake_op_t *op = fake_op_begin(store, put->key, pursuit);

    op->work = work_write;
    op->value = fake_copy(put->value);
    op->condition = put->condition;
    *out = &op->base;
    return 0;
}

int fake_lease(disco__store_t *store, const char *key, uint64_t ttl_s,
               const disco__leased_events_t *events, void *data, disco__leased_t **out)
{
    fake_leased_t *leased = fake_allocate(sizeof *leased);

    (void)ttl_s;
    leased->base.store = store;
    leased->key = fake_copy(key);
    leased->events = events;
    leased->data = data;
    disco__queue_push(&fake_store_of(store)->leased, &leased->node);
    *out = &leased->base;
    return 0;
}

int fake_lease_write(disco__leased_t *base, const disco__leased_write_t *write,
                     const disco__pursuit_t *pursuit, disco__op_t **out)
{
    fake_leased_t *leased = leased_of(base);
    fake_op_t *op = fake_op_begin(base->store, leased->key, pursuit);

    assert_null(leased->op);
    leased->op = op;
    op->leased = leased;
    op->work = work_write;
    op->value = fake_copy(write->value);
    op->condition = write->must_exist ? DISCO_KV_MUST_EXIST : DISCO_KV_ALWAYS;
    if (write->beside != NULL) {
        op->beside_key = fake_copy(write->beside->key);
        op->beside_value = fake_copy(write->beside->value);
        op->beside_once = write->beside->condition == DISCO_KV_MUST_NOT_EXIST;
    }
    *out = &op->base;
    return 0;
}

int fake_lease_remove(disco__leased_t *base, const disco__pursuit_t *pursuit, disco__op_t **out)
{
    fake_leased_t *leased = leased_of(base);
    fake_op_t *op;

    if (leased->op != NULL)
        fake_op_free(leased->op);
    op = fake_op_begin(base->store, leased->key, pursuit);
    leased->op = op;
    op->leased = leased;
    op->work = work_remove;
    *out = &op->base;
    return 0;
}

void fake_lease_close(disco__leased_t *base)
{
    fake_leased_t *leased = leased_of(base);

    if (leased->op != NULL)
        fake_op_free(leased->op);
    disco__queue_remove(&leased->node);
    free(leased->key);
    free(leased);
}

static fake_leased_t *find_leased(fake_store_t *fake, const char *key)
{
    disco__queue_t *node;

    for (node = fake->leased.next; node != &fake->leased; node = node->next) {
        fake_leased_t *leased = disco__queue_data(node, fake_leased_t, node);

        if (strcmp(leased->key, key) == 0)
            return leased;
    }
    fail_msg("%s is not leased", key);
    return NULL;
}

static disco__failure_t failure_of(int status)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    return failure;
}

void fake_store_beat(fake_store_t *fake, const char *key)
{
    fake_leased_t *leased = find_leased(fake, key);

    leased->events->alive(leased->data);
}

void fake_store_fail_beat(fake_store_t *fake, const char *key, int status)
{
    fake_leased_t *leased = find_leased(fake, key);
    disco__failure_t failure = failure_of(status);

    leased->events->failing(leased->data, &failure);
}

void fake_store_overdue(fake_store_t *fake, const char *key)
{
    fake_leased_t *leased = find_leased(fake, key);
    disco__failure_t failure = failure_of(DISCO_ELOST);

    leased->events->overdue(leased->data, &failure);
}

void fake_store_take_away(fake_store_t *fake, const char *key)
{
    fake_leased_t *leased = find_leased(fake, key);
    disco__failure_t failure = failure_of(DISCO_EKEYNOTFOUND);

    if (fake_store_value(fake, key) != NULL)
        fake_store_delete(fake, key);
    leased->events->gone(leased->data, &failure);
}
