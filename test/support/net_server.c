#include "support/net_server.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/entropy.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include "net/mbed.h"
#include "support/test.h"

typedef struct settings_s {
    size_t references;
    mbedtls_ssl_config config;
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt client_ca;
    mbedtls_pk_context key;
} settings_t;

typedef struct net_server_inside_s {
    test_loop_t *loop;
    net_server_options_t options;
    uv_tcp_t listener;
    struct connection_s *connections;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_ticket_context tickets;
    settings_t *settings; /* NULL: plain TCP */
    size_t references;    /* the owner's, the listener's, the connections' */
    char bytes[65536];
} inside_t;

typedef struct connection_s {
    struct connection_s *next;
    net_server_t *server;
    uv_tcp_t tcp;
    mbedtls_ssl_context ssl;
    settings_t *settings;
    const char *input;
    size_t input_size;
    bool shaken;
    bool closing;
} connection_t;

typedef struct out_s {
    uv_write_t request;
    connection_t *connection;
    bool close_after;
    char bytes[];
} out_t;

static void release_settings(settings_t *settings)
{
    if (settings == NULL || --settings->references > 0)
        return;
    mbedtls_ssl_config_free(&settings->config);
    mbedtls_x509_crt_free(&settings->certificate);
    mbedtls_x509_crt_free(&settings->client_ca);
    mbedtls_pk_free(&settings->key);
    free(settings);
}

static void release(net_server_t *server)
{
    inside_t *inside = server->inside;

    if (--inside->references > 0)
        return;
    release_settings(inside->settings);
    mbedtls_ssl_ticket_free(&inside->tickets);
    mbedtls_ctr_drbg_free(&inside->random);
    mbedtls_entropy_free(&inside->entropy);
    free(inside);
    free(server);
}

static void on_connection_closed(uv_handle_t *handle)
{
    connection_t *connection = handle->data;
    net_server_t *server = connection->server;
    connection_t **link = &server->inside->connections;

    while (*link != connection)
        link = &(*link)->next;
    *link = connection->next;
    mbedtls_ssl_free(&connection->ssl);
    release_settings(connection->settings);
    free(connection);
    server->open--;
    release(server);
}

static void close_connection(connection_t *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    uv_close((uv_handle_t *)&connection->tcp, on_connection_closed);
}

static void reset_connection(connection_t *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    assert_int(uv_tcp_close_reset(&connection->tcp, on_connection_closed), 0);
}

static void on_sent(uv_write_t *request, int status)
{
    out_t *out = request->data;

    if (status != 0 || out->close_after)
        close_connection(out->connection);
    free(out);
}

static void send_raw(connection_t *connection, const void *bytes, size_t size, bool close_after)
{
    out_t *out = malloc(sizeof *out + size);
    uv_buf_t buffer;

    assert_non_null(out);
    out->request.data = out;
    out->connection = connection;
    out->close_after = close_after;
    memcpy(out->bytes, bytes, size);
    buffer = uv_buf_init(out->bytes, (unsigned int)size);
    if (connection->closing ||
        uv_write(&out->request, (uv_stream_t *)&connection->tcp, &buffer, 1, on_sent) != 0)
        free(out);
}

static int on_ssl_send(void *data, const unsigned char *bytes, size_t size)
{
    send_raw(data, bytes, size, false);
    return (int)size;
}

