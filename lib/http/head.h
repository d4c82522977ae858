/* The head of a response: status and header fields. All fields together are bounded by the limit of
 * their buffer. */
#ifndef DISCO_HTTP_HEAD_H
#define DISCO_HTTP_HEAD_H

#include "http/request.h"

struct disco__http_head_s {
    int status;
    disco__buffer_t fields; /* name, NUL, value, NUL, name... */
};

/* limit: most bytes of all fields; 0: none. */
void disco__http_head_init(disco__http_head_t *head, size_t limit);
void disco__http_head_free(disco__http_head_t *head);

/* Forgets the fields but keeps the memory. */
void disco__http_head_clear(disco__http_head_t *head);

/* Bytes of a name or a value, in as many pieces as they come; then the end of that name or value.
 * An error is kept in the buffer. */
void disco__http_head_append(disco__http_head_t *head, const char *bytes, size_t size);
void disco__http_head_end_name(disco__http_head_t *head);
void disco__http_head_end_value(disco__http_head_t *head);

#endif
