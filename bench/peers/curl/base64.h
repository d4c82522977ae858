/* base64, by tables. */
#ifndef CURL_BASE64_H
#define CURL_BASE64_H

#include <stddef.h>

/* Writes the text's base64, up to a NUL, into room that is large enough. */
void base64_encode(const char *text, char *out);

/* Decodes in place, up to a NUL, and puts one behind it; the size, or -1 of what is no base64. */
long base64_decode(char *text);

#endif
