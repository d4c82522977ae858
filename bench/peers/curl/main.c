/* What libcurl's multi interface costs on a libuv loop, with cJSON. The cases stand in files of
 * their own. */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>

#include "cases.h"
#include "program.h"
#include "report.h"

static void case_about(const bench_arguments_t *arguments)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    char text[200];

    (void)arguments;
    (void)snprintf(text, sizeof text, "libcurl %s, %s, cJSON %s, libuv %s", version->version,
                   version->ssl_version != NULL ? version->ssl_version : "no TLS", cJSON_Version(),
                   uv_version_string());
    bench_report_about(text);
}

int main(int argc, char **argv)
{
    static const bench_case_t cases[] = {
        {"about", case_about},         {"lookup", case_lookup},
        {"shared", case_shared},       {"watch", case_watch},
        {"heartbeat", case_heartbeat}, {"handshake", case_handshake},
        {"memory", case_memory},       {NULL, NULL},
    };

    return bench_main(argc, argv, cases);
}
