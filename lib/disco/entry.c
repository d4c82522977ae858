#include "disco/entry.h"

#include <uvdisco/error.h>

#include "disco/keys.h"

bool disco__entry_is_broken(int status)
{
    return status == DISCO_EPROTOCOL || status == DISCO_ETOOLARGE;
}

/* What is broken is passed over: it must not hide the others. */
static void log_broken(disco_client_t *client, const disco_kv_t *entry, int status)
{
    if (disco__entry_is_broken(status))
        disco__log(&client->loop.log, DISCO_LOG_WARNING, "%s: passed over: %s", entry->key,
                   status == DISCO_ETOOLARGE ? "too large" : "not the JSON that belongs there");
}

static int name_host(disco__host_t **host, const char *uuid)
{
    disco_host_t named = (*host)->host;
    disco__host_t *copy;
    int rv;

    named.uuid = uuid;
    rv = disco__host_copy(&copy, &named);
    if (rv != 0)
        return rv;
    disco__host_unref(*host);
    *host = copy;
    return 0;
}

int disco__entry_read_host(disco_client_t *client, const disco_kv_t *entry, disco__host_t **host)
{
    int rv = DISCO_ETOOLARGE;

    if (entry->value_size <= client->settings.max_value_bytes)
        rv = disco__host_read(host, entry->value, entry->value_size);
    if (rv == 0 && (*host)->host.uuid[0] == '\0') {
        rv = name_host(host, disco__key_last_segment(entry->key));
        if (rv != 0)
            disco__host_unref(*host);
    }
    if (rv != 0) {
        log_broken(client, entry, rv);
        return rv;
    }
    (*host)->host.created_revision = entry->created_revision;
    (*host)->host.modified_revision = entry->modified_revision;
    return 0;
}

int disco__entry_read_info(disco_client_t *client, const disco_kv_t *entry,
                           disco_service_info_t **info)
{
    disco_service_info_t named;
    disco_service_info_t *copy;
    int rv = DISCO_ETOOLARGE;

    if (entry->value_size <= client->settings.max_value_bytes)
        rv = disco__info_read(info, entry->value, entry->value_size);
    if (rv != 0) {
        log_broken(client, entry, rv);
        return rv;
    }
    if ((*info)->name[0] != '\0')
        return 0;
    named = **info;
    named.name = disco__key_last_segment(entry->key);
    rv = disco__info_copy(&copy, &named);
    disco__info_free(*info);
    *info = copy;
    return rv;
}

static int add_entry(disco_client_t *client, disco_service_t *service, const disco_kv_t *entry)
{
    disco__host_t *host;
    int rv = disco__entry_read_host(client, entry, &host);

    if (disco__entry_is_broken(rv)) {
        service->broken++;
        return 0;
    }
    if (rv != 0)
        return rv;
    if (!disco__service_wants(service, &host->host)) {
        service->elsewhere++;
    } else {
        rv = disco__service_reserve(service);
        if (rv == 0)
            disco__service_add(service, host);
    }
    disco__host_unref(host);
    return rv;
}

int disco__entry_fill_service(disco_client_t *client, disco_service_t *service,
                              const disco__result_t *listing, const char *directory)
{
    size_t i;

    disco__service_sort_later(service);
    for (i = 0; i < listing->entry_count; i++) {
        const disco_kv_t *entry = &listing->entries[i];
        int rv;

        service->has_directory = true;
        if (entry->is_directory || disco__key_relation(entry->key, directory) != DISCO__KEY_CHILD)
            continue;
        rv = add_entry(client, service, entry);
        if (rv != 0)
            return rv;
    }
    disco__service_sort(service);
    return 0;
}
