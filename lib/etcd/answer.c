/* Where etcd says that it is, in the head of an answer of its v2 API. */
#include "etcd/answer.h"

#include <string.h>

#include "base/text.h"

static bool is(const char *name, const char *wanted)
{
    return disco__text_equal_ignoring_case(name, strlen(name), wanted);
}

/* Of several the first that is a number counts. */
static void take_number(uint64_t *number, const char *text)
{
    if (*number == 0)
        (void)disco__text_to_u64(text, strlen(text), number);
}

void disco__answer_read_position(disco__answer_t *answer, const disco__http_head_t *head)
{
    const char *name;
    const char *value;
    size_t at = 0;

    answer->index = 0;
    answer->raft_index = 0;
    answer->raft_term = 0;
    answer->cluster[0] = '\0';
    while (disco__http_head_next(head, &at, &name, &value)) {
        if (name[0] != 'X' && name[0] != 'x')
            continue;
        if (is(name, "X-Etcd-Index"))
            take_number(&answer->index, value);
        else if (is(name, "X-Raft-Index"))
            take_number(&answer->raft_index, value);
        else if (is(name, "X-Raft-Term"))
            take_number(&answer->raft_term, value);
        else if (is(name, "X-Etcd-Cluster-Id") && answer->cluster[0] == '\0')
            disco__text_copy(answer->cluster, sizeof answer->cluster, value);
    }
}
