/* Escapes, base64 and the splitter of streams. */
#include <stdlib.h>
#include <string.h>

#include <uv.h>
#include <uvdisco/error.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "etcd/v3_watch_codec.h"
#include "fuzz/check.h"
#include "json/read.h"
#include "json/split.h"

/* As one string, and as the name of a member: check_json() looks at both. */
const char *check_unescape(const char *bytes, size_t size)
{
    disco__buffer_t text;
    const char *wrong;
    char *block;

    disco__buffer_init(&text);
    (void)disco__buffer_append_text(&text, "{\"");
    (void)disco__buffer_append(&text, bytes, size);
    (void)disco__buffer_append_text(&text, "\":\"");
    (void)disco__buffer_append(&text, bytes, size);
    if (disco__buffer_append_text(&text, "\"}") != 0)
        abort();
    block = fuzz_block(text.bytes, text.size);
    wrong = check_json(block, text.size);
    free(block);
    disco__buffer_free(&text);
    return wrong;
}

static int decode(char **out, size_t *size, const char *bytes,
                  int (*by)(char *to, const char *text, size_t *size))
{
    char *room = fuzz_block(bytes, *size); /* not one byte more than it may use */
    int rv = by(room, bytes, size);

    *out = room;
    return rv;
}

static int in_place(char *to, const char *text, size_t *size)
{
    (void)text; /* it is there */
    return disco__base64_decode_in_place(to, size);
}

static const char *check_encoded(const char *bytes, size_t size)
{
    disco__buffer_t text;
    disco__buffer_t back;
    const char *wrong = NULL;

    disco__buffer_init(&text);
    disco__buffer_init(&back);
    if (disco__base64_encode(&text, bytes, size) != 0)
        abort();
    if (disco__base64_decode(&back, disco__buffer_text(&text), text.size) != 0)
        wrong = "what was encoded cannot be decoded";
    else if (back.size != size || (size > 0 && memcmp(back.bytes, bytes, size) != 0))
        wrong = "what was encoded is decoded to something else";
    disco__buffer_free(&text);
    disco__buffer_free(&back);
    return wrong;
}

const char *check_base64(const char *bytes, size_t size)
{
    static int (*const ways[])(char *to, const char *text, size_t *size) = {
        disco__base64_decode_portable, disco__base64_decode_to, in_place};
    char *rooms[3];
    size_t sizes[3] = {size, size, size};
    int rv[3];
    disco__buffer_t buffer;
    const char *wrong = NULL;
    size_t i;

    disco__buffer_init(&buffer);
    for (i = 0; i < 3; i++)
        rv[i] = decode(&rooms[i], &sizes[i], bytes, ways[i]);
    for (i = 1; i < 3 && wrong == NULL; i++) {
        if (rv[i] != rv[0])
            wrong = "ways to decode base64 do not agree on what it is";
        else if (rv[0] == 0 && (sizes[i] != sizes[0] || memcmp(rooms[i], rooms[0], sizes[0]) != 0))
            wrong = "ways to decode base64 do not agree on what it says";
    }
    if (wrong == NULL && disco__base64_decode(&buffer, bytes, size) != rv[0])
        wrong = "into a buffer base64 is decoded differently";
    else if (wrong == NULL && rv[0] == 0 &&
             (buffer.size != sizes[0] ||
              memcmp(disco__buffer_text(&buffer), rooms[0], sizes[0]) != 0))
        wrong = "into a buffer base64 says something else";
    for (i = 0; i < 3; i++)
        free(rooms[i]);
    disco__buffer_free(&buffer);
    return wrong != NULL ? wrong : check_encoded(bytes, size);
}

#define LIMIT 5000

typedef struct stream_s {
    disco__split_t split;
    disco__buffer_t texts;
    uint64_t hash;
    size_t count;
    int rv;
} stream_t;

static bool on_value(void *data, const char *text, size_t size)
{
    stream_t *stream = data;

    stream->count++;
    stream->hash = fuzz_hash(fuzz_hash(stream->hash, text, size), "\n", 1);
    return true;
}

/* As watches have it. */
static size_t on_begin(void *data, const char *text, size_t size, bool *more)
{
    stream_t *stream = data;
    disco__v3_message_t message;
    size_t used = disco__v3_read_plain_message(&message, &stream->texts, text, size);

    if (used > 0)
        *more = on_value(data, text, used);
    return used;
}

static void split(stream_t *stream, const char *bytes, size_t size, bool in_pieces, bool quickly)
{
    uint64_t state = fuzz_hash(FUZZ_HASH, bytes, size);

    memset(stream, 0, sizeof *stream);
    disco__buffer_init(&stream->texts);
    disco__split_init(&stream->split, LIMIT, on_value, stream);
    if (quickly)
        stream->split.begin = on_begin;
    stream->rv = disco__split_feed(&stream->split, bytes, 0);
    while (size > 0 && stream->rv == 0) {
        size_t piece = in_pieces ? fuzz_piece(&state, size) : size;
        char *block = fuzz_block(bytes, piece);

        stream->rv = disco__split_feed(&stream->split, block, piece);
        free(block);
        bytes += piece;
        size -= piece;
    }
    disco__split_free(&stream->split);
    disco__buffer_free(&stream->texts);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_opening(char c)
{
    return c == '{' || c == '[';
}

/* Whether the string goes on behind the byte, or behind what is escaped. */
static bool take_in_string(const char *bytes, size_t *i)
{
    if (bytes[*i] == '"')
        return false;
    if (bytes[*i] == '\\')
        ++*i;
    return true;
}

/* Byte by byte, as plainly as it can be said. */
static void split_plainly(stream_t *stream, const char *bytes, size_t size)
{
    size_t first = 0;
    size_t depth = 0;
    bool in_string = false;
    size_t i;

    memset(stream, 0, sizeof *stream);
    for (i = 0; i < size && stream->rv == 0; i++) {
        char c = bytes[i];

        if (depth == 0 && is_space(c))
            continue;
        if (depth == 0
                ? c != '{'
                : !in_string && is_opening(c) && depth == DISCO_JSON_MAX_DEPTH && i - first < LIMIT)
            stream->rv = DISCO_EPROTOCOL;
        else if (depth > 0 && i - first >= LIMIT)
            stream->rv = DISCO_ETOOLARGE;
        else if (in_string)
            in_string = take_in_string(bytes, &i);
        else if (c == '"')
            in_string = true;
        else if (is_opening(c) && depth++ == 0)
            first = i;
        else if ((c == '}' || c == ']') && --depth == 0)
            (void)on_value(stream, bytes + first, i + 1 - first);
    }
    if (stream->rv == 0 && depth > 0 && size - first > LIMIT)
        stream->rv = DISCO_ETOOLARGE;
}

static bool is_same(const stream_t *a, const stream_t *b)
{
    return a->rv == b->rv && a->count == b->count && a->hash == b->hash;
}

const char *check_split(const char *bytes, size_t size)
{
    stream_t plain;
    stream_t stream;

    split_plainly(&plain, bytes, size);
    split(&stream, bytes, size, false, false);
    if (!is_same(&plain, &stream))
        return "a stream is split otherwise than byte by byte";
    split(&stream, bytes, size, true, false);
    if (!is_same(&plain, &stream))
        return "a stream in pieces is split otherwise";
    split(&stream, bytes, size, false, true);
    if (!is_same(&plain, &stream))
        return "a stream is split otherwise where messages are plain";
    split(&stream, bytes, size, true, true);
    return is_same(&plain, &stream) ? NULL : "plain messages in pieces are split otherwise";
}
