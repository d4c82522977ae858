/* The store that speaks etcd's v3 API through its JSON gateway (POST /v3/...; etcd 3.4 to 3.6). */
#ifndef DISCO_ETCD_V3_STORE_H
#define DISCO_ETCD_V3_STORE_H

#include "etcd/endpoints.h"
#include "etcd/store.h"

typedef struct disco__v3_store_options_s {
    size_t max_event_bytes;  /* of one message of the watch stream */
    uint32_t attempt_ms;     /* until a watch stream is there, and for heartbeats */
    uint32_t watch_check_ms; /* after so long without a byte the watch stream is checked */
    const char *user;        /* copied; NULL: no authentication */
    const char *password;
} disco__v3_store_options_t;

/* endpoints: borrowed until close. 0; UV_ENOMEM; UV_EINVAL: user or password is not UTF-8. */
int disco__v3_store_new(disco__store_t **store, disco__loop_t *loop, disco__endpoints_t *endpoints,
                        const disco__v3_store_options_t *options);

#endif
