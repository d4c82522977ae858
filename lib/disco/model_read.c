/* Hosts and infos out of what was read of their JSON. */
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "disco/model.h"
#include "disco/pack.h"

static const char no_text[] = "";
/* A map without ports is not told from none by its count, but by its address. */
static const disco_port_t no_ports[1] = {{no_text, no_text}};

void disco__maker_init(disco__maker_t *maker)
{
    memset(maker, 0, sizeof *maker);
}

void disco__maker_free(disco__maker_t *maker)
{
    disco__wipe(maker->ports, sizeof maker->ports);
    disco__home_unref(maker->home);
    disco__maker_init(maker);
}

static const disco__port_span_t *ports_of(const disco__ports_span_t *ports)
{
    return ports->many != NULL ? ports->many : ports->few;
}

/* With its NUL, which is there already for none. */
static size_t text_room(const disco__span_t *span)
{
    return span->size > 0 ? span->size + 1 : 0;
}

/* What was read lies in memory, so that sizes of its texts cannot overflow when they are added;
 * those of the lists are limited by where the spans are. */
static size_t ports_text_room(const disco__ports_span_t *ports)
{
    const disco__port_span_t *list = ports_of(ports);
    size_t room = 0;
    size_t i;

    for (i = 0; i < ports->count; i++)
        room += text_room(&list[i].scheme) + text_room(&list[i].port);
    return room;
}

static const char *put_text(char **at, const disco__span_t *span)
{
    char *text = *at;
    size_t size = span->size;

    if (size == 0)
        return no_text;
    if (span->escaped)
        size = disco__json_unescape(text, span);
    else
        memcpy(text, span->bytes, size);
    text[size] = '\0';
    *at += size + 1;
    return text;
}

static int put_ports(disco_port_t *list, size_t *count, char **at, const disco__ports_span_t *ports)
{
    const disco__port_span_t *from = ports_of(ports);
    size_t i;

    for (i = 0; i < ports->count; i++) {
        list[i].scheme = put_text(at, &from[i].scheme);
        list[i].port = put_text(at, &from[i].port);
    }
    *count = ports->count;
    return disco__ports_sort(list, count);
}

/* What is to be made: which texts and lists are those of the host before, and the room that the
 * others need. */
typedef struct plan_s {
    bool same_text[DISCO__TEXT_COUNT];
    bool same_ports[DISCO__PORTS_COUNT];
    size_t list_room;
    size_t text_room;
} plan_t;

static bool is_same_text(const disco__maker_t *maker, const disco__span_t *span, size_t index)
{
    return !span->escaped && span->size == maker->texts[index].size &&
           memcmp(span->bytes, maker->texts[index].text, span->size) == 0;
}

static bool is_same_ports(const disco__maker_t *maker, const disco__ports_span_t *ports,
                          size_t index)
{
    return ports->bytes != NULL && ports->size == maker->ports[index].size &&
           memcmp(ports->bytes, maker->ports[index].json, ports->size) == 0;
}

static void make_plan(plan_t *plan, const disco__maker_t *maker, const disco__fields_t *fields)
{
    size_t i;

    plan->list_room = 0;
    plan->text_room = 0;
    for (i = 0; i < DISCO__TEXT_COUNT; i++) {
        const disco__span_t *span = &fields->texts[i];

        plan->same_text[i] = maker != NULL && span->size > 0 && is_same_text(maker, span, i);
        if (!plan->same_text[i])
            plan->text_room += text_room(span);
    }
    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        const disco__ports_span_t *ports = &fields->ports[i];

        plan->same_ports[i] = maker != NULL && is_same_ports(maker, ports, i);
        if (plan->same_ports[i])
            continue;
        plan->list_room += ports->count * sizeof(disco_port_t);
        plan->text_room += ports_text_room(ports);
    }
}

static const char *text_of(const plan_t *plan, disco__maker_t *maker, const disco__fields_t *fields,
                           size_t index, char **at)
{
    const disco__span_t *span = &fields->texts[index];
    const char *text;

    if (plan->same_text[index])
        return maker->texts[index].text;
    text = put_text(at, span);
    if (maker != NULL && span->size > 0 && !span->escaped) {
        maker->texts[index].text = text;
        maker->texts[index].size = span->size;
    }
    return text;
}

static void remember_ports(disco__maker_t *maker, size_t index, const disco__ports_span_t *ports,
                           const disco_port_t *list, size_t count)
{
    if (ports->bytes == NULL || ports->size > sizeof maker->ports[index].json)
        return;
    memcpy(maker->ports[index].json, ports->bytes, ports->size);
    maker->ports[index].size = ports->size;
    maker->ports[index].list = list;
    maker->ports[index].count = count;
}

/* Where lists and texts are put. */
typedef struct place_s {
    disco_port_t *list;
    char *text;
} place_t;

static int set_ports(const plan_t *plan, disco__maker_t *maker, const disco__fields_t *fields,
                     size_t index, place_t *place, const disco_port_t **list, size_t *count)
{
    const disco__ports_span_t *ports = &fields->ports[index];
    int rv;

    *list = ports->given ? no_ports : NULL;
    *count = 0;
    if (plan->same_ports[index]) {
        *list = maker->ports[index].list;
        *count = maker->ports[index].count;
        return 0;
    }
    if (ports->count > 0) {
        *list = place->list;
        rv = put_ports(place->list, count, &place->text, ports);
        if (rv != 0)
            return rv;
        place->list += ports->count;
    }
    if (maker != NULL)
        remember_ports(maker, index, ports, *list, *count);
    return 0;
}

