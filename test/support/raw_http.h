/* One HTTP request over a connection of its own, for what a test does behind the library's back. */
#ifndef TEST_SUPPORT_RAW_HTTP_H
#define TEST_SUPPORT_RAW_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"

typedef struct raw_reply_s {
    int error;      /* libuv's error; 0: an answer came */
    int status;     /* 200, ... */
    char *head;     /* status line and headers */
    char *body;     /* never chunked: HTTP/1.0 is spoken */
    char *received; /* what both point into */
} raw_reply_t;

/* Runs the loop until the answer is there; so never from inside a callback. To 127.0.0.1, without
 * TLS. body NULL: none; else it is sent as a form. Give the reply back with raw_reply_free(). */
raw_reply_t raw_http(test_loop_t *loop, uint16_t port, const char *method, const char *path,
                     const char *body);
/* The same with more header lines, each with its CRLF. */
raw_reply_t raw_http_with(test_loop_t *loop, uint16_t port, const char *method, const char *path,
                          const char *fields, const char *body);
void raw_reply_free(raw_reply_t *reply);

/* Does it and asserts that the answer is a 2xx. */
void raw_http_expect(test_loop_t *loop, uint16_t port, const char *method, const char *path,
                     const char *body);

#endif
