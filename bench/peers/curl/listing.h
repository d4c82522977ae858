/* A lookup: v3: one transaction; v2: the hosts, and with info=1 the info beside them, on a
 * connection of its own. */
#ifndef CURL_LISTING_H
#define CURL_LISTING_H

#include <cjson/cJSON.h>

#include "engine.h"
#include "host.h"

typedef struct listing_s listing_t;
typedef void (*listing_cb)(listing_t *listing);

struct listing_s {
    transfer_t hosts_transfer;
    transfer_t info_transfer;
    char *request; /* v3: its body */
    hosts_t hosts;
    uint64_t index; /* that the answer is of */
    size_t wanted;  /* hosts=; 0: any number */
    unsigned waiting;
    int has_info;
    listing_cb on_done;
    void *data;
};

/* Of service=. */
void listing_open(listing_t *listing, engine_t *engine, listing_cb on_done, void *data);
void listing_close(listing_t *listing);

/* on_done is called when listing->hosts is there; another number of hosts ends the program. What
 * was there before is freed. */
void listing_start(listing_t *listing);

/* base64 of keys: "/services/<service>/" to "/services/<service>0". */
void listing_keys(const char *service, char key[600], char end[600]);

/* The value of a member that is a text, or the program ends. */
char *listing_text(const cJSON *object, const char *name);

#endif
