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

/* They are short: a loop is quicker than a call. */
static inline bool is_text(const char *text, const disco__span_t *span)
{
    size_t i;

    for (i = 0; i < span->size; i++) {
        if (text[i] != span->bytes[i])
            return false;
    }
    return text[i] == '\0' && !span->escaped;
}

static bool is_same(const disco__span_t *a, const disco__span_t *b)
{
    return a->size == b->size && !a->escaped && !b->escaped &&
           memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* As the Go package makes UUIDs: the private host name is their end. */
static bool is_end_of(const disco__span_t *whole, const disco__span_t *end)
{
    return whole->size > end->size && end->size > 0 && !whole->escaped && !end->escaped &&
           memcmp(whole->bytes + whole->size - end->size, end->bytes, end->size) == 0;
}

/* What is to be made of a host, and how much room it needs. Texts that are there already are not
 * put there again: those of the host before, and those that stand twice in the host itself. What
 * was read lies in memory, so that sizes of its texts cannot overflow when they are added. */
typedef struct plan_s {
    disco__maker_t *maker; /* NULL: the host lives alone */
    const disco__fields_t *fields;
    const char *texts[DISCO__TEXT_COUNT]; /* NULL: to be put there */
    bool same_ports[DISCO__PORTS_COUNT];
    disco_port_t ports[DISCO__PORTS_COUNT][DISCO__FEW_PORTS]; /* the same */
    bool public_scheme[DISCO__FEW_PORTS]; /* of the private ports: it is that of the public one */
    bool hostname_in_uuid;
    size_t list_room;
    size_t text_room;
    disco_port_t *list; /* where the next list is put, */
    char *at;           /* and the next text */
} plan_t;

/* The port of the host before at that place; NULL: there is none. */
static const disco_port_t *port_before(const plan_t *plan, size_t index, size_t i)
{
    if (plan->maker == NULL || i >= plan->maker->ports[index].count)
        return NULL;
    return &plan->maker->ports[index].list[i];
}

/* A host often has the same schemes in both lists. */
static bool is_public_scheme(const plan_t *plan, size_t index, size_t i, const disco__span_t *span)
{
    const disco__ports_span_t *ports = &plan->fields->ports[DISCO__PORTS];

    return index == DISCO__PRIVATE_PORTS && !plan->same_ports[DISCO__PORTS] && i < ports->count &&
           is_same(&ports_of(ports)[i].scheme, span);
}

/* Only few are looked at. */
static void plan_port(plan_t *plan, size_t index, size_t i, const disco__port_span_t *port)
{
    const disco_port_t *before = port_before(plan, index, i);
    disco_port_t *known = &plan->ports[index][i];

    known->scheme = known->port = NULL;
    if (before != NULL && is_text(before->scheme, &port->scheme))
        known->scheme = before->scheme;
    if (before != NULL && is_text(before->port, &port->port))
        known->port = before->port;
    if (index == DISCO__PRIVATE_PORTS)
        plan->public_scheme[i] =
            known->scheme == NULL && is_public_scheme(plan, index, i, &port->scheme);
    if (known->scheme == NULL && (index == DISCO__PORTS || !plan->public_scheme[i]))
        plan->text_room += text_room(&port->scheme);
    if (known->port == NULL)
        plan->text_room += text_room(&port->port);
}

static void plan_ports(plan_t *plan, size_t index)
{
    const disco__ports_span_t *ports = &plan->fields->ports[index];
    const disco__maker_t *maker = plan->maker;
    const disco__port_span_t *list = ports_of(ports);
    size_t i;

    plan->same_ports[index] = maker != NULL && ports->bytes != NULL &&
                              ports->size == maker->ports[index].size &&
                              memcmp(ports->bytes, maker->ports[index].json, ports->size) == 0;
    if (plan->same_ports[index])
        return;
    plan->list_room += ports->count * sizeof(disco_port_t);
    for (i = 0; i < ports->count; i++) {
        if (i < DISCO__FEW_PORTS)
            plan_port(plan, index, i, &list[i]);
        else
            plan->text_room += text_room(&list[i].scheme) + text_room(&list[i].port);
    }
}

static void plan_texts(plan_t *plan)
{
    const disco__span_t *spans = plan->fields->texts;
    size_t i;

    plan->hostname_in_uuid = is_end_of(&spans[DISCO__TEXT_UUID], &spans[DISCO__TEXT_HOSTNAME]);
    for (i = 0; i < DISCO__TEXT_COUNT; i++) {
        const char *before = plan->maker != NULL ? plan->maker->texts[i].text : NULL;

        plan->texts[i] = NULL;
        if (spans[i].size == 0)
            plan->texts[i] = no_text;
        else if (before != NULL && spans[i].size == plan->maker->texts[i].size &&
                 !spans[i].escaped && memcmp(before, spans[i].bytes, spans[i].size) == 0)
            plan->texts[i] = before;
        else if (i != DISCO__TEXT_HOSTNAME || !plan->hostname_in_uuid)
            plan->text_room += spans[i].size + 1;
    }
}

static void make_plan(plan_t *plan, disco__maker_t *maker, const disco__fields_t *fields)
{
    size_t i;

    plan->maker = maker;
    plan->fields = fields;
    plan->list_room = 0;
    plan->text_room = 0;
    plan_texts(plan);
    for (i = 0; i < DISCO__PORTS_COUNT; i++)
        plan_ports(plan, i);
}

static const char *put_text(plan_t *plan, const disco__span_t *span)
{
    char *text = plan->at;
    size_t size = span->size;

    if (size == 0)
        return no_text;
    if (span->escaped)
        size = disco__json_unescape(text, span);
    else
        memcpy(text, span->bytes, size);
    text[size] = '\0';
    plan->at += size + 1;
    return text;
}

static const char *text_of(plan_t *plan, size_t index)
{
    const disco__span_t *span = &plan->fields->texts[index];
    const char *text = plan->texts[index];

    if (text != NULL)
        return text;
    text = put_text(plan, span);
    if (plan->maker != NULL && !span->escaped) {
        plan->maker->texts[index].text = text;
        plan->maker->texts[index].size = span->size;
    }
    return text;
}

static void put_ports(plan_t *plan, size_t index, disco_port_t *list, const disco_host_t *host)
{
    const disco__ports_span_t *ports = &plan->fields->ports[index];
    const disco__port_span_t *from = ports_of(ports);
    size_t i;

    for (i = 0; i < ports->count; i++) {
        bool few = i < DISCO__FEW_PORTS;

        list[i].scheme = few ? plan->ports[index][i].scheme : NULL;
        list[i].port = few ? plan->ports[index][i].port : NULL;
        if (few && index == DISCO__PRIVATE_PORTS && plan->public_scheme[i])
            list[i].scheme = host->ports[i].scheme;
        if (list[i].scheme == NULL)
            list[i].scheme = put_text(plan, &from[i].scheme);
        if (list[i].port == NULL)
            list[i].port = put_text(plan, &from[i].port);
    }
}

static void remember_ports(disco__maker_t *maker, size_t index, const disco__ports_span_t *ports,
                           const disco_port_t *list, size_t count)
{
    maker->ports[index].list = list;
    maker->ports[index].count = count;
    maker->ports[index].size = 0;
    if (ports->bytes == NULL || ports->size > sizeof maker->ports[index].json)
        return;
    memcpy(maker->ports[index].json, ports->bytes, ports->size);
    maker->ports[index].size = ports->size;
}

/* The list is not yet sorted, and is to be when *list is not NULL. */
static disco_port_t *set_ports(plan_t *plan, size_t index, disco_host_t *host,
                               const disco_port_t **ports, size_t *count)
{
    const disco__ports_span_t *from = &plan->fields->ports[index];
    disco_port_t *list = plan->list;

    *ports = from->given ? no_ports : NULL;
    *count = from->count;
    if (plan->same_ports[index]) {
        *ports = plan->maker->ports[index].list;
        *count = plan->maker->ports[index].count;
        return NULL;
    }
    if (from->count == 0)
        return NULL;
    put_ports(plan, index, list, host);
    plan->list += from->count;
    *ports = list;
    return list;
}

/* Both lists are put there before one is sorted: the second looks at the first, place by place. */
static int fill_ports(plan_t *plan, disco_host_t *host)
{
    disco_port_t *lists[DISCO__PORTS_COUNT];
    int rv = 0;

    lists[DISCO__PORTS] = set_ports(plan, DISCO__PORTS, host, &host->ports, &host->port_count);
    lists[DISCO__PRIVATE_PORTS] = set_ports(plan, DISCO__PRIVATE_PORTS, host, &host->private_ports,
                                            &host->private_port_count);
    if (lists[DISCO__PORTS] != NULL)
        rv = disco__ports_sort(lists[DISCO__PORTS], &host->port_count);
    if (rv == 0 && lists[DISCO__PRIVATE_PORTS] != NULL)
        rv = disco__ports_sort(lists[DISCO__PRIVATE_PORTS], &host->private_port_count);
    if (rv != 0)
        return rv;
    /* Without a port it is not written, and so not told from none. */
    if (host->private_port_count == 0)
        host->private_ports = NULL;
    if (plan->maker != NULL && lists[DISCO__PORTS] != NULL)
        remember_ports(plan->maker, DISCO__PORTS, &plan->fields->ports[DISCO__PORTS], host->ports,
                       host->port_count);
    if (plan->maker != NULL && lists[DISCO__PRIVATE_PORTS] != NULL)
        remember_ports(plan->maker, DISCO__PRIVATE_PORTS,
                       &plan->fields->ports[DISCO__PRIVATE_PORTS], host->private_ports,
                       host->private_port_count);
    return 0;
}

static int fill_host(plan_t *plan, disco_host_t *host)
{
    const disco__fields_t *fields = plan->fields;

    host->name = text_of(plan, DISCO__TEXT_NAME);
    host->service_name = text_of(plan, DISCO__TEXT_SERVICE_NAME);
    host->user = text_of(plan, DISCO__TEXT_USER);
    host->password = text_of(plan, DISCO__TEXT_PASSWORD);
    host->shard = text_of(plan, DISCO__TEXT_SHARD);
    host->uuid = text_of(plan, DISCO__TEXT_UUID);
    if (plan->hostname_in_uuid && plan->texts[DISCO__TEXT_HOSTNAME] == NULL)
        host->private_hostname = host->uuid + fields->texts[DISCO__TEXT_UUID].size -
                                 fields->texts[DISCO__TEXT_HOSTNAME].size;
    else
        host->private_hostname = text_of(plan, DISCO__TEXT_HOSTNAME);
    host->is_public = fields->flags[DISCO__FLAG_PUBLIC];
    host->critical = fields->flags[DISCO__FLAG_CRITICAL];
    host->created_revision = 0;
    host->modified_revision = 0;
    return fill_ports(plan, host);
}

static disco__home_t *home_of(disco__maker_t *maker)
{
    if (maker->home == NULL && (maker->home = disco__calloc(1, sizeof *maker->home)) != NULL)
        maker->home->references = 1;
    return maker->home;
}

static disco__host_t *take_room(plan_t *plan)
{
    size_t head = sizeof(disco__host_t) + plan->list_room;
    disco__home_t *home = home_of(plan->maker);
    disco__host_t *host;

    if (home == NULL)
        return NULL;
    host = disco__arena_take(&home->arena, head);
    plan->at = disco__arena_take_text(&home->arena, plan->text_room);
    if (host == NULL || plan->at == NULL)
        return NULL;
    home->references++;
    host->of.home = home;
    host->alone = false;
    return host;
}

static disco__host_t *take_room_alone(plan_t *plan)
{
    size_t head = sizeof(disco__host_t) + plan->list_room;
    size_t size = head + plan->text_room;
    disco__host_t *host = disco__malloc(size);

    if (host == NULL)
        return NULL;
    plan->at = (char *)host + head;
    host->of.size = size;
    host->alone = true;
    return host;
}

int disco__host_make(disco__host_t **out, disco__maker_t *maker, const disco__fields_t *fields)
{
    disco__host_t *host;
    plan_t plan;
    int rv;

    make_plan(&plan, maker, fields);
    host = maker != NULL ? take_room(&plan) : take_room_alone(&plan);
    if (host == NULL)
        return UV_ENOMEM;
    host->references = 1;
    host->side = 0;
    plan.list = (void *)(host + 1);
    rv = fill_host(&plan, &host->host);
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
