/* Asks the real etcd. */
#ifndef REPLAY_FORWARD_H
#define REPLAY_FORWARD_H

#include <uv.h>

#include "answers.h"

/* status: of the HTTP answer, which is in answer->bytes as it came; 0: there is none, and why not
 * has been said on stderr. */
typedef void (*forward_cb)(answer_t *answer, unsigned status);

/* Sends the answer's request to this address. */
void forward(uv_loop_t *loop, const struct sockaddr *etcd, answer_t *answer, forward_cb cb);

#endif
