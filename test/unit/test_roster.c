#include "support/test.h"

#include <stdio.h>

#include "base/random.h"
#include "disco/roster.h"

#define MANY 500

typedef struct bench_s {
    disco__roster_t roster;
    disco__random_t random;
    bool there[MANY]; /* as it should be */
    bool marked[MANY];
} bench_t;

static const char *name_of(size_t i)
{
    static char name[16];

    (void)snprintf(name, sizeof name, "name-%zu", i);
    return name;
}

static void begin(bench_t *bench)
{
    memset(bench, 0, sizeof *bench);
    assert_status(disco__random_init(&bench->random), 0);
    disco__roster_init(&bench->roster, disco__random_next(&bench->random));
}

static disco__host_t *host_of(const char *uuid)
{
    disco__host_t *host;

    assert_status(disco__host_copy(&host, &(disco_host_t){.uuid = uuid}), 0);
    return host;
}

/* kind 0: a host under its own name in the first registry; 1: under another's; 2: none that can be
 * read; 3: in the second registry; 4: in both. */
static int set(bench_t *bench, size_t i, size_t kind)
{
    size_t place = disco__roster_find(&bench->roster, name_of(i));
    disco__member_t before = {0};
    disco__member_t member = {0};
    size_t side;
    int rv;

    if (place != DISCO__NO_PLACE)
        disco__roster_get(&bench->roster, place, &before);
    for (side = 0; side < 2; side++) {
        member.held[side].there = side == 0 ? kind != 3 : kind >= 3;
        if (member.held[side].there && kind != 2)
            member.held[side].host = host_of(kind == 1 ? "other" : name_of(i));
    }
    assert_status(disco__member_unite(&member), 0);
    rv = disco__roster_set(&bench->roster, &place, name_of(i), &member);
    for (side = 0; side < 2; side++)
        disco__host_unref(rv == 0 ? before.held[side].host : member.held[side].host);
    if (rv != 0)
        return rv;
    bench->there[i] = true;
    bench->marked[i] = disco__roster_is_marked(&bench->roster, place);
    return 0;
}

static void take_away(bench_t *bench, size_t i)
{
    static const disco__member_t nothing = {0};
    size_t place = disco__roster_find(&bench->roster, name_of(i));
    disco__member_t before;

    assert_true((place != DISCO__NO_PLACE) == bench->there[i]);
    if (place == DISCO__NO_PLACE)
        return;
    disco__roster_get(&bench->roster, place, &before);
    assert_status(disco__roster_set(&bench->roster, &place, name_of(i), &nothing), 0);
    disco__host_unref(before.held[0].host);
    disco__host_unref(before.held[1].host);
    bench->there[i] = false;
    bench->marked[i] = false;
}

static void mark(bench_t *bench, size_t i)
{
    size_t place = disco__roster_find(&bench->roster, name_of(i));

    if (place == DISCO__NO_PLACE)
        return;
    disco__roster_mark(&bench->roster, place);
    bench->marked[i] = true;
}

/* Each is found under its name, and met once. */
static void check(const bench_t *bench)
{
    const disco__roster_t *roster = &bench->roster;
    size_t place = disco__roster_next(roster, 0);
    size_t count = 0;
    size_t i;

    for (i = 0; i < MANY; i++) {
        size_t found = disco__roster_find(roster, name_of(i));
        disco__member_t member;

        assert_true((found != DISCO__NO_PLACE) == bench->there[i]);
        if (found == DISCO__NO_PLACE)
            continue;
        count++;
        disco__roster_get(roster, found, &member);
        assert_string_equal(member.name, name_of(i));
        assert_int(disco__roster_is_marked(roster, found), bench->marked[i]);
    }
    assert_int(roster->count, count);
    for (; place != DISCO__NO_PLACE; place = disco__roster_next(roster, place + 1))
        count--;
    assert_int(count, 0);
}

static void act(bench_t *bench)
{
    size_t i = (size_t)disco__random_below(&bench->random, MANY);

    switch (disco__random_below(&bench->random, 4)) {
    case 0:
        take_away(bench, i);
        break;
    case 1:
        mark(bench, i);
        break;
    default:
        assert_status(set(bench, i, (size_t)disco__random_below(&bench->random, 5)), 0);
        break;
    }
}

DISCO_TEST(members_of_every_kind_come_change_and_go)
{
    bench_t bench;
    size_t i;

    begin(&bench);
    for (i = 0; i < 20000; i++) {
        act(&bench);
        if (i % 500 == 0)
            check(&bench);
    }
    for (i = 0; i < MANY; i++)
        take_away(&bench, i);
    check(&bench);
    disco__roster_trim(&bench.roster);
    assert_true(bench.roster.capacity < MANY / 10);
    check(&bench);
    disco__roster_free(&bench.roster);
}

DISCO_TEST(what_is_reserved_needs_no_larger_table)
{
    bench_t bench;
    uint32_t capacity;
    size_t i;

    begin(&bench);
    assert_status(disco__roster_reserve(&bench.roster, MANY), 0);
    capacity = bench.roster.capacity;
    for (i = 0; i < MANY; i++)
        assert_status(set(&bench, i, 0), 0);
    assert_int(bench.roster.capacity, capacity);
    assert_true(capacity < 2 * MANY);
    assert_status(disco__roster_reserve(&bench.roster, SIZE_MAX), UV_ENOMEM);
    check(&bench);
    disco__roster_free(&bench.roster);
}

DISCO_TEST(a_plain_host_costs_no_memory_of_its_own)
{
    bench_t bench;
    size_t before;

    begin(&bench);
    assert_status(disco__roster_reserve(&bench.roster, 2), 0);
    before = heap_live();
    assert_status(set(&bench, 0, 0), 0);
    assert_int(heap_live() - before, 1);
    assert_status(set(&bench, 1, 1), 0);
    assert_int(heap_live() - before, 3);
    /* It is under its own name now, and the name that was copied goes. */
    assert_status(set(&bench, 1, 0), 0);
    assert_int(heap_live() - before, 2);
    check(&bench);
    disco__roster_free(&bench.roster);
}

DISCO_TEST(without_memory_nothing_is_done)
{
    bench_t bench;
    size_t kind;

    for (kind = 1; kind < 5; kind++) {
        begin(&bench);
        assert_status(set(&bench, 0, 0), 0);
        /* The first, where it is one, is the copy of the host. */
        heap_fail_from(kind == 2 ? 1 : kind == 4 ? 3 : 2);
        assert_status(set(&bench, 0, kind), UV_ENOMEM);
        heap_fail_never();
        check(&bench);
        disco__roster_free(&bench.roster);
    }
}
