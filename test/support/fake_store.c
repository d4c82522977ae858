/* Each operation and each watch has a tick of its own, by which it is answered, or told one thing
 * after another: any of them may be ended by the callback of another. */
#include <stdlib.h>
#include <string.h>

#include "disco/keys.h"
#include "support/fake_store_internal.h"

typedef struct fake_watch_s {
    disco__store_watch_t base;
    disco__queue_t node;
    disco__tick_t tick;
    disco__store_watch_cb cb;
    void *data;
    char *key;
    disco__scope_t scope;
    size_t next; /* in the history */
    bool synced;
    bool told; /* that it is stale */
    bool lost;
} fake_watch_t;

fake_store_t *fake_store_of(disco__store_t *store)
{
    return disco__container_of(store, fake_store_t, base);
}

void *fake_allocate(size_t size)
{
    void *block = calloc(1, size);

    if (block == NULL)
        abort();
    return block;
}

char *fake_copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(fake_allocate(size), text, size);
}

void fake_op_free(fake_op_t *op)
{
    disco__tick_cancel(op->base.store->loop, &op->tick);
    disco__queue_remove(&op->node);
    if (op->leased != NULL)
        op->leased->op = NULL;
    free(op->key);
    free(op->directory);
    free(op->value);
    free(op->beside_key);
    free(op->beside_value);
    free(op);
}

/* Whether this change is the last one of its key, and left a value. */
static bool is_current(const fake_store_t *fake, size_t index)
{
    size_t i;

    for (i = index + 1; i < fake->count; i++) {
        if (strcmp(fake->history[i].key, fake->history[index].key) == 0)
            return false;
    }
    return fake->history[index].value != NULL;
}

static bool is_below(const char *key, const char *directory)
{
    size_t size = strlen(directory);

    return strncmp(key, directory, size) == 0 && key[size] == '/';
}

static disco_kv_t entry_of(const change_t *change)
{
    disco_kv_t entry = {.key = change->key, .value = change->value != NULL ? change->value : ""};

    entry.value_size = strlen(entry.value);
    entry.created_revision = change->created;
    entry.modified_revision = change->revision;
    return entry;
}

/* Into room for one more than the history has. */
static size_t list(const fake_store_t *fake, const char *directory, disco_kv_t *entries)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < fake->count; i++) {
        if (!is_below(fake->history[i].key, directory))
            continue;
        if (count == 0 && fake->base.has_directories)
            entries[count++] = (disco_kv_t){.key = directory, .value = "", .is_directory = true};
        if (is_current(fake, i))
            entries[count++] = entry_of(&fake->history[i]);
    }
    return count;
}

bool fake_find(const fake_store_t *fake, const char *key, disco_kv_t *entry)
{
    size_t i;

    for (i = 0; i < fake->count; i++) {
        if (strcmp(fake->history[i].key, key) == 0 && is_current(fake, i)) {
            *entry = entry_of(&fake->history[i]);
            return true;
        }
    }
    return false;
}

static void fail_op(fake_store_t *fake, fake_op_t *op)
{
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure;
    disco__result_t result = {.failure = &failure};

    disco__failure_clear(&failure);
    disco__failure_set(&failure, fake->status, NULL);
    disco__failure_set_endpoint(&failure, "http://fake:2379");
    if (fake->state == FAILING && pursuit.total_ms == 0) {
        if (!op->told && pursuit.retrying != NULL) {
            op->told = true;
            pursuit.retrying(pursuit.data, &failure);
        }
        return;
    }
    fake_op_free(op);
    pursuit.done(pursuit.data, &result);
}

static int hand_over(const fake_op_t *op, const disco_kv_t *entry, bool beside)
{
    disco__item_t item = {
        .key = entry->key,
        .key_size = strlen(entry->key),
        .value = entry->value,
        .value_size = entry->value_size,
        .is_directory = entry->is_directory,
        .beside = beside,
        .created_revision = entry->created_revision,
        .modified_revision = entry->modified_revision,
    };

    return op->taker.take(op->taker.data, &item);
}

/* As a store does while its answer arrives. key NULL: it is not there. */
static int hand_over_all(const fake_op_t *op, const disco_kv_t *key, const disco__result_t *result)
{
    int rv = 0;
    size_t i;

    op->taker.begin(op->taker.data, true);
    op->taker.begin(op->taker.data, false);
    if (key != NULL)
        rv = hand_over(op, key, true);
    for (i = 0; i < result->entry_count && rv == 0; i++)
        rv = hand_over(op, &result->entries[i], false);
    return rv;
}

