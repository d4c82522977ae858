/* Parses the response to one request after another off one connection. Strict: what is malformed
 * ends the connection. Never sees a loop. */
#ifndef DISCO_HTTP_PARSER_H
#define DISCO_HTTP_PARSER_H

#include <llhttp.h>

#include "http/head.h"

/* Both are called from inside disco__parser_feed(), and may call disco__parser_stop(). */
typedef struct disco__parser_events_s {
    void (*on_head)(void *data, const disco__http_head_t *head);
    void (*on_body)(void *data, const char *bytes, size_t size);
} disco__parser_events_t;

typedef struct disco__parser_s {
    llhttp_t llhttp;
    disco__http_head_t head;
    const disco__parser_events_t *events;
    void *data;
    size_t header_limit;
    size_t body_limit;
    size_t header_bytes; /* of this response so far, interim responses and trailers included */
    size_t body_bytes;
    int error;
    const char *reason; /* static */
    bool interim;       /* in a 1xx response */
    bool in_name;       /* some of a field's name has come */
    bool in_body;       /* the final head is complete */
    bool complete;
    bool keep_alive;
    bool stopped;
} disco__parser_t;

/* header_limit: most bytes of status line, fields and trailers; 0: none. events: borrowed, static.
 */
void disco__parser_init(disco__parser_t *parser, size_t header_limit,
                        const disco__parser_events_t *events, void *data);
void disco__parser_free(disco__parser_t *parser);

/* Makes ready for the next response; body_limit 0: none. */
void disco__parser_start(disco__parser_t *parser, size_t body_limit);

#define DISCO__PARSER_MORE 0
#define DISCO__PARSER_COMPLETE 1

/* Gives DISCO__PARSER_MORE, DISCO__PARSER_COMPLETE with the number of bytes used (more of them than
 * used: the server sent what nobody asked for), or DISCO_EPROTOCOL, DISCO_ETOOLARGE or UV_ENOMEM
 * with parser->reason set. After a stop the result means nothing. */
int disco__parser_feed(disco__parser_t *parser, const char *bytes, size_t size, size_t *used);

/* The connection was closed in an orderly way: DISCO__PARSER_COMPLETE when that is how the body
 * ends, else UV_EOF. */
int disco__parser_finish(disco__parser_t *parser);

/* No event comes any more. */
void disco__parser_stop(disco__parser_t *parser);

#endif