static int fill_host(disco_host_t *host, const plan_t *plan, disco__maker_t *maker,
                     const disco__fields_t *fields, place_t *place)
{
    char **at = &place->text;
    int rv;

    memset(host, 0, sizeof *host);
    host->name = text_of(plan, maker, fields, DISCO__TEXT_NAME, at);
    host->service_name = text_of(plan, maker, fields, DISCO__TEXT_SERVICE_NAME, at);
    host->user = text_of(plan, maker, fields, DISCO__TEXT_USER, at);
    host->password = text_of(plan, maker, fields, DISCO__TEXT_PASSWORD, at);
    host->private_hostname = text_of(plan, maker, fields, DISCO__TEXT_HOSTNAME, at);
    host->shard = text_of(plan, maker, fields, DISCO__TEXT_SHARD, at);
    host->uuid = text_of(plan, maker, fields, DISCO__TEXT_UUID, at);
    host->is_public = fields->flags[DISCO__FLAG_PUBLIC];
    host->critical = fields->flags[DISCO__FLAG_CRITICAL];
    rv = set_ports(plan, maker, fields, DISCO__PORTS, place, &host->ports, &host->port_count);
    if (rv != 0)
        return rv;
    rv = set_ports(plan, maker, fields, DISCO__PRIVATE_PORTS, place, &host->private_ports,
                   &host->private_port_count);
    /* Without a port it is not written, and so not told from none. */
    if (host->private_port_count == 0)
        host->private_ports = NULL;
    return rv;
}

static disco__home_t *home_of(disco__maker_t *maker)
{
    if (maker->home == NULL && (maker->home = disco__calloc(1, sizeof *maker->home)) != NULL)
        maker->home->references = 1;
    return maker->home;
}

static disco__host_t *take_room(disco__maker_t *maker, const plan_t *plan, place_t *place)
{
    size_t head = sizeof(disco__host_t) + plan->list_room;
    disco__home_t *home = home_of(maker);
    disco__host_t *host;

    if (home == NULL)
        return NULL;
    host = disco__arena_take(&home->arena, head);
    place->text = disco__arena_take_text(&home->arena, plan->text_room);
    if (host == NULL || place->text == NULL)
        return NULL;
    home->references++;
    host->of.home = home;
    host->alone = false;
    return host;
}

static disco__host_t *take_room_alone(const plan_t *plan, place_t *place)
{
    size_t head = sizeof(disco__host_t) + plan->list_room;
    size_t size = head + plan->text_room;
    disco__host_t *host = disco__malloc(size);

    if (host == NULL)
        return NULL;
    place->text = (char *)host + head;
    host->of.size = size;
    host->alone = true;
    return host;
}

int disco__host_make(disco__host_t **out, disco__maker_t *maker, const disco__fields_t *fields)
{
    disco__host_t *host;
    place_t place;
    plan_t plan;
    int rv;

    make_plan(&plan, maker, fields);
    host = maker != NULL ? take_room(maker, &plan, &place) : take_room_alone(&plan, &place);
    if (host == NULL)
        return UV_ENOMEM;
    host->references = 1;
    host->side = 0;
    place.list = (void *)(host + 1);
    rv = fill_host(&host->host, &plan, maker, fields, &place);
    if (rv != 0) {
        disco__host_unref(host);
        return rv;
    }
    *out = host;
    return 0;
}

int disco__info_make(disco_service_info_t **out, const disco__fields_t *fields)
{
    disco_service_info_t info = {0};
    disco__host_t *host;
    int rv = disco__host_make(&host, NULL, fields);

    if (rv != 0)
        return rv;
    info.name = host->host.name;
    info.critical = host->host.critical;
    info.hostname = host->host.private_hostname;
    info.user = host->host.user;
    info.password = host->host.password;
    info.ports = host->host.ports;
    info.port_count = host->host.port_count;
    info.is_public = host->host.is_public;
    rv = disco__info_copy(out, &info);
    disco__host_unref(host);
    return rv;
}

static int read(disco__fields_t *fields, const disco__schema_t *schema, const char *json,
                size_t size)
{
    disco__fields_init(fields);
    if (disco__fields_read_quickly(fields, schema, json, size))
        return 0;
    disco__fields_init(fields);
    return disco__fields_read(fields, schema, json, size);
}

int disco__host_read(disco__host_t **out, const char *json, size_t size)
{
    disco__fields_t fields;
    int rv = read(&fields, &disco__host_schema, json, size);

    if (rv == 0)
        rv = disco__host_make(out, NULL, &fields);
    disco__fields_free(&fields);
    return rv;
}

int disco__info_read(disco_service_info_t **out, const char *json, size_t size)
{
    disco__fields_t fields;
    int rv = read(&fields, &disco__info_schema, json, size);

    if (rv == 0)
        rv = disco__info_make(out, &fields);
    disco__fields_free(&fields);
    return rv;
}
