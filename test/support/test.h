/* What every file of tests includes.
 *
 * DISCO_TEST(name) { ... } at the start of a line makes a test: a ctest of its own, run in a
 * process of its own, with the counting heap of support/heap.h under the library, libuv and cJSON.
 * It fails if a block is left over. */
#ifndef TEST_SUPPORT_TEST_H
#define TEST_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "support/fixture.h"
#include "support/heap.h"

#if defined(__clang_analyzer__)
void _fail(const char *file, int line) __attribute__((analyzer_noreturn));
#endif

typedef struct test_case_s {
    struct test_case_s *next;
    const char *name;
    void (*run)(void **state);
} test_case_t;

void test_register(test_case_t *test);

#define DISCO_TEST(test_name)                                                                      \
    static void test_name(void **test_state);                                                      \
    __attribute__((constructor)) static void register_##test_name(void)                            \
    {                                                                                              \
        static test_case_t test = {NULL, #test_name, test_name};                                   \
        test_register(&test);                                                                      \
    }                                                                                              \
    static void test_name(void **test_state __attribute__((unused)))

/* Signed comparison with readable output: cmocka's own takes unsigned values only. */
#define assert_int(actual, expected)                                                               \
    test_assert_int((intmax_t)(actual), (intmax_t)(expected), #actual, __FILE__, __LINE__)
void test_assert_int(intmax_t actual, intmax_t expected, const char *what, const char *file,
                     int line);

/* The same for error codes: prints their names. */
#define assert_status(actual, expected)                                                            \
    test_assert_status((actual), (expected), #actual, __FILE__, __LINE__)
void test_assert_status(int actual, int expected, const char *what, const char *file, int line);

/* Has a function called at the end of the process, however the test ended, last registered first.
 * For what must not be left behind: children, directories. */
void test_at_end(void (*clean_up)(void *data), void *data);
void test_not_at_end(void (*clean_up)(void *data), void *data);

#endif
