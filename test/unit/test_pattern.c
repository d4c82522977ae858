/* Hosts that are written alike, and those that are not. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "disco/entry.h"

#define HOST(name, service, port, public, uuid)                                                    \
    "{\"name\":\"" name "\",\"service_name\":\"" service "\",\"ports\":{\"http\":\"" port          \
    "\",\"https\":\"443\"},\"public\":" public ",\"private_ports\":{\"http\":\"80\"},\"uuid\":"    \
                                               "\"" uuid "\"}"

static disco_client_t client = {.settings = {.max_value_bytes = 10000}};
static disco__reader_t reader;

static void begin(void)
{
    disco__reader_init(&reader, &client);
}

static void end(void)
{
    disco__reader_free(&reader);
    disco__patterns_free(&client.patterns);
}

static disco__host_t *read_next(const char *json)
{
    disco__item_t item = {.key = "/k", .key_size = 2, .value = json, .value_size = strlen(json)};
    disco__host_t *host;

    assert_status(disco__reader_host(&reader, &item, &host), 0);
    return host;
}

static size_t count_varying(void)
{
    return client.patterns.plain->step_count;
}

/* Whether the next is read by what those before have taught. */
static bool is_known(const char *json)
{
    static disco__values_t values;

    return disco__pattern_read(client.patterns.plain, &values, json, strlen(json)) > 0;
}

DISCO_TEST(what_has_differed_varies)
{
    disco__host_t *hosts[3];

    begin();
    assert_false(is_known(HOST("a", "s", "1", "true", "a-1")));
    hosts[0] = read_next(HOST("a", "s", "1", "true", "a-1"));
    assert_int(count_varying(), 0);
    assert_true(is_known(HOST("a", "s", "1", "true", "a-1")));
    assert_false(is_known(HOST("b", "s", "1", "true", "a-2")));
    hosts[1] = read_next(HOST("b", "s", "1", "true", "a-2"));
    assert_int(count_varying(), 2);
    assert_true(is_known(HOST("", "s", "1", "true", "another uuid")));
    assert_false(is_known(HOST("b", "s", "2", "true", "a-2")));
    hosts[2] = read_next(HOST("b", "s", "2", "false", "a-2"));
    assert_int(count_varying(), 4);
    assert_true(is_known(HOST("c", "s", "3", "true", "d")));
    assert_false(hosts[2]->host.is_public);
    assert_string_equal(hosts[2]->host.ports[0].port, "2");
    assert_string_equal(hosts[2]->host.ports[1].port, "443");
    assert_true(hosts[1]->host.is_public);
    disco__host_unref(hosts[0]);
    disco__host_unref(hosts[1]);
    disco__host_unref(hosts[2]);
    end();
}

DISCO_TEST(what_is_written_otherwise_begins_anew)
{
    static const char *const others[] = {
        "{\"name\":\"a\",\"uuid\":\"b\"}",
        "{\"name\":\"a\",\"ports\":{\"http\":\"1\"},\"uuid\":\"b\"}",
        "{\"name\":\"a\",\"ports\":{\"smtp\":\"1\"},\"uuid\":\"b\"}",
        "{\"name\":\"a\",\"private_ports\":{\"smtp\":\"1\"},\"uuid\":\"b\"}",
        "{\"name\":\"a\",\"ports\":null,\"uuid\":\"b\"}",
        "{\"name\":\"a\",\"ports\":{},\"uuid\":\"b\"}",
    };
    size_t i;

    begin();
    disco__host_unref(read_next(HOST("a", "s", "1", "true", "a-1")));
    disco__host_unref(read_next(HOST("b", "s", "1", "true", "a-2")));
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(is_known(others[i]));
        disco__host_unref(read_next(others[i]));
        assert_int(count_varying(), 0);
        assert_true(is_known(others[i]));
    }
    end();
}

DISCO_TEST(what_the_general_way_must_read_teaches_nothing)
{
    static const char *const others[] = {
        " {\"name\":\"c\",\"uuid\":\"b\"}",
        "{\"name\":\"\\u0061\",\"uuid\":\"b\"}",
        "{\"ports\":{\"b\":\"1\",\"a\":\"2\"},\"uuid\":\"b\"}",
        "{\"ports\":{\"a\":\"1\",\"a\":\"2\"},\"uuid\":\"b\"}",
        "{\"name\":\"a\"}",
        "{\"name\":\"a\",\"uuid\":\"\"}",
    };
    size_t i;

    begin();
    disco__host_unref(read_next(HOST("a", "s", "1", "true", "a-1")));
    disco__host_unref(read_next(HOST("b", "s", "1", "true", "a-2")));
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        disco__host_unref(read_next(others[i]));
        assert_false(is_known(others[i]));
        assert_true(is_known(HOST("c", "s", "1", "true", "d")));
    }
    end();
}

