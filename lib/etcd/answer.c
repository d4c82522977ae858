/* Where etcd says that it is, in the head of an answer of its v2 API. */
#include "etcd/answer.h"

#include <string.h>

#include "base/text.h"

static uint64_t number_field(const disco__http_head_t *head, const char *name)
{
    const char *text = disco__http_head_field(head, name);
    uint64_t number = 0;

    if (text == NULL || !disco__text_to_u64(text, strlen(text), &number))
        return 0;
    return number;
}

void disco__answer_read_position(disco__answer_t *answer, const disco__http_head_t *head)
{
    const char *cluster = disco__http_head_field(head, "X-Etcd-Cluster-Id");

    answer->index = number_field(head, "X-Etcd-Index");
    answer->raft_index = number_field(head, "X-Raft-Index");
    answer->raft_term = number_field(head, "X-Raft-Term");
    disco__text_copy(answer->cluster, sizeof answer->cluster, disco__text_or_empty(cluster));
}
