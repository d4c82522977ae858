/* put, remove and version of the v3 store. */
#ifndef DISCO_ETCD_V3_WRITE_H
#define DISCO_ETCD_V3_WRITE_H

#include "etcd/v3_internal.h"

int disco__v3_put(disco__store_t *store, const disco__put_t *put, const disco__pursuit_t *pursuit,
                  disco__op_t **op);
int disco__v3_remove(disco__store_t *store, const disco__delete_t *remove,
                     const disco__pursuit_t *pursuit, disco__op_t **op);
int disco__v3_version(disco__store_t *store, const disco__pursuit_t *pursuit, disco__op_t **op);

#endif
