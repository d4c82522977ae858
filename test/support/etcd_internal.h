/* What an etcd for tests consists of. */
#ifndef TEST_SUPPORT_ETCD_INTERNAL_H
#define TEST_SUPPORT_ETCD_INTERNAL_H

#include "support/etcd.h"
#include "support/proxy.h"

typedef struct port_s {
    uint16_t number;
    int keeper;
} port_t;

typedef struct member_s {
    uv_process_t process;
    bool running;
    bool stalled;
    bool gone; /* the process has ended and its handle is closed */
    port_t client;
    port_t peer;
    port_t metrics;
    proxy_t *proxy; /* between it and its peers; NULL: none */
    char peer_url[64];
    char endpoint[64];
    char directory[256];
    char log[256];
} member_t;

struct etcd_s {
    test_loop_t *loop;
    etcd_options_t options;
    size_t count;
    member_t members[ETCD_MOST_MEMBERS];
    char directory[128];
    char endpoints[256];
    char cluster[256];
};

/* All members, and waits until they serve requests. */
void etcd_launch_all(etcd_t *etcd);

/* A directory with all that is in it; harmless when it is not there. */
void etcd_remove_tree(const char *directory);

#endif
