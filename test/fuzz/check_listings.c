/* Answers that are read while they arrive: at once and in pieces, by a taker that reads hosts where
 * they stand and by one that does not, they hold the same. */
#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "disco/entry.h"
#include "etcd/v2_listing.h"
#include "etcd/v3_listing.h"
#include "fuzz/check.h"
#include "fuzz/tree_host.h"
#include "fuzz/tree_listing.h"

typedef struct taken_s {
    disco__taker_t taker;
    disco__reader_t reader;
    disco__buffer_t notes; /* what came, as text */
    disco__buffer_t ttls;
    size_t count;
    bool strange; /* something that must not be */
} taken_t;

static disco_client_t client = {.settings = {.max_value_bytes = SIZE_MAX}};

/* One without a UUID has the last segment of its key, as the reader makes it. */
static void note_host(taken_t *taken, const disco__host_t *host, const disco__item_t *item)
{
    disco_host_t copy;
    char *name;
    size_t i = item->key_size;

    if (host == NULL) {
        (void)disco__buffer_append_text(&taken->notes, " no host");
        return;
    }
    while (i > 0 && item->key[i - 1] != '/')
        i--;
    name = fuzz_block(item->key + i, item->key_size - i + 1);
    name[item->key_size - i] = '\0';
    copy = host->host;
    if (copy.uuid[0] == '\0')
        copy.uuid = name;
    if (disco__host_write(&taken->notes, &copy) != 0)
        abort();
    free(name);
}

static char *plain_value(const disco__item_t *item, size_t *size)
{
    disco__span_t span = {.bytes = item->value, .size = item->value_size, .escaped = true};
    char *plain = fuzz_block(item->value, item->value_size);

    *size = item->value_size;
    if (item->escaped)
        *size = disco__json_unescape(plain, &span);
    return plain;
}

static void note_number(disco__buffer_t *notes, uint64_t number)
{
    (void)disco__buffer_append_char(notes, ' ');
    (void)disco__buffer_append_number(notes, number);
}

/* The reader's host, or the one that the tree says. */
static int on_take(void *data, const disco__item_t *item)
{
    taken_t *taken = data;
    disco__host_t *host = NULL;
    size_t size;
    char *plain = plain_value(item, &size);

    taken->count++;
    (void)disco__buffer_append(&taken->notes, item->key, item->key_size);
    note_number(&taken->notes, item->is_directory);
    note_number(&taken->ttls, (uint64_t)item->ttl_s);
    note_number(&taken->notes, item->created_revision);
    note_number(&taken->notes, item->modified_revision);
    note_number(&taken->notes, item->beside);
    (void)disco__buffer_append(&taken->notes, plain, size);
    if (taken->taker.read != NULL)
        (void)disco__reader_host(&taken->reader, item, &host);
    else
        (void)tree_host(&host, plain, size);
    note_host(taken, host, item);
    (void)disco__buffer_append_char(&taken->notes, '\n');
    disco__host_unref(host);
    free(plain);
    return 0;
}

static void on_begin(void *data, bool beside)
{
    (void)data;
    (void)beside;
}

static size_t on_read(void *data, bool beside, const char *text, size_t size)
{
    taken_t *taken = data;

    (void)beside;
    return disco__reader_look(&taken->reader, text, size);
}

static void taken_init(taken_t *taken, bool quickly)
{
    memset(taken, 0, sizeof *taken);
    taken->taker.data = taken;
    taken->taker.begin = on_begin;
    taken->taker.take = on_take;
    if (quickly)
        taken->taker.read = on_read;
    disco__reader_init(&taken->reader, &client);
    disco__buffer_init(&taken->notes);
    disco__buffer_init(&taken->ttls);
}

static void taken_free(taken_t *taken)
{
    disco__reader_free(&taken->reader);
    disco__patterns_free(&client.patterns);
    disco__buffer_free(&taken->notes);
    disco__buffer_free(&taken->ttls);
}

typedef union listing_u {
    disco__v2_listing_t v2;
    disco__v3_listing_t v3;
} listing_t;

