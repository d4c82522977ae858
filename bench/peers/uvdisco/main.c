/* What this library costs. The cases stand in files of their own. */
#include <mbedtls/version.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "report.h"

disco_client_t *case_client(uv_loop_t *loop, const bench_arguments_t *arguments)
{
    disco_options_t options;
    disco_client_t *client = NULL;
    const char *api = bench_text(arguments, "api", "v3");
    int rv;

    disco_options_init(&options);
    options.endpoints = bench_text(arguments, "url", NULL);
    if (strcmp(api, "v2") == 0)
        options.api = DISCO_API_V2;
    else if (strcmp(api, "v3") == 0)
        options.api = DISCO_API_V3;
    else
        bench_fail("api=%s is neither v2 nor v3", api);
    options.tls_ca = bench_optional(arguments, "ca");
    options.tls_certificate = bench_optional(arguments, "cert");
    options.tls_key = bench_optional(arguments, "key");
    options.idle_timeout_ms = (uint32_t)bench_number(arguments, "idle_ms", 0);
    options.max_connections = (uint32_t)bench_number(arguments, "connections", 0);
    options.max_response_bytes = (size_t)bench_number(arguments, "most_bytes", 0);
    rv = disco_client_new(&client, loop, &options);
    if (rv != 0)
        bench_fail("client: %s (%s)", disco_strerror(rv),
                   options.at_fault != NULL ? options.at_fault : "-");
    return client;
}

void case_check(const disco_client_t *client, int status, const char *what)
{
    if (status != 0)
        bench_fail("%s: %s: %s", what, disco_strerror(status),
                   disco_client_error_detail(client)->message);
}

static void case_about(const bench_arguments_t *arguments)
{
    char text[100];

    (void)arguments;
    (void)snprintf(text, sizeof text, "uvdisco %s, libuv %s, mbedTLS %s", disco_version_string(),
                   uv_version_string(), MBEDTLS_VERSION_STRING);
    bench_report_about(text);
}

int main(int argc, char **argv)
{
    static const bench_case_t cases[] = {
        {"about", case_about},
        {"lookup", case_lookup},
        {"shared", case_shared},
        {"watch", case_watch},
        {"heartbeat", case_heartbeat},
        {"pick", case_pick},
        {"latency", case_latency},
        {"handshake", case_handshake},
        {"memory", case_memory},
        {"fleet", case_fleet},
        {NULL, NULL},
    };

    return bench_main(argc, argv, cases);
}
