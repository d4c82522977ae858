#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <uvdisco/error.h>

#include "http/parser.h"

#define HEADER_LIMIT 200
#define BODY_LIMIT 100

typedef struct seen_s {
    disco__parser_t parser;
    char log[1024]; /* "200 a=b|body|" and so on */
    size_t heads;
    bool stop_on_head;
    bool stop_on_body;
} seen_t;

static void on_head(void *data, const disco__http_head_t *head)
{
    seen_t *seen = data;
    const char *field = disco__http_head_field(head, "x-FIELD");

    seen->heads++;
    (void)snprintf(seen->log, sizeof seen->log, "%d %s|", disco__http_head_status(head),
                   field != NULL ? field : "-");
    if (seen->stop_on_head)
        disco__parser_stop(&seen->parser);
}

static void on_body(void *data, const char *bytes, size_t size)
{
    seen_t *seen = data;
    size_t used = strlen(seen->log);

    assert_true(size > 0 && used + size < sizeof seen->log);
    memcpy(seen->log + used, bytes, size);
    seen->log[used + size] = '\0';
    if (seen->stop_on_body)
        disco__parser_stop(&seen->parser);
}

static const disco__parser_events_t events = {on_head, on_body};

static void begin(seen_t *seen)
{
    memset(seen, 0, sizeof *seen);
    disco__parser_init(&seen->parser, HEADER_LIMIT, &events, seen);
    disco__parser_start(&seen->parser, BODY_LIMIT);
}

/* Feeds from memory of just that size, so that a sanitizer sees each byte read beyond it. */
static int feed(seen_t *seen, const char *bytes, size_t size, size_t *used)
{
    char *copy = malloc(size > 0 ? size : 1);
    int result;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    result = disco__parser_feed(&seen->parser, copy, size, used);
    free(copy);
    return result;
}

/* With every split in two, and byte by byte: the same result, the same events, the same bytes left
 * over. */
static void assert_parsed(const char *response, int expected, const char *log, size_t left_over)
{
    size_t size = strlen(response);
    size_t split;
    size_t used;
    seen_t seen;

    for (split = 0; split <= size; split++) {
        int result;

        begin(&seen);
        result = feed(&seen, response, split, &used);
        if (result == DISCO__PARSER_MORE) {
            result = feed(&seen, response + split, size - split, &used);
            used += split;
        }
        assert_status(result, expected);
        assert_string_equal(seen.log, log);
        if (expected == DISCO__PARSER_COMPLETE && split + left_over <= size)
            assert_int(size - used, left_over);
        if (expected < 0)
            assert_non_null(seen.parser.reason);
        disco__parser_free(&seen.parser);
    }
    begin(&seen);
    for (split = 0; split < size; split++) {
        int result = feed(&seen, response + split, 1, &used);

        if (result != DISCO__PARSER_MORE) {
            assert_status(result, expected);
            break;
        }
        assert_true(split + 1 < size || expected == DISCO__PARSER_MORE);
    }
    assert_string_equal(seen.log, log);
    disco__parser_free(&seen.parser);
}

static void assert_complete(const char *response, const char *log)
{
    assert_parsed(response, DISCO__PARSER_COMPLETE, log, 0);
}

/* Whatever of it has been handed on before. */
static void assert_refused_as(const char *response, size_t size, int expected)
{
    seen_t seen;
    size_t used;
    size_t i;
    int result;

    begin(&seen);
    result = feed(&seen, response, size, &used);
    if (result == DISCO__PARSER_MORE)
        fail_msg("not refused: %s", response);
    if (result == DISCO__PARSER_COMPLETE)
        fail_msg("taken as complete: %s", response);
    assert_status(result, expected);
    disco__parser_free(&seen.parser);
    begin(&seen);
    result = DISCO__PARSER_MORE;
    for (i = 0; i < size && result == DISCO__PARSER_MORE; i++)
        result = feed(&seen, response + i, 1, &used);
    assert_status(result, expected);
    disco__parser_free(&seen.parser);
}

static void assert_refused(const char *response)
{
    assert_refused_as(response, strlen(response), DISCO_EPROTOCOL);
}

DISCO_TEST(a_body_with_a_length)
{
    assert_complete("HTTP/1.1 200 OK\r\nX-Field: a b\r\nContent-Length: 5\r\n\r\nhello",
                    "200 a b|hello");
    assert_complete("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404 -|");
    assert_complete("HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello", "200 -|hello");
}

