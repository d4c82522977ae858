/* Info and hosts of a service, read once from each of the client's stores, and united. */
#ifndef DISCO_DISCO_FETCH_H
#define DISCO_DISCO_FETCH_H

#include "disco/entry.h"
#include "disco/roster.h"
#include "disco/service.h"

typedef struct disco__fetch_s disco__fetch_t;

/* What one store is asked. */
typedef struct disco__fetch_part_s {
    disco__fetch_t *fetch;
    disco__store_t *store;
    disco__op_t *op; /* NULL: over */
    bool answered;
    disco__failure_t failure;   /* when it was not */
    disco_service_info_t *info; /* NULL: it has none */
    bool is_known;              /* there is a directory, or something in it */
    disco__reader_t reader;     /* last, since it is large, and not cleared */
} disco__fetch_part_t;

struct disco__fetch_s {
    disco_client_t *client;
    char *hosts_key;
    size_t hosts_key_size;
    disco_service_t *service; /* done may take it, and leave NULL */
    disco__roster_t members;  /* with several stores */
    disco__timer_t timer;     /* until the answers so far have to do */
    size_t first_failed;
    /* failure: status 0, or why there is no service. Everything is over when it is called; the
     * fetch is to be ended inside. */
    void (*done)(disco__fetch_t *fetch, const disco__failure_t *failure);
    size_t part_count;
    /* Last, for the same reason. */
    disco__fetch_part_t parts[DISCO__STORES_MOST];
};

/* 0; UV_ENOMEM; what get_pair says: then there is nothing to end. done comes later. */
int disco__fetch_start(disco__fetch_t *fetch, disco_client_t *client, const char *service,
                       bool quorum,
                       void (*done)(disco__fetch_t *fetch, const disco__failure_t *failure));

/* Ends what is under way, without a call back, and frees what it holds. */
void disco__fetch_end(disco__fetch_t *fetch);

#endif
