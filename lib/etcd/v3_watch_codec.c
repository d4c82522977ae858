#include "etcd/v3_watch_codec.h"

#include <string.h>

#include <uvdisco/error.h>

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
