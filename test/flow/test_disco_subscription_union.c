/* Subscriptions with both APIs: the view is what two registries have together, and one of them that
 * cannot be followed takes nothing away. */
#include "flow/union_bench.h"

static void subscribe(union_bench_t *bench, const char *shard)
{
    disco_subscription_options_t options = {.shard = shard};

    assert_status(disco_subscribe(bench->flow.client, "web", &options, diary_subscription_cb,
                                  &bench->diary, &bench->subscription),
                  0);
}

static void follow(union_bench_t *bench, const char *snapshot)
{
    subscribe(bench, NULL);
    diary_expect(&bench->diary, snapshot);
    diary_expect(&bench->diary, "SYNCED");
}

/* What waits for a time that the clock has to be turned to. */
static void expect_later(union_bench_t *bench, const char *line)
{
    bench->flow.pace = 5;
    diary_expect(&bench->diary, line);
    bench->flow.pace = 0;
}

static void expect_stale(union_bench_t *bench, const char *line, const char *api)
{
    diary_expect(&bench->diary, line);
    assert_string_equal(bench->diary.detail.api, api);
}

static void expect_hosts(const union_bench_t *bench, const char *uuids)
{
    const disco_host_t *const *hosts;
    const char *found = "";
    size_t count;
    size_t i;

    (void)disco_service_all(union_view(bench), &hosts, &count);
    for (i = 0; i < count; i++)
        found = flow_text("%s%s%s", found, i > 0 ? " " : "", hosts[i]->uuid);
    assert_string_equal(found, uuids);
}

static void expect_state(const union_bench_t *bench, disco_view_state_t state)
{
    assert_int(disco_subscription_state(bench->subscription, NULL), state);
}

static void end(union_bench_t *bench)
{
    diary_expect_nothing(&bench->diary);
    assert_status(disco_subscription_close(bench->subscription), 0);
    diary_expect(&bench->diary, "CLOSED ECANCELED");
    union_end(bench);
}

DISCO_TEST(a_host_is_up_when_it_is_first_in_either_and_down_when_it_is_in_neither)
{
    union_bench_t bench;

    union_begin(&bench);
    follow(&bench, "SNAPSHOT 0");
    expect_state(&bench, DISCO_VIEW_CONFIRMED_EMPTY);
    union_put(bench.v3, "a", "one");
    diary_expect(&bench.diary, "UP a one");
    union_put(bench.v2, "a", "one");
    union_put(bench.v2, "b", "two");
    diary_expect(&bench.diary, "UP b two");
    union_put(bench.v3, "b", "two");
    diary_expect_nothing(&bench.diary);
    expect_state(&bench, DISCO_VIEW_FRESH);
    union_delete(bench.v3, "a");
    union_delete(bench.v2, "b");
    diary_expect_nothing(&bench.diary);
    expect_hosts(&bench, "a b");
    union_delete(bench.v2, "a");
    diary_expect(&bench.diary, "DOWN a one");
    union_delete(bench.v3, "b");
    diary_expect(&bench.diary, "DOWN b two");
    assert_status(disco_service_status(union_view(&bench)), DISCO_ENOHOST);
    end(&bench);
}

DISCO_TEST(a_host_that_moves_with_an_overlap_is_never_down)
{
    union_bench_t bench;

    union_begin(&bench);
    fake_store_set_revision(bench.v2, 1000);
    union_put(bench.v2, "a", "one");
    union_put(bench.v2, "b", "two");
    follow(&bench, "SNAPSHOT 2");
    union_put(bench.v3, "c", "three");
    diary_expect(&bench.diary, "UP c three");
    union_put(bench.v3, "a", "one");
    union_put(bench.v3, "b", "two");
    diary_expect_nothing(&bench.diary);
    expect_hosts(&bench, "a b c");
    union_delete(bench.v2, "a");
    union_delete(bench.v2, "b");
    diary_expect_nothing(&bench.diary);
    expect_hosts(&bench, "c a b");
    assert_int(disco_service_first(union_view(&bench))->created_revision, 2);
    end(&bench);
}

