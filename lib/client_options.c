/* Options: defaults, structs of other versions, and the environment. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "etcd/endpoint_url.h"

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
        options->container_port = "2379";
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* What is out of its range, or NULL. */
static const char *find_fault(const disco_options_t *options)
{
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
    fault = find_fault(complete);
    disco__options_blame(given, fault);
    return fault == NULL ? 0 : UV_EINVAL;
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
    if (variable("ETCD_1_PORT_2379_TCP_ADDR") != NULL) {
        options->endpoints = NULL;
        options->container_address = variable("ETCD_1_PORT_2379_TCP_ADDR");
        options->container_port = variable("ETCD_1_PORT_2379_TCP_PORT");
    }
    return 0;
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
    if (rv == 0 && variable("HOSTNAME") != NULL)
        options->hostname = variable("HOSTNAME");
    return rv;
}
