#include "disco/pattern.h"

#include "base/alloc.h"
#include "base/text.h"
#include "disco/model.h"
#include "json/stop.h"

static void pattern_free(disco__pattern_t *pattern)
{
    if (pattern != NULL)
        disco__wipe(pattern, sizeof *pattern);
    disco__free(pattern);
}

void disco__patterns_free(disco__patterns_t *patterns)
{
    pattern_free(patterns->plain);
    pattern_free(patterns->inside);
    patterns->plain = NULL;
    patterns->inside = NULL;
}

/* Each gives where the value ends; NULL: it is none. */
static inline const char *end_of_flag(const char *at, const char *end)
{
    if (end - at >= 4 && memcmp(at, "true", 4) == 0)
        return at + 4;
    return end - at >= 5 && memcmp(at, "false", 5) == 0 ? at + 5 : NULL;
}

static inline const char *end_of_text(const char *first, const char *at, const char *end)
{
    bool high = false;
    const char *stop = disco__json_stop_behind(first, at, end, &high);

    return !high || disco__text_is_utf8(at, (size_t)(stop - at)) ? stop : NULL;
}

static inline bool comes(const char *at, const char *end, const char *same, size_t size)
{
    return (size_t)(end - at) >= size && memcmp(at, same, size) == 0;
}

/* Gives where the last value ends; NULL: it is something else. */
static inline const char *read_steps(const disco__pattern_t *pattern, disco__values_t *values,
                                     const char *text, const char *end)
{
    const char *at = text;
    size_t room = 0;
    size_t i;

    for (i = 0; i < pattern->step_count; i++) {
        const disco__step_t *step = &pattern->steps[i];
        const char *first = at + step->same_size;

        if (!comes(at, end, pattern->text + step->same, step->same_size))
            return NULL;
        at = step->is_flag ? end_of_flag(first, end) : end_of_text(text, first, end);
        if (at == NULL)
            return NULL;
        values->of[i].bytes = first;
        values->of[i].size = (size_t)(at - first);
        if (at > first && !step->is_flag)
            room += (size_t)(at - first) + 1;
    }
    values->room = room;
    return at;
}

size_t disco__pattern_read(const disco__pattern_t *pattern, disco__values_t *values,
                           const char *text, size_t size)
{
    const char *end = text + size;
    size_t rest;
    const char *at;

    if (pattern == NULL || pattern->version == 0)
        return 0;
    at = read_steps(pattern, values, text, end);
    rest = pattern->size - pattern->rest;
    if (at == NULL || !comes(at, end, pattern->text + pattern->rest, rest))
        return 0;
    at += rest;
    if (pattern->inside ? at == end || *at != '"' : at != end)
        return 0;
    if (pattern->uuid < SIZE_MAX && values->of[pattern->uuid].size == 0)
        return 0; /* it gets another */
    return (size_t)(at - text);
}

/* A pattern that is being made. */
typedef struct draft_s {
    const disco__fields_t *fields;
    const char *text;
    disco__piece_t pieces[DISCO__PIECES_MOST];
    size_t count;
} draft_t;

static bool add_piece(draft_t *draft, const char *at, size_t size, size_t part, size_t place)
{
    disco__piece_t *piece = &draft->pieces[draft->count];

    if (draft->count == DISCO__PIECES_MOST)
        return false;
    draft->count++;
    piece->at = (uint16_t)(at - draft->text);
    piece->size = (uint16_t)size;
    piece->place = (uint16_t)place;
    piece->part = (uint8_t)part;
    piece->is_flag = false;
    piece->varies = false;
    return true;
}