static void feed(listing_t *listing, bool v3, const char *bytes, size_t size)
{
    if (v3)
        disco__v3_listing_feed(&listing->v3, bytes, size);
    else
        disco__v2_listing_feed(&listing->v2, bytes, size);
}

static void begin(listing_t *listing, taken_t *taken, bool v3)
{
    if (v3) {
        disco__v3_listing_init(&listing->v3, &taken->taker, true);
        disco__v3_listing_begin(&listing->v3, true);
    } else {
        disco__v2_listing_init(&listing->v2, &taken->taker, false);
        disco__v2_listing_begin(&listing->v2);
    }
}

static int end(listing_t *listing, taken_t *taken, bool v3)
{
    int rv;

    if (!v3) {
        rv = disco__v2_listing_end(&listing->v2);
        disco__v2_listing_free(&listing->v2);
        return rv;
    }
    rv = disco__v3_listing_end(&listing->v3);
    note_number(&taken->notes, listing->v3.revision);
    note_number(&taken->notes, listing->v3.more);
    if (listing->v3.counts[0] + listing->v3.counts[1] != taken->count)
        taken->strange = true;
    disco__v3_listing_free(&listing->v3);
    return rv;
}

static int read_all(taken_t *taken, bool v3, const char *bytes, size_t size, bool in_pieces)
{
    uint64_t state = fuzz_hash(FUZZ_HASH, bytes, size);
    listing_t listing;

    begin(&listing, taken, v3);
    while (size > 0) {
        size_t piece = in_pieces ? fuzz_piece(&state, size) : size;
        char *block = fuzz_block(bytes, piece);

        feed(&listing, v3, block, piece);
        free(block);
        bytes += piece;
        size -= piece;
    }
    return end(&listing, taken, v3);
}

static bool is_same(const disco__buffer_t *a, const disco__buffer_t *b)
{
    return a->size == b->size && memcmp(disco__buffer_text(a), disco__buffer_text(b), a->size) == 0;
}

static const char *compare_with_tree(const taken_t *whole, int rv, bool v3, const char *bytes,
                                     size_t size)
{
    tree_listing_t tree;
    taken_t taken;
    const char *wrong = NULL;
    bool comparable;

    taken_init(&taken, false);
    comparable = v3 ? tree_v3_listing(&tree, &taken.taker, bytes, size)
                    : tree_v2_listing(&tree, &taken.taker, bytes, size);
    if (v3) {
        note_number(&taken.notes, tree.revision);
        note_number(&taken.notes, tree.more);
    }
    if (comparable && tree.rv != rv)
        wrong = "the tree does not agree on what is an answer";
    else if (comparable && rv == 0 && !is_same(&whole->notes, &taken.notes))
        wrong = "an answer differs from the tree's";
    taken_free(&taken);
    return wrong;
}

static const char *check_listing(bool v3, const char *bytes, size_t size)
{
    taken_t whole;
    taken_t other;
    const char *wrong = NULL;
    int rv;
    int way;

    taken_init(&whole, false);
    rv = read_all(&whole, v3, bytes, size, false);
    if (!whole.strange)
        wrong = compare_with_tree(&whole, rv, v3, bytes, size);
    for (way = 1; way < 4 && wrong == NULL; way++) {
        bool in_pieces = (way & 1) != 0;
        bool quickly = (way & 2) != 0;

        taken_init(&other, quickly);
        if (read_all(&other, v3, bytes, size, in_pieces) != rv)
            wrong = "an answer is one, and in another way none";
        else if (rv == 0 && !whole.strange &&
                 !(is_same(&whole.notes, &other.notes) && is_same(&whole.ttls, &other.ttls)))
            wrong = quickly ? "hosts that are read where they stand differ"
                            : "an answer in pieces says something else";
        taken_free(&other);
    }
    taken_free(&whole);
    return wrong;
}

const char *check_v2_listing(const char *bytes, size_t size)
{
    return check_listing(false, bytes, size);
}

const char *check_v3_listing(const char *bytes, size_t size)
{
    return check_listing(true, bytes, size);
}
