/* Each allocation fails in turn while a token is fetched, refused, and fetched again. */
#include <stdio.h>

#include <uvdisco.h>

#include "support/scripted_server.h"
#include "support/test.h"

#define FOUND                                                                                      \
    "{\"header\":{\"revision\":\"9\"},\"succeeded\":true,\"responses\":[{\"response_range\":{"     \
    "\"kvs\":[{\"key\":\"L2E=\",\"mod_revision\":\"5\",\"value\":\"MQ==\"}]}}]}"

typedef struct bench_s {
    test_loop_t loop;
    server_t *server;
    disco_client_t *client;
    bool done;
    bool closed;
    int status;
} bench_t;

/* The first token that is given is refused. */
static void on_request(server_t *server, const server_request_t *request, void *data)
{
    const char *token = server_request_field(request, "Authorization");

    (void)data;
    if (strcmp(request->target, "/v3/auth/authenticate") == 0) {
        size_t before = 0;
        size_t i;

        for (i = 0; i < server_request_count(server); i++)
            before += strcmp(server_request(server, i)->target, request->target) == 0;
        server_respond(server, request, 200, NULL,
                       before > 1 ? "{\"token\":\"new\"}" : "{\"token\":\"old\"}");
    } else if (token != NULL && strcmp(token, "new") == 0) {
        server_respond(server, request, 200, NULL, FOUND);
    } else {
        server_respond(server, request, 401, NULL,
                       "{\"code\":16,\"message\":\"etcdserver: invalid auth token\"}");
    }
}

static void on_got(void *data, int status, const disco_kv_result_t *result)
{
    bench_t *bench = data;

    if (status == 0)
        assert_int(result->entry_count, 1);
    bench->done = true;
    bench->status = status;
}

static void on_closed(void *data, int status)
{
    bench_t *bench = data;

    assert_status(status, 0);
    bench->closed = true;
}

static void use_client(bench_t *bench)
{
    int rv = disco_kv_get(bench->client, "/a", NULL, on_got, bench, NULL);

    if (rv == 0)
        loop_run_until(&bench->loop, &bench->done);
    else
        bench->status = rv;
    if (bench->status != 0)
        assert_status(bench->status, UV_ENOMEM);
    assert_status(disco_client_close(bench->client, on_closed, bench), 0);
    loop_run_until(&bench->loop, &bench->closed);
}

static void fetch_a_token(void *data)
{
    bench_t bench = {.done = false};
    disco_options_t options;
    char endpoint[64];
    int rv;

    (void)data;
    loop_open(&bench.loop);
    bench.server = server_new(&bench.loop);
    server_set_handler(bench.server, on_request, &bench);
    (void)snprintf(endpoint, sizeof endpoint, "127.0.0.1:%u", (unsigned)server_port(bench.server));
    assert_status(disco_options_init(&options), 0);
    options.endpoints = endpoint;
    options.api = DISCO_API_V3;
    options.user = "user";
    options.password = "password";
    options.backoff_first_ms = options.backoff_most_ms = 1;
    rv = disco_client_new(&bench.client, &bench.loop.uv, &options);
    if (rv == 0)
        use_client(&bench);
    else
        assert_status(rv, UV_ENOMEM);
    server_free(bench.server);
    loop_close(&bench.loop);
}

DISCO_TEST(a_token_is_fetched_and_renewed)
{
    heap_sweep(fetch_a_token, NULL);
}
