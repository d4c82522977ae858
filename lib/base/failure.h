/* What went wrong, kept beside the error code until the user's callback has seen it: which
 * endpoint, what etcd said, which certificate problem. Never holds a secret. */
#ifndef DISCO_BASE_FAILURE_H
#define DISCO_BASE_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

typedef struct disco__failure_s {
    int status;         /* 0: nothing went wrong */
    int etcd_code;      /* v2's errorCode, v3's gRPC code; 0 if etcd did not speak */
    const char *api;    /* which of etcd's APIs was spoken; static; NULL: none is concerned */
    char endpoint[128]; /* "https://host:2379", "" if none is concerned */
    char message[256];  /* etcd's message and cause, or what failed; "" if the code says it all */
} disco__failure_t;

void disco__failure_clear(disco__failure_t *failure);

/* Sets status and message and forgets the etcd code; the endpoint stays. format may be NULL: no
 * message. */
DISCO_PRINTF_(3, 4)
void disco__failure_set(disco__failure_t *failure, int status, const char *format, ...);

/* Cuts to what fits. */
void disco__failure_set_endpoint(disco__failure_t *failure, const char *endpoint);

/* Kinds of trouble that were told already. Endpoints that fail in different ways take turns, so the
 * last one alone does not say what is new. */
typedef struct disco__troubles_s {
    int16_t told[8]; /* all statuses fit: libuv's lie above -4096, this library's above -20200 */
    uint16_t count;
} disco__troubles_t;

/* True when the status is new; then it is not any more. Beyond what fits, nothing is new. */
bool disco__troubles_add(disco__troubles_t *troubles, int status);

#endif
