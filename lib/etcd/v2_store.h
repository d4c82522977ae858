/* The store that speaks etcd's v2 keys API. */
#ifndef DISCO_ETCD_V2_STORE_H
#define DISCO_ETCD_V2_STORE_H

#include "etcd/endpoints.h"
#include "etcd/store.h"

typedef struct disco__v2_store_options_s {
    size_t max_event_bytes;
    uint32_t max_connections; /* of an endpoint, watches not counted */
    uint32_t attempt_ms;      /* until a watch's head has come, and for its checks */
    uint32_t watch_check_ms;  /* after so long without an event a watch is checked and asked anew */
} disco__v2_store_options_t;

/* endpoints: borrowed until close. 0 or UV_ENOMEM. */
int disco__v2_store_new(disco__store_t **store, disco__loop_t *loop, disco__endpoints_t *endpoints,
                        const disco__v2_store_options_t *options);

#endif
