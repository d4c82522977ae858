/* All that a client can have under way at once, with something done to it at each step. */
#include "support/lifetime.h"
#include "support/test.h"

DISCO_TESTS_BY_API;

DISCO_TEST(goes_its_whole_way)
{
    lifetime_undisturbed(LIFE_ALL);
}

DISCO_TEST(cancelled_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_CANCEL_REQUESTS);
}

DISCO_TEST(cancelled_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_CANCEL_REQUESTS);
}

DISCO_TEST(cancelled_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_CANCEL_REQUESTS);
}

DISCO_TEST(closed_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_CLOSE_OBJECTS);
}

DISCO_TEST(closed_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_CLOSE_OBJECTS);
}

DISCO_TEST(closed_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_CLOSE_OBJECTS);
}

DISCO_TEST(unregistered_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_UNREGISTER);
}

DISCO_TEST(unregistered_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_UNREGISTER);
}

DISCO_TEST(unregistered_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_UNREGISTER);
}

DISCO_TEST(updated_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_UPDATE);
}

DISCO_TEST(updated_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_UPDATE);
}

DISCO_TEST(updated_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_UPDATE);
}

DISCO_TEST(client_closed_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_CLOSE_CLIENT);
}

DISCO_TEST(client_closed_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_CLOSE_CLIENT);
}

DISCO_TEST(client_closed_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_CLOSE_CLIENT);
}

DISCO_TEST(client_closed_twice_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_CLOSE_CLIENT_TWICE);
}

DISCO_TEST(client_closed_twice_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_CLOSE_CLIENT_TWICE);
}

DISCO_TEST(client_closed_twice_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_CLOSE_CLIENT_TWICE);
}

DISCO_TEST(shut_down_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_SHUT_DOWN);
}

DISCO_TEST(shut_down_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_SHUT_DOWN);
}

DISCO_TEST(shut_down_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_SHUT_DOWN);
}

DISCO_TEST(shut_down_then_closed_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_SHUT_DOWN_THEN_CLOSE);
}

DISCO_TEST(shut_down_then_closed_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_SHUT_DOWN_THEN_CLOSE);
}

DISCO_TEST(shut_down_then_closed_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_SHUT_DOWN_THEN_CLOSE);
}

DISCO_TEST(more_begun_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_START_MORE);
}

DISCO_TEST(more_begun_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_START_MORE);
}

DISCO_TEST(more_begun_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_START_MORE);
}

DISCO_TEST(unref_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_REF_AND_UNREF);
}

DISCO_TEST(unref_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_REF_AND_UNREF);
}

DISCO_TEST(unref_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_REF_AND_UNREF);
}

DISCO_TEST(connections_cut_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_CUT_CONNECTIONS);
}

DISCO_TEST(connections_cut_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_CUT_CONNECTIONS);
}

DISCO_TEST(connections_cut_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_CUT_CONNECTIONS);
}

DISCO_TEST(everything_done_from_inside_each_callback)
{
    lifetime_series(LIFE_ALL, AT_CALLBACK, ACT_EVERYTHING);
}

DISCO_TEST(everything_done_at_each_step_of_each_request)
{
    lifetime_series(LIFE_ALL, AT_STEP, ACT_EVERYTHING);
}

DISCO_TEST(everything_done_at_each_turn)
{
    lifetime_series(LIFE_ALL, AT_TURN, ACT_EVERYTHING);
}
