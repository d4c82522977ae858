#include "json/write.h"

#include <string.h>

#include "base/text.h"

/* How many bytes the well-formed sequence that starts here has; 0: none does. */
static size_t sequence_size(const char *at, size_t left)
{
    size_t size;

    for (size = 1; size <= 4 && size <= left; size++) {
        if (disco__text_is_utf8(at, size))
            return size;
    }
    return 0;
}

static void write_escaped(disco__buffer_t *out, unsigned code)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {
        '\\', 'u', hex[code >> 12 & 15], hex[code >> 8 & 15], hex[code >> 4 & 15], hex[code & 15]};

    disco__buffer_append(out, text, sizeof text);
}

/* The letter of a short escape, or NUL. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return '\0';
    }
}

/* Writes one character; gives how many bytes of the text it has. */
static size_t write_character(disco__buffer_t *out, const char *at, size_t left)
{
    size_t size = sequence_size(at, left);
    char letter = short_escape(*at);

    if (size == 0) {
        write_escaped(out, 0xfffd);
        return 1;
    }
    if (letter != '\0') {
        char escape[2] = {'\\', letter};

        disco__buffer_append(out, escape, sizeof escape);
    } else if ((unsigned char)*at < 0x20 || *at == '<' || *at == '>' || *at == '&') {
        write_escaped(out, (unsigned char)*at);
    } else if (size == 3 && memcmp(at, "\xe2\x80\xa8", 3) == 0) {
        write_escaped(out, 0x2028);
    } else if (size == 3 && memcmp(at, "\xe2\x80\xa9", 3) == 0) {
        write_escaped(out, 0x2029);
    } else {
        disco__buffer_append(out, at, size);
    }
    return size;
}

int disco__json_write_string(disco__buffer_t *out, const char *text)
{
    size_t left = strlen(text);

    disco__buffer_append_char(out, '"');
    while (left > 0) {
        size_t size = write_character(out, text, left);

        text += size;
        left -= size;
    }
    return disco__buffer_append_char(out, '"');
}

void disco__json_object_begin(disco__json_object_t *object, disco__buffer_t *out)
{
    object->out = out;
    object->first = true;
    disco__buffer_append_char(out, '{');
}

void disco__json_object_end(disco__json_object_t *object)
{
    disco__buffer_append_char(object->out, '}');
}

void disco__json_object_key(disco__json_object_t *object, const char *name)
{
    if (!object->first)
        disco__buffer_append_char(object->out, ',');
    object->first = false;
    (void)disco__json_write_string(object->out, name);
    disco__buffer_append_char(object->out, ':');
}

void disco__json_object_string(disco__json_object_t *object, const char *name, const char *value)
{
    disco__json_object_key(object, name);
    (void)disco__json_write_string(object->out, disco__text_or_empty(value));
}

void disco__json_object_string_unless_empty(disco__json_object_t *object, const char *name,
                                            const char *value)
{
    if (value != NULL && value[0] != '\0')
        disco__json_object_string(object, name, value);
}

void disco__json_object_bool(disco__json_object_t *object, const char *name, bool value)
{
    disco__json_object_key(object, name);
    disco__buffer_append_text(object->out, value ? "true" : "false");
}

void disco__json_object_true_only(disco__json_object_t *object, const char *name, bool value)
{
    if (value)
        disco__json_object_bool(object, name, true);
}
