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
                       const disco__schema_t *schema, const source_t *source, bool *quickly)
{
    disco__fields_init(fields);
    if (source->value_size > client->settings.max_value_bytes)
        return DISCO_ETOOLARGE;
    *quickly = disco__fields_read_quickly(fields, schema, source->value, source->value_size);
    if (*quickly)
        return 0;
    disco__fields_init(fields);
    return disco__fields_read(fields, schema, source->value, source->value_size);
}

/* By the pattern, when the text is like it. Gives how many bytes it has. */
static size_t read_alike(disco__reading_t *reading, const disco__pattern_t *pattern,
                         const char *text, size_t size)
{
    size_t used = disco__pattern_read(pattern, &reading->values, text, size);

    reading->pattern = used > 0 ? pattern : NULL;
    return used;
}

/* After the fields were read in the quick way: the next may be like this one. */
static void learn(disco__reading_t *reading, disco__pattern_t **pattern, bool inside,
                  const char *text, size_t size)
{
    /* Inside a string the quote behind it is looked at, too. */
    if (disco__pattern_learn(pattern, inside, &reading->fields, text, size))
        (void)read_alike(reading, *pattern, text, size + (inside ? 1 : 0));
}

static int read_host(disco_client_t *client, disco__reading_t *reading, const source_t *source)
{
    disco__pattern_t **pattern = &client->patterns.plain;
    bool quickly = false;
    int rv;

    if (source->value_size <= client->settings.max_value_bytes &&
        read_alike(reading, *pattern, source->value, source->value_size) > 0)
        return 0;
    reading->pattern = NULL;
    rv = read_fields(client, &reading->fields, &disco__host_schema, source, &quickly);
    if (rv == 0 && quickly)
        learn(reading, pattern, false, source->value, source->value_size);
    return rv;
}

/* The name under which it stands, unless it says one. */
static void name_after_key(disco__fields_t *fields, size_t text, const source_t *source)
{
    if (fields->texts[text].size == 0)
        fields->texts[text] = last_segment(source);
}

static int make_host(disco__host_t **host, disco__maker_t *maker, disco__reading_t *reading,
                     const source_t *source)
{
    int rv;

    if (reading->pattern != NULL) {
        rv = disco__host_make_alike(host, maker, reading->pattern, &reading->values);
    } else {
        name_after_key(&reading->fields, DISCO__TEXT_UUID, source);
        rv = disco__host_make(host, maker, &reading->fields);
    }
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

/* What is in it has been taken; ports of many need memory. */
static void reading_free(disco__reading_t *reading)
{
    if (reading->pattern == NULL)
        disco__fields_free(&reading->fields);
}

int disco__entry_read_host(disco_client_t *client, const disco_kv_t *entry, disco__host_t **host)
{
    source_t source = source_of_entry(entry);
    disco__reading_t reading;
    int rv = read_host(client, &reading, &source);

    if (rv == 0)
        rv = make_host(host, NULL, &reading, &source);
    reading_free(&reading);
    log_broken(client, &source, rv);
    return rv;
}

int disco__entry_read_info(disco_client_t *client, const disco_kv_t *entry,
                           disco_service_info_t **info)
{
    source_t source = source_of_entry(entry);
    disco_service_info_t *read = NULL;
    disco__fields_t fields;
    bool quickly;
    int rv = read_fields(client, &fields, &disco__info_schema, &source, &quickly);

    name_after_key(&fields, DISCO__TEXT_NAME, &source);
    if (rv == 0)
        rv = disco__info_make(&read, &fields);
    disco__fields_free(&fields);
    /* It is kept for long, and a copy is smaller. */
    if (rv == 0)
        rv = disco__info_copy(info, read);
    disco__info_unref(read);
    log_broken(client, &source, rv);
    return rv;
}

void disco__reader_init(disco__reader_t *reader, disco_client_t *client)
{
    reader->client = client;
    reader->reading.pattern = NULL;
    disco__fields_init(&reader->reading.fields);
    disco__maker_init(&reader->maker, client->spares);
    disco__buffer_init(&reader->plain);
}

void disco__reader_free(disco__reader_t *reader)
{
    disco__fields_free(&reader->reading.fields);
    disco__maker_free(&reader->maker);
    disco__buffer_free_secret(&reader->plain);
}

/* In the quick way, or not at all. */
static size_t look(disco__reader_t *reader, const char *text, size_t size)
{
    disco__reading_t *reading = &reader->reading;
    disco__pattern_t **pattern = &reader->client->patterns.inside;
    size_t used = read_alike(reading, *pattern, text, size);

    if (used > 0)
        return used;
    disco__fields_free(&reading->fields);
    disco__fields_init(&reading->fields);
    used = disco__fields_read_inside(&reading->fields, &disco__host_schema, text, size);
    if (used > 0)
        learn(reading, pattern, true, text, used);
    return used;
}

size_t disco__reader_look(disco__reader_t *reader, const char *text, size_t size)
{
    size_t used = look(reader, text, size);

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

int disco__reader_host(disco__reader_t *reader, const disco__item_t *item, disco__host_t **host)
{
    source_t source;
    int rv = source_of_item(reader, item, &source);

    if (rv == 0 && !item->read) {
        disco__fields_free(&reader->reading.fields);
        rv = read_host(reader->client, &reader->reading, &source);
    }
    if (rv == 0)
        rv = make_host(host, &reader->maker, &reader->reading, &source);
    log_broken(reader->client, &source, rv);
    return rv;
}

int disco__reader_entry(disco__reader_t *reader, const disco_kv_t *entry, disco__host_t **host)
{
    source_t source = source_of_entry(entry);
    int rv;

    disco__fields_free(&reader->reading.fields);
    rv = read_host(reader->client, &reader->reading, &source);
    if (rv == 0)
        rv = make_host(host, &reader->maker, &reader->reading, &source);
    log_broken(reader->client, &source, rv);
    return rv;
}

int disco__reader_info(disco__reader_t *reader, const disco__item_t *item,
                       disco_service_info_t **info)
{
    disco__fields_t *fields = &reader->reading.fields;
    source_t source;
    bool quickly;
    int rv = source_of_item(reader, item, &source);

    if (rv == 0) {
        disco__fields_free(fields);
        rv = read_fields(reader->client, fields, &disco__info_schema, &source, &quickly);
    }
    name_after_key(fields, DISCO__TEXT_NAME, &source);
    if (rv == 0)
        rv = disco__info_make(info, fields);
    log_broken(reader->client, &source, rv);
    return rv;
}
