#include "net/file.h"

#include <string.h>

#include "base/alloc.h"

#define MOST_BYTES (8u * 1024 * 1024)

/* Of st_mode; libuv gives the same on every system. */
#define KIND_MASK 0170000
#define KIND_REGULAR 0100000

bool disco__stamp_equal(const disco__stamp_t *a, const disco__stamp_t *b)
{
    if (!a->there || !b->there)
        return a->there == b->there;
    return a->inode == b->inode && a->size == b->size && a->seconds == b->seconds &&
           a->nanoseconds == b->nanoseconds;
}

static void take_stamp(disco__stamp_t *stamp, const uv_fs_t *request)
{
    const uv_stat_t *status = &request->statbuf;

    if ((status->st_mode & KIND_MASK) != KIND_REGULAR)
        return;
    stamp->there = true;
    stamp->inode = status->st_ino;
    stamp->size = status->st_size;
    stamp->seconds = status->st_mtim.tv_sec;
    stamp->nanoseconds = status->st_mtim.tv_nsec;
}

void disco__file_stamp(uv_loop_t *uv, const char *path, disco__stamp_t *stamp)
{
    uv_fs_t request;

    memset(stamp, 0, sizeof *stamp);
    if (uv_fs_stat(uv, &request, path, NULL) == 0)
        take_stamp(stamp, &request);
    uv_fs_req_cleanup(&request);
}

static int stamp_open_file(uv_loop_t *uv, uv_file file, disco__stamp_t *stamp)
{
    uv_fs_t request;
    int rv = uv_fs_fstat(uv, &request, file, NULL);

    if (rv == 0)
        take_stamp(stamp, &request);
    uv_fs_req_cleanup(&request);
    if (rv == 0 && stamp->size > MOST_BYTES)
        rv = UV_EFBIG;
    return rv;
}

/* Gives the number of bytes, 0 at the end, or an error. */
static int read_some(uv_loop_t *uv, uv_file file, disco__buffer_t *text)
{
    char bytes[4096];
    uv_buf_t buffer = uv_buf_init(bytes, sizeof bytes);
    uv_fs_t request;
    int rv = uv_fs_read(uv, &request, file, &buffer, 1, -1, NULL);

    uv_fs_req_cleanup(&request);
    if (rv > 0 && text->size + (size_t)rv > MOST_BYTES)
        rv = UV_EFBIG;
    if (rv > 0 && disco__buffer_append(text, bytes, (size_t)rv) != 0)
        rv = UV_ENOMEM;
    disco__wipe(bytes, sizeof bytes);
    return rv;
}

int disco__file_read(uv_loop_t *uv, const char *path, disco__buffer_t *text, disco__stamp_t *stamp)
{
    uv_fs_t request;
    uv_file file = uv_fs_open(uv, &request, path, UV_FS_O_RDONLY, 0, NULL);
    int rv;

    memset(stamp, 0, sizeof *stamp);
    uv_fs_req_cleanup(&request);
    if (file < 0)
        return file;
    rv = stamp_open_file(uv, file, stamp);
    /* Room for all, so that no copy is left behind by growing. */
    if (rv == 0 && disco__buffer_reserve(text, (size_t)stamp->size) != 0)
        rv = UV_ENOMEM;
    if (rv == 0) {
        do
            rv = read_some(uv, file, text);
        while (rv > 0);
    }
    (void)uv_fs_close(uv, &request, file, NULL);
    uv_fs_req_cleanup(&request);
    return rv;
}
