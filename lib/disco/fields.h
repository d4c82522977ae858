/* What the JSON of a host or an info says, before it is put into memory of its own: every text is
 * where it was read.
 *
 * As the Go package reads it (encoding/json of Go 1.26): unknown fields are passed over, names are
 * taken whatever the case of their letters, of a field given twice the last counts, a null changes
 * nothing, a wrong type spoils it all. */
#ifndef DISCO_DISCO_FIELDS_H
#define DISCO_DISCO_FIELDS_H

#include "json/scan.h"

/* The strings of a host; an info has its hostname as PRIVATE_HOSTNAME. */
enum {
    DISCO__TEXT_NAME,
    DISCO__TEXT_SERVICE_NAME,
    DISCO__TEXT_USER,
    DISCO__TEXT_PASSWORD,
    DISCO__TEXT_HOSTNAME,
    DISCO__TEXT_SHARD,
    DISCO__TEXT_UUID,
    DISCO__TEXT_COUNT
};
enum { DISCO__FLAG_PUBLIC, DISCO__FLAG_CRITICAL, DISCO__FLAG_COUNT };
enum { DISCO__PORTS, DISCO__PRIVATE_PORTS, DISCO__PORTS_COUNT };

typedef struct disco__port_span_s {
    disco__span_t scheme;
    disco__span_t port;
} disco__port_span_t;

/* More than hosts have: with more, memory of its own is needed. */
#define DISCO__FEW_PORTS 8

typedef struct disco__ports_span_s {
    bool given; /* else it is null */
    size_t count;
    disco__port_span_t few[DISCO__FEW_PORTS];
    disco__port_span_t *many; /* instead of few, when it is not NULL */
    size_t capacity;
} disco__ports_span_t;

typedef struct disco__fields_s {
    disco__span_t texts[DISCO__TEXT_COUNT];
    bool flags[DISCO__FLAG_COUNT];
    disco__ports_span_t ports[DISCO__PORTS_COUNT];
    /* Set by the quick way alone: which fields there are, a bit for each of the schema's, the first
     * the lowest; and where the flags stand. */
    unsigned given;
    const char *flags_at[DISCO__FLAG_COUNT];
} disco__fields_t;

/* What becomes of a field. */
typedef struct disco__field_s {
    enum { DISCO__FIELD_TEXT, DISCO__FIELD_FLAG, DISCO__FIELD_PORTS } kind;
    size_t index;
} disco__field_t;

/* What stands before a field's value: its name and the colon, and the quote that a text begins
 * with. At least eight bytes. */
typedef struct disco__lead_s {
    char text[24];
    size_t size;
} disco__lead_t;

/* Which fields there are, in the order in which the Go package writes them. */
typedef struct disco__schema_s {
    const disco__name_t *names;
    const disco__field_t *fields;
    const disco__lead_t *leads;        /* in JSON */
    const disco__lead_t *leads_inside; /* inside a string of JSON */
    size_t count;
} disco__schema_t;

extern const disco__schema_t disco__host_schema;
extern const disco__schema_t disco__info_schema;

void disco__fields_init(disco__fields_t *fields);
void disco__fields_free(disco__fields_t *fields);

/* Reads any JSON. 0; UV_ENOMEM; DISCO_EPROTOCOL: it is none, a wrong type, not UTF-8, or has a
 * \u0000 in it. */
int disco__fields_read(disco__fields_t *fields, const disco__schema_t *schema, const char *text,
                       size_t size);

/* Reads what the Go package writes, as long as it is plain: no white space, known fields in their
 * order, no escapes. False: it is something else, which says nothing about it. */
bool disco__fields_read_quickly(disco__fields_t *fields, const disco__schema_t *schema,
                                const char *text, size_t size);

/* The same inside a string of JSON, whose closing quote is looked for: gives how many bytes are
 * before it; 0: it is something else, or it is not all there. */
size_t disco__fields_read_inside(disco__fields_t *fields, const disco__schema_t *schema,
                                 const char *text, size_t size);

#endif
