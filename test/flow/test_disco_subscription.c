/* Subscriptions: what is told of listings and events, of whatever hosts. */
#include "flow/follower_bench.h"

DISCO_TESTS_BY_API;

DISCO_TEST(hosts_come_change_and_go)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "old", "");
    follow(&bench, NULL, "SNAPSHOT 1");
    put_host(&bench, "b", "one", "");
    told(&bench, "UP b one");
    put_host(&bench, "a", "new", "");
    told(&bench, "CHANGED a old new");
    flow_settle(bench.flow);
    delete_host(&bench, "a");
    told(&bench, "DOWN a new");
    expect_state(&bench, DISCO_VIEW_FRESH);
    tiny_etcd_expire(bench.etcd, "/services/web/b");
    told(&bench, "DOWN b one");
    expect_state(&bench, DISCO_VIEW_CONFIRMED_EMPTY);
    end(&bench);
}

DISCO_TEST(a_service_that_is_not_there_yet_comes)
{
    bench_t bench;

    prepare(&bench);
    tiny_etcd_delete(bench.etcd, INFO);
    follow(&bench, NULL, "SNAPSHOT 0");
    expect_state(&bench, DISCO_VIEW_CONFIRMED_EMPTY);
    assert_status(disco_service_status(view(&bench)), DISCO_ENOSERVICE);
    put_host(&bench, "a", "one", "");
    told(&bench, "UP a one");
    put_info(&bench, "new");
    told(&bench, "INFO new");
    end(&bench);
}

DISCO_TEST(the_same_value_written_again_is_no_event)
{
    bench_t bench;
    size_t i;

    prepare(&bench);
    follow(&bench, NULL, "SNAPSHOT 0");
    for (i = 0; i < 5; i++)
        put_host(&bench, "a", "one", "");
    told(&bench, "UP a one");
    told_nothing(&bench);
    assert_int(disco_service_first(view(&bench))->modified_revision,
               tiny_etcd_revision(bench.etcd));
    end(&bench);
}

static void assert_broken(bench_t *bench, size_t count)
{
    flow_settle(bench->flow);
    assert_int(disco_service_broken(view(bench)), count);
}

DISCO_TEST(a_broken_host_that_is_mended_comes_up)
{
    bench_t bench;

    prepare(&bench);
    put(&bench, "a", "{");
    follow(&bench, NULL, "SNAPSHOT 0");
    assert_broken(&bench, 1);
    put_host(&bench, "a", "one", "");
    told(&bench, "UP a one");
    assert_broken(&bench, 0);
    put(&bench, "a", "{");
    told(&bench, "DOWN a one");
    assert_broken(&bench, 1);
    put(&bench, "a", "]");
    assert_broken(&bench, 1);
    delete_host(&bench, "a");
    assert_broken(&bench, 0);
    end(&bench);
}

static const disco_host_t *only_host(bench_t *bench)
{
    const disco_host_t *const *hosts;
    size_t count;

    assert_status(disco_service_all(view(bench), &hosts, &count), 0);
    assert_int(count, 1);
    return hosts[0];
}

/* Else it would keep the memory of all that were listed with it. */
DISCO_TEST(a_host_that_is_left_of_many_moves_out)
{
    static const char *const uuids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const size_t count = sizeof uuids / sizeof uuids[0];
    bench_t bench;
    uintptr_t before;
    size_t i;

    prepare(&bench);
    for (i = 0; i < count; i++)
        put_host(&bench, uuids[i], "one", "");
    follow(&bench, NULL, "SNAPSHOT 8");
    before = (uintptr_t)disco_service_first(view(&bench));
    for (i = 1; i < count; i++) {
        delete_host(&bench, uuids[i]);
        told(&bench, flow_text("DOWN %s one", uuids[i]));
        flow_settle(bench.flow);
    }
    assert_true((uintptr_t)only_host(&bench) != before);
    assert_string_equal(only_host(&bench)->uuid, "a");
    assert_string_equal(only_host(&bench)->name, "one");
    put_host(&bench, "a", "two", "");
    told(&bench, "CHANGED a one two");
    end(&bench);
}

/* A directory, with two hosts in it. */
static void all_go_with(const char *directory)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "one", "");
    put_host(&bench, "b", "two", "");
    follow(&bench, NULL, "SNAPSHOT 2");
    tiny_etcd_delete_directory(bench.etcd, directory);
    told_all(&bench, "DOWN a one", "DOWN b two");
    told_nothing(&bench);
    put_host(&bench, "a", "one", "");
    told(&bench, "UP a one");
    end(&bench);
}

