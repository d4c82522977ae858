/* Any message of a watch stream. All but its first event is read twice: once as a whole, so that
 * nobody is told of an event of a message that is no JSON, and then event by event. */
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/base64.h"
#include "etcd/v3_watch_codec.h"
#include "json/member.h"
#include "json/read.h"

/* In the order in which etcd writes them, those of no interest too: they are passed over quickest
 * when they are known. */
enum { RESULT, ERROR, CODE, GRPC_CODE, ANSWER_COUNT };
static const disco__name_t answer_names[ANSWER_COUNT] = {
    DISCO__NAME("result"),
    DISCO__NAME("error"),
    DISCO__NAME("code"),
    DISCO__NAME("grpc_code"),
};

enum {
    HEADER,
    WATCH_ID,
    CREATED,
    CANCELED,
    COMPACT_REVISION,
    CANCEL_REASON,
    FRAGMENT,
    EVENTS,
    RESULT_COUNT
};
static const disco__name_t result_names[RESULT_COUNT] = {
    DISCO__NAME("header"),   DISCO__NAME("watch_id"),         DISCO__NAME("created"),
    DISCO__NAME("canceled"), DISCO__NAME("compact_revision"), DISCO__NAME("cancel_reason"),
    DISCO__NAME("fragment"), DISCO__NAME("events"),
};

enum { TYPE, KV, PREV_KV, EVENT_COUNT };
static const disco__name_t event_names[EVENT_COUNT] = {
    DISCO__NAME("type"),
    DISCO__NAME("kv"),
    DISCO__NAME("prev_kv"),
};

enum { KEY, CREATE_REVISION, MOD_REVISION, VERSION, VALUE, LEASE, PAIR_COUNT };
static const disco__name_t pair_names[PAIR_COUNT] = {
    DISCO__NAME("key"),     DISCO__NAME("create_revision"), DISCO__NAME("mod_revision"),
    DISCO__NAME("version"), DISCO__NAME("value"),           DISCO__NAME("lease"),
};

/* A string, or null for an empty one. False: it is something else. */
static bool take_text(disco__scan_t *scan, disco__span_t *text)
{
    char first = disco__scan_peek(scan);

    if (first == '"')
        return disco__scan_string(scan, text);
    *text = (disco__span_t){.bytes = ""};
    return disco__scan_skip(scan) && first == 'n';
}

static void take_pair(disco__scan_t *scan, disco__v3_pair_t *pair)
{
    char first = disco__scan_peek(scan);
    disco__span_t name;

    memset(pair, 0, sizeof *pair);
    pair->is_there = first != 'n';
    pair->is_object = first == '{';
    pair->has_good_key = true;
    pair->has_good_value = true;
    if (!pair->is_object) {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name)) {
        switch (disco__span_which(&name, pair_names, PAIR_COUNT)) {
        case KEY:
            pair->has_good_key = take_text(scan, &pair->key);
            break;
        case CREATE_REVISION:
            disco__member_number(scan, &pair->created);
            break;
        case MOD_REVISION:
            disco__member_number(scan, &pair->modified);
            break;
        case VALUE:
            pair->has_good_value = take_text(scan, &pair->value);
            break;
        default:
            (void)disco__scan_skip(scan);
        }
    }
}

static void take_type(disco__scan_t *scan, disco__v3_type_t *type)
{
    char first = disco__scan_peek(scan);
    disco__scan_t again = *scan;

    type->is_name = first == '"';
    type->is_number = first >= '0' && first <= '9';
    disco__member_number(scan, &type->number);
    if (type->is_name && scan->status == 0)
        (void)disco__scan_string(&again, &type->name);
}

static void find_event(disco__scan_t *scan, disco__v3_found_t *found)
{
    disco__span_t name;

    memset(found, 0, sizeof *found);
    if (disco__scan_peek(scan) != '{') {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name)) {
        switch (disco__span_which(&name, event_names, EVENT_COUNT)) {
        case TYPE:
            take_type(scan, &found->type);
            break;
        case KV:
            take_pair(scan, &found->pair);
            break;
        case PREV_KV:
            take_pair(scan, &found->previous);
            break;
        default:
            (void)disco__scan_skip(scan);
        }
    }
}

/* What the message's result says, while it is not known to be good. */
typedef struct result_s {
    bool good;
    bool has_wrong_events;
    bool is_of_no_watch;
    disco__number_t watch_id;
    disco__number_t compact_revision;
    disco__flag_t created;
    disco__flag_t canceled;
    disco__flag_t fragment;
    disco__text_t reason;
} result_t;

