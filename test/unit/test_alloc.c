#include "support/test.h"

#include <uvdisco/client.h>

#include "base/alloc.h"

DISCO_TEST(sums_that_do_not_fit_are_refused)
{
    size_t sum = 7;

    assert_true(disco__size_add(SIZE_MAX - 1, 1, &sum));
    assert_true(sum == SIZE_MAX);
    sum = 7;
    assert_false(disco__size_add(SIZE_MAX, 1, &sum));
    assert_false(disco__size_add(1, SIZE_MAX, &sum));
    assert_false(disco__size_add(SIZE_MAX, SIZE_MAX, &sum));
    assert_int(sum, 7);
    assert_true(disco__size_add(0, 0, &sum));
    assert_int(sum, 0);
}

DISCO_TEST(products_that_do_not_fit_are_refused)
{
    size_t product = 7;

    assert_true(disco__size_mul(SIZE_MAX, 1, &product));
    assert_true(product == SIZE_MAX);
    product = 7;
    assert_false(disco__size_mul(SIZE_MAX / 2 + 1, 2, &product));
    assert_false(disco__size_mul(2, SIZE_MAX / 2 + 1, &product));
    assert_int(product, 7);
    assert_true(disco__size_mul(SIZE_MAX, 0, &product));
    assert_int(product, 0);
    assert_true(disco__size_mul(0, SIZE_MAX, &product));
    assert_int(product, 0);
}

DISCO_TEST(blocks_whose_size_does_not_fit_are_not_allocated)
{
    assert_null(disco__calloc(SIZE_MAX / 2 + 1, 2));
    assert_null(disco__strndup("a", SIZE_MAX));
}

DISCO_TEST(a_size_of_zero_gives_a_block)
{
    void *a = disco__malloc(0);
    void *b = disco__calloc(0, 8);
    void *c = disco__realloc(NULL, 0);

    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    c = disco__realloc(c, 0);
    assert_non_null(c);
    disco__free(a);
    disco__free(b);
    disco__free(c);
    disco__free(NULL);
}

DISCO_TEST(copies_end_with_a_nul)
{
    char *part = disco__strndup("abcdef", 3);
    char *all = disco__strdup("abcdef");
    char *nothing = disco__strndup(NULL, 0);

    assert_string_equal(part, "abc");
    assert_string_equal(all, "abcdef");
    assert_string_equal(nothing, "");
    disco__free(part);
    disco__free_secret(all);
    disco__free_secret(NULL);
    disco__free(nothing);
}

DISCO_TEST(short_memory_gives_null)
{
    heap_fail_from(1);
    assert_null(disco__malloc(1));
    assert_null(disco__calloc(1, 1));
    assert_null(disco__realloc(NULL, 1));
    assert_null(disco__strdup("a"));
}

DISCO_TEST(wiping_leaves_zeros)
{
    char secret[] = "secret";
    static const char zeros[sizeof secret];

    disco__wipe(secret, sizeof secret);
    assert_memory_equal(secret, zeros, sizeof secret);
}

DISCO_TEST(hooks_are_set_all_together_or_not_at_all)
{
    assert_status(disco_replace_allocator(NULL, NULL, NULL, NULL), UV_EINVAL);
}

typedef struct holder_s {
    int before;
    int member;
} holder_t;

DISCO_TEST(a_struct_is_found_by_its_member)
{
    holder_t holder;

    assert_ptr_equal(disco__container_of(&holder.member, holder_t, member), &holder);
}
