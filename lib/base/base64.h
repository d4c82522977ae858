/* Bytes as text (RFC 4648, section 4). */
#ifndef DISCO_BASE_BASE64_H
#define DISCO_BASE_BASE64_H

#include <stddef.h>

#include "base/buffer.h"

/* Standard alphabet, with padding. 0 or UV_ENOMEM. */
int disco__base64_encode(disco__buffer_t *out, const void *bytes, size_t size);

/* White space is passed over, padding may be missing. 0, UV_ENOMEM, or DISCO_EBASE64. */
int disco__base64_decode(disco__buffer_t *out, const char *text, size_t size);

/* The same into `to`, which has room for *size bytes and may be where the text is; *size becomes
 * how many were written, and no NUL is put behind them. 0, or DISCO_EBASE64: what stands there then
 * is neither. */
int disco__base64_decode_to(char *to, const char *text, size_t *size);
int disco__base64_decode_in_place(char *text, size_t *size);
/* Takes the base64 that a text begins with, as etcd writes it: without white space, and with its
 * padding. Gives how many bytes it has, up to the first that does not belong to it; *written
 * becomes how many were put into `to`. 0: it begins with none, or its padding is wrong. With too
 * little room it ends earlier. */
size_t disco__base64_take(char *to, size_t room, const char *text, size_t size, size_t *written);
/* decode_to without instructions of the machine's own. */
int disco__base64_decode_portable(char *to, const char *text, size_t *size);

#endif
