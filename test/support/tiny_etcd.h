/* A small etcd on the test's own loop, on the API that the test is on (v2 where it finds out by
 * itself): keys, a history, watches that are held, on v3 also leases. It knows no users (everybody
 * gets a token), no quorum, and no time: a key with a time to live stays until tiny_etcd_expire().
 * It never keeps the loop alive, and what it allocates neither fails nor counts in support/heap.h.
 * tiny_v2.c and tiny_v3.c have its halves. */
#ifndef TEST_SUPPORT_TINY_ETCD_H
#define TEST_SUPPORT_TINY_ETCD_H

#include "support/scripted_server.h"

typedef struct tiny_etcd_s tiny_etcd_t;

/* Steps of a request: it has come; half of its answer was sent, and a turn has passed; all of it
 * was sent, and a turn has passed. */
typedef enum tiny_moment_e { TINY_REQUEST, TINY_HALFWAY, TINY_ANSWERED } tiny_moment_t;
typedef void (*tiny_hook_t)(void *data, tiny_moment_t moment);

tiny_etcd_t *tiny_etcd_new(test_loop_t *loop);

/* Closes everything; freed while loop_close() runs. */
void tiny_etcd_free(tiny_etcd_t *etcd);

/* "http://127.0.0.1:port" */
const char *tiny_etcd_endpoint(const tiny_etcd_t *etcd);
server_t *tiny_etcd_server(tiny_etcd_t *etcd);

/* Behind the library's back, with both APIs on both. The value is NULL where there is no such key,
 * and must be there on both or none. What is on a lease expires together with it. */
void tiny_etcd_put(tiny_etcd_t *etcd, const char *key, const char *value);
void tiny_etcd_delete(tiny_etcd_t *etcd, const char *key);
void tiny_etcd_expire(tiny_etcd_t *etcd, const char *key);
const char *tiny_etcd_value(const tiny_etcd_t *etcd, const char *key);

/* Whether this text is in the value, with both APIs on both. */
bool tiny_etcd_has(const tiny_etcd_t *etcd, const char *key, const char *text);
/* All below it; v2: and the directory itself, in one event. */
void tiny_etcd_delete_directory(tiny_etcd_t *etcd, const char *key);
/* Watches from the past find that it is over. */
void tiny_etcd_forget_history(tiny_etcd_t *etcd);
/* As after a restore; or as a member that lags. */
void tiny_etcd_set_revision(tiny_etcd_t *etcd, unsigned revision);
unsigned tiny_etcd_revision(const tiny_etcd_t *etcd);

/* The server of the tiny etcd hands each request on; a test that does so itself may keep it. */
void tiny_etcd_handle(tiny_etcd_t *etcd, const server_request_t *request);

/* With a hook answers are sent in two halves, in turns of their own; without, at once. */
void tiny_etcd_set_hook(tiny_etcd_t *etcd, tiny_hook_t hook, void *data);

#endif
