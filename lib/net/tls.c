/* Happy path: everything is read once and made into one configuration, which each new stream
 * shares; before each stream the files are looked at, and when one has changed, all are read into a
 * new configuration.
 *
 * Failure modes: the files are broken, such as when they are being written or when the key was
 * replaced and the certificate was not yet: the old configuration stays in force, and the next
 * stream looks again. Streams that began under an old configuration keep it until they are gone,
 * and it keeps the random generator. */
#include "net/tls.h"

#include <string.h>

#include <uvdisco/error.h>

#include "net/mbed.h"
#include "net/tls_config.h"

void disco__tls_unref(disco__tls_t *tls)
{
    int input;

    if (--tls->references > 0)
        return;
    for (input = 0; input < DISCO_TLS_INPUTS; input++)
        disco__free_secret(tls->inputs[input]);
    mbedtls_ctr_drbg_free(&tls->random);
    mbedtls_entropy_free(&tls->entropy);
    disco__free(tls);
}

static bool copy_inputs(disco__tls_t *tls, const disco__tls_options_t *options)
{
    const char *const given[DISCO_TLS_INPUTS] = {NULL, options->ca, options->certificate,
                                                 options->key};
    int input;

    for (input = 0; input < DISCO_TLS_INPUTS; input++) {
        if (given[input] == NULL)
            continue;
        tls->inputs[input] = disco__strdup(given[input]);
        if (tls->inputs[input] == NULL)
            return false;
    }
    return true;
}

/* What is not a file is never read again. */
static void forget_inputs(disco__tls_t *tls)
{
    int input;

    for (input = 0; input < DISCO_TLS_INPUTS; input++) {
        disco__free_secret(tls->inputs[input]);
        tls->inputs[input] = NULL;
    }
}

static const char *name_of(int input)
{
    if (input == DISCO_TLS_FROM_CERTIFICATE)
        return "tls_certificate";
    return input == DISCO_TLS_FROM_KEY ? "tls_key" : "tls_ca";
}

static int begin_random(disco__tls_t *tls)
{
    static const unsigned char purpose[] = "uvdisco";

    if (disco__mbed_begin() != 0)
        return UV_ENOMEM;
    return mbedtls_ctr_drbg_seed(&tls->random, mbedtls_entropy_func, &tls->entropy, purpose,
                                 sizeof purpose - 1) == 0
               ? 0
               : UV_EIO;
}

int disco__tls_new(disco__tls_t **tls, disco__loop_t *loop, const disco__tls_options_t *options,
                   const char **at_fault)
{
    disco__tls_t *made;
    int input = DISCO_TLS_FROM_CA;
    int rv;

    *at_fault = "tls_ca";
    if ((options->certificate == NULL) != (options->key == NULL)) {
        *at_fault = options->key == NULL ? "tls_key" : "tls_certificate";
        return UV_EINVAL;
    }
    made = disco__calloc(1, sizeof *made);
    if (made == NULL)
        return UV_ENOMEM;
    made->references = 1;
    made->loop = loop;
    made->source = options->source;
    made->system_ca = options->system_ca || options->ca == NULL;
    mbedtls_entropy_init(&made->entropy);
    mbedtls_ctr_drbg_init(&made->random);
    rv = copy_inputs(made, options) ? begin_random(made) : UV_ENOMEM;
    if (rv == 0)
        rv = disco__tls_config_read(&made->config, made, made->stamps, &input);
    if (rv != 0) {
        *at_fault = name_of(input);
        disco__tls_unref(made);
        return rv;
    }
    if (made->source != DISCO_TLS_FILES && !made->system_ca)
        forget_inputs(made);
    *tls = made;
    return 0;
}

void disco__tls_free(disco__tls_t *tls)
{
    disco__tls_release(tls->config);
    disco__tls_unref(tls);
}

static void look(disco__tls_t *tls, disco__stamp_t now[DISCO_TLS_INPUTS])
{
    uv_loop_t *uv = tls->loop->uv;
    char space[DISCO_TLS_PATH_SIZE];
    const char *system = tls->system_ca ? disco__tls_system_path(uv, space) : NULL;
    int input;

    memset(now, 0, DISCO_TLS_INPUTS * sizeof *now);
    if (system != NULL)
        disco__file_stamp(uv, system, &now[DISCO_TLS_FROM_SYSTEM]);
    if (tls->source != DISCO_TLS_FILES)
        return;
    for (input = 0; input < DISCO_TLS_INPUTS; input++) {
        if (tls->inputs[input] != NULL)
            disco__file_stamp(uv, tls->inputs[input], &now[input]);
    }
}

static bool equal(const disco__stamp_t *a, const disco__stamp_t *b)
{
    int input;

    for (input = 0; input < DISCO_TLS_INPUTS; input++) {
        if (!disco__stamp_equal(&a[input], &b[input]))
            return false;
    }
    return true;
}

static void read_again(disco__tls_t *tls, const disco__stamp_t now[DISCO_TLS_INPUTS])
{
    disco__stamp_t stamps[DISCO_TLS_INPUTS];
    disco__tls_config_t *config;
    int input;
    int rv = disco__tls_config_read(&config, tls, stamps, &input);

    if (rv == 0) {
        disco__tls_release(tls->config);
        tls->config = config;
        memcpy(tls->stamps, stamps, sizeof stamps);
        memset(tls->broken, 0, sizeof tls->broken);
        disco__log(&tls->loop->log, DISCO_LOG_INFO, "TLS: certificates have changed, read again");
        return;
    }
    /* One warning for each state of the files, not for each connection. */
    if (equal(now, tls->broken))
        return;
    memcpy(tls->broken, now, sizeof tls->broken);
    disco__log(&tls->loop->log, DISCO_LOG_WARNING,
               "TLS: certificates have changed but cannot be used, the old ones are kept: %s: %s",
               name_of(input), disco_strerror(rv));
}

disco__tls_config_t *disco__tls_acquire(disco__tls_t *tls)
{
    disco__stamp_t now[DISCO_TLS_INPUTS];

    look(tls, now);
    if (!equal(now, tls->stamps))
        read_again(tls, now);
    tls->config->references++;
    return tls->config;
}
