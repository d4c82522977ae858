#include "bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

void bytes_append(bytes_t *bytes, const char *data, size_t size)
{
    if (size > bytes->room - bytes->size) {
        bytes->room = (bytes->size + size) * 2;
        bytes->data = realloc(bytes->data, bytes->room);
        if (bytes->data == NULL)
            bench_fail("out of memory");
    }
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

void bytes_append_text(bytes_t *bytes, const char *text)
{
    bytes_append(bytes, text, strlen(text));
}

void bytes_free(bytes_t *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

void bytes_read_file(bytes_t *bytes, const char *name)
{
    char part[65536];
    size_t size;
    FILE *file = fopen(name, "rb");

    if (file == NULL)
        bench_fail("%s: %s", name, strerror(errno));
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        bytes_append(bytes, part, size);
    if (ferror(file))
        bench_fail("%s cannot be read", name);
    (void)fclose(file);
}
