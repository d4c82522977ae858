/* Numbers in the quick way. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/text.h"
#include "json/expect.h"

/* In a block of its own, so that the sanitizers find what is read behind it. */
static size_t digits_of(const char *text, size_t size, uint64_t *number)
{
    char *block = malloc(size > 0 ? size : 1);
    size_t count;

    assert_non_null(block);
    memcpy(block, text, size);
    count = disco__digits(block, size, number);
    free(block);
    return count;
}

static void assert_digits(const char *digits, const char *behind)
{
    char text[64];
    uint64_t expected;
    uint64_t number = 0;
    size_t size = (size_t)snprintf(text, sizeof text, "%s%s", digits, behind);

    if (strlen(digits) > 20 || !disco__text_to_u64(digits, strlen(digits), &expected)) {
        assert_int(digits_of(text, size, &number), 0);
        return;
    }
    assert_int(digits_of(text, size, &number), strlen(digits));
    assert_true(number == expected);
}

DISCO_TEST(numbers_of_any_length_are_read_up_to_their_end)
{
    static const char *const behind[] = {
        "", "\"", "\",\"more\":\"1\"", ":2345678", "/0000000", "\xff\xff\xff\xff\xff\xff\xff\xff"};
    disco__random_t random = {{3, 5}};
    char digits[24];
    size_t size;
    size_t i;
    int round;

    for (size = 0; size <= 22; size++) {
        for (round = 0; round < 200; round++) {
            for (i = 0; i < size; i++)
                digits[i] = (char)('0' + disco__random_below(&random, round < 100 ? 10 : 2));
            digits[size] = '\0';
            for (i = 0; i < sizeof behind / sizeof behind[0]; i++)
                assert_digits(digits, behind[i]);
        }
    }
}

DISCO_TEST(the_greatest_number_is_one_and_the_next_is_not)
{
    assert_digits("18446744073709551615", "\"");
    assert_digits("18446744073709551616", "\"");
    assert_digits("99999999999999999999", "\"");
    assert_digits("000000000000000000001", "\"");
}
