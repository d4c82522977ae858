/* Options: defaults, structs of other versions, and the environment. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "etcd/endpoint_url.h"

#define DEFAULT_ENDPOINT "http://localhost:2379"
#define DEFAULT_PORT_TEXT "2379"

#define HAS_FIELD(options, field)                                                                  \
    ((options)->size >= offsetof(disco_options_t, field) + sizeof(options)->field)

/* The first version's struct; a shorter one has never been. */
#define OLDEST_SIZE sizeof(disco_options_t)

int disco_options_init_sized(disco_options_t *options, size_t size)
{
    if (options == NULL)
        return UV_EINVAL;
    if (size < OLDEST_SIZE || size > sizeof *options)
        return DISCO_EOPTIONS;
    memset(options, 0, size);
    options->size = size;
    return 0;
}

static bool is_sized(const disco_options_t *options)
{
    return options->size >= OLDEST_SIZE && options->size <= sizeof *options;
}

void disco__options_blame(disco_options_t *options, const char *at_fault)
{
    if (options != NULL && HAS_FIELD(options, at_fault))
        options->at_fault = at_fault;
}

static void default_u32(uint32_t *field, uint32_t value)
{
    if (*field == 0)
        *field = value;
}

static void default_size(size_t *field, size_t value)
{
    if (*field == 0)
        *field = value;
}

