/* What a watch of etcd's v2 API says: one change. Knows no loop. */
#ifndef DISCO_ETCD_V2_EVENT_H
#define DISCO_ETCD_V2_EVENT_H

#include "etcd/v2_codec.h"

typedef struct disco__v2_event_s {
    disco__v2_action_t action;
    disco_kv_t entry;
    bool has_previous;
    disco_kv_t previous;
} disco__v2_event_t;

/* The texts of the event are put where they stand in the body; nothing is allocated. with_previous:
 * what the key held before is wanted. 0; UV_ENOMEM; DISCO_EPROTOCOL: no JSON, or no node in it.
 * What else is of a wrong type is passed over. */
int disco__v2_read_event(disco__v2_event_t *event, bool with_previous, char *body, size_t size);

#endif
