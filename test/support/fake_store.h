/* A store in memory, in the place of one of a client's: keys, a history, watches, leased keys, and
 * whether it works is said by the test. What it allocates neither fails nor counts in
 * support/heap.h. */
#ifndef TEST_SUPPORT_FAKE_STORE_H
#define TEST_SUPPORT_FAKE_STORE_H

#include "disco/context.h"

typedef struct fake_store_s fake_store_t;

/* Takes the place of client->stores[index], which is closed; freed by the client. Directories and
 * the name of the API are those of the store before it. */
fake_store_t *fake_store_install(disco_client_t *client, size_t index);

/* As another program would; each has a revision of its own, unless it shares that of the one before
 * it, as in one transaction. */
void fake_store_put(fake_store_t *fake, const char *key, const char *value);
void fake_store_delete(fake_store_t *fake, const char *key);
void fake_store_share_revision(fake_store_t *fake, bool share);
void fake_store_set_revision(fake_store_t *fake, uint64_t revision);

/* Until it works again nothing is answered and no event comes. */
void fake_store_hold(fake_store_t *fake);
/* The same, and watches are told that they are stale; operations fail: those with a time-out for
 * good, the others are tried on. */
void fake_store_fail(fake_store_t *fake, int status);
/* What is asked from now on, and what waits, is refused for good. */
void fake_store_refuse(fake_store_t *fake, int status);
/* What waited is answered. */
void fake_store_work(fake_store_t *fake);
/* Watches lose what comes between their last event and now, and are told so. */
void fake_store_lose_events(fake_store_t *fake);

/* What etcd has; NULL: nothing. Until the next change. */
const char *fake_store_value(const fake_store_t *fake, const char *key);

/* Heartbeats of a leased key are what the test says: one was acknowledged, after trouble; one
 * failed; too many did; the key is gone, by the hand of another. */
void fake_store_beat(fake_store_t *fake, const char *key);
void fake_store_fail_beat(fake_store_t *fake, const char *key, int status);
void fake_store_overdue(fake_store_t *fake, const char *key);
void fake_store_take_away(fake_store_t *fake, const char *key);

/* Operations that wait for an answer. */
size_t fake_store_waiting(const fake_store_t *fake);
/* All that were begun, since the beginning. */
size_t fake_store_begun(const fake_store_t *fake);

#endif