DISCO_TEST(all_go_with_their_directory)
{
    all_go_with("/services/web");
    all_go_with("/services");
}

DISCO_TEST(events_of_other_keys_are_no_hosts)
{
    bench_t bench;

    follow_one(&bench);
    tiny_etcd_put(bench.etcd, "/services/web/dir/x", "{\"name\":\"x\",\"uuid\":\"x\"}");
    tiny_etcd_put(bench.etcd, "/services/webber/a", "{\"name\":\"x\",\"uuid\":\"x\"}");
    tiny_etcd_put(bench.etcd, "/services_infos/webber", "{\"name\":\"webber\",\"user\":\"x\"}");
    tiny_etcd_delete(bench.etcd, "/services/web/dir/x");
    tiny_etcd_delete(bench.etcd, "/services/webber/a");
    told_nothing(&bench);
    delete_host(&bench, "a");
    told(&bench, "DOWN a one");
    end(&bench);
}

DISCO_TEST(a_host_that_changes_its_shard_goes_and_comes)
{
    bench_t bench;

    prepare(&bench);
    follow(&bench, &(disco_subscription_options_t){.shard = "0"}, "SNAPSHOT 0");
    put_host(&bench, "a", "one", "1");
    told_nothing(&bench);
    assert_status(disco_service_status(view(&bench)), DISCO_ENOSHARD);
    put_host(&bench, "a", "one", "0");
    told(&bench, "UP a one");
    flow_settle(bench.flow);
    put_host(&bench, "a", "two", "0");
    told(&bench, "CHANGED a one two");
    flow_settle(bench.flow);
    put_host(&bench, "a", "two", "1");
    told(&bench, "DOWN a two");
    delete_host(&bench, "a");
    told_nothing(&bench);
    assert_status(disco_service_status(view(&bench)), DISCO_ENOHOST);
    end(&bench);
}

DISCO_TEST(new_only_tells_only_what_comes)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "one", "");
    follow(&bench, &(disco_subscription_options_t){.filter = DISCO_SUBSCRIBE_NEW_ONLY},
           "SNAPSHOT 1");
    put_host(&bench, "a", "two", "");
    put_host(&bench, "b", "one", "");
    told(&bench, "UP b one");
    tiny_etcd_expire(bench.etcd, "/services/web/a");
    end(&bench);
}

DISCO_TEST(down_only_tells_only_what_goes)
{
    bench_t bench;

    prepare(&bench);
    put_host(&bench, "a", "one", "");
    follow(&bench, &(disco_subscription_options_t){.filter = DISCO_SUBSCRIBE_DOWN_ONLY},
           "SNAPSHOT 1");
    put_host(&bench, "b", "one", "");
    put_host(&bench, "a", "two", "");
    flow_settle(bench.flow);
    tiny_etcd_expire(bench.etcd, "/services/web/a");
    told(&bench, "DOWN a two");
    end(&bench);
}

DISCO_TEST(the_services_info_is_followed)
{
    bench_t bench;

    follow_one(&bench);
    put_info(&bench, "new");
    told(&bench, "INFO new");
    put_info(&bench, "new");
    told_nothing(&bench);
    tiny_etcd_delete(bench.etcd, INFO);
    told(&bench, "INFO ");
    tiny_etcd_put(bench.etcd, INFO, "broken");
    told_nothing(&bench);
    put_info(&bench, "newest");
    told(&bench, "INFO newest");
    flow_settle(bench.flow);
    tiny_etcd_delete_directory(bench.etcd, "/services_infos");
    told(&bench, "INFO ");
    end(&bench);
}

DISCO_TEST(a_snapshot_that_is_kept_does_not_change)
{
    bench_t bench;
    disco_service_t *kept;
    const disco_host_t *const *hosts;
    size_t count;

    follow_one(&bench);
    kept = disco_service_ref(disco_subscription_service(bench.subscription));
    put_host(&bench, "b", "two", "");
    told(&bench, "UP b two");
    put_host(&bench, "a", "new", "");
    told(&bench, "CHANGED a one new");
    put_info(&bench, "new");
    told(&bench, "INFO new");
    flow_settle(bench.flow);
    tiny_etcd_delete_directory(bench.etcd, "/services/web");
    told_all(&bench, "DOWN a new", "DOWN b two");
    end(&bench);
    assert_status(disco_service_all(kept, &hosts, &count), 0);
    assert_int(count, 1);
    assert_string_equal(hosts[0]->name, "one");
    assert_string_equal(disco_service_info(kept)->user, "u");
    disco_service_unref(kept);
}
