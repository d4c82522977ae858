/* What the tiny etcd sends: text put together, JSON strings, and bytes sent in two halves. */
#ifndef TEST_SUPPORT_TINY_SENDER_H
#define TEST_SUPPORT_TINY_SENDER_H

#include "support/tiny_etcd.h"

typedef struct text_s {
    char *bytes; /* with a NUL behind them; NULL: none yet */
    size_t size;
} text_t;

void text_add(text_t *text, const char *bytes);
__attribute__((format(printf, 2, 3))) void text_addf(text_t *text, const char *format, ...);
void text_add_json(text_t *text, const char *value);

typedef struct tiny_sender_s {
    server_t *server;
    tiny_hook_t hook;
    void *hook_data;
    uv_idle_t turn;
    struct reply_s *replies;
    void (*closed)(struct tiny_sender_s *sender);
} tiny_sender_t;

void tiny_sender_init(tiny_sender_t *sender, test_loop_t *loop, server_t *server);

/* Takes the bytes over. What was sent before on this connection goes first. */
void tiny_send(tiny_sender_t *sender, size_t connection, text_t bytes);

/* closed: called when the sender may be freed. */
void tiny_sender_close(tiny_sender_t *sender, void (*closed)(tiny_sender_t *sender));

#endif
