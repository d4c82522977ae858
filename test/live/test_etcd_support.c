/* The servers that the other live tests run against. */
#include "support/live.h"
#include "support/raw_http.h"

DISCO_TESTS_BY_API;

static live_t live;

DISCO_TEST(a_member_that_was_killed_comes_back_with_its_data)
{
    raw_reply_t reply;

    live_open(&live, NULL);
    live_write(&live, "/a", "1", 0);
    etcd_kill(live.etcd, 0);
    reply = raw_http(&live.loop, etcd_port(live.etcd, 0), "GET", "/version", NULL);
    assert_status(reply.error, UV_ECONNREFUSED);
    raw_reply_free(&reply);
    etcd_continue_member(live.etcd, 0);
    assert_string_equal(live_read(&live, "/a").value, "1");
    live_close(&live);
}

DISCO_TEST(wiping_leaves_an_empty_etcd_on_the_same_port)
{
    live_open(&live, NULL);
    live_write(&live, "/a", "1", 0);
    assert_true(live_read(&live, "/a").there);
    etcd_wipe(live.etcd);
    assert_false(live_read(&live, "/a").there);
    live_close(&live);
}

DISCO_TEST(what_is_written_by_hand_is_read_listed_and_deleted)
{
    live_hosts_t hosts;

    live_open(&live, NULL);
    live_write(&live, "/services/s/a", "odd", 0);
    live_write(&live, "/services/s/b", "even", 60);
    live_list(&live, "s", &hosts);
    assert_int(hosts.count, 2);
    live_hosts_free(&hosts);
    assert_int(live_read_on(&live, live_side_of("a"), "/services/s/a").ttl_s, 0);
    assert_in_range(live_read_on(&live, live_side_of("b"), "/services/s/b").ttl_s, 1, 60);
    live_delete(&live, "/services/s/a");
    live_list(&live, "s", &hosts);
    assert_int(hosts.count, 1);
    assert_string_equal(hosts.uuids[0], "b");
    assert_string_equal(hosts.hosts[0], "even");
    live_hosts_free(&hosts);
    live_delete(&live, "/services/s");
    live_list(&live, "s", &hosts);
    assert_int(hosts.count, 0);
    live_close(&live);
}

/* The two are stores of their own. */
DISCO_TEST_ON(a_side_does_not_see_the_other, both)
{
    live_open(&live, NULL);
    live_write_on(&live, DISCO_API_V2, "/a", "2", 0);
    assert_false(live_read_on(&live, DISCO_API_V3, "/a").there);
    live_write_on(&live, DISCO_API_V3, "/a", "3", 0);
    assert_string_equal(live_read_on(&live, DISCO_API_V2, "/a").value, "2");
    assert_true(live_delete_on(&live, DISCO_API_V2, "/a"));
    assert_string_equal(live_read_on(&live, DISCO_API_V3, "/a").value, "3");
    assert_false(live_delete_on(&live, DISCO_API_V2, "/a"));
    live_close(&live);
}

DISCO_TEST(a_cluster_elects_another_leader)
{
    etcd_options_t options = {.members = 3};
    size_t leader;

    live_open(&live, &options);
    leader = etcd_leader(live.etcd);
    etcd_kill(live.etcd, leader);
    assert_int(etcd_leader(live.etcd) != leader, true);
    etcd_continue_member(live.etcd, leader);
    etcd_stall(live.etcd, 0);
    etcd_unstall(live.etcd, 0);
    etcd_wait_until_ready(live.etcd);
    live_close(&live);
}
