/* Happy path: mbedTLS reads from the piece of input at hand and writes into a buffer, which goes
 * down as one write after each call of mbedTLS. The handshake runs as bytes come; then the stream
 * is handed over, and each piece that comes is decrypted and handed on to its end.
 *
 * Failure modes: the handshake fails, by mbedTLS's judgement or because the connection ended: the
 * opener is told why. What came behind the handshake in the same piece, or before start, is held
 * and handed on from a tick after start. A failure that comes while something is held is told after
 * it. A write fails midway: the records that mbedTLS has counted can no longer be sent, so later
 * writes fail too. Closed at any point, inside on_data too: the lower stream is closed at once, and
 * the stream frees itself on a tick, when no frame of it is on the stack. */
#include "net/tls_stream.h"

#include <string.h>

#include <uvdisco/error.h>

#include "base/buffer.h"
#include "base/tick.h"
#include "net/mbed.h"
#include "net/stream_ops.h"
#include "net/tls_config.h"
#include "net/tls_error.h"
#include "net/tls_session.h"
#include "net/tls_verify.h"

/* The most that one record holds. */
#define RECORD_SIZE 16384
/* Of the output's memory, between writes: enough for the requests that repeat. */
#define OUTPUT_KEPT 1024

typedef struct disco__tls_stream_s {
    disco__stream_t stream;
    disco__loop_t *loop;
    disco__stream_t *lower;
    disco__target_t *target;
    disco__tls_config_t *config;
    mbedtls_ssl_context ssl;
    disco__tls_peer_t peer;
    const char *input; /* what mbedTLS may read now */
    size_t input_size;
    disco__buffer_t output;               /* what mbedTLS has written and is not sent yet */
    disco__buffer_t held;                 /* came before it could be handed on */
    disco__tls_stream_cb shaken;          /* NULL once the handshake is over */
    const disco__stream_events_t *events; /* NULL until started */
    void *data;                           /* for shaken, later for events */
    disco__tick_t tick;
    disco__failure_t end; /* status 0 while the stream lives */
    bool told;
    bool broken; /* nothing can be sent any more */
    bool offered;
    bool received;
    bool answered; /* data has come */
    unsigned char first_byte;
    bool closing;
} disco__tls_stream_t;

static disco__tls_stream_t *of_stream(disco__stream_t *stream)
{
    return disco__container_of(stream, disco__tls_stream_t, stream);
}

static int on_send(void *data, const unsigned char *bytes, size_t size)
{
    disco__tls_stream_t *tls = data;

    if (disco__buffer_append(&tls->output, bytes, size) != 0)
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    return (int)size;
}