DISCO_TEST(in_a_place_that_varies_only_texts_are_taken)
{
    static const char *const others[] = {
        HOST("\\\"", "s", "1", "true", "a"),
        HOST("\n", "s", "1", "true", "a"),
        HOST("\xff", "s", "1", "true", "a"),
        HOST("\xed\xa0\x80", "s", "1", "true", "a"),
        HOST("a", "s", "1", "true", ""), /* named by its key */
        HOST("a", "s", "1", "truth", "a"),
        HOST("a", "s", "1", "null", "a"),
        HOST("a", "s", "1", "true", "a") "}",
        "{\"name\":\"a",
        HOST("a\",\"name\":\"a", "s", "1", "true", "a"),
    };
    size_t i;

    begin();
    disco__host_unref(read_next(HOST("a", "s", "1", "true", "a-1")));
    disco__host_unref(read_next(HOST("b", "s", "1", "false", "a-2")));
    assert_true(is_known(HOST("\xc3\xa9", "s", "1", "true", "a")));
    assert_true(is_known(HOST("", "s", "1", "false", "a")));
    for (i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(is_known(others[i]));
    end();
}

/* So that a snapshot of many hosts is small. */
DISCO_TEST(what_does_not_vary_is_there_once)
{
    disco__host_t *hosts[4];
    size_t i;

    begin();
    hosts[0] = read_next(HOST("a", "s", "1", "true", "1-node"));
    hosts[1] = read_next(HOST("b", "s", "2", "true", "2-node"));
    hosts[2] = read_next(HOST("c", "s", "3", "true", "3-node"));
    hosts[3] = read_next(HOST("d", "s", "4", "true", "4-node"));
    for (i = 2; i < 4; i++) {
        const disco_host_t *host = &hosts[i]->host;
        const disco_host_t *before = &hosts[i - 1]->host;

        assert_ptr_equal(host->service_name, before->service_name);
        assert_ptr_equal(host->private_ports, before->private_ports);
        assert_ptr_not_equal(host->ports, before->ports);
        assert_ptr_equal(host->ports[0].scheme, before->ports[0].scheme);
        assert_ptr_equal(host->ports[1].port, before->ports[1].port);
        assert_ptr_equal(host->ports[0].scheme, host->private_ports[0].scheme);
        assert_string_equal(host->shard, "");
    }
    assert_string_equal(hosts[2]->host.name, "c");
    assert_string_equal(hosts[2]->host.ports[0].port, "3");
    assert_string_equal(hosts[3]->host.uuid, "4-node");
    for (i = 0; i < 4; i++)
        disco__host_unref(hosts[i]);
    end();
}

/* What one reader taught another knows, but its hosts have a home of their own. */
DISCO_TEST(a_pattern_outlives_the_hosts_it_was_made_of)
{
    disco__host_t *host;

    begin();
    disco__host_unref(read_next(HOST("a", "s", "1", "true", "1-node")));
    disco__host_unref(read_next(HOST("b", "s", "1", "true", "2-node")));
    disco__reader_free(&reader);
    disco__reader_init(&reader, &client);
    host = read_next(HOST("c", "s", "1", "true", "3-node"));
    assert_int(count_varying(), 2);
    assert_string_equal(host->host.name, "c");
    assert_string_equal(host->host.service_name, "s");
    assert_string_equal(host->host.ports[1].scheme, "https");
    assert_string_equal(host->host.private_ports[0].port, "80");
    disco__host_unref(host);
    end();
}

DISCO_TEST(a_host_that_is_too_large_has_none)
{
    static char json[DISCO__PATTERN_MOST + 100];
    char name[DISCO__PATTERN_MOST];
    disco__host_t *host;

    memset(name, 'n', sizeof name);
    (void)snprintf(json, sizeof json, "{\"name\":\"%.*s\",\"uuid\":\"u\"}", (int)sizeof name, name);
    begin();
    host = read_next(json);
    assert_int(strlen(host->host.name), sizeof name);
    assert_null(client.patterns.plain);
    disco__host_unref(host);
    end();
}
