/* Log lines to the user's callback. Nothing secret may be put into one: no value of a key, no
 * password, no token. */
#ifndef DISCO_BASE_LOG_H
#define DISCO_BASE_LOG_H

#include <uvdisco/client.h>

typedef struct disco__log_s {
    disco_log_cb callback; /* NULL: silent */
    void *data;
    disco_log_level_t level; /* what is less important than this is not made */
} disco__log_t;

#if defined(__GNUC__)
#define DISCO_PRINTF_(text, first) __attribute__((format(printf, text, first)))
#else
#define DISCO_PRINTF_(text, first)
#endif

/* Control bytes in what is printed come out as '?', so that etcd cannot forge lines. */
DISCO_PRINTF_(3, 4)
void disco__log(const disco__log_t *log, disco_log_level_t level, const char *format, ...);

#endif
