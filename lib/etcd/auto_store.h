/* The store that asks etcd which API to speak, and is then one of the two others.
 *
 * Happy path: with the first operation or watch the server is asked for a key of the v2 API. Any
 * answer of that API means v2, its absence v3, if no other endpoint that can be reached has it:
 * what is in v2 is the same on all members, whichever of them serve it. What was begun meanwhile is
 * held, and handed on in its order; later on a call goes straight to the chosen store. The choice
 * is for good. Failure modes: an endpoint that cannot say is no choice: the next one is asked, as a
 * call does it. What is held is told, and ends when its own time is up, or, if it has an end, after
 * a round in which no endpoint could be connected to. */
#ifndef DISCO_ETCD_AUTO_STORE_H
#define DISCO_ETCD_AUTO_STORE_H

#include "etcd/endpoints.h"
#include "etcd/store.h"

/* endpoints: borrowed until close. v2 and v3 are closed with the store; on failure they are still
 * the caller's. attempt_ms: of asking one endpoint. 0 or UV_ENOMEM. */
int disco__auto_store_new(disco__store_t **store, disco__loop_t *loop,
                          disco__endpoints_t *endpoints, disco__store_t *v2, disco__store_t *v3,
                          uint32_t attempt_ms);

#endif
