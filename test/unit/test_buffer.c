#include "support/test.h"

#include <uvdisco/error.h>

#include "base/buffer.h"
#include "support/secrets.h"

DISCO_TEST(appends_bytes_text_and_numbers)
{
    disco__buffer_t buffer;

    disco__buffer_init(&buffer);
    assert_string_equal(disco__buffer_text(&buffer), "");
    assert_status(disco__buffer_append(&buffer, "a\0b", 3), 0);
    assert_status(disco__buffer_append_text(&buffer, "cd"), 0);
    assert_status(disco__buffer_append_char(&buffer, 'e'), 0);
    assert_status(disco__buffer_append_number(&buffer, 0), 0);
    assert_status(disco__buffer_append_number(&buffer, UINT64_MAX), 0);
    assert_int(buffer.size, 27);
    assert_memory_equal(buffer.bytes, "a\0bcde018446744073709551615", 28);
    disco__buffer_free(&buffer);
    assert_null(buffer.bytes);
}

DISCO_TEST(grows_to_any_size_and_keeps_what_is_there)
{
    disco__buffer_t buffer;
    size_t i;

    disco__buffer_init(&buffer);
    for (i = 0; i < 100000; i++)
        assert_status(disco__buffer_append_char(&buffer, (char)('a' + i % 26)), 0);
    assert_int(buffer.size, 100000);
    for (i = 0; i < 100000; i++)
        assert_int(buffer.bytes[i], 'a' + i % 26);
    assert_int(buffer.bytes[100000], '\0');
    disco__buffer_free(&buffer);
}

DISCO_TEST(the_byte_over_the_limit_marks_the_buffer)
{
    disco__buffer_t buffer;

    disco__buffer_init_limited(&buffer, 4);
    assert_status(disco__buffer_append_text(&buffer, "abcd"), 0);
    assert_status(disco__buffer_append_char(&buffer, 'e'), DISCO_ETOOLARGE);
    assert_status(disco__buffer_append(&buffer, NULL, 0), DISCO_ETOOLARGE);
    assert_string_equal(disco__buffer_text(&buffer), "abcd");
    disco__buffer_clear(&buffer);
    assert_status(disco__buffer_append_text(&buffer, "ef"), 0);
    assert_string_equal(disco__buffer_text(&buffer), "ef");
    disco__buffer_free(&buffer);
    assert_status(disco__buffer_append_text(&buffer, "abcde"), DISCO_ETOOLARGE);
    disco__buffer_free(&buffer);
}

DISCO_TEST(a_buffer_that_is_used_again_is_wiped_and_keeps_little)
{
    disco__buffer_t buffer;
    const char *bytes;
    size_t i;

    disco__buffer_init(&buffer);
    disco__buffer_reuse(&buffer, 64);
    assert_null(buffer.bytes);
    assert_status(disco__buffer_append_text(&buffer, "secret"), 0);
    bytes = buffer.bytes;
    disco__buffer_reuse(&buffer, 64);
    assert_ptr_equal(buffer.bytes, bytes);
    assert_int(buffer.size, 0);
    assert_int(buffer.capacity, 64);
    for (i = 0; i < buffer.capacity; i++)
        assert_int(bytes[i], 0);
    assert_status(disco__buffer_reserve(&buffer, 64), 0);
    disco__buffer_reuse(&buffer, 64);
    assert_null(buffer.bytes);
}

DISCO_TEST(sizes_that_do_not_fit_are_too_large)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 2, SIZE_MAX / 2 + 2};
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        disco__buffer_t buffer;

        disco__buffer_init(&buffer);
        assert_status(disco__buffer_append_text(&buffer, "ab"), 0);
        assert_status(disco__buffer_reserve(&buffer, sizes[i]), DISCO_ETOOLARGE);
        assert_string_equal(disco__buffer_text(&buffer), "ab");
        disco__buffer_free(&buffer);
    }
}

