/* Writing JSON exactly as Go's encoding/json does. */
#ifndef DISCO_JSON_WRITE_H
#define DISCO_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* A string with its quotes: '<', '>', '&', U+2028, U+2029 and control bytes escaped as Go escapes them (\n, \r, \t short, \b and \f
 * as \u0008 and \u000c as Go 1.21 and older wrote them; newer write \b and \f), each byte that is not UTF-8 as \ufffd. */
int disco__json_write_string(disco__buffer_t *out, const char *text);

/* Members of an object: a comma goes before all but the first. */
typedef struct disco__json_object_s {
    disco__buffer_t *out;
    bool first;
} disco__json_object_t;

void disco__json_object_begin(disco__json_object_t *object, disco__buffer_t *out);
void disco__json_object_end(disco__json_object_t *object);
/* The name and its colon; the value is to be written next. name needs no escapes. */
void disco__json_object_name(disco__json_object_t *object, const char *name);
/* The same for a name that may hold anything. */
void disco__json_object_key(disco__json_object_t *object, const char *name);
void disco__json_object_string(disco__json_object_t *object, const char *name, const char *value);
/* Nothing for NULL and "". */
void disco__json_object_string_unless_empty(disco__json_object_t *object, const char *name,
                                            const char *value);
void disco__json_object_bool(disco__json_object_t *object, const char *name, bool value);
void disco__json_object_true_only(disco__json_object_t *object, const char *name, bool value);

#endif
