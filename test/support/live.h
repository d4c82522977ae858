/* Live tests: an etcd, clients of it, what these are told, and what is done behind their back.
 *
 * The functions that wait run the loop, so none of them may be called from inside a callback. */
#ifndef TEST_SUPPORT_LIVE_H
#define TEST_SUPPORT_LIVE_H

#include <uvdisco.h>

#include "support/etcd.h"
#include "support/recorder.h"
#include "support/test.h"

#define LIVE_MOST_HOSTS 32

typedef struct live_s {
    test_loop_t loop;
    etcd_t *etcd;
    size_t member; /* the one that is spoken to behind the library's back */
    recorder_t *recorders;
} live_t;

void live_open(live_t *live, const etcd_options_t *options);
/* All clients must be closed. */
void live_close(live_t *live);

/* Seconds that a slow machine needs more of: under Valgrind. */
uint32_t live_seconds(uint32_t seconds);

/* All endpoints; small pauses between attempts. */
disco_options_t live_options(const live_t *live);
disco_client_t *live_client(live_t *live);
disco_client_t *live_client_with(live_t *live, disco_options_t *options);
disco_client_t *live_client_at(live_t *live, const char *endpoints);
/* Of one API, whatever the test is on. */
disco_client_t *live_client_on(live_t *live, disco_api_t api);
/* Closes it at once, and waits. */
void live_client_close(live_t *live, disco_client_t *client);
/* Takes its hosts out of etcd before, and asserts that this succeeds. */
void live_client_shutdown(live_t *live, disco_client_t *client);

/* A host that is written as {"name":name,"service_name":service,"ports":{"http":"80"},
 * "private_hostname":name,"private_ports":{"http":"80"},"uuid":uuid}. Valid until the next call. */
const disco_host_t *live_host(const char *uuid, const char *name);
/* The same, written by hand; valid until the next call. */
const char *live_host_json(const char *service, const char *uuid, const char *name);

typedef struct live_registration_s {
    recorder_t told; /* RETRYING is passed over; key: the user, value: the password */
    disco_registration_t *handle;
} live_registration_t;

/* options NULL: a TTL that is long enough. */
void live_register(live_t *live, live_registration_t *registration, disco_client_t *client,
                   const char *service, const disco_host_t *host,
                   const disco_registration_options_t *options);
/* With both APIs each side loses its host, and gets it back, for itself: one may be lost right
 * behind the RECOVERED of the other. Waits for as many RECOVERED as it takes. */
void live_await_ready(live_registration_t *registration);
/* Waits for CLOSED, and asserts that etcd has deleted the host. */
void live_unregister(live_registration_t *registration);

/* Each event is checked against those before it: no UP of a host that is there, no DOWN or CHANGED
 * of one that is not, and the view that it shows is what the events make of the snapshot. */
typedef struct live_view_s {
    recorder_t told; /* key: the UUID, value: the host's JSON */
    disco_subscription_t *handle;
    bool filtered; /* then nothing is checked */
    size_t count;
    char *uuids[LIVE_MOST_HOSTS];
    char *hosts[LIVE_MOST_HOSTS]; /* JSON */
    char *service;
} live_view_t;

void live_subscribe(live_t *live, live_view_t *view, disco_client_t *client, const char *service,
                    const disco_subscription_options_t *options);
/* Runs the loop until the view is what etcd has: by a listing, which is compared. Hosts that etcd
 * has must not change meanwhile. One UP and one DOWN for each side are its own. */
void live_view_check(live_t *live, live_view_t *view);
void live_unsubscribe(live_view_t *view);

typedef struct live_watch_s {
    recorder_t told; /* key, value */
    disco_watch_t *handle;
} live_watch_t;

void live_watch(live_t *live, live_watch_t *watch, disco_client_t *client, const char *key,
                bool recursive, uint64_t from_revision);
void live_unwatch(live_watch_t *watch);
/* What the keys' watch tells of one whose time has passed: v3 does not tell that from a
 * deletion. */
disco_watch_event_type_t live_expired(void);

/* Looks a service up; *service, if not NULL, receives a reference, or NULL. */
int live_get(live_t *live, disco_client_t *client, const char *name, const disco_query_t *query,
             disco_service_t **service);

/* Behind the library's back: on the API of the test, v2 if it has none. Where a test is on both,
 * each of the two is a side. There a host that is written by hand is on one side alone, as it is
 * while a fleet moves: on v3 if the last character of its key is odd ("a", "c", "1"), else on v2;
 * and all else is written on both. */
bool live_has_side(disco_api_t side);
size_t live_side_count(void);
disco_api_t live_side_of(const char *key);

typedef struct live_node_s {
    bool there;
    char value[2048];
    int64_t ttl_s; /* 0: none */
    uint64_t created;
    uint64_t modified;
} live_node_t;

/* On both: asserts that both sides have the same, and gives v2's numbers. */
live_node_t live_read(live_t *live, const char *key);
live_node_t live_read_on(live_t *live, disco_api_t side, const char *key);
/* ttl_s 0: none. */
void live_write(live_t *live, const char *key, const char *value, uint32_t ttl_s);
void live_write_on(live_t *live, disco_api_t side, const char *key, const char *value,
                   uint32_t ttl_s);
/* The key and all below it, on both sides; asserts that one of them had it. */
void live_delete(live_t *live, const char *key);
/* Was it there? */
bool live_delete_on(live_t *live, disco_api_t side, const char *key);

/* The hosts of a service, each once; as JSON. Given back with live_hosts_free(). */
typedef struct live_hosts_s {
    size_t count;
    char *uuids[LIVE_MOST_HOSTS];
    char *hosts[LIVE_MOST_HOSTS];
} live_hosts_t;

void live_list(live_t *live, const char *service, live_hosts_t *hosts);
void live_hosts_free(live_hosts_t *hosts);

/* So many writes of keys that have nothing to do with services; on both: on each side. */
void live_flood(live_t *live, size_t count);
/* No event of what was done until now can be read from etcd any more. */
void live_forget_history(live_t *live);
/* So many puts on v3, one behind the other; write() makes each key and value. */
#define LIVE_MOST_KEY 64
#define LIVE_MOST_VALUE 512
void live_put_all(live_t *live, size_t count,
                  void (*write)(size_t number, char key[LIVE_MOST_KEY],
                                char value[LIVE_MOST_VALUE]));
/* So many requests that are written out, one behind the other; each must be answered by a 20x. */
void live_send_all(live_t *live, char *requests, size_t size, size_t count);

#endif
