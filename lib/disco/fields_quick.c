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

static inline size_t left(const quick_t *quick)
{
    return (size_t)(quick->end - quick->at);
}

static inline bool take(quick_t *quick, char c)
{
    if (quick->at == quick->end || *quick->at != c)
        return false;
    quick->at++;
    return true;
}

static inline uint64_t eight(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Eight bytes at least. Eight at a time, the last eight maybe twice. */
static inline bool comes(const quick_t *quick, const char *bytes, size_t size)
{
    const char *at = quick->at;
    size_t i;

    if (left(quick) < size || eight(at + size - 8) != eight(bytes + size - 8))
        return false;
    for (i = 0; i + 8 < size; i += 8) {
        if (eight(at + i) != eight(bytes + i))
            return false;
    }
    return true;
}

static inline bool take_lead(quick_t *quick, const disco__lead_t *lead)
{
    if (!comes(quick, lead->text, lead->size))
        return false;
    quick->at += lead->size;
    return true;
}

static inline bool take_quote(quick_t *quick, bool inside)
{
    if (inside) {
        if (left(quick) < 2 || quick->at[0] != '\\' || quick->at[1] != '"')
            return false;
        quick->at += 2;
        return true;
    }
    return take(quick, '"');
}

/* Behind its first quote. */
static inline bool take_text(quick_t *quick, disco__span_t *span, bool inside)
{
    const char *stop = disco__json_stop(quick->at, quick->end, &quick->high);

    span->bytes = quick->at;
    span->size = (size_t)(stop - quick->at);
    span->escaped = false;
    quick->at = stop;
    return take_quote(quick, inside);
}

static inline bool take_word(quick_t *quick, const char *word, size_t size)
{
    if (left(quick) < size || memcmp(quick->at, word, size) != 0)
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
    disco__port_span_t *port = &ports->few[ports->count];

    if (ports->count == DISCO__FEW_PORTS)
        return false;
    ports->count++;
    return take_quote(quick, inside) && take_text(quick, &port->scheme, inside) &&
           take(quick, ':') && take_quote(quick, inside) && take_text(quick, &port->port, inside);
}

static inline bool take_ports(quick_t *quick, disco__ports_span_t *ports, bool inside)
{
    if (take_word(quick, "null", 4))
        return true;
    if (!take(quick, '{'))
        return false;
    ports->given = true;
    if (take(quick, '}'))
        return true;
    do {
        if (!take_port(quick, ports, inside))
            return false;
    } while (take(quick, ','));
    return take(quick, '}');
}

static inline bool take_value(quick_t *quick, disco__fields_t *fields, const disco__field_t *field,
                              bool inside)
{
    switch (field->kind) {
    case DISCO__FIELD_TEXT:
        return take_text(quick, &fields->texts[field->index], inside);
    case DISCO__FIELD_FLAG:
        fields->flags_at[field->index] = quick->at;
        return take_flag(quick, &fields->flags[field->index]);
    case DISCO__FIELD_PORTS:
        return take_ports(quick, &fields->ports[field->index], inside);
    }
    return false;
}

/* Those between are not given. */
static inline bool take_object(quick_t *quick, disco__fields_t *fields,
                               const disco__schema_t *schema, bool inside)
{
    const disco__lead_t *leads = inside ? schema->leads_inside : schema->leads;
    size_t next = 0;

    if (!take(quick, '{'))
        return false;
    do {
        while (next < schema->count && !take_lead(quick, &leads[next]))
            next++;
        if (next == schema->count || !take_value(quick, fields, &schema->fields[next], inside))
            return false;
        fields->given |= 1u << next;
        next++;
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
