/* The quick way through a message of a watch stream: it is expected to be as etcd writes it,
 * without white space, its members in their order, its numbers in strings, nothing escaped.
 * Anything else is left to disco__v3_read_message(). */
#include <string.h>

#include "etcd/v3_plain.h"
#include "etcd/v3_watch_codec.h"
#include "json/stop.h"

/* The bytes up to where the string stops, and its quote there. */
static inline bool take_text(disco__plain_t *plain, disco__span_t *span, const char *stop)
{
    span->bytes = plain->at;
    span->size = (size_t)(stop - plain->at);
    plain->at = stop;
    if (!disco__plain_take(plain, '"'))
        return false;
    disco__plain_end_member(plain);
    return true;
}

/* A member that may be missing; then it stays as it is. */
#define TAKE_TEXT(plain, name, span, stop)                                                         \
    (!DISCO__PLAIN_MEMBER(plain, "\"" name "\":\"") ||                                             \
     take_text(plain, span, stop((plain)->at, (plain)->end, &(span)->high)))

static bool take_pair(disco__plain_t *plain, disco__v3_pair_t *pair)
{
    disco__span_t ignored;

    pair->is_there = true;
    pair->is_object = true;
    pair->has_good_key = true;
    pair->has_good_value = true;
    return TAKE_TEXT(plain, "key", &pair->key, disco__json_stop_far) &&
           DISCO__PLAIN_NUMBER(plain, "create_revision", &pair->created.value) &&
           DISCO__PLAIN_NUMBER(plain, "mod_revision", &pair->modified.value) &&
           TAKE_TEXT(plain, "version", &ignored, disco__json_stop) &&
           TAKE_TEXT(plain, "value", &pair->value, disco__json_stop_far) &&
           TAKE_TEXT(plain, "lease", &ignored, disco__json_stop) && disco__plain_end_object(plain);
}

static bool take_event(disco__plain_t *plain, disco__v3_found_t *found)
{
    static const char deleted[] = "DELETE";

    memset(found, 0, sizeof *found);
    if (!DISCO__PLAIN_TAKE(plain, "{"))
        return false;
    plain->more = true;
    if (DISCO__PLAIN_TAKE(plain, "\"type\":\"DELETE\",")) {
        found->type.is_name = true;
        found->type.name = (disco__span_t){.bytes = deleted, .size = sizeof deleted - 1};
    }
    if (!DISCO__PLAIN_TAKE(plain, "\"kv\":{") || !take_pair(plain, &found->pair))
        return false;
    if (DISCO__PLAIN_MEMBER(plain, "\"prev_kv\":{")) {
        plain->more = true;
        if (!take_pair(plain, &found->previous))
            return false;
    }
    return !plain->more && disco__plain_take(plain, '}');
}

bool disco__v3_find_plain_event(disco__scan_t *scan, disco__v3_found_t *found)
{
    disco__plain_t plain = {.at = scan->at, .end = scan->end};
    bool good = take_event(&plain, found);

    scan->at = plain.at;
    return good;
}

static bool take_header(disco__plain_t *plain, disco__v3_header_t *header)
{
    if (!DISCO__PLAIN_TAKE(plain, "{\"result\":{\"header\":") ||
        !disco__v3_take_plain_header(plain, header))
        return false;
    disco__plain_end_member(plain);
    return true;
}

static bool take_events(disco__plain_t *plain, disco__v3_message_t *message)
{
    disco__v3_found_t ignored;

    if (!DISCO__PLAIN_MEMBER(plain, "\"events\":[") || !take_event(plain, &message->found))
        return false;
    disco__scan_init(&message->events, plain->at, (size_t)(plain->end - plain->at), true);
    message->events.depth = 1;
    while (disco__plain_take(plain, ',')) {
        if (!take_event(plain, &ignored))
            return false;
    }
    return DISCO__PLAIN_TAKE(plain, "]}}");
}

size_t disco__v3_read_plain_message(disco__v3_message_t *message, disco__buffer_t *texts,
                                    const char *text, size_t size)
{
    disco__plain_t plain = {.at = text, .end = text + size};
    size_t used;

    message->watch_id = 0;
    if (!take_header(&plain, &message->header) ||
        !DISCO__PLAIN_NUMBER(&plain, "watch_id", &message->watch_id))
        return 0;
    message->fragment = DISCO__PLAIN_MEMBER(&plain, "\"fragment\":true,");
    if (!take_events(&plain, message))
        return 0;
    used = (size_t)(plain.at - text);
    if (disco__v3_make_room(message, texts, used) != 0)
        return 0;
    message->failure.status = 0;
    message->token = false;
    message->created = false;
    message->canceled = false;
    message->has_events = true;
    message->compact_revision = 0;
    message->cancel_reason = "";
    message->is_plain = true;
    message->is_found = true;
    return used;
}
