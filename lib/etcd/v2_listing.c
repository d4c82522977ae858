#include "etcd/v2_listing.h"

#include <uv.h>
#include <uvdisco/error.h>

#include "base/text.h"
#include "json/expect.h"
#include "json/stop.h"

/* Where the walker is. */
enum { TOP = 1, ROOT, NODES };

/* In the order in which etcd writes them. */
enum { KEY, DIRECTORY, VALUE, EXPIRATION, TTL, NODES_MEMBER, MODIFIED, CREATED, MEMBER_COUNT };
static const disco__name_t members[MEMBER_COUNT] = {
    DISCO__NAME("key"),           DISCO__NAME("dir"),          DISCO__NAME("value"),
    DISCO__NAME("expiration"),    DISCO__NAME("ttl"),          DISCO__NAME("nodes"),
    DISCO__NAME("modifiedIndex"), DISCO__NAME("createdIndex"),
};

static const disco__name_t node_name = DISCO__NAME("node");

static void read_key(disco__scan_t *scan, disco__v2_node_t *node)
{
    char first = disco__scan_peek(scan);

    if (first == '"') {
        node->has_key = disco__scan_string(scan, &node->key);
        return;
    }
    if (disco__scan_skip(scan) && first != 'n')
        node->has_bad_key = true; /* not before: it may not have come yet */
}

static void read_value(disco__v2_listing_t *listing, disco__scan_t *scan, disco__v2_node_t *node)
{
    const disco__taker_t *taker = listing->taker;
    size_t size = 0;

    if (disco__scan_peek(scan) != '"') {
        (void)disco__scan_skip(scan);
        return;
    }
    if (taker->read != NULL)
        size = taker->read(taker->data, listing->beside, scan->at + 1,
                           (size_t)(scan->end - scan->at - 1));
    node->is_read = size > 0;
    if (size == 0) {
        (void)disco__scan_string(scan, &node->value);
        return;
    }
    node->value = (disco__span_t){.bytes = scan->at + 1, .size = size, .escaped = true};
    scan->at += size + 2;
}

static void read_directory(disco__scan_t *scan, disco__v2_node_t *node)
{
    char first = disco__scan_peek(scan);

    if (first == 't' || first == 'f')
        (void)disco__scan_bool(scan, &node->is_directory);
    else
        (void)disco__scan_skip(scan);
}

/* May be negative: expired, and not yet removed (etcd without a quorum). */
static void read_ttl(disco__scan_t *scan, disco__v2_node_t *node)
{
    bool negative = disco__scan_peek(scan) == '-';
    disco__span_t number;
    uint64_t size;

    if (!negative && (disco__scan_peek(scan) < '0' || disco__scan_peek(scan) > '9')) {
        (void)disco__scan_skip(scan);
        return;
    }
    if (!disco__scan_number(scan, &number) || number.size > 15)
        return;
    if (disco__text_to_u64(number.bytes + negative, number.size - negative, &size))
        node->ttl_s = negative ? -(int64_t)size : (int64_t)size;
}

static void read_nodes(disco__scan_t *scan, disco__v2_node_t *node)
{
    bool is_array = disco__scan_peek(scan) == '[';
    const char *first = scan->at;

    if (disco__scan_skip(scan) && is_array) {
        node->nodes = first;
        node->nodes_size = (size_t)(scan->at - first);
    }
}

static void read_member(disco__v2_listing_t *listing, disco__scan_t *scan, disco__v2_node_t *node,
                        const disco__span_t *name)
{
    switch (disco__span_which(name, members, MEMBER_COUNT)) {
    case KEY:
        read_key(scan, node);
        return;
    case DIRECTORY:
        read_directory(scan, node);
        return;
    case VALUE:
        read_value(listing, scan, node);
        return;
    case TTL:
        read_ttl(scan, node);
        return;
    case NODES_MEMBER:
        read_nodes(scan, node);
        return;
    case MODIFIED:
        (void)disco__scan_u64_if_any(scan, &node->modified_revision);
        return;
    case CREATED:
        (void)disco__scan_u64_if_any(scan, &node->created_revision);
        return;
    default:
        (void)disco__scan_skip(scan);
    }
}

