/* The scanner against the grammar and the tree that cJSON stands behind, and the walker, fed in
 * pieces, against itself. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/text.h"
#include "fuzz/check.h"
#include "json/read.h"
#include "json/walk.h"

/* A \u0000 ends what the tree holds of a string. */
static const char *compare_string(const disco__span_t *span, const char *expected)
{
    static const disco__name_t names[] = {DISCO__NAME("key"), DISCO__NAME("modifiedIndex")};
    char *apart = malloc(span->size + 1);
    char *in_place = fuzz_block(span->bytes, span->size);
    disco__span_t moved = *span;
    const char *wrong = NULL;
    size_t which = disco__span_which(span, names, 2);
    size_t size;
    size_t i;

    if (apart == NULL)
        abort();
    size = disco__json_unescape(apart, span);
    moved.bytes = in_place;
    if (size > span->size || (!span->escaped && size != span->size))
        wrong = "an unescaped string has the wrong size";
    else if (disco__json_unescape(in_place, &moved) != size || memcmp(in_place, apart, size) != 0)
        wrong = "a string is unescaped differently in its place";
    for (i = 0; i < 2 && wrong == NULL; i++) {
        bool equal = disco__text_equal_ignoring_case(apart, size, names[i].text);

        if (equal != (which == i))
            wrong = "a name is not told from others";
    }
    for (i = 0; i < span->size && !span->high; i++) {
        if ((unsigned char)span->bytes[i] > 0x7f)
            wrong = "a byte over 0x7f was not seen";
    }
    apart[size] = '\0';
    if (wrong == NULL && strcmp(apart, expected) != 0)
        wrong = "a string differs from the tree's";
    free(apart);
    free(in_place);
    return wrong;
}

static bool tree_number(const cJSON *item, uint64_t *value)
{
    char name[] = "n";
    cJSON copy = *item;
    cJSON object = {.type = cJSON_Object, .child = &copy};

    copy.next = NULL;
    copy.string = name;
    return disco__json_u64(&object, name, value);
}

static const char *compare_number(disco__scan_t scan, const cJSON *item)
{
    uint64_t expected = 77;
    uint64_t value = 77;
    bool good = tree_number(item, &expected);

    if (disco__scan_u64_if_any(&scan, &value) != good)
        return "a whole number is none, or the other way round";
    if (scan.status != 0)
        return "what is no whole number is refused";
    return !good || value == expected ? NULL : "a whole number differs from the tree's";
}

static const char *compare(disco__scan_t *scan, const cJSON *item);

static const char *compare_members(disco__scan_t *scan, const cJSON *item)
{
    const cJSON *child = item->child;
    const char *wrong = NULL;
    disco__span_t name;

    (void)disco__scan_open(scan, '{');
    for (; wrong == NULL && disco__scan_name(scan, &name); child = child->next) {
        if (child == NULL)
            return "an object has a member too many";
        wrong = compare_string(&name, child->string);
        if (wrong == NULL)
            wrong = compare(scan, child);
    }
    return wrong != NULL || child == NULL ? wrong : "an object has a member too few";
}

static const char *compare_items(disco__scan_t *scan, const cJSON *item)
{
    const cJSON *child = item->child;
    const char *wrong = NULL;

    (void)disco__scan_open(scan, '[');
    for (; wrong == NULL && disco__scan_item(scan); child = child->next) {
        if (child == NULL)
            return "an array has an item too many";
        wrong = compare(scan, child);
    }
    return wrong != NULL || child == NULL ? wrong : "an array has an item too few";
}

/* Zeros by their signs, too. */
static bool is_same_number(double a, double b)
{
    return !(a < b) && !(a > b) && signbit(a) == signbit(b);
}

static const char *compare_scalar(disco__scan_t *scan, const cJSON *item)
{
    disco__span_t span;
    char digits[64];
    bool value;

    if (cJSON_IsString(item)) {
        if (!disco__scan_string(scan, &span))
            return "a string is none";
        return compare_string(&span, item->valuestring);
    }
    if (cJSON_IsBool(item))
        return disco__scan_bool(scan, &value) && value == cJSON_IsTrue(item)
                   ? NULL
                   : "a truth value is another";
    if (cJSON_IsNull(item))
        return disco__scan_null(scan) ? NULL : "a null is none";
    if (!disco__scan_number(scan, &span))
        return "a number is none";
    memcpy(digits, span.bytes, span.size);
    digits[span.size] = '\0';
    return is_same_number(strtod(digits, NULL), item->valuedouble)
               ? NULL
               : "a number differs from the tree's";
}