static void on_op(disco__tick_t *tick)
{
    fake_op_t *op = disco__container_of(tick, fake_op_t, tick);
    fake_store_t *fake = fake_store_of(op->base.store);
    disco__pursuit_t pursuit = op->pursuit;
    disco__failure_t failure;
    disco__result_t result = {.failure = &failure, .revision = fake->revision};
    disco_kv_t key;
    disco_kv_t *entries;
    char *directory;

    if (fake->state == HELD)
        return;
    if (fake->state != WORKING) {
        fail_op(fake, op);
        return;
    }
    if (op->work != NULL) {
        op->work(fake, op);
        return;
    }
    disco__failure_clear(&failure);
    entries = fake_allocate((fake->count + 2) * sizeof *entries);
    result.entries = entries;
    result.sent_ms = disco__now(fake->base.loop);
    if (op->directory == NULL && !op->recursive) {
        result.entry_count = fake_find(fake, op->key, &entries[0]) ? 1 : 0;
    } else {
        result.entry_count = list(fake, op->directory != NULL ? op->directory : op->key, entries);
    }
    if (result.entry_count == 0)
        failure.status = DISCO_EKEYNOTFOUND;
    if (op->taker.take != NULL) {
        int rv = hand_over_all(op, fake_find(fake, op->key, &key) ? &key : NULL, &result);

        if (rv != 0)
            failure.status = rv;
        result.entries = NULL;
        result.entry_count = 0;
    }
    directory = op->recursive ? op->key : op->directory; /* which an entry may point to */
    op->key = op->recursive ? NULL : op->key;
    op->directory = op->recursive ? op->directory : NULL;
    fake_op_free(op);
    pursuit.done(pursuit.data, &result);
    free(directory);
    free(entries);
}

fake_op_t *fake_op_begin(disco__store_t *store, const char *key, const disco__pursuit_t *pursuit)
{
    fake_store_t *fake = fake_store_of(store);
    fake_op_t *op = fake_allocate(sizeof *op);

    op->base.store = store;
    op->pursuit = *pursuit;
    op->key = fake_copy(key);
    disco__tick_init(&op->tick, on_op);
    disco__queue_push(&fake->ops, &op->node);
    disco__tick_schedule(store->loop, &op->tick);
    fake->begun++;
    return op;
}

static int start(disco__store_t *store, const char *key, const char *directory, bool recursive,
                 const disco__pursuit_t *pursuit, disco__op_t **out)
{
    fake_op_t *op = fake_op_begin(store, key, pursuit);

    op->directory = directory != NULL ? fake_copy(directory) : NULL;
    op->recursive = recursive;
    *out = &op->base;
    return 0;
}

static int fake_get(disco__store_t *store, const char *key, bool recursive, bool quorum,
                    const disco__pursuit_t *pursuit, disco__op_t **op)
{
    (void)quorum;
    return start(store, key, NULL, recursive, pursuit, op);
}

static int fake_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                         const disco__taker_t *taker, const disco__pursuit_t *pursuit,
                         disco__op_t **op)
{
    int rv = start(store, key, directory, false, pursuit, op);

    (void)quorum;
    disco__container_of(*op, fake_op_t, base)->taker = *taker;
    return rv;
}

static void fake_cancel(disco__op_t *op)
{
    fake_op_free(disco__container_of(op, fake_op_t, base));
}

static bool concerns(const fake_watch_t *watch, const char *key)
{
    return watch->scope == DISCO__SCOPE_KEY ? strcmp(key, watch->key) == 0
                                            : is_below(key, watch->key);
}

static void tell(fake_watch_t *watch, disco_watch_event_type_t type, int status)
{
    disco_watch_event_t event = {.type = type, .status = status};
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    watch->cb(watch->data, &event, &failure);
}

/* One word at a time; another turn for the next. */
static void on_watch(disco__tick_t *tick)
{
    fake_watch_t *watch = disco__container_of(tick, fake_watch_t, tick);
    fake_store_t *fake = fake_store_of(watch->base.store);
    const change_t *change = NULL;
    disco_watch_event_t event = {.type = DISCO_WATCH_PUT};
    disco_kv_t entry;

    if (fake->state == HELD)
        return;
    if (fake->state != WORKING) {
        watch->synced = false;
        if (!watch->told) {
            watch->told = true;
            tell(watch, DISCO_WATCH_STALE, fake->status);
        }
        return;
    }
    if (watch->lost) {
        watch->lost = false;
        tell(watch, DISCO_WATCH_GAP, DISCO_ECLEARED);
        return;
    }
    watch->told = false;
    disco__tick_schedule(fake->base.loop, &watch->tick);
    if (!watch->synced) {
        watch->synced = true;
        tell(watch, DISCO_WATCH_SYNCED, 0);
        return;
    }
    while (change == NULL && watch->next < fake->count) {
        change = &fake->history[watch->next++];
        if (!concerns(watch, change->key))
            change = NULL;
    }
    if (change == NULL) {
        disco__tick_cancel(fake->base.loop, &watch->tick);
        return;
    }
    entry = entry_of(change);
    event.type = change->value != NULL ? DISCO_WATCH_PUT : DISCO_WATCH_DELETE;
    event.revision = change->revision;
    event.entry = &entry;
    watch->cb(watch->data, &event, NULL);
}

