/* Happy path: one endpoint is in use and stays so while it answers.
 * Failure modes: one that fails is left alone for a while (backoff with full jitter) and the next
 * one takes its place; when all are being left alone, the one whose time is up first is tried. */
#include "etcd/endpoints.h"

#include <stdio.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/timer.h"
#include "etcd/endpoint_url.h"
#include "http/writer.h"

int disco__endpoints_check(const char *text, bool *wants_tls)
{
    const char *item;
    size_t size;
    disco__endpoint_url_t url;

    *wants_tls = false;
    if (*text == '\0' || text[strlen(text) - 1] == ',')
        return DISCO_EENDPOINT; /* none, or an empty one at the end */
    while (disco__endpoint_list_next(&text, &item, &size)) {
        if (disco__endpoint_url_parse(item, size, &url) != 0)
            return DISCO_EENDPOINT;
        *wants_tls = *wants_tls || url.tls;
    }
    return 0;
}

static int endpoint_init(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint,
                         const disco__endpoint_url_t *url, disco__tls_t *tls,
                         const disco__pool_options_t *options)
{
    char host[264];
    char text[sizeof host + 8];
    char *name;
    bool address = memchr(url->host, ':', url->host_size) != NULL;
    int rv;

    (void)snprintf(host, sizeof host, address ? "[%.*s]:%u" : "%.*s:%u", (int)url->host_size,
                   url->host, (unsigned)url->port);
    (void)snprintf(text, sizeof text, "%s://%s", tls != NULL ? "https" : "http", host);
    endpoint->host = disco__strdup(host);
    endpoint->url = disco__strdup(text);
    name = disco__strndup(url->host, url->host_size);
    rv = UV_ENOMEM;
    if (endpoint->host != NULL && endpoint->url != NULL && name != NULL)
        rv = disco__target_init(&endpoint->target, name, url->port, tls);
    disco__free(name);
    if (rv != 0) {
        disco__free(endpoint->host);
        disco__free(endpoint->url);
        return rv;
    }
    disco__pool_init(&endpoint->pool, endpoints->loop, &endpoint->target, options);
    disco__backoff_init(&endpoint->backoff, endpoints->backoff_first_ms,
                        endpoints->backoff_most_ms);
    return 0;
}

static int set_authorization(disco__endpoints_t *endpoints,
                             const disco__endpoints_options_t *options)
{
    disco__buffer_t value;
    int rv;

    if (options->user == NULL)
        return 0;
    disco__buffer_init(&value);
    rv = disco__http_write_basic(&value, options->user,
                                 options->password != NULL ? options->password : "");
    if (rv == 0) {
        endpoints->authorization = disco__strdup(disco__buffer_text(&value));
        rv = endpoints->authorization != NULL ? 0 : UV_ENOMEM;
    }
    disco__buffer_free_secret(&value);
    return rv;
}

int disco__endpoints_init(disco__endpoints_t *endpoints, disco__loop_t *loop, const char *text,
                          disco__tls_t *tls, const disco__endpoints_options_t *options)
{
    const char *rest = text;
    const char *item;
    size_t size;
    size_t count = 0;
    int rv;

    memset(endpoints, 0, sizeof *endpoints);
    endpoints->loop = loop;
    endpoints->backoff_first_ms = options->backoff_first_ms;
    endpoints->backoff_most_ms = options->backoff_most_ms;
    while (disco__endpoint_list_next(&rest, &item, &size))
        count++;
    if (count == 0)
        return DISCO_EENDPOINT;
    rv = set_authorization(endpoints, options);
    if (rv != 0)
        return rv;
    endpoints->list = disco__calloc(count, sizeof *endpoints->list);
    if (endpoints->list == NULL) {
        rv = UV_ENOMEM;
        goto err_after_authorization;
    }
    while (disco__endpoint_list_next(&text, &item, &size)) {
        disco__endpoint_url_t url;

        rv = disco__endpoint_url_parse(item, size, &url);
        if (rv == 0 && url.tls && tls == NULL)
            rv = UV_EINVAL;
        if (rv == 0)
            rv = endpoint_init(endpoints, &endpoints->list[endpoints->count], &url, tls,
                               &options->pool);
        if (rv != 0)
            goto err_after_authorization;
        endpoints->count++;
    }
    /* A fleet that was given the same list spreads over its members. */
    endpoints->current = (size_t)disco__random_below(&loop->random, endpoints->count);
    return 0;

err_after_authorization:
    disco__endpoints_close(endpoints);
    return rv;
}

void disco__endpoints_close(disco__endpoints_t *endpoints)
{
    size_t i;

    for (i = 0; endpoints->list != NULL && i < endpoints->count; i++) {
        disco__endpoint_t *endpoint = &endpoints->list[i];

        disco__pool_close(&endpoint->pool);
        disco__target_free(&endpoint->target);
        disco__free(endpoint->host);
        disco__free(endpoint->url);
    }
    disco__free(endpoints->list);
    disco__free_secret(endpoints->authorization);
    endpoints->list = NULL;
    endpoints->authorization = NULL;
    endpoints->count = 0;
}

disco__endpoint_t *disco__endpoints_pick(disco__endpoints_t *endpoints)
{
    uint64_t now = disco__now(endpoints->loop);
    size_t best = endpoints->current;
    size_t i;

    for (i = 0; i < endpoints->count; i++) {
        size_t index = (endpoints->current + i) % endpoints->count;

        if (endpoints->list[index].avoid_until_ms <= now) {
            best = index;
            break;
        }
        if (endpoints->list[index].avoid_until_ms < endpoints->list[best].avoid_until_ms)
            best = index;
    }
    endpoints->current = best;
    return &endpoints->list[best];
}

void disco__endpoints_succeeded(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint)
{
    if (endpoint->avoid_until_ms != 0)
        disco__log(&endpoints->loop->log, DISCO_LOG_INFO, "%s: answers again", endpoint->url);
    endpoint->avoid_until_ms = 0;
    disco__backoff_reset(&endpoint->backoff);
}

static void move_on(disco__endpoints_t *endpoints, const disco__endpoint_t *from)
{
    if (from == &endpoints->list[endpoints->current])
        endpoints->current = (endpoints->current + 1) % endpoints->count;
}

bool disco__endpoints_passed(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint)
{
    disco__endpoints_succeeded(endpoints, endpoint);
    move_on(endpoints, endpoint);
    return disco__endpoints_pick(endpoints) != endpoint;
}

void disco__endpoints_failed(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint,
                             const disco__failure_t *failure)
{
    uint64_t now = disco__now(endpoints->loop);

    disco__log(&endpoints->loop->log, DISCO_LOG_WARNING, "%s: %s%s%s", endpoint->url,
               disco_strerror(failure->status), failure->message[0] != '\0' ? ": " : "",
               failure->message);
    /* What else was under way there fails now as well: that is the same failure, not one more. */
    if (endpoint->avoid_until_ms <= now)
        endpoint->avoid_until_ms =
            now + 1 + disco__backoff_next(&endpoint->backoff, &endpoints->loop->random);
    disco__pool_drop_idle(&endpoint->pool);
    move_on(endpoints, endpoint);
}
