#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/text.h"
#include "disco/model.h"
#include "disco/pack.h"

/* Copies every field of from into to. */
static void pack_host(disco__pack_t *pack, disco_host_t *to, const disco_host_t *from)
{
    disco_host_t copy = *from;

    copy.ports = disco__pack_ports(pack, from->ports, &copy.port_count);
    if (from->ports == from->private_ports && from->port_count == from->private_port_count) {
        copy.private_ports = from->port_count > 0 ? copy.ports : NULL;
        copy.private_port_count = copy.port_count;
    } else {
        /* Without a port it is not written, and so not told from none. */
        copy.private_ports =
            disco__pack_ports(pack, from->private_port_count > 0 ? from->private_ports : NULL,
                              &copy.private_port_count);
    }
    copy.name = disco__pack_text(pack, from->name);
    copy.service_name = disco__pack_text(pack, from->service_name);
    copy.user = disco__pack_text(pack, from->user);
    copy.password = disco__pack_text(pack, from->password);
    if (disco__text_equal(from->name, from->private_hostname))
        copy.private_hostname = copy.name;
    else
        copy.private_hostname = disco__pack_text(pack, from->private_hostname);
    copy.shard = disco__pack_text(pack, from->shard);
    copy.uuid = disco__pack_text(pack, from->uuid);
    *to = copy;
}

int disco__host_copy(disco__host_t **out, const disco_host_t *host)
{
    disco__pack_t pack = {0};
    disco_host_t measured;
    disco__host_t *copy;
    size_t size;

    pack_host(&pack, &measured, host);
    copy = disco__pack_allocate(&pack, sizeof *copy, &size);
    if (copy == NULL)
        return UV_ENOMEM;
    if (!disco__host_settle(copy, size)) {
        disco__free(copy);
        return UV_ENOMEM;
    }
    pack_host(&pack, &copy->host, host);
    copy->references = 1;
    *out = copy;
    return 0;
}

#define UNIT sizeof(uint64_t) /* of room */
#define MOST_UNITS 0x1fffffff

bool disco__host_settle(disco__host_t *host, size_t size)
{
    if (size / UNIT > MOST_UNITS)
        return false;
    host->alone = 1;
    host->room = (uint32_t)(size / UNIT) & MOST_UNITS;
    return true;
}

size_t disco__host_size(const disco__host_t *copy)
{
    return (size_t)copy->room * UNIT;
}

void disco__host_move_in(disco__host_t *host, disco__home_t *home)
{
    host->alone = 0;
    host->room = (uint32_t)(disco__arena_place(&home->arena, host) / UNIT) & MOST_UNITS;
    home->references++;
    home->most++;
}

static disco__home_t *home_of(const disco__host_t *host)
{
    disco__arena_t *arena = disco__arena_of(host, host->room * (uint32_t)UNIT);

    return disco__container_of(arena, disco__home_t, arena);
}

static bool are_few(const disco__home_t *home, size_t left)
{
    return left > 0 && left <= home->most / 4;
}

bool disco__host_is_among_few(const disco__host_t *host)
{
    return !host->alone && are_few(home_of(host), home_of(host)->references);
}

bool disco__host_leaves_few(const disco__host_t *host)
{
    if (host->alone)
        return false;
    return are_few(home_of(host), home_of(host)->references - (host->references == 1 ? 1 : 0));
}

void disco__host_set_side(disco__host_t *host, size_t side)
{
    host->side = side & (DISCO__HOST_SIDES - 1);
}

void disco__home_unref(disco__home_t *home)
{
    if (home == NULL || --home->references > 0)
        return;
    disco__arena_free(&home->arena);
    disco__free(home);
}

disco__host_t *disco__host_ref(disco__host_t *host)
{
    host->references++;
    return host;
}

void disco__host_unref(disco__host_t *host)
{
    if (host == NULL || --host->references > 0)
        return;
    if (host->alone) {
        disco__wipe(host, disco__host_size(host));
        disco__free(host);
    } else {
        disco__home_unref(home_of(host));
    }
}

disco__host_t *disco__host_owner(const disco_host_t *host)
{
    return (disco__host_t *)host; /* its first member */
}

bool disco__host_equal(const disco_host_t *a, const disco_host_t *b)
{
    return disco__text_equal(a->name, b->name) &&
           disco__text_equal(a->service_name, b->service_name) &&
           disco__ports_equal(a->ports, a->port_count, b->ports, b->port_count) &&
           disco__text_equal(a->user, b->user) && disco__text_equal(a->password, b->password) &&
           a->is_public == b->is_public &&
           disco__text_equal(a->private_hostname, b->private_hostname) &&
           disco__ports_equal(a->private_ports, a->private_port_count, b->private_ports,
                              b->private_port_count) &&
           a->critical == b->critical && disco__text_equal(a->shard, b->shard) &&
           disco__text_equal(a->uuid, b->uuid);
}
