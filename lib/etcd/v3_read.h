/* get and get_pair of the v3 store. */
#ifndef DISCO_ETCD_V3_READ_H
#define DISCO_ETCD_V3_READ_H

#include "etcd/v3_internal.h"

int disco__v3_get(disco__store_t *store, const char *key, bool recursive, bool quorum,
                  const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__v3_get_pair(disco__store_t *store, const char *key, const char *directory, bool quorum,
                       const disco__taker_t *taker, const disco__pursuit_t *pursuit,
                       disco__op_t **op);

#endif
