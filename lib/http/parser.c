/* Happy path: llhttp finds the head, whose fields are collected and handed on once complete; body
 * bytes are handed on as they come, uncopied; at the end of the message llhttp is paused, so that
 * whoever fed it acts on the end of the response when llhttp is no longer on the stack, and sees
 * what bytes were left over. Failure modes: malformed bytes, a limit passed, memory short, or the
 * receiver stops the parser from inside an event: each makes the llhttp callback at hand fail,
 * which ends llhttp_execute(). */
#include "http/parser.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/text.h"

static disco__parser_t *parser_of(const llhttp_t *llhttp)
{
    return llhttp->data;
}

static int refuse(disco__parser_t *parser, int error, const char *reason)
{
    parser->error = error;
    parser->reason = reason;
    return -1;
}

static int count_header_bytes(disco__parser_t *parser, size_t size)
{
    if (parser->stopped)
        return -1;
    /* header_bytes is never over the limit, and without one never near SIZE_MAX. */
    if (parser->header_limit > 0 && size > parser->header_limit - parser->header_bytes)
        return refuse(parser, DISCO_ETOOLARGE, "header of the response is too large");
    parser->header_bytes += size;
    return 0;
}

static int on_message_begin(llhttp_t *llhttp)
{
    disco__parser_t *parser = parser_of(llhttp);

    parser->interim = false;
    disco__http_head_clear(&parser->head);
    return 0;
}

/* Status texts and chunk extensions are of no interest but must not be endless. */
static int on_ignored(llhttp_t *llhttp, const char *bytes, size_t size)
{
    (void)bytes;
    return count_header_bytes(parser_of(llhttp), size);
}

/* Names and values alike; trailers are counted but not kept. */
static int on_field(llhttp_t *llhttp, const char *bytes, size_t size)
{
    disco__parser_t *parser = parser_of(llhttp);

    if (count_header_bytes(parser, size) != 0)
        return -1;
    if (!parser->in_body)
        disco__http_head_append(&parser->head, bytes, size);
    return 0;
}

static int on_name(llhttp_t *llhttp, const char *bytes, size_t size)
{
    if (size > 0)
        parser_of(llhttp)->in_name = true;
    return on_field(llhttp, bytes, size);
}

static int on_name_end(llhttp_t *llhttp)
{
    disco__parser_t *parser = parser_of(llhttp);

    if (!parser->in_name)
        return refuse(parser, DISCO_EPROTOCOL, "header field of the response has no name");
    parser->in_name = false;
    if (!parser->in_body)
        disco__http_head_end_name(&parser->head);
    return count_header_bytes(parser, sizeof ":" - 1);
}

static int on_value_end(llhttp_t *llhttp)
{
    disco__parser_t *parser = parser_of(llhttp);

    if (!parser->in_body)
        disco__http_head_end_value(&parser->head);
    return count_header_bytes(parser, sizeof "\r\n" - 1);
}

static int check_head(disco__parser_t *parser, const llhttp_t *llhttp)
{
    const char *coding = NULL;

    if ((llhttp->flags & F_TRANSFER_ENCODING) != 0)
        coding = disco__http_head_field(&parser->head, "Transfer-Encoding");
    if (parser->head.fields.error != 0)
        return refuse(parser, parser->head.fields.error, "header of the response cannot be kept");
    if (llhttp->http_major != 1 || llhttp->http_minor > 1)
        return refuse(parser, DISCO_EPROTOCOL, "response is not HTTP/1.0 or HTTP/1.1");
    if (llhttp->status_code < 100)
        return refuse(parser, DISCO_EPROTOCOL, "status of the response is not valid");
    if (llhttp->status_code == 101)
        return refuse(parser, DISCO_EPROTOCOL, "server switched protocols unasked");
    if (coding != NULL && !disco__text_equal_ignoring_case(coding, strlen(coding), "chunked"))
        return refuse(parser, DISCO_EPROTOCOL, "transfer coding of the response is not known");
    return 0;
}

static bool has_no_body(int status)
{
    return status / 100 == 1 || status == 204 || status == 304;
}

