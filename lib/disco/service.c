#include "disco/service.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"
#include "disco/url.h"

#define POINTER_SIZE sizeof(const disco_host_t *)

int disco__service_new(disco_service_t **out, const char *name, const char *shard,
                       disco__random_t *random)
{
    disco_service_t *service;
    size_t name_size = strlen(name) + 1;
    size_t size;

    if (!disco__size_add(sizeof *service, name_size, &size))
        return UV_ENOMEM;
    service = disco__calloc(1, size);
    if (service == NULL)
        return UV_ENOMEM;
    service->self = service;
    service->references = 1;
    disco__random_fork(&service->random, random);
    memcpy(service->name, name, name_size);
    service->none =
        (disco_service_info_t){.name = service->name, .hostname = "", .user = "", .password = ""};
    if (shard != NULL && (service->shard = disco__strdup(shard)) == NULL) {
        disco_service_unref(service);
        return UV_ENOMEM;
    }
    *out = service;
    return 0;
}

int disco__service_copy(disco_service_t **out, const disco_service_t *service, const char *shard)
{
    disco_service_t *copy;
    size_t i;
    int rv;

    rv = disco__service_new(&copy, service->name, shard, &service->self->random);
    if (rv != 0)
        return rv;
    disco__service_set_info(copy, disco__info_ref(service->info));
    copy->unsorted = true;
    copy->has_directory = service->has_directory;
    copy->partial = service->partial;
    copy->broken = service->broken;
    copy->elsewhere = service->elsewhere;
    for (i = 0; i < service->count; i++) {
        if (!disco__service_wants(copy, service->hosts[i])) {
            copy->elsewhere++;
            continue;
        }
        rv = disco__service_reserve(copy);
        if (rv != 0)
            goto err_after_new;
        disco__service_add(copy, disco__host_owner(service->hosts[i]));
    }
    disco__service_sort(copy);
    *out = copy;
    return 0;

err_after_new:
    disco_service_unref(copy);
    return rv;
}

disco_service_t *disco_service_ref(const disco_service_t *service)
{
    if (service == NULL)
        return NULL;
    service->self->references++;
    return service->self;
}

void disco__service_clear(disco_service_t *service)
{
    size_t i;

    for (i = 0; i < service->count; i++)
        disco__host_unref(disco__host_owner(service->hosts[i]));
    service->count = 0;
    service->broken = 0;
    service->elsewhere = 0;
}

void disco_service_unref(disco_service_t *service)
{
    if (service == NULL || --service->references > 0)
        return;
    disco__service_clear(service);
    disco__free(service->hosts);
    disco__info_unref(service->info);
    disco__free(service->shard);
    disco__free(service);
}

void disco__service_set_info(disco_service_t *service, disco_service_info_t *info)
{
    disco__info_unref(service->info);
    service->info = info;
}

bool disco__service_wants(const disco_service_t *service, const disco_host_t *host)
{
    return service->shard == NULL || strcmp(service->shard, host->shard) == 0;
}

static int set_capacity(disco_service_t *service, size_t capacity)
{
    const disco_host_t **hosts;
    size_t bytes;

    if (!disco__size_mul(capacity, POINTER_SIZE, &bytes))
        return UV_ENOMEM;
    hosts = disco__realloc(service->hosts, bytes);
    if (hosts == NULL)
        return UV_ENOMEM;
    service->hosts = hosts;
    service->capacity = capacity;
    return 0;
}

/* By half while many are being added, which then is cut to size; by an eighth at other times. */
int disco__service_reserve(disco_service_t *service)
{
    size_t capacity = service->capacity;

    if (service->count < capacity)
        return 0;
    if (!disco__size_add(capacity, (service->unsorted ? capacity / 2 : capacity / 8) + 4,
                         &capacity))
        return UV_ENOMEM;
    return set_capacity(service, capacity);
}

/* Not being able to is no harm. */
static void cut_to_size(disco_service_t *service)
{
    if (service->count > 0 && service->capacity - service->count > service->count / 8 + 4)
        (void)set_capacity(service, service->count);
}

