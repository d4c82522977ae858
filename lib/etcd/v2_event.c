#include "etcd/v2_event.h"

#include <string.h>

#include <uv.h>

#include "base/text.h"
#include "json/member.h"
#include "json/read.h"

/* In the order in which etcd writes them, those of no interest too: they are passed over quickest
 * when they are known. */
enum { ACTION, NODE, PREV_NODE, EVENT_COUNT };
static const disco__name_t event_names[EVENT_COUNT] = {
    DISCO__NAME("action"),
    DISCO__NAME("node"),
    DISCO__NAME("prevNode"),
};

enum { KEY, DIRECTORY, VALUE, EXPIRATION, TTL, MODIFIED, CREATED, NODE_COUNT };
static const disco__name_t node_names[NODE_COUNT] = {
    DISCO__NAME("key"),          DISCO__NAME("dir"), DISCO__NAME("value"),
    DISCO__NAME("expiration"),   DISCO__NAME("ttl"), DISCO__NAME("modifiedIndex"),
    DISCO__NAME("createdIndex"),
};

static const struct {
    disco__name_t name;
    disco__v2_action_t action;
} actions[] = {
    {DISCO__NAME("set"), DISCO__V2_PUT},       {DISCO__NAME("create"), DISCO__V2_PUT},
    {DISCO__NAME("update"), DISCO__V2_PUT},    {DISCO__NAME("compareAndSwap"), DISCO__V2_PUT},
    {DISCO__NAME("delete"), DISCO__V2_DELETE}, {DISCO__NAME("compareAndDelete"), DISCO__V2_DELETE},
    {DISCO__NAME("expire"), DISCO__V2_EXPIRE},
};

/* A node where it stands. */
typedef struct node_s {
    bool is_object;
    disco__text_t key;
    disco__text_t value;
    disco__flag_t directory;
    disco__number_t modified;
    disco__number_t created;
    int64_t ttl_s;
} node_t;

/* A fraction, an exponent, or many digits. May be negative: expired, and not yet removed (etcd
 * without a quorum). */
static int read_odd_ttl(const disco__span_t *number, int64_t *ttl_s)
{
    cJSON *tree;
    int rv = disco__json_parse(number->bytes, number->size, &tree);

    if (rv != 0)
        return rv;
    if (tree->valuedouble > -1e15 && tree->valuedouble < 1e15)
        *ttl_s = (int64_t)tree->valuedouble;
    disco__json_free(tree);
    return 0;
}

static void take_ttl(disco__scan_t *scan, int64_t *ttl_s)
{
    char first = disco__scan_peek(scan);
    disco__span_t number;
    uint64_t seconds;
    int rv;

    *ttl_s = 0;
    if (first != '-' && (first < '0' || first > '9')) {
        (void)disco__scan_skip(scan);
        return;
    }
    if (!disco__scan_number(scan, &number))
        return;
    if (number.size <= 15 && disco__text_to_u64(number.bytes, number.size, &seconds)) {
        *ttl_s = (int64_t)seconds;
        return;
    }
    rv = read_odd_ttl(&number, ttl_s);
    if (rv != 0)
        (void)disco__scan_fail(scan, rv);
}

static void take_node(disco__scan_t *scan, node_t *node)
{
    disco__span_t name;

    memset(node, 0, sizeof *node);
    node->is_object = disco__scan_peek(scan) == '{';
    if (!node->is_object) {
        (void)disco__scan_skip(scan);
        return;
    }
    (void)disco__scan_open(scan, '{');
    while (disco__scan_name(scan, &name)) {
        switch (disco__span_which(&name, node_names, NODE_COUNT)) {
        case KEY:
            disco__member_text(scan, &node->key);
            break;
        case DIRECTORY:
            disco__member_flag(scan, &node->directory);
            break;
        case VALUE:
            disco__member_text(scan, &node->value);
            break;
        case TTL:
            take_ttl(scan, &node->ttl_s);
            break;
        case MODIFIED:
            disco__member_number(scan, &node->modified);
            break;
        case CREATED:
            disco__member_number(scan, &node->created);
            break;
        default:
            (void)disco__scan_skip(scan);
        }
    }
}

/* Puts what the text says into its place in the body, its NUL no further than on its closing quote.
 * absent: what it is when it is not given. */
static const char *put_text(char *body, const disco__text_t *text, const char *absent, size_t *size)
{
    char *to;

    if (text->span.bytes == NULL) {
        *size = absent != NULL ? strlen(absent) : 0;
        return absent;
    }
    to = body + (text->span.bytes - body);
    *size = disco__member_write(to, &text->span);
    to[*size] = '\0';
    return to;
}

/* False when the node has no key to speak of it by. */
static bool put_node(disco_kv_t *entry, char *body, const node_t *node, const char *absent_key)
{
    size_t key_size;

    memset(entry, 0, sizeof *entry);
    if (!node->is_object || node->key.is_wrong)
        return false;
    entry->key = put_text(body, &node->key, absent_key, &key_size);
    entry->value = put_text(body, &node->value, "", &entry->value_size);
    entry->is_directory = node->directory.value;
    entry->created_revision = node->created.value;
    entry->modified_revision = node->modified.value;
    entry->ttl_s = node->ttl_s;
    return entry->key != NULL;
}

static disco__v2_action_t action_of(const disco__text_t *text)
{
    char plain[128]; /* six bytes, which an escape can take, for each of the longest */
    size_t size;
    size_t i;

    if (text->span.bytes == NULL || text->span.size > sizeof plain)
        return DISCO__V2_OTHER;
    size = disco__member_write(plain, &text->span);
    for (i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (size == actions[i].name.size && memcmp(plain, actions[i].name.text, size) == 0)
            return actions[i].action;
    }
    return DISCO__V2_OTHER;
}

int disco__v2_read_event(disco__v2_event_t *event, bool with_previous, char *body, size_t size)
{
    disco__scan_t scan;
    disco__span_t name;
    disco__text_t action = {.is_wrong = false};
    node_t node = {.is_object = false};
    node_t previous = {.is_object = false};

    disco__scan_init(&scan, body, size, true);
    (void)disco__scan_open(&scan, '{');
    while (disco__scan_name(&scan, &name)) {
        switch (disco__span_which(&name, event_names, EVENT_COUNT)) {
        case ACTION:
            disco__member_text(&scan, &action);
            break;
        case NODE:
            take_node(&scan, &node);
            break;
        case PREV_NODE:
            take_node(&scan, &previous);
            break;
        default:
            (void)disco__scan_skip(&scan);
        }
    }
    if (!disco__scan_end(&scan))
        return scan.status;
    event->action = action_of(&action);
    event->has_previous = with_previous && put_node(&event->previous, body, &previous, NULL);
    /* etcd gives the root no key. */
    return put_node(&event->entry, body, &node, "/") ? 0 : DISCO_EPROTOCOL;
}
