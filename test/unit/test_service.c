/* Services in memory: the order of hosts, shards, and snapshots that do not change. */
#include <stdio.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "disco/service.h"
#include "support/test.h"

static disco__random_t random_source;

static disco_service_t *new_service(const char *shard)
{
    disco_service_t *service;

    assert_status(disco__random_init(&random_source), 0);
    assert_status(disco__service_new(&service, "web", shard, &random_source), 0);
    return service;
}

static disco__host_t *new_host(const char *uuid, const char *shard, uint64_t created)
{
    disco_host_t host = {.name = uuid, .uuid = uuid, .shard = shard};
    disco__host_t *copy;

    assert_status(disco__host_copy(&copy, &host), 0);
    copy->host.created_revision = created;
    return copy;
}

static void add(disco_service_t *service, const char *uuid, uint64_t created)
{
    disco__host_t *host = new_host(uuid, "0", created);

    assert_status(disco__service_reserve(service), 0);
    disco__service_add(service, host);
    disco__host_unref(host);
}

/* uuids: one letter each. */
static void assert_hosts(const disco_service_t *service, const char *uuids)
{
    const disco_host_t *const *hosts;
    size_t count;
    size_t i;

    (void)disco_service_all(service, &hosts, &count);
    assert_int(count, strlen(uuids));
    for (i = 0; i < count; i++)
        assert_int(hosts[i]->uuid[0], uuids[i]);
}

DISCO_TEST(hosts_are_kept_oldest_first_and_then_by_uuid)
{
    disco_service_t *service = new_service(NULL);

    service->has_directory = true;
    assert_status(disco_service_status(service), DISCO_ENOHOST);
    add(service, "d", 9);
    add(service, "c", 10);
    add(service, "b", 9);
    add(service, "e", UINT64_MAX);
    add(service, "a", 1);
    assert_hosts(service, "abdce");
    assert_string_equal(disco_service_first(service)->uuid, "a");
    assert_status(disco_service_status(service), 0);
    disco_service_unref(service);
}

DISCO_TEST(hosts_added_without_order_are_sorted_afterwards)
{
    disco_service_t *service = new_service(NULL);

    disco__service_sort_later(service);
    add(service, "d", 9);
    add(service, "c", 10);
    add(service, "b", 9);
    add(service, "a", 1);
    disco__service_sort(service);
    assert_hosts(service, "abdc");
    add(service, "f", 3);
    assert_hosts(service, "afbdc");
    disco_service_unref(service);
}

DISCO_TEST(the_host_that_is_removed_is_that_one)
{
    disco_service_t *service = new_service(NULL);
    disco__host_t *twins[2];
    size_t i;

    for (i = 0; i < 2; i++) {
        twins[i] = new_host("t", "0", 5);
        assert_status(disco__service_reserve(service), 0);
        disco__service_add(service, twins[i]);
    }
    add(service, "a", 5);
    add(service, "z", 5);
    disco__service_remove(service, twins[0]);
    assert_hosts(service, "atz");
    assert_ptr_equal(service->hosts[1], &twins[1]->host);
    disco__service_remove(service, twins[0]);
    assert_hosts(service, "atz");
    disco__service_remove(service, twins[1]);
    assert_hosts(service, "az");
    disco__host_unref(twins[0]);
    disco__host_unref(twins[1]);
    disco_service_unref(service);
}

DISCO_TEST(a_host_is_replaced_by_one_of_the_same_place_only)
{
    disco_service_t *service = new_service(NULL);
    disco__host_t *host = new_host("m", "0", 5);
    disco__host_t *same = new_host("m", "1", 5);
    disco__host_t *younger = new_host("m", "0", 6);

    assert_status(disco__service_reserve(service), 0);
    disco__service_add(service, host);
    add(service, "a", 5);
    add(service, "z", 5);
    assert_false(disco__service_replace(service, host, younger));
    assert_true(disco__service_replace(service, host, same));
    assert_hosts(service, "amz");
    assert_ptr_equal(service->hosts[1], &same->host);
    assert_false(disco__service_replace(service, host, same));
    disco__host_unref(host);
    disco__host_unref(same);
    disco__host_unref(younger);
    disco_service_unref(service);
}

DISCO_TEST(a_copy_does_not_change_with_the_original)
{
    disco_service_t *service = new_service(NULL);
    disco_service_t *copy;
    disco_service_info_t info = {.name = "web", .user = "new"};
    disco_service_info_t *owned;

    add(service, "a", 1);
    add(service, "b", 2);
    assert_status(disco__service_copy(&copy, service, NULL), 0);
    assert_ptr_equal(service->hosts[0], copy->hosts[0]);
    add(service, "c", 3);
    disco__service_remove(service, disco__host_owner(service->hosts[0]));
    assert_status(disco__info_copy(&owned, &info), 0);
    disco__service_set_info(service, owned);
    assert_hosts(service, "bc");
    assert_string_equal(disco_service_info(service)->user, "new");
    assert_hosts(copy, "ab");
    assert_string_equal(disco_service_info(copy)->user, "");
    disco_service_unref(service);
    assert_string_equal(disco_service_first(copy)->name, "a");
    disco_service_unref(copy);
}

