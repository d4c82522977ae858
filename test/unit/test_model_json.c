#include "support/test.h"

#include <uvdisco/error.h>

#include "disco/model.h"
#include "support/secrets.h"

/* What the Go package writes. */
#define FULL_HOST                                                                                  \
    "{\"name\":\"public-domain.dev\",\"service_name\":\"my-service\","                             \
    "\"ports\":{\"http\":\"80\",\"https\":\"443\"},\"user\":\"user\",\"password\":\"secret\","     \
    "\"public\":true,\"private_hostname\":\"node-1.internal.dev\","                                \
    "\"private_ports\":{\"http\":\"8080\",\"https\":\"8443\"},\"critical\":true,"                  \
    "\"shard\":\"shard-0\","                                                                       \
    "\"uuid\":\"6ba7b810-9dad-41d1-80b4-00c04fd430c8-node-1.internal.dev\"}"
#define SMALL_HOST "{\"name\":\"a\",\"service_name\":\"s\",\"ports\":null}"
#define FULL_INFO                                                                                  \
    "{\"name\":\"my-service\",\"critical\":true,\"hostname\":\"public-domain.dev\","               \
    "\"user\":\"user\",\"password\":\"secret\","                                                   \
    "\"ports\":{\"http\":\"80\",\"https\":\"443\"},\"public\":true}"
#define SMALL_INFO "{\"name\":\"s\",\"critical\":false}"

static const disco_port_t ports[] = {{"https", "443"}, {"http", "80"}};
static const disco_port_t private_ports[] = {{"http", "8080"}, {"https", "8443"}};

static const disco_host_t full_host = {
    .name = "public-domain.dev",
    .service_name = "my-service",
    .ports = ports,
    .port_count = 2,
    .user = "user",
    .password = "secret",
    .is_public = true,
    .private_hostname = "node-1.internal.dev",
    .private_ports = private_ports,
    .private_port_count = 2,
    .critical = true,
    .shard = "shard-0",
    .uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8-node-1.internal.dev",
    .created_revision = 7,
    .modified_revision = 8,
};

static const disco_service_info_t full_info = {
    .name = "my-service",
    .critical = true,
    .hostname = "public-domain.dev",
    .user = "user",
    .password = "secret",
    .ports = ports,
    .port_count = 2,
    .is_public = true,
};

static void assert_host_written(const disco_host_t *host, const char *json)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__host_write(&out, host), 0);
    assert_string_equal(disco__buffer_text(&out), json);
    disco__buffer_free(&out);
}

static void assert_info_written(const disco_service_info_t *info, const char *json)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__info_write(&out, info), 0);
    assert_string_equal(disco__buffer_text(&out), json);
    disco__buffer_free(&out);
}

static disco__host_t *host_read(const char *json)
{
    disco__host_t *host = NULL;

    if (disco__host_read(&host, json, strlen(json)) != 0)
        fail_msg("not read: %s", json);
    return host;
}

static void assert_no_host(const char *json)
{
    disco__host_t *host;

    if (disco__host_read(&host, json, strlen(json)) != DISCO_EPROTOCOL)
        fail_msg("read, or another error: %s", json);
}

/* Reads the first and expects what the second says. */
static void assert_host_reads_as(const char *json, const char *expected)
{
    disco__host_t *host = host_read(json);

    assert_host_written(&host->host, expected);
    disco__host_unref(host);
}

static void assert_info_reads_as(const char *json, const char *expected)
{
    disco_service_info_t *info;

    assert_status(disco__info_read(&info, json, strlen(json)), 0);
    assert_info_written(info, expected);
    disco__info_unref(info);
}

DISCO_TEST(hosts_are_written_as_go_writes_them)
{
    assert_host_written(&full_host, FULL_HOST);
    assert_host_written(&(disco_host_t){.name = "a", .service_name = "s"}, SMALL_HOST);
    assert_host_written(&(disco_host_t){.name = NULL},
                        "{\"name\":\"\",\"service_name\":\"\",\"ports\":null}");
}

DISCO_TEST(infos_are_written_as_go_writes_them)
{
    assert_info_written(&full_info, FULL_INFO);
    assert_info_written(&(disco_service_info_t){.name = "s"}, SMALL_INFO);
    assert_info_written(&(disco_service_info_t){.name = "s", .ports = ports}, SMALL_INFO);
}

