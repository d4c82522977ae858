/* A raw watch. */
#ifndef DISCO_DISCO_RAW_WATCH_H
#define DISCO_DISCO_RAW_WATCH_H

#include <uvdisco/kv.h>

#include "disco/context.h"

struct disco_watch_s {
    disco_client_t *client;
    disco__queue_t node;         /* in client->watches */
    disco__store_watch_t *watch; /* NULL: closed */
    disco__tick_t tick;
    disco_watch_cb cb;
    void *data;
};

#endif
