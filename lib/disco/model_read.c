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

/* What is recalled is much, and most of it is never used: only its sizes are cleared. */
static void forget_recalled(disco__before_t *before, void (*forget)(disco__recall_t *recall))
{
    size_t i;
    size_t k;

    for (i = 0; i < DISCO__TEXT_COUNT; i++)
        forget(&before->texts[i]);
    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        forget(&before->lists[i]);
        for (k = 0; k < DISCO__FEW_PORTS; k++)
            forget(&before->schemes[i][k]);
    }
}

static void forget_size(disco__recall_t *recall)
{
    recall->compared = 0;
}

static void forget_bytes(disco__recall_t *recall)
{
    disco__wipe(recall->bytes, recall->compared);
    recall->compared = 0;
}

void disco__maker_init(disco__maker_t *maker, disco__spares_t *spares)
{
    maker->spares = spares;
    maker->home = NULL;
    maker->before.inside = false;
    forget_recalled(&maker->before, forget_size);
    memset(maker->ports, 0, sizeof maker->ports);
}

void disco__maker_free(disco__maker_t *maker)
{
    forget_recalled(&maker->before, forget_bytes);
    disco__home_unref(maker->home);
    disco__maker_init(maker, NULL);
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
    const char *texts[DISCO__TEXT_COUNT];                      /* NULL: to be put there */
    const char *schemes[DISCO__PORTS_COUNT][DISCO__FEW_PORTS]; /* the same */
    bool public_scheme[DISCO__FEW_PORTS]; /* of the private ports: it is that of the public one */
    bool hostname_in_uuid;
    size_t list_room;
    size_t text_room;
    disco_port_t *list; /* where the next list is put, */
    char *at;           /* and the next text */
} plan_t;

/* A host often has the same schemes in both lists. */
static bool is_public_scheme(const plan_t *plan, size_t i, const disco__span_t *span)
{
    const disco__ports_span_t *ports = &plan->fields->ports[DISCO__PORTS];

    return !plan->fields->same_list[DISCO__PORTS] && i < ports->count &&
           is_same(&ports_of(ports)[i].scheme, span);
}

/* Only few are looked at. */
static void plan_scheme(plan_t *plan, size_t index, size_t i, const disco__span_t *scheme)
{
    const char *known = NULL;
    bool is_public = false;

    if (plan->maker != NULL && plan->fields->same_scheme[index][i])
        known = plan->maker->schemes[index][i];
    else if (index == DISCO__PRIVATE_PORTS)
        is_public = is_public_scheme(plan, i, scheme);
    if (known == NULL && !is_public)
        plan->text_room += text_room(scheme);
    plan->schemes[index][i] = known;
    if (index == DISCO__PRIVATE_PORTS)
        plan->public_scheme[i] = is_public;
}

static void plan_ports(plan_t *plan, size_t index)
{
    const disco__ports_span_t *ports = &plan->fields->ports[index];
    const disco__port_span_t *list = ports_of(ports);
    size_t i;

    if (plan->fields->same_list[index])
        return;
    plan->list_room += ports->count * sizeof(disco_port_t);
    for (i = 0; i < ports->count; i++) {
        plan->text_room += text_room(&list[i].port);
        if (i < DISCO__FEW_PORTS)
            plan_scheme(plan, index, i, &list[i].scheme);
        else
            plan->text_room += text_room(&list[i].scheme);
    }
}

static void plan_texts(plan_t *plan)
{
    const disco__fields_t *fields = plan->fields;
    const disco__span_t *spans = fields->texts;
    size_t i;

    plan->hostname_in_uuid = is_end_of(&spans[DISCO__TEXT_UUID], &spans[DISCO__TEXT_HOSTNAME]);
    for (i = 0; i < DISCO__TEXT_COUNT; i++) {
        plan->texts[i] = NULL;
        if (spans[i].size == 0)
            plan->texts[i] = no_text;
        else if (plan->maker != NULL && fields->same_text[i])
            plan->texts[i] = plan->maker->texts[i];
        else if (i != DISCO__TEXT_HOSTNAME || !plan->hostname_in_uuid)
            plan->text_room += spans[i].size + 1;
    }
}

