/* lookup SERVICE: prints the hosts of a service, a URL and a private URL. */
#include <stdio.h>

#include "program.h"

static program_t program;
static int failed;

static void print_urls(const disco_service_t *service)
{
    char url[512];
    size_t size = sizeof url;
    const disco_host_t *first = disco_service_first(service);

    if (disco_service_url(service, "http", "/health", url, &size) == 0)
        printf("lookup: url %s\n", url);
    size = sizeof url;
    if (first != NULL && disco_host_private_url(first, "http", "/health", url, &size) == 0)
        printf("lookup: private url %s\n", url);
}

static void on_service(void *data, int status, const disco_service_t *service)
{
    const disco_host_t *const *hosts;
    size_t count;
    size_t i;

    (void)data;
    if (status == 0)
        status = disco_service_all(service, &hosts, &count);
    if (status != 0) {
        fprintf(stderr, "lookup: %s: %s\n", disco_strerror(status),
                disco_client_error_detail(program.client)->message);
        failed = 1;
    } else {
        printf("lookup: %zu hosts\n", count);
        for (i = 0; i < count; i++)
            printf("lookup: host %s port %s\n", hosts[i]->name, hosts[i]->ports[0].port);
        print_urls(service);
    }
    disco_client_close(program.client, NULL, NULL);
}

int main(int argc, char **argv)
{
    int rv;

    if (argc != 2) {
        fprintf(stderr, "usage: %s SERVICE\n", argv[0]);
        return 2;
    }
    if (!program_open(&program, NULL))
        return 1;
    rv = program_run(&program, disco_get(program.client, argv[1], NULL, on_service, NULL, NULL));
    return rv == 0 && failed ? 1 : rv;
}
