#include "etcd/v2_codec.h"

#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "json/read.h"

/* What etcd's error codes mean here (etcd 3.4, server/v2error). Others: DISCO_EREFUSED. */
static const struct {
    uint64_t code;
    int status;
} meanings[] = {
    {100, DISCO_EKEYNOTFOUND}, {101, DISCO_ECONFLICT},    {105, DISCO_EKEYEXISTS},
    {110, DISCO_EAUTH},        {300, DISCO_EUNAVAILABLE}, {301, DISCO_EUNAVAILABLE},
    {400, DISCO_EUNAVAILABLE}, {401, DISCO_ECLEARED},
};

static int meaning_of(uint64_t code)
{
    size_t i;

    for (i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].code == code)
            return meanings[i].status;
    }
    return DISCO_EREFUSED;
}

bool disco__v2_read_error(disco__failure_t *failure, uint64_t *index, const char *body, size_t size)
{
    cJSON *tree;
    uint64_t code = 0;
    const char *message = "";
    const char *cause = "";

    *index = 0;
    if (disco__json_parse_answer(body, size, &tree) != 0)
        return false;
    if (!disco__json_u64(tree, "errorCode", &code) || code == 0 || code > 100000) {
        disco__json_free(tree);
        return false;
    }
    (void)disco__json_string(tree, "message", &message);
    (void)disco__json_string(tree, "cause", &cause);
    (void)disco__json_u64(tree, "index", index);
    disco__failure_set(failure, meaning_of(code), "etcd: %s%s%s%s", message,
                       cause[0] != '\0' ? " (" : "", cause, cause[0] != '\0' ? ")" : "");
    failure->etcd_code = (int)code;
    disco__json_free(tree);
    return true;
}

static void read_ttl(const cJSON *node, disco_kv_t *entry)
{
    const cJSON *ttl = disco__json_member(node, "ttl");

    /* May be negative: expired, and not yet removed (etcd without a quorum). */
    if (cJSON_IsNumber(ttl) && ttl->valuedouble > -1e15 && ttl->valuedouble < 1e15)
        entry->ttl_s = (int64_t)ttl->valuedouble;
}

/* False when the node has no key to speak of it by. */
static bool read_node(const cJSON *node, bool is_root, disco_kv_t *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->key = is_root ? "/" : NULL; /* etcd gives the root no key */
    entry->value = "";
    if (!cJSON_IsObject(node))
        return false;
    if (!disco__json_string(node, "key", &entry->key) || entry->key == NULL)
        return false;
    (void)disco__json_bool(node, "dir", &entry->is_directory);
    (void)disco__json_string(node, "value", &entry->value);
    entry->value_size = strlen(entry->value);
    (void)disco__json_u64(node, "createdIndex", &entry->created_revision);
    (void)disco__json_u64(node, "modifiedIndex", &entry->modified_revision);
    read_ttl(node, entry);
    return true;
}

/* The depth is that of the JSON, which the parser has limited. */
static size_t count_nodes(const cJSON *node)
{
    const cJSON *child;
    size_t count = 1;

    cJSON_ArrayForEach(child, disco__json_member(node, "nodes"))
    {
        count += count_nodes(child);
    }
    return count;
}

static void flatten(const cJSON *node, bool is_root, disco__v2_reply_t *reply)
{
    const cJSON *child;

    if (!read_node(node, is_root, &reply->entries[reply->entry_count]))
        return;
    reply->entry_count++;
    cJSON_ArrayForEach(child, disco__json_member(node, "nodes"))
    {
        flatten(child, false, reply);
    }
}

static disco__v2_action_t action_of(const cJSON *tree)
{
    const char *action = "";

    (void)disco__json_string(tree, "action", &action);
    if (strcmp(action, "set") == 0 || strcmp(action, "create") == 0 ||
        strcmp(action, "update") == 0 || strcmp(action, "compareAndSwap") == 0)
        return DISCO__V2_PUT;
    if (strcmp(action, "delete") == 0 || strcmp(action, "compareAndDelete") == 0)
        return DISCO__V2_DELETE;
    if (strcmp(action, "expire") == 0)
        return DISCO__V2_EXPIRE;
    return DISCO__V2_OTHER;
}

int disco__v2_read_reply(disco__v2_reply_t *reply, const char *body, size_t size)
{
    const cJSON *node;
    int rv;

    memset(reply, 0, sizeof *reply);
    rv = disco__json_parse_answer(body, size, &reply->tree);
    if (rv != 0)
        return rv;
    node = disco__json_member(reply->tree, "node");
    if (!cJSON_IsObject(node)) {
        rv = DISCO_EPROTOCOL;
        goto err_after_parse;
    }
    reply->entries = disco__calloc(count_nodes(node), sizeof *reply->entries);
    if (reply->entries == NULL) {
        rv = UV_ENOMEM;
        goto err_after_parse;
    }
    flatten(node, true, reply);
    if (reply->entry_count == 0) {
        rv = DISCO_EPROTOCOL;
        goto err_after_parse;
    }
    reply->action = action_of(reply->tree);
    reply->has_previous =
        read_node(disco__json_member(reply->tree, "prevNode"), false, &reply->previous);
    return 0;

err_after_parse:
    disco__v2_reply_free(reply);
    return rv;
}

void disco__v2_reply_free(disco__v2_reply_t *reply)
{
    disco__json_free(reply->tree);
    disco__free(reply->entries);
    memset(reply, 0, sizeof *reply);
}

void disco__v2_write_target(disco__buffer_t *target, const char *key)
{
    disco__buffer_append_text(target, "/v2/keys");
    disco__buffer_append_encoded(target, key, strlen(key), "/");
}

void disco__v2_write_parameter(disco__buffer_t *out, char separator, const char *name,
                               const char *value)
{
    if (separator != '\0')
        disco__buffer_append_char(out, separator);
    disco__buffer_append_text(out, name);
    disco__buffer_append_char(out, '=');
    disco__buffer_append_encoded(out, value, strlen(value), "");
}
