/* Reading JSON that came off the network: cJSON behind checks that it does not make itself. */
#ifndef DISCO_JSON_READ_H
#define DISCO_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* Nesting that no answer of etcd and no host comes near. */
#define DISCO_JSON_MAX_DEPTH 64

/* Parses the whole text as one value with nothing but white space behind it (RFC 8259).
 * *value is to be freed by disco__json_free(). Refused, as DISCO_EPROTOCOL: what is no JSON,
 * nesting over DISCO_JSON_MAX_DEPTH, a NUL byte or \u0000 in a string (which a C string cannot
 * hold). 0, DISCO_EPROTOCOL or UV_ENOMEM is not told apart from the former: cJSON does not say.
 * UTF-8 is not checked here: bytes of one value must not spoil the others; see
 * disco__text_is_utf8(). */
int disco__json_parse(const char *text, size_t size, cJSON **value);

/* Members of an object by name, the case of letters ignored, the last of several, as Go 1.26 does.
 * Missing and null leave the default. false: it is there with a wrong type (or the object is none).
 */
const cJSON *disco__json_member(const cJSON *object, const char *name);
bool disco__json_string(const cJSON *object, const char *name, const char **value);
bool disco__json_bool(const cJSON *object, const char *name, bool *value);
/* A whole number from 0 to 2^53 (JSON number), or any uint64 in a string. */
bool disco__json_u64(const cJSON *object, const char *name, uint64_t *value);

/* Frees a tree, NULL allowed. Its strings may be credentials: they are wiped first. */
void disco__json_free(cJSON *tree);

#endif
