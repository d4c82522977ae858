#include "support/test.h"

#include <uvdisco/error.h>

DISCO_TEST(every_error_has_its_name_and_message)
{
#define CHECK(name, number, message)                                                               \
    assert_int(DISCO_##name, number);                                                              \
    assert_string_equal(disco_err_name(DISCO_##name), "DISCO_" #name);                             \
    assert_string_equal(disco_strerror(DISCO_##name), message);
    DISCO_ERROR_MAP(CHECK)
#undef CHECK
}

DISCO_TEST(numbers_follow_each_other_without_a_gap)
{
    int expected = -20001;

#define CHECK(name, number, message) assert_int(number, expected--);
    DISCO_ERROR_MAP(CHECK)
#undef CHECK
    assert_true(expected > DISCO_ERROR_LAST_);
}

DISCO_TEST(errors_of_libuv_are_named_as_libuv_names_them)
{
#define CHECK(name, message)                                                                       \
    assert_string_equal(disco_err_name(UV_##name), uv_err_name(UV_##name));                        \
    assert_string_equal(disco_strerror(UV_##name), uv_strerror(UV_##name));
    UV_ERRNO_MAP(CHECK)
#undef CHECK
}

DISCO_TEST(what_is_no_error_is_never_null)
{
    static const int numbers[] = {1, 12345, -20000, -20099, -20100, -19999, INT32_MIN, INT32_MAX};
    size_t i;

    assert_string_equal(disco_err_name(0), "OK");
    assert_string_equal(disco_strerror(0), "success");
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_string_equal(disco_err_name(numbers[i]), "UNKNOWN");
        assert_string_equal(disco_strerror(numbers[i]), "unknown error");
    }
}

DISCO_TEST(the_version_linked_is_the_one_of_the_header)
{
    assert_string_equal(disco_version_string(), DISCO_VERSION_STRING);
}