static int on_receive(void *data, unsigned char *bytes, size_t size)
{
    disco__tls_stream_t *tls = data;

    if (tls->input_size == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (size > tls->input_size)
        size = tls->input_size;
    memcpy(bytes, tls->input, size);
    tls->input += size;
    tls->input_size -= size;
    return (int)size;
}

static int flush(disco__tls_stream_t *tls)
{
    int rv;

    if (tls->output.size == 0 && tls->output.error == 0)
        return 0;
    rv = tls->output.error;
    if (rv == 0)
        rv = disco__stream_write(tls->lower, tls->output.bytes, tls->output.size);
    disco__buffer_reuse(&tls->output, OUTPUT_KEPT);
    if (rv != 0)
        tls->broken = true;
    return rv;
}

static disco__tls_scene_t scene_of(const disco__tls_stream_t *tls)
{
    disco__tls_scene_t scene = {&tls->ssl, &tls->peer, tls->config->has_certificate, tls->received,
                                tls->first_byte};

    return scene;
}

static void release(disco__tls_stream_t *tls)
{
    mbedtls_ssl_free(&tls->ssl);
    disco__tls_release(tls->config);
    disco__buffer_free_secret(&tls->output);
    disco__buffer_free_secret(&tls->held);
    disco__free(tls);
}

static void tell_end(disco__tls_stream_t *tls)
{
    if (tls->closing || tls->told)
        return;
    tls->told = true;
    tls->events->on_end(tls->data, &tls->end);
}

static void hold(disco__tls_stream_t *tls, const char *bytes, size_t size)
{
    if (disco__buffer_append(&tls->held, bytes, size) != 0)
        disco__failure_set(&tls->end, UV_ENOMEM, NULL);
}

static void end_by_error(disco__tls_stream_t *tls, int error)
{
    disco__tls_scene_t scene = scene_of(tls);

    if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        disco__failure_set(&tls->end, UV_EOF, NULL);
    else
        disco__tls_explain(&tls->end, &scene, error);
}

/* mbedTLS 3 asks for more also after a message that holds no data, with input left; so it has all
 * that it can use only when it asks without having taken anything. */
static bool wants_more(const disco__tls_stream_t *tls, int rv, size_t input_before)
{
    return rv == MBEDTLS_ERR_SSL_WANT_READ && tls->input_size == input_before;
}

/* Decrypts and hands on all input. The stream may be closing afterwards, but is still there. */
static void pump(disco__tls_stream_t *tls, const char *bytes, size_t size)
{
    char plain[RECORD_SIZE];

    tls->input = bytes;
    tls->input_size = size;
    while (!tls->closing) {
        size_t before = tls->input_size;
        int rv = mbedtls_ssl_read(&tls->ssl, (unsigned char *)plain, sizeof plain);

        tls->answered = tls->answered || rv > 0;
        if (rv > 0)
            tls->events->on_data(tls->data, plain, (size_t)rv);
        else if (wants_more(tls, rv, before))
            break;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
        else if (rv == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            disco__session_keep(tls->target, &tls->ssl, tls->config->generation);
#endif
        else if (rv != 0 && rv != MBEDTLS_ERR_SSL_WANT_READ) { /* 0: a record without bytes */
            end_by_error(tls, rv);
            break;
        }
    }
    tls->input = NULL;
    tls->input_size = 0;
    /* An answer of mbedTLS, such as an alert; if it cannot be sent, the stream ends anyway. */
    if (!tls->closing)
        (void)flush(tls);
}

static void on_tick(disco__tick_t *tick)
{
    disco__tls_stream_t *tls = disco__container_of(tick, disco__tls_stream_t, tick);

    if (tls->closing) {
        release(tls);
        return;
    }
    pump(tls, tls->held.bytes, tls->held.size);
    disco__buffer_free_secret(&tls->held);
    if (tls->end.status != 0)
        tell_end(tls);
}

static void fail_handshake(disco__tls_stream_t *tls)
{
    disco__tls_stream_cb shaken = tls->shaken;

    tls->shaken = NULL;
    tls->told = true;
    tls->broken = true;
    if (tls->offered)
        disco__session_drop(tls->target);
    shaken(tls->data, &tls->end);
}

static void finish_handshake(disco__tls_stream_t *tls)
{
    disco__tls_stream_cb shaken = tls->shaken;

    tls->shaken = NULL;
    if (!disco__mbed_is_tls13(&tls->ssl)) /* whose tickets come later */
        disco__session_keep(tls->target, &tls->ssl, tls->config->generation);
    hold(tls, tls->input, tls->input_size);
    tls->input = NULL;
    tls->input_size = 0;
    shaken(tls->data, NULL);
}

static void shake(disco__tls_stream_t *tls)
{
    size_t before;
    int rv;
    int sent;

    do {
        before = tls->input_size;
        rv = mbedtls_ssl_handshake(&tls->ssl);
    } while (rv == MBEDTLS_ERR_SSL_WANT_READ && !wants_more(tls, rv, before));
    sent = flush(tls); /* an alert too */
    if (rv == 0 && mbedtls_ssl_get_verify_result(&tls->ssl) != 0)
        rv = MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
    if (rv != 0 && rv != MBEDTLS_ERR_SSL_WANT_READ)
        end_by_error(tls, rv);
    else if (sent != 0)
        disco__failure_set(&tls->end, sent, NULL);
    if (tls->end.status != 0)
        fail_handshake(tls);
    else if (rv == 0)
        finish_handshake(tls);
}

static void on_lower_data(void *data, const char *bytes, size_t size)
{
    disco__tls_stream_t *tls = data;

    if (tls->closing || tls->end.status != 0)
        return;
    if (!tls->received)
        tls->first_byte = (unsigned char)bytes[0];
    tls->received = true;
    if (tls->shaken != NULL) {
        tls->input = bytes;
        tls->input_size = size;
        shake(tls);
        return;
    }
    if (tls->events == NULL || disco__tick_scheduled(&tls->tick)) {
        hold(tls, bytes, size);
        return;
    }
    pump(tls, bytes, size);
    if (tls->end.status != 0)
        tell_end(tls);
}

static void on_lower_end(void *data, const disco__failure_t *failure)
{
    disco__tls_stream_t *tls = data;
    disco__tls_scene_t scene = scene_of(tls);

    if (tls->closing || tls->end.status != 0)
        return;
    tls->broken = true;
    if (tls->shaken != NULL) {
        disco__tls_explain_end(&tls->end, &scene, failure->status);
        fail_handshake(tls);
        return;
    }
    tls->end = *failure;
    if (!tls->answered && tls->held.size == 0)
        disco__tls_explain_early_end(&tls->end, &scene);
    if (tls->events != NULL && !disco__tick_scheduled(&tls->tick))
        tell_end(tls);
}

static void tls_start(disco__stream_t *stream, const disco__stream_events_t *events, void *data)
{
    disco__tls_stream_t *tls = of_stream(stream);

    tls->events = events;
    tls->data = data;
    if (tls->held.size > 0 || tls->end.status != 0 || mbedtls_ssl_check_pending(&tls->ssl) != 0)
        disco__tick_schedule(tls->loop, &tls->tick);
}

/* Room for all records, so that memory cannot run out when mbedTLS has already counted some. */
static int reserve_output(disco__tls_stream_t *tls, size_t size)
{
    int payload = mbedtls_ssl_get_max_out_record_payload(&tls->ssl);
    int around = mbedtls_ssl_get_record_expansion(&tls->ssl);
    size_t records;
    size_t total;

    if (payload <= 0 || around < 0)
        return DISCO_ETLS;
    records = size / (size_t)payload + 1;
    if (!disco__size_mul(records, (size_t)around, &total) || !disco__size_add(total, size, &total))
        return UV_ENOMEM;
    if (disco__buffer_reserve(&tls->output, total) != 0) {
        disco__buffer_clear(&tls->output);
        return UV_ENOMEM;
    }
    return 0;
}

static int tls_write(disco__stream_t *stream, const char *bytes, size_t size)
{
    disco__tls_stream_t *tls = of_stream(stream);
    size_t done = 0;
    int rv;

    if (tls->closing || tls->broken || tls->shaken != NULL || tls->end.status != 0)
        return UV_EPIPE;
    rv = reserve_output(tls, size);
    if (rv != 0)
        return rv;
    while (done < size) {
        rv = mbedtls_ssl_write(&tls->ssl, (const unsigned char *)bytes + done, size - done);
        if (rv <= 0) {
            tls->broken = true;
            disco__buffer_free_secret(&tls->output);
            return disco__tls_is_memory_error(rv) ? UV_ENOMEM : DISCO_ETLS;
        }
        done += (size_t)rv;
    }
    return flush(tls);
}

static void tls_close(disco__stream_t *stream)
{
    disco__tls_stream_t *tls = of_stream(stream);

    if (tls->closing)
        return;
    tls->closing = true;
    if (!tls->broken && tls->shaken == NULL && mbedtls_ssl_close_notify(&tls->ssl) == 0)
        (void)flush(tls);
    disco__stream_close(tls->lower);
    disco__tick_schedule(tls->loop, &tls->tick);
}

static void tls_set_background(disco__stream_t *stream, bool background)
{
    disco__stream_set_background(of_stream(stream)->lower, background);
}

static const disco__stream_ops_t tls_ops = {tls_start, tls_write, tls_close, tls_set_background};
static const disco__stream_events_t lower_events = {on_lower_data, on_lower_end};

/* Up to the first message of the handshake. */
static int begin(disco__tls_stream_t *tls)
{
    int rv = mbedtls_ssl_setup(&tls->ssl, &tls->config->ssl);

    if (rv != 0)
        return UV_ENOMEM;
    rv = disco__tls_expect(&tls->ssl, &tls->peer, tls->target->host);
    if (rv != 0)
        return disco__tls_is_memory_error(rv) ? UV_ENOMEM : UV_EINVAL;
    mbedtls_ssl_set_bio(&tls->ssl, tls, on_send, on_receive, NULL);
    tls->offered = disco__session_offer(tls->target, &tls->ssl, tls->config->generation);
    rv = mbedtls_ssl_handshake(&tls->ssl);
    if (rv != MBEDTLS_ERR_SSL_WANT_READ)
        return disco__tls_is_memory_error(rv) ? UV_ENOMEM : DISCO_ETLS;
    return flush(tls);
}

int disco__tls_stream_open(disco__stream_t **stream, disco__loop_t *loop, disco__stream_t *lower,
                           disco__target_t *target, disco__tls_stream_cb cb, void *data)
{
    disco__tls_stream_t *tls = disco__calloc(1, sizeof *tls);
    int rv;

    if (tls == NULL)
        return UV_ENOMEM;
    tls->stream.ops = &tls_ops;
    tls->loop = loop;
    tls->lower = lower;
    tls->target = target;
    tls->shaken = cb;
    tls->data = data;
    tls->config = disco__tls_acquire(target->tls);
    mbedtls_ssl_init(&tls->ssl);
    disco__buffer_init(&tls->output);
    disco__buffer_init(&tls->held);
    disco__tick_init(&tls->tick, on_tick);
    rv = begin(tls);
    if (rv != 0) {
        release(tls);
        return rv;
    }
    disco__stream_start(lower, &lower_events, tls);
    *stream = &tls->stream;
    return 0;
}
