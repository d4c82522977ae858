/* Raw access to a real etcd. With both APIs it is v2 that has the keys. */
#include <stdio.h>
#include <stdlib.h>

#include "support/live.h"

DISCO_TESTS_BY_API;

static live_t live;
static disco_client_t *client;

/* The last answer. */
static struct {
    bool done;
    int status;
    int etcd_code;
    uint64_t revision;
    size_t count;
    char keys[8][64];
    char values[8][64];
    bool directories[8];
    bool has_previous;
    char previous[64];
    int64_t ttl_s;
    uint64_t modified;
} answer;

static void on_answer(void *data, int status, const disco_kv_result_t *result)
{
    const disco_error_detail_t *detail = disco_client_error_detail(client);
    size_t i;

    (void)data;
    memset(&answer, 0, sizeof answer);
    answer.done = true;
    answer.status = status;
    if (status != 0) {
        assert_null(result);
        assert_int(detail->status, status);
        answer.etcd_code = detail->etcd_code;
        return;
    }
    answer.revision = result->revision;
    answer.count = result->entry_count;
    for (i = 0; i < answer.count && i < 8; i++) {
        (void)snprintf(answer.keys[i], sizeof answer.keys[i], "%s", result->entries[i].key);
        (void)snprintf(answer.values[i], sizeof answer.values[i], "%s", result->entries[i].value);
        answer.directories[i] = result->entries[i].is_directory;
    }
    answer.ttl_s = result->entries[0].ttl_s;
    answer.modified = result->entries[0].modified_revision;
    answer.has_previous = result->previous != NULL;
    if (result->previous != NULL)
        (void)snprintf(answer.previous, sizeof answer.previous, "%s", result->previous->value);
}

static int wait_for_answer(int started)
{
    assert_status(started, 0);
    answer.done = false;
    loop_run_until(&live.loop, &answer.done);
    return answer.status;
}

static int get(const char *key, const disco_kv_get_options_t *options)
{
    return wait_for_answer(disco_kv_get(client, key, options, on_answer, NULL, NULL));
}

static int put(const char *key, const char *value, const disco_kv_put_options_t *options)
{
    return wait_for_answer(disco_kv_put(client, key, value, options, on_answer, NULL, NULL));
}

static int delete (const char *key, const disco_kv_delete_options_t *options)
{
    return wait_for_answer(disco_kv_delete(client, key, options, on_answer, NULL, NULL));
}

/* etcd's own codes are v2's. */
static void assert_code(int code)
{
    if (test_api() != DISCO_API_V3)
        assert_int(answer.etcd_code, code);
}

static live_node_t read_key(const char *key)
{
    return live_read_on(&live, live_has_side(DISCO_API_V2) ? DISCO_API_V2 : DISCO_API_V3, key);
}

static void open_live(void)
{
    live_open(&live, NULL);
    client = live_client(&live);
}

