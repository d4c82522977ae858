/* Requests of the v3 API, read where they stand. Nothing is checked that the library could not get
 * wrong: a value of another kind fails the test. Memory as in support/tiny_etcd.h. */
#ifndef TEST_SUPPORT_TINY_JSON_H
#define TEST_SUPPORT_TINY_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* A value begins there. NULL: there is none, which every function takes. */
typedef const char *tiny_json_t;

tiny_json_t tiny_json_member(tiny_json_t object, const char *name);

/* The first value of an array, and the next behind one; also of values that just follow each
 * other. */
tiny_json_t tiny_json_first(tiny_json_t array);
tiny_json_t tiny_json_next(tiny_json_t value);

bool tiny_json_is(tiny_json_t value, const char *text); /* as it stands, "true" */
uint64_t tiny_json_number(tiny_json_t value);           /* also as a string; 0 */

/* What base64 says, to be freed; NULL. No NUL byte may be in it. */
char *tiny_json_bytes(tiny_json_t value);

/* Its base64, in quotes. To be freed. */
char *tiny_json_base64(const char *bytes);

#endif
