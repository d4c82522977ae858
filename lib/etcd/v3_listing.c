#include "etcd/v3_listing.h"

#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/base64.h"
#include "etcd/v3_codec.h"
#include "json/expect.h"

/* Where the walker is. */
enum { TOP = 1, HEADER, RESPONSES, RESPONSE, RANGE, KEYS };

static const disco__name_t top_names[] = {DISCO__NAME("header"), DISCO__NAME("responses")};
static const disco__name_t revision_name = DISCO__NAME("revision");
static const disco__name_t range_name = DISCO__NAME("response_range");
static const disco__name_t range_names[] = {DISCO__NAME("kvs"), DISCO__NAME("more"),
                                            DISCO__NAME("header")};

/* In the order in which etcd writes them. */
enum { KEY, CREATED, MODIFIED, VERSION, VALUE, LEASE, MEMBER_COUNT };
static const disco__name_t members[MEMBER_COUNT] = {
    DISCO__NAME("key"),     DISCO__NAME("create_revision"), DISCO__NAME("mod_revision"),
    DISCO__NAME("version"), DISCO__NAME("value"),           DISCO__NAME("lease"),
};

/* A key as it stands in the answer. What is left out is empty. */
typedef struct pair_s {
    disco__span_t key;
    disco__span_t value;
    uint64_t created_revision;
    uint64_t modified_revision;
    bool good;
} pair_t;

static void read_text(disco__scan_t *scan, disco__span_t *span, bool *good)
{
    char first = disco__scan_peek(scan);

    if (first == '"') {
        (void)disco__scan_string(scan, span);
        return;
    }
    if (first != 'n')
        *good = false;
    (void)disco__scan_skip(scan);
}

static void read_pair(disco__scan_t *scan, pair_t *pair)
{
    disco__span_t name;

    *pair = (pair_t){.key = {.bytes = ""}, .value = {.bytes = ""}, .good = true};
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name)) {
        switch (disco__span_which(&name, members, MEMBER_COUNT)) {
        case KEY:
            read_text(scan, &pair->key, &pair->good);
            break;
        case VALUE:
            read_text(scan, &pair->value, &pair->good);
            break;
        case CREATED:
            if (!disco__scan_u64_if_any(scan, &pair->created_revision))
                pair->good = false;
            break;
        case MODIFIED:
            if (!disco__scan_u64_if_any(scan, &pair->modified_revision))
                pair->good = false;
            break;
        default:
            (void)disco__scan_skip(scan);
        }
    }
}

/* Most keys and values are smaller. */
#define LEAST_ROOM 512

/* Instead of what is there. 0 or UV_ENOMEM. */
static int make_room(disco__buffer_t *out, size_t size)
{
    if (size < LEAST_ROOM - 1)
        size = LEAST_ROOM - 1; /* and a NUL */
    disco__buffer_clear(out);
    if (out->capacity <= size)
        disco__buffer_free_secret(out); /* growing would leave a copy behind */
    return disco__buffer_reserve(out, size) != 0 ? UV_ENOMEM : 0;
}

/* Room for the text up to the next quote. False: there is enough, or no more. */
static bool make_room_to_quote(const disco__scan_t *scan, disco__buffer_t *out)
{
    const char *quote = memchr(scan->at, '"', (size_t)(scan->end - scan->at));

    return quote != NULL && (size_t)(quote - scan->at) >= out->capacity &&
           make_room(out, (size_t)(quote - scan->at)) == 0;
}

/* Up to the quote, which is not taken. False: it is another text. */
static bool take_base64(disco__scan_t *scan, disco__buffer_t *out)
{
    size_t left = (size_t)(scan->end - scan->at);

    if (out->bytes == NULL && !make_room_to_quote(scan, out))
        return false;
    do {
        size_t used = disco__base64_take(out->bytes, out->capacity - 1, scan->at, left, &out->size);

        if (used > 0 && used < left && scan->at[used] == '"') {
            out->bytes[out->size] = '\0';
            scan->at += used;
            return true;
        }
    } while (make_room_to_quote(scan, out));
    return false;
}

static bool skip_digits(disco__scan_t *scan)
{
    const char *first = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > first;
}

/* As etcd writes them: without white space and in this order. */
static bool take_pair(disco__v3_listing_t *listing, disco__scan_t *scan, pair_t *pair)
{
    if (!DISCO__TAKE(scan, "{\"key\":\"") || !take_base64(scan, &listing->next_key) ||
        !DISCO__TAKE(scan, "\",\"create_revision\":\"") ||
        !disco__take_digits(scan, &pair->created_revision) ||
        !DISCO__TAKE(scan, "\",\"mod_revision\":\"") ||
        !disco__take_digits(scan, &pair->modified_revision) ||
        !DISCO__TAKE(scan, "\",\"version\":\"") || !skip_digits(scan) ||
        !DISCO__TAKE(scan, "\",\"value\":\"") || !take_base64(scan, &listing->value))
        return false;
    if (DISCO__TAKE(scan, "\",\"lease\":\"") && !skip_digits(scan))
        return false;
    return DISCO__TAKE(scan, "\"}");
}

