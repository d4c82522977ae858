/* subscriber SERVICE: prints who comes and goes until SIGTERM or SIGINT. */
#include <stdio.h>

#include "program.h"

static void on_change(void *data, disco_subscription_t *subscription,
                      const disco_subscription_event_t *event)
{
    static const char *const names[] = {
        [DISCO_SUBSCRIPTION_SNAPSHOT] = "SNAPSHOT",
        [DISCO_SUBSCRIPTION_SYNCED] = "SYNCED",
        [DISCO_SUBSCRIPTION_UP] = "UP",
        [DISCO_SUBSCRIPTION_CHANGED] = "CHANGED",
        [DISCO_SUBSCRIPTION_DOWN] = "DOWN",
        [DISCO_SUBSCRIPTION_INFO] = "INFO",
        [DISCO_SUBSCRIPTION_STALE] = "STALE",
        [DISCO_SUBSCRIPTION_CLOSED] = "CLOSED",
    };
    char hosts[1024] = "";
    size_t size = sizeof hosts;

    (void)data, (void)subscription;
    if (event->host != NULL)
        printf("subscriber: %s %s\n", names[event->type], event->host->name);
    else if (event->service != NULL &&
             disco_service_hosts_string(event->service, hosts, &size) == 0)
        printf("subscriber: %s [%s]\n", names[event->type], hosts);
    else
        printf("subscriber: %s\n", names[event->type]);
    fflush(stdout);
}

static void stop(program_t *program)
{
    disco_client_close(program->client, NULL, NULL);
}

int main(int argc, char **argv)
{
    static program_t program;

    if (argc != 2) {
        fprintf(stderr, "usage: %s SERVICE\n", argv[0]);
        return 2;
    }
    if (!program_open(&program, stop))
        return 1;
    return program_run(&program,
                       disco_subscribe(program.client, argv[1], NULL, on_change, NULL, NULL));
}
