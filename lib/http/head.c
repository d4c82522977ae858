#include "http/head.h"

#include <string.h>

#include "base/text.h"

/* Of the fields of an answer of etcd, whichever it is: a connection that has had one has room for
 * all. */
#define USUAL_SIZE 255

void disco__http_head_init(disco__http_head_t *head, size_t limit)
{
    head->status = 0;
    disco__buffer_init_limited(&head->fields, limit);
}

void disco__http_head_free(disco__http_head_t *head)
{
    disco__buffer_free(&head->fields);
}

void disco__http_head_clear(disco__http_head_t *head)
{
    head->status = 0;
    disco__buffer_clear(&head->fields);
}

void disco__http_head_append(disco__http_head_t *head, const char *bytes, size_t size)
{
    if (head->fields.bytes == NULL && head->fields.limit == 0)
        (void)disco__buffer_reserve(&head->fields, USUAL_SIZE);
    (void)disco__buffer_append(&head->fields, bytes, size);
}

void disco__http_head_end_name(disco__http_head_t *head)
{
    (void)disco__buffer_append_char(&head->fields, '\0');
}

/* Space behind a value is no part of it (RFC 9112, section 5); llhttp leaves it there. The name's
 * NUL stops the walk. */
void disco__http_head_end_value(disco__http_head_t *head)
{
    disco__buffer_t *fields = &head->fields;

    while (fields->size > 0 &&
           (fields->bytes[fields->size - 1] == ' ' || fields->bytes[fields->size - 1] == '\t'))
        fields->size--;
    (void)disco__buffer_append_char(fields, '\0');
}

int disco__http_head_status(const disco__http_head_t *head)
{
    return head->status;
}

const char *disco__http_head_field(const disco__http_head_t *head, const char *name)
{
    const char *at = disco__buffer_text(&head->fields);
    const char *end = at + head->fields.size;
    size_t wanted = strlen(name);

    while (at < end) {
        size_t name_size = strlen(at);
        const char *value = at + name_size + 1;

        if (value >= end)
            return NULL;
        if (name_size == wanted && disco__text_equal_ignoring_case(at, name_size, name))
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}
