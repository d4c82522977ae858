#include "support/percent.h"

#include <string.h>

/* 16 for what is no digit. */
static unsigned digit_of(char c)
{
    static const char digits[] = "0123456789ABCDEF0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (unsigned)(at - digits) % 16 : 16;
}

void percent_decode(char *text)
{
    char *out = text;

    for (; *text != '\0'; text++) {
        unsigned high = *text == '%' ? digit_of(text[1]) : 16;
        unsigned low = high < 16 ? digit_of(text[2]) : 16;

        if (low < 16) {
            *out++ = (char)(high << 4 | low);
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}
