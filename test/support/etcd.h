/* Real etcd servers for a test: one, or a cluster of three, on free ports of 127.0.0.1, with their
 * data in a directory of their own. They are stopped and their data is removed at the end of the
 * test, however it ends.
 *
 * Each function runs the loop until what it does is done, so none may be called from inside a
 * callback. What fails fails the test, with the end of etcd's log. The program is $UVDISCO_ETCD,
 * else etcd in the PATH. One that has no v2 API any more, as of etcd 3.6, has the tests skipped
 * that need it. */
#ifndef TEST_SUPPORT_ETCD_H
#define TEST_SUPPORT_ETCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"

#define ETCD_MOST_MEMBERS 3

typedef struct etcd_s etcd_t;

typedef struct etcd_options_s {
    size_t members; /* 0: one */
    bool without_v2;
    const char *certificate;      /* PEM file: clients are served by TLS */
    const char *key;              /* PEM file */
    const char *client_ca;        /* PEM file: clients must show a certificate of this CA */
    bool can_be_cut_off;          /* members speak to each other through proxies */
    const char *const *arguments; /* more arguments for each member, NULL at the end; NULL: none */
} etcd_options_t;

/* Skips the test if this etcd has no v2 API. etcd_start() does so too; this is for before there is
 * something to clean up. */
void etcd_needs_v2(void);

/* Gives it back when every member serves requests. options NULL: one member, v2, no TLS. */
etcd_t *etcd_start(test_loop_t *loop, const etcd_options_t *options);

/* Kills what runs, and removes everything. Before loop_close(). */
void etcd_free(etcd_t *etcd);

/* "http://127.0.0.1:2379" of one member, and of all, comma separated. */
const char *etcd_endpoint(const etcd_t *etcd, size_t member);
const char *etcd_endpoints(const etcd_t *etcd);
uint16_t etcd_port(const etcd_t *etcd, size_t member);

/* Ends a member by SIGKILL, or by SIGTERM and waiting. Its port refuses connections then. */
void etcd_kill(etcd_t *etcd, size_t member);
void etcd_terminate(etcd_t *etcd, size_t member);

/* Starts a member that was ended, with its data, on its ports; and waits until all that run serve
 * requests. */
void etcd_continue_member(etcd_t *etcd, size_t member);
/* The same without waiting. */
void etcd_launch_member(etcd_t *etcd, size_t index);
void etcd_wait_until_ready(etcd_t *etcd);

/* Kills all members, removes their data, and starts them again, empty, on the same ports. */
void etcd_wipe(etcd_t *etcd);

/* Nothing passes between this member and the others any more, either way; its clients are served
 * as far as it can. Waits until it has found out. Only with can_be_cut_off. And all is well
 * again. */
void etcd_cut_off(etcd_t *etcd, size_t member);
void etcd_rejoin(etcd_t *etcd);

/* A backup of all members' data, for which they are restarted; and back to it, on the same ports:
 * what was written since then has never been. */
void etcd_save(etcd_t *etcd);
void etcd_restore(etcd_t *etcd);

/* A member that hangs: connections stay open, new ones are accepted by the kernel, nothing is
 * answered. */
void etcd_stall(etcd_t *etcd, size_t member);
void etcd_unstall(etcd_t *etcd, size_t member);

/* The member that leads the cluster now; waits until there is one. Members that do not run are left
 * out. */
size_t etcd_leader(etcd_t *etcd);

#endif
