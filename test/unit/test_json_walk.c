/* A document is read the same wherever its bytes are broken. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "json/walk.h"

/* Goes into members whose name begins with '>', and into all arrays there; notes what else
 * comes. */
typedef struct owner_s {
    char notes[4000];
    size_t size;
    size_t calls;
    size_t looked_at; /* bytes, over all calls */
    size_t fail_at;   /* the note at which it fails; 0: none */
    size_t noted;
    bool everywhere;
} owner_t;

static void note(owner_t *owner, int where, const disco__span_t *name, const char *value,
                 size_t size)
{
    int written = snprintf(owner->notes + owner->size, sizeof owner->notes - owner->size,
                           "%d %.*s=%.*s\n", where, name != NULL ? (int)name->size : 1,
                           name != NULL ? name->bytes : "-", size < 40 ? (int)size : 40, value);

    assert_true(written > 0 && owner->size + (size_t)written < sizeof owner->notes);
    owner->size += (size_t)written;
}

static bool is_entered(const owner_t *owner, int where, const disco__span_t *name, char first)
{
    if (first != '{' && first != '[')
        return false;
    return owner->everywhere || where == 0 || name == NULL ||
           (name->size > 0 && name->bytes[0] == '>');
}

static int on_value(void *data, int where, const disco__span_t *name, disco__scan_t *scan)
{
    owner_t *owner = data;
    char first = disco__scan_peek(scan);
    const char *value = scan->at;

    owner->calls++;
    owner->looked_at += (size_t)(scan->end - scan->at);
    if (is_entered(owner, where, name, first))
        return where + 1;
    if (!disco__scan_skip(scan))
        return DISCO__WALK_TAKEN;
    if (++owner->noted == owner->fail_at)
        (void)disco__scan_fail(scan, UV_ECANCELED);
    else if (owner->size < sizeof owner->notes - 100)
        note(owner, where, name, value, (size_t)(scan->at - value));
    return DISCO__WALK_TAKEN;
}

static const char document[] =
    " { \"a\" : 12 , \">b\":{\"c\":[1,{\"d\":2}],\">e\":[\"x\\u00e9\", 3.5e1 ,null,{\"f\":\"}\"}],"
    "\">g\":{},\">h\":[ ]},\"i\":\"\\\"\" , \"j\":{\"k\":[]},\"l\":true} \n";

static const char expected[] = "1 a=12\n2 c=[1,{\"d\":2}]\n3 -=\"x\\u00e9\"\n3 -=3.5e1\n3 -=null\n"
                               "4 f=\"}\"\n1 i=\"\\\"\"\n1 j={\"k\":[]}\n1 l=true\n";

/* A block of its own, that is gone when the next one comes. */
static int feed(disco__walk_t *walk, const char *bytes, size_t size)
{
    char *block = malloc(size > 0 ? size : 1);
    int rv;

    assert_non_null(block);
    memcpy(block, bytes, size);
    rv = disco__walk_feed(walk, block, size);
    free(block);
    return rv;
}

static int walk_cut_at(owner_t *owner, const char *text, size_t first, size_t second)
{
    disco__walk_t walk;
    int rv;

    memset(owner, 0, sizeof *owner);
    disco__walk_init(&walk, on_value, owner);
    (void)feed(&walk, text, first);
    (void)feed(&walk, text + first, second - first);
    (void)feed(&walk, text + second, strlen(text) - second);
    rv = disco__walk_finish(&walk);
    disco__walk_free(&walk);
    return rv;
}

DISCO_TEST(a_document_may_be_cut_anywhere)
{
    static owner_t owner;
    size_t first;
    size_t second;

    for (first = 0; first < sizeof document; first++) {
        for (second = first; second < sizeof document; second++) {
            assert_status(walk_cut_at(&owner, document, first, second), 0);
            assert_string_equal(owner.notes, expected);
        }
    }
}

