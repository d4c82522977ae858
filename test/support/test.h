/* What every file of tests includes.
 *
 * DISCO_TEST(name) { ... } at the start of a line makes a test: a ctest of its own, run in a
 * process of its own, with the counting heap of support/heap.h under the library, libuv and cJSON.
 * It fails if a block is left over.
 *
 * DISCO_TESTS_BY_API; at the start of a line has each test of the file run three times: on v2, on
 * v3 and on both, each a ctest of its own. test_api() says which. DISCO_TEST_ON(name, v2, v3) makes
 * a test whose subject only these have. */
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

#include <uvdisco/client.h>

#include "support/fixture.h"
#include "support/heap.h"

#if defined(__clang_analyzer__)
void _fail(const char *file, int line) __attribute__((analyzer_noreturn));
#endif

typedef struct test_case_s {
    struct test_case_s *next;
    const char *name;
    const char *apis; /* "v2, v3"; "": all */
    void (*run)(void **state);
} test_case_t;

void test_register(test_case_t *test);
void test_register_by_api(void);

#define DISCO_TEST(test_name) TEST_OF(test_name, "")
#define DISCO_TEST_ON(test_name, ...) TEST_OF(test_name, #__VA_ARGS__)
#define TEST_OF(test_name, test_apis)                                                              \
    static void test_name(void **test_state);                                                      \
    __attribute__((constructor)) static void register_##test_name(void)                            \
    {                                                                                              \
        static test_case_t test = {NULL, #test_name, test_apis, test_name};                        \
        test_register(&test);                                                                      \
    }                                                                                              \
    static void test_name(void **test_state __attribute__((unused)))

#define DISCO_TESTS_BY_API                                                                         \
    __attribute__((constructor)) static void register_by_api(void)                                 \
    {                                                                                              \
        test_register_by_api();                                                                    \
    }                                                                                              \
    struct test_case_s

/* The API that this run of the test is on: V2, V3 or BOTH. AUTO where the file does not say
 * DISCO_TESTS_BY_API. */
disco_api_t test_api(void);

/* Ends the test, which neither holds nor fails: what it needs is not there. */
__attribute__((noreturn)) void test_skip(const char *why);

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
