/* A host that is registered again, under the same UUID, while it is still being taken out. */
#include "flow/enrolment_bench.h"

DISCO_TESTS_BY_API;

static void unregister_and_enrol_again(bench_t *bench)
{
    ready(bench, &private_host);
    registry_hold(&bench->registry, ASK_REMOVAL);
    assert_status(disco_unregister(bench->registration, 1000), 0);
    enrol(bench, &private_host, NULL);
    registry_await(&bench->registry, ASK_REMOVAL, 1);
    registry_assert_seen(&bench->registry, ASK_WRITE, 1);
}

DISCO_TEST(is_not_written_before_it_is_out)
{
    bench_t bench;

    unregister_and_enrol_again(&bench);
    registry_release(&bench.registry, ASK_REMOVAL);
    registry_told(&bench.registry, "CLOSED OK");
    registry_told(&bench.registry, "READY");
    assert_has(&bench, HOST, "\"uuid\":\"u\"");
    end(&bench);
}

DISCO_TEST(is_written_when_the_removal_is_given_up)
{
    bench_t bench;

    unregister_and_enrol_again(&bench);
    flow_advance(bench.flow, 1000);
    registry_told(&bench.registry, "CLOSED ETIMEDOUT");
    registry_told(&bench.registry, "READY");
    end(&bench);
}

DISCO_TEST(is_unregistered_before_it_was_written)
{
    bench_t bench;

    unregister_and_enrol_again(&bench);
    assert_status(disco_unregister(bench.registration, 0), 0);
    registry_told(&bench.registry, "CLOSED OK");
    registry_release(&bench.registry, ASK_REMOVAL);
    registry_told(&bench.registry, "CLOSED OK");
    assert_null(tiny_etcd_value(bench.etcd, HOST));
    registry_assert_seen(&bench.registry, ASK_WRITE, 1);
    registry_end(&bench.registry);
}

DISCO_TEST(is_closed_before_it_was_written)
{
    bench_t bench;

    unregister_and_enrol_again(&bench);
    end(&bench);
}

DISCO_TEST(a_host_under_another_key_waits_for_nobody)
{
    disco_host_t other = private_host;
    bench_t bench;

    ready(&bench, &private_host);
    registry_hold(&bench.registry, ASK_REMOVAL);
    assert_status(disco_unregister(bench.registration, 0), 0);
    other.uuid = "v";
    enrol(&bench, &other, NULL);
    registry_told(&bench.registry, "READY");
    registry_release(&bench.registry, ASK_REMOVAL);
    registry_told(&bench.registry, "CLOSED OK");
    end(&bench);
}