static int fake_watch(disco__store_t *store, const disco__watch_request_t *request,
                      disco__store_watch_cb cb, void *data, disco__store_watch_t **out)
{
    fake_store_t *fake = fake_store_of(store);
    fake_watch_t *watch = fake_allocate(sizeof *watch);

    watch->base.store = store;
    watch->cb = cb;
    watch->data = data;
    watch->key = fake_copy(request->key);
    watch->scope = request->scope;
    watch->next = fake->count;
    while (request->from_revision > 0 && watch->next > 0 &&
           fake->history[watch->next - 1].revision >= request->from_revision)
        watch->next--;
    disco__tick_init(&watch->tick, on_watch);
    disco__queue_push(&fake->watches, &watch->node);
    disco__tick_schedule(store->loop, &watch->tick);
    *out = &watch->base;
    return 0;
}

static void fake_watch_close(disco__store_watch_t *base)
{
    fake_watch_t *watch = disco__container_of(base, fake_watch_t, base);

    disco__tick_cancel(base->store->loop, &watch->tick);
    disco__queue_remove(&watch->node);
    free(watch->key);
    free(watch);
}

static void fake_close(disco__store_t *store)
{
    fake_store_t *fake = fake_store_of(store);
    size_t i;

    for (i = 0; i < fake->count; i++) {
        free(fake->history[i].key);
        free(fake->history[i].value);
    }
    free(fake->history);
    free(fake);
}

static const disco__store_ops_t fake_ops = {
    .get = fake_get,
    .get_pair = fake_get_pair,
    .cancel = fake_cancel,
    .watch = fake_watch,
    .watch_close = fake_watch_close,
    .put = fake_put,
    .lease = fake_lease,
    .lease_write = fake_lease_write,
    .lease_remove = fake_lease_remove,
    .lease_close = fake_lease_close,
    .close = fake_close,
};

fake_store_t *fake_store_install(disco_client_t *client, size_t index)
{
    fake_store_t *fake = fake_allocate(sizeof *fake);
    disco__store_t *before = client->stores[index];

    fake->base = *before;
    fake->base.ops = &fake_ops;
    fake->revision = 1;
    disco__queue_init(&fake->ops);
    disco__queue_init(&fake->watches);
    disco__queue_init(&fake->leased);
    before->ops->close(before);
    client->stores[index] = &fake->base;
    return fake;
}

static void wake_all(fake_store_t *fake)
{
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&fake->ops, node, after)
        disco__tick_schedule(fake->base.loop, &disco__queue_data(node, fake_op_t, node)->tick);
    disco__queue_foreach(&fake->watches, node, after)
        disco__tick_schedule(fake->base.loop, &disco__queue_data(node, fake_watch_t, node)->tick);
}

static void add_change(fake_store_t *fake, const char *key, const char *value)
{
    change_t change = {.key = fake_copy(key)};
    disco_kv_t before;
    bool was_there = fake_find(fake, key, &before);

    if (!fake->share)
        fake->revision++;
    change.value = value != NULL ? fake_copy(value) : NULL;
    change.revision = fake->revision;
    change.created = was_there ? before.created_revision : fake->revision;
    fake->history = realloc(fake->history, (fake->count + 1) * sizeof change);
    if (fake->history == NULL)
        abort();
    fake->history[fake->count++] = change;
    wake_all(fake);
}

void fake_store_put(fake_store_t *fake, const char *key, const char *value)
{
    add_change(fake, key, value);
}

void fake_store_delete(fake_store_t *fake, const char *key)
{
    add_change(fake, key, NULL);
}

void fake_store_share_revision(fake_store_t *fake, bool share)
{
    fake->share = share;
}

void fake_store_set_revision(fake_store_t *fake, uint64_t revision)
{
    fake->revision = revision;
}

static void set_state(fake_store_t *fake, state_t state, int status)
{
    disco__queue_t *node;
    disco__queue_t *after;

    fake->state = state;
    fake->status = status;
    disco__queue_foreach(&fake->ops, node, after) disco__queue_data(node, fake_op_t, node)->told =
        false;
    wake_all(fake);
}

void fake_store_hold(fake_store_t *fake)
{
    set_state(fake, HELD, 0);
}

void fake_store_fail(fake_store_t *fake, int status)
{
    set_state(fake, FAILING, status);
}

void fake_store_refuse(fake_store_t *fake, int status)
{
    set_state(fake, REFUSING, status);
}

void fake_store_work(fake_store_t *fake)
{
    set_state(fake, WORKING, 0);
}

void fake_store_lose_events(fake_store_t *fake)
{
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&fake->watches, node, after) disco__queue_data(node, fake_watch_t, node)
        ->lost = true;
    wake_all(fake);
}

size_t fake_store_waiting(const fake_store_t *fake)
{
    const disco__queue_t *node;
    size_t count = 0;

    for (node = fake->ops.next; node != &fake->ops; node = node->next)
        count++;
    return count;
}

const char *fake_store_value(const fake_store_t *fake, const char *key)
{
    disco_kv_t entry;

    return fake_find(fake, key, &entry) ? entry.value : NULL;
}

size_t fake_store_begun(const fake_store_t *fake)
{
    return fake->begun;
}
