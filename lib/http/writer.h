/* Writing requests: one buffer, to be sent with one write. */
#ifndef DISCO_HTTP_WRITER_H
#define DISCO_HTTP_WRITER_H

#include <stddef.h>

#include "base/buffer.h"

typedef struct disco__http_message_s {
    const char *method;
    const char *target;        /* path and query, encoded */
    const char *host;          /* value of Host, with the port */
    const char *authorization; /* value of Authorization, NULL: none */
    const char *fields;       /* more header lines, each with its CRLF; NULL: none. Not checked: the
                                 library's own */
    const char *content_type; /* NULL: no body is sent */
    const char *body;
    size_t body_size;
} disco__http_message_t;

/* Appends the request. UV_EINVAL when method, target, host or authorization hold a control byte or
 * target a space; else 0 or the buffer's error. Reserves once, so that no copy of a credential is
 * left behind. */
int disco__http_write(disco__buffer_t *out, const disco__http_message_t *message);

/* Two that differ in their targets alone, one behind the other; *second_at receives where the
 * second begins. */
int disco__http_write_two(disco__buffer_t *out, const disco__http_message_t *message,
                          const char *second_target, size_t *second_at);

/* Appends "Basic " and the credentials (RFC 7617). UV_EINVAL when the user holds ':' or one of both
 * a control byte. */
int disco__http_write_basic(disco__buffer_t *out, const char *user, const char *password);

#endif
