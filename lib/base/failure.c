#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void disco__failure_clear(disco__failure_t *failure)
{
    memset(failure, 0, sizeof *failure);
}

void disco__failure_set(disco__failure_t *failure, int status, const char *format, ...)
{
    va_list arguments;
    char message[sizeof failure->message] = "";

    if (format != NULL) {
        va_start(arguments, format);
        (void)vsnprintf(message, sizeof message, format, arguments);
        va_end(arguments);
        disco__text_printable(message);
    }
    failure->status = status;
    failure->etcd_code = 0;
    memcpy(failure->message, message, sizeof message);
}

void disco__failure_set_endpoint(disco__failure_t *failure, const char *endpoint)
{
    disco__text_copy(failure->endpoint, sizeof failure->endpoint, endpoint);
    disco__text_printable(failure->endpoint);
}

bool disco__troubles_add(disco__troubles_t *troubles, int status)
{
    size_t i;

    for (i = 0; i < troubles->count; i++) {
        if (troubles->told[i] == status)
            return false;
    }
    if (troubles->count == sizeof troubles->told / sizeof troubles->told[0])
        return false;
    troubles->told[troubles->count++] = (int16_t)status;
    return true;
}
