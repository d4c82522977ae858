#include "json/member.h"

void disco__member_number(disco__scan_t *scan, disco__number_t *number)
{
    if (number->is_wrong)
        (void)disco__scan_skip(scan);
    else
        number->is_wrong = !disco__scan_u64_if_any(scan, &number->value);
}

void disco__member_flag(disco__scan_t *scan, disco__flag_t *flag)
{
    char first = disco__scan_peek(scan);

    if ((first == 't' || first == 'f') && !flag->is_wrong) {
        (void)disco__scan_bool(scan, &flag->value);
        return;
    }
    if (first != 'n')
        flag->is_wrong = true;
    (void)disco__scan_skip(scan);
}

void disco__member_text(disco__scan_t *scan, disco__text_t *text)
{
    char first = disco__scan_peek(scan);

    if (first == '"' && !text->is_wrong) {
        (void)disco__scan_string(scan, &text->span);
        return;
    }
    if (first != 'n')
        text->is_wrong = true;
    (void)disco__scan_skip(scan);
}

size_t disco__member_write(char *to, const disco__span_t *span)
{
    size_t size = span->size;
    const char *nul;

    if (!span->escaped) {
        memmove(to, span->bytes, size);
        return size;
    }
    size = disco__json_unescape(to, span);
    nul = memchr(to, '\0', size);
    return nul != NULL ? (size_t)(nul - to) : size;
}
