#include "support/test.h"

#include <stdio.h>

#include "base/strmap.h"

#define MANY 1000

typedef struct item_s {
    disco__strmap_entry_t entry;
    char key[16];
} item_t;

static item_t items[MANY];

static void fill(disco__strmap_t *map)
{
    size_t i;

    for (i = 0; i < MANY; i++) {
        (void)snprintf(items[i].key, sizeof items[i].key, "key-%zu", i);
        assert_status(disco__strmap_add(map, &items[i].entry, items[i].key), 0);
    }
}

DISCO_TEST(finds_each_of_many_keys)
{
    disco__strmap_t map;
    size_t i;

    disco__strmap_init(&map, 42);
    assert_null(disco__strmap_find(&map, "key-0"));
    assert_null(disco__strmap_any(&map));
    fill(&map);
    assert_int(map.count, MANY);
    for (i = 0; i < MANY; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "key-%zu", i);
        assert_ptr_equal(disco__strmap_find(&map, key), &items[i].entry);
    }
    assert_null(disco__strmap_find(&map, "key-1000"));
    assert_null(disco__strmap_find(&map, ""));
    disco__strmap_free(&map);
}

DISCO_TEST(removed_keys_are_gone_and_the_others_stay)
{
    disco__strmap_t map;
    size_t i;

    disco__strmap_init(&map, 1);
    fill(&map);
    for (i = 0; i < MANY; i += 2)
        disco__strmap_remove(&map, &items[i].entry);
    assert_int(map.count, MANY / 2);
    for (i = 0; i < MANY; i++) {
        disco__strmap_entry_t *expected = i % 2 == 0 ? NULL : &items[i].entry;

        assert_ptr_equal(disco__strmap_find(&map, items[i].key), expected);
    }
    disco__strmap_free(&map);
}

DISCO_TEST(taking_any_empties_the_map)
{
    disco__strmap_t map;
    disco__strmap_entry_t *entry;
    size_t taken = 0;

    disco__strmap_init(&map, 1);
    fill(&map);
    while ((entry = disco__strmap_any(&map)) != NULL) {
        disco__strmap_remove(&map, entry);
        taken++;
    }
    assert_int(taken, MANY);
    assert_int(map.count, 0);
    disco__strmap_free(&map);
}

DISCO_TEST(the_empty_key_is_a_key)
{
    disco__strmap_t map;
    item_t item;

    disco__strmap_init(&map, 1);
    assert_status(disco__strmap_add(&map, &item.entry, ""), 0);
    assert_ptr_equal(disco__strmap_find(&map, ""), &item.entry);
    disco__strmap_free(&map);
}

DISCO_TEST(a_table_that_cannot_grow_still_works)
{
    disco__strmap_t map;
    item_t item;
    size_t i;

    disco__strmap_init(&map, 1);
    heap_fail_at(1);
    assert_status(disco__strmap_add(&map, &item.entry, "a"), UV_ENOMEM);
    assert_int(map.count, 0);
    assert_status(disco__strmap_add(&map, &item.entry, "a"), 0);
    heap_fail_from(1);
    fill(&map);
    for (i = 0; i < MANY; i++)
        assert_ptr_equal(disco__strmap_find(&map, items[i].key), &items[i].entry);
    disco__strmap_free(&map);
}

/* What is changed in the upper bit of a word comes out of one multiplication in two bits, whatever
 * the seed is, and there the next word could take it back. */
DISCO_TEST(keys_cannot_be_chosen_to_have_one_hash)
{
    enum { PAIRS = 6, KEYS = 1 << PAIRS };
    uint64_t hashes[KEYS];
    char key[PAIRS * 16 + 1];
    uint64_t seed;
    size_t i;
    size_t k;

    for (seed = 1; seed < 50; seed++) {
        for (i = 0; i < KEYS; i++) {
            memset(key, 'a', sizeof key - 1);
            key[sizeof key - 1] = '\0';
            for (k = 0; k < PAIRS; k++) {
                if ((i >> k & 1) == 0)
                    continue;
                key[k * 16 + 7] = (char)('a' ^ 0x80);
                key[k * 16 + 11] = (char)('a' ^ 0x80);
                key[k * 16 + 15] = (char)('a' ^ 0x80);
            }
            hashes[i] = disco__strmap_hash(seed, key);
            for (k = 0; k < i; k++)
                assert_true(hashes[k] != hashes[i]);
        }
    }
}
