/* Leased keys on a real etcd's v3 API, at the store's seam: what happens to them and to their leases
 * behind the library's back. */
#include "live/leased_keys.h"

#define SOME 300

DISCO_TEST(a_lease_revoked_by_hand_is_granted_anew)
{
    static leased_key_t keys[SOME];
    size_t i;

    open_live();
    for (i = 0; i < SOME; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "/services/web/%zu", i);
        key_open(&keys[i], name, 3);
        keys[i].writes_again = true;
        write_key(&keys[i], "1");
    }
    for (i = 0; i < SOME; i++)
        expect(&keys[i], WRITTEN, 0);
    revoke_by_hand();
    for (i = 0; i < SOME; i++) {
        expect(&keys[i], GONE, DISCO_EKEYNOTFOUND);
        expect(&keys[i], WRITTEN, 0);
        assert_true(i % 50 != 0 || is_there(keys[i].name, "again"));
    }
    assert_int(lease_count(), 1);
    for (i = 0; i < SOME; i++)
        key_close(&keys[i]);
    close_live();
}

DISCO_TEST(a_write_finds_the_lease_revoked)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 60);
    key_open(&two, "/services/web/b", 60);
    two.writes_again = true;
    write_key(&one, "1");
    write_key(&two, "1");
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    revoke_by_hand();
    write_key(&one, "2");
    expect(&one, WRITTEN, 0);
    expect(&two, GONE, DISCO_EKEYNOTFOUND);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services/web/a", "2"));
    assert_true(is_there("/services/web/b", "again"));
    assert_int(lease_count(), 1);
    assert_int(one.told.count, 2);
    key_close(&one);
    key_close(&two);
    close_live();
}

DISCO_TEST(a_key_deleted_by_hand_is_told)
{
    leased_key_t one;
    leased_key_t two;

    open_live();
    key_open(&one, "/services/web/a", 2);
    key_open(&two, "/services/web/b", 2);
    two.writes_again = true;
    write_key(&one, "1");
    write_key(&two, "1");
    expect(&one, WRITTEN, 0);
    expect(&two, WRITTEN, 0);
    delete_by_hand("/services/web/b");
    expect(&two, GONE, DISCO_EKEYNOTFOUND);
    expect(&two, WRITTEN, 0);
    assert_true(is_there("/services/web/b", "again"));
    assert_int(one.told.count, 1);
    assert_int(lease_count(), 1);
    key_close(&one);
    key_close(&two);
    close_live();
}

DISCO_TEST(an_outage_is_overdue_and_then_gone)
{
    proxy_t *proxy;
    leased_key_t key;

    proxy = open_behind_proxy();
    key_open(&key, "/services/web/a", 2);
    key.writes_again = true;
    write_key(&key, "1");
    expect(&key, WRITTEN, 0);
    proxy_set_down(proxy, true);
    expect(&key, OVERDUE, DISCO_ELOST);
    while (is_there("/services/web/a", NULL))
        loop_pause(&live.loop);
    proxy_set_down(proxy, false);
    expect(&key, GONE, DISCO_EKEYNOTFOUND);
    expect(&key, WRITTEN, 0);
    assert_true(recorder_count(&key.told, FAILING) > 0);
    assert_true(is_there("/services/web/a", "again"));
    key_close(&key);
    close_behind_proxy(proxy);
}
