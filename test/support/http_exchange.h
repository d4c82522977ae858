/* A pool against a scripted server, and exchanges that write down what they were told. The clock is
 * turned by hand. */
#ifndef TEST_SUPPORT_HTTP_EXCHANGE_H
#define TEST_SUPPORT_HTTP_EXCHANGE_H

#include "base/timer.h"
#include "http/pool.h"
#include "support/scripted_server.h"
#include "support/test.h"

#define HTTP_IDLE_MS 5000
#define HTTP_MOST_HEADER 1000
#define HTTP_MOST_BODY 100000

typedef struct http_bench_s {
    test_loop_t loop;
    server_t *server;
    disco__loop_t base;
    disco__target_t target;
    disco__pool_t pool;
    bool pool_closed;
    bool base_closed;
} http_bench_t;

/* Two connections at most. */
void http_open(http_bench_t *bench);

/* Closes what is still open, and the loop. */
void http_close(http_bench_t *bench);

/* ON_FIRST comes of two in a row only. */
typedef enum exchange_moment_e { ON_HEAD, ON_BODY, ON_DONE, ON_FIRST } exchange_moment_t;
#define MOMENTS ON_FIRST /* that every exchange has */

typedef struct exchange_s {
    disco__http_request_t request;
    http_bench_t *bench;
    /* Called in that callback of the request, after it was written down. */
    void (*hook)(struct exchange_s *exchange, exchange_moment_t moment);
    size_t *order; /* NULL, or counts the exchanges that are done */
    size_t place;  /* in that order, from 1 */
    size_t calls[ON_FIRST + 1];
    char first[16]; /* body of the first of two */
    int http_status;
    int status;
    char message[256];
    char *body;
    size_t body_size;
    bool has_head;
    bool done;
} exchange_t;

/* The request is "GET <target>", repeatable, with a response time of one second. */
void exchange_init(exchange_t *exchange, http_bench_t *bench, const char *target);
/* Two in a row; the second is "GET <second_target>". */
void exchange_init_two(exchange_t *exchange, http_bench_t *bench, const char *target,
                       const char *second_target);
void exchange_send(exchange_t *exchange);
void exchange_wait(exchange_t *exchange);
void exchange_free(exchange_t *exchange);

/* All of these in one; the rest is for the test to look at. */
void exchange_run(exchange_t *exchange, http_bench_t *bench, const char *target);

void exchange_assert_failed(const exchange_t *exchange, int status);
void exchange_assert_answered(const exchange_t *exchange, int http_status, const char *body);

#endif