/* 0, UV_ENOMEM, or DISCO_EBASE64. */
static int decode(disco__buffer_t *out, const disco__span_t *span)
{
    size_t size = span->size;
    int rv;

    if (make_room(out, size) != 0)
        return UV_ENOMEM;
    if (!span->escaped) {
        rv = disco__base64_decode_to(out->bytes, span->bytes, &size);
    } else {
        size = disco__json_unescape(out->bytes, span);
        rv = disco__base64_decode_in_place(out->bytes, &size);
    }
    if (rv != 0)
        return rv;
    out->size = size;
    out->bytes[size] = '\0';
    return 0;
}

static int decode_pair(disco__v3_listing_t *listing, const pair_t *pair)
{
    int rv = decode(&listing->next_key, &pair->key);

    return rv == 0 ? decode(&listing->value, &pair->value) : rv;
}

/* Reads and decodes the next pair. False: it is to be passed over, or the scanner's status says
 * more. */
static bool next_pair(disco__v3_listing_t *listing, disco__scan_t *scan, pair_t *pair)
{
    int rv;

    read_pair(scan, pair);
    if (scan->status != 0 || !pair->good)
        return false;
    rv = decode_pair(listing, pair);
    if (rv == UV_ENOMEM)
        (void)disco__scan_fail(scan, rv);
    return rv == 0;
}

static int hand_over(disco__v3_listing_t *listing, const pair_t *pair)
{
    const disco__taker_t *taker = listing->taker;
    disco__buffer_t last = listing->key;
    disco__item_t item;

    if (listing->next_key.size == 0 ||
        memchr(listing->next_key.bytes, '\0', listing->next_key.size) != NULL)
        return 0;
    listing->key = listing->next_key;
    listing->next_key = last;
    listing->counts[listing->responses - 1]++;
    memset(&item, 0, sizeof item);
    item.key = listing->key.bytes;
    item.key_size = listing->key.size;
    item.value = disco__buffer_text(&listing->value);
    item.value_size = listing->value.size;
    item.beside = listing->first_is_beside && listing->responses == 1;
    item.created_revision = pair->created_revision;
    item.modified_revision = pair->modified_revision;
    return taker->take(taker->data, &item);
}

static int enter_if(disco__scan_t *scan, char bracket, int where)
{
    if (disco__scan_peek(scan) == bracket)
        return where;
    (void)disco__scan_skip(scan);
    return DISCO__WALK_TAKEN;
}

static int skip(disco__scan_t *scan)
{
    (void)disco__scan_skip(scan);
    return DISCO__WALK_TAKEN;
}

/* What should have been keys. */
static int skip_unreadable(disco__v3_listing_t *listing, disco__scan_t *scan)
{
    if (disco__scan_skip(scan))
        listing->unreadable++;
    return DISCO__WALK_TAKEN;
}

/* The whole of it, when it is as etcd writes it. */
static bool take_header(disco__scan_t *scan, disco__v3_header_t *header)
{
    disco__plain_t plain = {.at = scan->at, .end = scan->end};

    if (!disco__v3_take_plain_header(&plain, header))
        return false;
    scan->at = plain.at;
    scan->fresh = false;
    return true;
}

static int top_header(disco__v3_listing_t *listing, disco__scan_t *scan)
{
    disco__v3_header_t header;

    if (!take_header(scan, &header))
        return enter_if(scan, '{', HEADER);
    if (header.revision > 0)
        listing->revision = header.revision;
    return DISCO__WALK_TAKEN;
}

/* That of a range is of no interest. */
static int range_header(disco__scan_t *scan)
{
    disco__v3_header_t ignored;

    return take_header(scan, &ignored) ? DISCO__WALK_TAKEN : skip(scan);
}

static int top_member(disco__v3_listing_t *listing, const disco__span_t *name, disco__scan_t *scan)
{
    switch (disco__span_which(name, top_names, 2)) {
    case 0:
        return top_header(listing, scan);
    case 1:
        if (disco__scan_peek(scan) == '[' && listing->has_responses)
            (void)disco__scan_fail(scan, DISCO_EPROTOCOL);
        listing->has_responses = listing->has_responses || disco__scan_peek(scan) == '[';
        return enter_if(scan, '[', RESPONSES);
    default:
        return skip(scan);
    }
}

