/* Any key of etcd. Keys are absolute paths, "/a/b"; '/' separates, and no segment may be empty, "."
 * or "..". Values are text (UTF-8): etcd's v2 API does not keep other bytes. With DISCO_API_BOTH
 * all of this is about v2's keys.
 *
 * v3 has no directories: "/a" can have a value and "/a/b" too. There the "directory" of what
 * follows is nothing by itself: it is what begins with its name and a '/'; a get that is not
 * recursive, and a watch that is not, are about the key alone; and a key that has expired is told
 * as deleted. A key with a TTL has a lease of its own, of 2 seconds at least (etcd's own limit). */
#ifndef UVDISCO_KV_H
#define UVDISCO_KV_H

#include <uvdisco/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One key. No string is NULL. */
typedef struct disco_kv_s {
    const char *key;
    const char *value; /* NUL-terminated; "" for a directory */
    size_t value_size;
    bool is_directory;
    uint64_t created_revision;
    uint64_t modified_revision;
    /* 0: none. May be negative: expired, and not yet removed. On v3 known of a put only. */
    int64_t ttl_s;
} disco_kv_t;

/* Borrowed until the callback returns. */
typedef struct disco_kv_result_s {
    /* etcd's index (v2) or revision (v3) at which this was true; 0 if etcd did not say. */
    uint64_t revision;
    /* get: the key, and for a directory what is directly in it, or with recursive all below it,
     * sorted by key; the directory itself comes first.
     * put: the key as written.
     * delete: the key as it was. */
    const disco_kv_t *entries;
    size_t entry_count;
    const disco_kv_t *previous; /* put: what the key held before; NULL: nothing */
} disco_kv_result_t;

/* status 0: result is there. Else it is NULL: UV_ECANCELED; UV_ETIMEDOUT; DISCO_EKEYNOTFOUND;
 * DISCO_EKEYEXISTS; DISCO_ECONFLICT; DISCO_EAUTH; DISCO_EREFUSED; and those of disco_get().
 * disco_client_error_detail() has etcd's code and message. */
typedef void (*disco_kv_cb)(void *data, int status, const disco_kv_result_t *result);

/* Zero means the default. */
typedef struct disco_kv_get_options_s {
    bool recursive;
    bool quorum; /* see disco_query_t */
} disco_kv_get_options_t;

typedef enum disco_kv_condition_e {
    DISCO_KV_ALWAYS = 0,
    DISCO_KV_MUST_EXIST,
    DISCO_KV_MUST_NOT_EXIST, /* not for delete */
    DISCO_KV_REVISION,       /* the key's modified_revision must be previous_revision */
    DISCO_KV_VALUE           /* the key's value must be previous_value */
} disco_kv_condition_t;

/* Zero means the default. Strings are copied. */
typedef struct disco_kv_put_options_s {
    uint32_t ttl_s; /* 0: the key stays */
    disco_kv_condition_t condition;
    uint64_t previous_revision; /* not 0 with DISCO_KV_REVISION */
    const char *previous_value; /* not NULL or "" with DISCO_KV_VALUE */
} disco_kv_put_options_t;

typedef struct disco_kv_delete_options_s {
    bool recursive; /* a directory, with all that is in it */
    disco_kv_condition_t condition;
    uint64_t previous_revision;
    const char *previous_value;
} disco_kv_delete_options_t;

/* Each of the three:
 *   key, value  copied.
 *   options     NULL: defaults.
 *   cb, data    called once; data is handed through.
 *   request     receives a handle for disco_request_cancel(), valid until cb is called; NULL
 *               allowed.
 * 0; UV_EINVAL: NULL, or options that contradict each other; UV_ENAMETOOLONG: previous_value of a
 * delete is too long to be sent (v2; while the API is not known yet, cb is given it); DISCO_ENAME:
 * key; DISCO_EVALUE: value; UV_ENOMEM; DISCO_ECLOSING.
 *
 * They are tried on other endpoints until request_timeout_ms have passed; a delete that was done by
 * an attempt whose answer was lost thus gives DISCO_EKEYNOTFOUND. A conditional write is not sent a
 * second time when its connection breaks, since the first may have been done: the error of the
 * connection is given. */
