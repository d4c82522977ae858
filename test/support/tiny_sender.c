/* Happy path: without a hook all is sent at once; with one, an idle handle sends half, waits a few
 * turns, calls the hook, sends the rest, waits, and calls the hook again. The answers on one
 * connection are sent one after the other. */
#include "support/tiny_sender.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/scripted_internal.h"

typedef struct reply_s {
    struct reply_s *next;
    size_t connection;
    size_t size;
    unsigned turns;
    char bytes[];
} reply_t;

static void add(text_t *text, const char *bytes, size_t size)
{
    text->bytes = realloc(text->bytes, text->size + size + 1);
    if (text->bytes == NULL)
        abort();
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add(text_t *text, const char *bytes)
{
    add(text, bytes, strlen(bytes));
}

void text_addf(text_t *text, const char *format, ...)
{
    va_list arguments;
    char *bytes;
    int size;

    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    bytes = scripted_take((size_t)size + 1);
    va_start(arguments, format);
    (void)vsnprintf(bytes, (size_t)size + 1, format, arguments);
    va_end(arguments);
    add(text, bytes, (size_t)size);
    free(bytes);
}

void text_add_json(text_t *text, const char *value)
{
    char escape[16];

    text_add(text, "\"");
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\' || (unsigned char)*value < 0x20) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)*value);
            text_add(text, escape);
        } else {
            add(text, value, 1);
        }
    }
    text_add(text, "\"");
}

static void send_half(tiny_sender_t *sender, reply_t *reply)
{
    size_t half = reply->size / 2;

    reply->turns++;
    if (reply->turns == 1)
        server_send(sender->server, reply->connection, reply->bytes, half);
    if (reply->turns == 4) {
        sender->hook(sender->hook_data, TINY_HALFWAY);
        server_send(sender->server, reply->connection, reply->bytes + half, reply->size - half);
    }
    if (reply->turns == 7)
        sender->hook(sender->hook_data, TINY_ANSWERED);
}

static bool is_first_of_its_connection(const tiny_sender_t *sender, const reply_t *reply)
{
    const reply_t *other = sender->replies;

    while (other->connection != reply->connection)
        other = other->next;
    return other == reply;
}

static void on_turn(uv_idle_t *turn)
{
    tiny_sender_t *sender = turn->data;
    reply_t **at = &sender->replies;

    while (*at != NULL) {
        reply_t *reply = *at;

        if (is_first_of_its_connection(sender, reply))
            send_half(sender, reply);
        if (reply->turns < 7) {
            at = &reply->next;
            continue;
        }
        *at = reply->next;
        free(reply);
    }
    if (sender->replies == NULL)
        (void)uv_idle_stop(turn);
}

void tiny_send(tiny_sender_t *sender, size_t connection, text_t bytes)
{
    reply_t **at = &sender->replies;

    if (sender->hook == NULL) {
        server_send(sender->server, connection, bytes.bytes, bytes.size);
        free(bytes.bytes);
        return;
    }
    while (*at != NULL)
        at = &(*at)->next;
    *at = scripted_take(sizeof **at + bytes.size);
    (*at)->connection = connection;
    (*at)->size = bytes.size;
    memcpy((*at)->bytes, bytes.bytes, bytes.size);
    free(bytes.bytes);
    (void)uv_idle_start(&sender->turn, on_turn);
    uv_unref((uv_handle_t *)&sender->turn);
}

void tiny_sender_init(tiny_sender_t *sender, test_loop_t *loop, server_t *server)
{
    sender->server = server;
    (void)uv_idle_init(&loop->uv, &sender->turn);
    uv_unref((uv_handle_t *)&sender->turn);
    sender->turn.data = sender;
}

static void on_closed(uv_handle_t *turn)
{
    tiny_sender_t *sender = turn->data;

    while (sender->replies != NULL) {
        reply_t *reply = sender->replies;

        sender->replies = reply->next;
        free(reply);
    }
    sender->closed(sender);
}

void tiny_sender_close(tiny_sender_t *sender, void (*closed)(tiny_sender_t *sender))
{
    sender->closed = closed;
    uv_close((uv_handle_t *)&sender->turn, on_closed);
}
