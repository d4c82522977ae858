#include "disco/roster.h"

#include <string.h>

#include <uv.h>

#include "base/alloc.h"

/* Of a member that takes more than its place. */
typedef struct record_s {
    disco__member_t member;
    char name[];
} record_t;

/* A tag: of a name's hash what tells most names apart without looking at them, and these. */
#define TAG_HASH 0x3f
#define TAG_MARK 0x40
#define TAG_RECORD 0x80

void disco__roster_init(disco__roster_t *roster, uint64_t seed)
{
    memset(roster, 0, sizeof *roster);
    roster->seed = seed;
}

static uint8_t *tags_of(const disco__roster_t *roster)
{
    return (uint8_t *)(roster->places + roster->capacity);
}

static const char *name_at(const disco__roster_t *roster, size_t place)
{
    const void *there = roster->places[place];

    if (tags_of(roster)[place] & TAG_RECORD)
        return ((const record_t *)there)->name;
    return ((const disco__host_t *)there)->host.uuid;
}

static void release(disco__member_t *member)
{
    size_t i;

    disco__host_unref(disco__member_own(member));
    for (i = 0; i < DISCO__STORES_MOST; i++)
        disco__host_unref(member->held[i].host);
}

void disco__roster_free(disco__roster_t *roster)
{
    size_t place = disco__roster_next(roster, 0);

    for (; place != DISCO__NO_PLACE; place = disco__roster_next(roster, place + 1)) {
        disco__member_t member;

        disco__roster_get(roster, place, &member);
        release(&member);
        if (tags_of(roster)[place] & TAG_RECORD)
            disco__free(roster->places[place]);
    }
    disco__free(roster->places);
    disco__roster_init(roster, roster->seed);
}

static size_t after(const disco__roster_t *roster, size_t place)
{
    return place + 1 < roster->capacity ? place + 1 : 0;
}

/* Where a name with this hash is looked for first. */
static size_t home_of(const disco__roster_t *roster, uint64_t hash)
{
    return (size_t)((hash & UINT32_MAX) * roster->capacity >> 32);
}

static uint8_t tag_of(uint64_t hash)
{
    return (uint8_t)(hash >> 58);
}

static size_t free_place(const disco__roster_t *roster, uint64_t hash)
{
    size_t place = home_of(roster, hash);

    while (roster->places[place] != NULL)
        place = after(roster, place);
    return place;
}

/* Four of five places are taken at most: more, and looking for a free one takes long. */
static uint64_t capacity_for(uint64_t count)
{
    return count + count / 4 + 1;
}

static int set_capacity(disco__roster_t *roster, uint64_t capacity)
{
    disco__roster_t other = *roster;
    size_t place = disco__roster_next(roster, 0);

    if (capacity > UINT32_MAX)
        return UV_ENOMEM;
    other.places = disco__calloc((size_t)capacity, sizeof *other.places + sizeof(uint8_t));
    if (other.places == NULL)
        return UV_ENOMEM;
    other.capacity = (uint32_t)capacity;
    for (; place != DISCO__NO_PLACE; place = disco__roster_next(roster, place + 1)) {
        size_t to = free_place(&other, disco__strmap_hash(roster->seed, name_at(roster, place)));

        other.places[to] = roster->places[place];
        tags_of(&other)[to] = tags_of(roster)[place];
    }
    disco__free(roster->places);
    *roster = other;
    return 0;
}

int disco__roster_reserve(disco__roster_t *roster, size_t count)
{
    if (count > UINT32_MAX)
        return UV_ENOMEM;
    if (count == 0 || capacity_for(count) <= roster->capacity)
        return 0;
    return set_capacity(roster, capacity_for(count));
}

void disco__roster_trim(disco__roster_t *roster)
{
    if (roster->capacity > 16 && roster->capacity / 2 > capacity_for(roster->count))
        (void)set_capacity(roster, capacity_for(roster->count));
}

size_t disco__roster_find(const disco__roster_t *roster, const char *name)
{
    uint64_t hash;
    size_t place;

    if (roster->count == 0)
        return DISCO__NO_PLACE;
    hash = disco__strmap_hash(roster->seed, name);
    place = home_of(roster, hash);
    while (roster->places[place] != NULL) {
        if ((tags_of(roster)[place] & TAG_HASH) == tag_of(hash) &&
            strcmp(name_at(roster, place), name) == 0)
            return place;
        place = after(roster, place);
    }
    return DISCO__NO_PLACE;
}

