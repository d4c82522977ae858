#include "disco/url.h"

#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"

/* More is no host name (RFC 1035) and no address. */
#define HOSTNAME_MOST 255

/* The port a scheme is served on; NULL: it is not. */
static const char *find_port(const disco__url_parts_t *parts, const char *scheme)
{
    size_t i;

    for (i = 0; parts->ports != NULL && i < parts->port_count; i++) {
        if (disco__text_equal(parts->ports[i].scheme, scheme))
            return disco__text_or_empty(parts->ports[i].port);
    }
    return NULL;
}

static int choose_scheme(const disco__url_parts_t *parts, const char **scheme, const char **port)
{
    if (disco__text_or_empty(parts->scheme)[0] != '\0') {
        *scheme = parts->scheme;
        *port = find_port(parts, *scheme);
    } else {
        *scheme = "http";
        *port = find_port(parts, *scheme);
        if (*port == NULL) {
            *scheme = "https";
            *port = find_port(parts, *scheme);
        }
    }
    return *port != NULL ? 0 : DISCO_ESCHEME;
}

static void append_encoded(disco__buffer_t *url, const char *text)
{
    disco__buffer_append_encoded(url, text, strlen(text), "");
}

/* The address in hostname without its brackets, if it is one; then *size is its length. */
static const char *find_ipv6(const char *hostname, size_t *size)
{
    char address[HOSTNAME_MOST + 1];
    unsigned char bytes[16];
    size_t brackets = hostname[0] == '[' ? 1 : 0;

    *size = strlen(hostname);
    if (*size > HOSTNAME_MOST || *size < 2 || (hostname[*size - 1] == ']') != (brackets == 1))
        return NULL;
    *size -= 2 * brackets;
    memcpy(address, hostname + brackets, *size);
    address[*size] = '\0';
    return uv_inet_pton(AF_INET6, address, bytes) == 0 ? hostname + brackets : NULL;
}

bool disco__url_is_ipv6(const char *hostname)
{
    size_t size;

    return find_ipv6(hostname, &size) != NULL;
}

/* A name comes from etcd: nothing in it may end the host part of the URL. A zone's '%' becomes %25
 * (RFC 6874). */
static void append_hostname(disco__buffer_t *url, const char *hostname)
{
    size_t size;
    const char *ipv6 = find_ipv6(hostname, &size);

    if (ipv6 == NULL) {
        append_encoded(url, hostname);
        return;
    }
    disco__buffer_append_char(url, '[');
    disco__buffer_append_encoded(url, ipv6, size, ":");
    disco__buffer_append_char(url, ']');
}

static void append_url(disco__buffer_t *url, const disco__url_parts_t *parts, const char *scheme,
                       const char *port)
{
    const char *user = disco__text_or_empty(parts->user);
    const char *password = disco__text_or_empty(parts->password);
    const char *path = disco__text_or_empty(parts->path);

    disco__buffer_append_text(url, scheme);
    disco__buffer_append_text(url, "://");
    if (user[0] != '\0') { /* as the Go package: a password alone is left out */
        append_encoded(url, user);
        disco__buffer_append_char(url, ':');
        append_encoded(url, password);
        disco__buffer_append_char(url, '@');
    }
    append_hostname(url, disco__text_or_empty(parts->hostname));
    disco__buffer_append_char(url, ':');
    append_encoded(url, port);
    if (path[0] != '\0' && path[0] != '/')
        disco__buffer_append_char(url, '/');
    disco__buffer_append_text(url, path);
}

/* Room at once for the longest that it may become: a buffer that grows leaves the password behind
 * in freed memory. */
static int reserve(disco__buffer_t *url, const disco__url_parts_t *parts, const char *scheme,
                   const char *port)
{
    const char *texts[] = {scheme,          port,       parts->user, parts->password,
                           parts->hostname, parts->path};
    size_t total = sizeof "://:@[]:/";
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t encoded;

        if (!disco__size_mul(strlen(disco__text_or_empty(texts[i])), 3, &encoded) ||
            !disco__size_add(total, encoded, &total))
            return UV_ENOMEM;
    }
    return disco__buffer_reserve(url, total);
}

int disco__url_copy_out(const disco__buffer_t *text, char *buffer, size_t *size)
{
    size_t room = *size;

    if (text->error != 0)
        return text->error;
    if (buffer == NULL && room > 0)
        return UV_EINVAL;
    if (room <= text->size) {
        *size = text->size + 1;
        return UV_ENOBUFS;
    }
    memcpy(buffer, disco__buffer_text(text), text->size + 1);
    *size = text->size;
    return 0;
}

int disco__url_write(const disco__url_parts_t *parts, char *buffer, size_t *size)
{
    const char *scheme;
    const char *port;
    disco__buffer_t url;
    int rv = choose_scheme(parts, &scheme, &port);

    if (rv != 0)
        return rv;
    if (disco__text_or_empty(parts->hostname)[0] == '\0')
        return DISCO_EHOSTNAME;
    disco__buffer_init(&url);
    rv = reserve(&url, parts, scheme, port);
    if (rv == 0) {
        append_url(&url, parts, scheme, port);
        rv = disco__url_copy_out(&url, buffer, size);
    }
    disco__buffer_free_secret(&url);
    return rv;
}

int disco_host_url(const disco_host_t *host, const char *scheme, const char *path, char *buffer,
                   size_t *size)
{
    disco__url_parts_t parts;

    if (host == NULL || size == NULL)
        return UV_EINVAL;
    parts = (disco__url_parts_t){.scheme = scheme,
                                 .user = host->user,
                                 .password = host->password,
                                 .hostname = host->name,
                                 .ports = host->ports,
                                 .port_count = host->port_count,
                                 .path = path};
    return disco__url_write(&parts, buffer, size);
}

int disco_host_private_url(const disco_host_t *host, const char *scheme, const char *path,
                           char *buffer, size_t *size)
{
    disco__url_parts_t parts;

    if (host == NULL || size == NULL)
        return UV_EINVAL;
    if (disco__text_or_empty(host->private_hostname)[0] == '\0')
        return disco_host_url(host, scheme, path, buffer, size);
    parts = (disco__url_parts_t){.scheme = scheme,
                                 .user = host->user,
                                 .password = host->password,
                                 .hostname = host->private_hostname,
                                 .ports = host->private_ports,
                                 .port_count = host->private_port_count,
                                 .path = path};
    return disco__url_write(&parts, buffer, size);
}
