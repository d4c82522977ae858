/* A stream of JSON objects is cut into its values wherever its bytes are broken. */
#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "base/random.h"
#include "support/test.h"
#include "json/read.h"
#include "json/split.h"

#define LIMIT 200

typedef struct bench_s {
    disco__split_t split;
    char values[2000]; /* each with a line feed behind it */
    size_t size;
    size_t count;
    size_t enough; /* of values; 0: never */
} bench_t;

static bool on_value(void *data, const char *text, size_t size)
{
    bench_t *bench = data;

    assert_true(size <= LIMIT);
    assert_true(bench->size + size + 2 <= sizeof bench->values);
    memcpy(bench->values + bench->size, text, size);
    bench->size += size;
    bench->values[bench->size++] = '\n';
    bench->values[bench->size] = '\0';
    return ++bench->count != bench->enough;
}

static void begin(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    disco__split_init(&bench->split, LIMIT, on_value, bench);
}

static void end(bench_t *bench)
{
    disco__split_free(&bench->split);
}

static int feed(bench_t *bench, const char *text)
{
    return disco__split_feed(&bench->split, text, strlen(text));
}

typedef struct stream_s {
    const char *bytes;
    const char *values;
} stream_t;

static const stream_t streams[] = {
    {"{}", "{}\n"},
    {"{}{}{}", "{}\n{}\n{}\n"},
    {" \r\n\t{ } \n\n { }\n", "{ }\n{ }\n"},
    {"{\"a\":{\"b\":[1,{\"c\":[]}]}}\n{\"d\":2}\n", "{\"a\":{\"b\":[1,{\"c\":[]}]}}\n{\"d\":2}\n"},
    {"{\"a\":\"}{\"}{\"b\":\"]\"}", "{\"a\":\"}{\"}\n{\"b\":\"]\"}\n"},
    {"{\"a\":\"\\\"}\"}{\"b\":\"\\\\\"}", "{\"a\":\"\\\"}\"}\n{\"b\":\"\\\\\"}\n"},
    {"{\"\\\\\\\"{\":\"\\u007d\"}\n", "{\"\\\\\\\"{\":\"\\u007d\"}\n"},
    {"{\n\"a\" : 1\n}", "{\n\"a\" : 1\n}\n"},
    /* Longer than what is looked at in one step, with control bytes, which end no string. */
    {"{\"a\":\"}0123456789abcdef\t0123456789abcdef{\\\"\"}{\"b\":\"0123456789abcdef\\\\\"}",
     "{\"a\":\"}0123456789abcdef\t0123456789abcdef{\\\"\"}\n{\"b\":\"0123456789abcdef\\\\\"}\n"},
};

#define STREAMS (sizeof streams / sizeof streams[0])

DISCO_TEST(a_stream_may_be_split_anywhere)
{
    size_t i;
    size_t split;
    size_t second;

    for (i = 0; i < STREAMS; i++) {
        size_t size = strlen(streams[i].bytes);

        for (split = 0; split <= size; split++) {
            for (second = split; second <= size; second++) {
                bench_t bench;

                begin(&bench);
                assert_status(disco__split_feed(&bench.split, streams[i].bytes, split), 0);
                assert_status(
                    disco__split_feed(&bench.split, streams[i].bytes + split, second - split), 0);
                assert_status(
                    disco__split_feed(&bench.split, streams[i].bytes + second, size - second), 0);
                assert_string_equal(bench.values, streams[i].values);
                end(&bench);
            }
        }
    }
}

DISCO_TEST(a_stream_may_come_byte_by_byte)
{
    bench_t bench;
    size_t i;
    const char *byte;

    begin(&bench);
    for (i = 0; i < STREAMS; i++) {
        bench.size = 0;
        for (byte = streams[i].bytes; *byte != '\0'; byte++)
            assert_status(disco__split_feed(&bench.split, byte, 1), 0);
        assert_string_equal(bench.values, streams[i].values);
    }
    end(&bench);
}

DISCO_TEST(what_is_no_object_between_values_is_an_error)
{
    static const char *const garbage[] = {
        "x", "{}x", "}", "{}}", "[", "[{}]", "\"{}\"", "1", "{},{}", "\xef\xbb\xbf{}", "null",
    };
    size_t i;

    for (i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        bench_t bench;

        begin(&bench);
        assert_status(feed(&bench, garbage[i]), DISCO_EPROTOCOL);
        /* The place is lost: nothing more is made of it. */
        bench.count = 0;
        assert_status(feed(&bench, "{}"), DISCO_EPROTOCOL);
        assert_int(bench.count, 0);
        disco__split_reset(&bench.split);
        assert_status(feed(&bench, "{}"), 0);
        assert_int(bench.count, 1);
        end(&bench);
    }
}

DISCO_TEST(a_nul_byte_between_values_is_an_error)
{
    bench_t bench;

    begin(&bench);
    assert_status(disco__split_feed(&bench.split, "{}\0{}", 5), DISCO_EPROTOCOL);
    assert_int(bench.count, 1);
    end(&bench);
}

/* {"a":"xxx..."} of so many bytes */
static void make_value(char *text, size_t size)
{
    (void)snprintf(text, size + 1, "{\"a\":\"%0*d\"}", (int)size - 8, 0);
    assert_int(strlen(text), size);
}

