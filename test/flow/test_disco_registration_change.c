/* A registration that is changed: updates, credentials that are followed, adoption. */
#include "flow/enrolment_bench.h"

DISCO_TESTS_BY_API;

#define YOURS "\"user\":\"you\",\"password\":\"yours\""
#define MINE "\"user\":\"me\",\"password\":\"mine\""

DISCO_TEST(an_update_writes_the_host_in_place)
{
    bench_t bench;

    ready(&bench, &private_host);
    registry_hold(&bench.registry, ASK_WRITE);
    update(&bench, &private_host, "new");
    registry_await(&bench.registry, ASK_WRITE, 2);
    registry_told_nothing(&bench.registry);
    registry_release(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, HOST, "\"name\":\"new\"");
    registry_assert_seen(&bench.registry, ASK_WRITE, 2);
    registry_assert_seen(&bench.registry, ASK_REMOVAL, 0);
    registry_await_later(&bench.registry, ASK_BEAT, 1);
    end(&bench);
}

DISCO_TEST(updates_during_a_write_give_one_more_write)
{
    bench_t bench;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_WRITE);
    enrol(&bench, &private_host, NULL);
    registry_await(&bench.registry, ASK_WRITE, 1);
    update(&bench, &private_host, "second");
    update(&bench, &private_host, "third");
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    registry_pass(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "READY");
    registry_await(&bench.registry, ASK_WRITE, 2);
    registry_told_nothing(&bench.registry);
    registry_release(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, HOST, "\"name\":\"third\"");
    registry_assert_seen(&bench.registry, ASK_WRITE, 2);
    end(&bench);
}

DISCO_TEST(an_update_does_not_wait_for_a_heartbeat_under_way)
{
    bench_t bench;

    ready(&bench, &private_host);
    registry_hold(&bench.registry, ASK_BEAT);
    registry_await_later(&bench.registry, ASK_BEAT, 1);
    update(&bench, &private_host, "new");
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, HOST, "\"name\":\"new\"");
    end(&bench);
}

DISCO_TEST(an_update_of_a_host_that_is_gone_recovers_it)
{
    bench_t bench;

    ready(&bench, &private_host);
    tiny_etcd_delete(bench.etcd, HOST);
    registry_hold(&bench.registry, ASK_WRITE);
    update(&bench, &private_host, "new");
    registry_await(&bench.registry, ASK_WRITE, 2);
    registry_pass(&bench.registry, ASK_WRITE);
    registry_told_by_each(&bench.registry, "LOST DISCO_EKEYNOTFOUND");
    registry_await(&bench.registry, ASK_WRITE, 3);
    registry_told_nothing(&bench.registry);
    registry_release(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "RECOVERED");
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, HOST, "\"name\":\"new\"");
    end(&bench);
}

DISCO_TEST_ON(an_update_on_a_lease_that_is_gone_recovers_it, v3)
{
    bench_t bench;

    ready(&bench, &private_host);
    tiny_etcd_expire(bench.etcd, HOST);
    update(&bench, &private_host, "new");
    registry_told(&bench.registry, "LOST DISCO_EKEYNOTFOUND");
    registry_told(&bench.registry, "RECOVERED");
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, HOST, "\"name\":\"new\"");
    end(&bench);
}

/* A public host whose info is watched. */
static void followed(bench_t *bench)
{
    ready(bench, &public_host);
    registry_await(&bench->registry, ASK_WATCH, 1);
    flow_settle(bench->flow);
}

DISCO_TEST(credentials_are_followed)
{
    bench_t bench;
    const char *user;
    const char *password;

    followed(&bench);
    tiny_etcd_put(bench.etcd, INFO, info("you", "yours"));
    registry_told(&bench.registry, "CREDENTIALS you:yours");
    flow_wait(bench.flow, tiny_etcd_has(bench.etcd, HOST, YOURS));
    assert_status(disco_registration_credentials(bench.registration, &user, &password), 0);
    assert_string_equal(user, "you");
    assert_string_equal(password, "yours");
    end(&bench);
}

DISCO_TEST(credentials_that_changed_before_the_listing_are_followed)
{
    bench_t bench;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_INFO);
    enrol(&bench, &public_host, NULL);
    registry_told(&bench.registry, "READY");
    registry_await(&bench.registry, ASK_INFO, 1);
    tiny_etcd_put(bench.etcd, INFO, info("you", "yours"));
    registry_release(&bench.registry, ASK_INFO);
    registry_told(&bench.registry, "CREDENTIALS you:yours");
    flow_wait(bench.flow, tiny_etcd_has(bench.etcd, HOST, YOURS));
    end(&bench);
}

