#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void disco__log(const disco__log_t *log, disco_log_level_t level, const char *format, ...)
{
    char line[512];
    va_list arguments;

    if (log->callback == NULL || level > log->level)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    disco__text_printable(line);
    log->callback(log->data, level, line);
}
