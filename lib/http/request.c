#include "http/request.h"

#include <string.h>

void disco__http_request_init(disco__http_request_t *request)
{
    memset(request, 0, sizeof *request);
    disco__buffer_init(&request->bytes);
    disco__queue_init(&request->node);
    disco__tick_init(&request->tick, NULL);
}

void disco__http_request_free(disco__http_request_t *request)
{
    disco__buffer_free_secret(&request->bytes);
}