/* A member that lags behind has not seen what was written here, nor, maybe, the credentials that
 * are in use. */
DISCO_TEST(an_info_that_is_older_than_ours_is_asked_for_again)
{
    bench_t bench;
    unsigned revision;

    prepare(&bench);
    registry_hold(&bench.registry, ASK_INFO);
    enrol(&bench, &public_host, NULL);
    registry_told(&bench.registry, "READY");
    registry_await(&bench.registry, ASK_INFO, 1);
    revision = tiny_etcd_revision(bench.etcd);
    tiny_etcd_set_revision(bench.etcd, 1);
    registry_pass(&bench.registry, ASK_INFO);
    registry_await_later(&bench.registry, ASK_INFO, 2);
    registry_assert_by_quorum(&bench.registry, ASK_INFO);
    registry_pass(&bench.registry, ASK_INFO);
    registry_await_later(&bench.registry, ASK_INFO, 3);
    registry_assert_by_quorum(&bench.registry, ASK_INFO);
    tiny_etcd_set_revision(bench.etcd, revision);
    tiny_etcd_put(bench.etcd, INFO, info("you", "yours"));
    registry_release(&bench.registry, ASK_INFO);
    registry_told(&bench.registry, "CREDENTIALS you:yours");
    end(&bench);
}

DISCO_TEST(a_broken_info_changes_nothing)
{
    bench_t bench;

    followed(&bench);
    tiny_etcd_put(bench.etcd, INFO, "{");
    flow_settle(bench.flow);
    tiny_etcd_put(bench.etcd, INFO, info("me", "mine"));
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    registry_told_nothing(&bench.registry);
    tiny_etcd_put(bench.etcd, INFO, info("you", "yours"));
    registry_told(&bench.registry, "CREDENTIALS you:yours"); /* it is followed yet */
    end(&bench);
}

DISCO_TEST(an_info_that_is_gone_is_created_again)
{
    bench_t bench;

    followed(&bench);
    tiny_etcd_delete(bench.etcd, INFO);
    flow_wait(bench.flow, tiny_etcd_has(bench.etcd, INFO, MINE));
    assert_string_equal(tiny_etcd_value(bench.etcd, INFO), info("me", "mine"));
    end(&bench);
}

DISCO_TEST(an_update_of_a_public_host_writes_the_info)
{
    bench_t bench;

    followed(&bench);
    update(&bench, &public_host, "new");
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, INFO, "\"hostname\":\"new\"");
    assert_has(&bench, HOST, "\"name\":\"new\"");
    end(&bench);
}

DISCO_TEST(an_update_keeps_the_services_credentials)
{
    bench_t bench;
    disco_host_t changed = public_host;

    followed(&bench);
    changed.user = "other";
    changed.password = "others";
    changed.shard = "7";
    assert_status(disco_registration_update(bench.registration, &changed), 0);
    registry_told(&bench.registry, "UPDATED");
    assert_has(&bench, HOST, MINE);
    assert_has(&bench, HOST, "\"shard\":\"7\"");
    assert_has(&bench, INFO, MINE);
    end(&bench);
}

DISCO_TEST(an_info_that_is_there_can_be_adopted)
{
    bench_t bench;
    disco_registration_options_t options;

    prepare(&bench);
    tiny_etcd_put(bench.etcd, INFO, info("you", "yours"));
    disco_registration_options_init(&options);
    options.adopt = true;
    enrol(&bench, &public_host, &options);
    registry_told(&bench.registry, "READY");
    assert_has(&bench, HOST, YOURS);
    assert_has(&bench, INFO, YOURS);
    registry_assert_seen(&bench.registry, ASK_INFO_WRITE, 0);
    end(&bench);
}

static bool is_waiting_on_each_side(const bench_t *bench)
{
    return bench->registry.waiting_count == registry_sides();
}

DISCO_TEST(none_to_adopt_is_created_and_never_overwritten)
{
    bench_t bench;
    disco_registration_options_t options;

    prepare(&bench);
    disco_registration_options_init(&options);
    options.adopt = true;
    registry_hold(&bench.registry, ASK_INFO_WRITE);
    registry_hold(&bench.registry, ASK_WRITE);
    enrol(&bench, &private_host, &options);
    flow_wait(bench.flow, is_waiting_on_each_side(&bench));
    tiny_etcd_put(bench.etcd, INFO, "{\"name\":\"web\",\"critical\":true}");
    registry_release(&bench.registry, ASK_INFO_WRITE);
    registry_release(&bench.registry, ASK_WRITE);
    registry_told(&bench.registry, "READY");
    assert_has(&bench, INFO, "\"critical\":true");
    end(&bench);
}
