/* From what a store hands out to hosts and infos. What is broken is logged, and passed over: it
 * must not hide the others. */
#ifndef DISCO_DISCO_ENTRY_H
#define DISCO_DISCO_ENTRY_H

#include "disco/context.h"
#include "disco/model.h"

/* The host under a key, with its revisions; one without a UUID gets the last segment of its key. 0;
 * UV_ENOMEM; DISCO_EPROTOCOL or DISCO_ETOOLARGE: it is broken. */
int disco__entry_read_host(disco_client_t *client, const disco_kv_t *entry, disco__host_t **host);

/* The same for a service's info; one without a name gets the service's. */
int disco__entry_read_info(disco_client_t *client, const disco_kv_t *entry,
                           disco_service_info_t **info);

/* True when an error concerns the entry alone. */
bool disco__entry_is_broken(int status);

/* What was read of a host, before it is made: its fields, or by a pattern. */
typedef struct disco__reading_s {
    disco__fields_t fields;
    const disco__pattern_t *pattern; /* NULL: the fields are set */
    disco__values_t values;
} disco__reading_t;

/* The same for the items of an answer, one after the other; the hosts get a home together. */
typedef struct disco__reader_s {
    disco_client_t *client;
    disco__reading_t reading;
    disco__maker_t maker;
    disco__buffer_t plain; /* a value that was escaped */
} disco__reader_t;

void disco__reader_init(disco__reader_t *reader, disco_client_t *client);
/* The hosts stay. */
void disco__reader_free(disco__reader_t *reader);

/* What stands inside a string of JSON, as a disco__taker_t reads it: the next item is it, should it
 * come. */
size_t disco__reader_look(disco__reader_t *reader, const char *text, size_t size);

/* As disco__entry_read_host(). */
int disco__reader_entry(disco__reader_t *reader, const disco_kv_t *entry, disco__host_t **host);

int disco__reader_host(disco__reader_t *reader, const disco__item_t *item, disco__host_t **host);
int disco__reader_info(disco__reader_t *reader, const disco__item_t *item,
                       disco_service_info_t **info);

#endif
