/* Happy path: by its path a request goes to one of the halves, which answers it. Failure modes:
 * what belongs to an API that the test is not on, and what neither half has, fails the test. */
#include "support/tiny_etcd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "support/scripted_internal.h"
#include "support/tiny_v2.h"
#include "support/tiny_v3.h"

struct tiny_etcd_s {
    server_t *server;
    char endpoint[64];
    tiny_v2_t v2;
    tiny_v3_t v3;
    tiny_sender_t sender;
};

/* What finds out by itself finds v2. */
static bool has_v2(void)
{
    return test_api() != DISCO_API_V3;
}

static bool has_v3(void)
{
    return test_api() == DISCO_API_V3 || test_api() == DISCO_API_BOTH;
}

void tiny_etcd_put(tiny_etcd_t *etcd, const char *key, const char *value)
{
    if (has_v2())
        tiny_v2_put(&etcd->v2, key, value);
    if (has_v3())
        tiny_v3_put(&etcd->v3, key, value);
}

void tiny_etcd_delete(tiny_etcd_t *etcd, const char *key)
{
    if (has_v2())
        tiny_v2_delete(&etcd->v2, key);
    if (has_v3())
        tiny_v3_delete(&etcd->v3, key);
}

void tiny_etcd_expire(tiny_etcd_t *etcd, const char *key)
{
    if (has_v2())
        tiny_v2_expire(&etcd->v2, key);
    if (has_v3())
        tiny_v3_expire(&etcd->v3, key);
}

void tiny_etcd_delete_directory(tiny_etcd_t *etcd, const char *key)
{
    if (has_v2())
        tiny_v2_delete_directory(&etcd->v2, key);
    if (has_v3())
        tiny_v3_delete_directory(&etcd->v3, key);
}

void tiny_etcd_forget_history(tiny_etcd_t *etcd)
{
    etcd->v2.forgotten = etcd->v2.index;
    etcd->v3.compacted = etcd->v3.revision;
}

void tiny_etcd_set_revision(tiny_etcd_t *etcd, unsigned revision)
{
    tiny_v2_set_index(&etcd->v2, revision);
    tiny_v3_set_revision(&etcd->v3, revision);
}

unsigned tiny_etcd_revision(const tiny_etcd_t *etcd)
{
    return has_v2() ? etcd->v2.index : etcd->v3.revision;
}

const char *tiny_etcd_value(const tiny_etcd_t *etcd, const char *key)
{
    const char *v2 = tiny_v2_value(&etcd->v2, key);
    const char *v3 = tiny_v3_value(&etcd->v3, key);

    if (has_v2() && has_v3() && (v2 == NULL) != (v3 == NULL))
        fail_msg("only %s has %s", v2 != NULL ? "v2" : "v3", key);
    return has_v2() ? v2 : v3;
}

static bool contains(const char *value, const char *text)
{
    return value != NULL && strstr(value, text) != NULL;
}

bool tiny_etcd_has(const tiny_etcd_t *etcd, const char *key, const char *text)
{
    return (!has_v2() || contains(tiny_v2_value(&etcd->v2, key), text)) &&
           (!has_v3() || contains(tiny_v3_value(&etcd->v3, key), text));
}

static void answer_version(tiny_etcd_t *etcd, size_t connection)
{
    static const char body[] = "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}";
    text_t text = {NULL, 0};

    text_addf(&text,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
              "Content-Length: %zu\r\n\r\n%s",
              strlen(body), body);
    tiny_send(&etcd->sender, connection, text);
}

void tiny_etcd_handle(tiny_etcd_t *etcd, const server_request_t *request)
{
    if (etcd->sender.hook != NULL)
        etcd->sender.hook(etcd->sender.hook_data, TINY_REQUEST);
    if (strcmp(request->target, "/version") == 0)
        answer_version(etcd, request->connection);
    else if (has_v2() && strncmp(request->target, "/v2/", 4) == 0)
        tiny_v2_handle(&etcd->v2, request);
    else if (has_v3() && strncmp(request->target, "/v3/", 4) == 0)
        tiny_v3_handle(&etcd->v3, request);
    else
        fail_msg("the tiny etcd has no %s", request->target);
}

static void on_request(server_t *server, const server_request_t *request, void *data)
{
    (void)server;
    tiny_etcd_handle(data, request);
}

tiny_etcd_t *tiny_etcd_new(test_loop_t *loop)
{
    tiny_etcd_t *etcd = scripted_take(sizeof *etcd);

    tiny_v2_init(&etcd->v2, &etcd->sender);
    tiny_v3_init(&etcd->v3, &etcd->sender);
    etcd->server = server_new(loop);
    server_set_handler(etcd->server, on_request, etcd);
    (void)snprintf(etcd->endpoint, sizeof etcd->endpoint, "http://127.0.0.1:%u",
                   (unsigned)server_port(etcd->server));
    tiny_sender_init(&etcd->sender, loop, etcd->server);
    return etcd;
}

static void on_closed(tiny_sender_t *sender)
{
    tiny_etcd_t *etcd = disco__container_of(sender, tiny_etcd_t, sender);

    tiny_v2_free(&etcd->v2);
    tiny_v3_free(&etcd->v3);
    free(etcd);
}

void tiny_etcd_free(tiny_etcd_t *etcd)
{
    server_set_handler(etcd->server, NULL, NULL);
    server_free(etcd->server);
    tiny_sender_close(&etcd->sender, on_closed);
}

const char *tiny_etcd_endpoint(const tiny_etcd_t *etcd)
{
    return etcd->endpoint;
}

server_t *tiny_etcd_server(tiny_etcd_t *etcd)
{
    return etcd->server;
}

void tiny_etcd_set_hook(tiny_etcd_t *etcd, tiny_hook_t hook, void *data)
{
    etcd->sender.hook = hook;
    etcd->sender.hook_data = data;
}
