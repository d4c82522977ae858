#include "support/test.h"

#include <uvdisco/error.h>

#include "base/countdown.h"

static int done_count;

static void on_done(disco__countdown_t *countdown)
{
    (void)countdown;
    done_count++;
}

DISCO_TEST(the_last_one_out_calls_back_with_the_first_failure)
{
    disco__countdown_t countdown;

    disco__countdown_init(&countdown, on_done);
    disco__countdown_add(&countdown);
    disco__countdown_finish(&countdown, 0);
    assert_int(done_count, 0);
    disco__countdown_add(&countdown);
    disco__countdown_finish(&countdown, DISCO_ENOHOST);
    assert_int(done_count, 0);
    disco__countdown_finish(&countdown, DISCO_ENOSHARD);
    assert_int(done_count, 1);
    assert_status(countdown.status, DISCO_ENOHOST);
}