size_t disco__roster_next(const disco__roster_t *roster, size_t place)
{
    for (; place < roster->capacity; place++) {
        if (roster->places[place] != NULL)
            return place;
    }
    return DISCO__NO_PLACE;
}

void disco__roster_get(const disco__roster_t *roster, size_t place, disco__member_t *member)
{
    void *there = roster->places[place];

    if (tags_of(roster)[place] & TAG_RECORD) {
        *member = ((const record_t *)there)->member;
        return;
    }
    memset(member, 0, sizeof *member);
    member->host = there;
    member->name = member->host->host.uuid;
    member->held[0].host = there;
    member->held[0].there = true;
}

/* The host alone says all. */
static bool is_plain(const disco__member_t *member, const char *name)
{
    size_t i;

    for (i = 1; i < DISCO__STORES_MOST; i++) {
        if (member->held[i].there)
            return false;
    }
    return member->host != NULL && member->held[0].host == member->host &&
           strcmp(member->host->host.uuid, name) == 0;
}

static record_t *record_new(const char *name)
{
    size_t size = strlen(name) + 1;
    record_t *record;
    size_t total;

    if (!disco__size_add(sizeof *record, size, &total))
        return NULL;
    record = disco__malloc(total);
    if (record != NULL)
        memcpy(record->name, name, size);
    return record;
}

/* Those behind it that would not be found any more move up. */
static void remove_at(disco__roster_t *roster, size_t place)
{
    uint8_t *tags = tags_of(roster);
    size_t next = place;

    if (tags[place] & TAG_RECORD)
        disco__free(roster->places[place]);
    roster->places[place] = NULL;
    roster->count--;
    while (roster->places[next = after(roster, next)] != NULL) {
        size_t home = home_of(roster, disco__strmap_hash(roster->seed, name_at(roster, next)));
        bool found = place < next ? place < home && home <= next : place < home || home <= next;

        if (found)
            continue;
        roster->places[place] = roster->places[next];
        tags[place] = tags[next];
        roster->places[next] = NULL;
        place = next;
    }
}

/* A place for one more. */
static int add(disco__roster_t *roster, size_t *place, const char *name)
{
    uint64_t hash = disco__strmap_hash(roster->seed, name);
    uint64_t wanted = (uint64_t)roster->count + 1;

    if (capacity_for(wanted) > roster->capacity &&
        set_capacity(roster, capacity_for(wanted + wanted / 8 + 4)) != 0)
        return UV_ENOMEM;
    *place = free_place(roster, hash);
    tags_of(roster)[*place] = tag_of(hash);
    roster->count++;
    return 0;
}

int disco__roster_set(disco__roster_t *roster, size_t *place, const char *name,
                      const disco__member_t *member)
{
    bool is_new = *place == DISCO__NO_PLACE;
    record_t *old = NULL;
    record_t *record = NULL;

    if (!disco__member_is_there(member)) {
        if (!is_new)
            remove_at(roster, *place);
        return 0;
    }
    if (!is_new && (tags_of(roster)[*place] & TAG_RECORD))
        old = roster->places[*place];
    if (!is_plain(member, name)) {
        record = old != NULL ? old : record_new(name);
        if (record == NULL)
            return UV_ENOMEM;
    }
    if (is_new && add(roster, place, name) != 0) {
        disco__free(record);
        return UV_ENOMEM;
    }
    if (record != NULL) {
        record->member = *member;
        record->member.name = record->name;
        roster->places[*place] = record;
        tags_of(roster)[*place] |= TAG_RECORD;
        return 0;
    }
    roster->places[*place] = member->host;
    tags_of(roster)[*place] &= (uint8_t)~TAG_RECORD;
    disco__free(old);
    return 0;
}

void disco__roster_mark(disco__roster_t *roster, size_t place)
{
    tags_of(roster)[place] |= TAG_MARK;
}

bool disco__roster_is_marked(const disco__roster_t *roster, size_t place)
{
    return (tags_of(roster)[place] & TAG_MARK) != 0;
}

void disco__roster_unmark_all(disco__roster_t *roster)
{
    uint8_t *tags;
    size_t i;

    if (roster->places == NULL)
        return;
    tags = tags_of(roster);
    for (i = 0; i < roster->capacity; i++)
        tags[i] &= (uint8_t)~TAG_MARK;
}