/* Calls itself, no deeper than JSON may be nested. */
static const char *compare(disco__scan_t *scan, const cJSON *item)
{
    const char *wrong;

    (void)disco__scan_peek(scan);
    wrong = compare_number(*scan, item);
    if (wrong != NULL)
        return wrong;
    if (cJSON_IsObject(item))
        return compare_members(scan, item);
    return cJSON_IsArray(item) ? compare_items(scan, item) : compare_scalar(scan, item);
}

static const char *compare_with_tree(const char *bytes, size_t size, const cJSON *tree)
{
    disco__scan_t scan;
    const char *wrong;

    disco__scan_init(&scan, bytes, size, true);
    wrong = compare(&scan, tree);
    if (wrong == NULL && !disco__scan_end(&scan))
        wrong = "the end is not seen behind the last value";
    return wrong == NULL && (scan.status != 0 || scan.depth != 0) ? "the scanner failed" : wrong;
}

/* What begins JSON is no error, as long as more may come. */
static const char *check_cut(const char *bytes, size_t size)
{
    size_t cut = (size_t)(fuzz_hash(FUZZ_HASH, bytes, size) % size);
    char *part = fuzz_block(bytes, cut);
    disco__scan_t scan;
    bool good;

    disco__scan_init(&scan, part, cut, false);
    good = (disco__scan_skip(&scan) && disco__scan_end(&scan)) || scan.status == DISCO__SCAN_MORE;
    free(part);
    return good ? NULL : "the beginning of JSON is refused";
}

/* Goes into what has an even number of bytes in its name, and notes all else. */
typedef struct owner_s {
    uint64_t hash;
} owner_t;

static int on_value(void *data, int where, const disco__span_t *name, disco__scan_t *scan)
{
    owner_t *owner = data;
    char first = disco__scan_peek(scan);
    const char *value = scan->at;
    uint64_t hash = fuzz_hash(owner->hash, &where, sizeof where);

    if (name != NULL)
        hash = fuzz_hash(hash, name->bytes, name->size);
    if ((first == '{' || first == '[') && where + 1 < DISCO__WALK_DEPTH &&
        (name == NULL || name->size % 2 == 0)) {
        owner->hash = hash;
        return where + 1;
    }
    if (disco__scan_skip(scan))
        owner->hash = fuzz_hash(hash, value, (size_t)(scan->at - value));
    return DISCO__WALK_TAKEN;
}

static int walk(owner_t *owner, const char *bytes, size_t size, bool in_pieces)
{
    uint64_t state = fuzz_hash(FUZZ_HASH, bytes, size);
    disco__walk_t walker;
    int rv;

    memset(owner, 0, sizeof *owner);
    disco__walk_init(&walker, on_value, owner);
    while (size > 0) {
        size_t piece = in_pieces ? fuzz_piece(&state, size) : size;
        char *block = fuzz_block(bytes, piece);

        (void)disco__walk_feed(&walker, block, piece);
        free(block);
        bytes += piece;
        size -= piece;
    }
    rv = disco__walk_finish(&walker);
    disco__walk_free(&walker);
    return rv;
}

static const char *check_walk(const char *bytes, size_t size, int expected)
{
    owner_t whole;
    owner_t pieces;

    if (walk(&whole, bytes, size, false) != expected)
        return "the walker and the tree do not agree on what is JSON";
    if (walk(&pieces, bytes, size, true) != expected)
        return "the walker and the tree do not agree on what is JSON in pieces";
    return expected != 0 || whole.hash == pieces.hash ? NULL
                                                      : "in pieces the walker sees other values";
}

const char *check_json(const char *bytes, size_t size)
{
    disco__scan_t scan;
    const char *wrong = NULL;
    cJSON *tree;
    int rv = disco__json_parse_answer(bytes, size, &tree);

    disco__scan_init(&scan, bytes, size, true);
    if ((disco__scan_skip(&scan) && disco__scan_end(&scan)) != (rv == 0))
        wrong = "the scanner and the tree do not agree on what is JSON";
    else if (scan.status != rv)
        wrong = "the scanner gives another error";
    if (wrong == NULL && rv == 0)
        wrong = compare_with_tree(bytes, size, tree);
    if (wrong == NULL && rv == 0)
        wrong = check_cut(bytes, size);
    disco__json_free(tree);
    return wrong != NULL ? wrong : check_walk(bytes, size, rv);
}