DISCO_TEST(a_host_that_moves_without_an_overlap_goes_and_comes)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    follow(&bench, "SNAPSHOT 1");
    union_delete(bench.v2, "a");
    diary_expect(&bench.diary, "DOWN a one");
    union_put(bench.v3, "a", "one");
    diary_expect(&bench.diary, "UP a one");
    end(&bench);
}

DISCO_TEST(changed_is_told_when_what_is_taken_of_a_host_changes)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "v2");
    follow(&bench, "SNAPSHOT 1");
    union_put(bench.v3, "a", "v3");
    diary_expect(&bench.diary, "CHANGED a v2 v3");
    union_put(bench.v2, "a", "unseen");
    diary_expect_nothing(&bench.diary);
    union_put(bench.v3, "a", "unseen");
    diary_expect(&bench.diary, "CHANGED a v3 unseen");
    union_put(bench.v2, "a", "older");
    diary_expect_nothing(&bench.diary);
    union_delete(bench.v3, "a");
    diary_expect(&bench.diary, "CHANGED a unseen older");
    end(&bench);
}

DISCO_TEST(a_host_that_one_can_read_is_up)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    fake_store_put(bench.v3, UNION_KEY("a"), "garbage");
    fake_store_put(bench.v3, UNION_KEY("b"), "garbage");
    follow(&bench, "SNAPSHOT 1");
    assert_int(disco_service_broken(union_view(&bench)), 1);
    union_put(bench.v2, "b", "two");
    diary_expect(&bench.diary, "UP b two");
    assert_int(disco_service_broken(union_view(&bench)), 0);
    union_delete(bench.v2, "a");
    diary_expect(&bench.diary, "DOWN a one");
    assert_int(disco_service_broken(union_view(&bench)), 1);
    fake_store_put(bench.v2, UNION_KEY("a"), "garbage");
    diary_expect_nothing(&bench.diary);
    assert_int(disco_service_broken(union_view(&bench)), 1);
    union_delete(bench.v3, "a");
    union_delete(bench.v2, "a");
    diary_expect_nothing(&bench.diary);
    assert_int(disco_service_broken(union_view(&bench)), 0);
    end(&bench);
}

DISCO_TEST(the_info_is_that_of_v2_while_it_has_one)
{
    union_bench_t bench;

    union_begin(&bench);
    follow(&bench, "SNAPSHOT 0");
    assert_status(disco_service_status(union_view(&bench)), DISCO_ENOSERVICE);
    union_put_info(bench.v3, "of_v3");
    diary_expect(&bench.diary, "INFO of_v3");
    assert_status(disco_service_status(union_view(&bench)), DISCO_ENOHOST);
    union_put_info(bench.v2, "of_v2");
    diary_expect(&bench.diary, "INFO of_v2");
    union_put_info(bench.v3, "unseen");
    diary_expect_nothing(&bench.diary);
    fake_store_put(bench.v2, UNION_INFO, "garbage");
    diary_expect(&bench.diary, "INFO unseen");
    fake_store_delete(bench.v2, UNION_INFO);
    fake_store_delete(bench.v3, UNION_INFO);
    diary_expect(&bench.diary, "INFO ");
    assert_status(disco_service_status(union_view(&bench)), DISCO_ENOHOST);
    end(&bench);
}

DISCO_TEST(one_that_is_stale_keeps_its_hosts_and_the_other_is_followed)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "b", "two");
    follow(&bench, "SNAPSHOT 2");
    fake_store_fail(bench.v3, DISCO_EUNAVAILABLE);
    expect_stale(&bench, "STALE DISCO_EUNAVAILABLE", "v3");
    expect_state(&bench, DISCO_VIEW_STALE);
    union_delete(bench.v3, "b");
    union_put(bench.v2, "c", "three");
    diary_expect(&bench.diary, "UP c three");
    expect_hosts(&bench, "a c b");
    assert_false(disco_service_is_partial(union_view(&bench)));
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "SYNCED");
    diary_expect(&bench.diary, "DOWN b two");
    expect_state(&bench, DISCO_VIEW_FRESH);
    end(&bench);
}

