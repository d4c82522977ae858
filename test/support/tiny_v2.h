/* The v2 half of the tiny etcd: keys in one flat list, a history for waitIndex, polls that are
 * held. */
#ifndef TEST_SUPPORT_TINY_V2_H
#define TEST_SUPPORT_TINY_V2_H

#include "support/tiny_sender.h"

#define TINY_V2_MOST_KEYS 64
#define TINY_V2_MOST_CHANGES 256
#define TINY_V2_MOST_WAITING 64

typedef struct tiny_v2_node_s {
    char *key; /* NULL: unused */
    char *value;
    unsigned created;
    unsigned modified;
} tiny_v2_node_t;

typedef struct tiny_v2_change_s {
    unsigned index;
    char *key;
    char *json; /* the whole event */
} tiny_v2_change_t;

typedef struct tiny_v2_waiting_s {
    size_t connection;
    char *key; /* NULL: unused */
    bool recursive;
} tiny_v2_waiting_t;

typedef struct tiny_v2_s {
    tiny_sender_t *sender;
    tiny_v2_node_t nodes[TINY_V2_MOST_KEYS];
    tiny_v2_change_t changes[TINY_V2_MOST_CHANGES];
    size_t change_count;
    tiny_v2_waiting_t waiting[TINY_V2_MOST_WAITING];
    unsigned index;
    unsigned forgotten; /* the history goes back to behind it */
} tiny_v2_t;

void tiny_v2_init(tiny_v2_t *v2, tiny_sender_t *sender);
void tiny_v2_free(tiny_v2_t *v2); /* what is in it */

void tiny_v2_handle(tiny_v2_t *v2, const server_request_t *request);

/* Behind the library's back. */
void tiny_v2_put(tiny_v2_t *v2, const char *key, const char *value);
void tiny_v2_delete(tiny_v2_t *v2, const char *key);
void tiny_v2_expire(tiny_v2_t *v2, const char *key);
void tiny_v2_delete_directory(tiny_v2_t *v2, const char *key);
void tiny_v2_set_index(tiny_v2_t *v2, unsigned index);
const char *tiny_v2_value(const tiny_v2_t *v2, const char *key);

#endif
