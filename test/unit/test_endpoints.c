/* Which endpoint is asked, on a clock that is turned by hand. */
#include "base/timer.h"
#include "etcd/endpoints.h"
#include "support/test.h"

#include <uvdisco/error.h>

static const disco__log_t silent = {NULL, NULL, DISCO_LOG_ERROR};

typedef struct bench_s {
    test_loop_t test;
    disco__loop_t loop;
    disco__endpoints_t endpoints;
    disco__failure_t failure;
    bool closed;
} bench_t;

static disco__endpoints_options_t options_with(uint32_t first_ms, uint32_t most_ms)
{
    return (disco__endpoints_options_t){.pool = {.connect_ms = 1000,
                                                 .idle_ms = 1000,
                                                 .max_connections = 1,
                                                 .max_header_bytes = 1000,
                                                 .max_body_bytes = 1000},
                                        .backoff_first_ms = first_ms,
                                        .backoff_most_ms = most_ms};
}

static void open_loop(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    loop_open(&bench->test);
    assert_status(disco__loop_init(&bench->loop, &bench->test.uv, &silent), 0);
    disco__clock_set_manual(&bench->loop);
    disco__clock_advance(&bench->loop, 1);
    bench->failure.status = UV_ECONNREFUSED;
}

static void on_closed(disco__loop_t *loop)
{
    disco__container_of(loop, bench_t, loop)->closed = true;
}

static void close_loop(bench_t *bench)
{
    disco__loop_close(&bench->loop, on_closed);
    loop_run_until(&bench->test, &bench->closed);
    loop_close(&bench->test);
}

static void open_bench(bench_t *bench, const char *text)
{
    disco__endpoints_options_t options = options_with(100, 10000);

    open_loop(bench);
    assert_status(disco__endpoints_init(&bench->endpoints, &bench->loop, text, NULL, &options), 0);
    bench->endpoints.current = 0;
}

static void close_bench(bench_t *bench)
{
    disco__endpoints_close(&bench->endpoints);
    close_loop(bench);
}

static size_t picked(bench_t *bench)
{
    return (size_t)(disco__endpoints_pick(&bench->endpoints) - bench->endpoints.list);
}

static void failed(bench_t *bench, size_t which)
{
    disco__endpoints_failed(&bench->endpoints, &bench->endpoints.list[which], &bench->failure);
}

DISCO_TEST(texts_are_made_for_messages_and_for_the_host_field)
{
    bench_t bench;

    open_bench(&bench, " a , http://[::1]:7/, B:80");
    assert_int(bench.endpoints.count, 3);
    assert_string_equal(bench.endpoints.list[0].url, "http://a:2379");
    assert_string_equal(bench.endpoints.list[0].host, "a:2379");
    assert_string_equal(bench.endpoints.list[1].url, "http://[::1]:7");
    assert_string_equal(bench.endpoints.list[1].host, "[::1]:7");
    assert_string_equal(bench.endpoints.list[2].url, "http://B:80");
    assert_null(bench.endpoints.authorization);
    close_bench(&bench);
}

DISCO_TEST(the_one_in_use_is_kept)
{
    bench_t bench;

    open_bench(&bench, "a,b,c");
    assert_int(picked(&bench), 0);
    disco__endpoints_succeeded(&bench.endpoints, &bench.endpoints.list[0]);
    assert_int(picked(&bench), 0);
    failed(&bench, 0);
    assert_int(picked(&bench), 1);
    disco__clock_advance(&bench.loop, 1000000);
    assert_int(picked(&bench), 1);
    close_bench(&bench);
}

DISCO_TEST(the_failure_of_one_not_in_use_changes_nothing)
{
    bench_t bench;

    open_bench(&bench, "a,b,c");
    failed(&bench, 1);
    assert_int(picked(&bench), 0);
    failed(&bench, 0);
    assert_int(picked(&bench), 2);
    close_bench(&bench);
}

DISCO_TEST(one_that_failed_is_left_alone_until_its_time_is_up)
{
    bench_t bench;
    uint64_t left_alone;

    open_bench(&bench, "a,b");
    failed(&bench, 0);
    left_alone = bench.endpoints.list[0].avoid_until_ms - disco__now(&bench.loop);
    assert_true(left_alone >= 1 && left_alone <= 101);
    bench.endpoints.current = 0;
    assert_int(picked(&bench), 1);
    bench.endpoints.current = 0;
    disco__clock_advance(&bench.loop, left_alone - 1);
    assert_int(picked(&bench), 1);
    bench.endpoints.current = 0;
    disco__clock_advance(&bench.loop, 1);
    assert_int(picked(&bench), 0);
    close_bench(&bench);
}

