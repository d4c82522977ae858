#include "support/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/base64.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#include "net/address.h"
#include "net/mbed.h"
#include "support/test.h"

#define PEM_SIZE 4096
#define MOST_FILES 32
#define MOST_BLOCKS 512

static struct {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    bool begun;
    char directory[64];
    char *files[MOST_FILES];
    size_t file_count;
    void *blocks[MOST_BLOCKS];
    size_t block_count;
} certs;

static void begin(void);

static void *checked(void *block)
{
    if (block == NULL)
        fail_msg("out of memory");
    return block;
}

/* Freed at the end of the test. */
static void *kept(void *block)
{
    begin();
    assert_true(certs.block_count < MOST_BLOCKS);
    certs.blocks[certs.block_count++] = checked(block);
    return block;
}

static void end(void *data)
{
    (void)data;
    while (certs.file_count > 0) {
        certs.file_count--;
        (void)unlink(certs.files[certs.file_count]);
        free(certs.files[certs.file_count]);
    }
    if (certs.directory[0] != '\0')
        (void)rmdir(certs.directory);
    certs.directory[0] = '\0';
    while (certs.block_count > 0)
        free(certs.blocks[--certs.block_count]);
    mbedtls_ctr_drbg_free(&certs.random);
    mbedtls_entropy_free(&certs.entropy);
    certs.begun = false;
}

static void begin(void)
{
    if (certs.begun)
        return;
    certs.begun = true;
    mbedtls_entropy_init(&certs.entropy);
    mbedtls_ctr_drbg_init(&certs.random);
    test_at_end(end, NULL);
    assert_int(disco__mbed_begin(), 0);
    assert_int(mbedtls_ctr_drbg_seed(&certs.random, mbedtls_entropy_func, &certs.entropy, NULL, 0),
               0);
}

static void make_key(mbedtls_pk_context *key)
{
    assert_int(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
                                   mbedtls_ctr_drbg_random, &certs.random),
               0);
}

static void parse_key(mbedtls_pk_context *key, const char *text)
{
    assert_int(
        disco__mbed_parse_key(key, (const unsigned char *)text, strlen(text) + 1, &certs.random),
        0);
}

static void set_validity(mbedtls_x509write_cert *writer, const identity_spec_t *spec)
{
    bool given = spec->from_days != 0 || spec->until_days != 0;
    time_t now = time(NULL);
    time_t from = now + (time_t)(given ? spec->from_days : -1) * 86400;
    time_t until = now + (time_t)(given ? spec->until_days : 10) * 86400;
    char from_text[16];
    char until_text[16];
    struct tm parts;

    assert_true(strftime(from_text, sizeof from_text, "%Y%m%d%H%M%S", gmtime_r(&from, &parts)) > 0);
    assert_true(strftime(until_text, sizeof until_text, "%Y%m%d%H%M%S", gmtime_r(&until, &parts)) >
                0);
    assert_int(mbedtls_x509write_crt_set_validity(writer, from_text, until_text), 0);
}

static void set_serial(mbedtls_x509write_cert *writer)
{
    unsigned char serial[8];

    assert_int(mbedtls_ctr_drbg_random(&certs.random, serial, sizeof serial), 0);
    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, without leading zero */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    assert_int(mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof serial), 0);
#else
    {
        mbedtls_mpi number;

        mbedtls_mpi_init(&number);
        assert_int(mbedtls_mpi_read_binary(&number, serial, sizeof serial), 0);
        assert_int(mbedtls_x509write_crt_set_serial(writer, &number), 0);
        mbedtls_mpi_free(&number);
    }
#endif
}

/* Of a SEQUENCE; DER wants the length in as few bytes as can be. */
static size_t write_head(unsigned char *der, size_t size)
{
    der[0] = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    if (size < 0x80) {
        der[1] = (unsigned char)size;
        return 2;
    }
    if (size < 0x100) {
        der[1] = 0x81;
        der[2] = (unsigned char)size;
        return 3;
    }
    der[1] = 0x82;
    der[2] = (unsigned char)(size >> 8);
    der[3] = (unsigned char)(size & 0xff);
    return 4;
}