static void put_defaults(disco_options_t *options)
{
    default_u32(&options->connect_timeout_ms, 5000);
    default_u32(&options->tls_timeout_ms, 10000);
    default_u32(&options->attempt_timeout_ms, 3000);
    default_u32(&options->request_timeout_ms, 15000);
    default_u32(&options->idle_timeout_ms, 60000);
    default_u32(&options->watch_check_ms, 30000);
    default_u32(&options->backoff_first_ms, 100);
    default_u32(&options->backoff_most_ms, 10000);
    default_u32(&options->max_connections, 16);
    default_size(&options->max_header_bytes, 65536);
    default_size(&options->max_response_bytes, 67108864);
    default_size(&options->max_event_bytes, 16777216);
    default_size(&options->max_value_bytes, 262144);
    if (options->log_level == 0)
        options->log_level = DISCO_LOG_INFO;
    if (options->container_port == NULL || options->container_port[0] == '\0')
        options->container_port = DEFAULT_PORT_TEXT;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* What is out of its range, or NULL. */
static const char *find_fault(const disco_options_t *options)
{
    if ((unsigned)options->api > DISCO_API_BOTH)
        return "api";
    if ((unsigned)options->tls_source > DISCO_TLS_BASE64)
        return "tls_source";
    if (is_given(options->tls_certificate) && !is_given(options->tls_key))
        return "tls_key";
    if (is_given(options->tls_key) && !is_given(options->tls_certificate))
        return "tls_certificate";
    if (options->password != NULL && !is_given(options->user))
        return "user";
    if (options->backoff_most_ms < options->backoff_first_ms)
        return "backoff_most_ms";
    if ((unsigned)options->log_level > DISCO_LOG_DEBUG)
        return "log_level";
    return NULL;
}

int disco__options_complete(disco_options_t *complete, disco_options_t *given)
{
    const char *fault;

    memset(complete, 0, sizeof *complete);
    if (given != NULL) {
        if (!is_sized(given))
            return DISCO_EOPTIONS;
        memcpy(complete, given, given->size);
        disco__options_blame(given, NULL);
    }
    complete->size = sizeof *complete;
    put_defaults(complete);
    /* A user whom v2 cannot have: no need to ask. */
    if (complete->api == DISCO_API_AUTO && is_given(complete->user) &&
        strchr(complete->user, ':') != NULL)
        complete->api = DISCO_API_V3;
    fault = find_fault(complete);
    disco__options_blame(given, fault);
    return fault == NULL ? 0 : UV_EINVAL;
}

static void append_container(disco__buffer_t *text, const char *address, const char *port)
{
    bool bare_ipv6 = strchr(address, ':') != NULL && address[0] != '[';

    disco__buffer_append_text(text, bare_ipv6 ? "http://[" : "http://");
    disco__buffer_append_text(text, address);
    disco__buffer_append_text(text, bare_ipv6 ? "]:" : ":");
    disco__buffer_append_text(text, port);
}

int disco__options_endpoints(const disco_options_t *options, disco__buffer_t *buffer,
                             const char **text)
{
    *text = DEFAULT_ENDPOINT;
    if (is_given(options->endpoints)) {
        *text = options->endpoints;
    } else if (is_given(options->container_address)) {
        append_container(buffer, options->container_address, options->container_port);
        *text = disco__buffer_text(buffer);
    }
    return buffer->error;
}

/* NULL when unset or empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return is_given(value) ? value : NULL;
}

static int check_endpoints(const char *text)
{
    bool wants_tls;

    return disco__endpoints_check(text, &wants_tls);
}

static int check_container(const char *address, const char *port)
{
    disco__buffer_t text;
    int rv;

    disco__buffer_init(&text);
    append_container(&text, address, port);
    rv = text.error != 0 ? text.error : check_endpoints(disco__buffer_text(&text));
    disco__buffer_free(&text);
    return rv;
}

static int container_from_env(disco_options_t *options)
{
    const char *address = variable("ETCD_1_PORT_2379_TCP_ADDR");
    const char *port = variable("ETCD_1_PORT_2379_TCP_PORT");
    int rv;

    if (address == NULL)
        return 0;
    rv = check_container(address, DEFAULT_PORT_TEXT);
    if (rv != 0) {
        options->at_fault = rv == DISCO_EENDPOINT ? "ETCD_1_PORT_2379_TCP_ADDR" : NULL;
        return rv;
    }
    rv = port != NULL ? check_container(address, port) : 0;
    if (rv != 0) {
        options->at_fault = rv == DISCO_EENDPOINT ? "ETCD_1_PORT_2379_TCP_PORT" : NULL;
        return rv;
    }
    options->endpoints = NULL;
    options->container_address = address;
    options->container_port = port;
    return 0;
}

static int endpoints_from_env(disco_options_t *options)
{
    static const char *const names[] = {"ETCD_HOSTS", "ETCD_HOST"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = variable(names[i]);

        if (value == NULL)
            continue;
        if (check_endpoints(value) != 0) {
            options->at_fault = names[i];
            return DISCO_EENDPOINT;
        }
        options->endpoints = value;
        return 0;
    }
    return container_from_env(options);
}

static int tls_from_env(disco_options_t *options)
{
    const char *in_memory = variable("ETCD_TLS_INMEMORY");
    const char *certificate = variable("ETCD_TLS_CERT");
    const char *key = variable("ETCD_TLS_KEY");

    if (in_memory != NULL && strcmp(in_memory, "true") != 0 && strcmp(in_memory, "false") != 0) {
        options->at_fault = "ETCD_TLS_INMEMORY";
        return UV_EINVAL;
    }
    if (variable("ETCD_CACERT") != NULL || (certificate != NULL && key != NULL))
        options->tls_source = in_memory != NULL && strcmp(in_memory, "true") == 0 ? DISCO_TLS_BASE64
                                                                                  : DISCO_TLS_FILES;
    if (variable("ETCD_CACERT") != NULL)
        options->tls_ca = variable("ETCD_CACERT");
    if (certificate != NULL && key != NULL) {
        options->tls_certificate = certificate;
        options->tls_key = key;
    }
    return 0;
}

static int api_from_env(disco_options_t *options)
{
    static const struct {
        const char *name;
        disco_api_t api;
    } apis[] = {{"auto", DISCO_API_AUTO},
                {"v2", DISCO_API_V2},
                {"v3", DISCO_API_V3},
                {"both", DISCO_API_BOTH}};
    const char *value = variable("UVDISCO_API");
    size_t i;

    if (value == NULL)
        return 0;
    for (i = 0; i < sizeof apis / sizeof apis[0]; i++) {
        if (strcmp(value, apis[i].name) == 0) {
            options->api = apis[i].api;
            return 0;
        }
    }
    options->at_fault = "UVDISCO_API";
    return UV_EINVAL;
}

int disco_options_from_env(disco_options_t *options)
{
    int rv;

    if (options == NULL)
        return UV_EINVAL;
    if (!is_sized(options))
        return DISCO_EOPTIONS;
    options->at_fault = NULL;
    rv = endpoints_from_env(options);
    if (rv == 0)
        rv = tls_from_env(options);
    if (rv == 0)
        rv = api_from_env(options);
    if (rv == 0 && variable("HOSTNAME") != NULL)
        options->hostname = variable("HOSTNAME");
    return rv;
}
