/* Messages of a v3 watch stream, in and out. Knows no loop. */
#ifndef DISCO_ETCD_V3_WATCH_CODEC_H
#define DISCO_ETCD_V3_WATCH_CODEC_H

#include "etcd/v3_codec.h"
#include "json/member.h"

typedef struct disco__v3_create_s {
    const char *key;
    disco__scope_t scope;
    uint64_t id;
    uint64_t start_revision; /* 0: from now on */
    bool previous;
} disco__v3_create_t;

/* etcd's revisions have 63 bits. When it is asked for more it reads nothing behind that, so that
 * the watches which follow are never created (3.4.23). */
#define DISCO__V3_REVISION_MOST INT64_MAX

/* {"create_request":{...}}; several follow each other without anything between them. The range of
 * KEY_AND_BELOW is one, so that events come in their order; it holds neighbours such as "/a-b" for
 * "/a" as well. */
void disco__v3_write_create(disco__buffer_t *out, const disco__v3_create_t *create);

/* The watch id of messages that belong to no watch: etcd's -1. */
#define DISCO__V3_NO_WATCH UINT64_MAX

/* A key as "kv" and "prev_kv" have it, where it stands. */
typedef struct disco__v3_pair_s {
    bool is_there; /* it, and not null */
    bool is_object;
    bool has_good_key;
    bool has_good_value;
    disco__span_t key;
    disco__span_t value;
    disco__number_t created;
    disco__number_t modified;
} disco__v3_pair_t;

/* Of the type the last is looked at, but all must be such. */
typedef struct disco__v3_type_s {
    disco__number_t number;
    disco__span_t name; /* of no bytes: the last is none */
    bool is_name;
    bool is_number;
} disco__v3_type_t;

/* An event where it stands. */
typedef struct disco__v3_found_s {
    disco__v3_pair_t pair;
    disco__v3_pair_t previous;
    disco__v3_type_t type;
} disco__v3_found_t;

/* cancel_reason and what events say lie in a buffer of the reader's. */
typedef struct disco__v3_message_s {
    disco__failure_t failure; /* status not 0: the stream has failed, and the rest is not set */
    bool token;               /* since the token is no longer good */
    disco__v3_header_t header;
    uint64_t watch_id;
    bool created;
    bool canceled;
    bool fragment;   /* more of the same message follows */
    bool has_events; /* and not all were read */
    uint64_t compact_revision;
    const char *cancel_reason; /* never NULL */
    disco__scan_t events;      /* behind those that were found */
    bool is_plain;             /* the events are such as disco__v3_find_plain_event() finds */
    bool is_found;             /* the next event is */
    disco__v3_found_t found;
    char *room; /* for texts; has as many bytes as the message */
} disco__v3_message_t;

/* The whole of it is held against the grammar; nothing is copied but what is read then. text:
 * borrowed for as long as the message is used, and so is texts, which is used for nothing else
 * meanwhile and may be used again for the next message. 0, DISCO_EPROTOCOL, or UV_ENOMEM. */
int disco__v3_read_message(disco__v3_message_t *message, disco__buffer_t *texts, const char *text,
                           size_t size);

/* The same for a message of events that is just as etcd writes it: gives how many bytes of the text
 * it has. 0: it is something else, or it is not all there, or memory is short, which says nothing
 * about it. */
size_t disco__v3_read_plain_message(disco__v3_message_t *message, disco__buffer_t *texts,
                                    const char *text, size_t size);
/* The event at scan->at, which is then behind it. */
bool disco__v3_find_plain_event(disco__scan_t *scan, disco__v3_found_t *found);

/* Room in texts for what a message of that size says. 0 or UV_ENOMEM. */
int disco__v3_make_room(disco__v3_message_t *message, disco__buffer_t *texts, size_t size);

/* What a message says that cancels a watch: DISCO_ECLEARED when the history is gone. True: the
 * token is no longer good. */
bool disco__v3_explain_cancel(disco__failure_t *failure, const disco__v3_message_t *message);

typedef struct disco__v3_event_s {
    bool is_good; /* else it cannot be read, and the rest but for the revision is not set */
    bool deleted;
    bool has_previous;
    uint64_t revision; /* set as far as it can be read, also when the event cannot */
    disco_kv_t entry;
    disco_kv_t previous;
} disco__v3_event_t;

/* The events of a message, one after the other; each is valid until the next is read. False: there
 * is no more. */
bool disco__v3_next_event(disco__v3_event_t *event, disco__v3_message_t *message);

#endif
