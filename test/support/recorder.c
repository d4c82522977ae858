#include "support/recorder.h"

#include <stdlib.h>

#include "support/test.h"

void recorder_init(recorder_t *recorder, test_loop_t *loop, const char *const *names)
{
    memset(recorder, 0, sizeof *recorder);
    recorder->loop = loop;
    recorder->names = names;
}

static void wipe(told_t *told)
{
    free(told->texts[0]);
    free(told->texts[1]);
    free(told->texts[2]);
}

void recorder_free(recorder_t *recorder)
{
    size_t i;

    for (i = 0; i < recorder->count; i++)
        wipe(&recorder->list[i]);
    free(recorder->list);
    recorder->list = NULL;
    recorder->count = 0;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text != NULL ? text : "");

    assert_non_null(copy);
    return copy;
}

static bool has_come(const recorder_t *recorder)
{
    size_t i;

    for (i = recorder->read; i < recorder->count; i++) {
        int type = recorder->list[i].type;

        if (recorder->wanted == 0 ? type != recorder->passed_over : type == recorder->wanted)
            return true;
    }
    return false;
}

void recorder_add(recorder_t *recorder, const told_t *told)
{
    told_t *grown = realloc(recorder->list, (recorder->count + 1) * sizeof *grown);
    told_t *added;

    assert_non_null(grown);
    recorder->list = grown;
    added = &grown[recorder->count++];
    *added = *told;
    added->key = added->texts[0] = copy_of(told->key);
    added->value = added->texts[1] = copy_of(told->value);
    added->previous = added->texts[2] = copy_of(told->previous);
    recorder->came = recorder->came || has_come(recorder);
}

static void print_all(const recorder_t *recorder)
{
    size_t i;

    for (i = 0; i < recorder->count; i++) {
        const told_t *told = &recorder->list[i];

        print_error("%s %s %d %s %s\n", i + 1 == recorder->read ? "->" : "  ",
                    recorder->names[told->type], told->status, told->key, told->value);
    }
}

static void wait_for(recorder_t *recorder, int wanted, const char *file, int line)
{
    recorder->wanted = wanted;
    recorder->came = has_come(recorder);
    test_loop_run_until(recorder->loop, &recorder->came,
                        wanted == 0 ? "any event" : recorder->names[wanted], file, line);
}

const told_t *recorder_expect_at(recorder_t *recorder, int type, const char *file, int line)
{
    const told_t *told;

    wait_for(recorder, 0, file, line);
    do
        told = &recorder->list[recorder->read++];
    while (told->type == recorder->passed_over);
    if (told->type != type) {
        print_all(recorder);
        print_error("%s came in place of %s\n", recorder->names[told->type], recorder->names[type]);
        _fail(file, line);
    }
    return told;
}

const told_t *recorder_await_at(recorder_t *recorder, int type, const char *file, int line)
{
    const told_t *told;

    wait_for(recorder, type, file, line);
    do
        told = &recorder->list[recorder->read++];
    while (told->type != type);
    return told;
}

size_t recorder_count(const recorder_t *recorder, int type)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < recorder->count; i++)
        count += recorder->list[i].type == type ? 1 : 0;
    return count;
}
