/* Blocks that were given back are kept for a while: the clock is turned by hand. */
#include "support/test.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/spares.h"

#define MOST 16        /* that are kept */
#define UNUSED_MS 1000 /* for so long */

static const disco__log_t silent = {NULL, NULL, DISCO_LOG_ERROR};

typedef struct bench_s {
    test_loop_t test;
    disco__loop_t loop;
    disco__spares_t *spares;
    bool closed;
    void *blocks[2 * MOST];
} bench_t;

static void on_closed(disco__loop_t *loop)
{
    disco__container_of(loop, bench_t, loop)->closed = true;
}

static void begin(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    loop_open(&bench->test);
    assert_status(disco__loop_init(&bench->loop, &bench->test.uv, &silent), 0);
    disco__clock_set_manual(&bench->loop);
    bench->spares = disco__spares_new(&bench->loop);
    assert_non_null(bench->spares);
}

static void close_loop(bench_t *bench)
{
    assert_null(bench->loop.timers);
    disco__loop_close(&bench->loop, on_closed);
    loop_run_until(&bench->test, &bench->closed);
    loop_close(&bench->test);
}

static void end(bench_t *bench)
{
    disco__spares_close(bench->spares);
    close_loop(bench);
    assert_int(heap_live(), 0);
}

static void take(bench_t *bench, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        bench->blocks[i] = disco__spares_take(bench->spares);
        assert_non_null(bench->blocks[i]);
        memset(bench->blocks[i], 'x', DISCO__SPARE_SIZE); /* all of it is there */
    }
}

static void give(bench_t *bench, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        disco__spares_give(bench->spares, bench->blocks[i]);
}

DISCO_TEST(what_was_given_back_is_taken_again)
{
    bench_t bench;
    size_t count;

    begin(&bench);
    take(&bench, 5);
    give(&bench, 5);
    count = heap_count();
    take(&bench, 5);
    assert_int(heap_count(), count);
    give(&bench, 5);
    end(&bench);
}

DISCO_TEST(only_so_many_are_kept)
{
    bench_t bench;
    size_t live;

    begin(&bench);
    live = heap_live();
    take(&bench, MOST + 4);
    give(&bench, MOST + 4);
    assert_int(heap_live() - live, MOST);
    end(&bench);
}

DISCO_TEST(what_nobody_wanted_for_a_while_is_freed)
{
    bench_t bench;
    size_t live;

    begin(&bench);
    live = heap_live();
    take(&bench, 6);
    give(&bench, 6);
    /* The first one started the timer, when there were no others: they stay a time longer. */
    disco__clock_advance(&bench.loop, UNUSED_MS - 1);
    assert_int(heap_live() - live, 6);
    disco__clock_advance(&bench.loop, 1);
    assert_int(heap_live() - live, 5);
    disco__clock_advance(&bench.loop, UNUSED_MS - 1);
    assert_int(heap_live() - live, 5);
    disco__clock_advance(&bench.loop, 1);
    assert_int(heap_live(), live);
    assert_false(bench.spares->timer.active);
    end(&bench);
}

DISCO_TEST(what_is_wanted_again_and_again_stays)
{
    bench_t bench;
    size_t live;
    int i;

    begin(&bench);
    live = heap_live();
    take(&bench, 8);
    give(&bench, 8);
    disco__clock_advance(&bench.loop, UNUSED_MS);
    disco__clock_advance(&bench.loop, UNUSED_MS / 2);
    take(&bench, 3);
    give(&bench, 3);
    disco__clock_advance(&bench.loop, UNUSED_MS / 2);
    assert_int(heap_live() - live, 3); /* of seven, four lay there all the time */
    for (i = 0; i < 8; i++) {
        take(&bench, 3);
        give(&bench, 3);
        disco__clock_advance(&bench.loop, UNUSED_MS / 2);
        assert_int(heap_live() - live, 3);
    }
    disco__clock_advance(&bench.loop, UNUSED_MS);
    disco__clock_advance(&bench.loop, UNUSED_MS);
    assert_int(heap_live(), live);
    end(&bench);
}

DISCO_TEST(it_keeps_no_loop_alive)
{
    bench_t bench;

    begin(&bench);
    take(&bench, 2);
    give(&bench, 2);
    assert_true(bench.spares->timer.active);
    assert_int(bench.loop.foreground_timers, 0);
    loop_run(&bench.test);
    end(&bench);
}

DISCO_TEST(blocks_may_come_back_after_it_was_closed)
{
    bench_t bench;
    disco__spares_t *kept;
    size_t live;

    begin(&bench);
    take(&bench, 4);
    give(&bench, 1);
    kept = disco__spares_ref(bench.spares);
    assert_ptr_equal(kept, bench.spares);
    disco__spares_close(bench.spares);
    close_loop(&bench);
    live = heap_live();
    disco__spares_give(kept, bench.blocks[1]);
    assert_int(heap_live(), live - 1);
    bench.blocks[0] = disco__spares_take(kept);
    assert_non_null(bench.blocks[0]);
    give(&bench, 1);
    disco__spares_give(kept, bench.blocks[2]);
    disco__spares_give(kept, bench.blocks[3]);
    disco__spares_unref(kept);
    assert_int(heap_live(), 0);
}

DISCO_TEST(an_arena_outlives_where_its_blocks_came_from)
{
    bench_t bench;
    disco__arena_t arena;
    size_t i;

    begin(&bench);
    disco__arena_init(&arena, bench.spares);
    for (i = 0; i < 100; i++)
        assert_non_null(disco__arena_take(&arena, 4000));
    disco__spares_close(bench.spares);
    close_loop(&bench);
    assert_non_null(disco__arena_take(&arena, 4000));
    disco__arena_free(&arena);
    assert_int(heap_live(), 0);
}

/* Credentials may be in it. */
DISCO_TEST(an_arena_wipes_what_it_gives_back)
{
    static const char zeros[DISCO__SPARE_SIZE];
    bench_t bench;
    disco__arena_t arena;
    char *block;
    size_t i;

    begin(&bench);
    disco__arena_init(&arena, bench.spares);
    for (i = 0; i < 100; i++) {
        char *text = disco__arena_take_text(&arena, 4000);

        assert_non_null(text);
        memset(text, 'x', 4000);
    }
    disco__arena_free(&arena);
    assert_int(bench.spares->count, MOST);
    while (bench.spares->count > 0) {
        block = disco__spares_take(bench.spares);
        assert_memory_equal(block + sizeof(void *), zeros, sizeof zeros - sizeof(void *));
        disco__free(block);
    }
    end(&bench);
}

DISCO_TEST(without_memory_there_is_none)
{
    bench_t bench;

    begin(&bench);
    heap_fail_at(1);
    assert_null(disco__spares_new(&bench.loop));
    heap_fail_at(1);
    assert_null(disco__spares_take(bench.spares));
    take(&bench, 1);
    give(&bench, 1);
    assert_null(disco__spares_ref(NULL));
    disco__spares_unref(NULL);
    disco__spares_close(NULL);
    end(&bench);
}