DISCO_TEST(ports_are_sorted_bytewise_and_strings_escaped)
{
    static const disco_port_t odd[] = {{"https", "443"}, {"a", NULL}, {"HTTP", "80"},
                                       {"h2", "1"},      {NULL, "0"}, {"\xc3\xa9", "2"}};

    assert_host_written(&(disco_host_t){.name = "b\xc3\xbc"
                                                "cher.example",
                                        .service_name = "<&>",
                                        .ports = odd,
                                        .port_count = 6,
                                        .password = "p\"\\\xe2\x80\xa8\x7f\b",
                                        .private_ports = odd},
                        "{\"name\":\"b\xc3\xbc"
                        "cher.example\",\"service_name\":\"\\u003c\\u0026\\u003e\","
                        "\"ports\":{\"\":\"0\",\"HTTP\":\"80\",\"a\":\"\",\"h2\":\"1\","
                        "\"https\":\"443\",\"\xc3\xa9\":\"2\"},"
                        "\"password\":\"p\\\"\\\\\\u2028\x7f\\b\"}");
}

DISCO_TEST(what_was_written_is_read)
{
    disco__host_t *host = host_read(FULL_HOST);
    disco__host_t *copy;
    disco_service_info_t *info;
    disco_service_info_t *info_copy;

    assert_status(disco__host_copy(&copy, &full_host), 0);
    assert_true(disco__host_equal(&host->host, &copy->host));
    assert_string_equal(host->host.name, "public-domain.dev");
    assert_string_equal(host->host.service_name, "my-service");
    assert_int(host->host.port_count, 2);
    assert_string_equal(host->host.ports[1].scheme, "https");
    assert_string_equal(host->host.ports[1].port, "443");
    assert_string_equal(host->host.user, "user");
    assert_string_equal(host->host.password, "secret");
    assert_true(host->host.is_public);
    assert_string_equal(host->host.private_hostname, "node-1.internal.dev");
    assert_int(host->host.private_port_count, 2);
    assert_string_equal(host->host.private_ports[0].port, "8080");
    assert_true(host->host.critical);
    assert_string_equal(host->host.shard, "shard-0");
    assert_string_equal(host->host.uuid, full_host.uuid);
    assert_int(host->host.created_revision, 0);
    disco__host_unref(host);
    disco__host_unref(copy);
    assert_status(disco__info_read(&info, FULL_INFO, strlen(FULL_INFO)), 0);
    assert_status(disco__info_copy(&info_copy, &full_info), 0);
    assert_true(disco__info_equal(info, info_copy));
    assert_string_equal(info->hostname, "public-domain.dev");
    assert_string_equal(info->ports[0].port, "80");
    assert_true(info->is_public && info->critical);
    disco__info_unref(info);
    disco__info_unref(info_copy);
    disco__info_unref(NULL);
    assert_host_reads_as(FULL_HOST, FULL_HOST);
    assert_host_reads_as(SMALL_HOST, SMALL_HOST);
    assert_info_reads_as(FULL_INFO, FULL_INFO);
    assert_info_reads_as(SMALL_INFO, SMALL_INFO);
}

DISCO_TEST(no_ports_and_an_empty_list_are_two_things)
{
    disco_port_t none;
    disco__host_t *null = host_read("{\"ports\":null}");
    disco__host_t *empty = host_read("{\"ports\":{},\"private_ports\":{}}");

    assert_null(null->host.ports);
    assert_non_null(empty->host.ports);
    assert_int(empty->host.port_count, 0);
    assert_null(empty->host.private_ports);
    assert_false(disco__host_equal(&null->host, &empty->host));
    disco__host_unref(null);
    disco__host_unref(empty);
    assert_host_written(&(disco_host_t){.ports = &none},
                        "{\"name\":\"\",\"service_name\":\"\",\"ports\":{}}");
    assert_host_reads_as("{\"ports\":{}}", "{\"name\":\"\",\"service_name\":\"\",\"ports\":{}}");
    assert_host_reads_as("{}", "{\"name\":\"\",\"service_name\":\"\",\"ports\":null}");
}

#define PORTS(json) "{\"name\":\"\",\"service_name\":\"\",\"ports\":" json "}"

DISCO_TEST(reading_follows_go)
{
    assert_host_reads_as("{\"NAME\":\"a\",\"Service_Name\":\"s\",\"pOrTs\":null}", SMALL_HOST);
    assert_host_reads_as("{\"name\":\"x\",\"Name\":\"a\",\"name\":null,\"service_name\":\"s\"}",
                         SMALL_HOST);
    assert_host_reads_as("{\"ports\":null,\"service_name\":\"s\",\"future\":{\"x\":[1]},"
                         "\"name\":\"a\",\"user\":null,\"public\":null,\"critical\":false}",
                         SMALL_HOST);
    assert_host_reads_as(" \n{ \"name\" : \"\\u0061\" , \"service_name\":\"s\" }\r\n", SMALL_HOST);
    assert_host_reads_as("{\"ports\":{\"b\":\"1\",\"a\":null,\"b\":\"2\"}}",
                         PORTS("{\"a\":\"\",\"b\":\"2\"}"));
    assert_host_reads_as("{\"ports\":{\"a\":\"1\",\"b\":\"2\"},\"Ports\":{\"a\":\"3\"}}",
                         PORTS("{\"a\":\"3\",\"b\":\"2\"}"));
    assert_host_reads_as("{\"ports\":{\"a\":\"1\"},\"ports\":null}", PORTS("null"));
    assert_host_reads_as("{\"ports\":{\"a\":\"1\"},\"ports\":null,\"ports\":{\"b\":\"2\"}}",
                         PORTS("{\"b\":\"2\"}"));
    assert_host_reads_as("{\"ports\":{\"A\":\"1\",\"a\":\"any text\"}}",
                         PORTS("{\"A\":\"1\",\"a\":\"any text\"}"));
}

