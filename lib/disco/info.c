#include <uv.h>

#include "base/alloc.h"
#include "base/text.h"
#include "disco/model.h"
#include "disco/pack.h"

typedef struct owned_info_s {
    disco_service_info_t info; /* what the others see; first */
    size_t references;
    size_t size;
    disco__host_t *host; /* whose texts these are; NULL: they lie behind this */
} owned_info_t;

static owned_info_t *owner_of(disco_service_info_t *info)
{
    return disco__container_of(info, owned_info_t, info);
}

static void pack_info(disco__pack_t *pack, disco_service_info_t *to,
                      const disco_service_info_t *from)
{
    disco_service_info_t copy = *from;

    /* Without a port it is not written, and so not told from none. */
    copy.ports =
        disco__pack_ports(pack, from->port_count > 0 ? from->ports : NULL, &copy.port_count);
    copy.name = disco__pack_text(pack, from->name);
    copy.hostname = disco__pack_text(pack, from->hostname);
    copy.user = disco__pack_text(pack, from->user);
    copy.password = disco__pack_text(pack, from->password);
    *to = copy;
}

int disco__info_copy(disco_service_info_t **out, const disco_service_info_t *info)
{
    disco__pack_t pack = {0};
    disco_service_info_t measured;
    owned_info_t *copy;
    size_t size;

    pack_info(&pack, &measured, info);
    copy = disco__pack_allocate(&pack, sizeof *copy, &size);
    if (copy == NULL)
        return UV_ENOMEM;
    pack_info(&pack, &copy->info, info);
    copy->references = 1;
    copy->size = size;
    copy->host = NULL;
    *out = &copy->info;
    return 0;
}

int disco__info_of(disco_service_info_t **out, disco__host_t *host)
{
    const disco_host_t *from = &host->host;
    owned_info_t *owned = disco__malloc(sizeof *owned);

    if (owned == NULL)
        return UV_ENOMEM;
    owned->info = (disco_service_info_t){
        .name = from->name,
        .hostname = from->private_hostname,
        .user = from->user,
        .password = from->password,
        .ports = from->port_count > 0 ? from->ports : NULL,
        .port_count = from->port_count,
        .critical = from->critical,
        .is_public = from->is_public,
    };
    owned->references = 1;
    owned->size = sizeof *owned;
    owned->host = disco__host_ref(host);
    *out = &owned->info;
    return 0;
}

disco_service_info_t *disco__info_ref(disco_service_info_t *info)
{
    if (info != NULL)
        owner_of(info)->references++;
    return info;
}

size_t disco__info_size(const disco_service_info_t *info)
{
    const owned_info_t *owned = (const void *)info; /* its first member */

    return owned->size;
}

void disco__info_unref(disco_service_info_t *info)
{
    owned_info_t *owned;

    if (info == NULL || --owner_of(info)->references > 0)
        return;
    owned = owner_of(info);
    disco__host_unref(owned->host);
    disco__wipe(owned, owned->size);
    disco__free(owned);
}

bool disco__info_equal(const disco_service_info_t *a, const disco_service_info_t *b)
{
    return disco__text_equal(a->name, b->name) && a->critical == b->critical &&
           disco__text_equal(a->hostname, b->hostname) && disco__text_equal(a->user, b->user) &&
           disco__text_equal(a->password, b->password) &&
           disco__ports_equal(a->ports, a->port_count, b->ports, b->port_count) &&
           a->is_public == b->is_public;
}
