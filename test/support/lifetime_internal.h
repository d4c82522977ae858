/* What the two files of lifetime.h share. */
#ifndef TEST_SUPPORT_LIFETIME_INTERNAL_H
#define TEST_SUPPORT_LIFETIME_INTERNAL_H

#include <uvdisco.h>

#include "support/lifetime.h"
#include "support/test.h"
#include "support/tiny_etcd.h"

#define MOST_ONES 64
#define LIFE_SERVICE "shop"
#define LIFE_UUID "own-host"
#define LIFE_OTHER_KEY "/services/shop/other"
#define LIFE_WATCHED_KEY "/watched/a"

typedef enum kind_e { KIND_SHOT, KIND_REGISTRATION, KIND_SUBSCRIPTION, KIND_WATCH } kind_t;

struct life_s;

/* A one-shot or a long-lived object. */
typedef struct one_s {
    struct life_s *life;
    kind_t kind;
    int status;    /* of the call that began it */
    bool returned; /* that call */
    bool over;
    unsigned told; /* bit for each type of event */
    disco_request_t *request;
    disco_registration_t *registration;
    disco_subscription_t *subscription;
    disco_watch_t *watch;
} one_t;

typedef struct life_s {
    test_loop_t loop;
    tiny_etcd_t *etcd;
    disco_client_t *client;
    uv_idle_t turn;
    one_t ones[MOST_ONES];
    size_t one_count;
    one_t *registration; /* those of the plan; NULL: not a part */
    one_t *subscription;
    one_t *watch;
    unsigned parts;
    unsigned stage;
    bool client_ending; /* it was asked to close or shut down */
    bool client_closing;
    bool closed; /* the close callback came */
    bool stage_over;
    life_when_t when;
    life_act_t act;
    size_t moment; /* at which the act is done; 0: never */
    size_t moments;
    bool acted;
} life_t;

/* One of the moments of that kind has come: does the act if it is the one. */
void life_pass(life_t *life, life_when_t when);

/* Each begins what its name says, or finds the client closing. */
void life_begin_one_shots(life_t *life);
one_t *life_begin_registration(life_t *life, const char *service, const char *uuid);
one_t *life_begin_subscription(life_t *life);
one_t *life_begin_watch(life_t *life);

/* Changes the host of all registrations. */
void life_update(life_t *life, const char *shard);

/* Ends what is not over yet; unregister: registrations politely. */
void life_end_all(life_t *life, bool shots, bool objects, bool unregister);

void life_close_client(life_t *life);

#endif