/* Below 0, but not -0. What has been scanned is a number. */
static bool is_negative(const disco__span_t *number)
{
    size_t i;

    if (number->bytes[0] != '-')
        return false;
    for (i = 1; i < number->size && (number->bytes[i] | 0x20) != 'e'; i++) {
        if (number->bytes[i] >= '1' && number->bytes[i] <= '9')
            return true;
    }
    return false;
}

/* Absent: 0, which none of ours is. */
static void take_watch_id(disco__scan_t *scan, result_t *result)
{
    char first = disco__scan_peek(scan);
    disco__scan_t again = *scan;
    disco__span_t span;

    result->is_of_no_watch = false;
    disco__member_number(scan, &result->watch_id);
    if (scan->status != 0)
        return;
    if (first == '"' && disco__scan_string(&again, &span))
        result->is_of_no_watch = span.size > 0 && span.bytes[0] == '-';
    else if (first == '-' && disco__scan_number(&again, &span))
        result->is_of_no_watch = is_negative(&span);
}

/* The first is read already; the others are only looked at. */
static void take_events(disco__scan_t *scan, disco__v3_message_t *message, result_t *result)
{
    char first = disco__scan_peek(scan);

    message->is_found = false;
    result->has_wrong_events = first != '[' && first != 'n';
    if (first != '[') {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_open(scan, '[');
    if (!disco__scan_item(scan))
        return;
    find_event(scan, &message->found);
    message->is_found = true;
    message->events = *scan;
    while (disco__scan_item(scan))
        (void)disco__scan_skip(scan);
}

static void take_member(disco__scan_t *scan, disco__v3_message_t *message, result_t *result,
                        size_t which)
{
    switch (which) {
    case HEADER:
        disco__v3_take_header(scan, &message->header);
        return;
    case WATCH_ID:
        take_watch_id(scan, result);
        return;
    case CREATED:
        disco__member_flag(scan, &result->created);
        return;
    case CANCELED:
        disco__member_flag(scan, &result->canceled);
        return;
    case COMPACT_REVISION:
        disco__member_number(scan, &result->compact_revision);
        return;
    case CANCEL_REASON:
        disco__member_text(scan, &result->reason);
        return;
    case FRAGMENT:
        disco__member_flag(scan, &result->fragment);
        return;
    case EVENTS:
        take_events(scan, message, result);
        return;
    default:
        (void)disco__scan_skip(scan);
    }
}

static bool is_good(const result_t *result)
{
    return !result->has_wrong_events && !result->created.is_wrong && !result->canceled.is_wrong &&
           !result->fragment.is_wrong && !result->compact_revision.is_wrong &&
           !result->reason.is_wrong && (!result->watch_id.is_wrong || result->is_of_no_watch);
}

/* Of several results the last counts. */
static void take_result(disco__scan_t *scan, disco__v3_message_t *message, result_t *result)
{
    disco__span_t name;

    memset(result, 0, sizeof *result);
    memset(&message->header, 0, sizeof message->header);
    message->is_found = false;
    if (disco__scan_peek(scan) != '{') {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name))
        take_member(scan, message, result, disco__span_which(&name, result_names, RESULT_COUNT));
    result->good = is_good(result);
}

/* Rare: by the tree. 0 or UV_ENOMEM; what is no error says so by its status. */
static int read_error(disco__v3_message_t *message, const char *text, size_t size)
{
    cJSON *tree;
    int rv = disco__json_parse_answer(text, size, &tree);

    if (rv != 0)
        return rv;
    disco__failure_clear(&message->failure);
    (void)disco__v3_read_error(&message->failure, &message->token, tree);
    disco__json_free(tree);
    return 0;
}

int disco__v3_make_room(disco__v3_message_t *message, disco__buffer_t *texts, size_t size)
{
    int rv;

    disco__buffer_clear(texts);
    if (texts->capacity <= size)
        disco__buffer_free_secret(texts); /* growing would leave a copy behind */
    rv = disco__buffer_reserve(texts, size);
    message->room = texts->bytes;
    return rv;
}

static void put_reason(disco__v3_message_t *message, const disco__span_t *reason)
{
    size_t size;

    message->cancel_reason = "";
    if (reason->size == 0)
        return;
    size = disco__member_write(message->room, reason);
    message->room[size] = '\0';
    message->cancel_reason = message->room;
    message->room += size + 1;
}

static void put_result(disco__v3_message_t *message, const result_t *result)
{
    message->watch_id = result->is_of_no_watch ? DISCO__V3_NO_WATCH : result->watch_id.value;
    message->created = result->created.value;
    message->canceled = result->canceled.value;
    message->fragment = result->fragment.value;
    message->has_events = message->is_found;
    message->compact_revision = result->compact_revision.value;
    put_reason(message, &result->reason.span);
}

