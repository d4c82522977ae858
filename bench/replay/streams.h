/* Events recorded from watches of a real etcd, one a line, each as etcd sent it:
 *   v3  the messages of a watch stream of POST /v3/watch
 *   v2  the bodies of GET /v2/keys/services/<service>?wait=true */
#ifndef REPLAY_STREAMS_H
#define REPLAY_STREAMS_H

#include "bytes.h"

/* NULL: there are none. What cannot be read ends the program. */
void streams_load(const char *v2_file, const char *v3_file);

/* Takes from an answer of etcd what an answer to a poll repeats: the cluster and the term. */
void streams_learn(const bytes_t *answer);

/* Is this request a watch? */
int streams_is_v2_wait(const bytes_t *request);
int streams_is_v3_watch(const bytes_t *request);

/* Appends the answer to a poll: the first event at its index or after; where there is none, the
 * head alone, after which nothing comes. 1: it is the very first event, of which only the head was
 * appended, and streams_v2_event() is to follow. */
int streams_v2_answer(const bytes_t *request, bytes_t *out);
void streams_v2_event(const bytes_t *request, bytes_t *out);

/* Appends the head of the answer and "created" for each watch that is asked for; then all events,
 * from its start on, of each that watches hosts. */
void streams_v3_answer(const bytes_t *request, bytes_t *out);
void streams_v3_events(const bytes_t *request, bytes_t *out);

#endif