DISCO_TEST(a_chunked_body)
{
    assert_complete("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\nA;ext=1\r\n, world.  \r\n0\r\n\r\n",
                    "200 -|hello, world.  ");
}

DISCO_TEST(a_chunked_body_with_a_trailer)
{
    assert_complete("HTTP/1.1 404 Not Found\r\nTrailer: X-Field\r\nTransfer-Encoding: Chunked\r\n"
                    "\r\n6\r\n{\"a\":1\r\n1\r\n}\r\n0\r\nX-Field: application/grpc\r\n\r\n",
                    "404 -|{\"a\":1}");
}

DISCO_TEST(responses_without_a_body)
{
    assert_complete("HTTP/1.1 204 No Content\r\n\r\n", "204 -|");
    assert_complete("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 -|");
    assert_complete("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 -|");
    assert_complete("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "304 -|");
}

DISCO_TEST(interim_responses_are_passed_over)
{
    assert_complete("HTTP/1.1 100 Continue\r\n\r\n"
                    "HTTP/1.1 103 Early Hints\r\nX-Field: no\r\nContent-Length: 7\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                    "200 -|ok");
}

DISCO_TEST(bytes_after_the_response_are_left_over)
{
    assert_parsed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", 1,
                  "200 -|ok", 17);
    assert_parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n", 1, "200 -|",
                  2);
    assert_parsed("HTTP/1.1 204 No Content\r\n\r\n\r\n", 1, "204 -|", 2);
}

static void assert_keep_alive(const char *response, bool expected)
{
    seen_t seen;
    size_t used;

    begin(&seen);
    assert_int(feed(&seen, response, strlen(response), &used), DISCO__PARSER_COMPLETE);
    assert_int(seen.parser.keep_alive, expected);
    disco__parser_free(&seen.parser);
}

DISCO_TEST(whether_the_connection_may_be_kept)
{
    assert_keep_alive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true);
    assert_keep_alive("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false);
    assert_keep_alive("HTTP/1.1 200 OK\r\nconnection: Foo, CLOSE\r\nContent-Length: 0\r\n\r\n",
                      false);
    assert_keep_alive("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false);
    assert_keep_alive("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
                      true);
    assert_keep_alive("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", false);
}

DISCO_TEST(a_body_that_ends_with_the_connection)
{
    static const char response[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nhello";
    seen_t seen;
    size_t used;
    size_t size;

    for (size = 0; size < sizeof response; size++) {
        bool head_complete = size >= sizeof response - sizeof "hello";

        begin(&seen);
        assert_int(feed(&seen, response, size, &used), DISCO__PARSER_MORE);
        assert_status(disco__parser_finish(&seen.parser),
                      head_complete ? DISCO__PARSER_COMPLETE : UV_EOF);
        assert_int(seen.heads, head_complete ? 1 : 0);
        if (head_complete)
            assert_false(seen.parser.keep_alive);
        disco__parser_free(&seen.parser);
    }
}

static void assert_cut_short(const char *response)
{
    size_t size;
    seen_t seen;
    size_t used;

    for (size = 0; size < strlen(response); size++) {
        begin(&seen);
        assert_int(feed(&seen, response, size, &used), DISCO__PARSER_MORE);
        assert_status(disco__parser_finish(&seen.parser), UV_EOF);
        disco__parser_free(&seen.parser);
    }
}

DISCO_TEST(a_connection_that_ends_early_completes_nothing)
{
    assert_cut_short("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_cut_short("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\nhello\r\n0\r\nA: b\r\n\r\n");
}

DISCO_TEST(responses_follow_each_other_on_one_parser)
{
    static const char first[] = "HTTP/1.1 200 OK\r\nX-Field: a\r\nContent-Length: 2\r\n\r\nok";
    static const char second[] = "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n!";
    seen_t seen;
    size_t used;

    begin(&seen);
    assert_int(feed(&seen, first, sizeof first - 1, &used), DISCO__PARSER_COMPLETE);
    assert_string_equal(seen.log, "200 a|ok");
    disco__parser_start(&seen.parser, BODY_LIMIT);
    assert_int(feed(&seen, second, sizeof second - 1, &used), DISCO__PARSER_COMPLETE);
    assert_string_equal(seen.log, "201 -|!");
    disco__parser_free(&seen.parser);
}

DISCO_TEST(what_is_malformed_is_refused)
{
    static const char *const responses[] = {
        "garbage",
        "\x16\x03\x01",
        "GET / HTTP/1.1\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n",
    };
    static const char with_nul[] = "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n";
    size_t i;

    for (i = 0; i < sizeof responses / sizeof responses[0]; i++)
        assert_refused(responses[i]);
    assert_refused_as(with_nul, sizeof with_nul - 1, DISCO_EPROTOCOL);
}

static void assert_endless_is_refused(const char *begin_with, const char *repeated)
{
    char bytes[4096];
    size_t used = strlen(begin_with);
    size_t size = strlen(repeated);

    memcpy(bytes, begin_with, used);
    while (used + size < sizeof bytes) {
        memcpy(bytes + used, repeated, size);
        used += size;
    }
    bytes[used] = '\0';
    assert_refused_as(bytes, used, DISCO_ETOOLARGE);
}

DISCO_TEST(nothing_is_endless)
{
    assert_endless_is_refused("HTTP/1.1 200 ", "OK ");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\n", "A");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\nA: ", "b");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\n", "A: b\r\n");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\n", "A:\r\n");
    assert_endless_is_refused("", "HTTP/1.1 100 Continue\r\n\r\n");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                              "A: b\r\n");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\n\r\n", "body");
    assert_endless_is_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                              "1\r\na\r\n");
}

