/* Where a string of JSON stops: the one question that is asked of every byte. */
#ifndef DISCO_JSON_STOP_H
#define DISCO_JSON_STOP_H

#include <stdbool.h>

/* The first '"', '\\' or control byte (below 0x20) from at on, or end. *high is set, and else left,
 * when a byte over 0x7f comes before it. */
const char *disco__json_stop(const char *at, const char *end, bool *high);

/* The same without instructions of the machine's own. */
const char *disco__json_stop_portable(const char *at, const char *end, bool *high);

#endif
