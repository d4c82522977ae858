#include "answers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define SLOTS 4096u

static answer_t *slots[SLOTS];

static answer_t **slot_of(const bytes_t *request)
{
    uint32_t hash = 2166136261u;
    size_t i;

    for (i = 0; i < request->size; i++)
        hash = (hash ^ (unsigned char)request->data[i]) * 16777619u;
    return &slots[hash % SLOTS];
}

answer_t *answers_find(const bytes_t *request, int *is_new)
{
    answer_t **slot = slot_of(request);
    answer_t *answer;

    *is_new = 0;
    for (answer = *slot; answer != NULL; answer = answer->next)
        if (answer->request.size == request->size &&
            memcmp(answer->request.data, request->data, request->size) == 0)
            return answer;
    *is_new = 1;
    answer = bench_allocate(1, sizeof *answer);
    bytes_append(&answer->request, request->data, request->size);
    answer->next = *slot;
    *slot = answer;
    return answer;
}

void answers_drop(answer_t *answer)
{
    answer_t **link = slot_of(&answer->request);

    while (*link != answer)
        link = &(*link)->next;
    *link = answer->next;
    bytes_free(&answer->request);
    bytes_free(&answer->bytes);
    free(answer);
}