DISCO_TEST(a_body_over_the_limit_is_refused)
{
    static const char declared[] = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n";
    seen_t seen;
    size_t used;

    begin(&seen);
    assert_status(feed(&seen, declared, sizeof declared - 1, &used), DISCO_ETOOLARGE);
    assert_int(seen.heads, 0);
    disco__parser_free(&seen.parser);
}

DISCO_TEST(a_body_of_the_limit_is_taken)
{
    char response[256];
    seen_t seen;
    size_t used;

    (void)snprintf(response, sizeof response,
                   "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n%0100d", 1);
    begin(&seen);
    assert_status(feed(&seen, response, strlen(response), &used), DISCO__PARSER_COMPLETE);
    disco__parser_free(&seen.parser);
}

DISCO_TEST(stopping_inside_an_event_ends_all_events)
{
    static const char response[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
    seen_t seen;
    size_t used;

    begin(&seen);
    seen.stop_on_head = true;
    (void)feed(&seen, response, sizeof response - 1, &used);
    assert_string_equal(seen.log, "200 -|");
    disco__parser_free(&seen.parser);
    begin(&seen);
    seen.stop_on_body = true;
    (void)feed(&seen, response, sizeof response - 1, &used);
    assert_string_equal(seen.log, "200 -|a");
    assert_status(disco__parser_finish(&seen.parser), UV_EOF);
    disco__parser_free(&seen.parser);
}

static void parse_one(void *data)
{
    static const char response[] = "HTTP/1.1 200 OK\r\nX-Field: a\r\nContent-Length: 2\r\n\r\nok";
    seen_t seen;
    size_t used;
    int result;

    (void)data;
    begin(&seen);
    result = disco__parser_feed(&seen.parser, response, sizeof response - 1, &used);
    assert_status(result, heap_has_failed() ? UV_ENOMEM : DISCO__PARSER_COMPLETE);
    disco__parser_free(&seen.parser);
}

DISCO_TEST(short_memory_is_told)
{
    heap_sweep(parse_one, NULL);
}

DISCO_TEST(fields_of_a_head)
{
    static const struct {
        const char *name;
        const char *value;
    } fields[] = {{"A", "1"}, {"Empty", ""}, {"Empty2", " \t"}, {"A", "2"}, {"Z", " x "}};
    disco__http_head_t head;
    size_t i;

    disco__http_head_init(&head, 0);
    assert_null(disco__http_head_field(&head, "A"));
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        disco__http_head_append(&head, fields[i].name, strlen(fields[i].name));
        disco__http_head_end_name(&head);
        disco__http_head_append(&head, fields[i].value, strlen(fields[i].value));
        disco__http_head_end_value(&head);
    }
    assert_string_equal(disco__http_head_field(&head, "a"), "1");
    assert_string_equal(disco__http_head_field(&head, "EMPTY"), "");
    assert_string_equal(disco__http_head_field(&head, "Empty2"), "");
    assert_string_equal(disco__http_head_field(&head, "z"), " x");
    assert_null(disco__http_head_field(&head, "Empt"));
    assert_null(disco__http_head_field(&head, ""));
    disco__http_head_free(&head);
}
