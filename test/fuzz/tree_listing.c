#include "fuzz/tree_listing.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/text.h"
#include "etcd/v2_codec.h"
#include "etcd/v3_codec.h"
#include "etcd/v3_listing.h"
#include "json/read.h"

static bool has_twice(const cJSON *object, const cJSON *member)
{
    const cJSON *other;

    for (other = object->child; other != member; other = other->next) {
        if (disco__text_equal_ignoring_case(other->string, strlen(other->string), member->string))
            return true;
    }
    return false;
}

/* Calls itself, no deeper than JSON may be nested. */
static bool is_strange(const cJSON *item)
{
    const cJSON *child;

    cJSON_ArrayForEach(child, item)
    {
        if (cJSON_IsObject(item) && has_twice(item, child))
            return true;
        if (is_strange(child))
            return true;
    }
    return cJSON_IsObject(disco__json_member(item, "nodes"));
}

/* NULL: it is not to be compared. */
static cJSON *parse(const char *text, size_t size)
{
    cJSON *tree = NULL;

    if (disco__json_parse(text, size, &tree) != 0)
        return NULL;
    if (!is_strange(tree))
        return tree;
    disco__json_free(tree);
    return NULL;
}

static void hand_over(const disco__taker_t *taker, const disco_kv_t *entry, bool beside)
{
    disco__item_t item = {.key = entry->key,
                          .key_size = strlen(entry->key),
                          .value = entry->value,
                          .value_size = entry->value_size,
                          .is_directory = entry->is_directory,
                          .beside = beside,
                          .created_revision = entry->created_revision,
                          .modified_revision = entry->modified_revision};

    (void)taker->take(taker->data, &item);
}

/* What was asked for comes last. */
bool tree_v2_listing(tree_listing_t *listing, const disco__taker_t *taker, const char *text,
                     size_t size)
{
    cJSON *tree = parse(text, size);
    disco__v2_reply_t reply;
    size_t i;

    memset(listing, 0, sizeof *listing);
    if (tree == NULL)
        return false;
    disco__json_free(tree);
    listing->rv = disco__v2_read_reply(&reply, text, size);
    if (listing->rv != 0)
        return true;
    for (i = 1; i < reply.entry_count; i++)
        hand_over(taker, &reply.entries[i], false);
    hand_over(taker, &reply.entries[0], false);
    disco__v2_reply_free(&reply);
    return true;
}

static void read_range(tree_listing_t *listing, const disco__taker_t *taker, const cJSON *range,
                       bool beside)
{
    const cJSON *keys = disco__json_member(range, "kvs");
    const cJSON *key;
    disco_kv_t entry;

    if (!cJSON_IsObject(range))
        return;
    if (!disco__json_bool(range, "more", &listing->more))
        listing->rv = DISCO_EPROTOCOL;
    if (!cJSON_IsArray(keys))
        return;
    cJSON_ArrayForEach(key, keys)
    {
        if (disco__v3_read_kv(&entry, key))
            hand_over(taker, &entry, beside);
    }
}

bool tree_v3_listing(tree_listing_t *listing, const disco__taker_t *taker, const char *text,
                     size_t size)
{
    cJSON *tree = parse(text, size);
    const cJSON *responses = disco__json_member(tree, "responses");
    const cJSON *response;
    size_t count = 0;

    memset(listing, 0, sizeof *listing);
    if (tree == NULL)
        return false;
    (void)disco__json_u64(disco__json_member(tree, "header"), "revision", &listing->revision);
    if (listing->revision == 0 || !cJSON_IsArray(responses))
        listing->rv = DISCO_EPROTOCOL;
    if (cJSON_IsArray(responses)) {
        cJSON_ArrayForEach(response, responses)
        {
            if (++count > DISCO__V3_RANGES)
                listing->rv = DISCO_EPROTOCOL;
            if (cJSON_IsObject(response))
                read_range(listing, taker, disco__json_member(response, "response_range"),
                           count == 1);
        }
    }
    disco__json_free(tree);
    return true;
}
