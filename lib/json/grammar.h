/* Whether a text is JSON, before cJSON sees it. */
#ifndef DISCO_JSON_GRAMMAR_H
#define DISCO_JSON_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

/* One value and nothing but white space around it (RFC 8259), nested no deeper than
 * DISCO_JSON_MAX_DEPTH, without lone surrogates, its numbers no longer than 63 bytes; \u0000 is
 * refused unless it is allowed for. */
bool disco__json_is_well_formed(const char *text, size_t size, bool with_nul);

#endif
