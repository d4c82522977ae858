/* The token by which etcd's v3 API knows the user; all calls of a store share it. */
#ifndef DISCO_ETCD_AUTH_H
#define DISCO_ETCD_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/queue.h"

struct disco__endpoints_s;

typedef struct disco__auth_s disco__auth_t;

typedef enum disco__auth_news_e {
    DISCO__AUTH_READY,   /* it can be sent now; the wait is over */
    DISCO__AUTH_TROUBLE, /* etcd could not be asked; it is tried on */
    DISCO__AUTH_ALONE,   /* the same, and no endpoint could even be connected to */
    DISCO__AUTH_REFUSED  /* etcd does not take this user and password, or did not a moment ago; the
                            wait is over */
} disco__auth_news_t;

/* Somebody who waits for a token. */
typedef struct disco__auth_wait_s {
    disco__queue_t node;
    /* failure: of TROUBLE, ALONE and REFUSED. May come from inside disco__auth_wait(). The auth may
     * not be touched inside, and nobody be called back. */
    void (*told)(struct disco__auth_wait_s *wait, disco__auth_news_t news,
                 const disco__failure_t *failure);
} disco__auth_wait_t;

/* endpoints: borrowed. user and password: copied; password NULL: empty. attempt_ms: as of a call.
 * 0; UV_ENOMEM; UV_EINVAL: user or password is not UTF-8. */
int disco__auth_new(disco__auth_t **auth, struct disco__endpoints_s *endpoints, const char *user,
                    const char *password, uint32_t attempt_ms);

/* Nobody may wait. NULL allowed. */
void disco__auth_free(disco__auth_t *auth);

/* True: requests can be sent, *token (NULL: etcd wants none) with each; *generation, never 0, is
 * its name. False: it has to be waited for. */
bool disco__auth_ready(const disco__auth_t *auth, const char **token, uint64_t *generation);

void disco__auth_wait(disco__auth_t *auth, disco__auth_wait_t *wait);
/* Harmless for one that does not wait. */
void disco__auth_leave(disco__auth_t *auth, disco__auth_wait_t *wait);

/* etcd has taken a request with this token. */
void disco__auth_worked(disco__auth_t *auth, uint64_t generation);

/* etcd has refused a request for its token, or for having none. However many say so, there is one
 * new token. */
void disco__auth_refused(disco__auth_t *auth, uint64_t generation);

/* A request with this token got no answer at all: some versions of etcd refuse a token so. A new
 * one is asked for; where that fails, the old one is gone on with. False: there was no token, so it
 * was not for that. */
bool disco__auth_doubted(disco__auth_t *auth, uint64_t generation);

#endif