int disco__v3_read_message(disco__v3_message_t *message, disco__buffer_t *texts, const char *text,
                           size_t size)
{
    disco__scan_t scan;
    disco__span_t name;
    result_t result = {.good = false};
    bool may_be_error = false;
    int rv;

    message->failure.status = 0;
    message->token = false;
    message->is_plain = false;
    disco__scan_init(&scan, text, size, true);
    (void)disco__scan_open(&scan, '{');
    while (disco__scan_name(&scan, &name)) {
        size_t which = disco__span_which(&name, answer_names, ANSWER_COUNT);

        may_be_error = may_be_error || (which > RESULT && which < ANSWER_COUNT);
        if (which == RESULT)
            take_result(&scan, message, &result);
        else
            (void)disco__scan_skip(&scan);
    }
    if (!disco__scan_end(&scan))
        return scan.status;
    if (may_be_error) {
        rv = read_error(message, text, size);
        if (rv != 0 || message->failure.status != 0)
            return rv;
    }
    if (!result.good)
        return DISCO_EPROTOCOL;
    rv = disco__v3_make_room(message, texts, size);
    if (rv == 0)
        put_result(message, &result);
    return rv;
}

static bool read_type(const disco__v3_type_t *type, bool *deleted)
{
    static const disco__name_t names[] = {DISCO__NAME("PUT"), DISCO__NAME("DELETE")};
    char plain[64];
    size_t size;

    if (!type->is_name) {
        *deleted = type->is_number && type->number.value == 1;
        return !type->number.is_wrong && type->number.value <= 1;
    }
    if (type->name.size > sizeof plain)
        return false;
    size = disco__member_write(plain, &type->name);
    *deleted = size == names[1].size && memcmp(plain, names[1].text, size) == 0;
    return *deleted || (size == names[0].size && memcmp(plain, names[0].text, size) == 0);
}

/* The bytes that a string of base64 stands for, with a NUL behind them. */
static bool put_bytes(disco__v3_message_t *message, const disco__span_t *span, const char **text,
                      size_t *size)
{
    char *room = message->room;
    const char *from = span->bytes;

    *text = "";
    *size = span->size;
    if (span->escaped) {
        *size = disco__member_write(room, span);
        from = room;
    }
    if (*size == 0)
        return true;
    if (disco__base64_decode_to(room, from, size) != 0)
        return false;
    room[*size] = '\0';
    *text = room;
    message->room += *size + 1; /* no more than the string's bytes and its quotes */
    return true;
}

static bool read_pair(disco_kv_t *entry, disco__v3_message_t *message, const disco__v3_pair_t *pair)
{
    size_t key_size;

    if (!pair->is_object || !pair->has_good_key || !pair->has_good_value ||
        pair->created.is_wrong || pair->modified.is_wrong)
        return false;
    if (!put_bytes(message, &pair->key, &entry->key, &key_size) ||
        !put_bytes(message, &pair->value, &entry->value, &entry->value_size))
        return false;
    entry->created_revision = pair->created.value;
    entry->modified_revision = pair->modified.value;
    return key_size > 0 && strlen(entry->key) == key_size;
}

static bool read_event(disco__v3_event_t *event, disco__v3_message_t *message)
{
    const disco__v3_found_t *found = &message->found;
    char *room = message->room;
    bool good =
        read_pair(&event->entry, message, &found->pair) && read_type(&found->type, &event->deleted);

    if (event->deleted) {
        event->entry.value = "";
        event->entry.value_size = 0;
    }
    event->has_previous = found->previous.is_there;
    if (good && event->has_previous)
        good = read_pair(&event->previous, message, &found->previous);
    message->room = room; /* for the next */
    return good && event->revision > 0;
}

static bool find_next(disco__v3_message_t *message)
{
    disco__scan_t *scan = &message->events;

    message->has_events = message->has_events && disco__scan_item(scan);
    if (!message->has_events)
        return false;
    if (!message->is_plain)
        find_event(scan, &message->found);
    else if (!disco__v3_find_plain_event(scan, &message->found))
        return false;
    return true;
}

bool disco__v3_next_event(disco__v3_event_t *event, disco__v3_message_t *message)
{
    const disco__number_t *modified = &message->found.pair.modified;

    if (!message->is_found && !find_next(message))
        return false;
    message->is_found = false;
    memset(event, 0, sizeof *event);
    event->revision =
        modified->is_wrong || modified->value >= DISCO__V3_REVISION_MOST ? 0 : modified->value;
    /* The whole is JSON, so that only memory can have been short. */
    event->is_good = message->events.status == 0 && read_event(event, message);
    return true;
}