static void close_live(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

DISCO_TEST(a_key_is_written_read_and_deleted)
{
    static const char text[] = "a b+c%&=\"\\<>\n\xc3\xa4\xf0\x9f\x8c\x8d";
    disco_kv_put_options_t with_ttl = {.ttl_s = 100};

    open_live();
    assert_status(put("/a/k\xc3\xbc %+&?#", text, NULL), 0);
    assert_string_equal(answer.keys[0], "/a/k\xc3\xbc %+&?#");
    assert_false(answer.has_previous);
    assert_status(get("/a/k\xc3\xbc %+&?#", NULL), 0);
    assert_string_equal(answer.values[0], text);
    assert_int(answer.ttl_s, 0);
    assert_int(answer.count, 1);
    assert_true(answer.revision >= answer.modified && answer.modified > 0);
    assert_status(put("/a/k\xc3\xbc %+&?#", "2", &with_ttl), 0);
    assert_true(answer.has_previous);
    assert_string_equal(answer.previous, text);
    assert_in_range(answer.ttl_s, 1, 100);
    assert_status(get("/a/k\xc3\xbc %+&?#", NULL), 0);
    if (test_api() != DISCO_API_V3)
        assert_in_range(answer.ttl_s, 1, 100);
    assert_status(delete ("/a/k\xc3\xbc %+&?#", NULL), 0);
    assert_string_equal(answer.values[0], "2");
    assert_status(get("/a/k\xc3\xbc %+&?#", NULL), DISCO_EKEYNOTFOUND);
    assert_code(100);
    assert_status(delete ("/a/k\xc3\xbc %+&?#", NULL), DISCO_EKEYNOTFOUND);
    close_live();
}

DISCO_TEST(conditions_of_a_write)
{
    disco_kv_put_options_t new_key = {.condition = DISCO_KV_MUST_NOT_EXIST};
    disco_kv_put_options_t old_key = {.condition = DISCO_KV_MUST_EXIST};
    disco_kv_put_options_t revision = {.condition = DISCO_KV_REVISION};
    disco_kv_put_options_t value = {.condition = DISCO_KV_VALUE, .previous_value = "3"};

    open_live();
    assert_status(put("/k", "1", &old_key), DISCO_EKEYNOTFOUND);
    assert_status(put("/k", "1", &new_key), 0);
    revision.previous_revision = answer.modified;
    assert_status(put("/k", "2", &new_key), DISCO_EKEYEXISTS);
    assert_code(105);
    assert_status(put("/k", "2", &old_key), 0);
    assert_status(put("/k", "3", &revision), DISCO_ECONFLICT);
    assert_code(101);
    revision.previous_revision = read_key("/k").modified;
    assert_status(put("/k", "3", &revision), 0);
    assert_status(put("/k", "4", &value), 0);
    assert_status(put("/k", "5", &value), DISCO_ECONFLICT);
    assert_string_equal(read_key("/k").value, "4");
    close_live();
}

DISCO_TEST(conditions_of_a_deletion)
{
    disco_kv_delete_options_t revision = {.condition = DISCO_KV_REVISION, .previous_revision = 1};
    disco_kv_delete_options_t value = {.condition = DISCO_KV_VALUE, .previous_value = "x"};

    open_live();
    assert_status(put("/k", "1", NULL), 0);
    assert_status(delete ("/k", &revision), DISCO_ECONFLICT);
    assert_status(delete ("/k", &value), DISCO_ECONFLICT);
    revision.previous_revision = read_key("/k").modified;
    assert_status(delete ("/k", &revision), 0);
    assert_status(put("/k", "1", NULL), 0);
    value.previous_value = "1";
    assert_status(delete ("/k", &value), 0);
    assert_false(read_key("/k").there);
    close_live();
}

DISCO_TEST_ON(directories, v2, both)
{
    disco_kv_get_options_t all = {.recursive = true, .quorum = true};
    disco_kv_delete_options_t with_all = {.recursive = true};

    open_live();
    assert_status(put("/d/b", "1", NULL), 0);
    assert_status(put("/d/c/x", "2", NULL), 0);
    assert_status(put("/d/a", "3", NULL), 0);
    assert_status(get("/d", NULL), 0);
    assert_int(answer.count, 4);
    assert_string_equal(answer.keys[0], "/d");
    assert_true(answer.directories[0]);
    assert_string_equal(answer.keys[1], "/d/a");
    assert_string_equal(answer.keys[2], "/d/b");
    assert_string_equal(answer.keys[3], "/d/c");
    assert_true(answer.directories[3]);
    assert_status(get("/d", &all), 0);
    assert_int(answer.count, 5);
    assert_string_equal(answer.keys[4], "/d/c/x");
    assert_string_equal(answer.values[4], "2");
    assert_status(delete ("/d", NULL), DISCO_EREFUSED);
    assert_int(answer.etcd_code, 102);
    assert_status(put("/d", "x", NULL), DISCO_EREFUSED);
    assert_status(put("/d/a/below", "x", NULL), DISCO_EREFUSED);
    assert_int(answer.etcd_code, 104);
    assert_status(delete ("/d", &with_all), 0);
    assert_false(read_key("/d").there);
    close_live();
}

/* Names alone: what is in "/d" begins with "/d/". */
DISCO_TEST_ON(v3_has_no_directories, v3)
{
    disco_kv_get_options_t all = {.recursive = true, .quorum = true};
    disco_kv_delete_options_t with_all = {.recursive = true};

    open_live();
    assert_status(put("/d/b", "1", NULL), 0);
    assert_status(put("/d/c/x", "2", NULL), 0);
    assert_status(put("/d/a", "3", NULL), 0);
    assert_status(put("/d-", "4", NULL), 0);
    assert_status(get("/d", NULL), DISCO_EKEYNOTFOUND);
    assert_status(get("/d", &all), 0);
    assert_int(answer.count, 3);
    assert_string_equal(answer.keys[0], "/d/a");
    assert_string_equal(answer.keys[1], "/d/b");
    assert_string_equal(answer.keys[2], "/d/c/x");
    assert_false(answer.directories[2]);
    assert_status(put("/d", "x", NULL), 0);
    assert_status(put("/d/a/below", "y", NULL), 0);
    assert_status(get("/d", NULL), 0);
    assert_int(answer.count, 1);
    assert_string_equal(answer.values[0], "x");
    assert_status(delete ("/d", NULL), 0);
    assert_true(read_key("/d/a/below").there);
    assert_status(delete ("/d", &with_all), 0);
    assert_false(read_key("/d/a").there);
    assert_false(read_key("/d/a/below").there);
    assert_true(read_key("/d-").there);
    close_live();
}

DISCO_TEST(a_watch_is_told_what_happens)
{
    live_watch_t watch;
    const told_t *told;

    open_live();
    live_watch(&live, &watch, client, "/d", true, 0);
    recorder_expect(&watch.told, DISCO_WATCH_SYNCED);
    live_write(&live, "/d/a", "1", 0);
    told = recorder_expect(&watch.told, DISCO_WATCH_PUT);
    assert_string_equal(told->key, "/d/a");
    assert_string_equal(told->value, "1");
    assert_string_equal(told->previous, "");
    live_write(&live, "/d/a", "2", 1);
    assert_string_equal(recorder_expect(&watch.told, DISCO_WATCH_PUT)->previous, "1");
    told = recorder_expect(&watch.told, (int)live_expired());
    assert_string_equal(told->key, "/d/a");
    assert_string_equal(told->value, "");
    assert_string_equal(told->previous, "2");
    live_write(&live, "/d/b", "3", 0);
    recorder_expect(&watch.told, DISCO_WATCH_PUT);
    live_delete(&live, "/d");
    assert_string_equal(recorder_expect(&watch.told, DISCO_WATCH_DELETE)->key,
                        test_api() == DISCO_API_V3 ? "/d/b" : "/d");
    live_unwatch(&watch);
    close_live();
}

DISCO_TEST(a_watch_begins_at_a_revision)
{
    live_watch_t watch;
    live_watch_t late;
    uint64_t first;

    open_live();
    live_write(&live, "/d/a", "1", 0);
    first = read_key("/d/a").modified;
    live_write(&live, "/other", "x", 0);
    live_write(&live, "/d/b", "2", 0);
    live_delete(&live, "/d/a");
    live_watch(&live, &watch, client, "/d", true, first);
    assert_int(recorder_await(&watch.told, DISCO_WATCH_PUT)->revision, first);
    assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_PUT)->key, "/d/b");
    assert_string_equal(recorder_await(&watch.told, DISCO_WATCH_DELETE)->key, "/d/a");
    live_unwatch(&watch);

    /* What is no longer in the history is a gap. */
    live_forget_history(&live);
    live_watch(&live, &late, client, "/d", true, first);
    assert_status(recorder_await(&late.told, DISCO_WATCH_GAP)->status, DISCO_ECLEARED);
    live_write(&live, "/d/c", "4", 0);
    assert_string_equal(recorder_await(&late.told, DISCO_WATCH_PUT)->key, "/d/c");
    assert_int(recorder_count(&late.told, DISCO_WATCH_SYNCED), 1);
    live_unwatch(&late);
    close_live();
}

