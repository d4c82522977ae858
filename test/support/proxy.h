/* A TCP proxy on the test's own loop, before an etcd of 127.0.0.1: it can be down, stall, count
 * requests, and cut a connection behind a certain byte of an answer.
 *
 * The functions that wait run the loop, so none of them may be called from inside a callback. */
#ifndef TEST_SUPPORT_PROXY_H
#define TEST_SUPPORT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"

typedef struct proxy_s proxy_t;

proxy_t *proxy_start(test_loop_t *loop, uint16_t port);

/* Closes everything and waits for that. */
void proxy_free(proxy_t *proxy);

/* "http://127.0.0.1:port" */
const char *proxy_endpoint(const proxy_t *proxy);

/* Cuts all connections, and closes those that come at once, until it is up again. */
void proxy_set_down(proxy_t *proxy, bool down);

/* Connections are accepted, and nothing is passed on, until it is over. */
void proxy_set_stalled(proxy_t *proxy, bool stalled);

/* Connections on which a certain text was sent are cut, and so are those on which it will be. NULL:
 * no more. */
void proxy_refuse(proxy_t *proxy, const char *text);

/* Of the answers to the next requests, or those under way, that hold a certain text, so many bytes
 * are passed on from now; then that connection is cut, once. */
void proxy_cut_after(proxy_t *proxy, const char *request, size_t bytes, bool reset);

/* Set when that has happened. */
const bool *proxy_has_cut(const proxy_t *proxy);

/* Bytes of such answers passed on since proxy_cut_after(), and before the next such request. */
size_t proxy_passed(const proxy_t *proxy);

/* How many connections are open whose last request holds a certain text. */
size_t proxy_open_count(const proxy_t *proxy, const char *request);

/* Waits until so many more requests that hold a certain text have passed. */
void proxy_await_requests(proxy_t *proxy, const char *request, size_t count);

/* Waits until a request that holds a certain text, the last one of its connection, is being
 * answered. */
void proxy_await_answer(proxy_t *proxy, const char *request);

#endif