DISCO_TEST(an_info_is_shared_and_goes_with_the_last_who_has_it)
{
    static const char json[] = "{\"name\":\"web\",\"critical\":true,\"hostname\":\"h\","
                               "\"user\":\"u\",\"password\":\"p\",\"ports\":{\"http\":\"80\"}}";
    disco_service_t *service = new_service(NULL);
    disco_service_t *copy;
    disco_service_info_t *read;
    const disco_service_info_t *info;

    assert_status(disco__info_read(&read, json, sizeof json - 1), 0);
    disco__service_set_info(service, read);
    assert_status(disco__service_copy(&copy, service, NULL), 0);
    assert_ptr_equal(disco_service_info(copy), disco_service_info(service));
    disco__service_set_info(service, NULL);
    info = disco_service_info(service);
    assert_string_equal(info->name, "web");
    assert_string_equal(info->hostname, "");
    assert_string_equal(info->user, "");
    assert_string_equal(info->password, "");
    assert_null(info->ports);
    assert_false(info->critical);
    disco_service_unref(service);
    info = disco_service_info(copy);
    assert_string_equal(info->hostname, "h");
    assert_string_equal(info->password, "p");
    assert_int(info->port_count, 1);
    assert_string_equal(info->ports[0].port, "80");
    assert_true(info->critical);
    disco_service_unref(copy);
}

DISCO_TEST(a_copy_may_be_of_a_shard)
{
    disco_service_t *service = new_service(NULL);
    disco_service_t *copy;

    service->has_directory = true;
    add(service, "a", 1);
    add(service, "b", 2);
    assert_status(disco__service_copy(&copy, service, "0"), 0);
    assert_hosts(copy, "ab");
    disco_service_unref(copy);
    assert_status(disco__service_copy(&copy, service, "1"), 0);
    assert_hosts(copy, "");
    assert_int(copy->elsewhere, 2);
    assert_status(disco_service_status(copy), DISCO_ENOSHARD);
    assert_null(disco_service_first(copy));
    assert_null(disco_service_one(copy));
    disco_service_unref(copy);
    disco_service_unref(service);
}

/* Lookups of a shard that share a request get a copy each. */
DISCO_TEST(copies_draw_hosts_of_their_own)
{
    disco_service_t *service = new_service(NULL);
    disco_service_t *copies[2];
    size_t same = 0;
    size_t i;

    add(service, "a", 1);
    add(service, "b", 2);
    for (i = 0; i < 2; i++)
        assert_status(disco__service_copy(&copies[i], service, "0"), 0);
    for (i = 0; i < 100; i++)
        same += disco_service_one(copies[0]) == disco_service_one(copies[1]) ? 1 : 0;
    assert_true(same < 100);
    for (i = 0; i < 2; i++)
        disco_service_unref(copies[i]);
    disco_service_unref(service);
}

DISCO_TEST(a_service_without_a_directory_is_unknown)
{
    disco_service_t *service = new_service("0");
    const disco_host_t *const *hosts;
    size_t count = 7;
    char url[8];
    size_t size = sizeof url;

    assert_status(disco_service_status(service), DISCO_ENOSERVICE);
    assert_status(disco_service_all(service, &hosts, &count), DISCO_ENOSERVICE);
    assert_int(count, 0);
    assert_status(disco_service_url(service, NULL, NULL, url, &size), DISCO_ENOSERVICE);
    assert_string_equal(disco_service_info(service)->name, "web");
    assert_status(disco_service_hosts_string(service, url, &size), 0);
    assert_string_equal(url, "");
    disco_service_unref(service);
}

DISCO_TEST(each_host_is_drawn_about_as_often)
{
    enum { HOSTS = 7, DRAWS = 7000 };
    disco_service_t *service = new_service(NULL);
    size_t drawn[HOSTS] = {0};
    char uuid[2] = "a";
    size_t i;

    for (i = 0; i < HOSTS; i++) {
        uuid[0] = (char)('a' + i);
        add(service, uuid, i);
    }
    for (i = 0; i < DRAWS; i++)
        drawn[disco_service_one(service)->uuid[0] - 'a']++;
    for (i = 0; i < HOSTS; i++)
        assert_true(drawn[i] > DRAWS / HOSTS / 2 && drawn[i] < DRAWS / HOSTS * 2);
    disco_service_unref(service);
}

DISCO_TEST(null_is_allowed_where_it_is_said)
{
    const disco_host_t *const *hosts;
    size_t size = 0;

    assert_null(disco_service_ref(NULL));
    disco_service_unref(NULL);
    assert_null(disco_service_info(NULL));
    assert_status(disco_service_status(NULL), UV_EINVAL);
    assert_status(disco_service_all(NULL, &hosts, &size), UV_EINVAL);
    assert_null(disco_service_first(NULL));
    assert_null(disco_service_one(NULL));
    assert_int(disco_service_broken(NULL), 0);
    assert_status(disco_service_url(NULL, NULL, NULL, NULL, &size), UV_EINVAL);
    assert_status(disco_service_hosts_string(NULL, NULL, &size), UV_EINVAL);
}
