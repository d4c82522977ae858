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

bool disco__http_head_next(const disco__http_head_t *head, size_t *at, const char **name,
                           const char **value)
{
    const disco__buffer_t *fields = &head->fields;
    size_t value_at;

    if (*at >= fields->size)
        return false;
    *name = fields->bytes + *at;
    value_at = *at + strlen(*name) + 1;
    if (value_at >= fields->size)
        return false;
    *value = fields->bytes + value_at;
    *at = value_at + strlen(*value) + 1;
    return true;
}

const char *disco__http_head_field(const disco__http_head_t *head, const char *wanted)
{
    const char *name;
    const char *value;
    size_t at = 0;

    while (disco__http_head_next(head, &at, &name, &value)) {
        if (disco__text_equal_ignoring_case(name, strlen(name), wanted))
            return value;
    }
    return NULL;
}