DISCO_EXTERN int disco_kv_get(disco_client_t *client, const char *key,
                              const disco_kv_get_options_t *options, disco_kv_cb cb, void *data,
                              disco_request_t **request);
DISCO_EXTERN int disco_kv_put(disco_client_t *client, const char *key, const char *value,
                              const disco_kv_put_options_t *options, disco_kv_cb cb, void *data,
                              disco_request_t **request);
DISCO_EXTERN int disco_kv_delete(disco_client_t *client, const char *key,
                                 const disco_kv_delete_options_t *options, disco_kv_cb cb,
                                 void *data, disco_request_t **request);

/* server and cluster: such as "3.4.23" and "3.4.0"; borrowed; NULL unless status is 0. */
typedef void (*disco_version_cb)(void *data, int status, const char *server, const char *cluster);

/* Which etcd is this? Asks /version of the endpoint in use, whatever the API.
 *   cb, data  called once; data is handed through.
 *   request   receives a handle for disco_request_cancel(), valid until cb is called; NULL allowed.
 * 0; UV_EINVAL: NULL; UV_ENOMEM; DISCO_ECLOSING. cb gets 0, or the errors of disco_get(). */
DISCO_EXTERN int disco_server_version(disco_client_t *client, disco_version_cb cb, void *data,
                                      disco_request_t **request);

typedef struct disco_watch_s disco_watch_t;

/* Zero means the default. */
typedef struct disco_kv_watch_options_s {
    bool recursive;
    /* The first revision wanted, such as a result's revision + 1; 0: from now on. One that lies in
     * etcd's future is taken for a history that was set back: GAP. */
    uint64_t from_revision;
} disco_kv_watch_options_t;

typedef enum disco_watch_event_type_e {
    /* entry was written; previous: what it held, NULL: nothing. */
    DISCO_WATCH_PUT = 1,
    /* entry is gone (its value is empty); previous: what it held, where etcd says so. */
    DISCO_WATCH_DELETE,
    /* The same, since its time to live has passed. */
    DISCO_WATCH_EXPIRE,
    /* etcd is being followed: at the start, and again after STALE. */
    DISCO_WATCH_SYNCED,
    /* It cannot be followed now, status says why; it is tried on and resumed where it was. Told
     * once for each kind of trouble. */
    DISCO_WATCH_STALE,
    /* Events were lost (status DISCO_ECLEARED): etcd's history does not reach back to where the
     * watch was, or the cluster is another one or was set back. The watch goes on behind revision:
     * read again what you need. */
    DISCO_WATCH_GAP,
    /* Terminal; status UV_ECANCELED. */
    DISCO_WATCH_CLOSED
} disco_watch_event_type_t;

/* Borrowed until the callback returns. */
typedef struct disco_watch_event_s {
    disco_watch_event_type_t type;
    int status;
    uint64_t revision;
    const disco_kv_t *entry; /* PUT, DELETE, EXPIRE; else NULL. A directory that goes takes all in
                                it along, in one event */
    const disco_kv_t *previous;
} disco_watch_event_t;

typedef void (*disco_watch_cb)(void *data, disco_watch_t *watch, const disco_watch_event_t *event);

/* Watches a key, which may be missing. Heartbeats of registrations are no events.
 *   key       copied.
 *   options   NULL: the key alone, from now on.
 *   cb, data  called with each event; data is handed through.
 *   watch     receives the handle, valid until the callback with CLOSED has returned; NULL allowed.
 * 0; UV_EINVAL; DISCO_ENAME; UV_ENOMEM; DISCO_ECLOSING. */
DISCO_EXTERN int disco_kv_watch(disco_client_t *client, const char *key,
                                const disco_kv_watch_options_t *options, disco_watch_cb cb,
                                void *data, disco_watch_t **watch);

/* CLOSED comes with UV_ECANCELED on a later turn. 0; UV_EINVAL; DISCO_ECLOSING: is closing already.
 */
DISCO_EXTERN int disco_watch_close(disco_watch_t *watch);

#ifdef __cplusplus
}
#endif

#endif
