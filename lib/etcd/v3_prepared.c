#include <string.h>

#include "base/alloc.h"
#include "etcd/v3_internal.h"

static void end(disco__v3_prepared_t *prepared)
{
    disco__free(prepared->key);
    disco__free(prepared->directory);
    disco__buffer_free(&prepared->content);
    memset(prepared, 0, sizeof *prepared);
}

void disco__v3_prepared_free(disco__v3_store_t *store)
{
    size_t i;

    for (i = 0; i < DISCO__V3_PREPARED; i++)
        end(&store->prepared[i]);
}

const disco__buffer_t *disco__v3_prepared(const disco__v3_store_t *store, const char *key,
                                          const char *directory, bool serializable)
{
    size_t i;

    for (i = 0; i < DISCO__V3_PREPARED; i++) {
        const disco__v3_prepared_t *prepared = &store->prepared[i];

        if (prepared->key != NULL && prepared->serializable == serializable &&
            strcmp(prepared->directory, directory) == 0 && strcmp(prepared->key, key) == 0)
            return &prepared->content;
    }
    return NULL;
}

void disco__v3_prepare(disco__v3_store_t *store, const char *key, const char *directory,
                       bool serializable, const disco__buffer_t *content)
{
    disco__v3_prepared_t *prepared = &store->prepared[store->next_prepared];

    end(prepared);
    prepared->key = disco__strdup(key);
    prepared->directory = disco__strdup(directory);
    prepared->serializable = serializable;
    disco__buffer_init(&prepared->content);
    if (content->error != 0 || prepared->key == NULL || prepared->directory == NULL ||
        disco__buffer_append(&prepared->content, content->bytes, content->size) != 0) {
        end(prepared);
        return;
    }
    store->next_prepared = (store->next_prepared + 1) % DISCO__V3_PREPARED;
}
