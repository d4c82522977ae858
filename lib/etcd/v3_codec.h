/* Bytes of etcd's v3 API as its JSON gateway has them, in and out. Knows no loop.
 *
 * Sources: etcd 3.4.23, 3.5.35 and 3.6.16 asked; rpc.proto of etcd. Numbers of 64 bits come as
 * strings (numbers are taken too), bytes as base64, and what is zero, false or empty is left
 * out. */
#ifndef DISCO_ETCD_V3_CODEC_H
#define DISCO_ETCD_V3_CODEC_H

#include <cjson/cJSON.h>

#include <uvdisco/kv.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "etcd/store.h"
#include "etcd/v3_plain.h"
#include "json/scan.h"

/* What etcd's codes mean here; they are those of gRPC. */
typedef enum disco__v3_code_e {
    DISCO__V3_CANCELED = 1,
    DISCO__V3_UNKNOWN = 2,
    DISCO__V3_INVALID = 3,
    DISCO__V3_DEADLINE = 4,
    DISCO__V3_NOT_FOUND = 5,
    DISCO__V3_DENIED = 7,
    DISCO__V3_EXHAUSTED = 8,
    DISCO__V3_PRECONDITION = 9,
    DISCO__V3_OUT_OF_RANGE = 11,
    DISCO__V3_UNAVAILABLE = 14,
    DISCO__V3_UNAUTHENTICATED = 16
} disco__v3_code_t;

/* Fills failure from a code and etcd's message. True when the message says that the token is no
 * longer good, or was missing; failure is DISCO_EAUTH then. */
bool disco__v3_explain(disco__failure_t *failure, uint64_t code, const char *message);

/* Reads an error out of a parsed answer, in any of the shapes that 3.4, 3.5 and 3.6 have, of a
 * whole answer or of a message of a stream: {"error":"text","code":5}, {"code":5,"message":"text"},
 * {"error":{"grpc_code":14,"message":"text"}}, {"error":{"code":14,"message":"text"}}. False: it is
 * none. *token: as disco__v3_explain() gives it. */
bool disco__v3_read_error(disco__failure_t *failure, bool *token, const cJSON *answer);

/* "header" of an answer, or of one of a stream's "result". Missing numbers are 0. */
typedef struct disco__v3_header_s {
    uint64_t cluster_id;
    uint64_t member_id;
    uint64_t revision;
    uint64_t raft_term;
} disco__v3_header_t;
void disco__v3_read_header(disco__v3_header_t *header, const cJSON *object);
/* v3_header.c: the same of the value that comes next, which is the header itself. */
void disco__v3_take_header(disco__scan_t *scan, disco__v3_header_t *header);
/* The same of one that is just as etcd writes it. False: it is something
 * else, or it is not all there, which says nothing about it. */
bool disco__v3_take_plain_header(disco__plain_t *plain, disco__v3_header_t *header);

/* A key as "kvs", "kv" and "prev_kv" have it. Decodes the base64 where it stands: once only, and
 * entry points into the tree. False: its base64 is none, a key is missing, or holds a NUL byte. A
 * value with a NUL byte in it keeps its size. */
bool disco__v3_read_kv(disco_kv_t *entry, const cJSON *object);

/* ,"name":"base64" (the comma unless the buffer's last byte opens an object or array). */
void disco__v3_write_bytes(disco__buffer_t *out, const char *name, const void *bytes, size_t size);
void disco__v3_write_number(disco__buffer_t *out, const char *name, uint64_t number);
void disco__v3_write_true(disco__buffer_t *out, const char *name);
/* The comma, the name and the colon; the value is to follow. */
void disco__v3_write_name(disco__buffer_t *out, const char *name);

/* "key" and, for BELOW, "range_end": ["key/", "key0"), so that "/a" takes "/a/b" and not "/ab"; for
 * the root everything that begins with '/'. Not for KEY_AND_BELOW, which is two ranges. */
void disco__v3_write_range(disco__buffer_t *out, const char *key, disco__scope_t scope);

/* {"request_put":{...}}: lease 0: none. */
void disco__v3_write_put(disco__buffer_t *out, const char *key, const char *value, uint64_t lease,
                         bool previous);

/* "compare":[...] of a condition on a key; nothing for DISCO_KV_ALWAYS. */
void disco__v3_write_compare(disco__buffer_t *out, const char *key, disco_kv_condition_t condition,
                             uint64_t revision, const char *value);

#endif
