/* Writing URLs into the user's buffer. */
#ifndef DISCO_DISCO_URL_H
#define DISCO_DISCO_URL_H

#include <uvdisco/model.h>

#include "base/buffer.h"

/* No string but hostname and those of the ports need be there. */
typedef struct disco__url_parts_s {
    const char *scheme; /* NULL, "": http, else https */
    const char *user;
    const char *password;
    const char *hostname;
    const disco_port_t *ports;
    size_t port_count;
    const char *path;
} disco__url_parts_t;

/* An IPv6 address, with or without brackets and zone. */
bool disco__url_is_ipv6(const char *hostname);

/* As include/uvdisco/model.h says of URL writers. */
int disco__url_write(const disco__url_parts_t *parts, char *buffer, size_t *size);

/* The end of every such writer: hands out text, or UV_ENOBUFS and the size needed, or the text's
 * own error. */
int disco__url_copy_out(const disco__buffer_t *text, char *buffer, size_t *size);

#endif
