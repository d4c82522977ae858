/* The members of an etcd cluster that were configured, which of them is in use, and which are left
 * alone for a while. */
#ifndef DISCO_ETCD_ENDPOINTS_H
#define DISCO_ETCD_ENDPOINTS_H

#include "base/backoff.h"
#include "base/failure.h"
#include "http/pool.h"

typedef struct disco__endpoint_s {
    char *url;  /* "http://host:2379", for messages */
    char *host; /* value of the Host field */
    disco__target_t target;
    disco__pool_t pool;
    disco__backoff_t backoff;
    uint64_t avoid_until_ms; /* 0: healthy */
} disco__endpoint_t;

typedef struct disco__endpoints_options_s {
    disco__pool_options_t pool;
    uint32_t backoff_first_ms;
    uint32_t backoff_most_ms;
    const char *user; /* NULL: no authentication */
    const char *password;
} disco__endpoints_options_t;

typedef struct disco__endpoints_s {
    disco__loop_t *loop;
    disco__endpoint_t *list;
    size_t count;
    size_t current;
    uint32_t backoff_first_ms;
    uint32_t backoff_most_ms;
    char *authorization; /* value of the Authorization field, NULL: none */
} disco__endpoints_t;

/* text: comma separated, as in disco_options_t. tls: borrowed, NULL: "https://" is refused as
 * UV_EINVAL and "http://" is plain; given: all are spoken to by TLS. 0; DISCO_EENDPOINT; UV_ENOMEM;
 * UV_EINVAL: user or password cannot be sent. */
int disco__endpoints_init(disco__endpoints_t *endpoints, disco__loop_t *loop, const char *text,
                          disco__tls_t *tls, const disco__endpoints_options_t *options);

/* Nothing may be under way. */
void disco__endpoints_close(disco__endpoints_t *endpoints);

/* 0 or DISCO_EENDPOINT; *wants_tls: one of them begins with https://. */
int disco__endpoints_check(const char *text, bool *wants_tls);

/* The endpoint to try now: the one in use, unless it failed lately and another did not. */
disco__endpoint_t *disco__endpoints_pick(disco__endpoints_t *endpoints);

/* It answered: it is kept. */
void disco__endpoints_succeeded(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint);

/* It answered that it does not have what was asked for: another is in use. False: there is none
 * that did not fail lately, and it is kept. */
bool disco__endpoints_passed(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint);

/* It did not: it is left alone for a while, and the next one is in use. */
void disco__endpoints_failed(disco__endpoints_t *endpoints, disco__endpoint_t *endpoint,
                             const disco__failure_t *failure);

#endif
