/* The quick way through the JSON of a host: it is expected to be as the Go package and this library
 * write it, and anything else is left to disco__fields_read(). Twice the same, once for JSON as it
 * is, and once for JSON inside a string of JSON (etcd's v2 API), where each quote has a backslash
 * before it: so that a whole answer is read in one pass. */
#include "disco/fields.h"

#include "base/text.h"
#include "json/stop.h"

typedef struct quick_s {
    const char *at;
    const char *end;
    bool high;
} quick_t;

static inline bool take(quick_t *quick, char c)
{
    if (quick->at == quick->end || *quick->at != c)
        return false;
    quick->at++;
    return true;
}

static inline bool take_quote(quick_t *quick, bool inside)
{
    return (!inside || take(quick, '\\')) && take(quick, '"');
}

static inline bool take_text(quick_t *quick, disco__span_t *span, bool inside)
{
    const char *stop;

    if (!take_quote(quick, inside))
        return false;
    span->bytes = quick->at;
    span->escaped = false;
    span->high = false;
    stop = disco__json_stop(quick->at, quick->end, &quick->high);
    span->size = (size_t)(stop - quick->at);
    quick->at = stop;
    return take_quote(quick, inside);
}

static inline bool take_word(quick_t *quick, const char *word, size_t size)
{
    if ((size_t)(quick->end - quick->at) < size || memcmp(quick->at, word, size) != 0)
        return false;
    quick->at += size;
    return true;
}

static inline bool take_flag(quick_t *quick, bool *flag)
{
    *flag = take_word(quick, "true", 4);
    return *flag || take_word(quick, "false", 5);
}

static inline bool take_port(quick_t *quick, disco__ports_span_t *ports, bool inside)
{
    disco__port_span_t *port;

    if (ports->count == DISCO__FEW_PORTS)
        return false;
    port = &ports->few[ports->count++];
    return take_text(quick, &port->scheme, inside) && take(quick, ':') &&
           take_text(quick, &port->port, inside);
}

static inline bool take_ports(quick_t *quick, disco__ports_span_t *ports, bool inside)
{
    const char *first = quick->at;

    if (take_word(quick, "null", 4))
        return true;
    if (!take(quick, '{'))
        return false;
    ports->given = true;
    if (!take(quick, '}')) {
        do {
            if (!take_port(quick, ports, inside))
                return false;
        } while (take(quick, ','));
        if (!take(quick, '}'))
            return false;
    }
    ports->bytes = first;
    ports->size = (size_t)(quick->at - first);
    return true;
}

static inline bool take_value(quick_t *quick, disco__fields_t *fields, const disco__field_t *field,
                              bool inside)
{
    switch (field->kind) {
    case DISCO__FIELD_TEXT:
        return take_text(quick, &fields->texts[field->index], inside);
    case DISCO__FIELD_FLAG:
        return take_flag(quick, &fields->flags[field->index]);
    case DISCO__FIELD_PORTS:
        return take_ports(quick, &fields->ports[field->index], inside);
    }
    return false;
}

/* Those between are not given. Gives which it is; count: none of them. */
static inline size_t take_name(quick_t *quick, const disco__schema_t *schema, size_t next,
                               bool inside)
{
    if (!take_quote(quick, inside))
        return schema->count;
    for (; next < schema->count; next++) {
        if (!take_word(quick, schema->names[next].text, schema->names[next].size))
            continue;
        return take_quote(quick, inside) && take(quick, ':') ? next : schema->count;
    }
    return schema->count;
}

static inline bool take_object(quick_t *quick, disco__fields_t *fields,
                               const disco__schema_t *schema, bool inside)
{
    size_t next = 0;

    if (!take(quick, '{'))
        return false;
    do {
        size_t which = take_name(quick, schema, next, inside);

        if (which == schema->count || !take_value(quick, fields, &schema->fields[which], inside))
            return false;
        next = which + 1;
    } while (take(quick, ','));
    return take(quick, '}');
}

bool disco__fields_read_quickly(disco__fields_t *fields, const disco__schema_t *schema,
                                const char *text, size_t size)
{
    quick_t quick = {.at = text, .end = text + size};

    return take_object(&quick, fields, schema, false) && quick.at == quick.end &&
           (!quick.high || disco__text_is_utf8(text, size));
}

size_t disco__fields_read_inside(disco__fields_t *fields, const disco__schema_t *schema,
                                 const char *text, size_t size)
{
    quick_t quick = {.at = text, .end = text + size};
    size_t used;

    if (!take_object(&quick, fields, schema, true) || quick.at == quick.end || *quick.at != '"')
        return 0;
    used = (size_t)(quick.at - text);
    return quick.high && !disco__text_is_utf8(text, used) ? 0 : used;
}
