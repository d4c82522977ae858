/* What the files of a call share. */
#ifndef DISCO_ETCD_CALL_INTERNAL_H
#define DISCO_ETCD_CALL_INTERNAL_H

#include "etcd/call.h"

/* call.c */

/* Begins the next attempt, or waits for a token. */
void disco__call_attempt(disco__call_t *call);
/* Over; the owner is told, who may free the call. */
void disco__call_finish(disco__call_t *call);
void disco__call_time_is_up(disco__call_t *call);
/* Milliseconds until the deadline. */
uint64_t disco__call_time_left(const disco__call_t *call);
/* Not the endpoint's fault, and no better anywhere else. */
bool disco__call_is_final(int status);
/* Notes the API and the endpoint in the failure. */
void disco__call_say_whose(disco__call_t *call);

/* call_token.c */

void disco__call_told(disco__auth_wait_t *wait, disco__auth_news_t news,
                      const disco__failure_t *failure);
void disco__call_wait_for_token(disco__call_t *call);
/* The call's timer has come while it waits. */
void disco__call_time_while_waiting(disco__call_t *call);
/* The answer says so. The call has gone on, or is over. */
void disco__call_token_refused(disco__call_t *call);
/* Of an attempt that has failed: true when it is worth another, with a new token, once in a
 * call. */
bool disco__call_token_may_be_why(disco__call_t *call);

#endif