DISCO_TEST(each_is_told_to_be_stale_and_both_have_to_be_followed_again)
{
    union_bench_t bench;

    union_begin(&bench);
    follow(&bench, "SNAPSHOT 0");
    fake_store_fail(bench.v2, DISCO_EUNAVAILABLE);
    expect_stale(&bench, "STALE DISCO_EUNAVAILABLE", "v2");
    fake_store_fail(bench.v3, DISCO_EUNAVAILABLE);
    expect_stale(&bench, "STALE DISCO_EUNAVAILABLE", "v3");
    fake_store_work(bench.v2);
    diary_expect_nothing(&bench.diary);
    fake_store_fail(bench.v2, DISCO_EUNAVAILABLE);
    diary_expect_nothing(&bench.diary);
    fake_store_work(bench.v2);
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "SYNCED");
    fake_store_fail(bench.v3, DISCO_EUNAVAILABLE);
    expect_stale(&bench, "STALE DISCO_EUNAVAILABLE", "v3");
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(one_that_is_dead_from_the_start_does_not_hide_the_other)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "b", "two");
    fake_store_refuse(bench.v2, DISCO_EV2DISABLED);
    subscribe(&bench, NULL);
    expect_stale(&bench, "STALE DISCO_EV2DISABLED", "v2");
    diary_expect(&bench.diary, "SNAPSHOT 1");
    assert_true(disco_service_is_partial(union_view(&bench)));
    expect_hosts(&bench, "b");
    expect_state(&bench, DISCO_VIEW_STALE);
    union_put(bench.v3, "c", "three");
    diary_expect(&bench.diary, "UP c three");
    assert_true(disco_service_is_partial(union_view(&bench)));
    fake_store_work(bench.v2);
    expect_later(&bench, "UP a one");
    expect_later(&bench, "SYNCED");
    assert_false(disco_service_is_partial(union_view(&bench)));
    expect_hosts(&bench, "a b c");
    end(&bench);
}

DISCO_TEST(one_that_is_silent_from_the_start_is_waited_for_until_it_fails)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v3, "b", "two");
    fake_store_hold(bench.v2);
    subscribe(&bench, NULL);
    diary_expect_nothing(&bench.diary);
    assert_null(union_view(&bench));
    expect_state(&bench, DISCO_VIEW_NEVER_SYNCED);
    fake_store_fail(bench.v2, UV_ETIMEDOUT);
    expect_stale(&bench, "STALE ETIMEDOUT", "v2");
    diary_expect(&bench.diary, "SNAPSHOT 1");
    fake_store_work(bench.v2);
    diary_expect(&bench.diary, "SYNCED");
    end(&bench);
}

DISCO_TEST(nothing_is_shown_while_both_are_dead)
{
    union_bench_t bench;

    union_begin(&bench);
    fake_store_fail(bench.v2, UV_ECONNREFUSED);
    fake_store_fail(bench.v3, UV_ECONNREFUSED);
    subscribe(&bench, NULL);
    diary_expect(&bench.diary, "STALE ECONNREFUSED");
    expect_stale(&bench, "STALE ECONNREFUSED", "v3");
    diary_expect_nothing(&bench.diary);
    assert_null(union_view(&bench));
    fake_store_work(bench.v3);
    diary_expect(&bench.diary, "SNAPSHOT 0");
    assert_true(disco_service_is_partial(union_view(&bench)));
    fake_store_work(bench.v2);
    diary_expect(&bench.diary, "SYNCED");
    assert_false(disco_service_is_partial(union_view(&bench)));
    end(&bench);
}

DISCO_TEST(one_that_was_restarted_tells_its_own_differences)
{
    union_bench_t bench;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    union_put(bench.v3, "a", "one");
    union_put(bench.v2, "b", "two");
    union_put(bench.v3, "c", "three");
    follow(&bench, "SNAPSHOT 3");
    fake_store_hold(bench.v3);
    union_delete(bench.v3, "a");
    union_delete(bench.v3, "c");
    union_put(bench.v3, "d", "four");
    fake_store_lose_events(bench.v3);
    fake_store_work(bench.v3);
    expect_stale(&bench, "STALE DISCO_ECLEARED", "v3");
    expect_later(&bench, "UP d four");
    diary_expect(&bench.diary, "DOWN c three");
    expect_later(&bench, "SYNCED");
    expect_hosts(&bench, "a b d");
    end(&bench);
}

