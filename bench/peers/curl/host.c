/* The texts are taken over from the tree, not copied: they are blocks of cJSON's own, which is left
 * with its default allocator. */
#include "host.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static char *take(char **text)
{
    char *taken = *text;

    *text = NULL;
    return taken;
}

static void read_ports(cJSON *object, port_t **ports, size_t *count)
{
    cJSON *item;
    size_t i = 0;

    if (!cJSON_IsObject(object))
        return;
    *count = (size_t)cJSON_GetArraySize(object);
    *ports = bench_allocate(*count + 1, sizeof **ports);
    cJSON_ArrayForEach(item, object)
    {
        (*ports)[i].scheme = take(&item->string);
        (*ports)[i++].port = take(&item->valuestring);
    }
}

static void read_field(host_t *host, cJSON *item)
{
    const struct {
        const char *name;
        char **field;
    } texts[] = {
        {"name", &host->name},   {"service_name", &host->service_name},
        {"user", &host->user},   {"password", &host->password},
        {"uuid", &host->uuid},   {"private_hostname", &host->private_hostname},
        {"shard", &host->shard},
    };
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(item->string, texts[i].name) == 0) {
            free(*texts[i].field);
            *texts[i].field = take(&item->valuestring);
            return;
        }
    }
    if (strcmp(item->string, "ports") == 0 && host->ports == NULL)
        read_ports(item, &host->ports, &host->port_count);
    else if (strcmp(item->string, "private_ports") == 0 && host->private_ports == NULL)
        read_ports(item, &host->private_ports, &host->private_port_count);
    else if (strcmp(item->string, "public") == 0)
        host->is_public = cJSON_IsTrue(item);
    else if (strcmp(item->string, "critical") == 0)
        host->is_critical = cJSON_IsTrue(item);
}

void host_read(host_t *host, const char *json, size_t size)
{
    cJSON *tree = cJSON_ParseWithLength(json, size);
    cJSON *item;

    memset(host, 0, sizeof *host);
    if (!cJSON_IsObject(tree))
        bench_fail("a host is no JSON");
    cJSON_ArrayForEach(item, tree) read_field(host, item);
    cJSON_Delete(tree);
    if (host->name == NULL || host->name[0] == '\0' || host->uuid == NULL ||
        host->uuid[0] == '\0' || host->port_count == 0)
        bench_fail("a host is not whole");
}

static void free_ports(port_t *ports, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        free(ports[i].scheme);
        free(ports[i].port);
    }
    free(ports);
}

void host_free(host_t *host)
{
    free(host->name);
    free(host->service_name);
    free(host->user);
    free(host->password);
    free(host->private_hostname);
    free(host->shard);
    free(host->uuid);
    free_ports(host->ports, host->port_count);
    free_ports(host->private_ports, host->private_port_count);
}

void hosts_free(hosts_t *hosts)
{
    size_t i;

    for (i = 0; i < hosts->count; i++)
        host_free(&hosts->host[i]);
    free(hosts->host);
    memset(hosts, 0, sizeof *hosts);
}
