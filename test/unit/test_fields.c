/* What the JSON of a host says, in the quick way and in the general one, alone and after others. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "disco/entry.h"
#include "fuzz/check.h"

#define PLAIN                                                                                      \
    "{\"name\":\"public-domain.dev\",\"service_name\":\"my-service\",\"ports\":{\"http\":\"80\","  \
    "\"https\":\"443\"},\"user\":\"me\",\"password\":\"s\xc3\xa9"                                  \
    "cret\",\"public\":true,\"private_hostname\":\"node-1\",\"private_ports\":{\"http\":"          \
    "\"8080\"},\"critical\":true,\"shard\":\"shard-0\",\"uuid\":\"6ba7-node-1\"}"

static int read_generally(disco__fields_t *fields, const char *json)
{
    disco__fields_init(fields);
    return disco__fields_read(fields, &disco__host_schema, json, strlen(json));
}

static void assert_span(const disco__span_t *span, const char *text)
{
    assert_int(span->size, strlen(text));
    assert_memory_equal(span->bytes, text, span->size);
}

static void assert_plain(const disco__fields_t *fields)
{
    assert_span(&fields->texts[DISCO__TEXT_NAME], "public-domain.dev");
    assert_span(&fields->texts[DISCO__TEXT_SERVICE_NAME], "my-service");
    assert_span(&fields->texts[DISCO__TEXT_USER], "me");
    assert_span(&fields->texts[DISCO__TEXT_PASSWORD], "s\xc3\xa9"
                                                      "cret");
    assert_span(&fields->texts[DISCO__TEXT_HOSTNAME], "node-1");
    assert_span(&fields->texts[DISCO__TEXT_SHARD], "shard-0");
    assert_span(&fields->texts[DISCO__TEXT_UUID], "6ba7-node-1");
    assert_true(fields->flags[DISCO__FLAG_PUBLIC]);
    assert_true(fields->flags[DISCO__FLAG_CRITICAL]);
    assert_int(fields->ports[DISCO__PORTS].count, 2);
    assert_span(&fields->ports[DISCO__PORTS].few[1].scheme, "https");
    assert_span(&fields->ports[DISCO__PORTS].few[1].port, "443");
    assert_int(fields->ports[DISCO__PRIVATE_PORTS].count, 1);
    assert_span(&fields->ports[DISCO__PRIVATE_PORTS].few[0].port, "8080");
}

DISCO_TEST(both_ways_read_what_is_plain)
{
    disco__fields_t fields;

    disco__fields_init(&fields);
    assert_true(disco__fields_read_quickly(&fields, &disco__host_schema, PLAIN, strlen(PLAIN)));
    assert_plain(&fields);
    assert_status(read_generally(&fields, PLAIN), 0);
    assert_plain(&fields);
    disco__fields_free(&fields);
}

static char *put_inside(const char *json)
{
    char *inside = malloc(2 * strlen(json) + 1);
    size_t size = 0;

    assert_non_null(inside);
    for (; *json != '\0'; json++) {
        if (*json == '"' || *json == '\\')
            inside[size++] = '\\';
        inside[size++] = *json;
    }
    inside[size] = '\0';
    return inside;
}

DISCO_TEST(inside_a_string_it_ends_at_the_quote)
{
    disco__fields_t fields;
    char *inside = put_inside(PLAIN);
    size_t size = strlen(inside);
    size_t i;

    disco__fields_init(&fields);
    for (i = 0; i <= size; i++) /* the quote is not there yet */
        assert_int(disco__fields_read_inside(&fields, &disco__host_schema, inside, i), 0);
    inside[size] = '"'; /* in the place of the NUL, which is not looked at */
    disco__fields_init(&fields);
    assert_int(disco__fields_read_inside(&fields, &disco__host_schema, inside, size + 1), size);
    assert_plain(&fields);
    free(inside);
}

/* One more than there is room for. */
static const char nine_ports[] = "{\"ports\":{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":"
                                 "\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\","
                                 "\"9\":\"\"}}";

DISCO_TEST(what_is_not_plain_is_left_to_the_general_way)
{
    static const char *const texts[] = {
        "{}",
        " {\"name\":\"a\"}",
        "{\"name\":\"a\"} ",
        "{\"name\": \"a\"}",
        "{\"Name\":\"a\"}",
        "{\"name\":\"\\u0061\"}",
        "{\"name\":null}",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"uuid\":\"a\",\"name\":\"b\"}",
        "{\"more\":1}",
        "{\"ports\":{\"a\":null}}",
        nine_ports,
    };
    disco__fields_t fields;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        disco__fields_init(&fields);
        assert_false(
            disco__fields_read_quickly(&fields, &disco__host_schema, texts[i], strlen(texts[i])));
        disco__fields_free(&fields);
        assert_status(read_generally(&fields, texts[i]), 0);
        disco__fields_free(&fields);
        assert_null(check_fields(texts[i], strlen(texts[i])));
    }
}

