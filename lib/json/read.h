/* Reading JSON that came off the network: cJSON behind checks that it does not make itself. */
#ifndef DISCO_JSON_READ_H
#define DISCO_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* Nesting that no answer of etcd and no host comes near. */
#define DISCO_JSON_MAX_DEPTH 64

/* Parses the whole text as one value with nothing but white space around it (RFC 8259).
 * *value is to be freed by disco__json_free(). UV_ENOMEM, or DISCO_EPROTOCOL: what is no JSON, a
 * byte order mark, nesting over DISCO_JSON_MAX_DEPTH, a number of more than 63 bytes, \u0000 in a
 * string (which a C string cannot hold), half of a surrogate pair (Go reads U+FFFD for it, so that
 * two different names would become one). UTF-8 is not checked here: bytes of one value must not
 * spoil the others; see disco__text_is_utf8(). */
int disco__json_parse(const char *text, size_t size, cJSON **value);

/* The same for an answer that holds values of many: a \u0000 in one of them ends that string and
 * does not spoil the others. */
int disco__json_parse_answer(const char *text, size_t size, cJSON **value);

/* Members of an object by name. Go 1.26 takes them one after the other, ignoring the case of their
 * names (here: of ASCII letters), and so do we: the last wins, a null changes nothing, and one of a
 * wrong type is an error whatever comes behind it. */

/* The next member of that name behind previous, which may be NULL; NULL: no more, or no object. */
const cJSON *disco__json_next_member(const cJSON *object, const char *name, const cJSON *previous);
/* The last of them, whatever it is; NULL: none, or no object. */
const cJSON *disco__json_member(const cJSON *object, const char *name);
/* Missing and null leave *value as it was. false: a wrong type, or no object; *value may have
 * changed. */
bool disco__json_string(const cJSON *object, const char *name, const char **value);
bool disco__json_bool(const cJSON *object, const char *name, bool *value);
/* A whole number from 0 to 2^53 (JSON number), or any uint64 in a string. */
bool disco__json_u64(const cJSON *object, const char *name, uint64_t *value);

/* Frees a tree, NULL allowed. Its strings may be credentials: they are wiped first. */
void disco__json_free(cJSON *tree);

#endif
