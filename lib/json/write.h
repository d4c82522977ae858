/* Writing JSON exactly as Go's encoding/json does. */
#ifndef DISCO_JSON_WRITE_H
#define DISCO_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* A string with its quotes: '<', '>', '&', U+2028 and U+2029 as \u003c and so on, control bytes
 * short where JSON has a short form (\b and \f too, as Go writes them since 1.22) and else as
 * \u00xx, each byte that is not UTF-8 as \ufffd. */
int disco__json_write_string(disco__buffer_t *out, const char *text);

/* Members of an object: a comma goes before all but the first. */
typedef struct disco__json_object_s {
    disco__buffer_t *out;
    bool first;
} disco__json_object_t;

void disco__json_object_begin(disco__json_object_t *object, disco__buffer_t *out);
void disco__json_object_end(disco__json_object_t *object);
/* The name, escaped as it needs, and its colon; the value is to be written next. */
void disco__json_object_key(disco__json_object_t *object, const char *name);
void disco__json_object_string(disco__json_object_t *object, const char *name, const char *value);
/* Nothing for NULL and "". */
void disco__json_object_string_unless_empty(disco__json_object_t *object, const char *name,
                                            const char *value);
void disco__json_object_bool(disco__json_object_t *object, const char *name, bool value);
void disco__json_object_true_only(disco__json_object_t *object, const char *name, bool value);

#endif