static bool add_text(draft_t *draft, size_t index)
{
    static const size_t places[DISCO__TEXT_COUNT] = {
        [DISCO__TEXT_NAME] = offsetof(disco_host_t, name),
        [DISCO__TEXT_SERVICE_NAME] = offsetof(disco_host_t, service_name),
        [DISCO__TEXT_USER] = offsetof(disco_host_t, user),
        [DISCO__TEXT_PASSWORD] = offsetof(disco_host_t, password),
        [DISCO__TEXT_HOSTNAME] = offsetof(disco_host_t, private_hostname),
        [DISCO__TEXT_SHARD] = offsetof(disco_host_t, shard),
        [DISCO__TEXT_UUID] = offsetof(disco_host_t, uuid),
    };
    const disco__span_t *span = &draft->fields->texts[index];

    return add_piece(draft, span->bytes, span->size, DISCO__PART_HOST, places[index]);
}

static bool add_flag(draft_t *draft, size_t index)
{
    size_t place = index == DISCO__FLAG_PUBLIC ? offsetof(disco_host_t, is_public)
                                               : offsetof(disco_host_t, critical);
    size_t size = draft->fields->flags[index] ? 4 : 5;

    if (!add_piece(draft, draft->fields->flags_at[index], size, DISCO__PART_HOST, place))
        return false;
    draft->pieces[draft->count - 1].is_flag = true;
    return true;
}

static bool is_less(const disco__span_t *a, const disco__span_t *b)
{
    int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);

    return order < 0 || (order == 0 && a->size < b->size);
}

/* In the order of their schemes, none twice: so they can stay as they are. */
static bool add_ports(draft_t *draft, size_t index)
{
    const disco__ports_span_t *ports = &draft->fields->ports[index];
    size_t part = index == DISCO__PORTS ? DISCO__PART_PORTS : DISCO__PART_PRIVATE_PORTS;
    size_t i;

    for (i = 0; i < ports->count; i++) {
        const disco__port_span_t *port = &ports->few[i];
        size_t place = i * sizeof(disco_port_t);

        if (i > 0 && !is_less(&ports->few[i - 1].scheme, &port->scheme))
            return false;
        if (!add_piece(draft, port->scheme.bytes, port->scheme.size, part,
                       place + offsetof(disco_port_t, scheme)) ||
            !add_piece(draft, port->port.bytes, port->port.size, part,
                       place + offsetof(disco_port_t, port)))
            return false;
    }
    return true;
}

static bool add_field(draft_t *draft, const disco__field_t *field)
{
    switch (field->kind) {
    case DISCO__FIELD_TEXT:
        return add_text(draft, field->index);
    case DISCO__FIELD_FLAG:
        return add_flag(draft, field->index);
    case DISCO__FIELD_PORTS:
        return add_ports(draft, field->index);
    }
    return false;
}

static bool make_draft(draft_t *draft)
{
    const disco__schema_t *schema = &disco__host_schema;
    size_t i;

    draft->count = 0;
    for (i = 0; i < schema->count; i++) {
        if ((draft->fields->given >> i & 1) != 0 && !add_field(draft, &schema->fields[i]))
            return false;
    }
    /* One without a UUID is named by its key. */
    return draft->fields->texts[DISCO__TEXT_UUID].size > 0;
}

static bool are_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* Whether the two are written alike, all but their texts and flags. */
static bool is_alike(const draft_t *draft, size_t size, const disco__pattern_t *pattern)
{
    size_t done = 0;
    size_t pattern_done = 0;
    size_t i;

    if (pattern->version == 0 || pattern->piece_count != draft->count)
        return false;
    for (i = 0; i < draft->count; i++) {
        const disco__piece_t *a = &draft->pieces[i];
        const disco__piece_t *b = &pattern->pieces[i];

        if (a->place != b->place || a->part != b->part ||
            !are_same(draft->text + done, a->at - done, pattern->text + pattern_done,
                      b->at - pattern_done))
            return false;
        done = (size_t)a->at + a->size;
        pattern_done = (size_t)b->at + b->size;
    }
    return are_same(draft->text + done, size - done, pattern->text + pattern_done,
                    pattern->size - pattern_done);
}