static int hand_over(disco__v2_listing_t *listing, const disco__v2_node_t *node)
{
    disco__item_t item = {
        .key = node->key.bytes,
        .key_size = node->key.size,
        .value = node->value.bytes,
        .value_size = node->value.size,
        .escaped = node->value.escaped,
        .read = node->is_read,
        .is_directory = node->is_directory,
        .beside = listing->beside,
        .ttl_s = node->ttl_s,
        .created_revision = node->created_revision,
        .modified_revision = node->modified_revision,
    };

    if (node->key.escaped) {
        disco__buffer_clear(&listing->key);
        if (disco__buffer_reserve(&listing->key, node->key.size) != 0)
            return UV_ENOMEM;
        item.key = listing->key.bytes;
        item.key_size = disco__json_unescape(listing->key.bytes, &node->key);
    }
    return listing->taker->take(listing->taker->data, &item);
}

/* A key with its value as etcd writes them, without white space and in this order, its value one
 * that the taker reads where it stands. False: it is another, which says nothing about it, and the
 * scanner is where it was. */
static bool read_quickly(disco__v2_listing_t *listing, disco__scan_t *scan, disco__v2_node_t *node)
{
    const char *first = scan->at;
    const disco__taker_t *taker = listing->taker;
    uint64_t ttl;
    size_t size;

    if (taker->read == NULL || !DISCO__TAKE(scan, "{\"key\":\""))
        return false;
    memset(node, 0, sizeof *node);
    node->key = (disco__span_t){.bytes = scan->at};
    scan->at = disco__json_stop(scan->at, scan->end, &node->key.high);
    node->key.size = (size_t)(scan->at - node->key.bytes);
    node->has_key = true;
    if (!DISCO__TAKE(scan, "\",\"value\":\""))
        goto another;
    size = taker->read(taker->data, listing->beside, scan->at, (size_t)(scan->end - scan->at));
    if (size == 0)
        goto another;
    node->value = (disco__span_t){.bytes = scan->at, .size = size, .escaped = true};
    node->is_read = true;
    scan->at += size + 1;
    if (DISCO__TAKE(scan, ",\"expiration\":\"")) {
        scan->at = disco__json_stop(scan->at, scan->end, &node->value.high);
        if (!DISCO__TAKE(scan, "\",\"ttl\":") || !disco__take_digits(scan, &ttl))
            goto another;
        node->ttl_s = (int64_t)ttl;
    }
    if (DISCO__TAKE(scan, ",\"modifiedIndex\":") &&
        disco__take_digits(scan, &node->modified_revision) &&
        DISCO__TAKE(scan, ",\"createdIndex\":") &&
        disco__take_digits(scan, &node->created_revision) && DISCO__TAKE(scan, "}"))
        return true;
another:
    scan->at = first;
    return false;
}

static void read_node(disco__v2_listing_t *listing, disco__scan_t *scan, disco__v2_node_t *node)
{
    disco__span_t name;

    memset(node, 0, sizeof *node);
    node->value.bytes = "";
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name))
        read_member(listing, scan, node, &name);
}

/* False: it cannot be read the quick way. */
static bool take_quickly(void *data, disco__scan_t *scan)
{
    disco__v2_listing_t *listing = data;
    disco__v2_node_t node;
    int rv;

    if (!read_quickly(listing, scan, &node))
        return false;
    rv = hand_over(listing, &node);
    if (rv != 0)
        (void)disco__scan_fail(scan, rv);
    return true;
}

/* The node, when the scanner has taken all of it, and what is in it. That calls itself, no deeper
 * than JSON may be nested. */
static void take_node(disco__v2_listing_t *listing, disco__scan_t *scan)
{
    disco__v2_node_t node;
    disco__scan_t inner;
    int rv = 0;

    if (disco__scan_peek(scan) != '{') {
        (void)disco__scan_skip(scan);
        return;
    }
    if (disco__take_row(scan, take_quickly, listing))
        return;
    read_node(listing, scan, &node);
    if (scan->status != 0)
        return;
    if (node.has_key && !node.has_bad_key)
        rv = hand_over(listing, &node);
    if (rv == 0 && node.has_key && !node.has_bad_key && node.nodes != NULL) {
        disco__scan_init(&inner, node.nodes, node.nodes_size, true);
        (void)disco__scan_open(&inner, '[');
        while (disco__scan_item(&inner))
            take_node(listing, &inner);
        rv = inner.status;
    }
    if (rv != 0)
        (void)disco__scan_fail(scan, rv);
}

