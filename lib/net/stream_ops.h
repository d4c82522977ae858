/* What a kind of stream supplies: the functions behind net/stream.h, as they are described there.
 */
#ifndef DISCO_NET_STREAM_OPS_H
#define DISCO_NET_STREAM_OPS_H

#include "net/stream.h"

typedef struct disco__stream_ops_s {
    void (*start)(disco__stream_t *stream, const disco__stream_events_t *events, void *data);
    /* size > 0 */
    int (*write)(disco__stream_t *stream, const char *bytes, size_t size);
    void (*close)(disco__stream_t *stream);
    void (*set_background)(disco__stream_t *stream, bool background);
} disco__stream_ops_t;

/* The first member of every kind of stream. */
struct disco__stream_s {
    const disco__stream_ops_t *ops;
};

#endif
