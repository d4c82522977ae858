/* What the head of an answer says. */
#ifndef DISCO_ETCD_ANSWER_H
#define DISCO_ETCD_ANSWER_H

#include <stdint.h>

#include "http/head.h"

typedef struct disco__answer_s {
    int http_status;
    uint64_t index;      /* X-Etcd-Index; 0: there was none */
    uint64_t raft_index; /* X-Raft-Index */
    uint64_t raft_term;  /* X-Raft-Term */
    char cluster[24];    /* X-Etcd-Cluster-Id; "" */
} disco__answer_t;

/* All but the status. */
void disco__answer_read_position(disco__answer_t *answer, const disco__http_head_t *head);

#endif
