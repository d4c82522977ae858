#include "etcd/endpoint_url.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/text.h"

bool disco__endpoint_list_next(const char **list, const char **item, size_t *size)
{
    const char *at = *list;
    const char *end;

    if (*at == '\0')
        return false;
    end = strchr(at, ',');
    if (end == NULL)
        end = at + strlen(at);
    *list = *end == ',' ? end + 1 : end;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *item = at;
    *size = (size_t)(end - at);
    return true;
}

static bool take_prefix(const char **text, size_t *size, const char *prefix)
{
    size_t length = strlen(prefix);

    if (*size < length || !disco__text_equal_ignoring_case(*text, length, prefix))
        return false;
    *text += length;
    *size -= length;
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* Inside brackets: an IPv6 address, with a zone perhaps. */
static bool is_address_byte(char c)
{
    return is_name_byte(c) || c == ':' || c == '%';
}

static int take_host(const char **text, size_t *size, disco__endpoint_url_t *url)
{
    bool bracket = *size > 0 && **text == '[';
    size_t i = 0;

    if (bracket) {
        (*text)++;
        (*size)--;
    }
    url->host = *text;
    while (i < *size && (bracket ? is_address_byte((*text)[i]) : is_name_byte((*text)[i])))
        i++;
    url->host_size = i;
    if (i == 0 || i > 255)
        return DISCO_EENDPOINT;
    if (bracket) {
        if (i == *size || (*text)[i] != ']' || memchr(url->host, ':', i) == NULL)
            return DISCO_EENDPOINT;
        i++;
    }
    *text += i;
    *size -= i;
    return 0;
}

int disco__endpoint_url_parse(const char *text, size_t size, disco__endpoint_url_t *url)
{
    uint64_t port = DISCO_DEFAULT_PORT;

    url->tls = take_prefix(&text, &size, "https://");
    if (!url->tls)
        (void)take_prefix(&text, &size, "http://");
    if (take_host(&text, &size, url) != 0)
        return DISCO_EENDPOINT;
    if (size > 0 && text[size - 1] == '/')
        size--;
    if (size > 0) {
        if (text[0] != ':' || !disco__text_to_u64(text + 1, size - 1, &port))
            return DISCO_EENDPOINT;
        if (port < 1 || port > 65535)
            return DISCO_EENDPOINT;
    }
    url->port = (uint16_t)port;
    return 0;
}
