/* What the files of a registration share. */
#ifndef DISCO_DISCO_REGISTRATION_H
#define DISCO_DISCO_REGISTRATION_H

#include <uvdisco/registration.h>

#include "disco/mirror.h"
#include "disco/model.h"

/* What is to be done about the service's info. */
typedef enum disco__info_task_e {
    DISCO__INFO_DONE,
    DISCO__INFO_WRITE, /* as it is now */
    DISCO__INFO_CREATE /* unless there is one, which is then left alone */
} disco__info_task_t;

/* What is under way at etcd; one thing at a time. */
typedef enum disco__registration_step_e {
    DISCO__STEP_IDLE, /* the timer says when to go on */
    DISCO__STEP_INFO,
    DISCO__STEP_ADOPT,
    DISCO__STEP_HOST,
    DISCO__STEP_HEARTBEAT,
    DISCO__STEP_DELETE
} disco__registration_step_t;

struct disco_registration_s {
    disco_client_t *client;
    disco__queue_t node; /* in client->registrations */
    char *service;
    char *info_key;
    char *host_key;
    disco__host_t *host; /* as it is to stand in etcd */
    uint32_t ttl_s;
    bool adopt;
    disco_registration_cb cb;
    void *data;

    disco__registration_step_t step;
    disco__op_t *op;      /* of the step */
    disco__timer_t timer; /* the next step */
    disco__timer_t lease; /* the TTL since the last acknowledged heartbeat was sent */
    disco__timer_t ending_timer;
    disco__backoff_t backoff;
    disco__mirror_t info; /* followed once ready, for a public service */
    disco__info_task_t info_task;
    uint64_t changes; /* of the host; */
    uint64_t writing; /* which of them the put under way holds, */
    uint64_t written; /* and the last one that etcd has */
    bool was_ready;
    bool lost;
    bool tell_updated;
    bool tell_credentials;
    bool may_be_there; /* a put was sent: the host may be in etcd */
    bool ending;
    bool closed;
    bool held;
    disco__failure_t closed_failure;
    disco__tick_t tick;
};

static inline uint32_t disco__registration_ttl_ms(const disco_registration_t *registration)
{
    return registration->ttl_s * 1000;
}

/* registration_steps.c: what is to be done next, whenever nothing is under way. */
void disco__registration_proceed(disco_registration_t *registration);
void disco__registration_steps_init(disco_registration_t *registration);
/* Ends what is under way, without a word to etcd. */
void disco__registration_steps_stop(disco_registration_t *registration);
/* Begins to take the host out of etcd. */
void disco__registration_steps_end(disco_registration_t *registration);

/* registration.c: the registration may be closed inside. */
void disco__registration_tell(disco_registration_t *registration,
                              disco_registration_event_type_t type,
                              const disco__failure_t *failure);
/* CLOSED follows on a later turn. failure: status 0, or why the host may still be in etcd. */
void disco__registration_finish(disco_registration_t *registration,
                                const disco__failure_t *failure);

/* registration_host.c: a user's host, checked and filled in as the Go package does. uuid: NULL or
 * "" for a new one. */
int disco__registration_host(disco__host_t **filled, disco_client_t *client, const char *service,
                             const disco_host_t *host, const char *uuid);
/* The same host with other credentials. */
int disco__registration_host_with(disco__host_t **changed, const disco__host_t *host,
                                  const char *user, const char *password);
/* Those of the service's info; the host is to be written anew then. 0 or UV_ENOMEM. */
int disco__registration_take_credentials(disco_registration_t *registration,
                                         const disco_service_info_t *info);
/* What the service's info is to be, by this host; borrowed from it. */
disco_service_info_t disco__registration_info(const disco_registration_t *registration);

/* registration.c: takes the host out of etcd, then CLOSED. timeout_ms: over 0. Harmless when it is
 * ending already. */
void disco__registration_end(disco_registration_t *registration, uint32_t timeout_ms);

/* registration_follow.c: user and password of a public service. */
void disco__registration_follow_init(disco_registration_t *registration);
/* Starts or stops following, as the registration stands. */
void disco__registration_follow(disco_registration_t *registration);

#endif
