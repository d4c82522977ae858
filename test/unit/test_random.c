#include "support/test.h"

#include <stdlib.h>

#include "base/random.h"

static void assert_is_uuid(const char *text)
{
    size_t i;

    assert_int(strlen(text), DISCO_UUID_SIZE - 1);
    for (i = 0; i < DISCO_UUID_SIZE - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23)
            assert_int(text[i], '-');
        else
            assert_non_null(strchr("0123456789abcdef", text[i]));
    }
    assert_int(text[14], '4');
    assert_non_null(strchr("89ab", text[19]));
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, DISCO_UUID_SIZE);
}

DISCO_TEST(uuids_are_version_4_and_differ)
{
    static char texts[1000][DISCO_UUID_SIZE];
    size_t i;

    for (i = 0; i < 1000; i++) {
        assert_status(disco__uuid(texts[i]), 0);
        assert_is_uuid(texts[i]);
    }
    qsort(texts, 1000, DISCO_UUID_SIZE, compare);
    for (i = 1; i < 1000; i++)
        assert_string_not_equal(texts[i - 1], texts[i]);
}

DISCO_TEST(below_stays_below_and_reaches_everything)
{
    disco__random_t random;
    bool seen[10] = {false};
    size_t i;

    assert_status(disco__random_init(&random), 0);
    assert_true(disco__random_below(&random, 0) == 0);
    assert_true(disco__random_below(&random, 1) == 0);
    for (i = 0; i < 1000; i++) {
        uint64_t value = disco__random_below(&random, 10);

        assert_true(value < 10);
        seen[value] = true;
    }
    for (i = 0; i < 10; i++)
        assert_true(seen[i]);
    for (i = 0; i < 1000; i++)
        assert_true(disco__random_below(&random, UINT64_MAX) < UINT64_MAX);
}

DISCO_TEST(generators_differ_from_the_one_they_were_seeded_from)
{
    disco__random_t a;
    disco__random_t b;
    disco__random_t c;
    size_t i;

    assert_status(disco__random_init(&a), 0);
    disco__random_fork(&b, &a);
    disco__random_fork(&c, &a);
    for (i = 0; i < 100; i++) {
        uint64_t first = disco__random_next(&a);
        uint64_t second = disco__random_next(&b);
        uint64_t third = disco__random_next(&c);

        assert_true(first != second && second != third && first != third);
    }
}
