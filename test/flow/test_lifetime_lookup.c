/* Lookups and key requests, with something done to them at each of their steps. */
#include "support/lifetime.h"
#include "support/test.h"

DISCO_TESTS_BY_API;

DISCO_TEST(goes_its_whole_way)
{
    lifetime_undisturbed(LIFE_ONE_SHOTS);
}

DISCO_TEST(cancelled_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_CANCEL_REQUESTS);
}

DISCO_TEST(cancelled_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_CANCEL_REQUESTS);
}

DISCO_TEST(cancelled_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_CANCEL_REQUESTS);
}

DISCO_TEST(client_closed_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_CLOSE_CLIENT);
}

DISCO_TEST(client_closed_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_CLOSE_CLIENT);
}

DISCO_TEST(client_closed_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_CLOSE_CLIENT);
}

DISCO_TEST(shut_down_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_SHUT_DOWN);
}

DISCO_TEST(shut_down_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_SHUT_DOWN);
}

DISCO_TEST(shut_down_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_SHUT_DOWN);
}

DISCO_TEST(more_begun_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_START_MORE);
}

DISCO_TEST(more_begun_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_START_MORE);
}

DISCO_TEST(more_begun_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_START_MORE);
}

DISCO_TEST(unref_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_REF_AND_UNREF);
}

DISCO_TEST(unref_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_REF_AND_UNREF);
}

DISCO_TEST(unref_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_REF_AND_UNREF);
}

DISCO_TEST(connections_cut_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_CUT_CONNECTIONS);
}

DISCO_TEST(connections_cut_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_CUT_CONNECTIONS);
}

DISCO_TEST(connections_cut_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_CUT_CONNECTIONS);
}

DISCO_TEST(everything_done_from_inside_each_callback)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_CALLBACK, ACT_EVERYTHING);
}

DISCO_TEST(everything_done_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_STEP, ACT_EVERYTHING);
}

DISCO_TEST(everything_done_at_each_turn)
{
    lifetime_series(LIFE_ONE_SHOTS, AT_TURN, ACT_EVERYTHING);
}
