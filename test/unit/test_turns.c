#include "support/test.h"

#include "etcd/turns.h"

#define MOST 2

typedef struct one_s {
    disco__turn_t turn;
    disco__turns_t *gives_back_to; /* at once, in begin; NULL: does not */
    size_t begun;
} one_t;

static void on_begin(disco__turn_t *turn)
{
    one_t *one = disco__container_of(turn, one_t, turn);

    assert_true(turn->taken);
    one->begun++;
    if (one->gives_back_to != NULL)
        disco__turn_give(one->gives_back_to, turn);
}

static void init(disco__turns_t *turns, one_t *ones, size_t count)
{
    size_t i;

    disco__turns_init(turns, MOST, on_begin);
    memset(ones, 0, count * sizeof *ones);
    for (i = 0; i < count; i++)
        disco__turn_init(&ones[i].turn);
}

static void take_all(disco__turns_t *turns, one_t *ones, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        assert_int(disco__turn_take(turns, &ones[i].turn), i < MOST);
}

DISCO_TEST(the_others_begin_in_the_order_of_asking)
{
    disco__turns_t turns;
    one_t ones[5];

    init(&turns, ones, 5);
    take_all(&turns, ones, 5);
    disco__turn_give(&turns, &ones[1].turn);
    assert_int(ones[2].begun, 1);
    assert_int(ones[3].begun, 0);
    disco__turn_give(&turns, &ones[0].turn);
    assert_int(ones[3].begun, 1);
    disco__turn_give(&turns, &ones[2].turn);
    disco__turn_give(&turns, &ones[3].turn);
    disco__turn_give(&turns, &ones[4].turn);
    assert_int(ones[0].begun + ones[1].begun, 0);
    assert_int(ones[4].begun, 1);
    assert_int(turns.taken, 0);
}

DISCO_TEST(one_that_waits_may_leave)
{
    disco__turns_t turns;
    one_t ones[4];

    init(&turns, ones, 4);
    take_all(&turns, ones, 4);
    disco__turn_give(&turns, &ones[2].turn);
    assert_int(turns.taken, MOST);
    disco__turn_give(&turns, &ones[0].turn);
    assert_int(ones[2].begun, 0);
    assert_int(ones[3].begun, 1);
}

DISCO_TEST(giving_back_what_one_has_not_is_harmless)
{
    disco__turns_t turns;
    one_t ones[3];

    init(&turns, ones, 3);
    take_all(&turns, ones, 2);
    disco__turn_give(&turns, &ones[2].turn);
    assert_int(turns.taken, MOST);
    assert_false(disco__turn_take(&turns, &ones[2].turn));
}

DISCO_TEST(one_may_give_back_as_it_begins)
{
    disco__turns_t turns;
    one_t ones[100];
    size_t i;

    init(&turns, ones, 100);
    for (i = MOST; i < 99; i++)
        ones[i].gives_back_to = &turns;
    take_all(&turns, ones, 100);
    disco__turn_give(&turns, &ones[0].turn);
    for (i = MOST; i < 100; i++)
        assert_int(ones[i].begun, 1);
    assert_int(turns.taken, MOST);
}

DISCO_TEST(in_trouble_nobody_waits)
{
    disco__turns_t turns;
    one_t ones[6];

    init(&turns, ones, 6);
    take_all(&turns, ones, 4);
    disco__turn_goes_badly(&turns, &ones[0].turn);
    assert_int(ones[2].begun, 1);
    assert_int(ones[3].begun, 1);
    assert_true(disco__turn_take(&turns, &ones[4].turn));
    disco__turns_go_well(&turns);
    assert_false(disco__turn_take(&turns, &ones[5].turn));
    /* That one is counted no more, over or not. */
    disco__turn_give(&turns, &ones[0].turn);
    assert_int(turns.taken, 4);
    disco__turn_give(&turns, &ones[1].turn);
    disco__turn_give(&turns, &ones[2].turn);
    assert_int(ones[5].begun, 0);
    disco__turn_give(&turns, &ones[3].turn);
    assert_int(ones[5].begun, 1);
}