DISCO_TEST(a_byte_at_a_time_is_enough)
{
    static owner_t owner;
    disco__walk_t walk;
    size_t round;
    size_t i;

    disco__walk_init(&walk, on_value, &owner);
    for (round = 0; round < 3; round++) {
        memset(&owner, 0, sizeof owner);
        for (i = 0; i < sizeof document - 1; i++)
            assert_status(feed(&walk, document + i, 1), 0);
        assert_status(disco__walk_finish(&walk), 0);
        assert_string_equal(owner.notes, expected);
        disco__walk_reset(&walk);
    }
    disco__walk_free(&walk);
}

DISCO_TEST(the_beginning_of_a_document_is_none)
{
    static owner_t owner;
    char text[sizeof document];
    size_t size;
    size_t cut;

    for (size = 0; size < strlen(document) - 2; size++) { /* white space is behind it */
        memcpy(text, document, size);
        text[size] = '\0';
        for (cut = 0; cut <= size; cut += 7)
            assert_status(walk_cut_at(&owner, text, cut, size), DISCO_EPROTOCOL);
    }
}

DISCO_TEST(what_follows_the_document_is_white_space_only)
{
    static const struct {
        const char *text;
        int rv;
    } texts[] = {{"{} \r\n\t ", 0},          {"{}x", DISCO_EPROTOCOL},
                 {"{} {}", DISCO_EPROTOCOL}, {"{},", DISCO_EPROTOCOL},
                 {"{}}", DISCO_EPROTOCOL},   {"12 ", 0},
                 {"12 3", DISCO_EPROTOCOL},  {"\"a\"", 0},
                 {"nullx", DISCO_EPROTOCOL}, {"[1,2]", 0},
                 {"[1,2", DISCO_EPROTOCOL}};
    static owner_t owner;
    size_t i;
    size_t cut;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (cut = 0; cut <= strlen(texts[i].text); cut++)
            assert_status(walk_cut_at(&owner, texts[i].text, cut, strlen(texts[i].text)),
                          texts[i].rv);
    }
}

DISCO_TEST(an_error_stays_until_it_is_reset)
{
    static owner_t owner;
    disco__walk_t walk;

    memset(&owner, 0, sizeof owner);
    disco__walk_init(&walk, on_value, &owner);
    assert_status(feed(&walk, "{\"a\":1,]", 8), DISCO_EPROTOCOL);
    assert_status(feed(&walk, "}", 1), DISCO_EPROTOCOL);
    assert_status(disco__walk_finish(&walk), DISCO_EPROTOCOL);
    assert_status(disco__walk_finish(&walk), DISCO_EPROTOCOL);
    assert_string_equal(owner.notes, "1 a=1\n");
    disco__walk_reset(&walk);
    assert_status(feed(&walk, "{\"b\":1}", 7), 0);
    assert_status(disco__walk_finish(&walk), 0);
    assert_string_equal(owner.notes, "1 a=1\n1 b=1\n");
    disco__walk_free(&walk);
}

DISCO_TEST(what_the_owner_says_ends_it)
{
    static owner_t owner;
    disco__walk_t walk;
    size_t note;
    size_t i;

    for (note = 1; note <= 9; note++) {
        memset(&owner, 0, sizeof owner);
        owner.fail_at = note;
        disco__walk_init(&walk, on_value, &owner);
        for (i = 0; i < sizeof document - 1; i++)
            (void)feed(&walk, document + i, 1);
        assert_status(disco__walk_finish(&walk), UV_ECANCELED);
        assert_int(owner.noted, note);
        disco__walk_free(&walk);
    }
}

static int enter_always(void *data, int where, const disco__span_t *name, disco__scan_t *scan)
{
    (void)data;
    (void)name;
    (void)scan;
    return where + 1;
}

DISCO_TEST(what_is_no_list_cannot_be_entered)
{
    static const char *const texts[] = {"1", "\"a\"", "{\"a\":null}", "[true]"};
    disco__walk_t walk;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        disco__walk_init(&walk, enter_always, NULL);
        (void)feed(&walk, texts[i], strlen(texts[i]));
        assert_status(disco__walk_finish(&walk), DISCO_EPROTOCOL);
        disco__walk_free(&walk);
    }
}

