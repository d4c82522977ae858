/* The hosts of a service are written alike: their JSON differs in a few texts, and is the same
 * everywhere else. A pattern is the JSON of one host, and where those after it differed from it.
 * What is the same is not read again, but compared, up to each place that varies.
 *
 * It begins with a host that was read by disco__fields_read_quickly() or its like, without a place
 * that varies. A host that differs in a text or flag makes that vary from then on; one that is
 * written otherwise begins a new pattern. */
#ifndef DISCO_DISCO_PATTERN_H
#define DISCO_DISCO_PATTERN_H

#include <uvdisco/model.h>

#include "disco/fields.h"

/* Larger hosts have no pattern. */
#define DISCO__PATTERN_MOST 1024
#define DISCO__PIECES_MOST 32

/* The parts of a host's block. */
enum { DISCO__PART_HOST, DISCO__PART_PORTS, DISCO__PART_PRIVATE_PORTS, DISCO__PART_COUNT };

/* A text or a flag of the host. */
typedef struct disco__piece_s {
    uint16_t at; /* where it stands */
    uint16_t size;
    uint16_t
        place; /* where it goes: the pointer to the text, or the flag, in a part of the block */
    uint8_t part;
    bool is_flag;
    bool varies;
    uint16_t same; /* when it does not: where the text is among those */
} disco__piece_t;

/* A place that varies, and what is the same before it. */
typedef struct disco__step_s {
    uint16_t same; /* where that stands */
    uint16_t same_size;
    uint16_t place; /* as its piece has it */
    uint8_t part;
    bool is_flag;
} disco__step_t;

typedef struct disco__pattern_s {
    uint64_t version; /* changes with all that follows; 0: there is none yet */
    bool inside;      /* as it stands inside a string of JSON */
    disco__piece_t pieces[DISCO__PIECES_MOST];
    size_t piece_count;
    disco__step_t steps[DISCO__PIECES_MOST];
    size_t step_count;
    size_t rest;       /* where what is the same behind the last step stands */
    size_t uuid;       /* its step; SIZE_MAX: none */
    size_t hostname;   /* likewise */
    disco_host_t base; /* what is the same in all, without any text */
    bool list_varies[DISCO__PORTS_COUNT];
    size_t size;
    char text[DISCO__PATTERN_MOST];
    /* The texts that do not vary, each with a NUL behind it, which is less than the quotes that
     * they have in JSON. */
    size_t same_size;
    char same[DISCO__PATTERN_MOST];
} disco__pattern_t;

/* What stands in the places that vary, in their order. */
typedef struct disco__values_s {
    size_t room; /* that the texts take */
    struct {
        const char *bytes;
        size_t size;
    } of[DISCO__PIECES_MOST];
} disco__values_t;

/* Those of one who reads hosts: each NULL until there is one. */
typedef struct disco__patterns_s {
    disco__pattern_t *plain;
    disco__pattern_t *inside;
} disco__patterns_t;

/* Wipes, since credentials are in it. */
void disco__patterns_free(disco__patterns_t *patterns);

/* Gives how many bytes are those of a host like the pattern's: all of them, or inside a string
 * those before the closing quote; 0: it is something else, or it is not all there, which says
 * nothing about it. pattern: NULL allowed. */
size_t disco__pattern_read(const disco__pattern_t *pattern, disco__values_t *values,
                           const char *text, size_t size);

/* Makes the pattern one that the host is like. The fields are those that were read of the text in
 * the quick way. False: there can be none, or memory is short, which does no harm. */
bool disco__pattern_learn(disco__pattern_t **pattern, bool inside, const disco__fields_t *fields,
                          const char *text, size_t size);

#endif
