#include <stdlib.h>
#include <string.h>

#include <uvdisco/error.h>

#include "base/base64.h"
#include "base/random.h"
#include "support/test.h"

static void assert_encodes(const char *bytes, const char *expected)
{
    disco__buffer_t text;
    disco__buffer_t back;

    disco__buffer_init(&text);
    disco__buffer_init(&back);
    assert_status(disco__base64_encode(&text, bytes, strlen(bytes)), 0);
    assert_string_equal(disco__buffer_text(&text), expected);
    assert_status(disco__base64_decode(&back, text.bytes, text.size), 0);
    assert_string_equal(disco__buffer_text(&back), bytes);
    disco__buffer_free(&text);
    disco__buffer_free(&back);
}

/* RFC 4648, section 10. */
DISCO_TEST(base64_of_the_standard_vectors)
{
    assert_encodes("", "");
    assert_encodes("f", "Zg==");
    assert_encodes("fo", "Zm8=");
    assert_encodes("foo", "Zm9v");
    assert_encodes("foob", "Zm9vYg==");
    assert_encodes("fooba", "Zm9vYmE=");
    assert_encodes("foobar", "Zm9vYmFy");
}

DISCO_TEST(base64_of_every_byte_comes_back)
{
    disco__buffer_t text;
    disco__buffer_t back;
    unsigned char bytes[257];
    size_t size;
    size_t i;

    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(255 - i);
    for (size = sizeof bytes - 3; size <= sizeof bytes; size++) {
        disco__buffer_init(&text);
        disco__buffer_init(&back);
        assert_status(disco__base64_encode(&text, bytes, size), 0);
        assert_status(disco__base64_decode(&back, text.bytes, text.size), 0);
        assert_int(back.size, size);
        assert_memory_equal(back.bytes, bytes, size);
        disco__buffer_free(&text);
        disco__buffer_free(&back);
    }
}

static int decode(const char *text, const char *expected)
{
    disco__buffer_t out;
    int rv;

    disco__buffer_init(&out);
    rv = disco__base64_decode(&out, text, strlen(text));
    if (rv == 0)
        assert_string_equal(disco__buffer_text(&out), expected);
    disco__buffer_free(&out);
    return rv;
}

DISCO_TEST(base64_may_be_folded_and_unpadded)
{
    assert_status(decode("Zm9v\r\nYm\tE =\n", "fooba"), 0);
    assert_status(decode("Zm9vYmE", "fooba"), 0);
    assert_status(decode("Zm9vYg", "foob"), 0);
}

DISCO_TEST(what_is_not_base64_is_refused)
{
    static const char *const wrong[] = {
        "Z",    "Zm9vY", "Zm9=v",    "Zg===", "Zg=",   "=",     "==",
        "====", "Z===",  "Zm9v====", "Zm-_",  "Zm9v!", "Zm=9v", "\xc3\xa9=="};
    size_t i;
    disco__buffer_t out;

    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (decode(wrong[i], "") != DISCO_EBASE64)
            fail_msg("took \"%s\"", wrong[i]);
    }
    disco__buffer_init(&out);
    assert_status(disco__base64_decode(&out, "Zm9\0", 4), DISCO_EBASE64);
    disco__buffer_free(&out);
}

DISCO_TEST(base64_says_when_memory_is_short)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    heap_fail_at(1);
    assert_status(disco__base64_encode(&out, "foo", 3), UV_ENOMEM);
    disco__buffer_clear(&out);
    heap_fail_at(1);
    assert_status(disco__base64_decode(&out, "Zm9v", 4), UV_ENOMEM);
    disco__buffer_free(&out);
}

static int digit_of(unsigned char c)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(all, c) : NULL;

    return found != NULL ? (int)(found - all) : -1;
}

/* As plainly as can be: false when it is none. */
static bool decode_plainly(unsigned char *out, size_t *size, const unsigned char *text)
{
    size_t given = *size;
    size_t bits = 0;
    size_t padding = 0;
    size_t digits = 0;
    unsigned kept = 0;
    size_t i;

    *size = 0;
    for (i = 0; i < given; i++) {
        if (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n')
            continue;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        if (digit_of(text[i]) < 0 || padding > 0)
            return false;
        digits++;
        kept = (kept << 6 | (unsigned)digit_of(text[i])) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[(*size)++] = (unsigned char)(kept >> bits);
        }
    }
    return digits % 4 != 1 && padding <= 2 && (padding == 0 || digits % 4 + padding == 4);
}

typedef int (*decoder_t)(char *to, const char *text, size_t *size);

static int decode_there(char *to, const char *text, size_t *size)
{
    memmove(to, text, *size);
    return disco__base64_decode_in_place(to, size);
}

/* Memory of exactly that size, so that a byte beside it is found by the sanitizers. */
static void assert_decodes_as_plainly(decoder_t decoder, const unsigned char *text, size_t size)
{
    unsigned char expected[200];
    size_t expected_size = size;
    size_t decoded = size;
    char *from = malloc(size + 1);
    char *to = malloc(size + 1);

    assert_true(size < sizeof expected);
    if (from == NULL || to == NULL)
        fail_msg("no memory");
    memcpy(from, text, size);
    from[size] = 'A';
    to[size] = 0x55;
    if (!decode_plainly(expected, &expected_size, text)) {
        assert_status(decoder(to, from, &decoded), DISCO_EBASE64);
    } else {
        assert_status(decoder(to, from, &decoded), 0);
        assert_int(decoded, expected_size);
        assert_memory_equal(to, expected, decoded);
    }
    assert_int(to[size], 0x55);
    free(from);
    free(to);
}

