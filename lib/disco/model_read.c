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

void disco__maker_init(disco__maker_t *maker, disco__spares_t *spares)
{
    memset(maker, 0, sizeof *maker);
    maker->spares = spares;
}

void disco__maker_free(disco__maker_t *maker)
{
    disco__home_unref(maker->home);
    disco__maker_init(maker, NULL);
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

/* A host that is being made. What was read lies in memory, so that sizes of its texts cannot
 * overflow when they are added. */
typedef struct building_s {
    disco__host_t *host;
    char *list; /* where the next list is put, */
    char *at;   /* and the next text */
} building_t;

static int take_room_at_home(building_t *building, disco__maker_t *maker, size_t list_room,
                             size_t text_room)
{
    disco__home_t *home = home_of(maker);

    if (home == NULL)
        return UV_ENOMEM;
    building->at = disco__arena_take_text(&home->arena, text_room);
    building->host = disco__arena_take(&home->arena, sizeof(disco__host_t) + list_room);
    if (building->host == NULL || building->at == NULL)
        return UV_ENOMEM;
    disco__host_move_in(building->host, home);
    return 0;
}

#define ALIGNMENT sizeof(uint64_t)

/* maker NULL: in a block of its own. 0 or UV_ENOMEM. */
static int take_room(building_t *building, disco__maker_t *maker, size_t list_room,
                     size_t text_room)
{
    size_t head = sizeof(disco__host_t) + list_room;
    size_t size = (head + text_room + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (maker != NULL) {
        if (take_room_at_home(building, maker, list_room, text_room) != 0)
            return UV_ENOMEM;
    } else {
        building->host = disco__malloc(size);
        if (building->host == NULL)
            return UV_ENOMEM;
        if (!disco__host_settle(building->host, size)) {
            disco__free(building->host);
            return UV_ENOMEM;
        }
        building->at = (char *)building->host + head;
    }
    building->list = (char *)(building->host + 1);
    building->host->references = 1;
    building->host->side = 0;
    return 0;
}

/* With its NUL, which is there already for none. */
static size_t text_room(size_t size)
{
    return size > 0 ? size + 1 : 0;
}

static const char *put_bytes(building_t *building, const char *bytes, size_t size)
{
    char *text = building->at;

    if (size == 0)
        return no_text;
    memcpy(text, bytes, size);
    text[size] = '\0';
    building->at += size + 1;
    return text;
}

static const char *put_text(building_t *building, const disco__span_t *span)
{
    char *text = building->at;
    size_t size;

    if (!span->escaped)
        return put_bytes(building, span->bytes, span->size);
    size = disco__json_unescape(text, span);
    text[size] = '\0';
    building->at += size + 1;
    return text;
}

/* As the Go package makes UUIDs: the private host name is their end. */
static bool is_end_of(const char *whole, size_t whole_size, const char *end, size_t size)
{
    return whole_size > size && size > 0 && memcmp(whole + whole_size - size, end, size) == 0;
}

static bool is_hostname_in_uuid(const disco__fields_t *fields)
{
    const disco__span_t *uuid = &fields->texts[DISCO__TEXT_UUID];
    const disco__span_t *hostname = &fields->texts[DISCO__TEXT_HOSTNAME];

    return !uuid->escaped && !hostname->escaped &&
           is_end_of(uuid->bytes, uuid->size, hostname->bytes, hostname->size);
}

static const disco__port_span_t *ports_of(const disco__ports_span_t *ports)
{
    return ports->many != NULL ? ports->many : ports->few;
}

static size_t room_of_texts(const disco__fields_t *fields)
{
    size_t room = 0;
    size_t i;
    size_t k;

    for (i = 0; i < DISCO__TEXT_COUNT; i++)
        room += text_room(fields->texts[i].size);
    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        const disco__port_span_t *ports = ports_of(&fields->ports[i]);

        for (k = 0; k < fields->ports[i].count; k++)
            room += text_room(ports[k].scheme.size) + text_room(ports[k].port.size);
    }
    if (is_hostname_in_uuid(fields))
        room -= text_room(fields->texts[DISCO__TEXT_HOSTNAME].size);
    return room;
}

void disco__host_base(disco_host_t *host, const disco__fields_t *fields)
{
    const disco__ports_span_t *ports = fields->ports;

    memset(host, 0, sizeof *host);
    host->name = no_text;
    host->service_name = no_text;
    host->user = no_text;
    host->password = no_text;
    host->private_hostname = no_text;
    host->shard = no_text;
    host->uuid = no_text;
    host->is_public = fields->flags[DISCO__FLAG_PUBLIC];
    host->critical = fields->flags[DISCO__FLAG_CRITICAL];
    /* Without a port private ones are not written, and so not told from none. */
    host->ports = ports[DISCO__PORTS].given ? no_ports : NULL;
    host->port_count = (uint16_t)ports[DISCO__PORTS].count;
    host->private_port_count = (uint16_t)ports[DISCO__PRIVATE_PORTS].count;
}

static int put_ports(building_t *building, const disco__ports_span_t *ports,
                     const disco_port_t **out, uint16_t *count)
{
    const disco__port_span_t *from = ports_of(ports);
    disco_port_t *list = (void *)building->list;
    size_t i;

    if (ports->count == 0)
        return 0;
    for (i = 0; i < ports->count; i++) {
        list[i].scheme = put_text(building, &from[i].scheme);
        list[i].port = put_text(building, &from[i].port);
    }
    building->list += ports->count * sizeof *list;
    *out = list;
    *count = (uint16_t)ports->count;
    return disco__ports_are_sorted(list, *count) ? 0 : disco__ports_sort(list, count);
}

static int fill_host(building_t *building, const disco__fields_t *fields)
{
    const disco__span_t *texts = fields->texts;
    disco_host_t *host = &building->host->host;
    int rv;

    disco__host_base(host, fields);
    host->name = put_text(building, &texts[DISCO__TEXT_NAME]);
    host->service_name = put_text(building, &texts[DISCO__TEXT_SERVICE_NAME]);
    host->user = put_text(building, &texts[DISCO__TEXT_USER]);
    host->password = put_text(building, &texts[DISCO__TEXT_PASSWORD]);
    host->shard = put_text(building, &texts[DISCO__TEXT_SHARD]);
    host->uuid = put_text(building, &texts[DISCO__TEXT_UUID]);
    if (is_hostname_in_uuid(fields))
        host->private_hostname =
            host->uuid + texts[DISCO__TEXT_UUID].size - texts[DISCO__TEXT_HOSTNAME].size;
    else
        host->private_hostname = put_text(building, &texts[DISCO__TEXT_HOSTNAME]);
    rv = put_ports(building, &fields->ports[DISCO__PORTS], &host->ports, &host->port_count);
    if (rv == 0)
        rv = put_ports(building, &fields->ports[DISCO__PRIVATE_PORTS], &host->private_ports,
                       &host->private_port_count);
    return rv;
}

int disco__host_make(disco__host_t **out, disco__maker_t *maker, const disco__fields_t *fields)
{
    const disco__ports_span_t *ports = fields->ports;
    size_t count = ports[DISCO__PORTS].count + ports[DISCO__PRIVATE_PORTS].count;
    building_t building;
    int rv;

    if (ports[DISCO__PORTS].count > UINT16_MAX || ports[DISCO__PRIVATE_PORTS].count > UINT16_MAX)
        return DISCO_EPROTOCOL;
    if (take_room(&building, maker, count * sizeof(disco_port_t), room_of_texts(fields)) != 0)
        return UV_ENOMEM;
    rv = fill_host(&building, fields);
    if (rv != 0) {
        disco__host_unref(building.host);
        return rv;
    }
    *out = building.host;
    return 0;
}

/* The host before, when it was made by the same pattern and lives in the same home: what does not
 * vary is there already. */
static const disco_host_t *model_of(const disco__maker_t *maker, const disco__pattern_t *pattern)
{
    if (maker == NULL || maker->pattern != pattern || maker->version != pattern->version)
        return NULL;
    return maker->last;
}

static bool owns_list(const disco__pattern_t *pattern, size_t index, const disco_host_t *model)
{
    size_t count =
        index == DISCO__PORTS ? pattern->base.port_count : pattern->base.private_port_count;

    return count > 0 && (model == NULL || pattern->list_varies[index]);
}

static const disco_port_t *take_list(building_t *building, const disco_port_t *from, size_t count)
{
    disco_port_t *list = (void *)building->list;

    if (from != NULL)
        memcpy(list, from, count * sizeof *list);
    building->list += count * sizeof *list;
    return list;
}

/* The host with its lists, as the model has them. */
static void begin_alike(building_t *building, const disco__pattern_t *pattern,
                        const disco_host_t *model)
{
    disco_host_t *host = &building->host->host;

    *host = model != NULL ? *model : pattern->base;
    if (owns_list(pattern, DISCO__PORTS, model))
        host->ports = take_list(building, model != NULL ? model->ports : NULL, host->port_count);
    if (owns_list(pattern, DISCO__PRIVATE_PORTS, model))
        host->private_ports = take_list(building, model != NULL ? model->private_ports : NULL,
                                        host->private_port_count);
}

/* Where the parts of the host's block are. A list that is not this host's own has no place that
 * varies. */
typedef struct parts_s {
    char *at[DISCO__PART_COUNT];
} parts_t;

static parts_t parts_of(disco_host_t *host)
{
    parts_t parts;

    parts.at[DISCO__PART_HOST] = (char *)host;
    parts.at[DISCO__PART_PORTS] = (char *)host->ports;
    parts.at[DISCO__PART_PRIVATE_PORTS] = (char *)host->private_ports;
    return parts;
}

static inline void set_text(char *place, const char *text)
{
    *(const char **)(void *)place = text;
}

/* Once in each home, and in each block of its own: what does not vary. */
static void put_same(building_t *building, const disco__pattern_t *pattern, const parts_t *parts)
{
    const char *texts = building->at;
    size_t i;

    memcpy(building->at, pattern->same, pattern->same_size);
    building->at += pattern->same_size;
    for (i = 0; i < pattern->piece_count; i++) {
        const disco__piece_t *piece = &pattern->pieces[i];

        if (!piece->varies && !piece->is_flag)
            set_text(parts->at[piece->part] + piece->place, texts + piece->same);
    }
}

static void put_values(building_t *building, const disco__pattern_t *pattern,
                       const disco__values_t *values, const parts_t *parts, size_t without)
{
    size_t i;

    for (i = 0; i < pattern->step_count; i++) {
        const disco__step_t *step = &pattern->steps[i];
        char *place = parts->at[step->part] + step->place;
        const char *bytes = values->of[i].bytes;

        if (step->is_flag)
            *(bool *)place = *bytes == 't';
        else if (i != without)
            set_text(place, put_bytes(building, bytes, values->of[i].size));
    }
}

/* Which of the values is the end of another; SIZE_MAX: none. */
static size_t find_hostname_in_uuid(const disco__pattern_t *pattern, const disco__values_t *values)
{
    size_t uuid = pattern->uuid;
    size_t hostname = pattern->hostname;

    if (uuid == SIZE_MAX || hostname == SIZE_MAX ||
        !is_end_of(values->of[uuid].bytes, values->of[uuid].size, values->of[hostname].bytes,
                   values->of[hostname].size))
        return SIZE_MAX;
    return hostname;
}

static size_t room_of_lists(const disco__pattern_t *pattern, const disco_host_t *model)
{
    size_t count = 0;

    if (owns_list(pattern, DISCO__PORTS, model))
        count += pattern->base.port_count;
    if (owns_list(pattern, DISCO__PRIVATE_PORTS, model))
        count += pattern->base.private_port_count;
    return count * sizeof(disco_port_t);
}

int disco__host_make_alike(disco__host_t **out, disco__maker_t *maker,
                           const disco__pattern_t *pattern, const disco__values_t *values)
{
    const disco_host_t *model = model_of(maker, pattern);
    size_t in_uuid = find_hostname_in_uuid(pattern, values);
    size_t room = values->room + (model == NULL ? pattern->same_size : 0);
    building_t building;
    disco_host_t *host;
    parts_t parts;

    if (in_uuid < SIZE_MAX)
        room -= text_room(values->of[in_uuid].size);
    if (take_room(&building, maker, room_of_lists(pattern, model), room) != 0)
        return UV_ENOMEM;
    host = &building.host->host;
    begin_alike(&building, pattern, model);
    parts = parts_of(host);
    if (model == NULL)
        put_same(&building, pattern, &parts);
    put_values(&building, pattern, values, &parts, in_uuid);
    if (in_uuid < SIZE_MAX)
        host->private_hostname =
            host->uuid + values->of[pattern->uuid].size - values->of[in_uuid].size;
    if (maker != NULL) {
        maker->pattern = pattern;
        maker->version = pattern->version;
        maker->last = host;
    }
    *out = building.host;
    return 0;
}

int disco__info_make(disco_service_info_t **out, const disco__fields_t *fields)
{
    disco__host_t *host;
    int rv = disco__host_make(&host, NULL, fields);

    if (rv != 0)
        return rv;
    rv = disco__info_of(out, host);
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
