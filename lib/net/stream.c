#include "net/stream_ops.h"

void disco__stream_start(disco__stream_t *stream, const disco__stream_events_t *events, void *data)
{
    stream->ops->start(stream, events, data);
}

int disco__stream_write(disco__stream_t *stream, const char *bytes, size_t size)
{
    return size > 0 ? stream->ops->write(stream, bytes, size) : 0;
}

void disco__stream_close(disco__stream_t *stream)
{
    stream->ops->close(stream);
}

void disco__stream_set_background(disco__stream_t *stream, bool background)
{
    stream->ops->set_background(stream, background);
}
