/* Finds out whether a secret is left behind in memory that was given back. */
#ifndef TEST_SUPPORT_SECRETS_H
#define TEST_SUPPORT_SECRETS_H

#include <stddef.h>

/* From here on every block that the library or cJSON frees or moves is searched for the secret.
 * Nothing of theirs may be allocated when this begins or ends. */
void secrets_watch_begin(const char *secret);

/* How many blocks held it; back to the counting heap. */
size_t secrets_watch_end(void);

#endif
