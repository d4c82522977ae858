/* The v3 half of the tiny etcd: keys, leases and watches by the JSON gateway. tiny_v3.c takes
 * requests apart and has the leases, tiny_v3_keys.c the keys and transactions, tiny_v3_watch.c the
 * history and the streams. */
#ifndef TEST_SUPPORT_TINY_V3_H
#define TEST_SUPPORT_TINY_V3_H

#include "support/tiny_json.h"
#include "support/tiny_sender.h"

#define TINY_V3_MOST_KEYS 64
#define TINY_V3_MOST_LEASES 32

typedef struct tiny_v3_key_s {
    char *key;
    char *value;
    unsigned created;
    unsigned modified;
    unsigned version;
    uint64_t lease; /* 0: none */
} tiny_v3_key_t;

typedef struct tiny_v3_s {
    tiny_sender_t *sender;
    tiny_v3_key_t keys[TINY_V3_MOST_KEYS]; /* in their order */
    size_t key_count;
    unsigned revision;
    bool changing; /* the revision is that of a change under way */
    unsigned compacted;
    struct tiny_v3_change_s *changes;
    struct tiny_v3_watch_s *watches;
    struct {
        uint64_t id; /* 0: unused */
        uint64_t ttl_s;
    } leases[TINY_V3_MOST_LEASES];
    uint64_t last_lease;
} tiny_v3_t;

void tiny_v3_init(tiny_v3_t *v3, tiny_sender_t *sender);
void tiny_v3_free(tiny_v3_t *v3); /* what is in it */

void tiny_v3_handle(tiny_v3_t *v3, const server_request_t *request);

/* Behind the library's back. What is on a lease expires together with it. */
void tiny_v3_put(tiny_v3_t *v3, const char *key, const char *value);
void tiny_v3_delete(tiny_v3_t *v3, const char *key);
void tiny_v3_expire(tiny_v3_t *v3, const char *key);
void tiny_v3_delete_directory(tiny_v3_t *v3, const char *key);
void tiny_v3_set_revision(tiny_v3_t *v3, unsigned revision);
const char *tiny_v3_value(const tiny_v3_t *v3, const char *key);

/* "header":{...} */
void tiny_v3_add_header(text_t *text, const tiny_v3_t *v3);
/* Takes the body over. */
void tiny_v3_answer(tiny_v3_t *v3, size_t connection, int status, text_t body);
bool tiny_v3_has_lease(const tiny_v3_t *v3, uint64_t id);

/* tiny_v3_keys.c: {"key":...} */
void tiny_v3_add_key(text_t *text, const tiny_v3_key_t *key);
/* Whether a key is in ["key", "end"), or with end NULL is "key". */
bool tiny_v3_is_in(const char *key, const char *begin, const char *end);
/* All of a lease. */
void tiny_v3_drop_leased(tiny_v3_t *v3, uint64_t lease);
void tiny_v3_handle_range(tiny_v3_t *v3, const server_request_t *request);
void tiny_v3_handle_txn(tiny_v3_t *v3, const server_request_t *request);
void tiny_v3_free_keys(tiny_v3_t *v3);

/* tiny_v3_watch.c: notes a change for the history; previous NULL: the key is new. */
void tiny_v3_note(tiny_v3_t *v3, const tiny_v3_key_t *now, bool deleted,
                  const tiny_v3_key_t *previous);
/* The changes of this revision are complete. */
void tiny_v3_commit(tiny_v3_t *v3);
void tiny_v3_handle_watch(tiny_v3_t *v3, const server_request_t *request);
void tiny_v3_free_watches(tiny_v3_t *v3);

#endif