/* As raw DER, since mbedTLS 2.28 writes no IP addresses. */
static void set_names(mbedtls_x509write_cert *writer, const char *names)
{
    unsigned char entries[1024];
    unsigned char der[4 + sizeof entries];
    size_t size = 0;
    size_t head;
    char *copy = checked(strdup(names));
    char *rest = NULL;
    char *name;

    for (name = strtok_r(copy, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        unsigned char address[16];
        size_t address_size = disco__address_bytes(name, address);
        const void *value = address_size > 0 ? (const void *)address : name;
        size_t value_size = address_size > 0 ? address_size : strlen(name);
        /* iPAddress or dNSName */
        unsigned char tag = address_size > 0 ? 7 : 2;

        assert_true(value_size < 128 && size + 2 + value_size <= sizeof entries);
        entries[size++] = (unsigned char)(MBEDTLS_ASN1_CONTEXT_SPECIFIC | tag);
        entries[size++] = (unsigned char)value_size;
        memcpy(entries + size, value, value_size);
        size += value_size;
    }
    free(copy);
    head = write_head(der, size);
    memcpy(der + head, entries, size);
    assert_int(mbedtls_x509write_crt_set_extension(writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                   MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
                                                   0, der, head + size),
               0);
}

static void set_uses(mbedtls_x509write_cert *writer, const identity_spec_t *spec)
{
    unsigned int usage = spec->ca ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                                  : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;

    assert_int(mbedtls_x509write_crt_set_basic_constraints(writer, spec->ca, -1), 0);
    assert_int(mbedtls_x509write_crt_set_key_usage(writer, usage), 0);
}

static void write_pem(identity_t *identity, mbedtls_x509write_cert *writer, mbedtls_pk_context *key)
{
    unsigned char pem[PEM_SIZE];

    assert_int(
        mbedtls_x509write_crt_pem(writer, pem, sizeof pem, mbedtls_ctr_drbg_random, &certs.random),
        0);
    identity->certificate = kept(strdup((char *)pem));
    assert_int(mbedtls_pk_write_key_pem(key, pem, sizeof pem), 0);
    identity->key = kept(strdup((char *)pem));
}

identity_t *identity_new(const identity_spec_t *spec)
{
    identity_t *identity;
    mbedtls_x509write_cert writer;
    mbedtls_pk_context key;
    mbedtls_pk_context issuer_key;
    char subject[128];

    begin();
    identity = kept(calloc(1, sizeof *identity));
    (void)snprintf(subject, sizeof subject, "CN=%s", spec->name);
    identity->subject = kept(strdup(subject));
    mbedtls_x509write_crt_init(&writer);
    mbedtls_pk_init(&key);
    mbedtls_pk_init(&issuer_key);
    if (spec->key_of != NULL)
        parse_key(&key, spec->key_of->key);
    else
        make_key(&key);
    if (spec->issuer != NULL)
        parse_key(&issuer_key, spec->issuer->key);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, &key);
    mbedtls_x509write_crt_set_issuer_key(&writer, spec->issuer != NULL ? &issuer_key : &key);
    assert_int(mbedtls_x509write_crt_set_subject_name(&writer, subject), 0);
    assert_int(mbedtls_x509write_crt_set_issuer_name(
                   &writer, spec->issuer != NULL ? spec->issuer->subject : subject),
               0);
    set_serial(&writer);
    set_validity(&writer, spec);
    set_uses(&writer, spec);
    if (spec->names != NULL)
        set_names(&writer, spec->names);
    write_pem(identity, &writer, &key);
    mbedtls_x509write_crt_free(&writer);
    mbedtls_pk_free(&key);
    mbedtls_pk_free(&issuer_key);
    return identity;
}

char *certs_join(const char *first, const char *second)
{
    size_t size = strlen(first) + strlen(second) + 1;
    char *joined = kept(malloc(size));

    (void)snprintf(joined, size, "%s%s", first, second);
    return joined;
}

char *certs_base64(const char *text)
{
    size_t room = strlen(text) * 2 + 4;
    size_t size;
    char *encoded = kept(malloc(room));

    assert_int(mbedtls_base64_encode((unsigned char *)encoded, room, &size,
                                     (const unsigned char *)text, strlen(text)),
               0);
    return encoded;
}

const char *certs_path(const char *name)
{
    char path[160];
    size_t i;

    begin();
    if (certs.directory[0] == '\0') {
        (void)snprintf(certs.directory, sizeof certs.directory, "/tmp/uvdisco-certs-XXXXXX");
        assert_non_null(mkdtemp(certs.directory));
    }
    (void)snprintf(path, sizeof path, "%s/%s", certs.directory, name);
    for (i = 0; i < certs.file_count; i++) {
        if (strcmp(certs.files[i], path) == 0)
            return certs.files[i];
    }
    assert_true(certs.file_count < MOST_FILES);
    certs.files[certs.file_count] = checked(strdup(path));
    return certs.files[certs.file_count++];
}

const char *certs_write(const char *name, const char *text)
{
    const char *path = certs_path(name);
    char fresh[200];
    FILE *file;

    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    file = fopen(fresh, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int(fclose(file), 0);
    assert_int(rename(fresh, path), 0);
    return path;
}
