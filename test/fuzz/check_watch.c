/* An event of v2 against the tree's reading of it, and a message of v3 that is read in the quick
 * way against the general one. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/text.h"
#include "etcd/v2_event.h"
#include "etcd/v3_watch_codec.h"
#include "fuzz/check.h"
#include "json/grammar.h"

static bool is_same_entry(const disco_kv_t *a, const disco_kv_t *b)
{
    return disco__text_equal(a->key, b->key) && a->value_size == b->value_size &&
           memcmp(a->value, b->value, a->value_size) == 0 && a->is_directory == b->is_directory &&
           a->created_revision == b->created_revision &&
           a->modified_revision == b->modified_revision && a->ttl_s == b->ttl_s;
}

static const char *compare_v2(const disco__v2_event_t *event, const char *bytes, size_t size)
{
    disco__v2_reply_t reply;
    const char *wrong = NULL;

    if (disco__v2_read_reply(&reply, bytes, size) != 0)
        return "the tree does not agree on what is an event of v2";
    if (event->action != reply.action || event->has_previous != reply.has_previous ||
        !is_same_entry(&event->entry, &reply.entries[0]) ||
        (event->has_previous && !is_same_entry(&event->previous, &reply.previous)))
        wrong = "an event of v2 differs from the tree's";
    disco__v2_reply_free(&reply);
    return wrong;
}

static const char *check_v2(const char *bytes, size_t size)
{
    char *body = fuzz_block(bytes, size);
    disco__v2_event_t event;
    disco__v2_reply_t reply;
    const char *wrong = NULL;
    bool good = disco__v2_read_event(&event, true, body, size) == 0;
    /* To the tree a name ends at its NUL. */
    bool comparable = disco__json_is_well_formed(bytes, size, false) ||
                      !disco__json_is_well_formed(bytes, size, true);

    if (comparable && good) {
        wrong = compare_v2(&event, bytes, size);
    } else if (comparable && disco__v2_read_reply(&reply, bytes, size) == 0) {
        disco__v2_reply_free(&reply);
        wrong = "the tree takes what is no event of v2";
    }
    free(body);
    return wrong;
}

static bool is_same_event(const disco__v3_event_t *a, const disco__v3_event_t *b)
{
    if (a->is_good != b->is_good || a->revision != b->revision)
        return false;
    if (!a->is_good)
        return true;
    return a->deleted == b->deleted && a->has_previous == b->has_previous &&
           is_same_entry(&a->entry, &b->entry) &&
           (!a->has_previous || is_same_entry(&a->previous, &b->previous));
}

static const char *compare_events(disco__v3_message_t *plain, disco__v3_message_t *general)
{
    disco__v3_event_t first;
    disco__v3_event_t second;

    while (disco__v3_next_event(&first, plain)) {
        if (!disco__v3_next_event(&second, general))
            return "a plain message has an event too many";
        if (!is_same_event(&first, &second))
            return "an event of a plain message differs";
    }
    return disco__v3_next_event(&second, general) ? "a plain message has an event too few" : NULL;
}

static const char *compare_messages(disco__v3_message_t *plain, const char *bytes, size_t size)
{
    disco__v3_message_t general;
    disco__buffer_t texts;
    const char *wrong = NULL;
    char *block = fuzz_block(bytes, size); /* where the message ends, as the quick way has it */

    disco__buffer_init(&texts);
    if (disco__v3_read_message(&general, &texts, block, size) != 0)
        wrong = "what is plain is no message";
    else if (general.failure.status != 0 || general.created || general.canceled ||
             general.compact_revision != 0 || general.watch_id != plain->watch_id ||
             general.fragment != plain->fragment || general.has_events != plain->has_events ||
             memcmp(&general.header, &plain->header, sizeof general.header) != 0)
        wrong = "a plain message says something else";
    else
        wrong = compare_events(plain, &general);
    disco__buffer_free(&texts);
    free(block);
    return wrong;
}

/* No event is read twice, and none for ever. */
static const char *read_events(const char *bytes, size_t size)
{
    disco__v3_message_t message;
    disco__v3_event_t event;
    disco__buffer_t texts;
    size_t left = size;

    disco__buffer_init(&texts);
    if (disco__v3_read_message(&message, &texts, bytes, size) == 0 && message.failure.status == 0) {
        while (left > 0 && disco__v3_next_event(&event, &message))
            left--;
    }
    disco__buffer_free(&texts);
    return size > 0 && left == 0 ? "a message has no end" : NULL;
}

const char *check_watch(const char *bytes, size_t size)
{
    disco__v3_message_t plain;
    disco__buffer_t texts;
    const char *wrong = check_v2(bytes, size);
    size_t used;

    disco__buffer_init(&texts);
    used = disco__v3_read_plain_message(&plain, &texts, bytes, size);
    if (wrong == NULL && used > 0)
        wrong = compare_messages(&plain, bytes, used);
    disco__buffer_free(&texts);
    return wrong != NULL ? wrong : read_events(bytes, size);
}