/* What varied goes on doing so. A scheme that differs is another order of the ports. */
static bool note_differences(draft_t *draft, const disco__pattern_t *pattern)
{
    size_t i;

    for (i = 0; i < draft->count; i++) {
        disco__piece_t *a = &draft->pieces[i];
        const disco__piece_t *b = &pattern->pieces[i];

        a->varies =
            b->varies || !are_same(draft->text + a->at, a->size, pattern->text + b->at, b->size);
        if (a->varies && a->part != DISCO__PART_HOST &&
            a->place % sizeof(disco_port_t) == offsetof(disco_port_t, scheme))
            return false;
    }
    return true;
}

static void nothing_varies(draft_t *draft)
{
    size_t i;

    for (i = 0; i < draft->count; i++)
        draft->pieces[i].varies = false;
}

/* With a NUL behind it; what is there already is not put there again, and neither is none. */
static void add_same(disco__pattern_t *pattern, size_t i)
{
    disco__piece_t *piece = &pattern->pieces[i];
    size_t k;

    for (k = 0; k < i; k++) {
        const disco__piece_t *other = &pattern->pieces[k];

        if (!other->is_flag && !other->varies &&
            are_same(pattern->text + other->at, other->size, pattern->text + piece->at,
                     piece->size)) {
            piece->same = other->same;
            return;
        }
    }
    piece->same = (uint16_t)pattern->same_size;
    memcpy(pattern->same + pattern->same_size, pattern->text + piece->at, piece->size);
    pattern->same_size += piece->size;
    pattern->same[pattern->same_size++] = '\0';
}

static void add_step(disco__pattern_t *pattern, const disco__piece_t *piece)
{
    size_t i = pattern->step_count++;

    pattern->steps[i] = (disco__step_t){.same = (uint16_t)pattern->rest,
                                        .same_size = (uint16_t)(piece->at - pattern->rest),
                                        .place = piece->place,
                                        .part = piece->part,
                                        .is_flag = piece->is_flag};
    pattern->rest = (size_t)piece->at + piece->size;
    if (piece->part == DISCO__PART_PORTS)
        pattern->list_varies[DISCO__PORTS] = true;
    else if (piece->part == DISCO__PART_PRIVATE_PORTS)
        pattern->list_varies[DISCO__PRIVATE_PORTS] = true;
    else if (piece->place == offsetof(disco_host_t, uuid))
        pattern->uuid = i;
    else if (piece->place == offsetof(disco_host_t, private_hostname))
        pattern->hostname = i;
}

static void put_down(disco__pattern_t *pattern, const draft_t *draft, size_t size)
{
    size_t i;

    memcpy(pattern->text, draft->text, size);
    pattern->size = size;
    memcpy(pattern->pieces, draft->pieces, draft->count * sizeof *draft->pieces);
    pattern->piece_count = draft->count;
    pattern->step_count = 0;
    pattern->rest = 0;
    pattern->same_size = 0;
    pattern->uuid = SIZE_MAX;
    pattern->hostname = SIZE_MAX;
    memset(pattern->list_varies, 0, sizeof pattern->list_varies);
    for (i = 0; i < draft->count; i++) {
        if (draft->pieces[i].varies)
            add_step(pattern, &pattern->pieces[i]);
        else if (!draft->pieces[i].is_flag)
            add_same(pattern, i);
    }
    disco__host_base(&pattern->base, draft->fields);
    pattern->version++;
}

bool disco__pattern_learn(disco__pattern_t **pattern, bool inside, const disco__fields_t *fields,
                          const char *text, size_t size)
{
    draft_t draft = {.fields = fields, .text = text};

    if (size > DISCO__PATTERN_MOST || !make_draft(&draft))
        return false;
    if (*pattern == NULL)
        *pattern = disco__calloc(1, sizeof **pattern);
    if (*pattern == NULL)
        return false;
    (*pattern)->inside = inside;
    if (!is_alike(&draft, size, *pattern) || !note_differences(&draft, *pattern))
        nothing_varies(&draft);
    put_down(*pattern, &draft, size);
    return true;
}