/* Revisions of two stores have nothing to do with each other. */
static int compare(const disco_host_t *a, const disco_host_t *b)
{
    size_t side_of_a = disco__host_owner(a)->side;
    size_t side_of_b = disco__host_owner(b)->side;

    if (side_of_a != side_of_b)
        return side_of_a < side_of_b ? -1 : 1;
    if (a->created_revision != b->created_revision)
        return a->created_revision < b->created_revision ? -1 : 1;
    return strcmp(a->uuid, b->uuid);
}

static int compare_elements(const void *a, const void *b)
{
    return compare(*(const disco_host_t *const *)a, *(const disco_host_t *const *)b);
}

/* From how many on it is quicker to sort them by the digits of their revisions first. */
#define MANY 32

typedef struct dated_s {
    uint64_t revision;
    const disco_host_t *host;
} dated_t;

/* One pass by one byte of the revision; those that are equal in it keep their order. */
static void pass(dated_t *to, const dated_t *from, size_t count, unsigned shift)
{
    size_t places[256] = {0};
    size_t place = 0;
    size_t i;

    for (i = 0; i < count; i++)
        places[from[i].revision >> shift & 0xff]++;
    for (i = 0; i < 256; i++) {
        size_t many = places[i];

        places[i] = place;
        place += many;
    }
    for (i = 0; i < count; i++)
        to[places[from[i].revision >> shift & 0xff]++] = from[i];
}

/* Those of one revision, and of several stores, are left to be sorted. Without memory, all are. */
static void sort_by_revision(disco_service_t *service)
{
    size_t count = service->count;
    size_t size;
    dated_t *dated = disco__size_mul(count, 2 * sizeof *dated, &size) ? disco__malloc(size) : NULL;
    dated_t *other = dated != NULL ? dated + count : NULL;
    dated_t *all = dated;
    uint64_t differing = 0;
    unsigned shift;
    size_t i;

    if (dated == NULL)
        return;
    for (i = 0; i < count; i++) {
        dated[i].revision = service->hosts[i]->created_revision;
        dated[i].host = service->hosts[i];
        differing |= dated[i].revision ^ dated[0].revision;
    }
    for (shift = 0; shift < 64; shift += 8) {
        dated_t *sorted = other;

        if ((differing >> shift & 0xff) == 0)
            continue;
        pass(sorted, dated, count, shift);
        other = dated;
        dated = sorted;
    }
    for (i = 0; i < count; i++)
        service->hosts[i] = dated[i].host;
    disco__free(all);
}

