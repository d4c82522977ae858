/* The connections of the programs that are measured. */
#ifndef REPLAY_PEER_H
#define REPLAY_PEER_H

#include <uv.h>

/* Takes connections of a listening socket, and asks etcd, at this address, for what is not recorded
 * yet. */
void peers_set_up(uv_loop_t *loop, const struct sockaddr *etcd);
void peers_accept(uv_stream_t *listener);

#endif
