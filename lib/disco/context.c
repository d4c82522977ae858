#include "disco/context.h"

#include <string.h>

void disco__client_set_failure(disco_client_t *client, const disco__failure_t *failure)
{
    if (failure != &client->failure)
        client->failure = *failure;
    client->detail.status = client->failure.status;
    client->detail.etcd_code = client->failure.etcd_code;
    client->detail.endpoint = client->failure.endpoint;
    client->detail.message = client->failure.message;
    client->detail.api = client->failure.api != NULL ? client->failure.api : "";
}

void disco__client_set_status(disco_client_t *client, int status)
{
    disco__failure_t failure;

    disco__failure_clear(&failure);
    failure.status = status;
    disco__client_set_failure(client, &failure);
}

const disco_error_detail_t *disco_client_error_detail(const disco_client_t *client)
{
    return client != NULL ? &client->detail : NULL;
}

int disco__client_check(const disco_client_t *client)
{
    if (client == NULL)
        return UV_EINVAL;
    return client->refusing ? DISCO_ECLOSING : 0;
}

disco__pursuit_t disco__client_pursuit(const disco_client_t *client)
{
    disco__pursuit_t pursuit = {
        .attempt_ms = client->settings.attempt_ms,
        .total_ms = client->settings.request_ms,
    };

    return pursuit;
}

static void on_cancelled(disco__tick_t *tick)
{
    disco_request_t *request = disco__container_of(tick, disco_request_t, tick);

    disco__client_set_status(request->client, UV_ECANCELED);
    request->finish(request, UV_ECANCELED);
}

void disco__request_begin(disco_request_t *request, disco_client_t *client,
                          void (*stop)(disco_request_t *request),
                          void (*finish)(disco_request_t *request, int status))
{
    request->client = client;
    request->cancelled = false;
    request->stop = stop;
    request->finish = finish;
    disco__tick_init(&request->tick, on_cancelled);
    disco__queue_push(&client->requests, &request->node);
    disco__loop_hold(&client->loop);
}

void disco__request_end(disco_request_t *request)
{
    disco__queue_remove(&request->node);
    disco__loop_release(&request->client->loop);
}

int disco_request_cancel(disco_request_t *request)
{
    if (request == NULL)
        return UV_EINVAL;
    if (request->cancelled)
        return DISCO_ECLOSING;
    request->cancelled = true;
    request->stop(request);
    disco__tick_schedule(&request->client->loop, &request->tick);
    return 0;
}
