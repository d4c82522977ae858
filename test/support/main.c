/* With a name, and where tests run by API, "v2", "v3" or "both": runs that test. Without a name:
 * runs all tests of this file, one after the other; on that API alone, if one is given. */
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uvdisco/error.h>

#define MOST_CLEAN_UPS 64
#define SKIPPED 77 /* CMakeLists.txt knows it, too */

static test_case_t *tests;
static bool by_api;
static bool skipped;

static const struct {
    const char *name;
    disco_api_t api;
} apis[] = {{"v2", DISCO_API_V2}, {"v3", DISCO_API_V3}, {"both", DISCO_API_BOTH}};

#define API_COUNT (sizeof apis / sizeof apis[0])

static disco_api_t current_api;

static struct {
    void (*run)(void *data);
    void *data;
} clean_ups[MOST_CLEAN_UPS];
static size_t clean_up_count;

void test_register(test_case_t *test)
{
    test_case_t **end = &tests;

    while (*end != NULL)
        end = &(*end)->next;
    *end = test;
}

void test_register_by_api(void)
{
    by_api = true;
}

disco_api_t test_api(void)
{
    return current_api;
}

void test_skip(const char *why)
{
    print_message("skipped: %s\n", why);
    skipped = true;
    skip();
    abort();
}

void test_at_end(void (*clean_up)(void *data), void *data)
{
    if (clean_up_count == MOST_CLEAN_UPS)
        fail_msg("too many clean-ups");
    clean_ups[clean_up_count].run = clean_up;
    clean_ups[clean_up_count].data = data;
    clean_up_count++;
}

void test_not_at_end(void (*clean_up)(void *data), void *data)
{
    size_t i;

    for (i = 0; i < clean_up_count; i++) {
        if (clean_ups[i].run != clean_up || clean_ups[i].data != data)
            continue;
        memmove(&clean_ups[i], &clean_ups[i + 1], (clean_up_count - i - 1) * sizeof clean_ups[0]);
        clean_up_count--;
        return;
    }
}

static void clean_up_all(void)
{
    while (clean_up_count > 0) {
        clean_up_count--;
        clean_ups[clean_up_count].run(clean_ups[clean_up_count].data);
    }
}

void test_assert_int(intmax_t actual, intmax_t expected, const char *what, const char *file,
                     int line)
{
    if (actual == expected)
        return;
    print_error("%s is %jd, not %jd\n", what, actual, expected);
    _fail(file, line);
}

void test_assert_status(int actual, int expected, const char *what, const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s is %s (%d), not %s (%d)\n", what, disco_err_name(actual), actual,
                disco_err_name(expected), expected);
    _fail(file, line);
}

static int after_test(void **state)
{
    (void)state;
    clean_up_all();
    heap_fail_never();
    if (skipped || heap_live() == 0)
        return 0;
    print_error("blocks left over: %s\n", heap_describe());
    return 1;
}

/* Its exit code. */
static int run(const test_case_t *test)
{
    struct CMUnitTest unit[1] = {{NULL, NULL, NULL, NULL, NULL}};

    unit[0].name = test->name;
    unit[0].test_func = test->run;
    unit[0].teardown_func = after_test;
    if (cmocka_run_group_tests_name(test->name, unit, NULL, NULL) != 0)
        return 1;
    return skipped ? SKIPPED : 0;
}

/* In a process of its own, so that no test can lean on what another left behind. */
static int run_apart(const test_case_t *test)
{
    int status;
    pid_t child = fork();

    if (child < 0) {
        perror("fork");
        return 1;
    }
    if (child == 0)
        exit(run(test));
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        print_error("%s did not come to its end\n", test->name);
        return 1;
    }
    return WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == SKIPPED ? 0 : 1;
}

static bool is_for(const test_case_t *test, const char *api)
{
    const char *at = test->apis;
    size_t size = strlen(api);

    if (*at == '\0')
        return true;
    while (*at != '\0') {
        size_t word = strcspn(at, ", ");

        if (word == size && strncmp(at, api, size) == 0)
            return true;
        at += word;
        at += strspn(at, ", ");
    }
    return false;
}

/* On the API that is given; else, where tests run by API, on each. Gives how many failed. */
static int run_on_each(const test_case_t *test, const char *api)
{
    int failed = 0;
    size_t i;

    if (!by_api)
        return run_apart(test);
    for (i = 0; i < API_COUNT; i++) {
        if (!is_for(test, apis[i].name) || (api != NULL && strcmp(api, apis[i].name) != 0))
            continue;
        current_api = apis[i].api;
        print_message("on %s:\n", apis[i].name);
        failed += run_apart(test);
    }
    return failed;
}

static int run_all(const char *api)
{
    const test_case_t *test;
    int failed = 0;

    for (test = tests; test != NULL; test = test->next)
        failed += run_on_each(test, api);
    return failed == 0 ? 0 : 1;
}

static disco_api_t api_named(const char *name)
{
    size_t i;

    for (i = 0; i < API_COUNT; i++) {
        if (strcmp(apis[i].name, name) == 0)
            return apis[i].api;
    }
    return DISCO_API_AUTO;
}

static bool choose(const test_case_t *test, const char *api)
{
    current_api = api_named(api);
    return current_api != DISCO_API_AUTO && is_for(test, api);
}

int main(int count, char **arguments)
{
    const test_case_t *test;

    heap_install();
    /* As every program on libuv must: writing to a peer that is gone is an error, not the end. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (count < 2)
        return run_all(NULL);
    if (by_api && count == 2 && api_named(arguments[1]) != DISCO_API_AUTO)
        return run_all(arguments[1]);
    for (test = tests; test != NULL; test = test->next) {
        if (strcmp(arguments[1], test->name) != 0)
            continue;
        if (by_api && (count < 3 || !choose(test, arguments[2])))
            break;
        (void)atexit(clean_up_all);
        return run(test);
    }
    (void)fprintf(stderr, "no test %s %s\n", arguments[1], count > 2 ? arguments[2] : "");
    return 2;
}
