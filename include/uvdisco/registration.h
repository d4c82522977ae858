/* Being a host of a service, and staying one.
 *
 * A registration is a desired state: from disco_register() until it is ended it is pursued,
 * whatever happens to etcd. The service is written first (no time to live), then the host with a
 * time to live (TTL); heartbeats every third of it keep the host. A heartbeat wakes no watcher. A
 * program that crashes is gone after one TTL; one that unregisters is gone at once.
 *
 * READY comes first, then LOST and RECOVERED in turn (with both APIs LOST may come twice, once for
 * each); CREDENTIALS and UPDATED after READY, RETRYING at any time; CLOSED last.
 *
 * On v2 each host is kept by a request of its own; on v3 all hosts of a client with the same TTL by
 * one, on one lease (whose TTL is never under 2 s: etcd's own limit). With both APIs
 * (DISCO_API_BOTH) a host is registered in both registries: READY, UPDATED and RECOVERED are told
 * when both have it, LOST for each that has lost it, CREDENTIALS when the first has the host with
 * them. One that fails is told of (RETRYING, api says which), is tried on, and does not hold the
 * other back: each is written, kept and emptied by itself. User and password that change in one are
 * written to the other, service and host; should both change at once, one of the two stays. */
#ifndef UVDISCO_REGISTRATION_H
#define UVDISCO_REGISTRATION_H

#include <uvdisco/client.h>
#include <uvdisco/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct disco_registration_s disco_registration_t;

/* Initialise with disco_registration_options_init(), then set what differs. */
typedef struct disco_registration_options_s {
    /* Time to live in seconds, 1 to 86,400; default 5, as the Go package has it. */
    uint32_t ttl_s;
    /* A service that is in etcd already is taken as it is, and its user and password are this
     * host's from the start, where without it the service is overwritten (as the Go package does),
     * by which every registration changes the credentials of all. Where both APIs have one that
     * differs, v2's counts. */
    bool adopt;
} disco_registration_options_t;

/* Sets every field to its default; does nothing for NULL. */
DISCO_EXTERN void disco_registration_options_init(disco_registration_options_t *options);

typedef enum disco_registration_event_type_e {
    /* Service and host are in etcd for the first time; with both APIs, in both. */
    DISCO_REGISTRATION_READY = 1,
    /* The host is not, or may no longer be, in etcd: etcd said so (status DISCO_EKEYNOTFOUND), or
     * the TTL has passed since the last heartbeat that etcd acknowledged was sent (DISCO_ELOST). */
    DISCO_REGISTRATION_LOST,
    /* It is again. */
    DISCO_REGISTRATION_RECOVERED,
    /* User and password of the service changed, and the host was rewritten with them. */
    DISCO_REGISTRATION_CREDENTIALS,
    /* What disco_registration_update() asked for is in etcd. */
    DISCO_REGISTRATION_UPDATED,
    /* An attempt failed, status says why; the next one follows by itself. */
    DISCO_REGISTRATION_RETRYING,
    /* Terminal. status 0: etcd has deleted the host; UV_ECANCELED: closed, or the client was; else
     * why it could not be deleted, by the first of both APIs that failed: it goes when its TTL has
     * passed. */
    DISCO_REGISTRATION_CLOSED
} disco_registration_event_type_t;

/* Borrowed until the callback returns. */
typedef struct disco_registration_event_s {
    disco_registration_event_type_t type;
    int status;
    const char *user; /* the service's, never NULL */
    const char *password;
    /* LOST, RETRYING: "v2" or "v3", the API that it is about ("auto": not chosen yet); else
     * NULL. */
    const char *api;
} disco_registration_event_t;

typedef void (*disco_registration_cb)(void *data, disco_registration_t *registration,
                                      const disco_registration_event_t *event);

/* Registers a host.
 *   service       name; copied.
 *   host          copied, and filled in as the Go package does: service_name is the service; the
 *                 private host name, if empty, is the name of a host that is not public, and for a
 *                 public one, or without a name, this machine's; private ports, if none, are the
 *                 ports; the UUID, if empty, is a new random one, '-' and the private host name.
 *                 For a public host the service gets its name, ports, user and password.
 *   options       NULL: defaults.
 *   cb, data      called with each event; data is handed through.
 *   registration  receives the handle, valid until the callback with CLOSED has returned; NULL
 *                 allowed (the host then stays until the client closes).
 * 0; UV_EINVAL: NULL, a port list that is NULL with a count, or a scheme given twice; DISCO_ENAME:
 * service, or a UUID; DISCO_EHOSTNAME: a host name that is not valid, or a public host without one;
 * DISCO_EPORT; DISCO_ESCHEME; DISCO_EVALUE: a string is not UTF-8; DISCO_ETTL: 0, or over a day;
 * UV_ENOMEM; DISCO_ECLOSING; what uv_random() or uv_os_gethostname() say. */
DISCO_EXTERN int disco_register(disco_client_t *client, const char *service,
                                const disco_host_t *host,
                                const disco_registration_options_t *options,
                                disco_registration_cb cb, void *data,
                                disco_registration_t **registration);

/* Changes the host in place, under the same UUID: ports, metadata, host names. UPDATED follows;
 * several updates before that may give one. The service's info is written too when it changes by
 * this, unless it was adopted.
 *   host  copied; as for disco_register(), but its uuid and service_name are passed over, and so
 *         are user and password of a public one: those are the service's.
 * 0; DISCO_ECLOSING: is ending; the errors of disco_register(). */
DISCO_EXTERN int disco_registration_update(disco_registration_t *registration,
                                           const disco_host_t *host);

/* Takes the host out of etcd, then CLOSED comes. One that this client registers meanwhile, of the
 * same service and UUID, is written when this one is out.
 *   timeout_ms  tried for so long, unless etcd refuses (DISCO_EAUTH, DISCO_EREFUSED), which ends it
 *               at once; 0: request_timeout_ms.
 * 0; UV_EINVAL; DISCO_ECLOSING: is ending already. */
DISCO_EXTERN int disco_unregister(disco_registration_t *registration, uint32_t timeout_ms);

/* Ends the registration without a word to etcd, where the host stays until its TTL has passed:
 * CLOSED comes with UV_ECANCELED. Cuts a disco_unregister() short.
 * 0; UV_EINVAL; DISCO_ECLOSING: is closing already. */
DISCO_EXTERN int disco_registration_close(disco_registration_t *registration);

/* The UUID, never NULL but for NULL; borrowed from the registration. */
DISCO_EXTERN const char *disco_registration_uuid(const disco_registration_t *registration);

/* True from READY or RECOVERED until LOST or the end. */
DISCO_EXTERN bool disco_registration_is_ready(const disco_registration_t *registration);

/* User and password of the service; borrowed until the next turn of the loop. 0; UV_EINVAL;
 * DISCO_ENOTREADY before READY. */
DISCO_EXTERN int disco_registration_credentials(const disco_registration_t *registration,
                                                const char **user, const char **password);

/* The host as it is to stand in etcd; borrowed until the next turn of the loop. NULL for NULL. */
DISCO_EXTERN const disco_host_t *disco_registration_host(const disco_registration_t *registration);

#ifdef __cplusplus
}
#endif

#endif
