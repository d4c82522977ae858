/* Happy path: libcurl says which sockets it waits for (on_socket) and until when (on_timeout);
 * whenever one of these comes, it is told, and what is complete by then is handed over. Failure
 * modes: a transfer that fails, or is answered with another status than 200 or 201, ends the
 * program; so does one that nothing comes of, by the guard. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct watched_s {
    uv_poll_t poll;
    engine_t *engine;
    curl_socket_t socket;
} watched_t;

static void check_multi(CURLMcode code)
{
    if (code != CURLM_OK)
        bench_fail("libcurl: %s", curl_multi_strerror(code));
}

static void check_easy(CURLcode code)
{
    if (code != CURLE_OK)
        bench_fail("libcurl: %s", curl_easy_strerror(code));
}

static void end_transfer(CURL *easy, CURLcode code)
{
    transfer_t *transfer;
    char *url = NULL;
    long status = 0;

    check_easy(curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer));
    (void)curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && !transfer->is_enough)
        bench_fail("%s: %s", url, curl_easy_strerror(code));
    if (status != 200 && status != 201)
        bench_fail("%s: status %ld", url, status);
    transfer_cancel(transfer);
    transfer->engine->requests++;
    transfer->engine->guard.alive++;
    transfer->on_done(transfer);
}

/* A callback may stop the engine. */
static void look(engine_t *engine)
{
    CURLMsg *message;
    int left;

    while (engine->multi != NULL && (message = curl_multi_info_read(engine->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            end_transfer(message->easy_handle, message->data.result);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    watched_t *watched = poll->data;
    engine_t *engine = watched->engine;
    int flags = 0;
    int running;

    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    check_multi(curl_multi_socket_action(engine->multi, watched->socket, flags, &running));
    look(engine);
}

static void on_time(uv_timer_t *timer)
{
    engine_t *engine = timer->data;
    int running;

    check_multi(curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running));
    look(engine);
}

static int on_timeout(CURLM *multi, long timeout_ms, void *data)
{
    engine_t *engine = data;

    (void)multi;
    if (timeout_ms < 0)
        bench_check(uv_timer_stop(&engine->timer), "timer");
    else
        bench_check(uv_timer_start(&engine->timer, on_time, (uint64_t)timeout_ms, 0), "timer");
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *kept)
{
    engine_t *engine = data;
    watched_t *watched = kept;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL)
            uv_close((uv_handle_t *)&watched->poll, on_poll_closed);
        return 0;
    }
    if (watched == NULL) {
        watched = bench_allocate(1, sizeof *watched);
        watched->engine = engine;
        watched->socket = socket;
        watched->poll.data = watched;
        bench_check(uv_poll_init_socket(&engine->loop, &watched->poll, socket), "poll");
        check_multi(curl_multi_assign(engine->multi, socket, watched));
    }
    if (what & CURL_POLL_IN)
        events |= UV_READABLE;
    if (what & CURL_POLL_OUT)
        events |= UV_WRITABLE;
    bench_check(uv_poll_start(&watched->poll, events, on_ready), "poll");
    return 0;
}

void engine_start(engine_t *engine, const bench_arguments_t *arguments, size_t connections)
{
    const char *api = bench_text(arguments, "api", "v3");

    engine->arguments = arguments;
    engine->url = bench_text(arguments, "url", NULL);
    engine->is_v2 = strcmp(api, "v2") == 0;
    if (!engine->is_v2 && strcmp(api, "v3") != 0)
        bench_fail("api=%s is neither v2 nor v3", api);
    check_easy(curl_global_init(CURL_GLOBAL_DEFAULT));
    bench_check(uv_loop_init(&engine->loop), "loop");
    bench_guard_start(&engine->guard, &engine->loop, arguments);
    bench_check(uv_timer_init(&engine->loop, &engine->timer), "timer");
    engine->timer.data = engine;
    engine->multi = curl_multi_init();
    if (engine->multi == NULL)
        bench_fail("libcurl cannot be started");
    check_multi(curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_socket));
    check_multi(curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine));
    check_multi(curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timeout));
    check_multi(curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine));
    check_multi(curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, (long)connections));
}

void engine_stop(engine_t *engine)
{
    CURLM *multi = engine->multi;

    engine->multi = NULL;
    check_multi(curl_multi_cleanup(multi));
    uv_close((uv_handle_t *)&engine->timer, NULL);
    bench_guard_stop(&engine->guard);
}

void engine_run(engine_t *engine)
{
    uv_run(&engine->loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&engine->loop), "closing the loop");
    curl_global_cleanup();
}

static size_t on_body(char *data, size_t one, size_t size, void *kept)
{
    transfer_t *transfer = kept;

    (void)one;
    if (transfer->on_body != NULL) {
        transfer->on_body(transfer, data, size);
        return transfer->is_enough ? 0 : size;
    }
    if (transfer->room - transfer->size < size) {
        transfer->room = (transfer->size + size) * 2;
        transfer->body = realloc(transfer->body, transfer->room);
        if (transfer->body == NULL)
            bench_fail("out of memory");
    }
    memcpy(transfer->body + transfer->size, data, size);
    transfer->size += size;
    return size;
}

static void set_text(transfer_t *transfer, CURLoption option, const char *key)
{
    const char *text = bench_optional(transfer->engine->arguments, key);

    if (text != NULL)
        check_easy(curl_easy_setopt(transfer->easy, option, text));
}

void transfer_open(transfer_t *transfer, engine_t *engine, transfer_cb on_done, void *data)
{
    memset(transfer, 0, sizeof *transfer);
    transfer->engine = engine;
    transfer->on_done = on_done;
    transfer->data = data;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        bench_fail("out of memory");
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer));
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L));
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body));
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer));
    set_text(transfer, CURLOPT_CAINFO, "ca");
    set_text(transfer, CURLOPT_SSLCERT, "cert");
    set_text(transfer, CURLOPT_SSLKEY, "key");
}

void transfer_close(transfer_t *transfer)
{
    transfer_cancel(transfer);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    free(transfer->body);
    memset(transfer, 0, sizeof *transfer);
}

static void set_target(transfer_t *transfer, const char *target)
{
    char url[700];

    (void)snprintf(url, sizeof url, "%s%s", transfer->engine->url, target);
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_URL, url));
}

void transfer_get(transfer_t *transfer, const char *target)
{
    set_target(transfer, target);
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L));
}

static void set_type(transfer_t *transfer, const char *type)
{
    char header[100];

    if (transfer->headers != NULL)
        return;
    (void)snprintf(header, sizeof header, "Content-Type: %s", type);
    transfer->headers = curl_slist_append(NULL, header);
    /* No pause before a large body. */
    transfer->headers = curl_slist_append(transfer->headers, "Expect:");
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers));
}

void transfer_send(transfer_t *transfer, const char *method, const char *target, const char *type,
                   const char *body, size_t size)
{
    set_target(transfer, target);
    set_type(transfer, type != NULL ? type : "application/json");
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE, (long)size));
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, body));
    check_easy(curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, method));
}

void transfer_start(transfer_t *transfer)
{
    transfer->size = 0;
    transfer->is_running = 1;
    check_multi(curl_multi_add_handle(transfer->engine->multi, transfer->easy));
}

void transfer_cancel(transfer_t *transfer)
{
    if (!transfer->is_running)
        return;
    transfer->is_running = 0;
    check_multi(curl_multi_remove_handle(transfer->engine->multi, transfer->easy));
}