DISCO_TEST(a_value_may_be_as_large_as_the_limit)
{
    char text[LIMIT + 2];
    size_t split;

    for (split = 0; split <= LIMIT; split++) {
        bench_t bench;

        begin(&bench);
        make_value(text, LIMIT);
        assert_status(disco__split_feed(&bench.split, text, split), 0);
        assert_status(disco__split_feed(&bench.split, text + split, LIMIT - split), 0);
        assert_int(bench.count, 1);
        make_value(text, LIMIT + 1);
        assert_status(disco__split_feed(&bench.split, text, split), 0);
        assert_status(disco__split_feed(&bench.split, text + split, LIMIT + 1 - split),
                      DISCO_ETOOLARGE);
        assert_int(bench.count, 1);
        end(&bench);
    }
}

DISCO_TEST(a_value_that_does_not_end_stops_at_the_limit)
{
    bench_t bench;
    size_t i;

    begin(&bench);
    assert_status(feed(&bench, "{\"a\":\""), 0);
    for (i = 6; i < LIMIT; i++)
        assert_status(feed(&bench, "x"), 0);
    assert_status(feed(&bench, "x"), DISCO_ETOOLARGE);
    assert_status(feed(&bench, "x"), DISCO_ETOOLARGE);
    end(&bench);
}

DISCO_TEST(nesting_has_a_limit)
{
    bench_t bench;
    char text[2 * DISCO_JSON_MAX_DEPTH + 1] = "";
    size_t i;

    for (i = 0; i < DISCO_JSON_MAX_DEPTH; i++) {
        text[i] = i == 0 ? '{' : '[';
        text[2 * DISCO_JSON_MAX_DEPTH - 1 - i] = i == 0 ? '}' : ']';
    }
    begin(&bench);
    assert_status(feed(&bench, text), 0);
    assert_int(bench.count, 1);
    text[DISCO_JSON_MAX_DEPTH] = '{';
    assert_status(feed(&bench, text), DISCO_EPROTOCOL);
    end(&bench);
}

DISCO_TEST(who_has_had_enough_is_told_no_more)
{
    bench_t bench;

    begin(&bench);
    bench.enough = 2;
    assert_status(feed(&bench, "{\"a\":1}{\"b\":2}{\"c\":3}garbage"), 0);
    assert_string_equal(bench.values, "{\"a\":1}\n{\"b\":2}\n");
    end(&bench);
}

/* Takes {} and {"b":2}, and of the latter has had enough. */
static size_t on_begin(void *data, const char *text, size_t size, bool *more)
{
    static const char last[] = "{\"b\":2}";
    bench_t *bench = data;

    assert_true(size <= LIMIT && text[0] == '{');
    if (size >= 2 && text[1] == '}') {
        (void)on_value(bench, "quick", 5);
        return 2;
    }
    if (size < sizeof last - 1 || memcmp(text, last, sizeof last - 1) != 0)
        return 0;
    (void)on_value(bench, "last", 4);
    *more = false;
    return sizeof last - 1;
}

DISCO_TEST(who_knows_a_value_by_its_beginning_takes_it)
{
    bench_t bench;

    begin(&bench);
    bench.split.begin = on_begin;
    assert_status(feed(&bench, " {}{\"a\":{}}\n{} {"), 0);
    assert_string_equal(bench.values, "quick\n{\"a\":{}}\nquick\n");
    assert_status(feed(&bench, "}{\"b\":2}{}"), 0);
    assert_string_equal(bench.values, "quick\n{\"a\":{}}\nquick\n{}\nlast\n");
    end(&bench);
}

DISCO_TEST(no_memory_is_an_error)
{
    bench_t bench;

    begin(&bench);
    heap_fail_at(1);
    assert_status(feed(&bench, "{\"a\":"), UV_ENOMEM);
    heap_fail_never();
    assert_status(feed(&bench, "1}"), UV_ENOMEM);
    disco__split_reset(&bench.split);
    assert_status(feed(&bench, "{}"), 0);
    assert_string_equal(bench.values, "{}\n");
    end(&bench);
}

/* Whatever comes, no value is over the limit, and each begins and ends with a brace. */
DISCO_TEST(mutated_streams_are_survived)
{
    disco__random_t random = {{7, 11}};
    size_t round;

    for (round = 0; round < 20000; round++) {
        const char *model = streams[disco__random_below(&random, STREAMS)].bytes;
        size_t size = strlen(model);
        char *text = malloc(size); /* of just that size, for the sanitizer */
        size_t changes = 1 + (size_t)disco__random_below(&random, 3);
        size_t split = (size_t)disco__random_below(&random, size + 1);
        bench_t bench;
        size_t i;
        int rv;

        assert_non_null(text);
        for (i = 0; i < size; i++)
            text[i] = model[i];
        while (changes-- > 0)
            text[disco__random_below(&random, size)] =
                "{}[]\"\\ \n\0x"[disco__random_below(&random, 10)];
        begin(&bench);
        rv = disco__split_feed(&bench.split, text, split);
        if (rv == 0)
            rv = disco__split_feed(&bench.split, text + split, size - split);
        assert_true(rv == 0 || rv == DISCO_EPROTOCOL);
        if (bench.size > 0) {
            assert_int(bench.values[0], '{');
            assert_true(bench.values[bench.size - 2] == '}' || bench.values[bench.size - 2] == ']');
        }
        end(&bench);
        free(text);
    }
}
