/* The stream that the watches of a v3 client share, on a real etcd: nothing is missed or doubled,
 * whatever happens to it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "support/live.h"
#include "support/proxy.h"
#include "support/raw_http.h"

static live_t live;
static disco_client_t *client;

static void open_live_with(const char *const *arguments)
{
    etcd_options_t etcd = {.arguments = arguments, .without_v2 = true};
    disco_options_t options;

    live_open(&live, &etcd);
    options = live_options(&live);
    options.api = DISCO_API_V3;
    client = live_client_with(&live, &options);
}

static void open_live(void)
{
    open_live_with(NULL);
}

static void close_live(void)
{
    live_client_close(&live, client);
    live_close(&live);
}

static void append_base64(disco__buffer_t *body, const char *name, const char *text)
{
    disco__buffer_append_char(body, body->size > 0 ? ',' : '{');
    disco__buffer_append_char(body, '"');
    disco__buffer_append_text(body, name);
    disco__buffer_append_text(body, "\":\"");
    disco__base64_encode(body, text, strlen(text));
    disco__buffer_append_char(body, '"');
}

static void call(const char *path, disco__buffer_t *body)
{
    disco__buffer_append_char(body, '}');
    raw_http_expect(&live.loop, etcd_port(live.etcd, 0), "POST", path, disco__buffer_text(body));
    disco__buffer_free(body);
}

static void put(const char *key, const char *value)
{
    disco__buffer_t body;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    append_base64(&body, "value", value);
    call("/v3/kv/put", &body);
}

static void delete_key(const char *key)
{
    disco__buffer_t body;

    disco__buffer_init(&body);
    append_base64(&body, "key", key);
    call("/v3/kv/deleterange", &body);
}

static void expect_put(live_watch_t *watch, const char *key, const char *value)
{
    const told_t *told = recorder_expect(&watch->told, DISCO_WATCH_PUT);

    assert_string_equal(told->key, key);
    assert_string_equal(told->value, value);
}

DISCO_TEST(keys_come_change_and_go)
{
    live_watch_t one;
    live_watch_t all;
    const told_t *told;

    open_live();
    live_watch(&live, &one, client, "/a", false, 0);
    live_watch(&live, &all, client, "/a", true, 0);
    recorder_expect(&one.told, DISCO_WATCH_SYNCED);
    recorder_expect(&all.told, DISCO_WATCH_SYNCED);
    put("/a", "1");
    put("/a/b", "2");
    put("/ab", "3");
    put("/a-b", "4");
    put("/a", "5");
    delete_key("/a");
    expect_put(&one, "/a", "1");
    expect_put(&all, "/a", "1");
    expect_put(&all, "/a/b", "2");
    expect_put(&one, "/a", "5");
    expect_put(&all, "/a", "5");
    told = recorder_expect(&one.told, DISCO_WATCH_DELETE);
    assert_string_equal(told->key, "/a");
    assert_string_equal(told->value, "");
    assert_string_equal(told->previous, "5");
    recorder_expect(&all.told, DISCO_WATCH_DELETE);
    live_unwatch(&one);
    put("/a/b", "");
    expect_put(&all, "/a/b", "");
    live_unwatch(&all);
    close_live();
}
