#include "net/tls_session.h"

void disco__session_drop(disco__target_t *target)
{
    target->session = NULL;
}
