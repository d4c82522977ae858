#include "support/test.h"

#include "base/backoff.h"

DISCO_TEST(delays_stay_under_a_bound_that_doubles)
{
    disco__backoff_t backoff;
    disco__random_t random;
    uint32_t bound = 100;
    int i;

    assert_int(disco__random_init(&random), 0);
    disco__backoff_init(&backoff, 100, 10000);
    for (i = 0; i < 200; i++) {
        assert_in_range(disco__backoff_next(&backoff, &random), 0, bound);
        bound = bound * 2 > 10000 ? 10000 : bound * 2;
    }
    disco__backoff_reset(&backoff);
    assert_in_range(disco__backoff_next(&backoff, &random), 0, 100);
}