DISCO_TEST(what_is_no_host_is_refused_in_both_ways)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{\"name\":\"a\"}}",
        "{\"name\":\"a\",}",
        "{\"name\":1}",
        "{\"public\":\"true\"}",
        "{\"ports\":[]}",
        "{\"ports\":{\"a\":1}}",
        "{\"ports\":{\"a\":\"1\"},\"ports\":3}",
        "{\"name\":\"\\u0000\"}",
        "{\"more\":\"\\u0000\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\udc00\\ud800\"}",
        "{\"name\":\"\xff\"}",
        "{\"name\":\"\xed\xa0\x80\"}",
        "{\"name\":\"\n\"}",
    };
    disco__fields_t fields;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        disco__fields_init(&fields);
        assert_false(
            disco__fields_read_quickly(&fields, &disco__host_schema, texts[i], strlen(texts[i])));
        disco__fields_free(&fields);
        assert_status(read_generally(&fields, texts[i]), DISCO_EPROTOCOL);
        disco__fields_free(&fields);
        assert_null(check_fields(texts[i], strlen(texts[i])));
    }
}

DISCO_TEST(the_last_of_a_name_counts_and_null_changes_nothing)
{
    disco__fields_t fields;

    assert_status(
        read_generally(&fields,
                       "{\"name\":\"a\",\"NAME\":\"b\",\"n\\u0061me\":\"c\",\"name\":null,"
                       "\"public\":true,\"public\":null,\"ports\":{\"a\":\"1\"},\"ports\":null,"
                       "\"Ports\":{\"b\":\"2\"},\"ports\":{\"c\":null}}"),
        0);
    assert_span(&fields.texts[DISCO__TEXT_NAME], "c");
    assert_true(fields.flags[DISCO__FLAG_PUBLIC]);
    assert_true(fields.ports[DISCO__PORTS].given);
    assert_int(fields.ports[DISCO__PORTS].count, 2);
    assert_span(&fields.ports[DISCO__PORTS].few[0].scheme, "b");
    assert_span(&fields.ports[DISCO__PORTS].few[1].scheme, "c");
    assert_span(&fields.ports[DISCO__PORTS].few[1].port, "");
    disco__fields_free(&fields);
}

/* 100 ports, and what is equal in the two lists. */
static const char *many_ports(void)
{
    static char json[4000];
    int size = snprintf(json, sizeof json, "{\"ports\":{");
    int i;

    for (i = 0; i < 100; i++)
        size += snprintf(json + size, sizeof json - (size_t)size, "%s\"scheme-%03d\":\"%d\"",
                         i > 0 ? "," : "", i, 8000 + i);
    (void)snprintf(json + size, sizeof json - (size_t)size,
                   "},\"private_ports\":{\"scheme-099\":\"1\",\"scheme-000\":\"2\"}}");
    return json;
}

static void read_many_ports(void *data)
{
    disco__fields_t fields;
    disco__host_t *host = NULL;
    int rv = read_generally(&fields, data);

    if (rv == 0)
        rv = disco__host_make(&host, NULL, &fields);
    assert_true(rv == 0 || (rv == UV_ENOMEM && heap_has_failed()));
    if (rv == 0) {
        assert_int(host->host.port_count, 100);
        assert_string_equal(host->host.ports[99].scheme, "scheme-099");
        assert_string_equal(host->host.ports[99].port, "8099");
        assert_string_equal(host->host.private_ports[0].scheme, "scheme-000");
    }
    disco__host_unref(host);
    disco__fields_free(&fields);
}

DISCO_TEST(many_ports_need_memory)
{
    static char json[4000];

    (void)snprintf(json, sizeof json, "%s", many_ports());
    heap_sweep(read_many_ports, json);
    assert_null(check_fields(json, strlen(json)));
}

static disco_client_t client = {.settings = {.max_value_bytes = 10000}};

static void assert_port(disco__reader_t *reader, const char *json, size_t i, const char *scheme,
                        const char *port)
{
    disco__item_t item = {.key = "/k", .key_size = 2, .value = json, .value_size = strlen(json)};
    disco__host_t *host;

    assert_status(disco__reader_host(reader, &item, &host), 0);
    assert_string_equal(host->host.ports[i].scheme, scheme);
    assert_string_equal(host->host.ports[i].port, port);
    disco__host_unref(host);
}

#define PORTS(ports) "{\"ports\":{" ports "}}"

