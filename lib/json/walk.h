/* Reads one JSON document while it arrives, in pieces of any size.
 *
 * The walker goes into those objects and arrays that its owner wants to see from inside, and hands
 * over every other value by a scanner, as soon as all of it has come: the owner reads it, or skips
 * it. So only a value that is broken between two pieces is copied. Once a value has come only in
 * part, it is looked at again when there is twice as much: however small the pieces are, no byte is
 * looked at more than a few times. */
#ifndef DISCO_JSON_WALK_H
#define DISCO_JSON_WALK_H

#include "base/buffer.h"
#include "json/scan.h"

/* How deep a walker goes. Values handed over may be nested deeper. */
#define DISCO__WALK_DEPTH 8

/* What the owner does with a value: DISCO__WALK_TAKEN, it was read or skipped, or failed (which the
 * scanner's status says); else a number of its own from 1 on, by which it is told where it is: the
 * walker goes into it. Only into objects and arrays: see disco__scan_peek(). */
#define DISCO__WALK_TAKEN 0

typedef struct disco__walk_s {
    disco__buffer_t rest; /* the beginning of a value */
    size_t wanted;        /* bytes of rest at which it is worth looking again */
    size_t depth;
    struct {
        bool is_object;
        int where;
    } levels[DISCO__WALK_DEPTH];
    bool fresh; /* behind an opening bracket */
    bool begun;
    int status;
    /* where: what the owner called the object or array that the value is in; 0: the document
     * itself. name: the member's; NULL in an array and of the document. Nothing may be changed
     * before the scanner has taken the whole value: it may be handed over again. */
    int (*value)(void *data, int where, const disco__span_t *name, disco__scan_t *scan);
    void *data;
} disco__walk_t;

void disco__walk_init(disco__walk_t *walk,
                      int (*value)(void *data, int where, const disco__span_t *name,
                                   disco__scan_t *scan),
                      void *data);
/* Wipes what it holds. */
void disco__walk_free(disco__walk_t *walk);

/* Forgets all that came. */
void disco__walk_reset(disco__walk_t *walk);

/* 0; DISCO_EPROTOCOL: it is no JSON; UV_ENOMEM; what the owner put into the scanner's status. After
 * an error always the same one until it is reset. */
int disco__walk_feed(disco__walk_t *walk, const char *bytes, size_t size);

/* No more comes. As feed; DISCO_EPROTOCOL too when the document is not complete. */
int disco__walk_finish(disco__walk_t *walk);

#endif
