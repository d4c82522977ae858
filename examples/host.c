/* host SERVICE NAME PORT: registers NAME:PORT as a host of SERVICE and stays registered until
 * SIGTERM or SIGINT, on which it takes its host out of etcd. Where etcd is comes from the
 * environment (ETCD_HOSTS and so on). */
#include <stdio.h>

#include "program.h"

static void say(const program_t *program, const char *what, int status)
{
    printf("host %s: %s%s%s\n", program->name, what, status != 0 ? ": " : "",
           status != 0 ? disco_strerror(status) : "");
    fflush(stdout);
}

static void on_registration(void *data, disco_registration_t *registration,
                            const disco_registration_event_t *event)
{
    const program_t *program = data;

    (void)registration;
    switch (event->type) {
    case DISCO_REGISTRATION_READY:
        say(program, "READY", 0);
        break;
    case DISCO_REGISTRATION_LOST:
        say(program, "LOST", event->status);
        break;
    case DISCO_REGISTRATION_RECOVERED:
        say(program, "RECOVERED", 0);
        break;
    case DISCO_REGISTRATION_CREDENTIALS:
        say(program, "CREDENTIALS changed", 0);
        break;
    case DISCO_REGISTRATION_UPDATED:
        say(program, "UPDATED", 0);
        break;
    case DISCO_REGISTRATION_RETRYING:
        say(program, "RETRYING", event->status);
        break;
    case DISCO_REGISTRATION_CLOSED:
        say(program, "CLOSED", event->status);
        break;
    }
}

static void stop(program_t *program)
{
    disco_client_shutdown(program->client, 5000, NULL, NULL);
}

int main(int argc, char **argv)
{
    static program_t program;
    disco_port_t port = {.scheme = "http"};
    disco_host_t host = {.ports = &port, .port_count = 1};

    if (argc != 4) {
        fprintf(stderr, "usage: %s SERVICE NAME PORT\n", argv[0]);
        return 2;
    }
    program.name = argv[2];
    host.name = argv[2];
    port.port = argv[3];
    if (!program_open(&program, stop))
        return 1;
    return program_run(&program, disco_register(program.client, argv[1], &host, NULL,
                                                on_registration, &program, NULL));
}
