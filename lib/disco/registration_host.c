/* What a host is when it is registered: the user's fields, and what the Go package fills in (its
 * register.go). */
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "disco/registration.h"

/* This machine's name into buffer. */
static int machine_name(const disco_client_t *client, char *buffer, size_t size)
{
    const char *given = client->settings.hostname;

    if (given == NULL)
        return uv_os_gethostname(buffer, &size);
    if (strlen(given) >= size)
        return DISCO_EHOSTNAME;
    memcpy(buffer, given, strlen(given) + 1);
    return 0;
}

static int new_uuid(disco__buffer_t *uuid, const char *private_hostname)
{
    char random[DISCO_UUID_SIZE];
    int rv = disco__uuid(random);

    if (rv != 0)
        return rv;
    disco__buffer_append_text(uuid, random);
    if (private_hostname[0] != '\0') {
        disco__buffer_append_char(uuid, '-');
        disco__buffer_append_text(uuid, private_hostname);
    }
    return uuid->error;
}

static int fill(disco__host_t **filled, disco_host_t *host, const char *uuid)
{
    disco__buffer_t made;
    int rv = 0;

    disco__buffer_init(&made);
    if (uuid[0] == '\0') {
        rv = new_uuid(&made, disco__text_or_empty(host->private_hostname));
        uuid = disco__buffer_text(&made);
    }
    host->uuid = uuid;
    if (rv == 0)
        rv = disco__name_check(uuid);
    if (rv == 0)
        rv = disco__host_copy(filled, host);
    disco__buffer_free(&made);
    return rv;
}

int disco__registration_host(disco__host_t **filled, disco_client_t *client, const char *service,
                             const disco_host_t *given, const char *uuid)
{
    disco_host_t host = *given;
    char machine[256];
    int rv = disco__host_check(given);

    if (rv != 0)
        return rv;
    host.service_name = service;
    host.created_revision = 0;
    host.modified_revision = 0;
    if (host.is_public && disco__text_or_empty(host.name)[0] == '\0')
        return DISCO_EHOSTNAME;
    if (!host.is_public && disco__text_or_empty(host.private_hostname)[0] == '\0')
        host.private_hostname = host.name;
    if (disco__text_or_empty(host.private_hostname)[0] == '\0') {
        rv = machine_name(client, machine, sizeof machine);
        if (rv != 0)
            return rv;
        host.private_hostname = machine;
        rv = disco__host_check(&host);
        if (rv != 0)
            return rv;
    }
    if (host.private_port_count == 0) {
        host.private_ports = host.ports;
        host.private_port_count = host.port_count;
    }
    return fill(filled, &host, disco__text_or_empty(uuid));
}

int disco__registration_host_with(disco__host_t **changed, const disco__host_t *host,
                                  const char *user, const char *password)
{
    disco_host_t copy = host->host;

    copy.user = user;
    copy.password = password;
    return disco__host_copy(changed, &copy);
}

disco_service_info_t disco__registration_info(const disco_registration_t *registration)
{
    const disco_host_t *host = &registration->host->host;
    disco_service_info_t info = {.name = host->service_name, .critical = host->critical};

    if (!host->is_public)
        return info;
    info.is_public = true;
    info.hostname = host->name;
    info.user = host->user;
    info.password = host->password;
    info.ports = host->ports;
    info.port_count = host->port_count;
    return info;
}
