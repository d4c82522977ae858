/* The client as a whole: what discovery sees of it, and what it stands on. */
#ifndef DISCO_CLIENT_H
#define DISCO_CLIENT_H

#include "disco/context.h"
#include "disco/raw_watch.h"
#include "disco/registration.h"
#include "disco/subscription.h"
#include "etcd/endpoints.h"
#include "net/tls.h"

typedef struct disco__client_s {
    disco_client_t base; /* what the user holds a pointer to */
    disco__tls_t *tls;   /* NULL: plain */
    disco__endpoints_t endpoints;
    disco__timer_t shutdown_timer;
    bool shutting_down;
    bool closed;
    int close_status;
    disco_close_cb cb;
    void *data;
} disco__client_t;

/* Every option with its default put in for 0; the struct may be shorter than today's. UV_EINVAL or
 * DISCO_EOPTIONS, with given->at_fault set if the struct has it. given NULL: all defaults. */
int disco__options_complete(disco_options_t *complete, disco_options_t *given);

/* The endpoints as one text; made in buffer when it comes from a container's address. Of complete
 * options. 0 or UV_ENOMEM. */
int disco__options_endpoints(const disco_options_t *options, disco__buffer_t *buffer,
                             const char **text);

/* Names the option at fault, if the struct is long enough to hold it. */
void disco__options_blame(disco_options_t *options, const char *at_fault);

#endif
