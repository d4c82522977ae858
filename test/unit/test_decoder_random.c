/* The direct decoder against cJSON's tree: a million texts in all (fewer where each takes long),
 * made at random as etcd and the Go package write them, and then damaged. DISCO_TEST_SEED repeats a
 * run that failed. */
#include "support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/random.h"
#include "fuzz/check.h"

#ifndef __OPTIMIZE__
#define SLOW
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SLOW
#endif

/* How many of them a test takes, of those that it would take where nothing slows it down. */
#ifdef SLOW
#define INPUTS(most) (DISCO_TEST_PATIENCE > 1 ? 2000 : (most) / 6)
#else
#define INPUTS(most) (DISCO_TEST_PATIENCE > 1 ? 2000 : (most))
#endif

typedef struct maker_s {
    disco__random_t random;
    disco__buffer_t host;
    disco__buffer_t text;
    disco__buffer_t last; /* another text, to take pieces from */
    bool spaced;
} maker_t;

static size_t below(maker_t *maker, size_t bound)
{
    return (size_t)disco__random_below(&maker->random, bound);
}

static bool once_in(maker_t *maker, size_t times)
{
    return below(maker, times) == 0;
}

static const char *one_of(maker_t *maker, const char *const *texts, size_t count)
{
    return texts[below(maker, count)];
}

#define ONE_OF(maker, texts) one_of(maker, texts, sizeof(texts) / sizeof(texts)[0])

static void add(disco__buffer_t *out, const char *text)
{
    (void)disco__buffer_append_text(out, text);
}

static void add_space(maker_t *maker, disco__buffer_t *out)
{
    static const char *const spaces[] = {" ", "\t", "\r", "  ", "\n "};

    if (maker->spaced && once_in(maker, 3))
        add(out, ONE_OF(maker, spaces));
}

static void add_mark(maker_t *maker, disco__buffer_t *out, const char *mark)
{
    add_space(maker, out);
    add(out, mark);
    add_space(maker, out);
}

static void add_string(maker_t *maker, disco__buffer_t *out)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "https",
                                        "http",
                                        "amqp",
                                        "80",
                                        "443",
                                        "service-one",
                                        "node-1.internal.dev",
                                        "6ba7b810-9dad-41d1-80b4-00c04fd430c8-node-1.internal.dev"};
    static const char *const odd[] = {"\\u0061",  "\\n",
                                      "\\\"",     "\\\\",
                                      "\\/",      "\\ud83d\\ude00",
                                      "\xc3\xa9", "\\u00e9",
                                      "\\ud83d",  "\xf0\x9f\x98\x80",
                                      "\xff",     "\\u0000",
                                      "\x01",     "\\x",
                                      "\xed\xa0", "}",
                                      ",",        ":",
                                      "{\"",      "\\u004B",
                                      "node"};

    add(out, "\"");
    add(out, ONE_OF(maker, texts));
    if (once_in(maker, 12))
        add(out, ONE_OF(maker, odd));
    add(out, "\"");
}

static void add_any(maker_t *maker, disco__buffer_t *out)
{
    static const char *const values[] = {"null",
                                         "true",
                                         "false",
                                         "0",
                                         "-1.5e+3",
                                         "12",
                                         "[]",
                                         "{}",
                                         "[1,2]",
                                         "01",
                                         "{\"a\":{\"b\":[null]}}",
                                         "9007199254740993",
                                         "nul",
                                         "1e400",
                                         "[,]",
                                         "\"18446744073709551615\"",
                                         "\"007\"",
                                         "\"1\\u0030\"",
                                         "-0",
                                         "1.",
                                         "\"18446744073709551616\""};

    add(out, ONE_OF(maker, values));
}

static void add_ports(maker_t *maker, disco__buffer_t *out)
{
    size_t count = below(maker, once_in(maker, 20) ? 12 : 4);
    size_t i;

    add(out, "{");
    for (i = 0; i < count; i++) {
        if (i > 0)
            add_mark(maker, out, ",");
        add_string(maker, out);
        add_mark(maker, out, ":");
        if (once_in(maker, 40))
            add_any(maker, out);
        else
            add_string(maker, out);
    }
    add(out, "}");
}

