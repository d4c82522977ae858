#include "etcd/collect.h"

#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "json/scan.h"

static void forget(disco__collect_t *collect)
{
    disco__arena_free(&collect->texts);
    collect->count = 0;
}

static void on_begin(void *data, bool beside)
{
    (void)beside;
    forget(data);
}

static int reserve(disco__collect_t *collect)
{
    size_t capacity = collect->capacity;
    disco_kv_t *grown;
    size_t bytes;

    if (collect->count < capacity)
        return 0;
    if (!disco__size_add(capacity, capacity / 2 + 8, &capacity) ||
        !disco__size_mul(capacity, sizeof *grown, &bytes))
        return UV_ENOMEM;
    grown = disco__realloc(collect->entries, bytes);
    if (grown == NULL)
        return UV_ENOMEM;
    collect->entries = grown;
    collect->capacity = capacity;
    return 0;
}

static int on_take(void *data, const disco__item_t *item)
{
    disco__collect_t *collect = data;
    disco__span_t value = {
        .bytes = item->value, .size = item->value_size, .escaped = item->escaped};
    disco_kv_t *entry;
    char *key;
    char *text;

    if (reserve(collect) != 0 || item->key_size == SIZE_MAX || item->value_size == SIZE_MAX)
        return UV_ENOMEM;
    key = disco__arena_take_text(&collect->texts, item->key_size + 1);
    text = disco__arena_take_text(&collect->texts, item->value_size + 1);
    if (key == NULL || text == NULL)
        return UV_ENOMEM;
    entry = &collect->entries[collect->count++];
    memset(entry, 0, sizeof *entry);
    memcpy(key, item->key, item->key_size);
    key[item->key_size] = '\0';
    if (value.escaped)
        value.size = disco__json_unescape(text, &value);
    else
        memcpy(text, value.bytes, value.size);
    text[value.size] = '\0';
    entry->key = key;
    entry->value = text;
    entry->value_size = value.size;
    entry->is_directory = item->is_directory;
    entry->ttl_s = item->ttl_s;
    entry->created_revision = item->created_revision;
    entry->modified_revision = item->modified_revision;
    return 0;
}

void disco__collect_init(disco__collect_t *collect)
{
    memset(collect, 0, sizeof *collect);
    disco__arena_init(&collect->texts, NULL);
    collect->taker.data = collect;
    collect->taker.begin = on_begin;
    collect->taker.take = on_take;
}

void disco__collect_free(disco__collect_t *collect)
{
    forget(collect);
    disco__free(collect->entries);
    collect->entries = NULL;
    collect->capacity = 0;
}

void disco__collect_put_last_first(disco__collect_t *collect)
{
    disco_kv_t last;

    if (collect->count < 2)
        return;
    last = collect->entries[collect->count - 1];
    memmove(collect->entries + 1, collect->entries, (collect->count - 1) * sizeof last);
    collect->entries[0] = last;
}

void disco__collect_move(disco__collect_t *from, disco__collect_t *to)
{
    *to = *from;
    to->taker.data = to;
    disco__collect_init(from);
}
