/* Bytes that grow. */
#ifndef REPLAY_BYTES_H
#define REPLAY_BYTES_H

#include <stddef.h>

typedef struct bytes_s {
    char *data;
    size_t size;
    size_t room;
} bytes_t;

void bytes_append(bytes_t *bytes, const char *data, size_t size);
void bytes_append_text(bytes_t *bytes, const char *text);
void bytes_free(bytes_t *bytes);

/* All of a file; what cannot be read ends the program. */
void bytes_read_file(bytes_t *bytes, const char *name);

#endif
