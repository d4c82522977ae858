/* A key that is closed is to stay in etcd until its time to live has passed; but it is on a lease
 * that other keys keep alive.
 *
 * Happy path: closed keys are kept here; when the time to live of the first has passed, all that
 * are due are deleted in one transaction, each if it is still on the lease. Found here too: keys
 * that etcd has on the lease and nobody knows of. They come from a write that was given up, and
 * took effect later than the removal behind it. Failure modes: an attempt that fails is repeated,
 * and given up after a while to be tried again later; what etcd refuses is left alone. When the
 * lease goes, so do they. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/timer.h"
#include "etcd/v3_lease.h"

/* In one transaction: etcd takes 127 with a condition each. */
#define MOST 100

static disco__v3_leased_t *leased_at(disco__queue_t *node)
{
    return disco__queue_data(node, disco__v3_leased_t, node);
}

static void free_all(disco__queue_t *list)
{
    disco__queue_t *node;

    while ((node = disco__queue_first(list)) != NULL) {
        disco__queue_remove(node);
        disco__v3_leased_free(leased_at(node));
    }
}

void disco__v3_leftover_clear(disco__v3_lease_t *lease)
{
    disco__timer_stop(lease->loop, &lease->leftover_timer);
    disco__call_end(&lease->deletion);
    free_all(&lease->leftovers);
    free_all(&lease->leaving);
}

static void plan(disco__v3_lease_t *lease)
{
    disco__queue_t *first = disco__queue_first(&lease->leftovers);

    if (first != NULL && disco__queue_empty(&lease->leaving))
        disco__timer_start_at(lease->loop, &lease->leftover_timer, leased_at(first)->due_ms);
}

void disco__v3_leftover_add(disco__v3_lease_t *lease, disco__v3_leased_t *leased, uint64_t due_ms)
{
    disco__queue_t *before = lease->leftovers.previous;

    leased->due_ms = due_ms;
    while (before != &lease->leftovers && leased_at(before)->due_ms > due_ms)
        before = before->previous;
    disco__queue_push(before->next, &leased->node);
    plan(lease);
}

/* A key that is leased again is not to go. */
static bool is_leased(const disco__v3_lease_t *lease, const char *key)
{
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(&lease->keys, node, after)
    {
        if (strcmp(leased_at(node)->key, key) == 0)
            return true;
    }
    return false;
}

static void take_due(disco__v3_lease_t *lease)
{
    uint64_t now = disco__now(lease->loop);
    size_t count = 0;
    disco__queue_t *node;

    while (count < MOST && (node = disco__queue_first(&lease->leftovers)) != NULL &&
           leased_at(node)->due_ms <= now) {
        disco__queue_remove(node);
        if (is_leased(lease, leased_at(node)->key)) {
            disco__v3_leased_free(leased_at(node));
        } else {
            disco__queue_push(&lease->leaving, node);
            count++;
        }
    }
}

static void write_deletion(const disco__v3_lease_t *lease, const char *key, disco__buffer_t *out)
{
    if (out->size > 0 && out->bytes[out->size - 1] != '[')
        disco__buffer_append_char(out, ',');
    disco__buffer_append_text(out, "{\"request_txn\":{\"compare\":[{");
    disco__v3_write_bytes(out, "key", key, strlen(key));
    disco__buffer_append_text(out, ",\"target\":\"LEASE\",\"result\":\"EQUAL\"");
    disco__v3_write_number(out, "lease", lease->id);
    disco__buffer_append_text(out, "}],\"success\":[{\"request_delete_range\":{");
    disco__v3_write_range(out, key, DISCO__SCOPE_KEY);
    disco__buffer_append_text(out, "}}]}}");
}

/* Later again, behind those that are due sooner. */
static void put_off(disco__v3_lease_t *lease)
{
    uint64_t due_ms = disco__now(lease->loop) + lease->heartbeat.ttl_ms / 3;
    disco__queue_t again;
    disco__queue_t *node;

    disco__queue_init(&again);
    disco__queue_move(&lease->leaving, &again);
    while ((node = disco__queue_first(&again)) != NULL) {
        disco__queue_remove(node);
        disco__v3_leftover_add(lease, leased_at(node), due_ms);
    }
}

static bool is_settled(int status)
{
    return status == 0 || status == DISCO_EREFUSED || status == DISCO_EAUTH;
}

static void on_deleted(disco__call_t *call)
{
    disco__v3_lease_t *lease = disco__container_of(call, disco__v3_lease_t, deletion);

    if (is_settled(call->failure.status))
        free_all(&lease->leaving);
    else
        put_off(lease);
    plan(lease);
}

static void on_timer(disco__timer_t *timer)
{
    disco__v3_lease_t *lease = disco__container_of(timer, disco__v3_lease_t, leftover_timer);
    disco__call_t *call = &lease->deletion;
    disco__queue_t *node;
    disco__queue_t *after;

    take_due(lease);
    if (disco__queue_empty(&lease->leaving)) {
        plan(lease);
        return;
    }
    disco__call_end(call);
    disco__v3_call_init(call, lease->store, "/v3/kv/txn");
    disco__buffer_append_text(&call->content, "{\"success\":[");
    disco__queue_foreach(&lease->leaving, node, after)
        write_deletion(lease, leased_at(node)->key, &call->content);
    disco__buffer_append_text(&call->content, "]}");
    call->total_ms = lease->store->options.attempt_ms;
    call->done = on_deleted;
    if (disco__call_start(call) != 0)
        put_off(lease);
}

static int compare(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

static size_t append_keys(const char **keys, const disco__queue_t *list)
{
    size_t count = 0;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(list, node, after) keys[count++] = leased_at(node)->key;
    return count;
}

static size_t length(const disco__queue_t *list)
{
    size_t count = 0;
    disco__queue_t *node;
    disco__queue_t *after;

    disco__queue_foreach(list, node, after) count++;
    return count;
}

/* Without memory it is found by a later question. */
static void add_unknown(disco__v3_lease_t *lease, const char *key)
{
    disco__v3_leased_t *leased = disco__calloc(1, sizeof *leased);

    if (leased == NULL)
        return;
    disco__queue_init(&leased->node);
    leased->key = disco__strdup(key);
    if (leased->key == NULL)
        disco__free(leased);
    else
        disco__v3_leftover_add(lease, leased, disco__now(lease->loop));
}

void disco__v3_leftover_look(disco__v3_lease_t *lease, const char *const *keys, size_t count)
{
    size_t most = length(&lease->keys) + length(&lease->leftovers) + length(&lease->leaving);
    const char **known = disco__calloc(most + 1, sizeof *known);
    size_t known_count;
    size_t i;

    if (known == NULL)
        return;
    known_count = append_keys(known, &lease->keys);
    known_count += append_keys(known + known_count, &lease->leftovers);
    known_count += append_keys(known + known_count, &lease->leaving);
    qsort(known, known_count, sizeof *known, compare);
    for (i = 0; i < count; i++) {
        if (known_count == 0 ||
            bsearch(&keys[i], known, known_count, sizeof *known, compare) == NULL)
            add_unknown(lease, keys[i]);
    }
    disco__free(known);
}

void disco__v3_leftover_init(disco__v3_lease_t *lease)
{
    disco__queue_init(&lease->leftovers);
    disco__queue_init(&lease->leaving);
    disco__call_init(&lease->deletion, lease->store->endpoints);
    disco__timer_init(&lease->leftover_timer, on_timer);
}
