/* Being told when hosts of a service come and go, and a live view of them in memory.
 *
 * No event is lost or doubled: after a disconnect the watch resumes behind the last event; where
 * etcd's history does not reach back so far, the service is listed again and the difference is
 * reported. While etcd cannot be reached the view stays usable and is marked stale; nobody is
 * declared down because the network broke.
 *
 * With DISCO_API_BOTH the view is what both registries have together, united as disco_get() does: a
 * host is UP when it is first in either, DOWN when it is in neither any more, CHANGED when what is
 * taken of it changes. One that is moved from v2 to v3 goes DOWN and UP only if it was in neither
 * for a moment. The view is STALE as long as one registry cannot be followed, and keeps the hosts
 * last known there. */
#ifndef UVDISCO_SUBSCRIPTION_H
#define UVDISCO_SUBSCRIPTION_H

#include <uvdisco/client.h>
#include <uvdisco/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct disco_subscription_s disco_subscription_t;

typedef enum disco_subscription_filter_e {
    DISCO_SUBSCRIBE_ALL = 0,
    DISCO_SUBSCRIBE_NEW_ONLY, /* of UP, CHANGED, DOWN only UP */
    DISCO_SUBSCRIBE_DOWN_ONLY /* only DOWN */
} disco_subscription_filter_t;

/* Initialise with {0} or a designated initialiser. */
typedef struct disco_subscription_options_s {
    disco_subscription_filter_t filter;
    const char *shard; /* only its hosts are in the view and reported; copied; NULL: all */
} disco_subscription_options_t;

typedef enum disco_subscription_event_type_e {
    /* First: the service as it was found. With both APIs it does not wait for one that could not
     * be read, so that one that cannot be reached hides nothing: disco_service_is_partial(). What
     * it has is told when it comes. */
    DISCO_SUBSCRIPTION_SNAPSHOT = 1,
    /* The view is what etcd has, and followed: after SNAPSHOT, and again after STALE. On v3, should
     * etcd have compacted its history meanwhile, that shows a moment later: STALE (DISCO_ECLEARED)
     * comes once more, then the difference, and SYNCED. */
    DISCO_SUBSCRIPTION_SYNCED,
    /* A host came. */
    DISCO_SUBSCRIPTION_UP,
    /* A host was rewritten; previous is what it was. */
    DISCO_SUBSCRIPTION_CHANGED,
    /* A host went: deleted, expired, or no longer readable; host is what it was. */
    DISCO_SUBSCRIPTION_DOWN,
    /* The service's own info changed; see service. */
    DISCO_SUBSCRIPTION_INFO,
    /* etcd cannot be followed now, status says why; it is tried on. Told once for each kind of
     * trouble; with both APIs, of each of them, api says which. SYNCED follows when both can
     * be followed. */
    DISCO_SUBSCRIPTION_STALE,
    /* Terminal; status UV_ECANCELED. */
    DISCO_SUBSCRIPTION_CLOSED
} disco_subscription_event_type_t;

/* Borrowed until the callback returns. */
typedef struct disco_subscription_event_s {
    disco_subscription_event_type_t type;
    int status;                     /* STALE, CLOSED; else 0 */
    const disco_service_t *service; /* the view with the event in it; NULL before SNAPSHOT */
    const disco_host_t *host;       /* UP, CHANGED, DOWN; else NULL */
    const disco_host_t *previous;   /* CHANGED; else NULL */
    const char *api; /* STALE: "v2" or "v3", the API that it is about ("auto": not chosen yet); else
                        NULL */
} disco_subscription_event_t;

typedef void (*disco_subscription_cb)(void *data, disco_subscription_t *subscription,
                                      const disco_subscription_event_t *event);

/* Subscribes. While etcd cannot be reached before the first snapshot, STALE comes with the
 * failure's status, and it is tried on, for as long as it takes.
 *   service       name; copied.
 *   options       NULL: everything.
 *   cb, data      called with each event; data is handed through.
 *   subscription  receives the handle, valid until the callback with CLOSED has returned; NULL
 *                 allowed.
 * 0; UV_EINVAL; DISCO_ENAME: service, or shard; UV_ENOMEM; DISCO_ECLOSING. */
DISCO_EXTERN int disco_subscribe(disco_client_t *client, const char *service,
                                 const disco_subscription_options_t *options,
                                 disco_subscription_cb cb, void *data,
                                 disco_subscription_t **subscription);

/* Ends it: CLOSED comes with UV_ECANCELED on a later turn. 0; UV_EINVAL; DISCO_ECLOSING: is closing
 * already. */
DISCO_EXTERN int disco_subscription_close(disco_subscription_t *subscription);

/* The live view, without a round trip and without allocating: borrowed until the next turn of the
 * loop, or kept by disco_service_ref(). NULL before the first snapshot: never an empty service
 * because nothing is known yet. */
DISCO_EXTERN const disco_service_t *
disco_subscription_service(const disco_subscription_t *subscription);

typedef enum disco_view_state_e {
    DISCO_VIEW_NEVER_SYNCED = 0, /* nothing is known yet */
    DISCO_VIEW_FRESH,            /* followed, with hosts */
    DISCO_VIEW_CONFIRMED_EMPTY,  /* followed, and etcd says that there is no host */
    DISCO_VIEW_STALE /* was synced once and is not followed now; hosts are the last known */
} disco_view_state_t;

/* *stale_ms, if not NULL, receives for how long the view has been stale (never synced: since the
 * subscription began), else 0. NULL gives DISCO_VIEW_NEVER_SYNCED. */
DISCO_EXTERN disco_view_state_t disco_subscription_state(const disco_subscription_t *subscription,
                                                         uint64_t *stale_ms);

#ifdef __cplusplus
}
#endif

#endif
