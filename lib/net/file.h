/* Small files, read at once and watched by what the file system says of them. */
#ifndef DISCO_NET_FILE_H
#define DISCO_NET_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/buffer.h"

/* What tells one content of a file from the next. */
typedef struct disco__stamp_s {
    bool there;
    uint64_t inode;
    uint64_t size;
    int64_t seconds;
    int64_t nanoseconds;
} disco__stamp_t;

bool disco__stamp_equal(const disco__stamp_t *a, const disco__stamp_t *b);

/* What cannot be asked, or is no regular file, counts as not there: a pipe can be read only once.
 */
void disco__file_stamp(uv_loop_t *uv, const char *path, disco__stamp_t *stamp);

/* Appends the content; the stamp is of what was read, or older. text is to be freed as a secret on
 * failure too. 0; UV_ENOMEM; UV_EFBIG: over 8 MiB; libuv's error. */
int disco__file_read(uv_loop_t *uv, const char *path, disco__buffer_t *text, disco__stamp_t *stamp);

#endif
