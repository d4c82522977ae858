/* The TLS session that a target keeps for resumption. */
#ifndef DISCO_NET_TLS_SESSION_H
#define DISCO_NET_TLS_SESSION_H

#include "net/dial.h"

/* Forgets the session; harmless when there is none. */
void disco__session_drop(disco__target_t *target);

#endif
