/* Members of an object by the scanner, as json/read.h has them of a tree: of a name given several
 * times the last counts, a null changes nothing, and one of a wrong type is an error whatever comes
 * behind it. Each begins as all zeros and is given every value that has the name. */
#ifndef DISCO_JSON_MEMBER_H
#define DISCO_JSON_MEMBER_H

#include "json/scan.h"

typedef struct disco__number_s {
    uint64_t value;
    bool is_wrong; /* then value is what came before */
} disco__number_t;
void disco__member_number(disco__scan_t *scan, disco__number_t *number);

typedef struct disco__flag_s {
    bool value;
    bool is_wrong;
} disco__flag_t;
void disco__member_flag(disco__scan_t *scan, disco__flag_t *flag);

typedef struct disco__text_s {
    disco__span_t span; /* bytes NULL: none */
    bool is_wrong;
} disco__text_t;
void disco__member_text(disco__scan_t *scan, disco__text_t *text);

/* Writes what the span stands for to `to`, as disco__json_unescape() does, which may be where the
 * span is, but only up to a \u0000, which ends a C string. Gives its size; no NUL is put behind
 * it. */
size_t disco__member_write(char *to, const disco__span_t *span);

#endif