static void make_plan(plan_t *plan, disco__maker_t *maker, const disco__fields_t *fields)
{
    size_t i;

    /* What stood in the other kind of text cannot stand here. */
    if (maker != NULL && maker->before.inside != fields->inside) {
        forget_recalled(&maker->before, forget_size);
        maker->before.inside = fields->inside;
    }
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

/* Names and UUIDs differ from host to host: only the others are worth noting. */
static const char *text_of(plan_t *plan, size_t index, bool noted)
{
    const disco__span_t *span = &plan->fields->texts[index];
    const char *text = plan->texts[index];

    if (text != NULL)
        return text;
    text = put_text(plan, span);
    if (noted && plan->maker != NULL && !span->escaped) {
        plan->maker->texts[index] = text;
        disco__recall_text(&plan->maker->before.texts[index], span, plan->fields->inside);
    }
    return text;
}

static const char *scheme_of(plan_t *plan, size_t index, size_t i, const disco__span_t *span,
                             const disco_host_t *host)
{
    const char *text;

    if (i >= DISCO__FEW_PORTS)
        return put_text(plan, span);
    text = plan->schemes[index][i];
    if (text != NULL)
        return text;
    if (index == DISCO__PRIVATE_PORTS && plan->public_scheme[i])
        text = host->ports[i].scheme;
    else
        text = put_text(plan, span);
    if (plan->maker != NULL) {
        plan->maker->schemes[index][i] = text;
        disco__recall_scheme(&plan->maker->before.schemes[index][i], span, plan->fields->inside);
    }
    return text;
}

/* Gives whether all its schemes are those of the list before. */
static bool put_ports(plan_t *plan, size_t index, disco_port_t *list, const disco_host_t *host)
{
    const disco__ports_span_t *ports = &plan->fields->ports[index];
    const disco__port_span_t *from = ports_of(ports);
    bool same = plan->maker != NULL && plan->maker->ports[index].count == ports->count;
    size_t i;

    for (i = 0; i < ports->count; i++) {
        same = same && i < DISCO__FEW_PORTS && plan->fields->same_scheme[index][i];
        list[i].scheme = scheme_of(plan, index, i, &from[i].scheme, host);
        list[i].port = put_text(plan, &from[i].port);
    }
    return same;
}

static void note_list(disco__maker_t *maker, size_t index, const disco__ports_span_t *ports,
                      const disco_port_t *list, uint16_t count)
{
    maker->ports[index].list = list;
    maker->ports[index].count = count;
    if (ports->bytes != NULL)
        disco__recall_list(&maker->before.lists[index], ports);
    else
        maker->before.lists[index].compared = 0;
}

static int sort_ports(plan_t *plan, size_t index, disco_port_t *list, uint16_t *count, bool same)
{
    bool in_order;

    if (list == NULL || (same && plan->maker->ports[index].in_order))
        return 0;
    in_order = disco__ports_are_sorted(list, *count);
    if (plan->maker != NULL)
        plan->maker->ports[index].in_order = in_order;
    return in_order ? 0 : disco__ports_sort(list, count);
}

/* The list is not yet sorted. NULL: there is nothing to be sorted. */
static disco_port_t *set_ports(plan_t *plan, size_t index, disco_host_t *host,
                               const disco_port_t **ports, uint16_t *count, bool *same)
{
    const disco__ports_span_t *from = &plan->fields->ports[index];
    disco_port_t *list = plan->list;

    *ports = from->given ? no_ports : NULL;
    *count = (uint16_t)from->count;
    if (plan->fields->same_list[index]) {
        *ports = plan->maker->ports[index].list;
        *count = plan->maker->ports[index].count;
        return NULL;
    }
    if (from->count == 0)
        return NULL;
    *same = put_ports(plan, index, list, host);
    plan->list += from->count;
    *ports = list;
    return list;
}

/* Both lists are put there before one is sorted: the second looks at the first, place by place. */
static int fill_ports(plan_t *plan, disco_host_t *host)
{
    disco_port_t *lists[DISCO__PORTS_COUNT];
    bool same[DISCO__PORTS_COUNT] = {false, false};
    const disco__ports_span_t *from = plan->fields->ports;
    int rv;

    lists[0] = set_ports(plan, DISCO__PORTS, host, &host->ports, &host->port_count, &same[0]);
    lists[1] = set_ports(plan, DISCO__PRIVATE_PORTS, host, &host->private_ports,
                         &host->private_port_count, &same[1]);
    rv = sort_ports(plan, DISCO__PORTS, lists[0], &host->port_count, same[0]);
    if (rv == 0)
        rv = sort_ports(plan, DISCO__PRIVATE_PORTS, lists[1], &host->private_port_count, same[1]);
    if (rv != 0)
        return rv;
    /* Without a port it is not written, and so not told from none. */
    if (host->private_port_count == 0)
        host->private_ports = NULL;
    if (plan->maker != NULL && lists[0] != NULL)
        note_list(plan->maker, DISCO__PORTS, &from[0], host->ports, host->port_count);
    if (plan->maker != NULL && lists[1] != NULL)
        note_list(plan->maker, DISCO__PRIVATE_PORTS, &from[1], host->private_ports,
                  host->private_port_count);
    return 0;
}

static int fill_host(plan_t *plan, disco_host_t *host)
{
    const disco__fields_t *fields = plan->fields;

    host->name = text_of(plan, DISCO__TEXT_NAME, false);
    host->service_name = text_of(plan, DISCO__TEXT_SERVICE_NAME, true);
    host->user = text_of(plan, DISCO__TEXT_USER, true);
    host->password = text_of(plan, DISCO__TEXT_PASSWORD, true);
    host->shard = text_of(plan, DISCO__TEXT_SHARD, true);
    host->uuid = text_of(plan, DISCO__TEXT_UUID, false);
    if (plan->hostname_in_uuid && plan->texts[DISCO__TEXT_HOSTNAME] == NULL)
        host->private_hostname = host->uuid + fields->texts[DISCO__TEXT_UUID].size -
                                 fields->texts[DISCO__TEXT_HOSTNAME].size;
    else
        host->private_hostname = text_of(plan, DISCO__TEXT_HOSTNAME, false);
    host->is_public = fields->flags[DISCO__FLAG_PUBLIC];
    host->critical = fields->flags[DISCO__FLAG_CRITICAL];
    host->created_revision = 0;
    host->modified_revision = 0;
    return fill_ports(plan, host);
}

static disco__home_t *home_of(disco__maker_t *maker)
{
    disco__home_t *home = maker->home;

    if (home != NULL)
        return home;
    home = disco__malloc(sizeof *home);
    if (home == NULL)
        return NULL;
    home->references = 1;
    home->most = 0;
    disco__arena_init(&home->arena, maker->spares);
    maker->home = home;
    return home;
}

static disco__host_t *take_room(plan_t *plan)
{
    size_t head = sizeof(disco__host_t) + plan->list_room;
    disco__home_t *home = home_of(plan->maker);
    disco__host_t *host;

    if (home == NULL)
        return NULL;
    plan->at = disco__arena_take_text(&home->arena, plan->text_room);
    host = disco__arena_take(&home->arena, head);
    if (host == NULL || plan->at == NULL)
        return NULL;
    disco__host_move_in(host, home);
    return host;
}

#define ALIGNMENT sizeof(uint64_t)

static disco__host_t *take_room_alone(plan_t *plan)
{
    size_t head = sizeof(disco__host_t) + plan->list_room;
    size_t size = (head + plan->text_room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    disco__host_t *host = disco__malloc(size);

    if (host == NULL)
        return NULL;
    if (!disco__host_settle(host, size)) {
        disco__free(host);
        return NULL;
    }
    plan->at = (char *)host + head;
    return host;
}

int disco__host_make(disco__host_t **out, disco__maker_t *maker, const disco__fields_t *fields)
{
    disco__host_t *host;
    plan_t plan;
    size_t i;
    int rv;

    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        if (fields->ports[i].count > UINT16_MAX)
            return DISCO_EPROTOCOL;
    }
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
    if (disco__fields_read_quickly(fields, schema, NULL, json, size))
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
