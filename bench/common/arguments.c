#include "arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

const char *bench_optional(const bench_arguments_t *arguments, const char *key)
{
    size_t length = strlen(key);
    char **pair;

    for (pair = arguments->pairs; *pair != NULL; pair++)
        if (strncmp(*pair, key, length) == 0 && (*pair)[length] == '=')
            return *pair + length + 1;
    return NULL;
}

const char *bench_text(const bench_arguments_t *arguments, const char *key, const char *fallback)
{
    const char *value = bench_optional(arguments, key);

    if (value == NULL)
        value = fallback;
    if (value == NULL)
        bench_fail("%s: %s= is missing", arguments->name, key);
    return value;
}

uint64_t bench_number(const bench_arguments_t *arguments, const char *key, uint64_t fallback)
{
    const char *value = bench_optional(arguments, key);
    char *end;
    unsigned long long number;

    if (value == NULL)
        return fallback;
    number = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0')
        bench_fail("%s: %s=%s is no number", arguments->name, key, value);
    return number;
}

void bench_url(const bench_arguments_t *arguments, bench_url_t *url)
{
    const char *text = bench_text(arguments, "url", NULL);

    url->is_https = strncmp(text, "https://", 8) == 0;
    if (!(url->is_https && sscanf(text + 8, "%255[^:/]:%7[0-9]", url->host, url->port) == 2) &&
        sscanf(text, "http://%255[^:/]:%7[0-9]", url->host, url->port) != 2)
        bench_fail("url=%s is not http[s]://host:port", text);
}
