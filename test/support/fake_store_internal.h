/* What the files of the store in memory share. */
#ifndef TEST_SUPPORT_FAKE_STORE_INTERNAL_H
#define TEST_SUPPORT_FAKE_STORE_INTERNAL_H

#include "support/fake_store.h"

typedef enum state_e { WORKING, HELD, FAILING, REFUSING } state_t;

typedef struct change_s {
    char *key;
    char *value; /* NULL: deleted */
    uint64_t revision;
    uint64_t created;
} change_t;

struct fake_store_s {
    disco__store_t base;
    state_t state;
    int status;
    change_t *history;
    size_t count;
    uint64_t revision;
    bool share;
    disco__queue_t ops;
    disco__queue_t watches;
    disco__queue_t leased;
    size_t begun;
};

typedef struct fake_leased_s fake_leased_t;
typedef struct fake_op_s fake_op_t;
struct fake_op_s {
    disco__op_t base;
    disco__queue_t node;
    disco__tick_t tick;
    disco__pursuit_t pursuit;
    char *key;
    char *directory;
    bool recursive;
    disco__taker_t taker; /* take NULL: none, the result has everything */
    bool told;            /* that it fails */
    /* What a write does when the store works; frees the op. NULL: it reads. */
    void (*work)(fake_store_t *fake, fake_op_t *op);
    char *value;
    disco_kv_condition_t condition;
    fake_leased_t *leased;
    char *beside_key;
    char *beside_value;
    bool beside_once;
};

struct fake_leased_s {
    disco__leased_t base;
    disco__queue_t node;
    char *key;
    const disco__leased_events_t *events;
    void *data;
    fake_op_t *op;
};

fake_store_t *fake_store_of(disco__store_t *store);
void *fake_allocate(size_t size);
char *fake_copy(const char *text);
bool fake_find(const fake_store_t *fake, const char *key, disco_kv_t *entry);
fake_op_t *fake_op_begin(disco__store_t *store, const char *key, const disco__pursuit_t *pursuit);
void fake_op_free(fake_op_t *op);

int fake_put(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
             disco__op_t **op);
int fake_lease(disco__store_t *store, const char *key, uint64_t ttl_s,
               const disco__leased_events_t *events, void *data, disco__leased_t **leased);
int fake_lease_write(disco__leased_t *leased, const disco__leased_write_t *write,
                     const disco__pursuit_t *pursuit, disco__op_t **op);
int fake_lease_remove(disco__leased_t *leased, const disco__pursuit_t *pursuit, disco__op_t **op);
void fake_lease_close(disco__leased_t *leased);

#endif
