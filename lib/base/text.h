/* Small questions about text. */
#ifndef DISCO_BASE_TEXT_H
#define DISCO_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Replaces control bytes by '?', in place. */
void disco__text_printable(char *text);

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing over U+10FFFF. */
bool disco__text_is_utf8(const char *text, size_t size);

/* NULL as "". */
const char *disco__text_or_empty(const char *text);

/* As much of the text as there is room for, with its NUL; room must not be 0. */
void disco__text_copy(char *to, size_t room, const char *text);

/* Equal, NULL being equal to "". */
bool disco__text_equal(const char *a, const char *b);

/* Equal without regard to the case of ASCII letters. */
bool disco__text_equal_ignoring_case(const char *a, size_t a_size, const char *b);

/* Decimal digits only, the whole text, no sign; false on anything else or when it does not fit. */
bool disco__text_to_u64(const char *text, size_t size, uint64_t *number);

#endif
