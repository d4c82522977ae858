/* One request to etcd, tried on its endpoints in turn until there is an answer.
 *
 * Happy path: start picks an endpoint, sends, collects the body, has it examined, and calls done.
 * Failure modes: an attempt that takes too long, a connection that breaks, an endpoint that says it
 * cannot: the endpoint is left alone, the next one is tried at once, and after a round of all of
 * them the call waits (backoff with full jitter). An endpoint that does not serve the API is passed
 * over for one that may, and stays for what it serves; the call ends when there is none. It ends
 * with the last failure when its time is up, or after one round in which no endpoint could even be
 * connected to (a call without an end of its own goes on). With two targets an attempt is over when
 * both have their answer, and the next one asks for both again. A request that is not repeatable
 * ends with the first failure after which it may have been received.
 *
 * With a token: the call waits until there is one, then goes on as above; its total time counts,
 * an attempt's does not. A token that is refused is renewed, and the endpoint asked again. Nobody
 * is told of the first time, since tokens have an end, and of each further one as of a failed
 * attempt. When the user is refused, the call ends with that. */
#ifndef DISCO_ETCD_CALL_H
#define DISCO_ETCD_CALL_H

#include "base/timer.h"
#include "etcd/answer.h"
#include "etcd/auth.h"
#include "etcd/endpoints.h"

typedef struct disco__call_s disco__call_t;

typedef enum disco__verdict_e {
    DISCO__VERDICT_ANSWER,    /* this is the answer, be it an error */
    DISCO__VERDICT_AT_FAULT,  /* the endpoint is at fault: another may do better */
    DISCO__VERDICT_ELSEWHERE, /* it does not serve this API: another may; else this is the answer */
    DISCO__VERDICT_TOKEN      /* the token is no longer good */
} disco__verdict_t;

struct disco__call_s {
    /* Set by the owner between init and start. */
    const char *api; /* for failures; static; NULL: of no concern */
    const char *method;
    disco__buffer_t target;
    const char *second_target; /* asked for right behind the first, by the same endpoint, borrowed;
                                  then the call must be repeatable. NULL: none */
    const char *authorization; /* value of the field, borrowed; NULL: none */
    disco__auth_t *auth;       /* gives the field a token, borrowed; NULL: none */
    const char *fields;        /* more header lines, each with its CRLF; NULL: none */
    const char *content_type;  /* NULL: no body */
    disco__buffer_t content;
    bool repeatable;
    bool long_poll;
    bool has_position;         /* the answer's head says where etcd is: see disco__answer_t */
    disco__endpoint_t *pinned; /* NULL: any. Given: one attempt there, which settles it */
    size_t body_limit;         /* 0: the pool's */
    uint32_t attempt_ms;
    uint32_t attempt_most_ms; /* as a pursuit has it */
    uint32_t total_ms;        /* 0: no end */
    uint32_t backoff_most_ms; /* 0: the client's */
    /* Looks at a complete response (call->answer, call->body) and fills call->failure, status 0 for
     * success. */
    disco__verdict_t (*examine)(disco__call_t *call);
    void (*head)(disco__call_t *call); /* an answer with status 200 begins; what came of an earlier
                                          one is void. NULL allowed. The call may be ended inside
                                        */
    void (*chunk)(disco__call_t *call, const char *bytes,
                  size_t size); /* of such an answer, as it comes; it is then not kept in body. NULL
                                   allowed. The call may be ended inside */
    void (*retrying)(disco__call_t *call); /* call->failure; another attempt follows. NULL allowed.
                                              The call may be ended inside */
    void (*first)(disco__call_t *call);    /* of two answers the first is complete: as done, but the
                                              second follows. The call may be ended inside */
    void (*done)(disco__call_t *call); /* call->failure, call->answer, call->body. The call may be
                                          freed or started again */

    /* Results. */
    disco__failure_t failure;
    disco__answer_t answer;
    disco__buffer_t body;
    uint64_t sent_ms;
    disco__endpoint_t *endpoint; /* of the last attempt; NULL: there was none */

    /* The call's own. */
    disco__endpoints_t *endpoints;
    disco__http_request_t request; /* in_second: of two answers the first has come */
    disco__timer_t timer;
    disco__backoff_t backoff;
    uint64_t deadline_ms;
    size_t attempts;
    size_t lacking;  /* answers of endpoints that do not serve the API */
    size_t silences; /* attempts, one after the other, whose request was taken and not answered */
    bool sent;       /* the attempt's was */
    bool reached;    /* since the round began, an endpoint could be connected to */
    bool unreached;  /* while retrying is called: a round is over in which none could */
    bool sending;
    int early_error;         /* the request could not even be written */
    disco__auth_wait_t wait; /* for a token */
    uint64_t token;          /* generation of the one that the attempt has; 0: none */
    uint32_t refusals;       /* of tokens, one after the other */
    bool doubted;            /* a token was, and the call is asked again */
    bool troubled;           /* the wait goes on, and who asked is to be told */
    bool ending;             /* call->failure says why */
};

void disco__call_init(disco__call_t *call, disco__endpoints_t *endpoints);

/* 0; UV_ENOMEM; UV_ENAMETOOLONG: a request line that etcd would not take. done comes later. A call
 * that is done may be started again. */
int disco__call_start(disco__call_t *call);

/* Ends the call without a call back, and frees what it holds. Harmless when it is over, or was only
 * initialised. */
void disco__call_end(disco__call_t *call);

/* The same, and initialises it anew; a little memory is kept, wiped, for the next use. */
void disco__call_renew(disco__call_t *call);

/* Ends the call without a call back, but frees nothing: it may be started again. */
void disco__call_stop(disco__call_t *call);

/* To be told by who finds, in an answer with status 200, that etcd has refused the token: the next
 * attempt has another. False: there is no user that could be given a token. */
bool disco__call_refuse_token(disco__call_t *call);

/* Ends the attempt under way of a long poll and begins another, as if nothing had been sent. */
void disco__call_restart(disco__call_t *call);

#endif
