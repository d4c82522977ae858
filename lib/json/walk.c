#include "json/walk.h"

#include <string.h>

#include <uvdisco/error.h>

/* A value that began before is completed by so many bytes at least at a time. */
#define LEAST_MORE 1024

void disco__walk_init(disco__walk_t *walk,
                      int (*value)(void *data, int where, const disco__span_t *name,
                                   disco__scan_t *scan),
                      void *data)
{
    memset(walk, 0, sizeof *walk);
    disco__buffer_init(&walk->rest);
    walk->value = value;
    walk->data = data;
}

void disco__walk_free(disco__walk_t *walk)
{
    disco__buffer_free_secret(&walk->rest);
}

void disco__walk_reset(disco__walk_t *walk)
{
    disco__buffer_clear(&walk->rest);
    walk->wanted = 0;
    walk->depth = 0;
    walk->fresh = false;
    walk->begun = false;
    walk->status = 0;
}

static bool enter(disco__walk_t *walk, disco__scan_t *scan, int where)
{
    char bracket = disco__scan_peek(scan);

    if (scan->status != 0)
        return false;
    if (bracket != '{' && bracket != '[')
        return disco__scan_fail(scan, DISCO_EPROTOCOL);
    if (walk->depth == DISCO__WALK_DEPTH || !disco__scan_open(scan, bracket))
        return disco__scan_fail(scan, DISCO_EPROTOCOL);
    walk->levels[walk->depth].is_object = bracket == '{';
    walk->levels[walk->depth].where = where;
    walk->depth++;
    return true;
}

/* One value, or the end of an object or array. False: the scanner's status says why not. */
static bool step(disco__walk_t *walk, disco__scan_t *scan)
{
    disco__span_t name;
    const disco__span_t *named = NULL;
    int where = 0;

    if (walk->depth > 0) {
        bool is_object = walk->levels[walk->depth - 1].is_object;
        bool is_there = is_object ? disco__scan_name(scan, &name) : disco__scan_item(scan);

        if (scan->status != 0)
            return false;
        if (!is_there) {
            walk->depth--;
            return true;
        }
        where = walk->levels[walk->depth - 1].where;
        named = is_object ? &name : NULL;
    }
    where = walk->value(walk->data, where, named, scan);
    if (scan->status != 0)
        return false;
    if (where != DISCO__WALK_TAKEN && !enter(walk, scan, where))
        return false;
    walk->begun = true;
    return true;
}

/* As many values as there are. Gives how many bytes they took. */
static size_t run(disco__walk_t *walk, const char *bytes, size_t size, bool whole)
{
    disco__scan_t scan;
    const char *done = bytes;

    disco__scan_init(&scan, bytes, size, whole);
    scan.fresh = walk->fresh;
    scan.depth = walk->depth;
    while (walk->depth > 0 || !walk->begun) {
        if (!step(walk, &scan))
            break;
        done = scan.at;
        walk->fresh = scan.fresh;
    }
    if (scan.status == 0 && disco__scan_end(&scan))
        done = scan.at;
    if (scan.status != DISCO__SCAN_MORE)
        walk->status = scan.status;
    return (size_t)(done - bytes);
}

static void wait_for_more(disco__walk_t *walk)
{
    walk->wanted = walk->rest.size < SIZE_MAX / 2 ? 2 * walk->rest.size : SIZE_MAX;
}

static void keep(disco__walk_t *walk, const char *bytes, size_t size)
{
    if (size == 0)
        return;
    walk->status = disco__buffer_append_secret(&walk->rest, bytes, size);
    wait_for_more(walk);
}

static size_t more_wanted(const disco__walk_t *walk, size_t left)
{
    size_t more = walk->wanted > walk->rest.size ? walk->wanted - walk->rest.size : 0;

    if (more < LEAST_MORE)
        more = LEAST_MORE;
    return more < left ? more : left;
}

/* Adds to the value that has come in part. Gives how many of the bytes it took, be it that the
 * value is complete then, or that all are kept. */
static size_t complete(disco__walk_t *walk, const char *bytes, size_t size)
{
    size_t added = 0;

    while (added < size && walk->status == 0) {
        size_t before = walk->rest.size;
        size_t more = more_wanted(walk, size - added);
        size_t used;

        walk->status = disco__buffer_append_secret(&walk->rest, bytes + added, more);
        added += more;
        if (walk->status != 0 || walk->rest.size < walk->wanted)
            continue;
        used = run(walk, walk->rest.bytes, walk->rest.size, false);
        if (used >= before) {
            added -= walk->rest.size - used; /* these are read where they are */
            disco__buffer_clear(&walk->rest);
            return added;
        }
        disco__buffer_consume(&walk->rest, used);
        wait_for_more(walk);
    }
    return added;
}

int disco__walk_feed(disco__walk_t *walk, const char *bytes, size_t size)
{
    while (walk->status == 0 && size > 0) {
        size_t used;

        if (walk->rest.size > 0) {
            used = complete(walk, bytes, size);
        } else {
            used = run(walk, bytes, size, false);
            if (walk->status == 0)
                keep(walk, bytes + used, size - used);
            used = size;
        }
        bytes += used;
        size -= used;
    }
    return walk->status;
}

int disco__walk_finish(disco__walk_t *walk)
{
    if (walk->status == 0)
        (void)run(walk, disco__buffer_text(&walk->rest), walk->rest.size, true);
    disco__buffer_clear(&walk->rest);
    return walk->status;
}
