#include "etcd/v3_codec.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "json/read.h"

/* Texts by which etcd says that a token is needed, or is no longer good (3.4.23, 3.5.35, 3.6.16;
 * the codes are 16, 3 and 3, of which the last two mean other things too). */
static const char *const token_texts[] = {"invalid auth token", "user name is empty",
                                          "revision of auth store is old"};

static bool speaks_of_token(uint64_t code, const char *message)
{
    size_t i;

    if (code == DISCO__V3_UNAUTHENTICATED)
        return true;
    for (i = 0; i < sizeof token_texts / sizeof token_texts[0]; i++) {
        if (strstr(message, token_texts[i]) != NULL)
            return true;
    }
    return false;
}

static int meaning_of(uint64_t code, const char *message)
{
    switch (code) {
    case DISCO__V3_CANCELED:
    case DISCO__V3_UNKNOWN:
    case DISCO__V3_DEADLINE:
    case DISCO__V3_UNAVAILABLE:
        return DISCO_EUNAVAILABLE;
    case DISCO__V3_INVALID:
        return strstr(message, "authentication failed") != NULL ? DISCO_EAUTH : DISCO_EREFUSED;
    case DISCO__V3_NOT_FOUND:
        /* etcd says so of leases alone; of a path that it does not have, the gateway (3.6.16,
         * "Not Found") or whoever else stands there. Never that there is no such key. */
        return strstr(message, "lease not found") != NULL ? DISCO_EKEYNOTFOUND : DISCO_EV3DISABLED;
    case DISCO__V3_DENIED:
        return DISCO_EAUTH;
    case DISCO__V3_EXHAUSTED:
        return strstr(message, "too many requests") != NULL ? DISCO_EUNAVAILABLE : DISCO_EREFUSED;
    case DISCO__V3_OUT_OF_RANGE:
        /* A revision of the future: the member lags behind. */
        return strstr(message, "compacted") != NULL ? DISCO_ECLEARED : DISCO_EUNAVAILABLE;
    default:
        return DISCO_EREFUSED;
    }
}

bool disco__v3_explain(disco__failure_t *failure, uint64_t code, const char *message)
{
    bool token = speaks_of_token(code, message);

    disco__failure_set(failure, token ? DISCO_EAUTH : meaning_of(code, message), "etcd: %s",
                       message);
    failure->etcd_code = code <= 1000 ? (int)code : 0;
    return token;
}

bool disco__v3_read_error(disco__failure_t *failure, bool *token, const cJSON *answer)
{
    const cJSON *inner = disco__json_member(answer, "error");
    const cJSON *source = cJSON_IsObject(inner) ? inner : answer;
    const char *message = "";
    uint64_t code = 0;

    *token = false;
    if (!disco__json_u64(source, "code", &code))
        code = 0;
    if (code == 0 && !disco__json_u64(source, "grpc_code", &code))
        code = 0;
    if (code == 0 && inner == NULL)
        return false;
    if (cJSON_IsString(inner))
        message = inner->valuestring;
    (void)disco__json_string(source, "message", &message);
    *token = disco__v3_explain(failure, code, message);
    return true;
}

void disco__v3_read_header(disco__v3_header_t *header, const cJSON *object)
{
    const cJSON *fields = disco__json_member(object, "header");

    memset(header, 0, sizeof *header);
    (void)disco__json_u64(fields, "cluster_id", &header->cluster_id);
    (void)disco__json_u64(fields, "member_id", &header->member_id);
    (void)disco__json_u64(fields, "revision", &header->revision);
    (void)disco__json_u64(fields, "raft_term", &header->raft_term);
}

/* NULL: none that could be read. What is left out is empty. */
static const char *read_bytes(const cJSON *object, const char *name, size_t *size)
{
    const cJSON *member = disco__json_member(object, name);
    char *text;

    *size = 0;
    if (member == NULL || cJSON_IsNull(member))
        return "";
    text = cJSON_GetStringValue(member);
    if (text == NULL)
        return NULL;
    *size = strlen(text);
    if (*size == 0)
        return text;
    if (disco__base64_decode_in_place(text, size) != 0)
        return NULL;
    text[*size] = '\0';
    return text;
}