enum { TEXT, FLAG, PORTS };
static const struct {
    const char *name;
    int kind;
} fields[] = {
    {"name", TEXT},
    {"service_name", TEXT},
    {"ports", PORTS},
    {"user", TEXT},
    {"password", TEXT},
    {"public", FLAG},
    {"private_hostname", TEXT},
    {"private_ports", PORTS},
    {"critical", FLAG},
    {"shard", TEXT},
    {"uuid", TEXT},
    {"hostname", TEXT},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static void add_name(maker_t *maker, disco__buffer_t *out, const char *name)
{
    size_t i;
    bool shouted = once_in(maker, 30);
    bool escaped = once_in(maker, 60);

    add(out, "\"");
    for (i = 0; name[i] != '\0'; i++) {
        char c = name[i];
        char code[8];

        if (shouted && c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        (void)snprintf(code, sizeof code, escaped && i == 1 ? "\\u%04x" : "%c", (unsigned)c);
        add(out, code);
    }
    add(out, "\"");
}

static void add_field(maker_t *maker, disco__buffer_t *out, size_t i)
{
    add_name(maker, out, fields[i].name);
    add_mark(maker, out, ":");
    if (once_in(maker, 60))
        add_any(maker, out);
    else if (fields[i].kind == TEXT)
        add_string(maker, out);
    else if (fields[i].kind == FLAG)
        add(out, once_in(maker, 2) ? "true" : "false");
    else
        add_ports(maker, out);
}

/* In order, as the Go package writes them; now and then in disorder, with some given twice. */
static void add_host(maker_t *maker, disco__buffer_t *out)
{
    bool orderly = !once_in(maker, 4);
    size_t count = once_in(maker, 3) ? FIELDS : below(maker, FIELDS);
    size_t i;
    bool any = false;

    add(out, "{");
    for (i = 0; i < count; i++) {
        if (orderly && (i == 11 || once_in(maker, 10)))
            continue;
        if (any)
            add_mark(maker, out, ",");
        any = true;
        add_field(maker, out, orderly ? i : below(maker, FIELDS));
    }
    add(out, "}");
}

static void add_escaped(disco__buffer_t *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            add(out, "\\");
        (void)disco__buffer_append_char(out, *text);
    }
}

static void add_value(maker_t *maker, disco__buffer_t *out, bool in_base64)
{
    disco__buffer_clear(&maker->host);
    add_host(maker, &maker->host);
    add(out, "\"");
    if (in_base64)
        (void)disco__base64_encode(out, disco__buffer_text(&maker->host), maker->host.size);
    else
        add_escaped(out, disco__buffer_text(&maker->host));
    add(out, "\"");
}

static void add_member(maker_t *maker, disco__buffer_t *out, const char *name, bool in_string)
{
    char digits[24];
    uint64_t number = disco__random_next(&maker->random) >> below(maker, 64);

    if (once_in(maker, 10))
        return;
    (void)snprintf(digits, sizeof digits, in_string ? "\"%" PRIu64 "\"" : "%" PRIu64, number);
    add_mark(maker, out, ",");
    add_name(maker, out, name);
    add_mark(maker, out, ":");
    if (once_in(maker, 50))
        add_any(maker, out);
    else
        add(out, digits);
}

static void add_v2_node(maker_t *maker, disco__buffer_t *out)
{
    add(out, "{\"key\":\"/services/web/");
    add(out, once_in(maker, 9) ? "\\u0061\"" : "node-1\"");
    add_mark(maker, out, ",");
    add(out, "\"value\":");
    add_value(maker, out, false);
    if (once_in(maker, 2)) {
        add(out, ",\"expiration\":\"2016-01-01T00:00:00.1Z\"");
        add_member(maker, out, "ttl", false);
    }
    add_member(maker, out, "modifiedIndex", false);
    add_member(maker, out, "createdIndex", false);
    add(out, "}");
}

static void add_v3_pair(maker_t *maker, disco__buffer_t *out)
{
    add(out, "{\"key\":\"L2Ev");
    add(out, once_in(maker, 9) ? "*\"" : "Yg==\"");
    add_member(maker, out, "create_revision", true);
    add_member(maker, out, "mod_revision", !once_in(maker, 9));
    add_member(maker, out, "version", true);
    add_mark(maker, out, ",");
    add(out, "\"value\":");
    add_value(maker, out, true);
    if (once_in(maker, 2))
        add_member(maker, out, "lease", true);
    add(out, "}");
}

static void add_each(maker_t *maker, disco__buffer_t *out, size_t most,
                     void (*one)(maker_t *maker, disco__buffer_t *out))
{
    size_t count = below(maker, most + 1);
    size_t i;

    for (i = 0; i < count; i++) {
        if (i > 0)
            add_mark(maker, out, ",");
        one(maker, out);
    }
}

static void make_hosts(maker_t *maker)
{
    size_t count = 1 + below(maker, 3);

    while (count-- > 0) {
        add_host(maker, &maker->text);
        if (count > 0)
            add(&maker->text, "\n");
    }
}

static void make_v2_answer(maker_t *maker)
{
    add(&maker->text, "{\"action\":\"get\",\"node\":{\"key\":\"/services/web\",\"dir\":true");
    add_mark(maker, &maker->text, ",");
    add(&maker->text, "\"nodes\":[");
    add_each(maker, &maker->text, 2, add_v2_node);
    add_mark(maker, &maker->text, "]");
    add_member(maker, &maker->text, "modifiedIndex", false);
    add(&maker->text, "}}\n");
}

static void make_v3_answer(maker_t *maker)
{
    add(&maker->text, "{\"header\":{\"cluster_id\":\"1\"");
    add_member(maker, &maker->text, "revision", true);
    add(&maker->text, "},\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[");
    add_each(maker, &maker->text, 2, add_v3_pair);
    add_mark(maker, &maker->text, "]");
    add_member(maker, &maker->text, "count", true);
    add(&maker->text, once_in(maker, 3) ? ",\"more\":true}}]}" : "}}]}\n");
}

static void add_v3_event(maker_t *maker, disco__buffer_t *out)
{
    static const char *const types[] = {"", "", "\"type\":\"DELETE\",", "\"type\":\"PUT\",",
                                        "\"type\":1,"};

    add(out, "{");
    add(out, ONE_OF(maker, types));
    add(out, "\"kv\":");
    add_v3_pair(maker, out);
    if (once_in(maker, 4)) {
        add_mark(maker, out, ",");
        add(out, "\"prev_kv\":");
        add_v3_pair(maker, out);
    }
    add(out, "}");
}

static void make_v3_message(maker_t *maker)
{
    add(&maker->text, "{\"result\":{\"header\":{\"cluster_id\":\"1\"");
    add_member(maker, &maker->text, "member_id", true);
    add_member(maker, &maker->text, "revision", true);
    add(&maker->text, "}");
    if (once_in(maker, 2))
        add_member(maker, &maker->text, "watch_id", true);
    add(&maker->text, ",\"events\":[");
    add_each(maker, &maker->text, 2, add_v3_event);
    add_mark(maker, &maker->text, "]");
    add(&maker->text, "}}\n");
}

static void make_v2_event(maker_t *maker)
{
    static const char *const actions[] = {"set", "expire", "delete", "compareAndSwap", "\\u0073et"};

    add(&maker->text, "{\"action\":\"");
    add(&maker->text, ONE_OF(maker, actions));
    add(&maker->text, "\",\"node\":");
    add_v2_node(maker, &maker->text);
    if (once_in(maker, 3)) {
        add(&maker->text, ",\"prevNode\":");
        add_v2_node(maker, &maker->text);
    }
    add_mark(maker, &maker->text, "}");
}

static void make_watch(maker_t *maker)
{
    if (once_in(maker, 3))
        make_v2_event(maker);
    else
        make_v3_message(maker);
}

/* Room is there: what is put in is short. */
static void put_in(disco__buffer_t *text, size_t at, const char *bytes, size_t size)
{
    assert_status(disco__buffer_reserve(text, size), 0);
    memmove(text->bytes + at + size, text->bytes + at, text->size - at + 1);
    memcpy(text->bytes + at, bytes, size);
    text->size += size;
}

static void take_out(disco__buffer_t *text, size_t at, size_t size)
{
    memmove(text->bytes + at, text->bytes + at + size, text->size - at - size + 1);
    text->size -= size;
}

static void damage(maker_t *maker)
{
    static const char bytes[] = "\"\\{}[],:0-.eutn \n\x01\x1f\x7f\x80\xc3\xed\xff";
    disco__buffer_t *text = &maker->text;
    size_t at = below(maker, text->size);
    size_t left = text->size - at;
    size_t size = 1 + below(maker, left < 20 ? left : 20);

    switch (below(maker, 6)) {
    case 0:
        text->bytes[at] = bytes[below(maker, sizeof bytes)];
        return;
    case 1:
        text->bytes[at] = (char)(text->bytes[at] ^ 1 << below(maker, 8));
        return;
    case 2:
        put_in(text, at, bytes + below(maker, sizeof bytes), 1);
        return;
    case 3:
        take_out(text, at, once_in(maker, 2) ? 1 : size);
        return;
    case 4: /* a piece of another one */
        if (maker->last.size >= size)
            put_in(text, at, maker->last.bytes + below(maker, maker->last.size - size + 1), size);
        return;
    default: /* cut, and the end of another one behind it */
        if (once_in(maker, 4))
            take_out(text, at, left);
    }
}

static const char *make_and_check(maker_t *maker, void (*make)(maker_t *maker),
                                  const char *(*check)(const char *bytes, size_t size))
{
    size_t damages = once_in(maker, 2) ? 0 : 1 + below(maker, 3);
    const char *wrong;
    char *block;

    disco__buffer_clear(&maker->text);
    maker->spaced = once_in(maker, 5);
    make(maker);
    assert_status(maker->text.error, 0);
    while (damages-- > 0 && maker->text.size > 0)
        damage(maker);
    block = fuzz_block(maker->text.bytes, maker->text.size);
    wrong = check_json(block, maker->text.size);
    if (wrong == NULL)
        wrong = check(block, maker->text.size);
    free(block);
    if (wrong == NULL && once_in(maker, 8)) {
        disco__buffer_clear(&maker->last);
        (void)disco__buffer_append(&maker->last, disco__buffer_text(&maker->text),
                                   maker->text.size);
    }
    return wrong;
}

static uint64_t seed(void)
{
    const char *given = getenv("DISCO_TEST_SEED");
    uint64_t random = 0;

    if (given != NULL)
        return strtoull(given, NULL, 10);
    assert_status(uv_random(NULL, NULL, &random, sizeof random, 0, NULL), 0);
    return random;
}

static void compare_all(size_t inputs, void (*make)(maker_t *maker),
                        const char *(*check)(const char *bytes, size_t size))
{
    uint64_t start = seed();
    maker_t maker = {.random = {.state = {start | 1, ~start}}};
    size_t i;

    disco__buffer_init(&maker.host);
    disco__buffer_init(&maker.text);
    disco__buffer_init(&maker.last);
    for (i = 0; i < inputs; i++) {
        const char *wrong = make_and_check(&maker, make, check);

        if (wrong != NULL)
            fail_msg("%s: input %zu of DISCO_TEST_SEED=%" PRIu64 ": %.*s", wrong, i, start,
                     (int)maker.text.size, disco__buffer_text(&maker.text));
    }
    disco__buffer_free(&maker.host);
    disco__buffer_free(&maker.text);
    disco__buffer_free(&maker.last);
}

DISCO_TEST(hosts_are_what_the_tree_says)
{
    compare_all(INPUTS(300000), make_hosts, check_fields);
}

DISCO_TEST(answers_of_v2_are_what_the_tree_says)
{
    compare_all(INPUTS(200000), make_v2_answer, check_v2_listing);
}

DISCO_TEST(answers_of_v3_are_what_the_tree_says)
{
    compare_all(INPUTS(200000), make_v3_answer, check_v3_listing);
}

DISCO_TEST(changes_are_what_the_tree_says)
{
    compare_all(INPUTS(300000), make_watch, check_watch);
}