static int range_member(disco__v3_listing_t *listing, const disco__span_t *name,
                        disco__scan_t *scan)
{
    char first = disco__scan_peek(scan);

    switch (disco__span_which(name, range_names, 3)) {
    case 0:
        return first == '[' || first == 'n' ? enter_if(scan, '[', KEYS)
                                            : skip_unreadable(listing, scan);
    case 1:
        if (first == 'n')
            return skip(scan);
        (void)disco__scan_bool(scan, &listing->more);
        return DISCO__WALK_TAKEN;
    case 2:
        return range_header(scan);
    default:
        return skip(scan);
    }
}

/* False: it cannot be read the quick way. */
static bool take_quickly(void *data, disco__scan_t *scan)
{
    disco__v3_listing_t *listing = data;
    pair_t pair;
    int rv;

    if (!take_pair(listing, scan, &pair))
        return false;
    rv = hand_over(listing, &pair);
    if (rv != 0)
        (void)disco__scan_fail(scan, rv);
    return true;
}

static int take_key(disco__v3_listing_t *listing, disco__scan_t *scan)
{
    pair_t pair;
    int rv = 0;

    if (disco__scan_peek(scan) != '{')
        return skip_unreadable(listing, scan);
    if (disco__take_row(scan, take_quickly, listing))
        return DISCO__WALK_TAKEN;
    if (next_pair(listing, scan, &pair))
        rv = hand_over(listing, &pair);
    else if (scan->status == 0)
        listing->unreadable++;
    if (rv != 0)
        (void)disco__scan_fail(scan, rv);
    return DISCO__WALK_TAKEN;
}

static int take_response(disco__v3_listing_t *listing, disco__scan_t *scan)
{
    int where = enter_if(scan, '{', RESPONSE);

    if (scan->status != 0)
        return DISCO__WALK_TAKEN; /* asked again when there is more */
    if (listing->responses < DISCO__V3_RANGES)
        listing->responses++;
    else
        (void)disco__scan_fail(scan, DISCO_EPROTOCOL);
    return where;
}

/* Of several of a response the keys of all count. */
static int take_range(disco__v3_listing_t *listing, disco__scan_t *scan)
{
    int where = enter_if(scan, '{', RANGE);

    if (where == RANGE && listing->ranges < listing->responses)
        listing->ranges++;
    return where;
}

static int on_value(void *data, int where, const disco__span_t *name, disco__scan_t *scan)
{
    disco__v3_listing_t *listing = data;

    switch (where) {
    case 0:
        return TOP;
    case TOP:
        return name != NULL ? top_member(listing, name, scan) : skip(scan);
    case HEADER:
        if (disco__span_which(name, &revision_name, 1) != 0)
            return skip(scan);
        (void)disco__scan_u64_if_any(scan, &listing->revision);
        return DISCO__WALK_TAKEN;
    case RESPONSES:
        return take_response(listing, scan);
    case RESPONSE:
        if (disco__span_which(name, &range_name, 1) != 0)
            return skip(scan);
        return take_range(listing, scan);
    case RANGE:
        return range_member(listing, name, scan);
    default:
        return take_key(listing, scan);
    }
}

void disco__v3_listing_init(disco__v3_listing_t *listing, const disco__taker_t *taker,
                            bool first_is_beside)
{
    memset(listing, 0, sizeof *listing);
    disco__walk_init(&listing->walk, on_value, listing);
    disco__buffer_init(&listing->key);
    disco__buffer_init(&listing->next_key);
    disco__buffer_init(&listing->value);
    listing->taker = taker;
    listing->first_is_beside = first_is_beside;
}

void disco__v3_listing_free(disco__v3_listing_t *listing)
{
    disco__walk_free(&listing->walk);
    disco__buffer_free(&listing->key);
    disco__buffer_free(&listing->next_key);
    disco__buffer_free_secret(&listing->value);
}

void disco__v3_listing_begin(disco__v3_listing_t *listing, bool first_is_beside)
{
    disco__walk_reset(&listing->walk);
    listing->first_is_beside = first_is_beside;
    listing->revision = 0;
    listing->has_responses = false;
    listing->responses = 0;
    listing->ranges = 0;
    listing->unreadable = 0;
    memset(listing->counts, 0, sizeof listing->counts);
    listing->more = false;
}

void disco__v3_listing_feed(disco__v3_listing_t *listing, const char *bytes, size_t size)
{
    (void)disco__walk_feed(&listing->walk, bytes, size);
}

int disco__v3_listing_end(disco__v3_listing_t *listing)
{
    int rv = disco__walk_finish(&listing->walk);

    if (rv != 0)
        return rv;
    return listing->revision > 0 && listing->has_responses ? 0 : DISCO_EPROTOCOL;
}

bool disco__v3_listing_has_given(const disco__v3_listing_t *listing)
{
    return listing->counts[0] > 0 || listing->counts[1] > 0;
}
