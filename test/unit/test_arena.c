#include "support/test.h"

#include "base/arena.h"
#include "base/random.h"

DISCO_TEST(pieces_are_aligned_and_do_not_overlap)
{
    disco__arena_t arena;
    disco__random_t random;
    unsigned char *pieces[2000];
    size_t sizes[2000];
    size_t i;
    size_t k;

    assert_status(disco__random_init(&random), 0);
    disco__arena_init(&arena, NULL);
    for (i = 0; i < 2000; i++) {
        bool text = disco__random_below(&random, 2) == 0;

        sizes[i] = 1 + (size_t)disco__random_below(&random, i % 50 == 0 ? 40000 : 300);
        pieces[i] = text ? (void *)disco__arena_take_text(&arena, sizes[i])
                         : disco__arena_take(&arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_true(text || (uintptr_t)pieces[i] % sizeof(uint64_t) == 0);
        memset(pieces[i], (int)(i % 251), sizes[i]);
    }
    for (i = 0; i < 2000; i++) {
        for (k = 0; k < sizes[i]; k++)
            assert_int(pieces[i][k], i % 251);
    }
    disco__arena_free(&arena);
    assert_int(arena.size, 0);
}

DISCO_TEST(many_pieces_cost_few_allocations)
{
    disco__arena_t arena;
    size_t before = heap_count();
    size_t i;

    disco__arena_init(&arena, NULL);
    for (i = 0; i < 100000; i++)
        assert_non_null(disco__arena_take(&arena, 16));
    assert_true(heap_count() - before < 200);
    assert_true(arena.size < 2 * 100000 * 16);
    disco__arena_free(&arena);
    assert_int(heap_live(), 0);
}

DISCO_TEST(a_piece_of_the_size_of_a_block_fits)
{
    static const size_t sizes[] = {1000,  1007,  1008,  1009,  1016,        1024,
                                   16367, 16368, 16369, 16384, 16384 + 100, 1000 * 1000};
    disco__arena_t arena;
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *piece;

        disco__arena_init(&arena, NULL);
        piece = disco__arena_take(&arena, sizes[i]);
        assert_non_null(piece);
        memset(piece, 'x', sizes[i]);
        piece = disco__arena_take(&arena, 1);
        assert_non_null(piece);
        memset(piece, 'y', 1);
        disco__arena_free(&arena);
    }
}

DISCO_TEST(a_size_that_does_not_fit_is_refused)
{
    disco__arena_t arena;

    disco__arena_init(&arena, NULL);
    assert_null(disco__arena_take(&arena, SIZE_MAX));
    assert_null(disco__arena_take_text(&arena, SIZE_MAX - 8));
    assert_non_null(disco__arena_take(&arena, 3));
    assert_null(disco__arena_take(&arena, SIZE_MAX));
    assert_non_null(disco__arena_take(&arena, 3));
    disco__arena_free(&arena);
}

static void take_many(void *data)
{
    disco__arena_t arena;
    size_t i;
    bool short_of_memory = false;

    (void)data;
    disco__arena_init(&arena, NULL);
    for (i = 0; i < 300 && !short_of_memory; i++) {
        char *piece = disco__arena_take(&arena, 10 * i + 1);

        short_of_memory = piece == NULL;
        if (!short_of_memory)
            memset(piece, 'x', 10 * i + 1);
    }
    assert_true(!short_of_memory || heap_has_failed());
    disco__arena_free(&arena);
}

DISCO_TEST(without_memory_there_is_no_piece)
{
    heap_sweep(take_many, NULL);
}
