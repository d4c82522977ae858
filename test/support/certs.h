/* Certificates made on the spot: EC P-256, in PEM, in memory, and in files of a directory that is
 * removed at the end of the test.
 *
 * For a real etcd:
 *
 *     identity_t *ca = identity_new(&(identity_spec_t){.name = "test CA", .ca = true});
 *     identity_t *server = identity_new(&(identity_spec_t){
 *         .name = "etcd", .names = "localhost,127.0.0.1,::1", .issuer = ca});
 *     etcd_options_t options = {.certificate = certs_write("server.pem", server->certificate),
 *                               .key = certs_write("server.key", server->key),
 *                               .client_ca = certs_write("ca.pem", ca->certificate)};
 *
 * What is allocated neither fails nor counts in support/heap.h. */
#ifndef TEST_SUPPORT_CERTS_H
#define TEST_SUPPORT_CERTS_H

#include <stdbool.h>
#include <stddef.h>

/* A certificate and its key. Both are freed at the end of the test. */
typedef struct identity_s {
    char *certificate; /* PEM */
    char *key;         /* PEM */
    char *subject;     /* "CN=..." */
} identity_t;

typedef struct identity_spec_s {
    const char *name;  /* common name */
    const char *names; /* subjectAltName: DNS names and IP addresses, comma separated; NULL: none */
    const identity_t *issuer; /* NULL: self-signed */
    bool ca;
    int from_days; /* validity, from today; both 0: from yesterday for ten days */
    int until_days;
    const identity_t *key_of; /* takes the key of another; NULL: a new key */
} identity_spec_t;

identity_t *identity_new(const identity_spec_t *spec);

/* Two or more PEM texts in a row; freed at the end of the test. */
char *certs_join(const char *first, const char *second);

/* Base64 of a text; freed at the end of the test. */
char *certs_base64(const char *text);

/* Writes a file, in place of one of that name, under a new inode; gives its path, which is freed at
 * the end of the test. */
const char *certs_write(const char *name, const char *text);

/* The path that certs_write() uses; the file need not be there. */
const char *certs_path(const char *name);

#endif
