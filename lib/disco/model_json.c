/* Hosts and infos as JSON: fields, order and omissions are those of the Go package's structs
 * (service/host.go, service/service.go). */
#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/text.h"
#include "disco/model.h"
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
    rv = reserve(out, disco__host_size(sorted));
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
    disco__info_unref(sorted);
    return rv;
}
