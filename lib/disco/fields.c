#include "disco/fields.h"

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"

#define HOST_FIELDS(EACH)                                                                          \
    EACH("name", TEXT, DISCO__TEXT_NAME)                                                           \
    EACH("service_name", TEXT, DISCO__TEXT_SERVICE_NAME)                                           \
    EACH("ports", PORTS, DISCO__PORTS)                                                             \
    EACH("user", TEXT, DISCO__TEXT_USER)                                                           \
    EACH("password", TEXT, DISCO__TEXT_PASSWORD)                                                   \
    EACH("public", FLAG, DISCO__FLAG_PUBLIC)                                                       \
    EACH("private_hostname", TEXT, DISCO__TEXT_HOSTNAME)                                           \
    EACH("private_ports", PORTS, DISCO__PRIVATE_PORTS)                                             \
    EACH("critical", FLAG, DISCO__FLAG_CRITICAL)                                                   \
    EACH("shard", TEXT, DISCO__TEXT_SHARD)                                                         \
    EACH("uuid", TEXT, DISCO__TEXT_UUID)

#define INFO_FIELDS(EACH)                                                                          \
    EACH("name", TEXT, DISCO__TEXT_NAME)                                                           \
    EACH("critical", FLAG, DISCO__FLAG_CRITICAL)                                                   \
    EACH("hostname", TEXT, DISCO__TEXT_HOSTNAME)                                                   \
    EACH("user", TEXT, DISCO__TEXT_USER)                                                           \
    EACH("password", TEXT, DISCO__TEXT_PASSWORD)                                                   \
    EACH("ports", PORTS, DISCO__PORTS)                                                             \
    EACH("public", FLAG, DISCO__FLAG_PUBLIC)

#define NAME(name, kind, index) DISCO__NAME(name),
#define FIELD(name, kind, index) {DISCO__FIELD_##kind, index},
#define LEAD(name, kind, index)                                                                    \
    {"\"" name "\":" QUOTE_##kind, sizeof("\"" name "\":" QUOTE_##kind) - 1},
#define LEAD_INSIDE(name, kind, index)                                                             \
    {"\\\"" name "\\\":" QUOTE_INSIDE_##kind, sizeof("\\\"" name "\\\":" QUOTE_INSIDE_##kind) - 1},
#define QUOTE_TEXT "\""
#define QUOTE_FLAG
#define QUOTE_PORTS
#define QUOTE_INSIDE_TEXT "\\\""
#define QUOTE_INSIDE_FLAG
#define QUOTE_INSIDE_PORTS

static const disco__name_t host_names[] = {HOST_FIELDS(NAME)};
static const disco__field_t host_fields[] = {HOST_FIELDS(FIELD)};
static const disco__lead_t host_leads[] = {HOST_FIELDS(LEAD)};
static const disco__lead_t host_leads_inside[] = {HOST_FIELDS(LEAD_INSIDE)};
const disco__schema_t disco__host_schema = {host_names, host_fields, host_leads, host_leads_inside,
                                            sizeof host_fields / sizeof *host_fields};

static const disco__name_t info_names[] = {INFO_FIELDS(NAME)};
static const disco__field_t info_fields[] = {INFO_FIELDS(FIELD)};
static const disco__lead_t info_leads[] = {INFO_FIELDS(LEAD)};
static const disco__lead_t info_leads_inside[] = {INFO_FIELDS(LEAD_INSIDE)};
const disco__schema_t disco__info_schema = {info_names, info_fields, info_leads, info_leads_inside,
                                            sizeof info_fields / sizeof *info_fields};

void disco__fields_init(disco__fields_t *fields)
{
    size_t i;

    for (i = 0; i < DISCO__TEXT_COUNT; i++) {
        fields->texts[i].bytes = "";
        fields->texts[i].size = 0;
        fields->texts[i].escaped = false;
    }
    for (i = 0; i < DISCO__FLAG_COUNT; i++)
        fields->flags[i] = false;
    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        fields->ports[i].given = false;
        fields->ports[i].count = 0;
        fields->ports[i].many = NULL;
        fields->ports[i].capacity = 0;
    }
    fields->given = 0;
}

void disco__fields_free(disco__fields_t *fields)
{
    size_t i;

    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        disco__free(fields->ports[i].many);
        fields->ports[i].many = NULL;
    }
}

/* Room for one more; NULL when memory is short. */
static disco__port_span_t *add_port(disco__ports_span_t *ports)
{
    size_t capacity = ports->many != NULL ? ports->capacity : DISCO__FEW_PORTS;
    disco__port_span_t *grown;
    size_t bytes;

    if (ports->count == capacity) {
        if (!disco__size_mul(capacity, 2, &capacity) ||
            !disco__size_mul(capacity, sizeof *grown, &bytes))
            return NULL;
        grown = disco__realloc(ports->many, bytes);
        if (grown == NULL)
            return NULL;
        if (ports->many == NULL)
            memcpy(grown, ports->few, sizeof ports->few);
        ports->many = grown;
        ports->capacity = capacity;
    }
    return (ports->many != NULL ? ports->many : ports->few) + ports->count++;
}

/* Of several maps of a name Go makes one, and a null forgets those before it. A port that is null
 * is an empty one. */
static void read_ports(disco__scan_t *scan, disco__ports_span_t *ports)
{
    disco__span_t scheme;

    if (disco__scan_peek(scan) == 'n') {
        ports->given = false;
        ports->count = 0;
        (void)disco__scan_null(scan);
        return;
    }
    ports->given = true;
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &scheme)) {
        disco__port_span_t *port = add_port(ports);

        if (port == NULL) {
            (void)disco__scan_fail(scan, UV_ENOMEM);
            return;
        }
        port->scheme = scheme;
        port->port = (disco__span_t){.bytes = ""};
        if (disco__scan_peek(scan) == 'n')
            (void)disco__scan_null(scan);
        else
            (void)disco__scan_string(scan, &port->port);
    }
}

static void read_value(disco__scan_t *scan, disco__fields_t *fields, const disco__field_t *field)
{
    if (field->kind == DISCO__FIELD_PORTS)
        read_ports(scan, &fields->ports[field->index]);
    else if (disco__scan_peek(scan) == 'n')
        (void)disco__scan_null(scan);
    else if (field->kind == DISCO__FIELD_TEXT)
        (void)disco__scan_string(scan, &fields->texts[field->index]);
    else
        (void)disco__scan_bool(scan, &fields->flags[field->index]);
}

int disco__fields_read(disco__fields_t *fields, const disco__schema_t *schema, const char *text,
                       size_t size)
{
    disco__scan_t scan;
    disco__span_t name;

    if (!disco__text_is_utf8(text, size))
        return DISCO_EPROTOCOL;
    disco__scan_init(&scan, text, size, true);
    (void)disco__scan_open(&scan, '{');
    while (disco__scan_name(&scan, &name)) {
        size_t which = disco__span_which(&name, schema->names, schema->count);

        if (which < schema->count)
            read_value(&scan, fields, &schema->fields[which]);
        else
            (void)disco__scan_skip(&scan);
    }
    (void)disco__scan_end(&scan);
    if (scan.status == 0 && scan.nul)
        return DISCO_EPROTOCOL;
    return scan.status;
}
