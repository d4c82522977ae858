#include <llhttp.h>
#include <stdio.h>
#include <uv.h>

#include "cases.h"
#include "report.h"

static void case_about(const bench_arguments_t *arguments)
{
    char text[100];

    (void)arguments;
    (void)snprintf(text, sizeof text, "libuv %s, llhttp %d.%d.%d", uv_version_string(),
                   LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
    bench_report_about(text);
}

int main(int argc, char **argv)
{
    static const bench_case_t cases[] = {
        {"about", case_about},
        {"lookup", case_lookup},
        {"watch", case_watch},
        {NULL, NULL},
    };

    return bench_main(argc, argv, cases);
}