static int walk_nested(owner_t *owner, size_t depth, bool everywhere)
{
    disco__walk_t walk;
    size_t i;
    int rv;

    memset(owner, 0, sizeof *owner);
    owner->everywhere = everywhere;
    disco__walk_init(&walk, on_value, owner);
    for (i = 0; i < depth; i++)
        (void)feed(&walk, everywhere || i == 0 ? "[" : "{\"a\":", everywhere || i == 0 ? 1 : 5);
    (void)feed(&walk, "1", 1);
    for (i = depth; i-- > 0;)
        (void)feed(&walk, everywhere || i == 0 ? "]" : "}", 1);
    rv = disco__walk_finish(&walk);
    disco__walk_free(&walk);
    return rv;
}

DISCO_TEST(too_deep_is_refused)
{
    static owner_t owner;

    assert_status(walk_nested(&owner, DISCO__WALK_DEPTH, true), 0);
    assert_string_equal(owner.notes, "8 -=1\n");
    assert_status(walk_nested(&owner, DISCO__WALK_DEPTH + 1, true), DISCO_EPROTOCOL);
    assert_status(walk_nested(&owner, 64, false), 0);
    assert_status(walk_nested(&owner, 65, false), DISCO_EPROTOCOL);
}

#define LONG 200000

/* A value that has come in part is looked at again only when there is twice as much. */
DISCO_TEST(small_pieces_do_not_cost_a_look_each)
{
    static owner_t owner;
    disco__walk_t walk;
    size_t i;

    memset(&owner, 0, sizeof owner);
    disco__walk_init(&walk, on_value, &owner);
    assert_status(feed(&walk, "{\"a\":\"", 6), 0);
    for (i = 0; i < LONG; i++)
        assert_status(disco__walk_feed(&walk, "x", 1), 0);
    assert_status(feed(&walk, "\",\"b\":1}", 8), 0);
    assert_status(disco__walk_finish(&walk), 0);
    assert_int(owner.noted, 2);
    assert_true(owner.calls < 40);
    assert_true(owner.looked_at < (size_t)4 * LONG);
    disco__walk_free(&walk);
}

/* Nor do many short ones, each of which may be broken. */
DISCO_TEST(values_that_are_broken_are_looked_at_twice_at_most)
{
    enum { COUNT = 20000 };
    static const size_t pieces[] = {1, 3, 11, 1500};
    static owner_t owner;
    static char text[6 * COUNT];
    disco__walk_t walk;
    size_t i;
    size_t at;

    for (i = 0; i < COUNT; i++)
        memcpy(text + 6 * i, (const char[6]){',', '1', ',', '"', '2', '"'}, 6);
    for (i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        memset(&owner, 0, sizeof owner);
        disco__walk_init(&walk, on_value, &owner);
        assert_status(feed(&walk, "[0", 2), 0);
        for (at = 0; at < sizeof text; at += pieces[i]) {
            size_t left = sizeof text - at;

            assert_status(disco__walk_feed(&walk, text + at, left < pieces[i] ? left : pieces[i]),
                          0);
        }
        assert_status(feed(&walk, "]", 1), 0);
        assert_status(disco__walk_finish(&walk), 0);
        assert_int(owner.noted, 2 * COUNT + 1);
        assert_true(owner.calls <= 2 * (owner.noted + 1)); /* the array itself is one */
        disco__walk_free(&walk);
    }
}

static void walk_in_pieces(void *data)
{
    static owner_t owner;
    size_t piece = *(size_t *)data;
    disco__walk_t walk;
    size_t at;
    int rv;

    memset(&owner, 0, sizeof owner);
    disco__walk_init(&walk, on_value, &owner);
    for (at = 0; at < sizeof document - 1; at += piece) {
        size_t left = sizeof document - 1 - at;

        (void)disco__walk_feed(&walk, document + at, piece < left ? piece : left);
    }
    rv = disco__walk_finish(&walk);
    assert_true(rv == 0 || (rv == UV_ENOMEM && heap_has_failed()));
    if (rv == 0)
        assert_string_equal(owner.notes, expected);
    disco__walk_free(&walk);
}

DISCO_TEST(without_memory_it_says_so)
{
    size_t piece;

    for (piece = 1; piece < 60; piece += 6)
        heap_sweep(walk_in_pieces, &piece);
}