bool disco__v3_read_kv(disco_kv_t *entry, const cJSON *object)
{
    size_t key_size;

    memset(entry, 0, sizeof *entry);
    if (!cJSON_IsObject(object))
        return false;
    entry->key = read_bytes(object, "key", &key_size);
    entry->value = read_bytes(object, "value", &entry->value_size);
    if (entry->key == NULL || key_size == 0 || strlen(entry->key) != key_size)
        return false;
    return entry->value != NULL &&
           disco__json_u64(object, "create_revision", &entry->created_revision) &&
           disco__json_u64(object, "mod_revision", &entry->modified_revision);
}

void disco__v3_write_name(disco__buffer_t *out, const char *name)
{
    char last = out->size > 0 ? out->bytes[out->size - 1] : '{';

    disco__buffer_append_text(out, last == '{' || last == '[' ? "\"" : ",\"");
    disco__buffer_append_text(out, name);
    disco__buffer_append_text(out, "\":");
}

void disco__v3_write_bytes(disco__buffer_t *out, const char *name, const void *bytes, size_t size)
{
    disco__v3_write_name(out, name);
    disco__buffer_append_char(out, '"');
    (void)disco__base64_encode(out, bytes, size);
    disco__buffer_append_char(out, '"');
}

/* As a string, which is how the gateway itself writes 64 bits. */
void disco__v3_write_number(disco__buffer_t *out, const char *name, uint64_t number)
{
    disco__v3_write_name(out, name);
    disco__buffer_append_char(out, '"');
    disco__buffer_append_number(out, number);
    disco__buffer_append_char(out, '"');
}

void disco__v3_write_true(disco__buffer_t *out, const char *name)
{
    disco__v3_write_name(out, name);
    disco__buffer_append_text(out, "true");
}

static void write_base64_of(disco__buffer_t *out, const char *name, const char *key, char end)
{
    disco__buffer_t whole;

    disco__buffer_init(&whole);
    disco__buffer_append_text(&whole, strcmp(key, "/") == 0 ? "" : key);
    disco__buffer_append_char(&whole, end);
    if (whole.error != 0)
        out->error = whole.error;
    else
        disco__v3_write_bytes(out, name, whole.bytes, whole.size);
    disco__buffer_free(&whole);
}

void disco__v3_write_range(disco__buffer_t *out, const char *key, disco__scope_t scope)
{
    if (scope == DISCO__SCOPE_KEY) {
        disco__v3_write_bytes(out, "key", key, strlen(key));
        return;
    }
    write_base64_of(out, "key", key, '/');
    write_base64_of(out, "range_end", key, '/' + 1);
}

void disco__v3_write_put(disco__buffer_t *out, const char *key, const char *value, uint64_t lease,
                         bool previous)
{
    disco__buffer_append_text(out, "{\"request_put\":{");
    disco__v3_write_bytes(out, "key", key, strlen(key));
    disco__v3_write_bytes(out, "value", value, strlen(value));
    if (lease != 0)
        disco__v3_write_number(out, "lease", lease);
    if (previous)
        disco__v3_write_true(out, "prev_kv");
    disco__buffer_append_text(out, "}}");
}

static void write_target(disco__buffer_t *out, const char *target, const char *result)
{
    disco__v3_write_name(out, "target");
    disco__buffer_append_text(out, target);
    disco__v3_write_name(out, "result");
    disco__buffer_append_text(out, result);
}

void disco__v3_write_compare(disco__buffer_t *out, const char *key, disco_kv_condition_t condition,
                             uint64_t revision, const char *value)
{
    if (condition == DISCO_KV_ALWAYS)
        return;
    disco__v3_write_name(out, "compare");
    disco__buffer_append_text(out, "[{");
    disco__v3_write_bytes(out, "key", key, strlen(key));
    switch (condition) {
    case DISCO_KV_ALWAYS:
        break;
    case DISCO_KV_MUST_EXIST:
        write_target(out, "\"CREATE\"", "\"GREATER\"");
        disco__v3_write_number(out, "create_revision", 0);
        break;
    case DISCO_KV_MUST_NOT_EXIST:
        write_target(out, "\"CREATE\"", "\"EQUAL\"");
        disco__v3_write_number(out, "create_revision", 0);
        break;
    case DISCO_KV_REVISION:
        write_target(out, "\"MOD\"", "\"EQUAL\"");
        disco__v3_write_number(out, "mod_revision", revision);
        break;
    case DISCO_KV_VALUE:
        write_target(out, "\"VALUE\"", "\"EQUAL\"");
        disco__v3_write_bytes(out, "value", value, strlen(value));
        break;
    }
    disco__buffer_append_text(out, "}]");
}
