/* Where services and hosts stand in etcd, as the Go package has it. */
#ifndef DISCO_DISCO_KEYS_H
#define DISCO_DISCO_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Each a new string, to be freed; NULL when memory is short. Names must have been checked. */
char *disco__key_of_info(const char *service);
char *disco__key_of_hosts(const char *service);
char *disco__key_of_host(const char *service, const char *uuid);

typedef enum disco__key_relation_e {
    DISCO__KEY_ELSEWHERE,
    DISCO__KEY_SAME,
    DISCO__KEY_ABOVE, /* the key is a directory that the other lies in */
    DISCO__KEY_CHILD, /* the key lies in the other, directly */
    DISCO__KEY_BELOW  /* the key lies in a directory in the other */
} disco__key_relation_t;

/* Where key lies, seen from base. */
disco__key_relation_t disco__key_relation(const char *key, const char *base);

/* The name of a key that is a child of the directory, which has no slash at its end: *name points
 * into the key. Gives its size; 0: it is no child. Neither needs a NUL behind it. */
size_t disco__key_child(const char **name, const char *key, size_t size, const char *directory,
                        size_t directory_size);

/* What stands behind the last '/'. */
const char *disco__key_last_segment(const char *key);

/* DISCO_ENAME unless the key is "/" or "/a/b..." with valid segments and at most 1,024 bytes. */
int disco__key_check(const char *key);

#endif
