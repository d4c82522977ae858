/* Messages of a v3 watch stream, in and out. Knows no loop. */
#ifndef DISCO_ETCD_V3_WATCH_CODEC_H
#define DISCO_ETCD_V3_WATCH_CODEC_H

#include "etcd/v3_codec.h"

typedef struct disco__v3_create_s {
    const char *key;
    disco__scope_t scope;
    uint64_t id;
    uint64_t start_revision; /* 0: from now on */
    bool previous;
} disco__v3_create_t;

/* {"create_request":{...}}; several follow each other without anything between them. The range of
 * KEY_AND_BELOW is one, so that events come in their order; it holds neighbours such as "/a-b" for
 * "/a" as well. */
void disco__v3_write_create(disco__buffer_t *out, const disco__v3_create_t *create);

/* The watch id of messages that belong to no watch: etcd's -1. */
#define DISCO__V3_NO_WATCH UINT64_MAX

/* Text and events point into the tree. */
typedef struct disco__v3_message_s {
    cJSON *tree;
    disco__failure_t failure; /* status not 0: the stream has failed, and the rest is not set */
    bool token;               /* since the token is no longer good */
    disco__v3_header_t header;
    uint64_t watch_id;
    bool created;
    bool canceled;
    bool fragment; /* more of the same message follows */
    uint64_t compact_revision;
    const char *cancel_reason; /* never NULL */
    const cJSON *events;       /* an array; NULL: none */
} disco__v3_message_t;

/* 0, DISCO_EPROTOCOL, or UV_ENOMEM. */
int disco__v3_read_message(disco__v3_message_t *message, const char *text, size_t size);
void disco__v3_message_free(disco__v3_message_t *message);

/* What a message says that cancels a watch: DISCO_ECLEARED when the history is gone. True: the
 * token is no longer good. */
bool disco__v3_explain_cancel(disco__failure_t *failure, const disco__v3_message_t *message);

typedef struct disco__v3_event_s {
    bool deleted;
    bool has_previous;
    uint64_t revision; /* set as far as it can be read, also when the event cannot */
    disco_kv_t entry;
    disco_kv_t previous;
} disco__v3_event_t;

/* To be read once only: decodes in place. False: it cannot be read. */
bool disco__v3_read_event(disco__v3_event_t *event, const cJSON *object);

#endif