/* The first place whose host is not older. */
static size_t place_of(const disco_service_t *service, const disco_host_t *host)
{
    size_t low = 0;
    size_t high = service->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(service->hosts[middle], host) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void disco__service_sort_later(disco_service_t *service)
{
    service->unsorted = true;
}

static bool is_sorted(const disco_service_t *service)
{
    size_t i;

    for (i = 1; i < service->count; i++) {
        if (compare(service->hosts[i - 1], service->hosts[i]) > 0)
            return false;
    }
    return true;
}

void disco__service_sort(disco_service_t *service)
{
    if (!service->unsorted)
        return;
    service->unsorted = false;
    cut_to_size(service);
    if (is_sorted(service))
        return;
    if (service->count >= MANY)
        sort_by_revision(service);
    if (!is_sorted(service))
        qsort(service->hosts, service->count, POINTER_SIZE, compare_elements);
}

void disco__service_add(disco_service_t *service, disco__host_t *host)
{
    size_t place = service->unsorted ? service->count : place_of(service, &host->host);

    memmove(service->hosts + place + 1, service->hosts + place,
            (service->count - place) * POINTER_SIZE);
    service->hosts[place] = &disco__host_ref(host)->host;
    service->count++;
}

/* Looking at so many addresses one by one takes no longer than comparing a few texts. */
#define FEW_HOSTS 64

/* Where the host itself is; the count when it is nowhere. Several may compare equal, when etcd
 * holds the same UUID under two keys. */
static size_t find(const disco_service_t *service, const disco__host_t *host)
{
    bool one_by_one = service->unsorted || service->count <= FEW_HOSTS;
    size_t place = one_by_one ? 0 : place_of(service, &host->host);

    while (place < service->count && service->hosts[place] != &host->host)
        place++;
    return place;
}

void disco__service_remove(disco_service_t *service, disco__host_t *host)
{
    size_t place = find(service, host);

    if (place == service->count)
        return;
    service->count--;
    memmove(service->hosts + place, service->hosts + place + 1,
            (service->count - place) * POINTER_SIZE);
    disco__host_unref(host);
}

bool disco__service_replace(disco_service_t *service, disco__host_t *host, disco__host_t *by)
{
    size_t place;

    if (compare(&host->host, &by->host) != 0)
        return false;
    place = find(service, host);
    if (place == service->count)
        return false;
    service->hosts[place] = &disco__host_ref(by)->host;
    disco__host_unref(host);
    return true;
}

const disco_service_info_t *disco_service_info(const disco_service_t *service)
{
    if (service == NULL)
        return NULL;
    return service->info != NULL ? service->info : &service->none;
}

int disco_service_status(const disco_service_t *service)
{
    if (service == NULL)
        return UV_EINVAL;
    if (service->count > 0)
        return 0;
    if (!service->has_directory)
        return DISCO_ENOSERVICE;
    return service->shard != NULL && service->elsewhere > 0 ? DISCO_ENOSHARD : DISCO_ENOHOST;
}

int disco_service_all(const disco_service_t *service, const disco_host_t *const **hosts,
                      size_t *count)
{
    if (service == NULL || hosts == NULL || count == NULL)
        return UV_EINVAL;
    *hosts = service->hosts;
    *count = service->count;
    return disco_service_status(service);
}

const disco_host_t *disco_service_first(const disco_service_t *service)
{
    return service != NULL && service->count > 0 ? service->hosts[0] : NULL;
}

const disco_host_t *disco_service_one(const disco_service_t *service)
{
    if (service == NULL || service->count == 0)
        return NULL;
    return service->hosts[disco__random_below(&service->self->random, service->count)];
}

bool disco_service_is_partial(const disco_service_t *service)
{
    return service != NULL && service->partial;
}

size_t disco_service_broken(const disco_service_t *service)
{
    return service != NULL ? service->broken : 0;
}

int disco_service_url(const disco_service_t *service, const char *scheme, const char *path,
                      char *buffer, size_t *size)
{
    const disco_service_info_t *info;

    if (service == NULL || size == NULL)
        return UV_EINVAL;
    info = disco_service_info(service);
    if (!info->is_public || service->shard != NULL) {
        int rv = disco_service_status(service);

        if (rv != 0)
            return rv;
        return disco_host_url(disco_service_one(service), scheme, path, buffer, size);
    }
    return disco__url_write(&(disco__url_parts_t){.scheme = scheme,
                                                  .user = info->user,
                                                  .password = info->password,
                                                  .hostname = info->hostname,
                                                  .ports = info->ports,
                                                  .port_count = info->port_count,
                                                  .path = path},
                            buffer, size);
}

int disco_service_hosts_string(const disco_service_t *service, char *buffer, size_t *size)
{
    disco__buffer_t text;
    size_t i;
    int rv;

    if (service == NULL || size == NULL)
        return UV_EINVAL;
    disco__buffer_init(&text);
    for (i = 0; i < service->count; i++) {
        const disco_host_t *host = service->hosts[i];

        if (i > 0)
            disco__buffer_append_text(&text, ", ");
        disco__buffer_append_text(&text, host->private_hostname[0] != '\0' ? host->private_hostname
                                                                           : host->name);
    }
    rv = disco__url_copy_out(&text, buffer, size);
    disco__buffer_free(&text);
    return rv;
}
