/* uvdisco: service discovery on etcd for programs that run a libuv loop.
 *
 * Include this file; the headers it includes are the reference manual:
 *   uvdisco/client.h        the client, its options, the contract of all callbacks, closing
 *   uvdisco/model.h         hosts, services, URLs
 *   uvdisco/lookup.h        look a service up once
 *   uvdisco/registration.h  be a host of a service, and stay one
 *   uvdisco/subscription.h  be told when hosts come and go; a live view in memory
 *   uvdisco/kv.h            any key of etcd
 *   uvdisco/error.h         errors
 *   uvdisco/version.h       version */
#ifndef UVDISCO_H
#define UVDISCO_H

#include <uvdisco/client.h>
#include <uvdisco/error.h>
#include <uvdisco/kv.h>
#include <uvdisco/lookup.h>
#include <uvdisco/model.h>
#include <uvdisco/registration.h>
#include <uvdisco/subscription.h>
#include <uvdisco/version.h>

#endif
