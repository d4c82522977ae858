#include "http/writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/text.h"

#define EACH (UINT64_MAX / 255) /* 1 in every byte */
#define HIGH (EACH * 0x80)

/* A byte below `least`, or DEL: eight at a time, since requests are many. */
static bool has_byte_below(const char *text, unsigned char least)
{
    size_t left = strlen(text);

    for (; left >= sizeof(uint64_t); text += sizeof(uint64_t), left -= sizeof(uint64_t)) {
        uint64_t eight;
        uint64_t not_del;

        memcpy(&eight, text, sizeof eight);
        not_del = eight ^ EACH * 0x7f;
        if ((((eight - EACH * least) & ~eight) | ((not_del - EACH) & ~not_del)) & HIGH)
            return true;
    }
    for (; left > 0; text++, left--) {
        if ((unsigned char)*text < least || *text == 0x7f)
            return true;
    }
    return false;
}

static bool has_control_byte(const char *text)
{
    return has_byte_below(text, ' ');
}

static bool is_word(const char *text)
{
    return *text != '\0' && !has_byte_below(text, ' ' + 1);
}

static bool is_fit_to_send(const disco__http_message_t *message)
{
    if (!is_word(message->method) || !is_word(message->target) || !is_word(message->host))
        return false;
    if (message->authorization != NULL && has_control_byte(message->authorization))
        return false;
    return message->content_type == NULL || !has_control_byte(message->content_type);
}

/* More than what the fixed parts of a request take, the digits of the length included. */
#define FIXED_PARTS 160

/* What a message takes at most, with this target. */
static bool add_size(size_t *size, const disco__http_message_t *message, const char *target)
{
    const char *parts[] = {message->method,        target,          message->host,
                           message->authorization, message->fields, message->content_type};
    size_t i;

    if (!disco__size_add(*size, FIXED_PARTS, size))
        return false;
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!disco__size_add(*size, strlen(disco__text_or_empty(parts[i])), size))
            return false;
    }
    return message->content_type == NULL || disco__size_add(*size, message->body_size, size);
}

static void append_field(disco__buffer_t *out, const char *name, const char *value)
{
    disco__buffer_append_text(out, name);
    disco__buffer_append_text(out, ": ");
    disco__buffer_append_text(out, value);
    disco__buffer_append_text(out, "\r\n");
}

static void append_message(disco__buffer_t *out, const disco__http_message_t *message,
                           const char *target)
{
    disco__buffer_append_text(out, message->method);
    disco__buffer_append_char(out, ' ');
    disco__buffer_append_text(out, target);
    disco__buffer_append_text(out, " HTTP/1.1\r\n");
    append_field(out, "Host", message->host);
    if (message->authorization != NULL)
        append_field(out, "Authorization", message->authorization);
    if (message->fields != NULL)
        disco__buffer_append_text(out, message->fields);
    if (message->content_type != NULL) {
        append_field(out, "Content-Type", message->content_type);
        disco__buffer_append_text(out, "Content-Length: ");
        disco__buffer_append_number(out, message->body_size);
        disco__buffer_append_text(out, "\r\n");
    }
    disco__buffer_append_text(out, "\r\n");
    if (message->content_type != NULL)
        disco__buffer_append(out, message->body, message->body_size);
}

int disco__http_write(disco__buffer_t *out, const disco__http_message_t *message)
{
    size_t size = 0;
    int rv;

    if (!is_fit_to_send(message))
        return UV_EINVAL;
    rv = add_size(&size, message, message->target) ? disco__buffer_reserve(out, size) : UV_ENOMEM;
    if (rv != 0)
        return rv;
    append_message(out, message, message->target);
    return out->error;
}

int disco__http_write_two(disco__buffer_t *out, const disco__http_message_t *message,
                          const char *second_target, size_t *second_at)
{
    size_t size = 0;
    int rv;

    if (!is_fit_to_send(message) || !is_word(second_target))
        return UV_EINVAL;
    if (!add_size(&size, message, message->target) || !add_size(&size, message, second_target))
        return UV_ENOMEM;
    rv = disco__buffer_reserve(out, size);
    if (rv != 0)
        return rv;
    append_message(out, message, message->target);
    *second_at = out->size;
    append_message(out, message, second_target);
    return out->error;
}

int disco__http_write_basic(disco__buffer_t *out, const char *user, const char *password)
{
    size_t user_size = strlen(user);
    size_t size;
    disco__buffer_t plain;
    int rv;

    if (strchr(user, ':') != NULL || has_control_byte(user) || has_control_byte(password))
        return UV_EINVAL;
    if (!disco__size_add(user_size, strlen(password), &size) || !disco__size_add(size, 1, &size) ||
        size > SIZE_MAX / 2)
        return UV_ENOMEM;
    disco__buffer_init(&plain);
    rv = disco__buffer_reserve(&plain, size);
    if (rv == 0)
        rv = disco__buffer_reserve(out, sizeof "Basic " + (size / 3 + 1) * 4);
    if (rv == 0) {
        disco__buffer_append_text(&plain, user);
        disco__buffer_append_char(&plain, ':');
        disco__buffer_append_text(&plain, password);
        disco__buffer_append_text(out, "Basic ");
        rv = disco__base64_encode(out, plain.bytes, plain.size);
    }
    disco__buffer_free_secret(&plain);
    return rv;
}
