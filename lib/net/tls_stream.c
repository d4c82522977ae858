#include "net/tls_stream.h"

#include <uvdisco/error.h>

int disco__tls_stream_open(disco__stream_t **stream, disco__loop_t *loop, disco__stream_t *lower,
                           disco__target_t *target, disco__tls_stream_cb cb, void *data)
{
    (void)stream;
    (void)loop;
    (void)lower;
    (void)target;
    (void)cb;
    (void)data;
    return DISCO_ETLS;
}
