/* What a user may put into etcd. */
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/text.h"
#include "disco/model.h"
#include "disco/url.h"

#define NAME_MOST 255

static bool has_control_byte(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

int disco__name_check(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > NAME_MOST || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return DISCO_ENAME;
    if (strchr(name, '/') != NULL || has_control_byte(name) || !disco__text_is_utf8(name, size))
        return DISCO_ENAME;
    return 0;
}

/* NULL and "" are no host name, and none is checked. */
static int hostname_check(const char *hostname)
{
    hostname = disco__text_or_empty(hostname);
    if (strlen(hostname) > NAME_MOST || has_control_byte(hostname) ||
        strpbrk(hostname, " /@?#\\") != NULL)
        return DISCO_EHOSTNAME;
    if (strpbrk(hostname, ":[]") != NULL && !disco__url_is_ipv6(hostname))
        return DISCO_EHOSTNAME;
    return 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_scheme(const char *scheme)
{
    if (scheme == NULL || !is_letter(*scheme))
        return false;
    for (; *scheme != '\0'; scheme++) {
        if (!is_letter(*scheme) && !(*scheme >= '0' && *scheme <= '9') &&
            strchr("+-.", *scheme) == NULL)
            return false;
    }
    return true;
}

static bool is_port(const char *port)
{
    uint64_t number;

    return port != NULL && port[0] != '0' && disco__text_to_u64(port, strlen(port), &number) &&
           number <= 65535;
}

static int ports_check(const disco_port_t *ports, size_t count)
{
    size_t i;
    size_t j;

    if (ports == NULL && count > 0)
        return UV_EINVAL;
    for (i = 0; i < count; i++) {
        if (!is_scheme(ports[i].scheme))
            return DISCO_ESCHEME;
        if (!is_port(ports[i].port))
            return DISCO_EPORT;
        for (j = 0; j < i; j++) {
            if (strcmp(ports[i].scheme, ports[j].scheme) == 0)
                return UV_EINVAL;
        }
    }
    return 0;
}

static bool is_text(const char *text)
{
    text = disco__text_or_empty(text);
    return disco__text_is_utf8(text, strlen(text));
}

int disco__host_check(const disco_host_t *host)
{
    int rv = ports_check(host->ports, host->port_count);

    if (rv == 0)
        rv = ports_check(host->private_ports, host->private_port_count);
    if (rv == 0)
        rv = hostname_check(host->name);
    if (rv == 0)
        rv = hostname_check(host->private_hostname);
    if (rv == 0 && disco__text_or_empty(host->uuid)[0] != '\0')
        rv = disco__name_check(host->uuid);
    if (rv != 0)
        return rv;
    if (!is_text(host->name) || !is_text(host->service_name) || !is_text(host->user) ||
        !is_text(host->password) || !is_text(host->private_hostname) || !is_text(host->shard))
        return DISCO_EVALUE;
    return 0;
}
