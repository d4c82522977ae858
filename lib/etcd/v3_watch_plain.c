/* The quick way through a message of a watch stream: it is expected to be as etcd writes it,
 * without white space, its members in their order, its numbers in strings, nothing escaped.
 * Anything else is left to disco__v3_read_message(). */
#include <string.h>

#include "etcd/v3_watch_codec.h"
#include "json/expect.h"
#include "json/stop.h"

typedef struct plain_s {
    const char *at;
    const char *end;
    bool more; /* behind an opening bracket or a comma: a member must follow */
} plain_t;

static inline bool take_word(plain_t *plain, const char *word, size_t size)
{
    if ((size_t)(plain->end - plain->at) < size || memcmp(plain->at, word, size) != 0)
        return false;
    plain->at += size;
    return true;
}

/* What begins an object, or a member of one. */
#define TAKE(plain, word) take_word(plain, word, sizeof(word) - 1)
#define TAKE_MEMBER(plain, word) ((plain)->more && TAKE(plain, word))

static inline bool take(plain_t *plain, char c)
{
    if (plain->at == plain->end || *plain->at != c)
        return false;
    plain->at++;
    return true;
}

static inline void end_member(plain_t *plain)
{
    plain->more = take(plain, ',');
}

static inline bool end_object(plain_t *plain)
{
    bool good = !plain->more && take(plain, '}');

    end_member(plain);
    return good;
}

/* The digits, and the quote behind them. */
static bool take_digits(plain_t *plain, uint64_t *value)
{
    size_t count = disco__digits(plain->at, (size_t)(plain->end - plain->at), value);

    plain->at += count;
    if (count == 0 || !take(plain, '"'))
        return false;
    end_member(plain);
    return true;
}

/* The bytes up to where the string stops, and its quote there. */
static inline bool take_text(plain_t *plain, disco__span_t *span, const char *stop)
{
    span->bytes = plain->at;
    span->size = (size_t)(stop - plain->at);
    plain->at = stop;
    if (!take(plain, '"'))
        return false;
    end_member(plain);
    return true;
}

/* A member that may be missing; then the value stays. */
#define TAKE_NUMBER(plain, name, value)                                                            \
    (!TAKE_MEMBER(plain, "\"" name "\":\"") || take_digits(plain, value))
#define TAKE_TEXT(plain, name, span, stop)                                                         \
    (!TAKE_MEMBER(plain, "\"" name "\":\"") ||                                                     \
     take_text(plain, span, stop((plain)->at, (plain)->end, &(span)->high)))

static bool take_pair(plain_t *plain, disco__v3_pair_t *pair)
{
    disco__span_t ignored;

    pair->is_there = true;
    pair->is_object = true;
    pair->has_good_key = true;
    pair->has_good_value = true;
    return TAKE_TEXT(plain, "key", &pair->key, disco__json_stop_far) &&
           TAKE_NUMBER(plain, "create_revision", &pair->created.value) &&
           TAKE_NUMBER(plain, "mod_revision", &pair->modified.value) &&
           TAKE_TEXT(plain, "version", &ignored, disco__json_stop) &&
           TAKE_TEXT(plain, "value", &pair->value, disco__json_stop_far) &&
           TAKE_TEXT(plain, "lease", &ignored, disco__json_stop) && end_object(plain);
}

static bool take_event(plain_t *plain, disco__v3_found_t *found)
{
    static const char deleted[] = "DELETE";

    memset(found, 0, sizeof *found);
    if (!TAKE(plain, "{"))
        return false;
    plain->more = true;
    if (TAKE(plain, "\"type\":\"DELETE\",")) {
        found->type.is_name = true;
        found->type.name = (disco__span_t){.bytes = deleted, .size = sizeof deleted - 1};
    }
    if (!TAKE(plain, "\"kv\":{") || !take_pair(plain, &found->pair))
        return false;
    if (TAKE_MEMBER(plain, "\"prev_kv\":{")) {
        plain->more = true;
        if (!take_pair(plain, &found->previous))
            return false;
    }
    return !plain->more && take(plain, '}');
}

bool disco__v3_find_plain_event(disco__scan_t *scan, disco__v3_found_t *found)
{
    plain_t plain = {.at = scan->at, .end = scan->end};
    bool good = take_event(&plain, found);

    scan->at = plain.at;
    return good;
}

static bool take_header(plain_t *plain, disco__v3_header_t *header)
{
    if (!TAKE(plain, "{\"result\":{\"header\":") ||
        !disco__v3_take_plain_header(&plain->at, plain->end, header))
        return false;
    end_member(plain);
    return true;
}

static bool take_events(plain_t *plain, disco__v3_message_t *message)
{
    disco__v3_found_t ignored;

    if (!TAKE_MEMBER(plain, "\"events\":[") || !take_event(plain, &message->found))
        return false;
    disco__scan_init(&message->events, plain->at, (size_t)(plain->end - plain->at), true);
    message->events.depth = 1;
    while (take(plain, ',')) {
        if (!take_event(plain, &ignored))
            return false;
    }
    return TAKE(plain, "]}}");
}

size_t disco__v3_read_plain_message(disco__v3_message_t *message, disco__buffer_t *texts,
                                    const char *text, size_t size)
{
    plain_t plain = {.at = text, .end = text + size};
    size_t used;

    message->watch_id = 0;
    if (!take_header(&plain, &message->header) ||
        !TAKE_NUMBER(&plain, "watch_id", &message->watch_id))
        return 0;
    message->fragment = TAKE_MEMBER(&plain, "\"fragment\":true,");
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