DISCO_TEST(all_events_of_one_transaction_are_told)
{
    union_bench_t bench;

    union_begin(&bench);
    follow(&bench, "SNAPSHOT 0");
    union_put(bench.v3, "a", "one");
    fake_store_share_revision(bench.v3, true);
    union_put(bench.v3, "c", "two");
    union_put(bench.v3, "b", "three");
    diary_expect(&bench.diary, "UP a one");
    diary_expect(&bench.diary, "UP c two");
    diary_expect(&bench.diary, "UP b three");
    expect_hosts(&bench, "a b c");
    fake_store_share_revision(bench.v3, false);
    union_delete(bench.v3, "a");
    fake_store_share_revision(bench.v3, true);
    union_delete(bench.v3, "b");
    union_delete(bench.v3, "c");
    diary_expect(&bench.diary, "DOWN a one");
    diary_expect(&bench.diary, "DOWN b three");
    diary_expect(&bench.diary, "DOWN c two");
    end(&bench);
}

DISCO_TEST(a_shard_that_differs_is_that_of_v3)
{
    union_bench_t bench;

    union_begin(&bench);
    fake_store_put(bench.v2, UNION_KEY("a"), union_host("a", "n", "s"));
    fake_store_put(bench.v2, UNION_KEY("b"), union_host("b", "n", "other"));
    subscribe(&bench, "s");
    diary_expect(&bench.diary, "SNAPSHOT 1");
    diary_expect(&bench.diary, "SYNCED");
    fake_store_put(bench.v3, UNION_KEY("a"), union_host("a", "n", "other"));
    diary_expect(&bench.diary, "DOWN a n");
    assert_status(disco_service_status(union_view(&bench)), DISCO_ENOSHARD);
    fake_store_put(bench.v3, UNION_KEY("b"), union_host("b", "n", "s"));
    diary_expect(&bench.diary, "UP b n");
    fake_store_delete(bench.v3, UNION_KEY("a"));
    diary_expect(&bench.diary, "UP a n");
    fake_store_delete(bench.v3, UNION_KEY("b"));
    diary_expect(&bench.diary, "DOWN b n");
    fake_store_delete(bench.v2, UNION_KEY("b"));
    fake_store_delete(bench.v2, UNION_KEY("a"));
    diary_expect(&bench.diary, "DOWN a n");
    assert_status(disco_service_status(union_view(&bench)), DISCO_ENOHOST);
    end(&bench);
}

DISCO_TEST(a_view_that_is_kept_does_not_change)
{
    union_bench_t bench;
    disco_service_t *kept;

    union_begin(&bench);
    union_put(bench.v2, "a", "one");
    fake_store_refuse(bench.v3, DISCO_EV3DISABLED);
    subscribe(&bench, NULL);
    diary_expect(&bench.diary, "STALE DISCO_EV3DISABLED");
    diary_expect(&bench.diary, "SNAPSHOT 1");
    kept = disco_service_ref(union_view(&bench));
    union_put(bench.v3, "a", "new");
    union_put_info(bench.v3, "u");
    fake_store_work(bench.v3);
    bench.flow.pace = 5;
    flow_wait(&bench.flow, bench.diary.count == 5);
    bench.flow.pace = 0;
    bench.diary.read = 5; /* CHANGED, INFO and SYNCED, in whatever order the two are listed */
    assert_string_equal(disco_service_first(kept)->name, "one");
    assert_string_equal(disco_service_info(kept)->user, "");
    assert_true(disco_service_is_partial(kept));
    assert_string_equal(disco_service_first(union_view(&bench))->name, "new");
    assert_false(disco_service_is_partial(union_view(&bench)));
    disco_service_unref(kept);
    end(&bench);
}
