/* What the files of a registration share. */
#ifndef DISCO_DISCO_REGISTRATION_H
#define DISCO_DISCO_REGISTRATION_H

#include <uvdisco/registration.h>

#include "base/backoff.h"
#include "disco/context.h"
#include "disco/model.h"

/* What is to be done about the service's info. */
typedef enum disco__info_task_e {
    DISCO__INFO_DONE,
    DISCO__INFO_WRITE, /* as it is now */
    DISCO__INFO_CREATE /* unless there is one, which is then left alone */
} disco__info_task_t;

/* What is under way at etcd; one thing at a time. */
typedef enum disco__registration_step_e {
    DISCO__STEP_IDLE,
    DISCO__STEP_ADOPT,
    DISCO__STEP_INFO,
    DISCO__STEP_HOST, /* the info too, if that is to be written */
    DISCO__STEP_REMOVE
} disco__registration_step_t;

/* The registration in one store: what is there, and what is to be. */
typedef struct disco__registration_side_s {
    disco_registration_t *registration;
    disco__store_t *store;
    disco__leased_t *leased; /* the host's key */
    disco__registration_step_t step;
    unsigned older_listings;
    disco__op_t *op;      /* of the step; NULL: idle */
    disco__timer_t timer; /* the next step, after a failure */
    disco__backoff_t backoff;
    disco__info_task_t info_task;
    struct disco__follower_s *follower; /* of the info; NULL: the service was never public */
    uint64_t info_changes;  /* how often there was something to be done about the info, */
    uint64_t info_writing;  /* and what the step under way does */
    uint64_t info_revision; /* of the info as written last: what is older is known */
    uint64_t writing;       /* which of the host's changes the step under way holds, */
    uint64_t written;       /* and the last one that etcd has; 0: none */
    bool adopted;           /* the info that was there was looked at */
    bool ready;             /* host and info were written */
    bool lost;
    bool removed; /* or given up, while the registration ends, */
    bool failed;  /* which it is then */
    bool behind;  /* waits for another registration to be removed */
} disco__registration_side_t;

struct disco_registration_s {
    disco_client_t *client;
    disco__queue_t node; /* in client->registrations */
    char *info_key;
    disco__host_t *host; /* as it is to stand in etcd */
    uint64_t changes;    /* of the host, from 1 */
    uint32_t ttl_s;
    int closed_status;   /* of the first failure that ended a side; else of the last there was */
    size_t adopted_from; /* the side whose info was adopted; side_count: none yet */
    disco_registration_cb cb;
    void *data;

    disco__timer_t ending_timer;
    bool adopt;
    bool was_ready;
    bool lost; /* LOST was told */
    bool tell_updated;
    bool tell_credentials;
    bool ending;
    bool closed;
    bool held;
    disco__failure_t *closed_failure; /* all of it; NULL: there was none, or no memory for it */
    disco__tick_t tick;
    size_t side_count;
    disco__registration_side_t sides[];
};

static inline const char *disco__registration_service(const disco_registration_t *registration)
{
    return registration->host->host.service_name;
}

static inline uint32_t disco__registration_ttl_ms(const disco_registration_t *registration)
{
    return registration->ttl_s * 1000;
}

/* registration_side.c */

/* 0 or UV_ENOMEM; then nothing is left to be stopped. */
int disco__registration_side_init(disco__registration_side_t *side,
                                  disco_registration_t *registration, disco__store_t *store);
/* What is to be done next, whenever nothing is under way. */
void disco__registration_proceed(disco__registration_side_t *side);
/* Why the registration may have to end without an answer. A side that has failed for good comes
 * first. */
void disco__registration_note_failure(disco__registration_side_t *side,
                                      const disco__failure_t *failure);
void disco__registration_need_info(disco__registration_side_t *side, disco__info_task_t task);
/* Ends what is under way, without a word to etcd. */
void disco__registration_side_stop(disco__registration_side_t *side);
/* Begins to take the host out of etcd. */
void disco__registration_side_end(disco__registration_side_t *side);
/* Has it look, from the loop, at what is to be done. */
void disco__registration_side_wake(disco__registration_side_t *side);

/* registration_order.c */

/* Another registration's host is still being taken out under the key: the side is woken later. */
bool disco__registration_must_wait(disco__registration_side_t *side);
void disco__registration_wait_no_more(disco__registration_side_t *side);
/* It is out on a side, or given up: those that wait for it are woken. */
void disco__registration_removal_is_over(const disco_registration_t *over);

/* registration_progress.c: the sum of the sides. In each the registration may be closed. */

/* On every side. */
void disco__registration_proceed_all(disco_registration_t *registration);
/* Tells what has come true. */
void disco__registration_progress(disco_registration_t *registration);
/* A side has lost the host, or may have. */
void disco__registration_is_lost(disco__registration_side_t *side, const disco__failure_t *failure);
/* A side has removed the host, or given up. */
void disco__registration_removed(disco__registration_side_t *side, const disco__failure_t *failure);
/* The info found on a side, entry NULL: none, is looked at before anything is written. 0, or an
 * error of reading it. */
int disco__registration_adopt(disco__registration_side_t *side, const disco_kv_t *entry);
/* The credentials of an info on one side are the host's from now on, and to be the info's on all
 * others. 0 or UV_ENOMEM. */
int disco__registration_take_credentials(disco__registration_side_t *side,
                                         const disco_service_info_t *info);

/* registration.c: what CLOSED is to say, in place of what it was to say. */
void disco__registration_note_closed(disco_registration_t *registration,
                                     const disco__failure_t *failure);

/* registration.c: the registration may be closed inside. api: NULL if no single one is concerned.
 */
void disco__registration_tell(disco_registration_t *registration,
                              disco_registration_event_type_t type, const char *api,
                              const disco__failure_t *failure);
/* CLOSED follows on a later turn. failure: status 0, or why the host may still be in etcd; NULL:
 * what was noted. */
void disco__registration_finish(disco_registration_t *registration,
                                const disco__failure_t *failure);

/* registration_host.c: a user's host, checked and filled in as the Go package does. uuid: NULL or
 * "" for a new one. */
int disco__registration_host(disco__host_t **filled, disco_client_t *client, const char *service,
                             const disco_host_t *host, const char *uuid);
/* The same host with other credentials. */
int disco__registration_host_with(disco__host_t **changed, const disco__host_t *host,
                                  const char *user, const char *password);
/* What the service's info is to be, by this host; borrowed from it. */
disco_service_info_t disco__registration_info(const disco_registration_t *registration);

/* registration.c: takes the host out of etcd, then CLOSED. timeout_ms: over 0. Harmless when it is
 * ending already. */
void disco__registration_end(disco_registration_t *registration, uint32_t timeout_ms);

/* registration_follow.c: user and password of a public service. */

/* What it takes to follow, if it is not there yet. 0 or UV_ENOMEM. */
int disco__registration_follow_prepare(disco__registration_side_t *side);
void disco__registration_follow_free(disco__registration_side_t *side);
/* Starts or stops following, as the registration stands. */
void disco__registration_follow(disco_registration_t *registration);
void disco__registration_unfollow(disco_registration_t *registration);

#endif