DISCO_TEST(a_scheme_of_the_host_before_is_not_taken_for_another)
{
    disco__reader_t reader;

    disco__reader_init(&reader, &client);
    assert_port(&reader, PORTS("\"https\":\"1\""), 0, "https", "1");
    assert_port(&reader, PORTS("\"https\":\"2\""), 0, "https", "2"); /* found where it stood */
    assert_port(&reader, " " PORTS("\"gopher\":\"3\""), 0, "gopher", "3");
    disco__reader_free(&reader);
    disco__reader_init(&reader, &client);
    assert_port(&reader, PORTS("\"https\":\"1\""), 0, "https", "1");
    assert_port(&reader, PORTS("\"https\":\"4\"},\"ports\":null,\"ports\":{\"gopher\":\"5\""), 0,
                "gopher", "5");
    disco__reader_free(&reader);
}

DISCO_TEST(the_first_host_may_be_one_that_is_not_plain)
{
    disco__reader_t reader;

    memset(&reader, 0xff, sizeof reader);
    disco__reader_init(&reader, &client);
    assert_port(&reader, " " PORTS("\"https\":\"1\""), 0, "https", "1");
    disco__reader_free(&reader);
}

/* Quotes that stand elsewhere must not turn what is no JSON into a host. */
DISCO_TEST(a_scheme_is_recalled_only_with_its_port_right_behind_it)
{
    static const char *const texts[][2] = {
        {PORTS("\"https\" :\"80\""), PORTS("\"https\" :\",\",\":\":\"")},
        {PORTS("\"https\":null"), "{\"ports\":{\"https\":null},\",\":\":\",\"}}"},
    };
    disco__reader_t reader;
    disco__item_t item = {.key = "/k", .key_size = 2};
    disco__host_t *host;
    size_t i;

    for (i = 0; i < 2; i++) {
        disco__reader_init(&reader, &client);
        assert_port(&reader, texts[i][0], 0, "https", i == 0 ? "80" : "");
        item.value = texts[i][1];
        item.value_size = strlen(texts[i][1]);
        assert_status(disco__reader_host(&reader, &item, &host), DISCO_EPROTOCOL);
        disco__reader_free(&reader);
    }
}

DISCO_TEST(ports_are_in_order_after_ones_that_were_escaped)
{
    disco__reader_t reader;

    disco__reader_init(&reader, &client);
    assert_port(&reader, PORTS("\"ccccc\":\"1\""), 0, "ccccc", "1");
    assert_port(&reader, PORTS("\"\\u0061aaaa\":\"2\",\"bbbbb\":\"3\""), 0, "aaaaa", "2");
    assert_port(&reader, PORTS("\"ccccc\":\"4\",\"bbbbb\":\"5\""), 0, "bbbbb", "5");
    disco__reader_free(&reader);
}

static void read_series(void *data)
{
    disco__reader_t reader;
    disco__host_t *hosts[4] = {NULL, NULL, NULL, NULL};
    char *inside = put_inside(PLAIN);
    size_t size = strlen(inside);
    int rv = 0;
    size_t i;

    (void)data;
    inside[size] = '"';
    disco__reader_init(&reader, &client);
    for (i = 0; i < 4 && rv == 0; i++) {
        disco__item_t item = {.key = "/k", .key_size = 2, .value = inside, .value_size = size};

        item.escaped = true;
        item.read = i != 2 && disco__reader_look(&reader, inside, size + 1) > 0;
        rv = disco__reader_host(&reader, &item, &hosts[i]);
    }
    disco__reader_free(&reader);
    disco__patterns_free(&client.patterns);
    assert_true(rv == 0 || (rv == UV_ENOMEM && heap_has_failed()));
    for (i = 1; i < 4 && rv == 0; i++)
        assert_true(disco__host_equal(&hosts[0]->host, &hosts[i]->host));
    for (i = 0; i < 4; i++)
        disco__host_unref(hosts[i]);
    free(inside);
}

DISCO_TEST(hosts_after_one_another_are_read_or_memory_is_short)
{
    heap_sweep(read_series, NULL);
}

static disco_service_info_t *info_of(const char *json)
{
    disco_service_info_t *info;

    assert_status(disco__info_read(&info, json, strlen(json)), 0);
    return info;
}

DISCO_TEST(an_info_is_read_in_both_ways)
{
    disco_service_info_t *quick = info_of("{\"name\":\"s\",\"critical\":true,\"hostname\":\"h\","
                                          "\"user\":\"u\",\"password\":\"p\",\"ports\":{\"http\":"
                                          "\"80\"},\"public\":true}");
    disco_service_info_t *general =
        info_of("{ \"public\":true,\"ports\":{\"http\":\"80\"},\"password\":\"p\",\"user\":\"u\","
                "\"HOSTNAME\":\"\\u0068\",\"critical\":true,\"name\":\"s\",\"uuid\":7}");

    assert_true(disco__info_equal(quick, general));
    assert_string_equal(quick->hostname, "h");
    disco__info_unref(quick);
    disco__info_unref(general);
}
