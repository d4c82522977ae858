/* Hosts and infos read by way of cJSON's tree, by the rules of disco/fields.h, slowly and
 * plainly. */
#ifndef TEST_FUZZ_TREE_HOST_H
#define TEST_FUZZ_TREE_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "disco/model.h"

/* 0 or DISCO_EPROTOCOL. */
int tree_host(disco__host_t **host, const char *json, size_t size);
int tree_info(disco_service_info_t **info, const char *json, size_t size);

#endif