DISCO_TEST(an_allocation_that_fails_marks_the_buffer)
{
    disco__buffer_t buffer;

    disco__buffer_init(&buffer);
    heap_fail_at(1);
    assert_status(disco__buffer_append_text(&buffer, "a"), UV_ENOMEM);
    assert_status(disco__buffer_append_text(&buffer, "a"), UV_ENOMEM);
    assert_status(disco__buffer_append_encoded(&buffer, "a", 1, ""), UV_ENOMEM);
    assert_string_equal(disco__buffer_text(&buffer), "");
    disco__buffer_free(&buffer);
    assert_status(buffer.error, 0);
}

DISCO_TEST(reserved_room_takes_bytes_without_moving)
{
    disco__buffer_t buffer;
    char *before;
    size_t i;

    disco__buffer_init(&buffer);
    assert_status(disco__buffer_reserve(&buffer, 1000), 0);
    assert_string_equal(disco__buffer_text(&buffer), "");
    before = buffer.bytes;
    for (i = 0; i < 1000; i++)
        disco__buffer_append_char(&buffer, 'a');
    assert_ptr_equal(buffer.bytes, before);
    disco__buffer_free_secret(&buffer);
    disco__buffer_free_secret(&buffer);
}

DISCO_TEST(a_secret_that_grows_leaves_nothing_behind)
{
    disco__buffer_t buffer;
    size_t i;

    secrets_watch_begin("secret");
    disco__buffer_init_limited(&buffer, 6000);
    for (i = 0; i < 1000; i++)
        assert_status(disco__buffer_append_secret(&buffer, "secret", 6), 0);
    assert_int(buffer.size, 6000);
    for (i = 0; i < 1000; i++)
        assert_memory_equal(buffer.bytes + i * 6, "secret", 6);
    assert_status(disco__buffer_append_secret(&buffer, "s", 1), DISCO_ETOOLARGE);
    assert_int(buffer.size, 6000);
    disco__buffer_free_secret(&buffer);
    assert_int(secrets_watch_end(), 0);
}

DISCO_TEST(encoding_keeps_unreserved_bytes_and_those_asked_for)
{
    disco__buffer_t buffer;
    char all[256];
    size_t i;

    disco__buffer_init(&buffer);
    disco__buffer_append_encoded(&buffer, "a/b c%\xc3\xa9~-._\0", 13, "/");
    assert_string_equal(disco__buffer_text(&buffer), "a/b%20c%25%C3%A9~-._%00");
    disco__buffer_clear(&buffer);
    disco__buffer_append_encoded(&buffer, "a/b", 3, "");
    assert_string_equal(disco__buffer_text(&buffer), "a%2Fb");
    disco__buffer_clear(&buffer);
    for (i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    assert_status(disco__buffer_append_encoded(&buffer, all, sizeof all, ""), 0);
    assert_int(buffer.size, 66 + 3 * (256 - 66));
    disco__buffer_free(&buffer);
}

DISCO_TEST(consuming_drops_the_first_bytes)
{
    disco__buffer_t buffer;

    disco__buffer_init(&buffer);
    disco__buffer_consume(&buffer, 0);
    disco__buffer_append_text(&buffer, "abcdef");
    disco__buffer_consume(&buffer, 2);
    assert_string_equal(disco__buffer_text(&buffer), "cdef");
    disco__buffer_consume(&buffer, 4);
    assert_string_equal(disco__buffer_text(&buffer), "");
    assert_int(buffer.size, 0);
    disco__buffer_free(&buffer);
}

DISCO_TEST(moving_leaves_an_empty_buffer)
{
    disco__buffer_t from;
    disco__buffer_t to;

    disco__buffer_init_limited(&from, 10);
    disco__buffer_init(&to);
    disco__buffer_append_text(&from, "abc");
    disco__buffer_move(&from, &to);
    assert_string_equal(disco__buffer_text(&to), "abc");
    assert_string_equal(disco__buffer_text(&from), "");
    assert_status(disco__buffer_append_text(&from, "0123456789a"), DISCO_ETOOLARGE);
    disco__buffer_free(&from);
    disco__buffer_free(&to);
}