static int on_ssl_receive(void *data, unsigned char *bytes, size_t size)
{
    connection_t *connection = data;

    if (connection->input_size == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (size > connection->input_size)
        size = connection->input_size;
    memcpy(bytes, connection->input, size);
    connection->input += size;
    connection->input_size -= size;
    return (int)size;
}

static void send_data(connection_t *connection, const char *bytes, size_t size)
{
    size_t done = 0;

    if (connection->settings == NULL) {
        send_raw(connection, bytes, size, false);
        return;
    }
    while (done < size) {
        int rv =
            mbedtls_ssl_write(&connection->ssl, (const unsigned char *)bytes + done, size - done);

        assert_true(rv > 0);
        done += (size_t)rv;
    }
}

/* Behind the last bytes that were sent. */
static void close_when_sent(connection_t *connection)
{
    send_raw(connection, "", 0, true);
}

static void take_data(connection_t *connection, const char *bytes, size_t size)
{
    net_server_way_t way = connection->server->way;

    connection->server->received += size;
    send_data(connection, bytes, size);
    if (way == NET_ECHO_AND_NOTIFY && connection->settings != NULL)
        (void)mbedtls_ssl_close_notify(&connection->ssl);
    if (way == NET_ECHO_AND_ALERT)
        (void)mbedtls_ssl_send_alert_message(&connection->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR);
    if (way == NET_ECHO_AND_CLOSE || way == NET_ECHO_AND_NOTIFY || way == NET_ECHO_AND_ALERT)
        close_when_sent(connection);
}

static bool shake(connection_t *connection)
{
    net_server_t *server = connection->server;
    int rv = mbedtls_ssl_handshake(&connection->ssl);
    const char *protocol;

    if (rv == MBEDTLS_ERR_SSL_WANT_READ)
        return false;
    if (rv != 0) {
        close_when_sent(connection);
        return false;
    }
    connection->shaken = true;
    server->handshakes++;
    protocol = mbedtls_ssl_get_alpn_protocol(&connection->ssl);
    (void)snprintf(server->protocol, sizeof server->protocol, "%s",
                   protocol != NULL ? protocol : "");
    if (server->way == NET_GREET)
        send_data(connection, "hello", 5);
    return true;
}

static void take_tls(connection_t *connection, const char *bytes, size_t size)
{
    char plain[16384];

    connection->input = bytes;
    connection->input_size = size;
    if (!connection->shaken && !shake(connection))
        return;
    while (!connection->closing) {
        size_t before = connection->input_size;
        int rv = mbedtls_ssl_read(&connection->ssl, (unsigned char *)plain, sizeof plain);

        if (rv > 0) {
            take_data(connection, plain, (size_t)rv);
        } else if (rv == MBEDTLS_ERR_SSL_WANT_READ) {
            if (connection->input_size == before)
                return;
        } else {
            if (rv == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
                connection->server->close_notifies++;
            close_connection(connection);
        }
    }
}

static void take_bytes(connection_t *connection, const char *bytes, size_t size)
{
    static const char text[] = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent TLS to a plain port\n";
    static const unsigned char alert[] = {MBEDTLS_SSL_MSG_ALERT,
                                          3,
                                          3,
                                          0,
                                          2,
                                          MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                          MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE};

    switch (connection->server->way) {
    case NET_CLOSE_ON_BYTES:
        close_connection(connection);
        break;
    case NET_RESET_ON_BYTES:
        reset_connection(connection);
        break;
    case NET_SAY_TEXT:
        send_raw(connection, text, sizeof text - 1, true);
        break;
    case NET_ALERT:
        send_raw(connection, alert, sizeof alert, true);
        break;
    default:
        if (connection->settings != NULL)
            take_tls(connection, bytes, size);
        else
            take_data(connection, bytes, size);
    }
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    connection_t *connection = handle->data;
    inside_t *inside = connection->server->inside;

    (void)suggested;
    *buffer = uv_buf_init(inside->bytes, sizeof inside->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    connection_t *connection = stream->data;

    heap_spare_begin();
    if (size < 0)
        close_connection(connection);
    else if (size > 0 && !connection->closing)
        take_bytes(connection, buffer->base, (size_t)size);
    heap_spare_end();
}

static void begin_tls(connection_t *connection, settings_t *settings)
{
    settings->references++;
    connection->settings = settings;
    assert_int(mbedtls_ssl_setup(&connection->ssl, &settings->config), 0);
    mbedtls_ssl_set_bio(&connection->ssl, connection, on_ssl_send, on_ssl_receive, NULL);
}

static void accept_connection(net_server_t *server)
{
    inside_t *inside = server->inside;
    connection_t *connection = calloc(1, sizeof *connection);

    assert_non_null(connection);
    connection->server = server;
    connection->tcp.data = connection;
    mbedtls_ssl_init(&connection->ssl);
    assert_int(uv_tcp_init(&inside->loop->uv, &connection->tcp), 0);
    assert_int(uv_accept((uv_stream_t *)&inside->listener, (uv_stream_t *)&connection->tcp), 0);
    uv_unref((uv_handle_t *)&connection->tcp);
    connection->next = inside->connections;
    inside->connections = connection;
    inside->references++;
    server->accepted++;
    server->open++;
    if (inside->settings != NULL)
        begin_tls(connection, inside->settings);
    if (server->way == NET_CLOSE_AT_ONCE)
        close_connection(connection);
    else if (server->way == NET_RESET_AT_ONCE)
        reset_connection(connection);
    else if (server->way == NET_GREET && inside->settings == NULL)
        send_data(connection, "hello", 5);
    if (server->way != NET_STALL && !connection->closing)
        assert_int(uv_read_start((uv_stream_t *)&connection->tcp, on_allocate, on_read), 0);
}

static void on_connection(uv_stream_t *listener, int status)
{
    heap_spare_begin();
    assert_int(status, 0);
    accept_connection(listener->data);
    heap_spare_end();
}

static int on_name(void *data, mbedtls_ssl_context *ssl, const unsigned char *name, size_t size)
{
    net_server_t *server = data;

    (void)ssl;
    (void)snprintf(server->name, sizeof server->name, "%.*s", (int)size, (const char *)name);
    return 0;
}

static int on_ticket(void *data, mbedtls_ssl_session *session, unsigned char *bytes, size_t size)
{
    net_server_t *server = data;
    int rv = mbedtls_ssl_ticket_parse(&server->inside->tickets, session, bytes, size);

    if (rv == 0)
        server->resumed++;
    return rv;
}

static int write_ticket(void *data, const mbedtls_ssl_session *session, unsigned char *start,
                        const unsigned char *end, size_t *size, uint32_t *lifetime)
{
    net_server_t *server = data;

    return mbedtls_ssl_ticket_write(&server->inside->tickets, session, start, end, size, lifetime);
}

static void parse(mbedtls_x509_crt *chain, const char *text)
{
    assert_int(mbedtls_x509_crt_parse(chain, (const unsigned char *)text, strlen(text) + 1), 0);
}

static void set_options(net_server_t *server, settings_t *settings)
{
    static const char *protocols[] = {"h2", "http/1.1", NULL};
    const net_server_options_t *options = &server->inside->options;

    mbedtls_ssl_conf_rng(&settings->config, mbedtls_ctr_drbg_random, &server->inside->random);
    mbedtls_ssl_conf_sni(&settings->config, on_name, server);
    assert_int(mbedtls_ssl_conf_alpn_protocols(&settings->config, protocols), 0);
    if (!options->without_resumption)
        mbedtls_ssl_conf_session_tickets_cb(&settings->config, write_ticket, on_ticket, server);
    if (options->client_ca != NULL) {
        parse(&settings->client_ca, options->client_ca);
        mbedtls_ssl_conf_ca_chain(&settings->config, &settings->client_ca, NULL);
        mbedtls_ssl_conf_authmode(&settings->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    }
    disco__mbed_set_versions(&settings->config);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (options->only_tls12)
        mbedtls_ssl_conf_max_tls_version(&settings->config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
}

void net_server_set_identity(net_server_t *server, const identity_t *identity)
{
    inside_t *inside = server->inside;
    settings_t *settings = calloc(1, sizeof *settings);

    assert_non_null(settings);
    settings->references = 1;
    mbedtls_ssl_config_init(&settings->config);
    mbedtls_x509_crt_init(&settings->certificate);
    mbedtls_x509_crt_init(&settings->client_ca);
    mbedtls_pk_init(&settings->key);
    assert_int(mbedtls_ssl_config_defaults(&settings->config, MBEDTLS_SSL_IS_SERVER,
                                           MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT),
               0);
    set_options(server, settings);
    parse(&settings->certificate,
          inside->options.chain != NULL ? inside->options.chain : identity->certificate);
    assert_int(disco__mbed_parse_key(&settings->key, (const unsigned char *)identity->key,
                                     strlen(identity->key) + 1, &inside->random),
               0);
    assert_int(mbedtls_ssl_conf_own_cert(&settings->config, &settings->certificate, &settings->key),
               0);
    release_settings(inside->settings);
    inside->settings = settings;
}

static void begin_random(inside_t *inside)
{
    assert_int(disco__mbed_begin(), 0);
    assert_int(
        mbedtls_ctr_drbg_seed(&inside->random, mbedtls_entropy_func, &inside->entropy, NULL, 0), 0);
    assert_int(mbedtls_ssl_ticket_setup(&inside->tickets, mbedtls_ctr_drbg_random, &inside->random,
                                        MBEDTLS_CIPHER_AES_256_GCM, 86400),
               0);
}

static void on_listener_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static int bind_and_listen(net_server_t *server, const char *address)
{
    inside_t *inside = server->inside;
    struct sockaddr_storage bound;
    int size = sizeof bound;
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;
    int rv;

    if (uv_ip4_addr(address, inside->options.port, &v4) == 0) {
        rv = uv_tcp_bind(&inside->listener, (const struct sockaddr *)&v4, 0);
    } else {
        assert_int(uv_ip6_addr(address, inside->options.port, &v6), 0);
        rv = uv_tcp_bind(&inside->listener, (const struct sockaddr *)&v6, UV_TCP_IPV6ONLY);
    }
    if (rv == 0)
        rv = uv_listen((uv_stream_t *)&inside->listener, 16, on_connection);
    if (rv != 0)
        return rv;
    assert_int(uv_tcp_getsockname(&inside->listener, (struct sockaddr *)&bound, &size), 0);
    if (bound.ss_family == AF_INET6)
        server->port = ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
    else
        server->port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
    return 0;
}

net_server_t *net_server_new(test_loop_t *loop, const net_server_options_t *options)
{
    net_server_t *server = calloc(1, sizeof *server);
    inside_t *inside = calloc(1, sizeof *inside);
    int rv;

    assert_non_null(server);
    assert_non_null(inside);
    heap_spare_begin();
    server->inside = inside;
    server->way = options->way;
    inside->loop = loop;
    inside->options = *options;
    inside->references = 2;
    mbedtls_entropy_init(&inside->entropy);
    mbedtls_ctr_drbg_init(&inside->random);
    mbedtls_ssl_ticket_init(&inside->tickets);
    if (options->identity != NULL) {
        begin_random(inside);
        net_server_set_identity(server, options->identity);
    }
    assert_int(uv_tcp_init(&loop->uv, &inside->listener), 0);
    inside->listener.data = server;
    rv = bind_and_listen(server, options->address != NULL ? options->address : "127.0.0.1");
    uv_unref((uv_handle_t *)&inside->listener);
    if (rv != 0) {
        net_server_free(server);
        server = NULL;
    }
    heap_spare_end();
    return server;
}

void net_server_free(net_server_t *server)
{
    inside_t *inside = server->inside;
    connection_t *connection;

    for (connection = inside->connections; connection != NULL; connection = connection->next)
        close_connection(connection);
    uv_close((uv_handle_t *)&inside->listener, on_listener_closed);
    release(server);
}