DISCO_TEST(a_wrong_type_breaks_a_host)
{
    assert_no_host("{\"name\":1}");
    assert_no_host("{\"name\":1,\"name\":\"a\"}");
    assert_no_host("{\"service_name\":{}}");
    assert_no_host("{\"ports\":[]}");
    assert_no_host("{\"ports\":\"80\"}");
    assert_no_host("{\"ports\":[\"80\"],\"ports\":{}}");
    assert_no_host("{\"ports\":{\"http\":80}}");
    assert_no_host("{\"ports\":{\"http\":{}}}");
    assert_no_host("{\"private_ports\":{\"http\":true}}");
    assert_no_host("{\"ports\":{\"http\":\"80\"},\"private_ports\":7}");
    assert_no_host("{\"user\":false}");
    assert_no_host("{\"password\":[]}");
    assert_no_host("{\"public\":\"true\"}");
    assert_no_host("{\"critical\":1}");
    assert_no_host("{\"private_hostname\":0}");
    assert_no_host("{\"shard\":0}");
    assert_no_host("{\"uuid\":0}");
}

DISCO_TEST(what_is_no_object_or_no_utf8_is_no_host)
{
    disco__host_t *host;
    disco_service_info_t *info;

    assert_no_host("");
    assert_no_host("null");
    assert_no_host("[]");
    assert_no_host("\"name\"");
    assert_no_host("{\"name\":\"a\"} x");
    assert_no_host("{\"name\":\"a\xff\"}");
    assert_no_host("{\"unknown\":\"a\xff\"}");
    assert_no_host("{\"name\":\"a\\u0000\"}");
    assert_no_host("{\"name\":\"\\ud800\"}");
    assert_status(disco__host_read(&host, "{}\0", 3), DISCO_EPROTOCOL);
    assert_status(disco__info_read(&info, "{}\0", 3), DISCO_EPROTOCOL);
    assert_status(disco__info_read(&info, "[]", 2), DISCO_EPROTOCOL);
    assert_status(disco__info_read(&info, "{\"ports\":[]}", 12), DISCO_EPROTOCOL);
    assert_status(disco__info_read(&info, "{\"critical\":0}", 14), DISCO_EPROTOCOL);
}

DISCO_TEST(a_copy_stands_on_its_own)
{
    char name[] = "name";
    disco_port_t port = {"http", "80"};
    disco_host_t host = {.name = name, .ports = &port, .port_count = 1, .modified_revision = 9};
    disco__host_t *copy;

    assert_status(disco__host_copy(&copy, &host), 0);
    memset(name, 'x', sizeof name - 1);
    port.scheme = "other";
    assert_string_equal(copy->host.name, "name");
    assert_string_equal(copy->host.ports[0].scheme, "http");
    assert_string_equal(copy->host.uuid, "");
    assert_string_equal(copy->host.password, "");
    assert_int(copy->host.modified_revision, 9);
    assert_ptr_equal(disco__host_ref(copy), copy);
    disco__host_unref(copy);
    assert_string_equal(copy->host.name, "name");
    disco__host_unref(copy);
    disco__host_unref(NULL);
}

static void assert_differs(const disco_host_t *other)
{
    disco__host_t *a;
    disco__host_t *b;

    assert_status(disco__host_copy(&a, &full_host), 0);
    assert_status(disco__host_copy(&b, other), 0);
    assert_false(disco__host_equal(&a->host, &b->host));
    assert_true(disco__host_equal(&a->host, &a->host));
    disco__host_unref(a);
    disco__host_unref(b);
}

