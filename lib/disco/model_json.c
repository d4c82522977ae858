/* Hosts and infos as JSON: fields, order and omissions are those of the Go package's structs
 * (service/host.go, service/service.go). */
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"
#include "disco/model.h"
#include "json/read.h"
#include "json/write.h"

/* The list must be sorted by scheme. */
static void write_ports(disco__json_object_t *object, const char *name, const disco_port_t *ports,
                        size_t count)
{
    disco__json_object_t map;
    size_t i;

    disco__json_object_key(object, name);
    if (ports == NULL) {
        disco__buffer_append_text(object->out, "null");
        return;
    }
    disco__json_object_begin(&map, object->out);
    for (i = 0; i < count; i++)
        disco__json_object_string(&map, ports[i].scheme, ports[i].port);
    disco__json_object_end(&map);
}

static void write_sorted_host(disco__buffer_t *out, const disco_host_t *host)
{
    disco__json_object_t object;

    disco__json_object_begin(&object, out);
    disco__json_object_string(&object, "name", host->name);
    disco__json_object_string(&object, "service_name", host->service_name);
    write_ports(&object, "ports", host->ports, host->port_count);
    disco__json_object_string_unless_empty(&object, "user", host->user);
    disco__json_object_string_unless_empty(&object, "password", host->password);
    disco__json_object_true_only(&object, "public", host->is_public);
    disco__json_object_string_unless_empty(&object, "private_hostname", host->private_hostname);
    if (host->private_port_count > 0)
        write_ports(&object, "private_ports", host->private_ports, host->private_port_count);
    disco__json_object_true_only(&object, "critical", host->critical);
    disco__json_object_string_unless_empty(&object, "shard", host->shard);
    disco__json_object_string_unless_empty(&object, "uuid", host->uuid);
    disco__json_object_end(&object);
}

int disco__host_write(disco__buffer_t *out, const disco_host_t *host)
{
    disco__host_t *sorted;

    if (disco__host_copy(&sorted, host) != 0)
        return UV_ENOMEM;
    write_sorted_host(out, &sorted->host);
    disco__host_unref(sorted);
    return out->error;
}

int disco__info_write(disco__buffer_t *out, const disco_service_info_t *info)
{
    disco__json_object_t object;
    disco_service_info_t *sorted;

    if (disco__info_copy(&sorted, info) != 0)
        return UV_ENOMEM;
    disco__json_object_begin(&object, out);
    disco__json_object_string(&object, "name", sorted->name);
    disco__json_object_bool(&object, "critical", sorted->critical);
    disco__json_object_string_unless_empty(&object, "hostname", sorted->hostname);
    disco__json_object_string_unless_empty(&object, "user", sorted->user);
    disco__json_object_string_unless_empty(&object, "password", sorted->password);
    if (sorted->port_count > 0)
        write_ports(&object, "ports", sorted->ports, sorted->port_count);
    disco__json_object_true_only(&object, "public", sorted->is_public);
    disco__json_object_end(&object);
    disco__info_free(sorted);
    return out->error;
}

/* An array of the members of a map, to be freed; NULL for null and for none. The strings are the
 * tree's. */
static int read_ports(const cJSON *tree, const char *name, const disco_port_t **ports,
                      size_t *count)
{
    const cJSON *map = disco__json_member(tree, name);
    const cJSON *member;
    disco_port_t *list;

    *ports = NULL;
    *count = 0;
    if (map == NULL || cJSON_IsNull(map))
        return 0;
    if (!cJSON_IsObject(map))
        return DISCO_EPROTOCOL;
    list = disco__calloc((size_t)cJSON_GetArraySize(map) + 1, sizeof *list);
    if (list == NULL)
        return UV_ENOMEM;
    *ports = list;
    cJSON_ArrayForEach(member, map)
    {
        if (!cJSON_IsString(member) && !cJSON_IsNull(member))
            return DISCO_EPROTOCOL; /* the list is the caller's to free all the same */
        list[*count].scheme = member->string;
        list[(*count)++].port = cJSON_IsString(member) ? member->valuestring : "";
    }
    return 0;
}

static void free_ports(const disco_port_t *ports)
{
    disco_port_t *list = NULL;

    memcpy(&list, &ports, sizeof list); /* was allocated here, whatever the model's const says */
    disco__free(list);
}

static bool read_host_fields(const cJSON *tree, disco_host_t *host)
{
    return disco__json_string(tree, "name", &host->name) &&
           disco__json_string(tree, "service_name", &host->service_name) &&
           disco__json_string(tree, "user", &host->user) &&
           disco__json_string(tree, "password", &host->password) &&
           disco__json_bool(tree, "public", &host->is_public) &&
           disco__json_string(tree, "private_hostname", &host->private_hostname) &&
           disco__json_bool(tree, "critical", &host->critical) &&
           disco__json_string(tree, "shard", &host->shard) &&
           disco__json_string(tree, "uuid", &host->uuid);
}

/* What is not UTF-8 is refused here, where it concerns one value only. */
static int parse(const char *json, size_t size, cJSON **tree)
{
    if (!disco__text_is_utf8(json, size))
        return DISCO_EPROTOCOL;
    return disco__json_parse(json, size, tree);
}

int disco__host_read(disco__host_t **out, const char *json, size_t size)
{
    disco_host_t host = {0};
    cJSON *tree;
    int rv = parse(json, size, &tree);

    if (rv != 0)
        return rv;
    rv = read_host_fields(tree, &host) ? 0 : DISCO_EPROTOCOL;
    if (rv == 0)
        rv = read_ports(tree, "ports", &host.ports, &host.port_count);
    if (rv == 0)
        rv = read_ports(tree, "private_ports", &host.private_ports, &host.private_port_count);
    if (rv == 0)
        rv = disco__host_copy(out, &host);
    free_ports(host.ports);
    free_ports(host.private_ports);
    disco__json_free(tree);
    return rv;
}

static bool read_info_fields(const cJSON *tree, disco_service_info_t *info)
{
    return disco__json_string(tree, "name", &info->name) &&
           disco__json_bool(tree, "critical", &info->critical) &&
           disco__json_string(tree, "hostname", &info->hostname) &&
           disco__json_string(tree, "user", &info->user) &&
           disco__json_string(tree, "password", &info->password) &&
           disco__json_bool(tree, "public", &info->is_public);
}

int disco__info_read(disco_service_info_t **out, const char *json, size_t size)
{
    disco_service_info_t info = {0};
    cJSON *tree;
    int rv = parse(json, size, &tree);

    if (rv != 0)
        return rv;
    rv = read_info_fields(tree, &info) ? 0 : DISCO_EPROTOCOL;
    if (rv == 0)
        rv = read_ports(tree, "ports", &info.ports, &info.port_count);
    if (rv == 0)
        rv = disco__info_copy(out, &info);
    free_ports(info.ports);
    disco__json_free(tree);
    return rv;
}
