#include "disco/fields.h"

#include <uv.h>
#include <uvdisco/error.h>

#include "base/alloc.h"
#include "base/text.h"

static const disco__name_t host_names[] = {
    DISCO__NAME("name"),
    DISCO__NAME("service_name"),
    DISCO__NAME("ports"),
    DISCO__NAME("user"),
    DISCO__NAME("password"),
    DISCO__NAME("public"),
    DISCO__NAME("private_hostname"),
    DISCO__NAME("private_ports"),
    DISCO__NAME("critical"),
    DISCO__NAME("shard"),
    DISCO__NAME("uuid"),
};
static const disco__field_t host_fields[] = {
    {DISCO__FIELD_TEXT, DISCO__TEXT_NAME},     {DISCO__FIELD_TEXT, DISCO__TEXT_SERVICE_NAME},
    {DISCO__FIELD_PORTS, DISCO__PORTS},        {DISCO__FIELD_TEXT, DISCO__TEXT_USER},
    {DISCO__FIELD_TEXT, DISCO__TEXT_PASSWORD}, {DISCO__FIELD_FLAG, DISCO__FLAG_PUBLIC},
    {DISCO__FIELD_TEXT, DISCO__TEXT_HOSTNAME}, {DISCO__FIELD_PORTS, DISCO__PRIVATE_PORTS},
    {DISCO__FIELD_FLAG, DISCO__FLAG_CRITICAL}, {DISCO__FIELD_TEXT, DISCO__TEXT_SHARD},
    {DISCO__FIELD_TEXT, DISCO__TEXT_UUID},
};

static const disco__name_t info_names[] = {
    DISCO__NAME("name"),     DISCO__NAME("critical"), DISCO__NAME("hostname"), DISCO__NAME("user"),
    DISCO__NAME("password"), DISCO__NAME("ports"),    DISCO__NAME("public"),
};
static const disco__field_t info_fields[] = {
    {DISCO__FIELD_TEXT, DISCO__TEXT_NAME},     {DISCO__FIELD_FLAG, DISCO__FLAG_CRITICAL},
    {DISCO__FIELD_TEXT, DISCO__TEXT_HOSTNAME}, {DISCO__FIELD_TEXT, DISCO__TEXT_USER},
    {DISCO__FIELD_TEXT, DISCO__TEXT_PASSWORD}, {DISCO__FIELD_PORTS, DISCO__PORTS},
    {DISCO__FIELD_FLAG, DISCO__FLAG_PUBLIC},
};

const disco__schema_t disco__host_schema = {host_names, host_fields,
                                            sizeof host_fields / sizeof *host_fields};
const disco__schema_t disco__info_schema = {info_names, info_fields,
                                            sizeof info_fields / sizeof *info_fields};

void disco__fields_init(disco__fields_t *fields)
{
    size_t i;

    for (i = 0; i < DISCO__TEXT_COUNT; i++)
        fields->texts[i] = (disco__span_t){.bytes = ""};
    for (i = 0; i < DISCO__FLAG_COUNT; i++)
        fields->flags[i] = false;
    for (i = 0; i < DISCO__PORTS_COUNT; i++) {
        fields->ports[i].given = false;
        fields->ports[i].count = 0;
        fields->ports[i].many = NULL;
        fields->ports[i].capacity = 0;
        fields->ports[i].bytes = NULL;
    }
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
