/* Hosts made at random, and JSON damaged byte by byte. DISCO_TEST_SEED repeats a run that
 * failed. */
#include "support/test.h"

#include <inttypes.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "base/random.h"
#include "disco/model.h"

#define HOSTS 10000
#define MOST_PORTS 40

typedef struct maker_s {
    disco__random_t random;
    disco_port_t ports[2][MOST_PORTS];
    char text[65536];
    size_t used;
} maker_t;

static uint64_t seed(void)
{
    const char *given = getenv("DISCO_TEST_SEED");
    uint64_t random = 0;

    if (given != NULL)
        return strtoull(given, NULL, 10);
    assert_status(uv_random(NULL, NULL, &random, sizeof random, 0, NULL), 0);
    return random;
}

static void add_piece(maker_t *maker)
{
    static const char *const pieces[] = {
        "a",
        "Z",
        "0",
        "-",
        ".",
        "/",
        "\"",
        "\\",
        "<",
        ">",
        "&",
        "'",
        "\b",
        "\f",
        "\n",
        "\r",
        "\t",
        "\x01",
        "\x1f",
        "\x7f",
        " ",
        ":",
        "@",
        "%",
        "\xc3\xa9",
        "\xdf\xbf",
        "\xe2\x80\xa8",
        "\xe2\x80\xa9",
        "\xef\xbf\xbd",
        "\xef\xbf\xbf",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xf0\x90\x80\x80",
        "\xf0\x9f\x98\x80",
        "\xf4\x8f\xbf\xbf",
        "\\u0000",
        "null",
        "{}",
        "node-1.internal",
    };
    const char *piece =
        pieces[disco__random_below(&maker->random, sizeof pieces / sizeof pieces[0])];

    memcpy(maker->text + maker->used, piece, strlen(piece));
    maker->used += strlen(piece);
}

/* At most 7 + 4 * MOST_PORTS strings of 19 pieces of 15 bytes: there is room for all of them. */
static const char *make_text(maker_t *maker)
{
    const char *text = maker->text + maker->used;
    uint64_t size = disco__random_below(&maker->random, 20);

    if (disco__random_below(&maker->random, 4) == 0)
        return disco__random_below(&maker->random, 2) == 0 ? "" : NULL;
    while (size-- > 0)
        add_piece(maker);
    maker->text[maker->used++] = '\0';
    return text;
}

static const disco_port_t *make_ports(maker_t *maker, disco_port_t *ports, uint16_t *count)
{
    uint16_t i;

    *count = 0;
    if (disco__random_below(&maker->random, 4) == 0)
        return NULL;
    *count = (uint16_t)disco__random_below(
        &maker->random, disco__random_below(&maker->random, 10) == 0 ? MOST_PORTS + 1 : 4);
    for (i = 0; i < *count; i++) {
        ports[i].scheme = make_text(maker);
        ports[i].port = make_text(maker);
    }
    return ports;
}

static disco_host_t make_host(maker_t *maker)
{
    disco_host_t host = {0};

    maker->used = 0;
    host.name = make_text(maker);
    host.service_name = make_text(maker);
    host.ports = make_ports(maker, maker->ports[0], &host.port_count);
    host.user = make_text(maker);
    host.password = make_text(maker);
    host.is_public = disco__random_below(&maker->random, 2) == 0;
    host.private_hostname = make_text(maker);
    host.private_ports = make_ports(maker, maker->ports[1], &host.private_port_count);
    host.critical = disco__random_below(&maker->random, 2) == 0;
    host.shard = make_text(maker);
    host.uuid = make_text(maker);
    return host;
}

static bool comes_back(const disco_host_t *host)
{
    disco__buffer_t first;
    disco__buffer_t second;
    disco__host_t *copy;
    disco__host_t *again = NULL;
    bool same;

    disco__buffer_init(&first);
    disco__buffer_init(&second);
    assert_status(disco__host_copy(&copy, host), 0);
    same = disco__host_write(&first, host) == 0 &&
           disco__host_read(&again, first.bytes, first.size) == 0 &&
           disco__host_equal(&copy->host, &again->host) &&
           disco__host_write(&second, &again->host) == 0 && first.size == second.size &&
           memcmp(first.bytes, second.bytes, first.size) == 0;
    disco__host_unref(copy);
    disco__host_unref(again);
    disco__buffer_free(&first);
    disco__buffer_free(&second);
    return same;
}

DISCO_TEST(every_host_that_is_written_is_read_back)
{
    static maker_t maker;
    uint64_t start = seed();
    size_t i;

    maker.random.state[0] = start | 1;
    maker.random.state[1] = ~start;
    for (i = 0; i < HOSTS; i++) {
        disco_host_t host = make_host(&maker);

        if (!comes_back(&host))
            fail_msg("host %zu of DISCO_TEST_SEED=%" PRIu64, i, start);
    }
}

static const char *const vectors[] = {
    "{\"name\":\"public-domain.dev\",\"service_name\":\"my-service\","
    "\"ports\":{\"http\":\"80\",\"https\":\"443\"},\"user\":\"us\\u00e9r\",\"password\":"
    "\"s\\ud83d\\ude00\xc3\xa9\\n\",\"public\":true,\"private_hostname\":\"node-1.internal.dev\","
    "\"private_ports\":{\"http\":\"8080\"},\"critical\":true,\"shard\":\"shard-0\","
    "\"uuid\":\"6ba7b810-9dad-41d1-80b4-00c04fd430c8-node-1.internal.dev\",\"more\":[-1.5e3]}",
    "{\"name\":\"a\",\"service_name\":\"s\",\"ports\":null}",
    "{\"name\":\"my-service\",\"critical\":true,\"hostname\":\"public-domain.dev\",\"user\":"
    "\"user\",\"password\":\"secret\",\"ports\":{\"http\":\"80\",\"https\":\"443\"},"
    "\"public\":true}",
    "{\"name\":\"s\",\"critical\":false}",
};

/* The bytes are in a block of just their size, so that a sanitizer sees who reads behind them. */
static int try_bytes(const char *bytes, size_t size)
{
    char *exact = malloc(size > 0 ? size : 1);
    disco__host_t *host;
    disco_service_info_t *info;
    int rv;

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    rv = disco__host_read(&host, exact, size);
    if (rv == 0) {
        assert_true(comes_back(&host->host));
        disco__host_unref(host);
    } else {
        assert_status(rv, DISCO_EPROTOCOL);
    }
    if (disco__info_read(&info, exact, size) == 0)
        disco__info_unref(info);
    free(exact);
    return rv;
}

DISCO_TEST(no_prefix_is_a_host)
{
    size_t i;
    size_t size;

    for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        assert_status(try_bytes(vectors[i], strlen(vectors[i])), 0);
        for (size = 0; size < strlen(vectors[i]); size++)
            assert_status(try_bytes(vectors[i], size), DISCO_EPROTOCOL);
    }
}

DISCO_TEST(no_damaged_byte_does_harm)
{
    static const char values[] = "\"\\{}[],:0-.eu \n\x01\x1f\x7f\x80\xc3\xed\xff";
    char text[1024];
    size_t i;
    size_t at;
    size_t value;

    for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t size = strlen(vectors[i]);

        memcpy(text, vectors[i], size);
        for (at = 0; at < size; at++) {
            for (value = 0; value < sizeof values; value++) { /* its NUL included */
                text[at] = values[value];
                (void)try_bytes(text, size);
            }
            for (value = 0; value < 8; value++) {
                text[at] = (char)(vectors[i][at] ^ 1 << value);
                (void)try_bytes(text, size);
            }
            text[at] = vectors[i][at];
        }
    }
}
