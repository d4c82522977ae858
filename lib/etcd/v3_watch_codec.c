#include "etcd/v3_watch_codec.h"

#include <string.h>

#include <uvdisco/error.h>

#include "json/read.h"

/* ["/a", "/a0"): the key itself and all that begins with "/a/", beside what sorts between them. */
static void write_one_range(disco__buffer_t *out, const char *key)
{
    disco__buffer_t end;

    disco__v3_write_bytes(out, "key", key, strlen(key));
    disco__buffer_init(&end);
    disco__buffer_append_text(&end, key);
    disco__buffer_append_char(&end, '/' + 1);
    if (end.error != 0)
        out->error = end.error;
    else
        disco__v3_write_bytes(out, "range_end", end.bytes, end.size);
    disco__buffer_free(&end);
}

void disco__v3_write_create(disco__buffer_t *out, const disco__v3_create_t *create)
{
    disco__buffer_append_text(out, "{\"create_request\":{");
    if (create->scope == DISCO__SCOPE_KEY_AND_BELOW && strcmp(create->key, "/") != 0)
        write_one_range(out, create->key);
    else
        disco__v3_write_range(out, create->key, create->scope);
    if (create->start_revision > 0)
        disco__v3_write_number(out, "start_revision", create->start_revision);
    disco__v3_write_number(out, "watch_id", create->id);
    disco__v3_write_true(out, "progress_notify");
    disco__v3_write_true(out, "fragment");
    if (create->previous)
        disco__v3_write_true(out, "prev_kv");
    disco__buffer_append_text(out, "}}");
}

/* Absent: 0, which none of ours is. */
static bool read_watch_id(const cJSON *result, uint64_t *id)
{
    const cJSON *member = disco__json_member(result, "watch_id");
    const char *text = cJSON_GetStringValue(member);

    *id = 0;
    if ((text != NULL && text[0] == '-') || (cJSON_IsNumber(member) && member->valuedouble < 0)) {
        *id = DISCO__V3_NO_WATCH;
        return true;
    }
    return disco__json_u64(result, "watch_id", id);
}

static bool read_result(disco__v3_message_t *message, const cJSON *result)
{
    const cJSON *events = disco__json_member(result, "events");

    disco__v3_read_header(&message->header, result);
    if (events != NULL && !cJSON_IsNull(events)) {
        if (!cJSON_IsArray(events))
            return false;
        message->events = events->child != NULL ? events : NULL;
    }
    return read_watch_id(result, &message->watch_id) &&
           disco__json_bool(result, "created", &message->created) &&
           disco__json_bool(result, "canceled", &message->canceled) &&
           disco__json_bool(result, "fragment", &message->fragment) &&
           disco__json_u64(result, "compact_revision", &message->compact_revision) &&
           disco__json_string(result, "cancel_reason", &message->cancel_reason);
}

int disco__v3_read_message(disco__v3_message_t *message, const char *text, size_t size)
{
    int rv;

    memset(message, 0, sizeof *message);
    message->cancel_reason = "";
    rv = disco__json_parse_answer(text, size, &message->tree);
    if (rv != 0)
        return rv;
    if (disco__v3_read_error(&message->failure, &message->token, message->tree))
        return 0;
    if (!read_result(message, disco__json_member(message->tree, "result"))) {
        disco__v3_message_free(message);
        return DISCO_EPROTOCOL;
    }
    return 0;
}

void disco__v3_message_free(disco__v3_message_t *message)
{
    disco__json_free(message->tree);
    message->tree = NULL;
}

/* The reason is the text of an error, "rpc error: code = Unauthenticated desc = etcdserver: ...",
 * or a plain one. */
bool disco__v3_explain_cancel(disco__failure_t *failure, const disco__v3_message_t *message)
{
    static const char separator[] = " desc = ";
    const char *reason = message->cancel_reason;
    const char *description = strstr(reason, separator);
    uint64_t code = DISCO__V3_UNKNOWN + 1000; /* of which nothing is known: refused */

    if (message->compact_revision > 0) {
        disco__failure_set(failure, DISCO_ECLEARED, "etcd: compacted up to revision %llu",
                           (unsigned long long)message->compact_revision);
        return false;
    }
    if (description != NULL)
        reason = description + sizeof separator - 1;
    if (strstr(reason, "permission denied") != NULL)
        code = DISCO__V3_DENIED;
    else if (strstr(reason, "compacted") != NULL)
        code = DISCO__V3_OUT_OF_RANGE;
    return disco__v3_explain(failure, code, reason);
}

static bool read_type(const cJSON *object, bool *deleted)
{
    const cJSON *type = disco__json_member(object, "type");
    const char *name = cJSON_GetStringValue(type);
    uint64_t number = 0;

    *deleted = false;
    if (name == NULL) {
        *deleted = cJSON_IsNumber(type) && type->valuedouble == 1;
        return disco__json_u64(object, "type", &number) && number <= 1;
    }
    *deleted = strcmp(name, "DELETE") == 0;
    return *deleted || strcmp(name, "PUT") == 0;
}

bool disco__v3_read_event(disco__v3_event_t *event, const cJSON *object)
{
    const cJSON *kv = disco__json_member(object, "kv");
    const cJSON *previous = disco__json_member(object, "prev_kv");

    memset(event, 0, sizeof *event);
    if (!disco__json_u64(kv, "mod_revision", &event->revision))
        event->revision = 0;
    if (!disco__v3_read_kv(&event->entry, kv) || !read_type(object, &event->deleted))
        return false;
    if (event->deleted) {
        event->entry.value = "";
        event->entry.value_size = 0;
    }
    event->has_previous = previous != NULL && !cJSON_IsNull(previous);
    if (event->has_previous && !disco__v3_read_kv(&event->previous, previous))
        return false;
    return event->revision > 0;
}
