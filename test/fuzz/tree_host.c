#include "fuzz/tree_host.h"

#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/text.h"
#include "json/read.h"

typedef struct list_s {
    bool given;
    disco_port_t *ports;
    size_t count;
} list_t;

static bool read_text(const cJSON *item, const char **text)
{
    if (cJSON_IsString(item))
        *text = item->valuestring;
    return cJSON_IsString(item) || cJSON_IsNull(item);
}

static bool read_flag(const cJSON *item, bool *flag)
{
    if (cJSON_IsBool(item))
        *flag = cJSON_IsTrue(item);
    return cJSON_IsBool(item) || cJSON_IsNull(item);
}

static bool read_list(const cJSON *item, list_t *list)
{
    const cJSON *port;

    if (cJSON_IsNull(item)) {
        list->given = false;
        list->count = 0;
        return true;
    }
    list->given = cJSON_IsObject(item);
    if (!list->given)
        return false;
    cJSON_ArrayForEach(port, item)
    {
        disco_port_t *grown = realloc(list->ports, (list->count + 1) * sizeof *grown);

        if (grown == NULL)
            abort();
        list->ports = grown;
        grown[list->count].scheme = port->string;
        grown[list->count].port = "";
        if (!read_text(port, &grown[list->count++].port))
            return false;
    }
    return true;
}

static bool is(const cJSON *item, const char *name)
{
    return disco__text_equal_ignoring_case(item->string, strlen(item->string), name);
}

static bool read_host(disco_host_t *host, list_t lists[2], const cJSON *item)
{
    if (is(item, "name"))
        return read_text(item, &host->name);
    if (is(item, "service_name"))
        return read_text(item, &host->service_name);
    if (is(item, "user"))
        return read_text(item, &host->user);
    if (is(item, "password"))
        return read_text(item, &host->password);
    if (is(item, "private_hostname"))
        return read_text(item, &host->private_hostname);
    if (is(item, "shard"))
        return read_text(item, &host->shard);
    if (is(item, "uuid"))
        return read_text(item, &host->uuid);
    if (is(item, "public"))
        return read_flag(item, &host->is_public);
    if (is(item, "critical"))
        return read_flag(item, &host->critical);
    if (is(item, "ports"))
        return read_list(item, &lists[0]);
    return is(item, "private_ports") ? read_list(item, &lists[1]) : true;
}

static bool read_info(disco_service_info_t *info, list_t *list, const cJSON *item)
{
    if (is(item, "name"))
        return read_text(item, &info->name);
    if (is(item, "hostname"))
        return read_text(item, &info->hostname);
    if (is(item, "user"))
        return read_text(item, &info->user);
    if (is(item, "password"))
        return read_text(item, &info->password);
    if (is(item, "public"))
        return read_flag(item, &info->is_public);
    if (is(item, "critical"))
        return read_flag(item, &info->critical);
    return is(item, "ports") ? read_list(item, list) : true;
}

static cJSON *parse(const char *json, size_t size)
{
    cJSON *tree = NULL;

    if (disco__text_is_utf8(json, size))
        (void)disco__json_parse(json, size, &tree);
    return tree;
}

static const disco_port_t *ports_of(const list_t *list)
{
    static const disco_port_t none = {"", ""};

    if (!list->given)
        return NULL;
    return list->count > 0 ? list->ports : &none;
}

int tree_host(disco__host_t **out, const char *json, size_t size)
{
    cJSON *tree = parse(json, size);
    const cJSON *item;
    disco_host_t host = {0};
    list_t lists[2] = {{.given = false}, {.given = false}};
    bool good = cJSON_IsObject(tree);

    cJSON_ArrayForEach(item, tree)
    {
        good = good && read_host(&host, lists, item);
    }
    host.ports = ports_of(&lists[0]);
    host.port_count = (uint16_t)lists[0].count;
    host.private_ports = lists[1].count > 0 ? lists[1].ports : NULL;
    host.private_port_count = (uint16_t)lists[1].count;
    good = good && lists[0].count <= UINT16_MAX && lists[1].count <= UINT16_MAX;
    if (good && disco__host_copy(out, &host) != 0)
        abort();
    free(lists[0].ports);
    free(lists[1].ports);
    disco__json_free(tree);
    return good ? 0 : DISCO_EPROTOCOL;
}

int tree_info(disco_service_info_t **out, const char *json, size_t size)
{
    cJSON *tree = parse(json, size);
    const cJSON *item;
    disco_service_info_t info = {0};
    list_t list = {.given = false};
    bool good = cJSON_IsObject(tree);

    cJSON_ArrayForEach(item, tree)
    {
        good = good && read_info(&info, &list, item);
    }
    info.ports = ports_of(&list);
    info.port_count = (uint16_t)list.count;
    good = good && list.count <= UINT16_MAX;
    if (good && disco__info_copy(out, &info) != 0)
        abort();
    free(list.ports);
    disco__json_free(tree);
    return good ? 0 : DISCO_EPROTOCOL;
}
