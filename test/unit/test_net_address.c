#include "support/test.h"

#include "net/address.h"
#include "net/dial.h"

static void assert_text(const disco__address_t *address, const char *expected)
{
    char text[DISCO_ADDRESS_SIZE];

    disco__address_text(address, text);
    assert_string_equal(text, expected);
}

/* A list as getaddrinfo() gives it. */
typedef struct resolved_s {
    struct addrinfo entries[8];
    disco__address_t addresses[8];
    size_t count;
} resolved_t;

static void add(resolved_t *resolved, const char *text)
{
    struct addrinfo *entry = &resolved->entries[resolved->count];
    disco__address_t *address = &resolved->addresses[resolved->count];

    entry->ai_addr = &address->any;
    if (uv_ip4_addr(text, 0, &address->v4) == 0) {
        entry->ai_family = AF_INET;
        entry->ai_addrlen = sizeof address->v4;
    } else {
        assert_int(uv_ip6_addr(text, 0, &address->v6), 0);
        entry->ai_family = AF_INET6;
        entry->ai_addrlen = sizeof address->v6;
    }
    if (resolved->count > 0)
        resolved->entries[resolved->count - 1].ai_next = entry;
    resolved->count++;
}

DISCO_TEST(literals_are_told_from_names)
{
    assert_true(disco__host_is_address("127.0.0.1"));
    assert_true(disco__host_is_address("::1"));
    assert_true(disco__host_is_address("2001:db8::7"));
    assert_true(disco__host_is_address("::ffff:10.0.0.1"));
    assert_false(disco__host_is_address("localhost"));
    assert_false(disco__host_is_address("127.0.0"));
    assert_false(disco__host_is_address("127.0.0.1.example"));
    assert_false(disco__host_is_address("[::1]"));
    assert_false(disco__host_is_address(""));
}

DISCO_TEST(literal_gives_one_address_with_port)
{
    disco__addresses_t addresses = {NULL, 0};

    assert_int(disco__addresses_from_literal(&addresses, "127.0.0.1", 2379), 0);
    assert_int(addresses.count, 1);
    assert_text(&addresses.list[0], "127.0.0.1");
    assert_int(ntohs(addresses.list[0].v4.sin_port), 2379);
    disco__addresses_free(&addresses);
    assert_int(disco__addresses_from_literal(&addresses, "::1", 65535), 0);
    assert_text(&addresses.list[0], "::1");
    assert_int(ntohs(addresses.list[0].v6.sin6_port), 65535);
    disco__addresses_free(&addresses);
    assert_status(disco__addresses_from_literal(&addresses, "localhost", 1), UV_EINVAL);
}

DISCO_TEST(families_take_turns_in_the_order_given)
{
    static const char *const expected[] = {"2001:db8::1", "10.0.0.1", "2001:db8::2", "10.0.0.2",
                                           "2001:db8::3"};
    resolved_t resolved = {0};
    disco__addresses_t addresses;
    size_t i;

    add(&resolved, "2001:db8::1");
    add(&resolved, "2001:db8::2");
    add(&resolved, "2001:db8::3");
    add(&resolved, "10.0.0.1");
    add(&resolved, "10.0.0.2");
    assert_int(disco__addresses_from_resolved(&addresses, resolved.entries, 2379), 0);
    assert_int(addresses.count, 5);
    for (i = 0; i < addresses.count; i++)
        assert_text(&addresses.list[i], expected[i]);
    assert_int(ntohs(addresses.list[4].v6.sin6_port), 2379);
    disco__addresses_free(&addresses);
}

DISCO_TEST(doubles_and_other_families_are_left_out)
{
    resolved_t resolved = {0};
    disco__addresses_t addresses;

    add(&resolved, "10.0.0.1");
    add(&resolved, "10.0.0.1");
    add(&resolved, "10.0.0.9");
    resolved.entries[2].ai_family = AF_UNIX;
    assert_int(disco__addresses_from_resolved(&addresses, resolved.entries, 1), 0);
    assert_int(addresses.count, 1);
    disco__addresses_free(&addresses);
    assert_status(disco__addresses_from_resolved(&addresses, &resolved.entries[2], 1),
                  UV_EAI_NODATA);
    assert_status(disco__addresses_from_resolved(&addresses, NULL, 1), UV_EAI_NODATA);
}
