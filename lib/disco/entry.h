/* From what a store hands out to hosts and services. */
#ifndef DISCO_DISCO_ENTRY_H
#define DISCO_DISCO_ENTRY_H

#include "disco/context.h"
#include "disco/model.h"
#include "disco/service.h"

/* The host under a key, with its revisions; one without a UUID gets the last segment of its key. 0;
 * UV_ENOMEM; DISCO_EPROTOCOL or DISCO_ETOOLARGE: it is broken, which is logged. */
int disco__entry_read_host(disco_client_t *client, const disco_kv_t *entry, disco__host_t **host);

/* The same for a service's info; one without a name gets the service's. */
int disco__entry_read_info(disco_client_t *client, const disco_kv_t *entry,
                           disco_service_info_t **info);

/* True when an error concerns the entry alone. */
bool disco__entry_is_broken(int status);

/* Fills a service without hosts from a listing of its directory. 0 or UV_ENOMEM. */
int disco__entry_fill_service(disco_client_t *client, disco_service_t *service,
                              const disco__result_t *listing, const char *directory);

#endif