static void assert_all_decode_as_plainly(const unsigned char *text, size_t size)
{
    assert_decodes_as_plainly(disco__base64_decode_to, text, size);
    assert_decodes_as_plainly(disco__base64_decode_portable, text, size);
    assert_decodes_as_plainly(decode_there, text, size);
}

static void fill(unsigned char *text, size_t size, disco__random_t *random)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i;

    for (i = 0; i < size; i++)
        text[i] = (unsigned char)all[disco__random_below(random, 64)];
}

DISCO_TEST(base64_of_any_byte_at_any_place_is_taken_for_what_it_is)
{
    disco__random_t random = {{7, 11}};
    unsigned char text[40];
    size_t place;
    unsigned byte;

    for (place = 0; place < sizeof text; place++) {
        for (byte = 0; byte < 256; byte++) {
            fill(text, sizeof text, &random);
            text[place] = (unsigned char)byte;
            assert_all_decode_as_plainly(text, sizeof text);
        }
    }
}

DISCO_TEST(base64_of_any_length_is_decoded)
{
    disco__random_t random = {{13, 17}};
    unsigned char text[150];
    size_t size;
    size_t padding;

    for (size = 0; size < sizeof text; size++) {
        for (padding = 0; padding < 4 && padding <= size; padding++) {
            fill(text, size, &random);
            memset(text + size - padding, '=', padding);
            assert_all_decode_as_plainly(text, size);
        }
    }
}

DISCO_TEST(base64_that_was_changed_is_taken_or_refused_alike)
{
    disco__random_t random = {{19, 23}};
    unsigned char text[100];
    size_t round;

    for (round = 0; round < 20000; round++) {
        size_t size = 1 + (size_t)disco__random_below(&random, sizeof text);
        size_t changes = (size_t)disco__random_below(&random, 4);

        fill(text, size, &random);
        while (changes-- > 0)
            text[disco__random_below(&random, size)] =
                (unsigned char)"==\n \r\t-_,:.\x80\xaf\xff"[disco__random_below(&random, 14)];
        assert_all_decode_as_plainly(text, size);
    }
}

/* Up to the first byte that is no digit, with its padding; 0: there is none of it. */
static size_t take_plainly(unsigned char *out, size_t *written, const unsigned char *text,
                           size_t size)
{
    size_t count = 0;
    size_t padding;

    while (count < size && digit_of(text[count]) >= 0)
        count++;
    padding = count % 4 > 1 ? 4 - count % 4 : 0;
    if (count % 4 == 1 || padding > size - count || memcmp(text + count, "==", padding) != 0)
        return 0;
    *written = count + padding;
    assert_true(decode_plainly(out, written, text));
    return count + padding;
}

static void assert_takes_as_plainly(const unsigned char *text, size_t size, size_t spare)
{
    unsigned char expected[200];
    size_t expected_size = 0;
    size_t used = take_plainly(expected, &expected_size, text, size);
    size_t room = size / 4 * 3 + spare;
    size_t written = 0;
    char *from = malloc(size > 0 ? size : 1);
    char *to = malloc(room + 1);

    if (from == NULL || to == NULL)
        fail_msg("no memory");
    memcpy(from, text, size);
    to[room] = 0x55;
    assert_int(disco__base64_take(to, room, from, size, &written), used);
    if (used > 0) {
        assert_int(written, expected_size);
        assert_memory_equal(to, expected, written);
    }
    assert_int(to[room], 0x55);
    free(from);
    free(to);
}

DISCO_TEST(base64_is_taken_up_to_where_it_ends)
{
    static const char *const ends[] = {
        "", "\"", "=\"", "==\"", "==", "=", "===", "\"AAAA", "\x80", "=A="};
    disco__random_t random = {{29, 31}};
    unsigned char text[150];
    size_t size;
    size_t i;

    for (size = 0; size < 140; size++) {
        for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            size_t end = strlen(ends[i]);

            fill(text, size, &random);
            memcpy(text + size, ends[i], end);
            assert_takes_as_plainly(text, size + end, 3);
            assert_takes_as_plainly(text, size + end, 64);
        }
    }
}

/* What is given then is less, so that no quote follows it. */
DISCO_TEST(base64_is_taken_only_as_far_as_there_is_room)
{
    disco__random_t random = {{37, 41}};
    unsigned char text[101];
    char to[101];
    size_t room;
    size_t written;

    fill(text, 100, &random);
    text[100] = '"';
    for (room = 0; room < 75; room++) {
        memset(to, 0x55, sizeof to);
        assert_true(disco__base64_take(to, room, (const char *)text, sizeof text, &written) < 100);
        assert_int(to[room], 0x55);
    }
    assert_int(disco__base64_take(to, 75, (const char *)text, sizeof text, &written), 100);
    assert_int(written, 75);
}