static void keep(disco__scan_t *scan, disco__buffer_t *buffer, disco__span_t *span)
{
    if (scan->status != 0)
        return;
    disco__buffer_clear(buffer);
    if (disco__buffer_append(buffer, span->bytes, span->size) != 0)
        (void)disco__scan_fail(scan, UV_ENOMEM);
    span->bytes = disco__buffer_text(buffer);
}

/* The root's texts are kept: its members may come in different pieces. */
static void read_root_key(disco__v2_listing_t *listing, disco__scan_t *scan)
{
    bool is_text = disco__scan_peek(scan) == '"';

    read_key(scan, &listing->root);
    if (is_text)
        keep(scan, &listing->root_key, &listing->root.key);
}

static void read_root_value(disco__v2_listing_t *listing, disco__scan_t *scan)
{
    if (disco__scan_peek(scan) != '"') {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_string(scan, &listing->root.value);
    keep(scan, &listing->root_value, &listing->root.value);
}

static int root_member(disco__v2_listing_t *listing, const disco__span_t *name, disco__scan_t *scan)
{
    switch (disco__span_which(name, members, MEMBER_COUNT)) {
    case NODES_MEMBER:
        if (disco__scan_peek(scan) == '[')
            return NODES;
        break;
    case KEY:
        read_root_key(listing, scan);
        return DISCO__WALK_TAKEN;
    case VALUE:
        read_root_value(listing, scan);
        return DISCO__WALK_TAKEN;
    default:
        read_member(listing, scan, &listing->root, name);
        return DISCO__WALK_TAKEN;
    }
    (void)disco__scan_skip(scan);
    return DISCO__WALK_TAKEN;
}

static int on_value(void *data, int where, const disco__span_t *name, disco__scan_t *scan)
{
    disco__v2_listing_t *listing = data;

    switch (where) {
    case 0:
        return TOP;
    case TOP:
        if (name == NULL || disco__span_which(name, &node_name, 1) != 0 ||
            disco__scan_peek(scan) != '{')
            break;
        if (listing->has_root)
            (void)disco__scan_fail(scan, DISCO_EPROTOCOL);
        listing->has_root = true;
        return ROOT;
    case ROOT:
        return root_member(listing, name, scan);
    default:
        take_node(listing, scan);
        return DISCO__WALK_TAKEN;
    }
    (void)disco__scan_skip(scan);
    return DISCO__WALK_TAKEN;
}

static void forget(disco__v2_listing_t *listing)
{
    static const disco__span_t none = {.bytes = ""};

    disco__walk_reset(&listing->walk);
    listing->has_root = false;
    memset(&listing->root, 0, sizeof listing->root);
    listing->root.key = none;
    listing->root.value = none;
}

void disco__v2_listing_init(disco__v2_listing_t *listing, const disco__taker_t *taker, bool beside)
{
    memset(listing, 0, sizeof *listing);
    disco__walk_init(&listing->walk, on_value, listing);
    disco__buffer_init(&listing->root_key);
    disco__buffer_init(&listing->root_value);
    disco__buffer_init(&listing->key);
    listing->taker = taker;
    listing->beside = beside;
    forget(listing);
}

void disco__v2_listing_free(disco__v2_listing_t *listing)
{
    disco__walk_free(&listing->walk);
    disco__buffer_free(&listing->root_key);
    disco__buffer_free_secret(&listing->root_value);
    disco__buffer_free(&listing->key);
}

void disco__v2_listing_begin(disco__v2_listing_t *listing)
{
    forget(listing);
    listing->taker->begin(listing->taker->data, listing->beside);
}

void disco__v2_listing_feed(disco__v2_listing_t *listing, const char *bytes, size_t size)
{
    (void)disco__walk_feed(&listing->walk, bytes, size);
}

int disco__v2_listing_end(disco__v2_listing_t *listing)
{
    disco__v2_node_t *root = &listing->root;
    int rv = disco__walk_finish(&listing->walk);

    if (rv != 0)
        return rv;
    if (!listing->has_root || root->has_bad_key)
        return DISCO_EPROTOCOL;
    /* etcd gives the root of all keys no key. */
    if (!root->has_key)
        root->key = (disco__span_t){.bytes = "/", .size = 1};
    return hand_over(listing, root);
}
