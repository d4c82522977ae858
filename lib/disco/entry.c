#include "disco/entry.h"

#include <string.h>

#include <uvdisco/error.h>

#include "disco/keys.h"

bool disco__entry_is_broken(int status)
{
    return status == DISCO_EPROTOCOL || status == DISCO_ETOOLARGE;
}

/* A value and the key it is under; neither needs a NUL behind it. */
typedef struct source_s {
    const char *key;
    size_t key_size;
    const char *value;
    size_t value_size;
    uint64_t created_revision;
    uint64_t modified_revision;
} source_t;

static void log_broken(disco_client_t *client, const source_t *source, int status)
{
    int size = source->key_size < 1024 ? (int)source->key_size : 1024;

    if (disco__entry_is_broken(status))
        disco__log(&client->loop.log, DISCO_LOG_WARNING, "%.*s: passed over: %s", size, source->key,
                   status == DISCO_ETOOLARGE ? "too large" : "not the JSON that belongs there");
}

static disco__span_t last_segment(const source_t *source)
{
    disco__span_t span = {.bytes = source->key, .size = source->key_size};
    size_t i = source->key_size;

    while (i > 0 && source->key[i - 1] != '/')
        i--;
    span.bytes += i;
    span.size -= i;
    return span;
}

static int read_fields(disco_client_t *client, disco__fields_t *fields,
                       const disco__schema_t *schema, const disco__before_t *before,
                       const source_t *source)
{
    disco__fields_init(fields);
    if (source->value_size > client->settings.max_value_bytes)
        return DISCO_ETOOLARGE;
    if (disco__fields_read_quickly(fields, schema, before, source->value, source->value_size))
        return 0;
    disco__fields_init(fields);
    return disco__fields_read(fields, schema, source->value, source->value_size);
}

/* The name under which it stands, unless it says one. */
static void name_after_key(disco__fields_t *fields, size_t text, const source_t *source)
{
    if (fields->texts[text].size == 0)
        fields->texts[text] = last_segment(source);
}

static int make_host(disco__host_t **host, disco__maker_t *maker, disco__fields_t *fields,
                     const source_t *source)
{
    int rv;

    name_after_key(fields, DISCO__TEXT_UUID, source);
    rv = disco__host_make(host, maker, fields);
    if (rv != 0)
        return rv;
    (*host)->host.created_revision = source->created_revision;
    (*host)->host.modified_revision = source->modified_revision;
    return 0;
}

static source_t source_of_entry(const disco_kv_t *entry)
{
    return (source_t){.key = entry->key,
                      .key_size = strlen(entry->key),
                      .value = entry->value,
                      .value_size = entry->value_size,
                      .created_revision = entry->created_revision,
                      .modified_revision = entry->modified_revision};
}

int disco__entry_read_host(disco_client_t *client, const disco_kv_t *entry, disco__host_t **host)
{
    source_t source = source_of_entry(entry);
    disco__fields_t fields;
    int rv = read_fields(client, &fields, &disco__host_schema, NULL, &source);

    if (rv == 0)
        rv = make_host(host, NULL, &fields, &source);
    disco__fields_free(&fields);
    log_broken(client, &source, rv);
    return rv;
}

int disco__entry_read_info(disco_client_t *client, const disco_kv_t *entry,
                           disco_service_info_t **info)
{
    source_t source = source_of_entry(entry);
    disco__fields_t fields;
    int rv = read_fields(client, &fields, &disco__info_schema, NULL, &source);

    name_after_key(&fields, DISCO__TEXT_NAME, &source);
    if (rv == 0)
        rv = disco__info_make(info, &fields);
    disco__fields_free(&fields);
    log_broken(client, &source, rv);
    return rv;
}

void disco__reader_init(disco__reader_t *reader, disco_client_t *client)
{
    reader->client = client;
    disco__fields_init(&reader->fields);
    disco__maker_init(&reader->maker, client->spares);
    disco__buffer_init(&reader->plain);
}

void disco__reader_free(disco__reader_t *reader)
{
    disco__fields_free(&reader->fields);
    disco__maker_free(&reader->maker);
    disco__buffer_free_secret(&reader->plain);
}

size_t disco__reader_look(disco__reader_t *reader, const char *text, size_t size)
{
    size_t used;

    disco__fields_free(&reader->fields);
    disco__fields_init(&reader->fields);
    used = disco__fields_read_inside(&reader->fields, &disco__host_schema, &reader->maker.before,
                                     text, size);
    /* It may be over the limit only because it is escaped: to be read as it is. */
    return used <= reader->client->settings.max_value_bytes ? used : 0;
}

/* Its own value, unescaped. */
static int source_of_item(disco__reader_t *reader, const disco__item_t *item, source_t *source)
{
    disco__span_t span = {.bytes = item->value, .size = item->value_size, .escaped = true};

    *source = (source_t){.key = item->key,
                         .key_size = item->key_size,
                         .value = item->value,
                         .value_size = item->value_size,
                         .created_revision = item->created_revision,
                         .modified_revision = item->modified_revision};
    if (item->read || !item->escaped)
        return 0;
    disco__buffer_free_secret(&reader->plain);
    if (disco__buffer_reserve(&reader->plain, item->value_size) != 0)
        return UV_ENOMEM;
    reader->plain.size = disco__json_unescape(reader->plain.bytes, &span);
    source->value = reader->plain.bytes;
    source->value_size = reader->plain.size;
    return 0;
}

static int read_item(disco__reader_t *reader, const disco__item_t *item,
                     const disco__schema_t *schema, const disco__before_t *before, source_t *source)
{
    int rv = source_of_item(reader, item, source);

    if (rv != 0 || item->read)
        return rv;
    disco__fields_free(&reader->fields);
    return read_fields(reader->client, &reader->fields, schema, before, source);
}

int disco__reader_host(disco__reader_t *reader, const disco__item_t *item, disco__host_t **host)
{
    source_t source;
    int rv = read_item(reader, item, &disco__host_schema, &reader->maker.before, &source);

    if (rv == 0)
        rv = make_host(host, &reader->maker, &reader->fields, &source);
    log_broken(reader->client, &source, rv);
    return rv;
}

int disco__reader_entry(disco__reader_t *reader, const disco_kv_t *entry, disco__host_t **host)
{
    source_t source = source_of_entry(entry);
    int rv;

    disco__fields_free(&reader->fields);
    rv = read_fields(reader->client, &reader->fields, &disco__host_schema, &reader->maker.before,
                     &source);
    if (rv == 0)
        rv = make_host(host, &reader->maker, &reader->fields, &source);
    log_broken(reader->client, &source, rv);
    return rv;
}

int disco__reader_info(disco__reader_t *reader, const disco__item_t *item,
                       disco_service_info_t **info)
{
    source_t source;
    int rv = read_item(reader, item, &disco__info_schema, NULL, &source);

    name_after_key(&reader->fields, DISCO__TEXT_NAME, &source);
    if (rv == 0)
        rv = disco__info_make(info, &reader->fields);
    log_broken(reader->client, &source, rv);
    return rv;
}