static bool got_version;
static char version[32];

static void on_version(void *data, int status, const char *server, const char *cluster)
{
    (void)data;
    assert_status(status, 0);
    assert_non_null(cluster);
    (void)snprintf(version, sizeof version, "%s", server);
    got_version = true;
}

DISCO_TEST(which_etcd_it_is)
{
    open_live();
    assert_status(disco_server_version(client, on_version, NULL, NULL), 0);
    loop_run_until(&live.loop, &got_version);
    assert_true(version[0] == '3' && version[1] == '.');
    close_live();
}

DISCO_TEST_ON(an_etcd_without_v2_is_recognised, v2)
{
    etcd_options_t without = {.without_v2 = true};
    live_registration_t registration;
    live_view_t view;

    live_open(&live, &without);
    client = live_client(&live);
    assert_status(get("/a", NULL), DISCO_EV2DISABLED);
    assert_status(live_get(&live, client, "s", NULL, NULL), DISCO_EV2DISABLED);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    registration.told.passed_over = 0;
    assert_status(recorder_expect(&registration.told, DISCO_REGISTRATION_RETRYING)->status,
                  DISCO_EV2DISABLED);
    live_subscribe(&live, &view, client, "s", NULL);
    assert_status(recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE)->status, DISCO_EV2DISABLED);
    close_live();
}

DISCO_TEST_ON(an_etcd_without_the_gateway_is_recognised, v3)
{
    static const char *const arguments[] = {"--enable-grpc-gateway=false", NULL};
    etcd_options_t without = {.arguments = arguments};
    live_registration_t registration;
    live_view_t view;

    live_open(&live, &without);
    client = live_client(&live);
    assert_status(get("/a", NULL), DISCO_EV3DISABLED);
    assert_status(live_get(&live, client, "s", NULL, NULL), DISCO_EV3DISABLED);
    live_register(&live, &registration, client, "s", live_host("u", "a"), NULL);
    registration.told.passed_over = 0;
    assert_status(recorder_expect(&registration.told, DISCO_REGISTRATION_RETRYING)->status,
                  DISCO_EV3DISABLED);
    live_subscribe(&live, &view, client, "s", NULL);
    assert_status(recorder_expect(&view.told, DISCO_SUBSCRIPTION_STALE)->status, DISCO_EV3DISABLED);
    close_live();
}