DISCO_TEST(hosts_differ_in_every_field_that_is_stored)
{
    disco_host_t other;

#define DIFFERS(field, value)                                                                      \
    do {                                                                                           \
        other = full_host;                                                                         \
        other.field = (value);                                                                     \
        assert_differs(&other);                                                                    \
    } while (0)
    DIFFERS(name, "x");
    DIFFERS(service_name, "x");
    DIFFERS(ports, private_ports);
    DIFFERS(port_count, 1);
    DIFFERS(port_count, 0);
    DIFFERS(ports, NULL);
    DIFFERS(user, NULL);
    DIFFERS(password, "");
    DIFFERS(is_public, false);
    DIFFERS(private_hostname, "x");
    DIFFERS(private_ports, ports);
    DIFFERS(private_port_count, 1);
    DIFFERS(critical, false);
    DIFFERS(shard, NULL);
    DIFFERS(uuid, "x");
#undef DIFFERS
}

static void run_hosts(void *data)
{
    disco__host_t *host;
    disco__buffer_t out;
    int rv = disco__host_read(&host, FULL_HOST, strlen(FULL_HOST));

    (void)data;
    if (rv != 0) {
        assert_status(rv, UV_ENOMEM);
        return;
    }
    disco__buffer_init(&out);
    rv = disco__host_write(&out, &host->host);
    if (rv == 0)
        assert_string_equal(out.bytes, FULL_HOST);
    else
        assert_status(rv, UV_ENOMEM);
    disco__buffer_free(&out);
    disco__host_unref(host);
}

static void run_infos(void *data)
{
    disco_service_info_t *info;
    disco__buffer_t out;
    int rv = disco__info_read(&info, FULL_INFO, strlen(FULL_INFO));

    (void)data;
    if (rv != 0) {
        assert_status(rv, UV_ENOMEM);
        return;
    }
    disco__buffer_init(&out);
    rv = disco__info_write(&out, info);
    if (rv == 0)
        assert_string_equal(out.bytes, FULL_INFO);
    else
        assert_status(rv, UV_ENOMEM);
    disco__buffer_free(&out);
    disco__info_unref(info);
}

static void run_copies(void *data)
{
    disco__host_t *host;
    disco_service_info_t *info;
    int rv = disco__host_copy(&host, &full_host);

    (void)data;
    if (rv == 0)
        disco__host_unref(host);
    else
        assert_status(rv, UV_ENOMEM);
    rv = disco__info_copy(&info, &full_info);
    if (rv == 0)
        disco__info_unref(info);
    else
        assert_status(rv, UV_ENOMEM);
}

DISCO_TEST(memory_running_short_is_not_a_broken_host)
{
    heap_sweep(run_hosts, NULL);
    heap_sweep(run_infos, NULL);
    heap_sweep(run_copies, NULL);
}

static void write_many_ports(disco__buffer_t *json, const char *field, size_t count)
{
    size_t i;

    disco__buffer_clear(json);
    disco__buffer_append_text(json, "{\"name\":\"n\",\"");
    disco__buffer_append_text(json, field);
    disco__buffer_append_text(json, "\":{");
    for (i = 0; i < count; i++) {
        disco__buffer_append_text(json, i > 0 ? ",\"" : "\"");
        disco__buffer_append_number(json, i);
        disco__buffer_append_text(json, "\":\"1\"");
    }
    disco__buffer_append_text(json, "}}");
    assert_status(json->error, 0);
}

DISCO_TEST(more_ports_than_there_are_belong_to_no_host)
{
    static const char *const fields[] = {"ports", "private_ports"};
    disco__buffer_t json;
    disco__host_t *host;
    size_t i;

    disco__buffer_init(&json);
    for (i = 0; i < 2; i++) {
        write_many_ports(&json, fields[i], UINT16_MAX);
        assert_status(disco__host_read(&host, json.bytes, json.size), 0);
        assert_int(i == 0 ? host->host.port_count : host->host.private_port_count, UINT16_MAX);
        disco__host_unref(host);
        write_many_ports(&json, fields[i], (size_t)UINT16_MAX + 1);
        assert_status(disco__host_read(&host, json.bytes, json.size), DISCO_EPROTOCOL);
    }
    disco__buffer_free(&json);
}

DISCO_TEST(no_password_stays_in_freed_memory)
{
    disco__host_t *host;
    disco_service_info_t *info;
    disco__buffer_t out;

    secrets_watch_begin("secret");
    disco__buffer_init(&out);
    assert_status(disco__host_read(&host, FULL_HOST, strlen(FULL_HOST)), 0);
    assert_status(disco__host_write(&out, &host->host), 0);
    disco__host_unref(host);
    disco__buffer_free_secret(&out);
    assert_status(disco__info_read(&info, FULL_INFO, strlen(FULL_INFO)), 0);
    assert_status(disco__info_write(&out, info), 0);
    disco__info_unref(info);
    disco__buffer_free_secret(&out);
    assert_int(secrets_watch_end(), 0);
}
