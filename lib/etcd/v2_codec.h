/* Bytes of etcd's v2 keys API, in and out. Knows no loop. */
#ifndef DISCO_ETCD_V2_CODEC_H
#define DISCO_ETCD_V2_CODEC_H

#include <cjson/cJSON.h>

#include <uvdisco/kv.h>

#include "base/buffer.h"
#include "base/failure.h"

typedef enum disco__v2_action_e {
    DISCO__V2_OTHER, /* get, or one that is not known */
    DISCO__V2_PUT,   /* set, create, update, compareAndSwap */
    DISCO__V2_DELETE,
    DISCO__V2_EXPIRE
} disco__v2_action_t;

/* A reply taken apart. The entries point into the tree. */
typedef struct disco__v2_reply_s {
    cJSON *tree;
    disco__v2_action_t action;
    disco_kv_t *entries; /* the node first, then what is in it */
    size_t entry_count;
    disco_kv_t previous;
    bool has_previous;
} disco__v2_reply_t;

/* 0; UV_ENOMEM; DISCO_EPROTOCOL: no JSON, or no node in it. One node with a wrong type in it does
 * not spoil the others: without a key it is passed over, without a value it is empty. */
int disco__v2_read_reply(disco__v2_reply_t *reply, const char *body, size_t size);
void disco__v2_reply_free(disco__v2_reply_t *reply);

/* Reads etcd's error body and says what it means. False when the body is none: failure is
 * untouched. *index: the "index" of the error, 0 if it has none. */
bool disco__v2_read_error(disco__failure_t *failure, uint64_t *index, const char *body,
                          size_t size);

/* "/v2/keys" and the key, percent-encoded segment by segment. A buffer error stays in the buffer.
 */
void disco__v2_write_target(disco__buffer_t *target, const char *key);

/* separator ('?', '&', or NUL for none), name, '=' and the encoded value: for a query, or for a
 * form. */
void disco__v2_write_parameter(disco__buffer_t *out, char separator, const char *name,
                               const char *value);

#endif
