/* Registers this process as a host of "web", follows the service, looks it up once registered. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <uvdisco.h>

static disco_client_t *client;

static void check(int rv, const char *what)
{
    if (rv == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, disco_strerror(rv));
    exit(1);
}

static void on_service(void *data, int status, const disco_service_t *service)
{
    char url[256];
    size_t size = sizeof url;

    check(status, "lookup");
    check(disco_service_url(service, "http", "/health", url, &size), "URL");
    printf("%s answers at %s\n", (const char *)data, url);
    disco_client_shutdown(client, 0, NULL, NULL); /* takes our host out of etcd, then closes */
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    if (event->type == DISCO_REGISTRATION_READY)
        check(disco_get(client, data, NULL, on_service, data, NULL), "lookup");
    printf("registration %s: event %d\n", disco_registration_uuid(registration), event->type);
}

static void on_change(void *data, disco_subscription_t *subscription,
                      const disco_subscription_event_t *event)
{
    (void)data, (void)subscription;
    if (event->type == DISCO_SUBSCRIPTION_UP || event->type == DISCO_SUBSCRIPTION_DOWN)
        printf("%s: %s\n", event->type == DISCO_SUBSCRIPTION_UP ? "up" : "down", event->host->uuid);
}

int main(void)
{
    disco_port_t port = {"http", "8080"};
    disco_host_t host = {.name = "127.0.0.1", .ports = &port, .port_count = 1};
    disco_options_t options;
    char web[] = "web";

    disco_options_init(&options);
    check(disco_options_from_env(&options), "environment");
    signal(SIGPIPE, SIG_IGN); /* as every program on libuv that writes to sockets */
    check(disco_client_new(&client, uv_default_loop(), &options), "client");
    check(disco_subscribe(client, web, NULL, on_change, NULL, NULL), "subscribe");
    check(disco_register(client, web, &host, NULL, on_registration, web, NULL), "register");
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
