/* Leased keys on a real etcd's v3 API, at the store's seam: leases and their heartbeats. */
#include "live/leased_keys.h"

DISCO_TEST(a_key_is_written_and_removed)
{
    leased_key_t key;

    open_live();
    key_open(&key, "/services/web/a", 60);
    write_key(&key, "1");
    expect(&key, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "1"));
    assert_int(lease_count(), 1);
    write_key(&key, "2");
    expect(&key, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "2"));
    remove_key(&key);
    expect(&key, REMOVED, 0);
    assert_false(is_there("/services/web/a", NULL));
    assert_int(lease_count(), 0);
    key_close(&key);
    close_live();
}

DISCO_TEST(infos_are_written_beside)
{
    disco__put_t info = {.key = "/services_infos/web", .value = "info"};
    disco__put_t other = {
        .key = "/services_infos/web", .value = "other", .condition = DISCO_KV_MUST_NOT_EXIST};
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 60);
    key_open(&two, "/services/web/b", 60);
    write_with(&one, &(disco__leased_write_t){.value = "1", .beside = &other});
    write_with(&two, &(disco__leased_write_t){.value = "2", .beside = &other});
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services_infos/web", "other"));
    write_with(&one, &(disco__leased_write_t){.value = "1", .beside = &other});
    write_with(&two, &(disco__leased_write_t){.value = "2", .beside = &info});
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services_infos/web", "info"));
    write_with(&one, &(disco__leased_write_t){.value = "1", .beside = &other});
    expect(&one, WRITTEN, 0);
    assert_true(is_there("/services_infos/web", "info"));
    key_close(&one);
    key_close(&two);
    close_live();
}

DISCO_TEST(a_key_that_must_exist_is_not_made)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 60);
    key_open(&two, "/services/web/b", 60);
    write_key(&one, "1");
    write_with(&two, &(disco__leased_write_t){.value = "2", .must_exist = true});
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, DISCO_EKEYNOTFOUND);
    assert_false(is_there("/services/web/b", NULL));
    write_with(&one, &(disco__leased_write_t){.value = "3", .must_exist = true});
    expect(&one, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "3"));
    key_close(&one);
    key_close(&two);
    close_live();
}

#define MANY 1000

/* One request for a thousand keys, for each of three intervals. */
DISCO_TEST(a_thousand_keys_need_one_keep_alive)
{
    static leased_key_t keys[MANY];
    disco__put_t info = {.key = "/services_infos/web", .value = "info"};
    proxy_t *proxy;
    size_t i;

    proxy = open_behind_proxy();
    for (i = 0; i < MANY; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, 9);
        write_with(&keys[i], &(disco__leased_write_t){.value = "1", .beside = &info});
    }
    for (i = 0; i < MANY; i++)
        expect(&keys[i], WRITTEN, 0);
    assert_int(lease_count(), 1);
    beats = 0;
    proxy_await_requests(proxy, "POST /v3/lease/keepalive ", 3);
    assert_int(beats, 3);
    for (i = 0; i < MANY; i++) {
        assert_int(keys[i].told.count, 1);
        remove_key(&keys[i]);
    }
    for (i = 0; i < MANY; i++)
        expect(&keys[i], REMOVED, 0);
    assert_int(lease_count(), 0);
    for (i = 0; i < MANY; i++)
        key_close(&keys[i]);
    close_behind_proxy(proxy);
}

/* etcd takes no request of more than 1.5 MiB: only the key that is to blame fails. */
DISCO_TEST(a_value_too_large_is_refused_alone)
{
    static char large[2 * 1024 * 1024];
    leased_key_t keys[9];
    size_t i;

    open_live();
    memset(large, 'x', sizeof large - 1);
    for (i = 0; i < 9; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, 60);
        write_key(&keys[i], i == 4 ? large : "1");
    }
    for (i = 0; i < 9; i++) {
        expect(&keys[i], WRITTEN, i == 4 ? DISCO_EREFUSED : 0);
        assert_int(is_there(keys[i].name, NULL), i != 4);
    }
    for (i = 0; i < 9; i++)
        key_close(&keys[i]);
    close_live();
}

DISCO_TEST(each_time_to_live_has_its_lease)
{
    leased_key_t keys[4];
    size_t i;

    open_live();
    for (i = 0; i < 4; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, i % 2 == 0 ? 60 : 30);
        write_key(&keys[i], "1");
    }
    for (i = 0; i < 4; i++)
        expect(&keys[i], WRITTEN, 0);
    assert_int(lease_count(), 2);
    remove_key(&keys[0]);
    remove_key(&keys[2]);
    expect(&keys[0], REMOVED, 0);
    expect(&keys[2], REMOVED, 0);
    assert_int(lease_count(), 1);
    for (i = 0; i < 4; i++)
        key_close(&keys[i]);
    close_live();
}

/* etcd gives two seconds at least. */
DISCO_TEST(a_key_lives_longer_than_a_short_time_to_live)
{
    proxy_t *proxy;
    leased_key_t key;

    proxy = open_behind_proxy();
    key_open(&key, "/services/web/a", 1);
    write_key(&key, "1");
    expect(&key, WRITTEN, 0);
    proxy_await_requests(proxy, "POST /v3/lease/keepalive ", 5);
    assert_true(is_there("/services/web/a", "1"));
    assert_int(key.told.count, 1);
    key_close(&key);
    close_behind_proxy(proxy);
}

/* The other key keeps the lease. */
DISCO_TEST(a_closed_key_goes_by_itself)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 2);
    key_open(&two, "/services/web/b", 2);
    write_key(&one, "1");
    write_key(&two, "1");
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    key_close(&one);
    assert_true(is_there("/services/web/a", "1"));
    while (is_there("/services/web/a", NULL))
        loop_pause(&live.loop);
    assert_true(is_there("/services/web/b", "1"));
    assert_int(lease_count(), 1);
    assert_int(two.told.count, 1);
    key_close(&two);
    close_live();
}
