#include "support/test.h"

#include "base/queue.h"

typedef struct item_s {
    int number;
    disco__queue_t node;
} item_t;

static void fill(disco__queue_t *list, item_t *items, int count)
{
    int i;

    disco__queue_init(list);
    for (i = 0; i < count; i++) {
        items[i].number = i;
        disco__queue_push(list, &items[i].node);
    }
}

static void assert_numbers(const disco__queue_t *list, const int *numbers, size_t count)
{
    const disco__queue_t *node = list->next;
    size_t i;

    for (i = 0; i < count; i++, node = node->next) {
        assert_ptr_not_equal(node, list);
        assert_int(
            ((const item_t *)(const void *)((const char *)node - offsetof(item_t, node)))->number,
            numbers[i]);
        assert_ptr_equal(node->next->previous, node);
    }
    assert_ptr_equal(node, list);
}

DISCO_TEST(keeps_the_order_of_pushing)
{
    disco__queue_t list;
    item_t items[3];
    item_t front = {9, {NULL, NULL}};

    disco__queue_init(&list);
    assert_true(disco__queue_empty(&list));
    assert_null(disco__queue_first(&list));
    fill(&list, items, 3);
    disco__queue_push_front(&list, &front.node);
    assert_numbers(&list, (int[]){9, 0, 1, 2}, 4);
    assert_ptr_equal(disco__queue_data(disco__queue_first(&list), item_t, node), &front);
}

DISCO_TEST(removing_twice_is_harmless)
{
    disco__queue_t list;
    item_t items[3];

    fill(&list, items, 3);
    assert_true(disco__queue_linked(&items[1].node));
    disco__queue_remove(&items[1].node);
    assert_false(disco__queue_linked(&items[1].node));
    disco__queue_remove(&items[1].node);
    assert_numbers(&list, (int[]){0, 2}, 2);
}

DISCO_TEST(moving_appends_and_empties)
{
    disco__queue_t from;
    disco__queue_t to;
    item_t some[2];
    item_t others[2];

    fill(&to, some, 2);
    fill(&from, others, 2);
    disco__queue_move(&from, &to);
    assert_true(disco__queue_empty(&from));
    assert_numbers(&to, (int[]){0, 1, 0, 1}, 4);
    disco__queue_move(&from, &to);
    assert_numbers(&to, (int[]){0, 1, 0, 1}, 4);
    disco__queue_move(&to, &from);
    assert_numbers(&from, (int[]){0, 1, 0, 1}, 4);
}

DISCO_TEST(a_walk_may_remove_where_it_stands)
{
    disco__queue_t list;
    disco__queue_t *node;
    disco__queue_t *after;
    item_t items[4];

    fill(&list, items, 4);
    disco__queue_foreach(&list, node, after)
    {
        if (disco__queue_data(node, item_t, node)->number % 2 == 0)
            disco__queue_remove(node);
    }
    assert_numbers(&list, (int[]){1, 3}, 2);
}