static int on_headers_complete(llhttp_t *llhttp)
{
    disco__parser_t *parser = parser_of(llhttp);
    bool empty = has_no_body(llhttp->status_code);

    if (check_head(parser, llhttp) != 0)
        return -1;
    parser->head.status = llhttp->status_code;
    parser->interim = llhttp->status_code / 100 == 1;
    if (parser->interim)
        return 1;
    if (!empty && parser->body_limit > 0 && llhttp->content_length > parser->body_limit)
        return refuse(parser, DISCO_ETOOLARGE, "body of the response is too large");
    parser->in_body = true;
    parser->events->on_head(parser->data, &parser->head);
    if (parser->stopped)
        return -1;
    return empty ? 1 : 0; /* 1: whatever its fields say, no body follows */
}

static int on_body(llhttp_t *llhttp, const char *bytes, size_t size)
{
    disco__parser_t *parser = parser_of(llhttp);

    if (parser->stopped)
        return HPE_USER;
    if (parser->body_limit > 0 && size > parser->body_limit - parser->body_bytes) {
        (void)refuse(parser, DISCO_ETOOLARGE, "body of the response is too large");
        return HPE_USER;
    }
    parser->body_bytes += size;
    if (size > 0)
        parser->events->on_body(parser->data, bytes, size);
    return parser->stopped ? HPE_USER : 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
    disco__parser_t *parser = parser_of(llhttp);

    if (parser->interim)
        return 0;
    parser->complete = true;
    parser->keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_status = on_ignored,
    .on_header_field = on_name,
    .on_header_field_complete = on_name_end,
    .on_header_value = on_field,
    .on_header_value_complete = on_value_end,
    .on_headers_complete = on_headers_complete,
    .on_chunk_extension_name = on_ignored,
    .on_chunk_extension_value = on_ignored,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void disco__parser_init(disco__parser_t *parser, size_t header_limit,
                        const disco__parser_events_t *events, void *data)
{
    memset(parser, 0, sizeof *parser);
    parser->header_limit = header_limit;
    parser->events = events;
    parser->data = data;
    /* What is kept is what is counted: the count is the limit. */
    disco__http_head_init(&parser->head, 0);
    disco__parser_start(parser, 0);
}

void disco__parser_free(disco__parser_t *parser)
{
    disco__http_head_free(&parser->head);
}

void disco__parser_start(disco__parser_t *parser, size_t body_limit)
{
    llhttp_init(&parser->llhttp, HTTP_RESPONSE, &settings);
    parser->llhttp.data = parser;
    disco__http_head_clear(&parser->head);
    parser->body_limit = body_limit;
    parser->header_bytes = 0;
    parser->body_bytes = 0;
    parser->error = 0;
    parser->reason = NULL;
    parser->interim = false;
    parser->in_name = false;
    parser->in_body = false;
    parser->complete = false;
    parser->keep_alive = false;
    parser->stopped = false;
}

int disco__parser_feed(disco__parser_t *parser, const char *bytes, size_t size, size_t *used)
{
    llhttp_errno_t result = llhttp_execute(&parser->llhttp, bytes, size);

    *used = size;
    if (parser->stopped)
        return DISCO_EPROTOCOL;
    if (parser->complete && result == HPE_PAUSED) {
        *used = (size_t)(llhttp_get_error_pos(&parser->llhttp) - bytes);
        return DISCO__PARSER_COMPLETE;
    }
    if (parser->error != 0)
        return parser->error;
    if (result == HPE_OK)
        return DISCO__PARSER_MORE;
    (void)refuse(parser, DISCO_EPROTOCOL, llhttp_get_error_reason(&parser->llhttp));
    return parser->error;
}

int disco__parser_finish(disco__parser_t *parser)
{
    if (!parser->in_body || parser->stopped)
        return UV_EOF;
    (void)llhttp_finish(&parser->llhttp);
    return parser->complete ? DISCO__PARSER_COMPLETE : UV_EOF;
}

void disco__parser_stop(disco__parser_t *parser)
{
    parser->stopped = true;
}