DISCO_TEST(several_failures_at_once_count_as_one)
{
    bench_t bench;
    uint64_t until;

    open_bench(&bench, "a,b");
    failed(&bench, 0);
    until = bench.endpoints.list[0].avoid_until_ms;
    failed(&bench, 0);
    failed(&bench, 0);
    assert_int(bench.endpoints.list[0].avoid_until_ms, until);
    assert_int(bench.endpoints.list[0].backoff.failures, 1);
    close_bench(&bench);
}

DISCO_TEST(each_further_failure_has_it_left_alone_for_longer)
{
    bench_t bench;
    size_t i;
    uint64_t longest = 0;

    open_bench(&bench, "a");
    for (i = 0; i < 50; i++) {
        uint64_t now = disco__now(&bench.loop);
        uint64_t left_alone;

        failed(&bench, 0);
        left_alone = bench.endpoints.list[0].avoid_until_ms - now;
        assert_true(left_alone <= 10001);
        if (left_alone > longest)
            longest = left_alone;
        disco__clock_advance(&bench.loop, left_alone);
    }
    assert_true(longest > 101);
    disco__endpoints_succeeded(&bench.endpoints, &bench.endpoints.list[0]);
    assert_int(bench.endpoints.list[0].avoid_until_ms, 0);
    assert_int(bench.endpoints.list[0].backoff.failures, 0);
    close_bench(&bench);
}

DISCO_TEST(when_all_failed_the_one_whose_time_is_up_first_is_tried)
{
    bench_t bench;

    open_bench(&bench, "a,b,c");
    failed(&bench, 0);
    failed(&bench, 1);
    failed(&bench, 2);
    bench.endpoints.list[0].avoid_until_ms = disco__now(&bench.loop) + 30;
    bench.endpoints.list[1].avoid_until_ms = disco__now(&bench.loop) + 10;
    bench.endpoints.list[2].avoid_until_ms = disco__now(&bench.loop) + 20;
    assert_int(picked(&bench), 1);
    failed(&bench, 1);
    bench.endpoints.list[1].avoid_until_ms = disco__now(&bench.loop) + 40;
    assert_int(picked(&bench), 2);
    close_bench(&bench);
}

DISCO_TEST(authorization_is_made_once)
{
    bench_t bench;
    disco__endpoints_options_t options = options_with(1, 1);

    open_loop(&bench);
    options.user = "user";
    options.password = "pass:word";
    assert_status(disco__endpoints_init(&bench.endpoints, &bench.loop, "a", NULL, &options), 0);
    assert_string_equal(bench.endpoints.authorization, "Basic dXNlcjpwYXNzOndvcmQ=");
    disco__endpoints_close(&bench.endpoints);
    options.password = NULL;
    assert_status(disco__endpoints_init(&bench.endpoints, &bench.loop, "a", NULL, &options), 0);
    assert_string_equal(bench.endpoints.authorization, "Basic dXNlcjo=");
    disco__endpoints_close(&bench.endpoints);
    options.user = "us:er"; /* could not be told from user and password */
    assert_status(disco__endpoints_init(&bench.endpoints, &bench.loop, "a", NULL, &options),
                  UV_EINVAL);
    close_loop(&bench);
}

DISCO_TEST(what_is_no_list_of_endpoints_is_refused)
{
    static const char *const texts[] = {"", ",", "a,,b", "a,b/c", " ", "ftp://a"};
    disco__endpoints_options_t options = options_with(1, 1);
    bench_t bench;
    bool wants_tls;
    size_t i;

    open_loop(&bench);
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_status(disco__endpoints_check(texts[i], &wants_tls), DISCO_EENDPOINT);
        assert_status(
            disco__endpoints_init(&bench.endpoints, &bench.loop, texts[i], NULL, &options),
            DISCO_EENDPOINT);
    }
    assert_status(disco__endpoints_check("a,", &wants_tls), DISCO_EENDPOINT);
    assert_status(disco__endpoints_init(&bench.endpoints, &bench.loop, "https://a", NULL, &options),
                  UV_EINVAL);
    close_loop(&bench);
}

DISCO_TEST(one_https_among_them_wants_tls)
{
    bool wants_tls;

    assert_status(disco__endpoints_check("a, http://b ,https://c", &wants_tls), 0);
    assert_true(wants_tls);
    assert_status(disco__endpoints_check("a,http://b", &wants_tls), 0);
    assert_false(wants_tls);
}
