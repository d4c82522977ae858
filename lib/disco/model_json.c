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

/* The list must be sorted by scheme, bytewise, as Go sorts the keys of a map. */
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

/* Makes room at once for the JSON of a copy of that size, each of its bytes written as \u00xx at
 * worst: a buffer that grows leaves the password behind in freed memory. */
static int reserve(disco__buffer_t *out, size_t size)
{
    const size_t names = 256; /* all field names with what stands around their values */

    if (!disco__size_mul(size, 6, &size) || !disco__size_add(size, names, &size))
        return UV_ENOMEM;
    return out->limit == 0 ? disco__buffer_reserve(out, size) : out->error;
}

int disco__host_write(disco__buffer_t *out, const disco_host_t *host)
{
    disco__host_t *sorted;
    int rv;

    if (disco__host_copy(&sorted, host) != 0)
        return UV_ENOMEM;
    rv = reserve(out, sorted->size);
    if (rv == 0) {
        write_sorted_host(out, &sorted->host);
        rv = out->error;
    }
    disco__host_unref(sorted);
    return rv;
}

static void write_sorted_info(disco__buffer_t *out, const disco_service_info_t *info)
{
    disco__json_object_t object;

    disco__json_object_begin(&object, out);
    disco__json_object_string(&object, "name", info->name);
    disco__json_object_bool(&object, "critical", info->critical);
    disco__json_object_string_unless_empty(&object, "hostname", info->hostname);
    disco__json_object_string_unless_empty(&object, "user", info->user);
    disco__json_object_string_unless_empty(&object, "password", info->password);
    if (info->port_count > 0)
        write_ports(&object, "ports", info->ports, info->port_count);
    disco__json_object_true_only(&object, "public", info->is_public);
    disco__json_object_end(&object);
}

int disco__info_write(disco__buffer_t *out, const disco_service_info_t *info)
{
    disco_service_info_t *sorted;
    int rv;

    if (disco__info_copy(&sorted, info) != 0)
        return UV_ENOMEM;
    rv = reserve(out, disco__info_size(sorted));
    if (rv == 0) {
        write_sorted_info(out, sorted);
        rv = out->error;
    }
    disco__info_free(sorted);
    return rv;
}

/* Adds the members of a map to the list, which has room for them. A port that is null is an empty
 * one; of a scheme given twice the last is kept when the list is copied. As Go does both. */
static int read_map(const cJSON *map, disco_port_t *list, size_t *count)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, map)
    {
        if (!cJSON_IsString(member) && !cJSON_IsNull(member))
            return DISCO_EPROTOCOL;
        list[*count].scheme = member->string;
        list[(*count)++].port = cJSON_IsString(member) ? member->valuestring : "";
    }
    return 0;
}

/* An array, to be freed also after an error; NULL for null and for none. The strings are the
 * tree's. Of several maps of that name Go makes one, and a null forgets those before it. */
static int read_ports(const cJSON *tree, const char *name, disco_port_t **ports, size_t *count)
{
    const cJSON *map = NULL;
    disco_port_t *list;
    size_t most = 0;
    int rv = 0;

    while ((map = disco__json_next_member(tree, name, map)) != NULL)
        most += (size_t)cJSON_GetArraySize(map) + 1;
    if (most == 0)
        return 0;
    list = disco__calloc(most, sizeof *list);
    if (list == NULL)
        return UV_ENOMEM;
    *ports = list;
    while (rv == 0 && (map = disco__json_next_member(tree, name, map)) != NULL) {
        if (cJSON_IsNull(map))
            *count = 0;
        else
            rv = cJSON_IsObject(map) ? read_map(map, list, count) : DISCO_EPROTOCOL;
    }
    if (rv == 0 && cJSON_IsNull(disco__json_member(tree, name))) {
        *ports = NULL;
        disco__free(list);
    }
    return rv;
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
    disco_port_t *ports = NULL;
    disco_port_t *private_ports = NULL;
    cJSON *tree;
    int rv = parse(json, size, &tree);

    if (rv != 0)
        return rv;
    rv = read_host_fields(tree, &host) ? 0 : DISCO_EPROTOCOL;
    if (rv == 0)
        rv = read_ports(tree, "ports", &ports, &host.port_count);
    if (rv == 0)
        rv = read_ports(tree, "private_ports", &private_ports, &host.private_port_count);
    host.ports = ports;
    host.private_ports = private_ports;
    if (rv == 0)
        rv = disco__host_copy(out, &host);
    disco__free(ports);
    disco__free(private_ports);
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
    disco_port_t *ports = NULL;
    cJSON *tree;
    int rv = parse(json, size, &tree);

    if (rv != 0)
        return rv;
    rv = read_info_fields(tree, &info) ? 0 : DISCO_EPROTOCOL;
    if (rv == 0)
        rv = read_ports(tree, "ports", &ports, &info.port_count);
    info.ports = ports;
    if (rv == 0)
        rv = disco__info_copy(out, &info);
    disco__free(ports);
    disco__json_free(tree);
    return rv;
}
