/* The client as discovery sees it: its loop, its store, and what is under way. */
#ifndef DISCO_DISCO_CONTEXT_H
#define DISCO_DISCO_CONTEXT_H

#include <uvdisco/client.h>

#include "base/loop.h"
#include "base/spares.h"
#include "base/strmap.h"
#include "base/tick.h"
#include "base/timer.h"
#include "disco/pattern.h"
#include "etcd/store.h"

#define DISCO__STORES_MOST 2

typedef struct disco__settings_s {
    uint32_t attempt_ms;
    uint32_t request_ms;
    uint32_t backoff_first_ms;
    uint32_t backoff_most_ms;
    size_t max_value_bytes;
    char *hostname; /* NULL: ask the system */
} disco__settings_t;

struct disco_client_s {
    disco__loop_t loop;
    disco__spares_t *spares;    /* blocks for snapshots */
    disco__patterns_t patterns; /* of the hosts that it reads */
    /* One, or with both APIs two, of which the first has the raw keys. */
    disco__store_t *stores[DISCO__STORES_MOST];
    size_t store_count;
    bool failing[DISCO__STORES_MOST]; /* the last lookup had to go without this store */
    disco__settings_t settings;
    disco__queue_t requests;
    disco__queue_t registrations;
    size_t ending_count; /* registrations that are ending */
    size_t behind_count; /* sides of others that wait for one of them */
    disco__queue_t subscriptions;
    disco__queue_t watches;
    disco__strmap_t fetches;  /* lookups under way, by what they ask for */
    disco__failure_t failure; /* the last one a callback was given */
    disco_error_detail_t detail;
    bool refusing; /* is being closed: nothing new is begun */
    /* A registration is gone; during a shutdown the last one lets the client close. status: as its
     * CLOSED had. */
    void (*registration_ended)(disco_client_t *client, int status);
};

/* To be called just before a user's callback that is given an error. */
void disco__client_set_failure(disco_client_t *client, const disco__failure_t *failure);

/* UV_ECANCELED and the like, of which there is no more to say. */
void disco__client_set_status(disco_client_t *client, int status);

/* UV_EINVAL for NULL, DISCO_ECLOSING when the client refuses, else 0. */
int disco__client_check(const disco_client_t *client);

/* What every one-shot has in common; the first member of each kind. */
struct disco_request_s {
    disco_client_t *client;
    disco__queue_t node; /* in client->requests */
    disco__tick_t tick;
    bool cancelled;
    void (*stop)(disco_request_t *request); /* ends what is under way, without a call back */
    void (*finish)(disco_request_t *request, int status); /* frees the request and calls back */
};

/* Begins: the loop is kept alive until the request has finished. */
void disco__request_begin(disco_request_t *request, disco_client_t *client,
                          void (*stop)(disco_request_t *request),
                          void (*finish)(disco_request_t *request, int status));

/* To be called first by finish. */
void disco__request_end(disco_request_t *request);

/* The pursuit of one-shots: the client's time-outs. done and data are left to set. */
disco__pursuit_t disco__client_pursuit(const disco_client_t *client);

#endif
