#include "support/test.h"

#include <stdlib.h>

#include "http/writer.h"

static void assert_written(const disco__http_message_t *message, const char *expected)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__http_write(&out, message), 0);
    assert_string_equal(disco__buffer_text(&out), expected);
    disco__buffer_free(&out);
}

static void assert_refused(const disco__http_message_t *message)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__http_write(&out, message), UV_EINVAL);
    assert_int(out.size, 0);
    disco__buffer_free(&out);
}

DISCO_TEST(a_request_without_a_body)
{
    disco__http_message_t message = {.method = "GET", .target = "/v2/keys/a?b=c", .host = "x:1"};

    assert_written(&message, "GET /v2/keys/a?b=c HTTP/1.1\r\nHost: x:1\r\n\r\n");
}

DISCO_TEST(a_request_with_everything)
{
    disco__http_message_t message = {.method = "PUT",
                                     .target = "/",
                                     .host = "[::1]:2379",
                                     .authorization = "Basic eA==",
                                     .fields = "A: b\r\nC: d\r\n",
                                     .content_type = "text/plain",
                                     .body = "bytes and more",
                                     .body_size = 5};

    assert_written(&message, "PUT / HTTP/1.1\r\nHost: [::1]:2379\r\nAuthorization: Basic eA==\r\n"
                             "A: b\r\nC: d\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                             "\r\nbytes");
}

DISCO_TEST(an_empty_body_has_a_length)
{
    disco__http_message_t message = {
        .method = "POST", .target = "/", .host = "x", .content_type = "a/b", .body = ""};

    assert_written(&message, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\n"
                             "Content-Length: 0\r\n\r\n");
}

DISCO_TEST(nothing_can_be_smuggled_into_the_head)
{
    static const char *const bad[] = {"", "/a b", "/a\r\nX: y", "/a\nb", "/a\tb", "/\x7f", "\r"};
    disco__http_message_t message;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        message = (disco__http_message_t){.method = "GET", .target = bad[i], .host = "x"};
        assert_refused(&message);
        message = (disco__http_message_t){.method = bad[i], .target = "/", .host = "x"};
        assert_refused(&message);
        message = (disco__http_message_t){.method = "GET", .target = "/", .host = bad[i]};
        assert_refused(&message);
    }
    message = (disco__http_message_t){
        .method = "GET", .target = "/", .host = "x", .authorization = "a\r\nb: c"};
    assert_refused(&message);
    message = (disco__http_message_t){
        .method = "GET", .target = "/", .host = "x", .content_type = "a\nb", .body = ""};
    assert_refused(&message);
}

/* At each place of a long word each byte: control bytes and the space are refused, nothing else. */
DISCO_TEST(every_byte_of_a_word_is_looked_at)
{
    char target[24];
    size_t at;
    int c;

    for (at = 0; at < sizeof target - 1; at++) {
        for (c = 1; c < 256; c++) {
            disco__http_message_t message = {.method = "GET", .target = target, .host = "x"};
            disco__buffer_t out;

            memset(target, '~', sizeof target - 1);
            target[sizeof target - 1] = '\0';
            target[at] = (char)c;
            disco__buffer_init(&out);
            assert_status(disco__http_write(&out, &message), c <= ' ' || c == 0x7f ? UV_EINVAL : 0);
            disco__buffer_free(&out);
        }
    }
}

DISCO_TEST(a_request_is_one_allocation)
{
    char body[10000];
    disco__http_message_t message = {.method = "PUT",
                                     .target = "/",
                                     .host = "x",
                                     .authorization = "secret",
                                     .content_type = "a/b",
                                     .body = body,
                                     .body_size = sizeof body};
    disco__buffer_t out;
    size_t before;

    memset(body, 'b', sizeof body);
    disco__buffer_init(&out);
    before = heap_count();
    assert_status(disco__http_write(&out, &message), 0);
    assert_int(heap_count() - before, 1);
    disco__buffer_free_secret(&out);
}

DISCO_TEST(short_memory_is_told)
{
    disco__http_message_t message = {.method = "GET", .target = "/", .host = "x"};
    disco__buffer_t out;

    disco__buffer_init(&out);
    heap_fail_at(1);
    assert_status(disco__http_write(&out, &message), UV_ENOMEM);
    disco__buffer_free(&out);
    disco__buffer_init(&out);
    heap_fail_at(1);
    assert_status(disco__http_write_basic(&out, "a", "b"), UV_ENOMEM);
    heap_fail_at(2);
    assert_status(disco__http_write_basic(&out, "a", "b"), UV_ENOMEM);
    disco__buffer_free(&out);
}

static void assert_basic(const char *user, const char *password, const char *expected)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__http_write_basic(&out, user, password), 0);
    assert_string_equal(disco__buffer_text(&out), expected);
    disco__buffer_free(&out);
}

DISCO_TEST(basic_credentials)
{
    assert_basic("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_basic("", "", "Basic Og==");
    assert_basic("root", "a:b", "Basic cm9vdDphOmI=");
}

DISCO_TEST(basic_credentials_that_cannot_be_told_apart_are_refused)
{
    disco__buffer_t out;

    disco__buffer_init(&out);
    assert_status(disco__http_write_basic(&out, "a:b", "c"), UV_EINVAL);
    assert_status(disco__http_write_basic(&out, "a\n", "c"), UV_EINVAL);
    assert_status(disco__http_write_basic(&out, "a", "\x01"), UV_EINVAL);
    assert_int(out.size, 0);
}

DISCO_TEST(two_requests_differ_in_their_targets_alone)
{
    disco__http_message_t message = {
        .method = "GET", .target = "/a", .host = "x", .authorization = "Basic eA=="};
    disco__buffer_t out;
    size_t second_at = 0;

    disco__buffer_init(&out);
    assert_status(disco__http_write_two(&out, &message, "/b?c", &second_at), 0);
    assert_string_equal(disco__buffer_text(&out),
                        "GET /a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eA==\r\n\r\n"
                        "GET /b?c HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eA==\r\n\r\n");
    assert_string_equal(out.bytes + second_at,
                        "GET /b?c HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eA==\r\n\r\n");
    disco__buffer_free(&out);
    assert_status(disco__http_write_two(&out, &message, "/b HTTP/1.1\r\n", &second_at), UV_EINVAL);
    assert_int(out.size, 0);
}
