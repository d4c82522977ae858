/* The servers that the other live tests run against. */
#include "support/etcd.h"
#include "support/raw_http.h"
#include "support/test.h"

DISCO_TEST(a_member_that_was_killed_comes_back_with_its_data)
{
    test_loop_t loop;
    etcd_t *etcd;
    raw_reply_t reply;

    loop_open(&loop);
    etcd = etcd_start(&loop, NULL);
    raw_http_expect(&loop, etcd_port(etcd, 0), "PUT", "/v2/keys/a", "value=1");
    etcd_kill(etcd, 0);
    reply = raw_http(&loop, etcd_port(etcd, 0), "GET", "/v2/keys/a", NULL);
    assert_status(reply.error, UV_ECONNREFUSED);
    raw_reply_free(&reply);
    etcd_continue_member(etcd, 0);
    raw_http_expect(&loop, etcd_port(etcd, 0), "GET", "/v2/keys/a", NULL);
    etcd_free(etcd);
    loop_close(&loop);
}

DISCO_TEST(wiping_leaves_an_empty_etcd_on_the_same_port)
{
    test_loop_t loop;
    etcd_t *etcd;
    raw_reply_t reply;

    loop_open(&loop);
    etcd = etcd_start(&loop, NULL);
    raw_http_expect(&loop, etcd_port(etcd, 0), "PUT", "/v2/keys/a", "value=1");
    etcd_wipe(etcd);
    reply = raw_http(&loop, etcd_port(etcd, 0), "GET", "/v2/keys/a", NULL);
    assert_status(reply.error, 0);
    assert_int(reply.status, 404);
    raw_reply_free(&reply);
    etcd_free(etcd);
    loop_close(&loop);
}

DISCO_TEST(a_cluster_elects_another_leader)
{
    test_loop_t loop;
    etcd_options_t options = {.members = 3};
    etcd_t *etcd;
    size_t leader;

    loop_open(&loop);
    etcd = etcd_start(&loop, &options);
    leader = etcd_leader(etcd);
    etcd_kill(etcd, leader);
    assert_int(etcd_leader(etcd) != leader, true);
    etcd_continue_member(etcd, leader);
    etcd_stall(etcd, 0);
    etcd_unstall(etcd, 0);
    etcd_wait_until_ready(etcd);
    etcd_free(etcd);
    loop_close(&loop);
}
