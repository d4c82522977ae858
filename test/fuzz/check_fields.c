/* Each line is a host. It is read alone and after the others, as it is and inside a string of JSON,
 * and held against what the tree says. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "disco/entry.h"
#include "fuzz/check.h"
#include "fuzz/tree_host.h"

#define MOST_HOSTS 32

/* As it is; inside a string; now this, now that. */
enum { PLAIN, INSIDE, MIXED, WAYS };

static disco_client_t client = {.settings = {.max_value_bytes = SIZE_MAX}};

/* The quick way, when it can be gone, gives what the general way gives. */
static const char *compare_ways(const char *json, size_t size, const disco__host_t *expected)
{
    disco__fields_t fields;
    disco__host_t *host = NULL;
    const char *wrong = NULL;
    int rv;

    disco__fields_init(&fields);
    if (disco__fields_read_quickly(&fields, &disco__host_schema, json, size) && expected == NULL)
        wrong = "the quick way takes what is no host";
    disco__fields_init(&fields);
    rv = disco__fields_read(&fields, &disco__host_schema, json, size);
    if (rv != (expected != NULL ? 0 : DISCO_EPROTOCOL))
        wrong = "the tree and the general way do not agree on what is a host";
    if (rv == 0 && disco__host_make(&host, NULL, &fields) != 0)
        abort();
    disco__fields_free(&fields);
    if (wrong == NULL && host != NULL && !disco__host_equal(&host->host, &expected->host))
        wrong = "in the general way a host differs from the tree's";
    disco__host_unref(host);
    return wrong;
}

static const char *compare_alone(const char *json, size_t size, const disco__host_t *expected)
{
    disco__host_t *host = NULL;
    const char *wrong = NULL;

    if ((disco__host_read(&host, json, size) == 0) != (expected != NULL))
        wrong = "the tree does not agree on what is a host";
    else if (host != NULL && !disco__host_equal(&host->host, &expected->host))
        wrong = "a host differs from the tree's";
    disco__host_unref(host);
    return wrong != NULL ? wrong : compare_ways(json, size, expected);
}

static const char *compare_info(const char *json, size_t size)
{
    disco_service_info_t *info = NULL;
    disco_service_info_t *expected = NULL;
    const char *wrong = NULL;
    int rv = tree_info(&expected, json, size);

    if (disco__info_read(&info, json, size) != rv)
        wrong = "the tree does not agree on what is an info";
    else if (rv == 0 && !disco__info_equal(info, expected))
        wrong = "an info differs from the tree's";
    disco__info_unref(info);
    disco__info_unref(expected);
    return wrong;
}

/* As etcd writes it: only what must be escaped is. */
static char *put_inside(const char *json, size_t size, size_t *inside)
{
    char *text = malloc(2 * size + 1);
    size_t i;

    if (text == NULL)
        abort();
    *inside = 0;
    for (i = 0; i < size; i++) {
        if (json[i] == '"' || json[i] == '\\')
            text[(*inside)++] = '\\';
        text[(*inside)++] = json[i];
    }
    text[*inside] = '"';
    return text;
}

static bool look(disco__reader_t *reader, disco__item_t *item, const char *inside, size_t size)
{
    size_t cut = (size_t)(fuzz_hash(FUZZ_HASH, inside, size) % (size + 1));
    char *part = fuzz_block(inside, cut);
    size_t used = disco__reader_look(reader, part, cut); /* it has not all come */

    free(part);
    if (used != 0)
        return false;
    used = disco__reader_look(reader, inside, size + 1);
    item->read = used > 0;
    item->escaped = true;
    item->value = inside;
    item->value_size = size;
    return used == 0 || used == size;
}

/* *host stays NULL when it is none. */
static const char *read_next(disco__reader_t *reader, disco__host_t **host, bool inside,
                             const char *json, size_t size)
{
    disco__item_t item = {.key = "/", .key_size = 1, .value = json, .value_size = size};
    char *text = NULL;
    const char *wrong = NULL;
    size_t text_size;

    if (inside) {
        text = put_inside(json, size, &text_size);
        if (!look(reader, &item, text, text_size))
            wrong = "inside a string a host has another end";
    }
    if (wrong == NULL)
        (void)disco__reader_host(reader, &item, host);
    free(text);
    return wrong;
}

typedef struct series_s {
    disco__host_t *expected[MOST_HOSTS];
    disco__host_t *hosts[WAYS][MOST_HOSTS];
    size_t count;
} series_t;

static const char *read_line(series_t *series, disco__reader_t *readers, const char *json,
                             size_t size)
{
    size_t i = series->count++;
    uint64_t hash = fuzz_hash(FUZZ_HASH, json, size);
    const char *wrong;
    int way;

    (void)tree_host(&series->expected[i], json, size);
    wrong = compare_alone(json, size, series->expected[i]);
    if (wrong == NULL)
        wrong = compare_info(json, size);
    for (way = 0; way < WAYS && wrong == NULL; way++) {
        bool inside = way == INSIDE || (way == MIXED && (hash >> 40 & 1) != 0);

        wrong = read_next(&readers[way], &series->hosts[way][i], inside, json, size);
        if (wrong == NULL && (series->hosts[way][i] != NULL) != (series->expected[i] != NULL))
            wrong = "after others a host is none, or the other way round";
    }
    return wrong;
}

/* They share memory, so they are looked at when all are there. */
static const char *compare_series(const series_t *series)
{
    size_t i;
    int way;

    for (i = 0; i < series->count; i++) {
        for (way = 0; way < WAYS && series->expected[i] != NULL; way++) {
            if (!disco__host_equal(&series->hosts[way][i]->host, &series->expected[i]->host))
                return "after others a host differs from the tree's";
        }
    }
    return NULL;
}

static void free_series(series_t *series)
{
    size_t i;
    int way;

    for (i = 0; i < series->count; i++) {
        disco__host_unref(series->expected[i]);
        for (way = 0; way < WAYS; way++)
            disco__host_unref(series->hosts[way][i]);
    }
}

const char *check_fields(const char *bytes, size_t size)
{
    const char *end = bytes + size;
    disco__reader_t readers[WAYS];
    series_t series;
    const char *wrong = NULL;
    int way;

    memset(&series, 0, sizeof series);
    for (way = 0; way < WAYS; way++)
        disco__reader_init(&readers[way], &client);
    while (wrong == NULL && bytes < end && series.count < MOST_HOSTS) {
        const char *feed = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t line = (size_t)((feed != NULL ? feed : end) - bytes);
        char *block = fuzz_block(bytes, line);

        wrong = read_line(&series, readers, block, line);
        free(block);
        bytes += feed != NULL ? line + 1 : line;
    }
    for (way = 0; way < WAYS; way++)
        disco__reader_free(&readers[way]);
    disco__patterns_free(&client.patterns); /* nothing is known of those before */
    if (wrong == NULL)
        wrong = compare_series(&series);
    free_series(&series);
    return wrong;
}
